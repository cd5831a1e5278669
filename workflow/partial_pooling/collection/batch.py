"""The work on a batch of tables: what is missing is solved and fitted, and kept at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import batched, chain
from pathlib import Path
from typing import Any

from partial_pooling.collection.fitting import Asked, as_columns, fit_table
from partial_pooling.collection.keys import anonymous, data_digest, seed_of
from partial_pooling.collection.solving import solve_tables
from partial_pooling.collection.store import EXACT, FITS, KEY, Chunks
from partial_pooling.data.groups import Groups
from partial_pooling.errors import InputError
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.posterior import solve
from partial_pooling.families.registry import FAMILIES
from partial_pooling.models.parametrizations import WEIGHTED, by_hand
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.sampling.settings import SamplerSettings
from partial_pooling.sampling.store import digest

SOLVED_AT_ONCE = 500  # tables
FITTED_AT_ONCE = (
    20  # tables whose posteriors are in memory, for their numbers and their fits' grades
)
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
    made = _Made(recipe, folder, attributes, cores)
    by_data = {data_digest(groups): anonymous(groups) for groups in sorted(tables, key=len)}
    to_do = {data: groups for data, groups in by_data.items() if made.lacks(data)}
    done = len(by_data) - len(to_do)
    tell(done, len(by_data))
    begun = time.monotonic()
    for part in batched(to_do, FITTED_AT_ONCE if recipe.models else SOLVED_AT_ONCE, strict=False):
        last = part[-1] if part[-1] == next(reversed(to_do)) or not recipe.models else None
        for data in made.make({data: to_do[data] for data in part}):
            done += 1
            if data == last or time.monotonic() - begun > KEPT_AFTER:
                made.keep()
                tell(done, len(by_data))
                begun = time.monotonic()
    return made.chunks_of(by_data)


class _Made:
    """What is there of the tables of a batch, and what makes the rest.

    Parameters
    ----------
    recipe, folder, attributes, cores
        As of `work`.
    """

    def __init__(
        self, recipe: Recipe, folder: Path, attributes: Mapping[str, str], cores: int
    ) -> None:
        self._recipe, self._attributes, self._cores = recipe, attributes, cores
        self._prior, self._family = parse_hyperprior(recipe.prior), FAMILIES[recipe.family]
        self._chunks = {kind: Chunks(folder, kind) for kind in (EXACT, FITS)}
        self._found = {kind: chunks.find() for kind, chunks in self._chunks.items()}
        self._new: dict[str, list[Mapping[str, Any]]] = {EXACT: [], FITS: []}  # columns, and rows
        self._compiled: dict[tuple[str, int], Any] = {}

    def lacks(self, data: str) -> bool:
        """Whether anything of a table is to be made."""
        fits, exact = self._missing_fits(data), self._recipe.exact_key(data)
        return exact not in self._found[EXACT] or any(fits.values())

    def make(self, tables: Mapping[str, Groups]) -> Iterator[str]:
        """Make what is missing of some tables, which are given by digest; yield those done.

        A posterior that takes `solve` is solved once, for its numbers and for the grades of fits.
        """

        @lru_cache(FITTED_AT_ONCE if self._recipe.models else 0)
        def solver(groups: Groups) -> Posterior:
            return solve(groups, self._prior, self._family)

        keys = {self._recipe.exact_key(data): groups for data, groups in tables.items()}
        some = {key: groups for key, groups in keys.items() if key not in self._found[EXACT]}
        if some:
            columns = solve_tables(
                list(some), list(some.values()), self._prior, self._family, solver
            )
            self._new[EXACT].append(columns)
        for data, groups in tables.items():
            for model, fits in self._missing_fits(data).items():
                self._new[FITS] += self._fit(model, groups, fits, solver)
            yield data

    def _missing_fits(self, data: str) -> dict[str, list[Asked]]:
        """By model, the fits of a table that are not kept yet."""
        return {
            model: [
                asked
                for asked in self._recipe.asked(data, model)
                if asked.key not in self._found[FITS]
            ]
            for model in self._recipe.models
        }

    def _fit(
        self, model: str, groups: Any, fits: list[Asked], solver: Callable[[Groups], Posterior]
    ) -> list[dict[str, Any]]:
        """Rows of fits of a table; each model is compiled once a number of groups."""
        if not fits:
            return []
        try:
            exact = solver(groups)
        except InputError as error:
            return [{KEY: asked.key, "reason": str(error)} for asked in fits]
        which = model, len(groups)
        if which not in self._compiled:
            from partial_pooling.sampling.refits import compile_model

            # those of fewer groups will not be fitted again
            self._compiled = {
                other: kept for other, kept in self._compiled.items() if other[1] == len(groups)
            }
            self._compiled[which] = compile_model(
                model,
                groups,
                self._prior,
                SamplerSettings(**self._recipe.settings),
                self._family,
                self._recipe.sampling["sampler"],
                self._cores,
                by_hand(self._recipe.weights, groups),
            )
        draws = self._recipe.sampling["draws"]
        return [fit_table(self._compiled[which], groups, exact, asked, draws) for asked in fits]

    def keep(self) -> None:
        """Write what was made since the last time."""
        exact, fits = self._new[EXACT], self._new[FITS]
        if exact:
            names = exact[0]
            columns = {
                name: list(chain.from_iterable(part[name] for part in exact)) for name in names
            }
            self._write(EXACT, columns)
        if fits:
            self._write(FITS, as_columns(fits))
        exact.clear()
        fits.clear()

    def _write(self, kind: str, columns: Mapping[str, Any]) -> None:
        name = self._chunks[kind].write(columns, self._attributes)
        self._found[kind] |= dict.fromkeys(columns[KEY], name)

    def chunks_of(self, tables: Iterable[str]) -> dict[str, list[str]]:
        """By kind, the names of the chunks that hold all of some tables, given by digest."""
        exact, fits = self._found[EXACT], self._found[FITS]
        names: dict[str, set[str]] = {EXACT: set(), FITS: set()}
        for data in tables:
            names[EXACT].add(exact[self._recipe.exact_key(data)])
            for model in self._recipe.models:
                names[FITS] |= {fits[asked.key] for asked in self._recipe.asked(data, model)}
        return {kind: sorted(some) for kind, some in names.items()}
