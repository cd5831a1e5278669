"""A CSV file of rows and named columns, whose errors name file, line and column."""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partial_pooling.errors import InputError
from partial_pooling.files import intact, not_a_file
from partial_pooling.limits import MOST_COUNTED

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# spreadsheets and typeset tables have spaces that no line may break at, where people type one
_NO_BREAK = str.maketrans(
    dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{FIGURE SPACE}", " ")
)
# what files begin with that people take for text
STARTS = {
    b"PK\x03\x04": "found a workbook of a spreadsheet (xlsx, ods) or an archive",
    b"\xd0\xcf\x11\xe0": "found a workbook of a spreadsheet (xls)",
    b"\xff\xfe": "found UTF-16",
    b"\xfe\xff": "found UTF-16",
}
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)


@dataclass(frozen=True)
class Table:
    """The rows of a CSV file: line numbers for messages, cells by column name."""

    path: Path
    lines: list[int]
    cells: dict[str, list[str]]

    def error(self, row: int, column: str, found: str, allowed: str) -> InputError:
        """Say what was found in a cell and what is allowed there."""
        return InputError(
            f"{self.path}, line {self.lines[row]}, column {column}: "
            f"found {found}; allowed: {allowed}"
        )

    def error_of_group(self, column: str, name: str, found: str, allowed: str) -> InputError:
        """Say what was found of a group as a whole; it stands on its first line."""
        line = self.lines[self.cells[column].index(name)]
        return InputError(
            f"{self.path}, line {line}, group {name!r}: found {found}; allowed: {allowed}"
        )

    def names(self, column: str) -> list[str]:
        """Read a column of names, none of them blank."""
        for row, name in enumerate(self.cells[column]):
            if not name:
                raise self.error(row, column, "a blank", "a group's name")
            if not name.isprintable():
                raise self.error(row, column, repr(name), "a name of printable characters")
        return self.cells[column]

    def unique_names(self, column: str) -> tuple[str, ...]:
        """Read a column of names, no two alike."""
        names = self.names(column)
        first: dict[str, int] = {}
        for row, name in enumerate(names):
            # the same letters can be written in several ways, which nobody sees
            seen = first.setdefault(unicodedata.normalize("NFKC", name), row)
            if seen != row:
                otherwise = "" if names[seen] == name else f" as {names[seen]!a}, which looks alike"
                raise self.error(
                    row,
                    column,
                    f"{name!r} again (first on line {self.lines[seen]}{otherwise})",
                    "each group once a table; `by` names the column that tells tables apart",
                )
        return tuple(names)

    def numbers(
        self, column: str, allowed: str, accept: Callable[[float], bool] = lambda _: True
    ) -> NDArray[np.float64]:
        """Read a column of numbers.

        Parameters
        ----------
        column
            Its name.
        allowed
            What an error says is allowed.
        accept
            Whether a finite number is allowed.
        """
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

    def counts(self, column: str, least: int, most: str | None = None) -> NDArray[np.float64]:
        """Read a column of whole numbers.

        Parameters
        ----------
        column
            Its name.
        least
            The smallest that is allowed.
        most
            A column of numbers that bound them from above, row by row.
        """
        counts = self.numbers(
            column,
            f"a whole number, {least} or more (to {MOST_COUNTED:g})",
            lambda value: least <= value <= MOST_COUNTED and value == int(value),
        )
        if most is not None:
            for row, (count, limit) in enumerate(zip(counts, self.cells[most], strict=True)):
                if count > float(limit):
                    allowed = f"at most {most}, which is {limit}"
                    raise self.error(row, column, self.cells[column][row], allowed)
        return counts


def with_spaces(text: str) -> str:
    """Write no-break spaces as the spaces that people mean."""
    return text.translate(_NO_BREAK)


def read_csv(path: Path, choose: Callable[[list[str]], list[str]]) -> Table:
    """Read columns of a CSV file as text, blank lines left out.

    Parameters
    ----------
    path
        The file.
    choose
        From the names in its header to those of the columns wanted.

    Raises
    ------
    InputError
        The file cannot be read or has no such column, or no rows.
    """
    if found := not_a_file(path):
        raise InputError(f"{path}: {found}; allowed: a CSV file")
    try:
        # row by row: of a large file only these columns are held
        with intact(path).open(encoding="utf-8-sig", newline="") as file:
            table = _rows(path, file, choose)
    except UnicodeDecodeError:
        decoded(path, path.read_bytes())  # says what else the file is
        raise
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}; allowed: a CSV file that can be read"
        ) from None
    if not table.lines:
        raise InputError(f"{path}: found no rows below the header; allowed: 2 groups or more")
    return table


def _rows(path: Path, file: Iterable[str], choose: Callable[[list[str]], list[str]]) -> Table:
    reader = csv.reader(map(with_spaces, file), strict=True, skipinitialspace=True)
    lines: list[int] = []
    cells: dict[str, list[str]] = {}
    try:
        header = [name.strip() for name in next(reader, [])]
        columns = choose(header)
        _check_header(path, header, columns)
        cells = {name: [] for name in columns}
        places = [(header.index(name), cells[name]) for name in cells]
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise InputError(
                    f"{path}, line {reader.line_num}: found {len(row)} cells; "
                    f"allowed: {len(header)}, as in the header" + _why_more(row[len(header) :])
                )
            lines.append(reader.line_num)
            for place, column in places:
                cell = row[place].strip()
                # a name that many rows share is held once
                column.append(column[-1] if column and column[-1] == cell else cell)
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}: {error}; allowed: comma-separated values"
        ) from None
    return Table(path, lines, cells)


def decoded(path: str | Path, content: bytes) -> str:
    """Text of a file that should be UTF-8; what else it is, is told."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kinds = (found for start, found in STARTS.items() if content.startswith(start))
        found = next(kinds, f"byte {error.start} is not UTF-8 (Latin-1?)")
        raise InputError(f"{path}: {found}; allowed: a text file saved as UTF-8") from None


def _why_more(more: list[str]) -> str:
    """Why a row may have more cells than the header."""
    if not more:
        return ""
    return " (decimal commas? write points)" if any(more) else " (commas at the end of the row?)"


def _check_header(path: Path, header: list[str], columns: list[str]) -> None:
    if not any(header):
        raise InputError(f"{path}: found no header; allowed: columns {', '.join(columns)}")
    if len(header) == 1 and ";" in header[0]:
        raise InputError(f"{path}, line 1: found semicolons; allowed: commas between columns")
    if len(header) == 1 and "\t" in header[0]:
        raise InputError(f"{path}, line 1: found tabs; allowed: commas between columns")
    for name in columns:
        if header.count(name) == 0:
            raise InputError(
                f"{path}, line 1: column {name} is missing; found {', '.join(header)}; "
                f"allowed: {', '.join(columns)} (other names: set columns in the configuration)"
            )
        if header.count(name) > 1:
            raise InputError(f"{path}, line 1: column {name} is there twice; allowed: once")
