"""Settings of a calibration's fits."""

from __future__ import annotations

from typing import Annotated

from partial_pooling.fields import number, one_of, whole
from partial_pooling.sampling.settings import SamplerSettings

PRIOR, POSTERIOR = TRUTHS = ("prior", "posterior")


class CalibrationSettings(SamplerSettings):
    """How every simulation is made, fitted and ranked."""

    truths: Annotated[str, one_of(TRUTHS)] = PRIOR
    """What the true values are drawn from. The `prior`, so that the sampler is tried over all that
    the prior allows; or the exact `posterior` of the data at hand (normal family), so that it is
    tried where these data put it: simulated data are then fitted together with them. That serves
    improper priors too."""

    draws: Annotated[int, whole(10, 10_000_000)] = 1000
    """Kept draws of each chain."""
    chains: Annotated[int, whole(2, 1000)] = 2
    """Chains of a fit. R-hat compares them, so there are at least two."""
    ranked_draws: Annotated[int, whole(9, 10_000)] = 99
    """Draws of each fit, evenly spaced, among which the truth is ranked; at most chains × draws. A
    fit with fewer effective draws is ranked all the same and marked as too poor to thin."""
    target_accept: Annotated[float, number(gt=0, lt=1)] = 0.8
    """Acceptance rate that tuning of the step size aims at."""
