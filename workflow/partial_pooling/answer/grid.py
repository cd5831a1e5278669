"""Small tables for people: the same cells as text for a terminal and as HTML for a notebook."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

GAP = "  "


@dataclass(frozen=True)
class Grid:
    """Cells in rows; the first column is text, the others stand to the right.

    Attributes
    ----------
    head
        Names of the columns.
    rows
        A cell a column.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """Lines whose columns stand below each other."""
        lines = [self.head, *self.rows]
        widths = [max(width(line[k]) for line in lines) for k in range(len(self.head))]
        return "\n".join(
            GAP.join(
                cell + " " * (w - width(cell)) if k == 0 else " " * (w - width(cell)) + cell
                for k, (cell, w) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )

    def html(self) -> str:
        """A table element; notebooks style it."""
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in self.head)
        body = "".join(
            "<tr>"
            + "".join(
                f"<{tag}>{html.escape(cell)}</{tag}>"
                for tag, cell in zip(["th", *["td"] * (len(row) - 1)], row, strict=True)
            )
            + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def width(text: str) -> int:
    """Columns of a terminal that a text takes: wide letters two, those that combine none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def cut(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
