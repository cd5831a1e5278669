"""Running the sampler: several fits of one model with one compilation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from partial_pooling.sampling.fits import PER_DRAW, Fit
from partial_pooling.sampling.settings import SamplerSettings

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    # variable or statistic -> values of shape (chain, tuning steps and draws, ...)
    type Steps = dict[str, NDArray[Any]]
    # draws of mu and of tau, the seed -> theta
    type DrawTheta = Callable[[NDArray[Any], NDArray[Any], int], NDArray[Any]]
    # (seed, target_accept, data of `model_data`, where they are not the model's own)
    # -> steps of the variables `stored`, and of PER_DRAW and step_size_bar
    type SampleFit = Callable[[int, float, Mapping[str, Any] | None], tuple[Steps, Steps]]

STORED = ("mu", "tau", "theta")
# step_size_bar is the averaged step size that tuning ends with; nutpie jitters it at each draw.
STATISTICS = (*PER_DRAW, "step_size_bar")


def stored(model: pm.Model) -> list[str]:
    """Variables of a model that are kept: mu, tau and, unless it is integrated out, theta."""
    return [name for name in STORED if name in model.named_vars]


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
    model: pm.Model,
    sampler: str,
    fits: Sequence[tuple[int, float]],
    settings: SamplerSettings,
    cores: int = 1,
    draw_theta: DrawTheta | None = None,
) -> Iterator[Fit]:
    """Sample a model once for each (seed, target_accept), compiling it once.

    A fit depends on the model, its seed, target_accept and the settings; not on the other fits.
    Its first n draws are the draws of a run of length n.

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
    cores
        Chains run at a time. Results do not depend on it.
    draw_theta
        From draws of mu and of tau, and the seed, to theta, where the model has no theta.
    """
    sample = SAMPLERS[sampler](model, settings, cores)
    for seed, target_accept in fits:
        steps = sample(seed, target_accept, None)
        yield fit_of(seed, target_accept, *steps, settings.tune, draw_theta)


def fit_of(
    seed: int,
    target_accept: float,
    posterior: Steps,
    stats: Steps,
    tune: int,
    draw_theta: DrawTheta | None = None,
) -> Fit:
    """A fit of the steps that a sampler gave, with theta drawn where the model has none."""
    fit = without_tuning(seed, target_accept, posterior, stats, tune)
    if draw_theta and "theta" not in fit.posterior:
        theta = draw_theta(fit.posterior["mu"], fit.posterior["tau"], seed)
        fit = replace(fit, posterior={**fit.posterior, "theta": theta})
    return fit


def without_tuning(
    seed: int, target_accept: float, posterior: Steps, stats: Steps, tune: int
) -> Fit:
    """Keep of a fit's steps the draws, and of the tuning steps before them totals."""
    kept = {name: stats[name][:, tune:] for name in PER_DRAW}
    kept["step_size"] = stats["step_size_bar"][:, -1]
    for name in ("n_steps", "diverging"):
        kept[f"{name}_tune"] = stats[name][:, :tune].sum(axis=1, dtype=np.int64)
    draws = {name: values[:, tune:] for name, values in posterior.items()}
    return Fit(seed, target_accept, draws, kept)


# nutpie's names of what `fits` stores under ArviZ's names.
_NUTPIE_NAMES = {
    "tree_depth": "depth",
    "reached_max_treedepth": "maxdepth_reached",
    "acceptance_rate": "mean_tree_accept",
}


def run_nutpie(
    compiled: Any,
    variables: Sequence[str],
    settings: SamplerSettings,
    seed: int,
    target_accept: float,
    statistics: Sequence[str] = STATISTICS,
    cores: int = 1,
) -> tuple[Steps, Steps]:
    """Run nutpie on a compiled model.

    Its raw trace is read, since its conversion to a tree, of many statistics that are not stored,
    takes as long as sampling a small model.

    Parameters
    ----------
    compiled
        Of `nutpie.compile_pymc_model`.
    variables
        What it was compiled to give, of `stored`.
    settings
        What the fits share.
    seed, target_accept
        Of this fit.
    statistics
        Which statistics to return, under ArviZ's names.
    cores
        Chains run at a time.

    Returns
    -------
    posterior, statistics : dict
        Arrays of shape (chain, tuning steps and draws), for theta with a last axis group.

    Raises
    ------
    RuntimeError
        Sampling failed, or a chain ended early.
    """
    import nutpie
    import pyarrow as pa  # nutpie's own: draws come as Arrow tables

    trace = nutpie.sample(
        compiled,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=cores,
        seed=seed,
        target_accept=target_accept,
        maxdepth=settings.max_treedepth,
        progress_bar=False,
        return_raw_trace=True,
    )
    steps = settings.tune + settings.draws

    def read(chains: Sequence[Any], column: str) -> NDArray[Any]:
        return np.stack([_as_numpy(pa.array(chain.column(column)), steps) for chain in chains])

    draws, stats = trace.get_arrow_trace()
    for chain in draws:
        if chain.num_rows != steps:
            raise RuntimeError(f"a chain ended after {chain.num_rows} of {steps} steps")
    return (
        {name: read(draws, name) for name in variables},
        {name: read(stats, _NUTPIE_NAMES.get(name, name)) for name in statistics},
    )


def _as_numpy(column: Any, steps: int) -> NDArray[Any]:
    """Values of an Arrow column: one a step, or a list of one length a step."""
    lists = hasattr(column, "flatten")
    values: NDArray[Any] = (column.flatten() if lists else column).to_numpy(zero_copy_only=False)
    return values.reshape(steps, -1) if lists else values


def _keep_every_bit() -> None:
    """Have models compiled such that their numbers follow from the model alone.

    With Numba's `fastmath`, PyTensor's default, the last bits of a log density depend on whether
    its parts were compiled just now or came from the cache on disk, and so do all draws after them.
    """
    from pytensor.configdefaults import config

    config.numba__fastmath = False


def _nutpie(model: pm.Model, settings: SamplerSettings, cores: int) -> SampleFit:
    import nutpie
    import pymc as pm

    _keep_every_bit()
    variables = stored(model)
    compiled = nutpie.compile_pymc_model(model, var_names=variables)

    def sample(
        seed: int, target_accept: float, data: Mapping[str, Any] | None
    ) -> tuple[Steps, Steps]:
        of_data = compiled
        if data:
            pm.set_data(dict(data), model=model)  # where chains start from can depend on them
            of_data = compiled.with_data(**data)
        return run_nutpie(of_data, variables, settings, seed, target_accept, cores=cores)

    return sample


def _pymc(model: pm.Model, settings: SamplerSettings, cores: int) -> SampleFit:
    import pymc as pm

    _keep_every_bit()
    logging.getLogger("pymc").setLevel(logging.WARNING)

    def sample(
        seed: int, target_accept: float, data: Mapping[str, Any] | None
    ) -> tuple[Steps, Steps]:
        if data:
            pm.set_data(dict(data), model=model)
        # PyMC keeps what it compiled for a model: the second call compiles nothing.
        tree = pm.sample(
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=cores,
            random_seed=seed,
            nuts_sampler="pymc",
            nuts={"target_accept": target_accept, "max_treedepth": settings.max_treedepth},
            progressbar=False,
            compute_convergence_checks=False,
            discard_tuned_samples=False,
            model=model,
        )
        draws = _joined(tree, "posterior", stored(model))
        return draws, _joined(tree, "sample_stats", STATISTICS)

    return sample


def _joined(tree: xr.DataTree, part: str, names: Sequence[str]) -> Steps:
    """Tuning steps and draws of a tree of PyMC, one after the other."""
    parts = [tree[group].to_dataset() for group in (f"warmup_{part}", part)]
    return {
        name: np.concatenate([p[name].transpose("chain", "draw", ...) for p in parts], axis=1)
        for name in names
    }


SAMPLERS: dict[str, Callable[[pm.Model, SamplerSettings, int], SampleFit]] = {
    "nutpie": _nutpie,
    "pymc": _pymc,
}
