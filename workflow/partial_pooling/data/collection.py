"""A collection: many tables in one CSV file, a column of which names the table of each row."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from partial_pooling.data.groups import Groups
from partial_pooling.data.measures import CORRECTION
from partial_pooling.data.reading import groups_of, names_of
from partial_pooling.data.table import Table, read_csv, with_spaces
from partial_pooling.errors import InputError

OK = "ok"
# Folders of a collection's results that are no table's.
RESERVED = ("fits", "logs", "benchmarks", "batches", "store")
LONGEST = 48  # characters of a path that come from the name


@dataclass(frozen=True, eq=False)
class Member:
    """A table of a collection.

    Attributes
    ----------
    name
        As given.
    path
        Name of its folder: readable, safe on every file system, and no other table's.
    line
        Its first line in the file.
    groups
        Its data; None if it cannot be used.
    status
        `ok`, or why it cannot be used, with the line.
    """

    name: str
    path: str
    line: int
    groups: Groups | None
    status: str = OK


def read_collection(
    path: str | Path,
    by: str,
    form: str = "estimates",
    columns: Mapping[str, str] | None = None,
    *,
    pooled_sd: bool = False,
    measure: str | None = None,
    continuity_correction: float = CORRECTION,
) -> list[Member]:
    """Read the tables of a collection, in the order in which they first appear.

    Rows of a table need not stand together. A table that cannot be used says why and ends nothing.

    Parameters
    ----------
    path, form, columns, pooled_sd, measure, continuity_correction
        As of `reading.read_groups`.
    by
        The column that names the table.

    Raises
    ------
    InputError
        The file cannot be read, a row names no table, or no table can be used.
    """
    by = with_spaces(by)
    whole = read_csv(Path(path), lambda header: [*names_of(form, columns, header), by])
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(whole.cells[by]):
        if not name:
            raise whole.error(row, by, "a blank", "the name of the table")
        rows.setdefault(name, []).append(row)
    paths = safe_paths(list(rows))
    members = []
    for (name, its), safe in zip(rows.items(), paths, strict=True):
        lines = [whole.lines[row] for row in its]
        cells = {column: [whole.cells[column][row] for row in its] for column in whole.cells}
        groups, status = None, OK
        try:
            groups = groups_of(
                Table(whole.path, lines, cells),
                columns,
                form,
                pooled_sd=pooled_sd,
                measure=measure,
                continuity_correction=continuity_correction,
            )
        except InputError as error:
            status = _without_path(str(error), whole.path, lines[0])
        members.append(Member(name, safe, lines[0], groups, status))
    if not any(member.groups for member in members):
        raise InputError(
            f"{path}: found no table that can be used, of {len(members)}; "
            f"the first, {members[0].name!r}: {members[0].status}"
        )
    return members


def _without_path(message: str, path: Path, line: int) -> str:
    """What is wrong with a table, by the line in the file, which all its tables share."""
    said = message.removeprefix(str(path)).lstrip(",: ")
    return said if said.startswith("line ") else f"line {line}: {said}"


def unusable(names: Iterable[str], statuses: Iterable[str]) -> str:
    """Say how many tables cannot be used, with the first; empty if all can."""
    told = list(zip(names, statuses, strict=True))
    bad = [(name, status) for name, status in told if status != OK]
    if not bad:
        return ""
    name, status = bad[0]
    return f"{len(bad):,} of {len(told):,} tables cannot be used; the first, {name!r}: {status}"


def safe_paths(names: Sequence[str]) -> list[str]:
    """Folder names for names of any characters: letters, digits, - and _, at most 64.

    A name that is one itself stays as it is. Another is spelled with these characters, and gets
    eight digits of its digest; so do names that differ by upper and lower case alone, which some
    file systems do not tell apart.
    """
    spelled = [_spelled(name) for name in names]
    seen = Counter(text.casefold() for text in spelled)
    return [
        text
        if text == name and seen[text.casefold()] == 1 and text.casefold() not in RESERVED
        else f"{text or 'table'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        for name, text in zip(names, spelled, strict=True)
    ]


def _spelled(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "_", plain).strip("_-")[:LONGEST].rstrip("_-")
