"""A fit of a finished study, to go on with ArviZ."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from partial_pooling.errors import InputError
from partial_pooling.files import damaged, intact
from partial_pooling.sampling.manifests import data_of, read_manifest

if TYPE_CHECKING:
    import xarray as xr


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
        There is no such fit, it has fewer draws, or its file is damaged.

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
    return manifest.read(fits[seed, target_accept], draws)


def _cells(path: Path) -> list[dict[str, str]]:
    """Read the table of a finished study's fits, which names the batch of each."""
    try:
        with intact(path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise damaged(path, error) from None
