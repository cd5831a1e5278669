"""Manifests: which fits of the store a batch stands for.

`results/{dataset}/fits/{model}/batch-{batch}.json` holds what all its fits share (data, model,
settings, code) and names the file of each. Every reader of draws comes through here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partial_pooling.errors import InputError
from partial_pooling.files import ALTERED, check, damaged, read_json, sha256_of, write_json
from partial_pooling.sampling.fits import read_fit
from partial_pooling.sampling.store import Recipe, StoredFit, as_text, check_recipe

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
            raise damaged(path, ALTERED)
        tree = read_fit(path, draws)
        own = {"seed": fit.seed, "target_accept": fit.target_accept}
        check_recipe(path, {**self.shared, **own}, tree.attrs)
        return tree


def write_manifest(shared: Recipe, fits: Iterable[StoredFit], path: str | Path) -> None:
    """Write the manifest of a batch, when all its fits are in the store."""
    write_json({"shared": shared, "fits": [asdict(fit) for fit in fits]}, path)


def read_manifest(path: str | Path, **asked: Any) -> Manifest:
    """Read a manifest.

    Parameters
    ----------
    path
        The manifest.
    **asked
        What the recipe of its fits must say, by key; of the model its folder says it.

    Raises
    ------
    InputError
        It is missing or damaged, or of other fits.
    """
    path = Path(path)
    try:
        content = read_json(path)
        fits = [StoredFit(**fit) for fit in content["fits"]]
        shared = content["shared"]
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from None
    for key, value in {"model": path.parent.name, **asked}.items():
        if as_text({key: shared.get(key)}) != as_text({key: value}):
            raise damaged(path, f"its fits are others: {key} {shared.get(key)}, not {value}")
    return Manifest(results_of(path), shared, fits)


def results_of(path: Path) -> Path:
    """Folder of the results to which a manifest belongs."""
    return Path(os.path.normpath(path / "../../../.."))


def data_of(path: str | Path) -> str:
    """Digest of the data set in whose folder a manifest lies."""
    return check(Path(path).parents[2] / "data.csv")


def read_fits(path: str | Path, draws: int | None = None, **asked: Any) -> Iterator[xr.DataTree]:
    """Read the fits of a batch one after another, each as an ArviZ tree.

    They must be fits of the data set in whose folder the manifest lies.

    Parameters
    ----------
    path
        A manifest.
    draws
        Keep only this many draws of each chain, from the first on; all by default.
    **asked
        As of `read_manifest`.

    Yields
    ------
    xarray.DataTree
        As of `fits.read_fit`.
    """
    manifest = read_manifest(path, data_sha256=data_of(path), **asked)
    for fit in manifest.fits:
        yield manifest.read(fit, draws)


def read_one(
    paths: Iterable[str | Path], seed: int, target_accept: float, draws: int | None = None
) -> xr.DataTree:
    """Read one fit of a model, of whichever of its batches.

    Parameters
    ----------
    paths
        Manifests.
    seed, target_accept
        Which fit.
    draws
        As of `read_fits`.

    Raises
    ------
    InputError
        A file is missing or damaged.
    StopIteration
        No batch has it.
    """
    manifests = (read_manifest(path, data_sha256=data_of(path)) for path in paths)
    return next(
        manifest.read(fit, draws)
        for manifest in manifests
        for fit in manifest.fits
        if (fit.seed, fit.target_accept) == (seed, target_accept)
    )
