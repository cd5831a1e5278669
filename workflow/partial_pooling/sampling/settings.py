"""Settings of the sampler: studies, calibrations and rules take them from here."""

from __future__ import annotations

from typing import Annotated

from partial_pooling.fields import Settings, whole


class ChainSettings(Settings):
    """How a chain is run, whatever its number of draws."""

    tune: Annotated[int, whole(1, 10_000_000)] = 1000
    """Tuning steps of a chain, not kept."""
    chains: Annotated[int, whole(2, 1000)] = 4
    """Chains of a fit. R-hat compares them, so there are at least two."""
    max_treedepth: Annotated[int, whole(1, 20)] = 10
    """Largest tree depth; a transition takes at most 2^max_treedepth leapfrog steps."""


class SamplerSettings(ChainSettings):
    """What all fits of a batch share, and what their draws depend on."""

    draws: Annotated[int, whole(4, 10_000_000)]
    """Kept draws of each chain."""
