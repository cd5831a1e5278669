"""Groups of estimates with standard errors, read from the three forms in which people have them."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partial_pooling.errors import InputError
from partial_pooling.files import intact
from partial_pooling.limits import ANY, MOST_COUNTED, SCALE, is_any, is_scale

# The columns of each form. The first names the group; the others hold numbers.
FORMS: dict[str, tuple[str, ...]] = {
    "estimates": ("group", "estimate", "std_error"),
    "summaries": ("group", "mean", "sd", "n"),
    "observations": ("group", "value"),
}

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)


@dataclass(frozen=True, eq=False)
class Groups:
    """Estimates of J groups with their known standard errors.

    Attributes
    ----------
    names
        J different names, in the order of the data file.
    estimate
        Shape (J,), the estimates y, in the units of the data.
    std_error
        Shape (J,), their standard errors sigma, in the same units, all above zero.
    """

    names: tuple[str, ...]
    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.names)


def read_groups(
    path: str | Path,
    form: str = "estimates",
    columns: Mapping[str, str] | None = None,
    pooled_sd: bool = False,
) -> Groups:
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
    Groups
        In the order in which the groups first appear.

    Raises
    ------
    InputError
        The file cannot be used; the message names file, line and column.
    """
    names = [(columns or {}).get(column, column) for column in FORMS[form]]
    table = _read_table(Path(path), names)
    if form == "estimates":
        groups = _from_estimates(table, *names)
    elif form == "summaries":
        groups = _from_summaries(table, *names, pooled_sd=pooled_sd)
    else:
        groups = _from_observations(table, *names, pooled_sd=pooled_sd)
    if len(groups) < 2:
        raise InputError(
            f"{path}: found {len(groups)} group; allowed: 2 or more, since pooling needs groups"
        )
    return groups


def write_groups(groups: Groups, path: str | Path) -> None:
    """Write `group,estimate,std_error` such that reading gives back every bit."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FORMS["estimates"])
        for name, estimate, std_error in zip(
            groups.names, groups.estimate, groups.std_error, strict=True
        ):
            writer.writerow([name, repr(float(estimate)), repr(float(std_error))])


def standard_errors(
    sd: NDArray[np.float64], n: NDArray[np.float64], pooled: bool
) -> NDArray[np.float64]:
    """Standard errors of group means, sd / sqrt(n).

    Parameters
    ----------
    sd
        Shape (J,), standard deviation within each group; ignored where n is 1 and pooled is true.
    n
        Shape (J,), number of observations of each group.
    pooled
        Whether to replace sd by sqrt(sum((n - 1) sd^2) / sum(n - 1)).
    """
    if pooled:
        # ASSUME equal variances within groups
        weight = n - 1
        sd = np.full_like(sd, np.sqrt(np.sum(weight * sd**2) / np.sum(weight)))
    return sd / np.sqrt(n)


@dataclass(frozen=True)
class _Table:
    """The rows of a CSV file: line numbers for messages, cells by column name."""

    path: Path
    lines: list[int]
    cells: dict[str, list[str]]

    def error(self, row: int, column: str, found: str, allowed: str) -> InputError:
        return InputError(
            f"{self.path}, line {self.lines[row]}, column {column}: "
            f"found {found}; allowed: {allowed}"
        )

    def names(self, column: str) -> list[str]:
        for row, name in enumerate(self.cells[column]):
            if not name:
                raise self.error(row, column, "a blank", "a group's name")
            if not name.isprintable():
                raise self.error(row, column, repr(name), "a name of printable characters")
        return self.cells[column]

    def unique_names(self, column: str) -> tuple[str, ...]:
        first: dict[str, int] = {}
        for row, name in enumerate(self.names(column)):
            if name in first:
                raise self.error(
                    row,
                    column,
                    f"{name!r} again (first on line {self.lines[first[name]]})",
                    "each group once",
                )
            first[name] = row
        return tuple(first)

    def numbers(
        self, column: str, allowed: str, accept: Callable[[float], bool] = lambda _: True
    ) -> NDArray[np.float64]:
        values = np.empty(len(self.lines))
        for row, text in enumerate(self.cells[column]):
            if not _NUMBER.fullmatch(text):
                found = repr(text) if text else "a blank"
                if _DECIMAL_COMMA.fullmatch(text):
                    found += " (a decimal comma? write a point)"
                raise self.error(row, column, found, allowed)
            values[row] = float(text)
            if not math.isfinite(values[row]) or not accept(values[row]):
                raise self.error(row, column, text, allowed)
        return values


def _read_table(path: Path, columns: list[str]) -> _Table:
    if not path.exists():
        raise InputError(f"{path}: no such file; allowed: a CSV file")
    try:
        text = intact(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: byte {error.start} is not UTF-8 (Latin-1?); "
            "allowed: a CSV file saved as UTF-8"
        ) from None
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}; allowed: a CSV file that can be read"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header, columns)
        rows = [
            (reader.line_num, [cell.strip() for cell in row])
            for row in reader
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}: {error}; allowed: comma-separated values"
        ) from None
    for line, row in rows:
        if len(row) != len(header):
            raise InputError(
                f"{path}, line {line}: found {len(row)} cells; "
                f"allowed: {len(header)}, as in the header"
                + (" (decimal commas? write points)" if len(row) > len(header) else "")
            )
    if not rows:
        raise InputError(f"{path}: found no rows below the header; allowed: 2 groups or more")
    position = {name: i for i, name in enumerate(header)}
    return _Table(
        path,
        [line for line, _ in rows],
        {name: [row[position[name]] for _, row in rows] for name in columns},
    )


def _check_header(path: Path, header: list[str], columns: list[str]) -> None:
    if not any(header):
        raise InputError(f"{path}: found no header; allowed: columns {', '.join(columns)}")
    if len(header) == 1 and ";" in header[0]:
        raise InputError(f"{path}, line 1: found semicolons; allowed: commas between columns")
    for name in columns:
        if header.count(name) == 0:
            raise InputError(
                f"{path}, line 1: column {name} is missing; found {', '.join(header)}; "
                f"allowed: {', '.join(columns)} (other names: set columns in the configuration)"
            )
        if header.count(name) > 1:
            raise InputError(f"{path}, line 1: column {name} is there twice; allowed: once")


def _from_estimates(table: _Table, group: str, estimate: str, std_error: str) -> Groups:
    return Groups(
        table.unique_names(group),
        table.numbers(estimate, ANY, is_any),
        table.numbers(std_error, SCALE, is_scale),
    )


def _from_summaries(
    table: _Table, group: str, mean: str, sd: str, n: str, *, pooled_sd: bool
) -> Groups:
    names = table.unique_names(group)
    # ASSUME the sd column divides by n - 1, so that it takes two observations
    count = table.numbers(
        n,
        f"a whole number, 2 or more (to {MOST_COUNTED:g})",
        lambda v: 2 <= v <= MOST_COUNTED and v == int(v),
    )
    deviation = table.numbers(sd, SCALE, is_scale)
    estimate = table.numbers(mean, ANY, is_any)
    std_error = standard_errors(deviation, count, pooled_sd)
    for row, error in enumerate(std_error):
        if not is_scale(error):
            raise table.error(row, sd, f"a standard error (sd / sqrt(n)) of {error:g}", SCALE)
    return Groups(names, estimate, std_error)


def _from_observations(table: _Table, group: str, value: str, *, pooled_sd: bool) -> Groups:
    values = table.numbers(value, ANY, is_any)
    members: dict[str, list[int]] = {}
    for row, name in enumerate(table.names(group)):
        members.setdefault(name, []).append(row)
    for name, rows in members.items():
        if len(rows) < 2:
            raise table.error(
                rows[0], group, f"one observation of {name!r}", "2 or more, to compute an sd"
            )
    samples = [values[rows] for rows in members.values()]
    n = np.array([float(len(sample)) for sample in samples])
    sd = np.array([float(np.std(sample, ddof=1)) for sample in samples])
    std_error = standard_errors(sd, n, pooled_sd)
    for (name, rows), error in zip(members.items(), std_error, strict=True):
        if not error > 0:
            raise table.error(
                rows[0],
                value,
                f"an sd of 0 for {name!r}, whose values are all equal",
                "values that vary (or pooled_sd: true)",
            )
        if not is_scale(error):
            found = f"a standard error (sd / sqrt(n)) of {error:g} for {name!r}"
            raise table.error(rows[0], value, found, SCALE)
    return Groups(tuple(members), np.array([float(np.mean(s)) for s in samples]), std_error)
