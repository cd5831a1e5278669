"""Running the sampler: several fits of one model with one compilation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from partial_pooling.fits import PER_DRAW, Fit

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    # (seed, target_accept) -> ArviZ tree with tuning steps
    type SampleFit = Callable[[int, float], xr.DataTree]

STORED = ("mu", "tau", "theta")


@dataclass(frozen=True)
class Settings:
    """What all fits of a batch share.

    Attributes
    ----------
    draws, tune
        Kept draws and tuning steps of each chain.
    chains
        Number of chains.
    max_treedepth
        Largest depth of a trajectory's tree: at most 2 ** max_treedepth leapfrog steps.
    cores
        Chains run at a time. Results do not depend on it.
    """

    draws: int
    tune: int
    chains: int
    max_treedepth: int
    cores: int = 1


def batches(
    seeds: Sequence[int], target_accepts: Sequence[float], fits_per_batch: int
) -> list[list[tuple[int, float]]]:
    """Deal the fits of a model out to batches.

    All target_accepts of a seed come before the next seed, so that seeds appended to the list
    make new batches and leave full ones as they are.

    Returns
    -------
    list of list of (seed, target_accept)
        At most `fits_per_batch` fits each.
    """
    fits = [(seed, accept) for seed in seeds for accept in target_accepts]
    return [fits[i : i + fits_per_batch] for i in range(0, len(fits), fits_per_batch)]


def sample_fits(
    model: pm.Model, sampler: str, fits: Sequence[tuple[int, float]], settings: Settings
) -> Iterator[Fit]:
    """Sample a model once for each (seed, target_accept), compiling it once.

    A fit depends on the model, its seed, target_accept and the settings but for `cores`; not
    on the other fits. Its first n draws are the draws of a run of length n.

    Parameters
    ----------
    model
        A model of `models.build_model`.
    sampler
        A key of `SAMPLERS`.
    fits
        Pairs (seed, target_accept).
    settings
        What the fits share.
    """
    sample = SAMPLERS[sampler](model, settings)
    for seed, target_accept in fits:
        yield _as_fit(sample(seed, target_accept), seed, target_accept)


def _nutpie(model: pm.Model, settings: Settings) -> SampleFit:
    import nutpie

    compiled = nutpie.compile_pymc_model(model, var_names=list(STORED))

    def sample(seed: int, target_accept: float) -> xr.DataTree:
        tree: xr.DataTree = nutpie.sample(
            compiled,
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.cores,
            seed=seed,
            target_accept=target_accept,
            maxdepth=settings.max_treedepth,
            progress_bar=False,
            save_warmup=True,
        )
        return tree

    return sample


def _pymc(model: pm.Model, settings: Settings) -> SampleFit:
    import pymc as pm

    logging.getLogger("pymc").setLevel(logging.WARNING)

    def sample(seed: int, target_accept: float) -> xr.DataTree:
        # PyMC keeps what it compiled for a model: the second call compiles nothing.
        tree: xr.DataTree = pm.sample(
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.cores,
            random_seed=seed,
            nuts_sampler="pymc",
            nuts={"target_accept": target_accept, "max_treedepth": settings.max_treedepth},
            progressbar=False,
            compute_convergence_checks=False,
            discard_tuned_samples=False,
            model=model,
        )
        return tree

    return sample


SAMPLERS: dict[str, Callable[[pm.Model, Settings], SampleFit]] = {
    "nutpie": _nutpie,
    "pymc": _pymc,
}

# Names that nutpie has for what `fits` stores under ArviZ's names.
_ALIASES = {
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "mean_tree_accept": "acceptance_rate",
}


def _as_fit(tree: xr.DataTree, seed: int, target_accept: float) -> Fit:
    stats, tuning = (
        tree[group].to_dataset().rename_vars(_ALIASES if "depth" in tree[group] else {})
        for group in ("sample_stats", "warmup_sample_stats")
    )
    sample_stats: dict[str, NDArray[Any]] = {name: stats[name].to_numpy() for name in PER_DRAW}
    # step_size_bar is the averaged step size that tuning ends with; nutpie jitters it at each draw
    sample_stats["step_size"] = stats["step_size_bar"].to_numpy()[:, -1]
    for name in ("n_steps", "diverging"):
        sample_stats[f"{name}_tune"] = tuning[name].to_numpy().astype(np.int64).sum(axis=1)
    draws = tree["posterior"].to_dataset()
    posterior = {name: draws[name].transpose("chain", "draw", ...).to_numpy() for name in STORED}
    return Fit(seed, target_accept, posterior, sample_stats)
