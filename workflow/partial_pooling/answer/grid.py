"""Small tables for people: the same cells as text for a terminal and as HTML for a notebook."""

from __future__ import annotations

import html
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

GAP = "  "
UNBOUNDED = 1_000_000


@dataclass(frozen=True)
class Grid:
    """Cells in rows; the first column is text, the others stand to the right.

    Attributes
    ----------
    head
        Names of the columns.
    rows
        A cell a column; a row of one cell is a line about those that follow.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """Lines whose columns stand below each other.

        What is wider than the terminal has its widest cells on several lines, if that helps.
        """
        rows = [self.head, *self.rows]
        columns = list(zip(*(row for row in rows if not self._is_line(row)), strict=True))
        widths = [max(map(width, cells)) for cells in columns]
        least = [max(map(_least, cells)) for cells in columns]
        most = room() - len(GAP) * (len(widths) - 1)
        while sum(least) <= most < sum(widths):
            spare = [w if w > shortest else 0 for w, shortest in zip(widths, least, strict=True)]
            widths[spare.index(max(spare))] -= 1
        lines = []
        for row in rows:
            if self._is_line(row):
                lines += broken(row[0], room())
                continue
            for cells in zip_longest(*map(broken, row, widths), fillvalue=""):
                first, *others = zip(cells, widths, strict=True)
                padded = [first[0] + " " * (first[1] - width(first[0]))]
                padded += [" " * (w - width(cell)) + cell for cell, w in others]
                lines.append(GAP.join(padded).rstrip())
        return "\n".join(lines)

    def _is_line(self, row: Sequence[str]) -> bool:
        return len(row) < len(self.head)

    def html(self) -> str:
        """A table element; notebooks style it."""
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in self.head)
        body = "".join(
            f'<tr><th colspan="{len(self.head)}">{html.escape(row[0])}</th></tr>'
            if self._is_line(row)
            else "<tr>"
            + "".join(
                f"<{tag}>{html.escape(cell)}</{tag}>"
                for tag, cell in zip(["th", *["td"] * (len(row) - 1)], row, strict=True)
            )
            + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def room() -> int:
    """Columns of the terminal that is written to; any number of a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBOUNDED


def filled(lines: Iterable[str]) -> list[str]:
    """Sentences in lines that the terminal holds."""
    return [part for line in lines for part in textwrap.wrap(line, room()) or [""]]


def words(cell: str) -> list[str]:
    """What stays together where a cell is broken; an interval in brackets does."""
    return re.findall(r"\([^()]*\)(?!\S)|\S+", cell) or [""]


def broken(cell: str, most: int) -> list[str]:
    """A cell in lines of at most so many columns, where its words allow it."""
    if width(cell) <= most:
        return [cell]
    indent = " " * (len(cell) - len(cell.lstrip()))
    lines, line = [], ""
    for word in words(cell):
        longer = f"{line} {word}" if line else indent + word
        if width(longer) > most and line:
            lines.append(line)
            longer = indent + word
        line = longer
    return [*lines, line]


def _least(cell: str) -> int:
    """Columns that a cell takes at least."""
    return max(map(width, broken(cell, 0)))


def width(text: str) -> int:
    """Columns of a terminal that a text takes: wide letters two, those that combine none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def cut(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
