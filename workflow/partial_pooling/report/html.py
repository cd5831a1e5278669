"""Pieces of a report as HTML: tables, paragraphs, figures. All text is escaped here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from partial_pooling.grading.inference import Interval
from partial_pooling.report.svg import compact
from partial_pooling.words import NO_BREAK, Column, Format

MOST_ROWS = 1000  # of a table in a page
FEW_ROWS = 100  # of one that few read whole
IN_ADDRESS = {ord(c): f"%{ord(c):02X}" for c in '%#"&\n\r\t'}


class Html(str):
    """HTML that a notebook shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<HTML of {len(self):,} characters>"

    def _repr_html_(self) -> str:
        # Jupyter would typeset a group's name such as $x$ as a formula.
        return f'<div class="mathjax_ignore tex2jax_ignore">{self}</div>'


def joined(*parts: str) -> Html:
    """Pieces of HTML as one, which a notebook shows together."""
    return Html("".join(parts))


@dataclass(frozen=True)
class Shown:
    """A number of a table with HTML that shows it; it sorts, and is written to CSV, as the number.

    Attributes
    ----------
    value, html
        The number and what stands for it: HTML, or what makes that of the number as its column
        is written.
    """

    value: float
    html: Html | Callable[[str], Html]


def paragraphs(lines: Iterable[str]) -> Html:
    """Put each line that is not empty, HTML itself, in a paragraph."""
    return Html("".join(f"<p>{_unbroken(line)}</p>" for line in lines if line))


def folded(title: str, content: Html) -> Html:
    """Hide what few ask for below its title."""
    return Html(f'<details class="note"><summary>{title}</summary>{content}</details>')


def bold(text: str) -> Html:
    """Escape, and print in bold."""
    return Html(f"<b>{escape(text)}</b>")


def badge(passed: bool, text: str) -> Html:
    """Escape, and colour as passed or failed."""
    return Html(f'<strong class="badge {"pass" if passed else "fail"}">{escape(text)}</strong>')


def mark(passed: bool, text: str, section: str) -> Html:
    """Escape; a badge that leads to the section, by its anchor, that says more."""
    return Html(
        f'<a class="badge {"pass" if passed else "fail"}" href="#{section}">{escape(text)}</a> '
    )


def figure(
    name: str, svg: bytes, alternative: str, caption: str, narrow: bytes | None = None
) -> Html:
    """Embed an SVG with its caption and the text for those who do not see it.

    `narrow` takes its place on a narrow screen.
    """
    image = f'<img src="{_data_uri(svg)}" alt="{escape(alternative)}">'
    if narrow is not None:
        image = (
            f'<picture><source media="(max-width: 40rem)" srcset="{_in_set(narrow)}">'
            f"{image}</picture>"
        )
    return Html(
        f'<figure id="figure-{escape(name)}">'
        '<div class="frame" tabindex="0" role="region" '
        f'aria-label="Figure: {escape(name.replace("_", " "))}">{image}</div>'
        f"<figcaption>{_text(caption)}</figcaption></figure>"
    )


def _data_uri(svg: bytes) -> str:
    # A third shorter than base64; what would end the attribute or the address is escaped.
    return "data:image/svg+xml;charset=utf-8," + compact(svg.decode()).translate(IN_ADDRESS)


def _in_set(svg: bytes) -> str:
    # blanks part the addresses of a set
    return _data_uri(svg).replace(" ", "%20")


def table(
    frame: pd.DataFrame,
    formats: Mapping[str, Format | Column],
    caption: str,
    name: str,
    source: str = "",
    searchable: bool = False,
    stacks: bool = False,
    most: int = MOST_ROWS,
) -> Html:
    """Write a table that the page lets people sort, filter and take away as CSV.

    Parameters
    ----------
    frame
        The rows; the index is not shown.
    formats
        How to write the values of a column; others are written by `str`. A format may return
        `Html`, which is not escaped. An `Interval` stands below its value, in the same format;
        `Shown` may need none.
    caption
        What the table holds.
    name
        The table's id in the page and the name of its CSV file.
    source
        The file in the results folder that has all rows, for a table that may have more than
        `most`, of which the page shows the first.
    searchable
        Whether to offer a box that filters rows.
    stacks
        Whether on a narrow screen each row becomes a block of lines, with the columns' names.
    most
        Rows that the page shows.
    """
    if source and len(frame) > most:
        caption += f" The first {most:,} of {len(frame):,} rows; {source} has all."
        frame = frame.head(most)
    numeric = [
        pd.api.types.is_numeric_dtype(column)
        or all(isinstance(v, Shown | Interval) for v in column)
        for _, column in frame.items()
    ]
    head = "".join(
        f'<th scope="col"{_class(number)}>{_heading(str(column))}</th>'
        for column, number in zip(frame.columns, numeric, strict=True)
    )
    forms = formats_of(frame, formats)
    labels = [f' data-label="{_text(str(column))}"' if stacks else "" for column in frame.columns]
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_class(number)}{_raw(value, number)}{label}>{_cell(value, form)}</td>"
            for value, form, number, label in zip(row, forms, numeric, labels, strict=True)
        )
        + "</tr>"
        for row in frame.itertuples(index=False)
    )
    return Html(
        f'<div class="table" id="table-{name}" data-name="{name}"'
        f"{' data-searchable' if searchable else ''}{' data-long' if len(frame) > 20 else ''}"
        f"{' data-stacks' if stacks else ''}"
        f"{' data-wordy' if _longest(frame.iloc[:, 0]) > 16 else ''}>"
        f'<div class="frame" tabindex="0" role="region" aria-labelledby="caption-{name}">'
        f'<table aria-labelledby="caption-{name}"><thead><tr>{head}</tr></thead>'
        f'<tbody>{body}</tbody></table></div><p class="caption" id="caption-{name}">'
        f"{_text(caption)}</p></div>"
    )


def formats_of(frame: pd.DataFrame, formats: Mapping[str, Format | Column]) -> list[Format]:
    """How to write the cells of each column, in their order."""
    forms = []
    for name, cells in frame.items():
        form = formats.get(str(name), str)
        forms.append(form.of(map(_number, cells)) if isinstance(form, Column) else form)
    return forms


def _longest(column: pd.Series[Any]) -> int:
    return max((len(str(value)) for value in column), default=0)


def _heading(text: str) -> str:
    return re.sub(r"\w+-\w+", r'<span class="nobr">\g<0></span>', _text(text))


def _text(text: str) -> str:
    return escape(_unbroken(text))


def _unbroken(text: str) -> str:
    return re.sub("(?<=[≤≥]) | (?=%)", NO_BREAK, text)


def _class(number: bool) -> str:
    return ' class="number"' if number else ""


def _raw(value: Any, number: bool) -> str:
    """The value at full precision, to sort by and to write to CSV."""
    if not number:
        return ""
    value = _number(value)
    if isinstance(value, float):
        return f' data-value="{"" if math.isnan(value) else repr(float(value))}"'
    return f' data-value="{value}"'


def _number(value: Any) -> Any:
    return value.value if isinstance(value, Shown | Interval) else value


def _cell(value: Any, form: Format) -> str:
    if isinstance(value, Shown):
        if isinstance(value.html, Html):
            return value.html
        return value.html("–" if math.isnan(value.value) else form(value.value))
    if isinstance(value, Interval):
        text = escape(form(value.value)) if math.isfinite(value.value) else "–"
        ends = escape(f"{form(value.low)} to {form(value.high)}")
        return text if math.isnan(value.low) else f"{text} <small>{ends}</small>"
    if isinstance(value, float) and math.isnan(value):
        return "–"
    text = form(value)
    return text if isinstance(text, Html) else escape(text)
