"""A figure of the results folder, as a section shows it."""

from __future__ import annotations

from typing import NamedTuple

from partial_pooling.figures import registry
from partial_pooling.report import html
from partial_pooling.report.captions import caption
from partial_pooling.report.html import Html
from partial_pooling.report.results import Results

NARROW = {figure.name: figure.narrow for figure in registry.FIGURES if figure.narrow}


class Figure(NamedTuple):
    """A figure's place in a section, by its file's name without the ending."""

    name: str


def figure(report: Results, name: str) -> Html:
    """Show a figure of the results folder, embedded, with its caption; nothing if it is empty."""
    words, narrow = caption(report, name), NARROW.get(name)
    if words is None:
        return Html("")
    return html.figure(name, report.svg(name), *words, report.svg(narrow) if narrow else None)
