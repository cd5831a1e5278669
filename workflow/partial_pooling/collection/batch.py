"""The work on a batch of tables: what is missing is solved and fitted, and kept at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any

from partial_pooling.collection.fitting import Asked, as_columns, fit_table
from partial_pooling.collection.keys import anonymous, data_digest, seed_of
from partial_pooling.collection.solving import solve_tables
from partial_pooling.collection.store import EXACT, FITS, KEY, Chunks
from partial_pooling.data.groups import Groups
from partial_pooling.exact.posterior import solve
from partial_pooling.families.registry import FAMILIES
from partial_pooling.models.parametrizations import WEIGHTED, by_hand
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.sampling.settings import SamplerSettings
from partial_pooling.sampling.store import digest

SOLVED_AT_ONCE = 500  # tables
KEPT_AFTER = 20.0  # seconds of work that an interruption may cost

type Tell = Callable[[int, int], None]  # tables done, tables to do


@dataclass(frozen=True)
class Recipe:
    """What the answers of a collection depend on, beside each table's data: plain values.

    Attributes
    ----------
    prior, family, weights
        As configured.
    models
        Parametrizations.
    sampling
        Of the configuration.
    settings
        `SamplerSettings` of all fits.
    code
        Digest of the code that computes them.
    """

    prior: dict[str, Any]
    family: str
    weights: list[float]
    models: list[str]
    sampling: dict[str, Any]
    settings: dict[str, Any]
    code: str

    def exact_key(self, data: str) -> str:
        """Key of the exact answer of a table."""
        return digest({"data": data, "prior": self.prior, "family": self.family, "code": self.code})

    def asked(self, data: str, model: str) -> list[Asked]:
        """The fits of a model to a table."""
        shared = {
            "data": data,
            "prior": self.prior,
            "family": self.family,
            "code": self.code,
            "model": model,
            "sampler": self.sampling["sampler"],
            "looked_at": self.sampling["draws"],
            **self.settings,
        }
        if model in WEIGHTED:
            shared["weights"] = self.weights
        fits = []
        for configured in self.sampling["seeds"]:
            seed = seed_of(configured, data)
            for accept in self.sampling["target_accept"]:
                key = digest({**shared, "seed": seed, "target_accept": accept})
                fits.append(Asked(key, data, seed, accept))
        return fits


def work(
    tables: Sequence[Groups],
    recipe: Recipe,
    folder: Path,
    attributes: Mapping[str, str],
    tell: Tell,
    cores: int = 1,
) -> dict[str, list[str]]:
    """Make what is missing of a batch.

    Parameters
    ----------
    tables
        Those of the batch.
    recipe
        What to make.
    folder
        The store.
    attributes
        Provenance, written into each chunk.
    tell
        Is told of progress.
    cores
        Chains run at a time.

    Returns
    -------
    dict
        By kind, the names of the chunks that hold all of the batch.
    """
    by_data = {data_digest(groups): groups for groups in tables}
    exact, fits = Chunks(folder, EXACT), Chunks(folder, FITS)
    solved = exact.find()
    missing = {
        key: groups
        for data, groups in by_data.items()
        if (key := recipe.exact_key(data)) not in solved
    }
    for part in batched(missing.items(), SOLVED_AT_ONCE, strict=False):
        keys, some = zip(*part, strict=True)
        name = exact.write(solve_tables(keys, some, parse_hyperprior(recipe.prior)), attributes)
        solved |= dict.fromkeys(keys, name)
        if not recipe.models:
            tell(sum(recipe.exact_key(data) in solved for data in by_data), len(by_data))
    fitted = fits.find()
    _fit(by_data, recipe, fits, fitted, attributes, tell, cores)
    needed = {
        EXACT: {solved[recipe.exact_key(data)] for data in by_data},
        FITS: {
            fitted[asked.key]
            for data in by_data
            for model in recipe.models
            for asked in recipe.asked(data, model)
        },
    }
    return {kind: sorted(names) for kind, names in needed.items()}


def _fit(
    by_data: Mapping[str, Groups],
    recipe: Recipe,
    chunks: Chunks,
    fitted: dict[str, str],
    attributes: Mapping[str, str],
    tell: Tell,
    cores: int,
) -> None:
    """Make the missing fits, tables of equally many groups after one another."""
    to_do: dict[int, dict[str, dict[str, list[Asked]]]] = {}
    for data, groups in by_data.items():
        asked = {
            model: [fit for fit in recipe.asked(data, model) if fit.key not in fitted]
            for model in recipe.models
        }
        if any(asked.values()):
            to_do.setdefault(len(groups), {})[data] = asked
    done = len(by_data) - sum(map(len, to_do.values()))
    tell(done, len(by_data))
    rows: list[dict[str, Any]] = []
    begun = time.monotonic()

    def keep() -> None:
        nonlocal begun
        if rows:
            name = chunks.write(as_columns(rows), attributes)
            fitted.update(dict.fromkeys((row[KEY] for row in rows), name))
            rows.clear()
            tell(done, len(by_data))
        begun = time.monotonic()

    for alike in to_do.values():
        for made in _fit_alike({data: by_data[data] for data in alike}, alike, recipe, cores):
            rows += made
            done += 1
            if time.monotonic() - begun > KEPT_AFTER:
                keep()
    keep()


def _fit_alike(
    groups_of: Mapping[str, Groups],
    asked_of: Mapping[str, Mapping[str, list[Asked]]],
    recipe: Recipe,
    cores: int,
) -> Iterator[list[dict[str, Any]]]:
    """The rows of fits of each of some tables of equally many groups, each model compiled once."""
    from partial_pooling.sampling.refits import compile_model

    prior, family = parse_hyperprior(recipe.prior), FAMILIES[recipe.family]
    compiled: dict[str, Any] = {}
    for data, by_model in asked_of.items():
        groups: Any = anonymous(groups_of[data])
        exact = solve(groups, prior, family)
        rows = []
        for model, fits in by_model.items():
            if fits and model not in compiled:
                compiled[model] = compile_model(
                    model,
                    groups,
                    prior,
                    SamplerSettings(**recipe.settings),
                    family,
                    recipe.sampling["sampler"],
                    cores,
                    by_hand(recipe.weights, groups),
                )
            rows += [
                fit_table(compiled[model], groups, exact, fit, recipe.sampling["draws"])
                for fit in fits
            ]
        yield rows
