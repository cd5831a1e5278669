"""The store of fits: one file a fit, named by a digest of all that the fit depends on.

`results/fits/<digest>.nc` serves every study that asks for the same fit, whatever the study or its
data set is called; a fit that is in the store is never sampled again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partial_pooling.errors import InputError
from partial_pooling.files import check, damaged, read_seal
from partial_pooling.logs import LOGGER
from partial_pooling.sampling.fits import Fit, write_fit

FOLDER = "fits"  # of the results

# All that a fit depends on, in plain values: `data_sha256`, `model`, the rule's settings, `code`,
# `seed`, `target_accept`.
type Recipe = Mapping[str, Any]


def as_text(recipe: Recipe) -> str:
    """Write a recipe in the one way that is digested: equal recipes give equal text."""
    return json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(recipe: Recipe) -> str:
    """Digest of a recipe: 32 hexadecimal digits, the name of the fit's file."""
    return hashlib.sha256(as_text(recipe).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class StoredFit:
    """A fit of the store, as a manifest names it.

    Attributes
    ----------
    seed, target_accept
        Which fit of a model.
    recipe
        Digest of all that it depends on.
    file
        Its file, from the folder of the results.
    bytes, sha256
        Size and digest of the file.
    """

    seed: int
    target_accept: float
    recipe: str
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Store:
    """The fits of one model of some data.

    Attributes
    ----------
    results
        Folder of the results.
    shared
        What the recipes of these fits share: all but seed and target_accept.
    """

    results: Path
    shared: Recipe

    def find(self, seed: int, target_accept: float) -> StoredFit | None:
        """Find a fit that is whole and what it should be; none else, and the log says why."""
        recipe = self._recipe(seed, target_accept)
        path = self._path(recipe)
        if not path.exists():
            return None
        try:
            sha256 = check(path)
            check_recipe(path, recipe, read_attributes(path))
        except InputError as error:
            LOGGER.warning("%s: sampling it anew", error)
            return None
        return self._stored(recipe, path, sha256)

    def save(
        self, fit: Fit, group_names: Sequence[str], attributes: Mapping[str, str]
    ) -> StoredFit:
        """Write a fit at once.

        Two jobs that write the same fit at a time write the same draws, each under a name of its
        own; the fit's name always stands for a whole file.
        """
        recipe = self._recipe(fit.seed, fit.target_accept)
        path = self._path(recipe)
        write_fit(fit, group_names, path, {**attributes, "recipe": as_text(recipe)})
        return self._stored(recipe, path, read_seal(path).sha256)

    def _recipe(self, seed: int, target_accept: float) -> dict[str, Any]:
        return {**self.shared, "seed": seed, "target_accept": target_accept}

    def _path(self, recipe: Recipe) -> Path:
        return self.results / FOLDER / f"{digest(recipe)}.nc"

    def _stored(self, recipe: Recipe, path: Path, sha256: str) -> StoredFit:
        return StoredFit(
            seed=recipe["seed"],
            target_accept=recipe["target_accept"],
            recipe=digest(recipe),
            file=path.relative_to(self.results).as_posix(),
            bytes=path.stat().st_size,
            sha256=sha256,
        )


def read_attributes(path: str | Path) -> dict[str, Any]:
    """Read what a file says of itself: its recipe and provenance, as text."""
    import netCDF4

    try:
        with netCDF4.Dataset(path) as file:
            return dict(vars(file))
    except OSError as error:
        raise damaged(path, error) from None


def check_recipe(path: str | Path, asked: Recipe, attributes: Mapping[Any, Any]) -> None:
    """Refuse a file that says that it is another fit than asked.

    Raises
    ------
    InputError
        In one line that names what differs.
    """
    found = json.loads(attributes.get("recipe", "{}"))
    if as_text(found) != as_text(asked):
        differing = [key for key in asked if found.get(key) != asked[key]]
        differences = ", ".join(f"{key} {found.get(key)}, not {asked[key]}" for key in differing)
        raise damaged(path, f"it is another fit: {differences}")
