"""Reading groups from the forms in which people have them, and writing them for the steps to come.

What the steps read, `data.csv`, has the columns of one form: its header says which.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path

from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import Groups
from partial_pooling.data.measures import CORRECTION, UnusableGroupError, estimates_of
from partial_pooling.data.table import Table, read_csv, with_spaces
from partial_pooling.errors import InputError
from partial_pooling.files import intact


def read_groups(
    path: str | Path,
    form: str = "estimates",
    columns: Mapping[str, str] | None = None,
    *,
    pooled_sd: bool = False,
    measure: str | None = None,
    continuity_correction: float = CORRECTION,
) -> Groups:
    """Read a CSV file of groups.

    Parameters
    ----------
    path
        CSV file in UTF-8, with a header.
    form
        A key of `FORMS`, which has the columns of each.
    columns
        Names that the file has for the form's columns, where they differ.
    pooled_sd
        For summaries and observations: use one standard deviation, pooled over groups with
        weights n - 1, in place of each group's own.
    measure
        A key of `MEASURES` to bring the data to, as estimates; None for the data as they are.
    continuity_correction
        What a measure adds where a count is zero.

    Returns
    -------
    Groups
        In the order in which they first appear: Estimates, or of the form's own kind.

    Raises
    ------
    InputError
        The file cannot be used; the message names file, line and column.
    """
    table = read_csv(Path(path), lambda header: names_of(form, columns, header))
    return groups_of(
        table,
        columns,
        form,
        pooled_sd=pooled_sd,
        measure=measure,
        continuity_correction=continuity_correction,
    )


def taken(form: str, columns: Mapping[str, str] | None, header: Collection[str]) -> list[str]:
    """Columns of a form, each as it is or as what stands for it in a file of this header."""
    given = columns or {}

    def take(column: str) -> str:
        other = FORMS[form].instead.get(column)
        if other is None or column in given:
            return column
        return other if other in given or (column not in header and other in header) else column

    return [take(column) for column in FORMS[form].columns]


def names_of(form: str, columns: Mapping[str, str] | None, header: Collection[str]) -> list[str]:
    """Names that a file has for the columns of a form."""
    given = columns or {}
    return [with_spaces(given.get(column, column)) for column in taken(form, columns, header)]


def groups_of(
    table: Table,
    columns: Mapping[str, str] | None,
    form: str,
    *,
    pooled_sd: bool,
    measure: str | None,
    continuity_correction: float,
) -> Groups:
    """Bring rows to groups: parameters as of `read_groups`."""
    header = list(table.cells)
    names = names_of(form, columns, header)
    options = dict.fromkeys(taken(form, columns, header), True)
    groups = FORMS[form](table, names, **options, pooled_sd=pooled_sd)
    if len(groups) < 2:
        raise InputError(
            f"{table.path}: found {len(groups)} group; "
            "allowed: 2 or more, since pooling needs groups"
        )
    if measure is None:
        return groups
    try:
        return estimates_of(groups, measure, continuity_correction)
    except UnusableGroupError as error:
        raise table.error_of_group(names[0], error.group, error.found, error.allowed) from None


def read_data(path: str | Path) -> Groups:
    """Read what `write_groups` wrote, in whichever form it is."""
    with intact(Path(path)).open(encoding="utf-8", newline="") as file:
        header = tuple(next(csv.reader(file), ()))
    form = next((form.name for form in FORMS.values() if form.columns == header), "estimates")
    return read_groups(path, form)


def write_groups(groups: Groups, path: str | Path) -> None:
    """Write groups in the form of their kind, such that `read_data` gives back every bit."""
    columns = [field.name for field in fields(groups) if field.name != "names"]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["group", *columns])
        for name, *values in zip(
            groups.names, *(getattr(groups, column) for column in columns), strict=True
        ):
            writer.writerow([name, *(repr(float(value)) for value in values)])
