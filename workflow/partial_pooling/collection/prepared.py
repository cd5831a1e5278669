"""The tables of a collection as its steps read them: one Parquet file, a row a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from partial_pooling.collection.keys import data_digest
from partial_pooling.data import groups as kinds
from partial_pooling.data.collection import Member
from partial_pooling.data.groups import Groups
from partial_pooling.files import intact, replacing

ABOUT = ("order", "table", "path", "line", "status", "batch", "data", "kind")


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table as `read_prepared` gives it.

    Attributes
    ----------
    order
        Its place in the CSV file, from 0.
    table, path, line, status
        As of `Member`.
    data
        Digest of its data, empty if it cannot be used.
    groups
        Its data, or None.
    """

    order: int
    table: str
    path: str
    line: int
    status: str
    data: str
    groups: Groups | None


def write_prepared(
    members: Sequence[Member], batch_of: Mapping[int, str], path: str | Path
) -> None:
    """Write tables, those of a batch together.

    Parameters
    ----------
    members
        The tables in the order of the CSV file.
    batch_of
        Name of the batch of each table that can be used, by its place in that order.
    path
        Where to write.
    """
    order = sorted(range(len(members)), key=lambda i: (batch_of.get(i, ""), i))
    first = next(member.groups for member in members if member.groups)
    columns = [field.name for field in fields(first)]
    rows: dict[str, list[Any]] = {name: [] for name in (*ABOUT, *columns)}
    for i in order:
        member = members[i]
        known = member.groups
        about = (i, member.name, member.path, member.line, member.status, batch_of.get(i, ""))
        of_data = (data_digest(known), type(known).__name__) if known else ("", "")
        for name, value in zip(ABOUT, (*about, *of_data), strict=True):
            rows[name].append(value)
        for name in columns:
            rows[name].append(list(getattr(known, name)) if known else None)
    with replacing(path) as temporary:
        pq.write_table(pa.table(rows), temporary, row_group_size=1000)


def read_prepared(path: str | Path, **conditions: Any) -> list[Prepared]:
    """Read the tables that meet conditions of `pyarrow`, in the order of the CSV file.

    Parameters
    ----------
    path
        A file of `write_prepared`.
    **conditions
        `filters`, as of `pyarrow.parquet.read_table`.
    """
    table = pq.read_table(path, **conditions).sort_by("order")
    return [_prepared(row) for row in table.to_pylist()]


def number_of_tables(path: str | Path) -> int:
    """How many tables a file holds; the file is checked to be whole."""
    return int(pq.read_metadata(intact(path)).num_rows)


def _prepared(row: dict[str, Any]) -> Prepared:
    groups = None
    if row["kind"]:
        kind = getattr(kinds, row["kind"])
        names = tuple(row["names"])
        arrays = {
            field.name: np.array(row[field.name]) for field in fields(kind) if field.name != "names"
        }
        groups = kind(names, **arrays)
    about = {name: row[name] for name in ABOUT if name not in ("batch", "kind")}
    return Prepared(**about, groups=groups)
