"""The results of a collection from its chunks, in the order of the CSV file, part by part."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields
from itertools import batched
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from partial_pooling.collection.batch import Recipe
from partial_pooling.collection.fitting import OF_ESTIMATES, OF_FIT, unpack
from partial_pooling.collection.keys import data_digest
from partial_pooling.collection.solving import CLASSICAL, OF_GROUPS, QUANTILES
from partial_pooling.collection.store import EXACT, FITS, KEY, Chunks
from partial_pooling.data.collection import OK, Member
from partial_pooling.data.groups import Groups
from partial_pooling.exact.batched import VARIABLES
from partial_pooling.exact.population import FEWEST, populations
from partial_pooling.families.family import Family
from partial_pooling.files import replacing
from partial_pooling.grading.grades import ERRORS, FAILED, FEW, HONEST, RIGHT, WRONG
from partial_pooling.grading.judgement import FIRST_COLUMNS, judge_estimates, judge_fits
from partial_pooling.grading.parts import GRADES, judge_parts
from partial_pooling.priors.prior import Location

AT_ONCE = 10_000  # tables in memory
MOMENTS = ("mean", "sd", *QUANTILES)
NUMBERS = [
    *(f"{variable}_{moment}" for variable in VARIABLES for moment in MOMENTS),
    *("p_mu_above_0", "log_evidence", *CLASSICAL),
]
CELL = [KEY, "draws"]  # what names a fit at a number of draws
COUNTS = ("divergences", "max_treedepth_hits", "gradients")
NAMES = {"LogNormal": "log_normal", "HalfStudentT": "half_student"}  # of distributions of tau
WORST_FIRST = (FAILED, WRONG, FEW, RIGHT)


class Table(NamedTuple):
    """A table, with the digest of its data; empty if it cannot be used."""

    member: Member
    data: str


def gather(
    members: Sequence[Member],
    folder: Path,
    chunks: Mapping[str, list[str]],
    recipe: Recipe,
    thresholds: Mapping[str, float],
    attributes: Mapping[str, str],
    outputs: Mapping[str, Path],
) -> None:
    """Write tables, groups and fits.

    Parameters
    ----------
    members
        All tables, in the order of the CSV file.
    folder, chunks
        The store, and the names of the chunks to read, by kind.
    recipe
        What was made.
    thresholds
        What a fit is graded by.
    attributes
        Provenance, written to the metadata of each file.
    outputs
        Where to write `tables`, `groups` and `fits`.
    """
    data = next(type(member.groups) for member in members if member.groups)
    sources = {kind: Chunks(folder, kind).open(names) for kind, names in chunks.items() if names}
    with ExitStack() as stack:
        paths = {name: stack.enter_context(replacing(path)) for name, path in outputs.items()}
        writers: dict[str, Any] = {}
        for part in batched(members, AT_ONCE, strict=False):
            tables = [Table(m, data_digest(m.groups) if m.groups else "") for m in part]
            exact = _rows(sources.get(EXACT), [recipe.exact_key(t.data) for t in tables if t.data])
            status = {
                key: reason or OK for key, reason in zip(exact.index, exact["reason"], strict=True)
            }
            fits = _fits(tables, recipe, sources.get(FITS), thresholds)
            parts = {
                "tables": _tables(tables, recipe, exact, status, fits),
                "groups": _groups(tables, recipe, exact, data),
                "fits": fits,
            }
            for name, frame in parts.items():
                schema = writers[name].schema if name in writers else None
                table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
                if name not in writers:
                    table = table.replace_schema_metadata(dict(attributes))
                    writers[name] = stack.enter_context(pq.ParquetWriter(paths[name], table.schema))
                writers[name].write_table(table.cast(writers[name].schema))


def population_of(members: Sequence[Member], mu: Location, family: Family) -> dict[str, Any]:
    """The distribution of tau over the tables that can be used, as population.json says it.

    Returns
    -------
    dict
        By `log_normal` and `half_student`, the one of the less AIC first: `prior`, as in a
        configuration; `line`, to paste into one; `interval` of its parameters, None without a
        bound; `aic`; `at_boundary`, parameters on whose bound the estimate lies. Empty for fewer
        than three tables.
    """
    tables = [member.groups for member in members if member.groups]
    if not mu.is_proper:  # which groups that rule out nothing on one side leave improper
        tables = [groups for groups in tables if family.falls(groups).any(axis=1).all()]
    if len(tables) < FEWEST:
        return {}
    return {
        NAMES[found.prior.dist]: {
            "prior": found.prior.as_dict(),
            "line": found.line,
            "interval": {
                name: [end if math.isfinite(end) else None for end in ends]
                for name, ends in found.interval.items()
            },
            "aic": found.aic,
            "at_boundary": list(found.at_boundary),
        }
        for found in populations(tables, mu, family)
    }


def _rows(source: Any, keys: list[str]) -> pd.DataFrame:
    """Rows of chunks by key, in the order of the keys."""
    if source is None:
        return pd.DataFrame({KEY: [], "reason": []}).set_index(KEY)
    wanted = pc.field(KEY).isin(list(dict.fromkeys(keys)))
    found: pd.DataFrame = source.to_table(filter=wanted).to_pandas().drop_duplicates(KEY)
    return found.set_index(KEY)


def _tables(
    tables: list[Table],
    recipe: Recipe,
    exact: pd.DataFrame,
    status: Mapping[str, str],
    fits: pd.DataFrame,
) -> pd.DataFrame:
    members = [t.member for t in tables]
    keys = [recipe.exact_key(t.data) if t.data else "" for t in tables]
    said = [
        m.status if m.status != OK or status[key] == OK else f"line {m.line}: {status[key]}"
        for m, key in zip(members, keys, strict=True)
    ]
    about = pd.DataFrame(
        {
            "table": [m.name for m in members],
            "path": [m.path for m in members],
            "line": [m.line for m in members],
            "groups": [len(m.groups) if m.groups else 0 for m in members],
            "status": said,
        }
    )
    numbers = exact.reindex(index=keys, columns=NUMBERS).reset_index(drop=True).astype(float)
    return pd.concat([about, numbers, _verdicts(about["table"], recipe, fits)], axis=1)


def _verdicts(tables: pd.Series[str], recipe: Recipe, fits: pd.DataFrame) -> pd.DataFrame:
    """Of each model the worst verdict of its fits at most draws, and all their alarms."""
    columns = {}
    last = fits[fits["draws"] == max(recipe.sampling["draws"])]
    for model in recipe.models:
        of_table = last[last["model"] == model].groupby("table", sort=False)
        verdict = of_table["verdict"].agg(lambda found: min(found, key=WORST_FIRST.index))
        alarms = of_table["alarms"].agg(
            lambda found: " ".join(dict.fromkeys(" ".join(found).split()))
        )
        columns[f"{model}_verdict"] = tables.map(verdict).fillna("").astype(str)
        columns[f"{model}_alarms"] = tables.map(alarms).fillna("").astype(str)
    return pd.DataFrame(columns)


def _groups(
    tables: list[Table], recipe: Recipe, exact: pd.DataFrame, data: type[Groups]
) -> pd.DataFrame:
    usable = [t for t in tables if t.data]
    found = exact.reindex(index=[recipe.exact_key(t.data) for t in usable], columns=list(OF_GROUPS))
    parts: list[Any] = [t.member.groups for t in usable]
    empty = np.empty(0)
    return pd.DataFrame(
        {
            "table": np.repeat(
                np.array([t.member.name for t in usable], dtype=object),
                [len(part) for part in parts],
            ),
            "group": [name for part in parts for name in part.names],
            **{
                of.name: np.concatenate([empty, *(getattr(part, of.name) for part in parts)])
                for of in fields(data)
                if of.name != "names"
            },
            **{name: np.concatenate([empty, *found[name]]) for name in OF_GROUPS},
        }
    )


def _fits(
    tables: list[Table], recipe: Recipe, source: Any, thresholds: Mapping[str, float]
) -> pd.DataFrame:
    asked = [
        (table.member.name, model, fit)
        for table in tables
        if table.data
        for model in recipe.models
        for fit in recipe.asked(table.data, model)
    ]
    found = _rows(source, [fit.key for _, _, fit in asked]).reset_index()
    if found.empty:
        worst = [f"{error}_max" for error in ERRORS]
        columns = ["table", *FIRST_COLUMNS, *worst, "reason"]
        return pd.DataFrame({name: pd.Series(dtype=str) for name in columns})
    judged = pd.DataFrame({name: pd.Series(dtype=float) for name in (*CELL, "verdict", "alarms")})
    if (found["reason"] == "").any():
        graded = unpack(found, OF_ESTIMATES)
        estimates = judge_estimates(graded, thresholds, CELL)
        judged = judge_fits(unpack(found, OF_FIT).assign(model=""), estimates, thresholds, CELL)
        judged = judged.join(judge_parts(graded, thresholds, CELL), on=CELL)
    # a row a fit that was asked for and number of draws, also where sampling failed
    rows = pd.DataFrame(
        [
            (table, model, fit.key, fit.seed, fit.target_accept, draws)
            for table, model, fit in asked
            for draws in recipe.sampling["draws"]
        ],
        columns=["table", "model", KEY, "seed", "target_accept", "draws"],
    )
    judged = judged[[name for name in judged if name in CELL or name not in rows]]
    judged[KEY] = judged[KEY].astype(str)
    rows = rows.merge(judged, on=CELL, how="left").merge(found[[KEY, "reason"]], on=KEY, how="left")
    rows = rows.reindex(columns=list(dict.fromkeys([*rows, *FIRST_COLUMNS, *GRADES])))
    failed = rows["verdict"].isna()
    rows["verdict"] = rows["verdict"].astype(object).where(~failed, FAILED)
    rows["alarms"] = rows["alarms"].astype(object).fillna("")
    for name in ("accurate", HONEST, *GRADES):
        rows[name] = rows[name].astype("boolean")
    for name in COUNTS:
        rows[name] = rows[name].astype("Int64")  # which has a value for none
    rest_of = [name for name in rows if name not in ("table", KEY, *FIRST_COLUMNS, "reason")]
    return rows[["table", *FIRST_COLUMNS, *rest_of, "reason"]]
