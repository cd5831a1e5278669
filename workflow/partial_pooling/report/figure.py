"""A figure of the results folder, as a section shows it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from partial_pooling.figures import registry
from partial_pooling.files import intact
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
    words = caption(report, name)
    if words is None:
        return Html("")
    return embedded(report.folder / "figures", name, words, NARROW.get(name, ""))


def embedded(folder: Path, name: str, words: tuple[str, str], narrow: str) -> Html:
    """Show an SVG of a folder, embedded.

    Parameters
    ----------
    folder, name
        Where it lies, and its name without the ending.
    words
        For those who do not see it, and its caption.
    narrow
        Name of that which takes its place on a narrow screen; may be empty.
    """
    wide, *other = (intact(folder / f"{each}.svg").read_bytes() for each in (name, narrow) if each)
    return html.figure(name, wide, *words, *other)
