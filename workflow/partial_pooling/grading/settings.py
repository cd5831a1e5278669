"""Settings of a calibration's fits."""

from __future__ import annotations

from typing import Annotated

from partial_pooling.fields import number, whole
from partial_pooling.sampling.settings import SamplerSettings


class CalibrationSettings(SamplerSettings):
    """How every simulation is fitted and ranked."""

    draws: Annotated[int, whole(10, 10_000_000)] = 1000
    """Kept draws of each chain."""
    chains: Annotated[int, whole(2, 1000)] = 2
    """Chains of a fit. R-hat compares them, so there are at least two."""
    ranked_draws: Annotated[int, whole(9, 10_000)] = 99
    """Draws of each fit, evenly spaced, among which the truth is ranked; at most chains × draws. A
    fit with fewer effective draws is ranked all the same and marked as too poor to thin."""
    target_accept: Annotated[float, number(gt=0, lt=1)] = 0.8
    """Acceptance rate that tuning of the step size aims at."""
