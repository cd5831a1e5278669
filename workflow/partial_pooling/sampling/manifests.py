"""Manifests: which fits of the store a batch stands for.

`results/{dataset}/fits/{model}/batch-{batch}.json` holds what all its fits share (data, model,
settings, code) and names the file of each. Every reader of draws comes through here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from partial_pooling.errors import InputError
from partial_pooling.files import damaged, read_json, sha256_of, write_json
from partial_pooling.sampling.fits import read_fit
from partial_pooling.sampling.store import Recipe, StoredFit, check_recipe

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Manifest:
    """The fits of a batch.

    Attributes
    ----------
    results
        Folder of the results.
    shared
        What the recipes of its fits share: all but seed and target_accept.
    fits
        The fits, in the order of the batch.
    """

    results: Path
    shared: Recipe
    fits: list[StoredFit]

    def read(self, fit: StoredFit, draws: int | None = None) -> xr.DataTree:
        """Read one of its fits, after a check that its file is what the manifest names.

        Raises
        ------
        InputError
            The file is missing, damaged, or another fit.
        """
        path = self.results / fit.file
        try:
            found = sha256_of(path)
        except OSError as error:
            raise damaged(path, error) from None
        if found != fit.sha256:
            raise damaged(path, "its content is not what was written")
        tree = read_fit(path, draws)
        own = {"seed": fit.seed, "target_accept": fit.target_accept}
        check_recipe(path, {**self.shared, **own}, tree.attrs)
        return tree


def write_manifest(shared: Recipe, fits: Iterable[StoredFit], path: str | Path) -> None:
    """Write the manifest of a batch, when all its fits are in the store."""
    write_json({"shared": shared, "fits": [asdict(fit) for fit in fits]}, path)


def read_manifest(path: str | Path) -> Manifest:
    """Read a manifest.

    Raises
    ------
    InputError
        It is missing or damaged.
    """
    path = Path(path)
    try:
        content = read_json(path)
        fits = [StoredFit(**fit) for fit in content["fits"]]
        return Manifest(results_of(path), content["shared"], fits)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from None


def results_of(path: Path) -> Path:
    """Folder of the results to which a manifest belongs."""
    return Path(os.path.normpath(path / "../../../.."))


def read_fits(path: str | Path, draws: int | None = None) -> Iterator[xr.DataTree]:
    """Read the fits of a batch one after another, each as an ArviZ tree.

    Parameters
    ----------
    path
        A manifest.
    draws
        Keep only this many draws of each chain, from the first on; all by default.

    Yields
    ------
    xarray.DataTree
        As of `fits.read_fit`.
    """
    manifest = read_manifest(path)
    for fit in manifest.fits:
        yield manifest.read(fit, draws)
