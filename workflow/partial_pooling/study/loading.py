"""A fit of a finished study, to go on with ArviZ."""

from __future__ import annotations

import csv
from dataclasses import fields
from pathlib import Path

import numpy as np
import xarray as xr

from partial_pooling.arrays import Array, slices
from partial_pooling.data.groups import Groups
from partial_pooling.data.reading import read_data
from partial_pooling.errors import InputError
from partial_pooling.families.family import Family
from partial_pooling.families.registry import FAMILIES
from partial_pooling.files import damaged, intact
from partial_pooling.sampling.manifests import data_of, read_manifest


def load_fit(
    results: str | Path,
    dataset: str,
    model: str,
    seed: int = 1,
    target_accept: float = 0.8,
    draws: int | None = None,
    *,
    observed_data: bool = False,
    log_likelihood: bool = False,
    posterior_predictive: bool = False,
) -> xr.DataTree:
    """Load one fit of a finished study, to go on with ArviZ.

    Parameters
    ----------
    results
        The results folder of the study.
    dataset, model, seed, target_accept
        Which fit.
    draws
        Keep only this many draws of each chain, from the first on; all by default.
    observed_data, log_likelihood, posterior_predictive
        Add the groups of these names, as ArviZ has them: `y`, what was observed of each group
        (its estimate, mean or events), the log density of a group's data given its theta, and
        replicates of them, from a generator seeded by the fit's seed.

    Returns
    -------
    xarray.DataTree
        Groups `posterior` (`mu`, `tau`, `log_tau`, `theta`) and `sample_stats`, with
        dimensions chain, draw and group, and those asked for.

    Raises
    ------
    InputError
        There is no such fit, it has fewer draws, its file is not what was written, or the data
        beside it are not those that were fitted.

    Examples
    --------
    >>> fit = load_fit("results", "eight_schools", "noncentered", seed=1, draws=1000)
    ... # doctest: +SKIP
    """
    folder = Path(results) / dataset
    cells = _cells(folder / "fits.csv")
    batches = {
        (int(cell["seed"]), float(cell["target_accept"])): cell["batch"]
        for cell in cells
        if cell["model"] == model
    }
    if (seed, target_accept) not in batches:
        there = ", ".join(f"(seed={s}, target_accept={a:g})" for s, a in batches)
        models = ", ".join(sorted({cell["model"] for cell in cells}))
        raise InputError(
            f"{folder}: no fit of {model} with seed={seed}, target_accept={target_accept:g}; "
            f"found {there or f'fits of {models}'}"
        )
    path = folder / "fits" / model / f"batch-{batches[seed, target_accept]}.json"
    manifest = read_manifest(path, data_sha256=data_of(path))
    fits = {(fit.seed, fit.target_accept): fit for fit in manifest.fits}
    if (seed, target_accept) not in fits:
        raise damaged(path, f"it names no fit with seed={seed}, target_accept={target_accept:g}")
    stored = manifest.shared["draws"]
    if draws is not None and not 0 < draws <= stored:
        raise InputError(f"{path}: draws={draws}; allowed: 1 to {stored}")
    tree = manifest.read(fits[seed, target_accept], draws)
    if observed_data or log_likelihood or posterior_predictive:
        groups = read_data(intact(folder / "data.csv"))
        family = FAMILIES[manifest.shared["family"]]
        theta = tree["posterior"].to_dataset()["theta"]
        added = {}
        if observed_data:
            observed = next(iter(family.data(groups).values()))
            added["observed_data"] = xr.Dataset({"y": theta[0, 0].copy(data=observed)})
        if log_likelihood:
            density = family.log_likelihood(groups, theta.to_numpy())
            added["log_likelihood"] = xr.Dataset({"y": theta.copy(data=density)})
        if posterior_predictive:
            drawn = _replicates(groups, family, theta.to_numpy(), np.random.default_rng(seed))
            added["posterior_predictive"] = xr.Dataset({"y": theta.copy(data=drawn)})
        for name, content in added.items():
            scalars = [c for c in content.coords if c in ("chain", "draw") and not content[c].shape]
            tree[name] = xr.DataTree(content.drop_vars(scalars))
    return tree


def _replicates(groups: Groups, family: Family, theta: Array, rng: np.random.Generator) -> Array:
    """Draw data of each group given each of its thetas, shape (..., J)."""
    flat = theta.reshape(-1, len(groups))
    result = np.empty_like(flat)
    columns = [f.name for f in fields(groups) if f.name != "names"]
    for part in slices(len(flat), len(groups)):
        count = len(flat[part])
        many = type(groups)(
            groups.names * count,
            *(np.tile(getattr(groups, column), count) for column in columns),
        )
        drawn = family.simulate(many, flat[part].ravel(), rng)
        result[part] = next(iter(family.data(drawn).values())).reshape(count, -1)
    return result.reshape(theta.shape)


def _cells(path: Path) -> list[dict[str, str]]:
    """Read the table of a finished study's fits, which names the batch of each."""
    try:
        with intact(path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise damaged(path, error) from None
