"""Fits on disk: one NetCDF file a batch, and an ArviZ tree a fit.

A batch file has two groups, each with dimension `fit` (coordinates `seed`, `target_accept`),
`chain` and `draw`:

- `posterior`: `mu`, `tau` (fit, chain, draw) and `theta` (fit, chain, draw, group), in the
  units of the data. `log_tau` is not stored, `nu` is (theta - mu) / tau.
- `sample_stats`: a value a transition (`diverging`, `energy`, `acceptance_rate`, `n_steps`,
  `tree_depth`, `reached_max_treedepth`) and a value a chain (`step_size` after tuning;
  `n_steps_tune` and `diverging_tune`, totals over the tuning steps).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from partial_pooling.errors import InputError
from partial_pooling.files import damaged, intact, replacing

if TYPE_CHECKING:
    import xarray as xr

# Types on disk. Counts and flags compress to next to nothing; draws do not compress.
PER_DRAW = {
    "diverging": "i1",
    "energy": "f4",
    "acceptance_rate": "f4",
    "n_steps": "i4",
    "tree_depth": "i1",
    "reached_max_treedepth": "i1",
}
PER_CHAIN = {"step_size": "f8", "n_steps_tune": "i8", "diverging_tune": "i8"}
FLAGS = ("diverging", "reached_max_treedepth")


@dataclass(frozen=True, eq=False)
class Fit:
    """One run of the sampler.

    Attributes
    ----------
    seed, target_accept
        What tells it from the other fits of its batch.
    posterior
        `mu`, `tau` of shape (chain, draw) and `theta` of shape (chain, draw, group).
    sample_stats
        Keys of `PER_DRAW`, shape (chain, draw), and of `PER_CHAIN`, shape (chain,).
    """

    seed: int
    target_accept: float
    posterior: Mapping[str, NDArray[Any]]
    sample_stats: Mapping[str, NDArray[Any]]


class BatchWriter:
    """Appends fits to an open batch file, so that one fit at a time is in memory."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._next = 0

    def append(self, fit: Fit) -> None:
        """Write the next fit of the batch."""
        for group, values in (("posterior", fit.posterior), ("sample_stats", fit.sample_stats)):
            variables = self._file[group].variables
            variables["seed"][self._next] = fit.seed
            variables["target_accept"][self._next] = fit.target_accept
            for name, value in values.items():
                variables[name][self._next] = value
        self._next += 1


@contextmanager
def writing_batch(
    path: str | Path,
    group_names: Sequence[str],
    fits: int,
    chains: int,
    draws: int,
    attributes: Mapping[str, str],
) -> Iterator[BatchWriter]:
    """Create a batch file; it gets its name when the block ends without an error.

    Parameters
    ----------
    path
        Where to write.
    group_names
        Names of the J groups.
    fits, chains, draws
        Sizes of these dimensions.
    attributes
        Provenance, written to the file's root.
    """
    import netCDF4

    with replacing(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        file.setncatts({**attributes, "Conventions": "ArviZ"})
        sizes = {"fit": fits, "chain": chains, "draw": draws, "group": len(group_names)}
        for part in ("posterior", "sample_stats"):
            group = file.createGroup(part)
            for name, size in sizes.items():
                group.createDimension(name, size)
                if name != "group":
                    group.createVariable(name, "i8", name)[:] = np.arange(size)
            group.createVariable("seed", "i8", "fit")
            group.createVariable("target_accept", "f8", "fit")
            group.setncattr("coordinates", "seed target_accept")
        posterior, stats = file["posterior"], file["sample_stats"]
        posterior.createVariable("group", str, "group")[:] = np.array(group_names, dtype=object)
        for name in ("mu", "tau"):
            posterior.createVariable(name, "f8", ("fit", "chain", "draw"))
        posterior.createVariable("theta", "f8", ("fit", "chain", "draw", "group"))
        for name, kind in PER_DRAW.items():
            stats.createVariable(
                name,
                kind,
                ("fit", "chain", "draw"),
                compression="zlib" if kind.startswith("i") else None,
                complevel=1,
                chunksizes=(1, chains, draws),
            )
            if name in FLAGS:
                stats[name].setncattr("dtype", "bool")
        for name, kind in PER_CHAIN.items():
            stats.createVariable(name, kind, ("fit", "chain"))
        yield BatchWriter(file)


def open_batch(path: str | Path, part: str) -> xr.Dataset:
    """Open one group of a batch file lazily: `posterior` or `sample_stats`."""
    import xarray as xr

    try:
        return xr.open_dataset(path, group=part, engine="netcdf4").set_coords(
            ["seed", "target_accept"]
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise damaged(path, error) from None


def read_fits(path: str | Path, draws: int | None = None) -> Iterator[xr.DataTree]:
    """Read the fits of a batch one after another, each as an ArviZ tree.

    Parameters
    ----------
    path
        A batch file.
    draws
        Keep only this many draws of each chain, from the first on; all by default.

    Yields
    ------
    xarray.DataTree
        Groups `posterior` (with `log_tau`) and `sample_stats`, dimensions chain, draw, group.
    """
    intact(path)
    with open_batch(path, "posterior") as posterior, open_batch(path, "sample_stats") as stats:
        for i in range(posterior.sizes["fit"]):
            yield _tree(posterior, stats, i, draws)


def load_fit(
    results: str | Path,
    dataset: str,
    model: str,
    seed: int = 1,
    target_accept: float = 0.8,
    draws: int | None = None,
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

    Returns
    -------
    xarray.DataTree
        Groups `posterior` (`mu`, `tau`, `log_tau`, `theta`) and `sample_stats`, with
        dimensions chain, draw and group.

    Raises
    ------
    InputError
        There is no such fit, or it has fewer draws.

    Examples
    --------
    >>> fit = load_fit("results", "eight_schools", "noncentered", seed=1, draws=1000)
    ... # doctest: +SKIP
    """
    folder = Path(results) / dataset
    cells = _cells(folder / "fits.csv")
    fits = {
        (int(cell["seed"]), float(cell["target_accept"])): cell["batch"]
        for cell in cells
        if cell["model"] == model
    }
    if (seed, target_accept) not in fits:
        there = ", ".join(f"(seed={s}, target_accept={a:g})" for s, a in fits)
        models = ", ".join(sorted({cell["model"] for cell in cells}))
        raise InputError(
            f"{folder}: no fit of {model} with seed={seed}, target_accept={target_accept:g}; "
            f"found {there or f'fits of {models}'}"
        )
    path = folder / "fits" / model / f"batch-{fits[seed, target_accept]}.nc"
    with open_batch(path, "posterior") as posterior, open_batch(path, "sample_stats") as stats:
        stored = posterior.sizes["draw"]
        if draws is not None and not 0 < draws <= stored:
            raise InputError(f"{path}: draws={draws}; allowed: 1 to {stored}")
        here = (posterior["seed"] == seed) & (posterior["target_accept"] == target_accept)
        return _tree(posterior, stats, int(here.argmax("fit")), draws)


def _cells(path: Path) -> list[dict[str, str]]:
    """Read the table of a finished study's fits, which names the batch of each."""
    try:
        with intact(path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise damaged(path, error) from None


def _tree(posterior: xr.Dataset, stats: xr.Dataset, fit: int, draws: int | None) -> xr.DataTree:
    import xarray as xr

    parts = {
        name: part.isel(fit=fit, draw=slice(draws)).drop_vars("fit").load()
        for name, part in (("posterior", posterior), ("sample_stats", stats))
    }
    parts["posterior"]["log_tau"] = np.log(parts["posterior"]["tau"])
    return xr.DataTree.from_dict(parts)
