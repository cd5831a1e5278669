"""A fit on disk: one NetCDF file in ArviZ's layout, which is read as an ArviZ tree.

A file has two groups with dimensions `chain` and `draw`, and the coordinates `seed` and
`target_accept`:

- `posterior`: `mu`, `tau` (chain, draw) and `theta` (chain, draw, group), in the units of the
  data. `log_tau` is not stored, `nu` is (theta - mu) / tau.
- `sample_stats`: a value a transition (`diverging`, `energy`, `acceptance_rate`, `n_steps`,
  `tree_depth`, `reached_max_treedepth`) and a value a chain (`step_size` after tuning;
  `n_steps_tune` and `diverging_tune`, totals over the tuning steps).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from partial_pooling.files import damaged, replacing

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
COORDINATES = ("chain", "draw", "group", "seed", "target_accept")


@dataclass(frozen=True, eq=False)
class Fit:
    """One run of the sampler.

    Attributes
    ----------
    seed, target_accept
        What tells it from other fits of the same model and settings.
    posterior
        `mu`, `tau` of shape (chain, draw) and `theta` of shape (chain, draw, group).
    sample_stats
        Keys of `PER_DRAW`, shape (chain, draw), and of `PER_CHAIN`, shape (chain,).
    """

    seed: int
    target_accept: float
    posterior: Mapping[str, NDArray[Any]]
    sample_stats: Mapping[str, NDArray[Any]]


def write_fit(
    fit: Fit, group_names: Sequence[str], path: str | Path, attributes: Mapping[str, str]
) -> None:
    """Write a fit; the file gets its name when it is whole.

    Parameters
    ----------
    fit
        What to write.
    group_names
        Names of the J groups.
    path
        Where to write.
    attributes
        Provenance, written to the file's root.
    """
    import netCDF4

    chains, draws = fit.posterior["mu"].shape
    with replacing(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        file.setncatts({**attributes, "Conventions": "ArviZ"})
        for part in ("posterior", "sample_stats"):
            group = file.createGroup(part)
            for name, size in (("chain", chains), ("draw", draws)):
                group.createDimension(name, size)
                group.createVariable(name, "i8", name, compression="zlib")[:] = np.arange(size)
            group.createVariable("seed", "i8")[...] = fit.seed
            group.createVariable("target_accept", "f8")[...] = fit.target_accept
            group.setncattr("coordinates", "seed target_accept")
        posterior, stats = file["posterior"], file["sample_stats"]
        posterior.createDimension("group", len(group_names))
        names = np.array(group_names, dtype=object)
        posterior.createVariable("group", str, "group")[:] = names
        for name, values in fit.posterior.items():
            dimensions = ("chain", "draw", "group")[: values.ndim]
            posterior.createVariable(name, "f8", dimensions)[:] = values
        for name, kind in PER_DRAW.items():
            compressed = {"compression": "zlib", "complevel": 1, "chunksizes": (chains, draws)}
            variable = stats.createVariable(
                name, kind, ("chain", "draw"), **(compressed if kind.startswith("i") else {})
            )
            variable[:] = fit.sample_stats[name]
            if name in FLAGS:
                variable.setncattr("dtype", "bool")
        for name, kind in PER_CHAIN.items():
            stats.createVariable(name, kind, "chain")[:] = fit.sample_stats[name]


def as_tree(fit: Fit, group_names: Sequence[str]) -> xr.DataTree:
    """A fit in memory as an ArviZ tree, as `read_fit` gives one of a file."""
    import xarray as xr

    scalars = {"seed": fit.seed, "target_accept": fit.target_accept}
    chains, draws = fit.posterior["mu"].shape
    axes = {"chain": np.arange(chains), "draw": np.arange(draws)}
    log_tau = np.log(fit.posterior["tau"])
    posterior = {
        name: (("chain", "draw", "group")[: values.ndim], values)
        for name, values in {**fit.posterior, "log_tau": log_tau}.items()
    }
    stats = {
        name: (
            ("chain", "draw")[: values.ndim],
            values.astype(bool if name in FLAGS else (PER_DRAW | PER_CHAIN)[name]),
        )
        for name, values in fit.sample_stats.items()
    }
    groups = np.array(group_names, dtype=str)
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(posterior, coords={**axes, **scalars, "group": groups}),
            "sample_stats": xr.Dataset(stats, coords={**axes, **scalars}),
        }
    )


def read_fit(path: str | Path, draws: int | None = None) -> xr.DataTree:
    """Read a fit as an ArviZ tree.

    Parameters
    ----------
    path
        A file of `write_fit`.
    draws
        Keep only this many draws of each chain, from the first on; all by default.

    Returns
    -------
    xarray.DataTree
        Groups `posterior` (with `log_tau`) and `sample_stats`, dimensions chain, draw, group; its
        attributes are the file's.

    Raises
    ------
    InputError
        The file is missing or damaged.
    """
    import netCDF4
    import xarray as xr

    try:
        with netCDF4.Dataset(path) as file:
            file.set_auto_mask(False)
            parts = {name: _read_group(file[name], draws) for name in file.groups}
            attributes = dict(vars(file))
        parts["posterior"]["log_tau"] = np.log(parts["posterior"]["tau"])
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise damaged(path, error) from None
    tree = xr.DataTree.from_dict(parts)
    tree.attrs = attributes
    return tree


def _read_group(group: Any, draws: int | None) -> xr.Dataset:
    """Read one group of a file."""
    import xarray as xr

    # not by xarray.open_dataset, which takes as long for the variables as the disk for the draws
    variables = {}
    for name, variable in group.variables.items():
        cut = tuple(slice(draws if axis == "draw" else None) for axis in variable.dimensions)
        values = variable[cut or ...]
        kind = bool if name in FLAGS else str if name == "group" else values.dtype
        variables[name] = variable.dimensions, np.asarray(values, kind)
    return xr.Dataset(variables).set_coords([name for name in COORDINATES if name in variables])
