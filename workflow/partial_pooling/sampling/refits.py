"""One model, compiled once, fitted to the data of many tables of equally many groups.

Collections and calibrations go through here. What a fit is, to the last bit, follows from its
table, seed, target_accept and settings: not from the tables fitted before it, nor from the table
that the model was compiled for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Groups
from partial_pooling.families.family import Family
from partial_pooling.models.parametrizations import build_model, model_data
from partial_pooling.priors.priors import HyperPrior
from partial_pooling.sampling.conditional import draw_theta
from partial_pooling.sampling.fits import Fit
from partial_pooling.sampling.samplers import SAMPLERS, fit_of
from partial_pooling.sampling.settings import SamplerSettings

if TYPE_CHECKING:
    from partial_pooling.sampling.samplers import SampleFit


@dataclass(frozen=True, eq=False)
class Refits:
    """A compiled model; made by `compile_model`.

    Attributes
    ----------
    parametrization, family, settings, weights
        What all fits share.
    sample
        Runs the sampler.
    """

    parametrization: str
    family: Family
    settings: SamplerSettings
    weights: Array | None
    sample: SampleFit

    def fit(self, groups: Groups, seed: int, target_accept: float) -> Fit:
        """Fit the model to a table with as many groups as it was compiled for.

        Parameters
        ----------
        groups
            The table.
        seed, target_accept
            Of this fit.

        Raises
        ------
        RuntimeError
            Sampling failed, a chain ended early, or draws are not finite.
        """
        data = model_data(self.parametrization, groups, self.family, self.weights)
        posterior, stats = self.sample(seed, target_accept, data)
        conditional = partial(draw_theta, groups, self.family)
        fit = fit_of(seed, target_accept, posterior, stats, self.settings.tune, conditional)
        if not all(np.isfinite(values).all() for values in fit.posterior.values()):
            raise RuntimeError("draws are not finite")
        return fit


def compile_model(
    parametrization: str,
    groups: Groups,
    prior: HyperPrior,
    settings: SamplerSettings,
    family: Family,
    sampler: str = "nutpie",
    cores: int = 1,
    weights: Array | None = None,
) -> Refits:
    """Compile a model for tables of as many groups as these.

    Parameters
    ----------
    parametrization
        A key of `models.PARAMETRIZATIONS`.
    groups
        Any such table.
    prior
        Priors of mu and tau.
    settings
        What all fits share.
    family
        The groups' likelihood.
    sampler
        A key of `SAMPLERS`.
    cores
        Chains run at a time. Results do not depend on it.
    weights
        As of `build_model`.
    """
    model = build_model(parametrization, groups, prior, family, weights)
    sample = SAMPLERS[sampler](model, settings, cores)
    return Refits(parametrization, family, settings, weights, sample)
