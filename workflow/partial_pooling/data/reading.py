"""Reading groups from the forms in which people have them, and writing them as estimates."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from partial_pooling.data.forms.estimates import ESTIMATES
from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import Estimates
from partial_pooling.data.table import read_csv
from partial_pooling.errors import InputError


def read_groups(
    path: str | Path,
    form: str = "estimates",
    columns: Mapping[str, str] | None = None,
    pooled_sd: bool = False,
) -> Estimates:
    """Read a CSV file of groups and bring it to estimates with standard errors.

    Parameters
    ----------
    path
        CSV file in UTF-8, with a header.
    form
        `estimates` (group, estimate, std_error), `summaries` (group, mean, sd, n) or
        `observations` (group, value: one row an observation).
    columns
        Names that the file has for the form's columns, where they differ.
    pooled_sd
        For summaries and observations: use one standard deviation, pooled over groups with
        weights n - 1, in place of each group's own.

    Returns
    -------
    Estimates
        In the order in which the groups first appear.

    Raises
    ------
    InputError
        The file cannot be used; the message names file, line and column.
    """
    reader = FORMS[form]
    names = [(columns or {}).get(column, column) for column in reader.columns]
    groups = reader(read_csv(Path(path), names), names, pooled_sd=pooled_sd)
    if len(groups) < 2:
        raise InputError(
            f"{path}: found {len(groups)} group; allowed: 2 or more, since pooling needs groups"
        )
    return groups


def write_groups(groups: Estimates, path: str | Path) -> None:
    """Write `group,estimate,std_error` such that reading gives back every bit."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(ESTIMATES.columns)
        for name, estimate, std_error in zip(
            groups.names, groups.estimate, groups.std_error, strict=True
        ):
            writer.writerow([name, repr(float(estimate)), repr(float(std_error))])
