"""The report's sections in their order, and the notebook that shows them.

A section is a module with `TITLE`, its heading; `finding`, a function of `Results` that gives the
sentence it opens with, empty where the section does not apply; and `CONTENT`, in the order of the
page: Markdown, functions of `Results` that give HTML, and figures. After a change of it or of
`CHAPTERS`, `report.generated` writes the notebook anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby
from types import ModuleType
from typing import Any, NamedTuple

import nbformat

from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html
from partial_pooling.report.results import Results
from partial_pooling.report.sections import (
    accuracy,
    calibration,
    classical,
    cost,
    decisions,
    fit,
    fits,
    funnel,
    groups,
    influence,
    intervals,
    lecture,
    likelihood,
    methods,
    model,
    numbers,
    origin,
    parametrization,
    prior,
    priors,
    sampling,
    summary,
)

type Part = str | Figure | Callable[[Results], Html]


class Chapter(NamedTuple):
    """Sections that answer one reader's questions.

    Attributes
    ----------
    title
        As the contents have it.
    sections
        In their order.
    folded
        Whether the page shows of each only how it opens, until the rest is asked for.
    """

    title: str
    sections: tuple[ModuleType, ...]
    folded: bool = False


# Before them stands the first screen, `summary`.
CHAPTERS: tuple[Chapter, ...] = (
    Chapter("The answer", (groups, decisions)),
    Chapter(
        "What could change it",
        (prior, priors, influence, fit, likelihood),
    ),
    Chapter(
        "Would sampling have told you?",
        (sampling, funnel, accuracy, cost, parametrization),
        folded=True,
    ),
    Chapter("Calibration", (calibration,), folded=True),
    Chapter("Methods", (methods, model, classical, intervals, lecture), folded=True),
    Chapter("All numbers", (numbers, fits, origin), folded=True),
)
SECTIONS: tuple[ModuleType, ...] = (
    summary,
    *(section for chapter in CHAPTERS for section in chapter.sections),
)
PARAMETERS = 'results = "results/eight_schools"  # folder of one data set\'s results'


def notebook() -> nbformat.NotebookNode:
    """Build the notebook: what stands between two pieces of Markdown is a cell.

    It computes nothing itself. A cell's metadata say which section and chapter it is of, and
    whether the page folds it.
    """
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    names = ",\n    ".join(sorted(_name(section) for section in SECTIONS))
    first = (
        "from partial_pooling.report.figure import figure\n"
        "from partial_pooling.report.html import joined\n"
        "from partial_pooling.report.results import Results\n"
        "from partial_pooling.report.section import opening\n"
        f"from partial_pooling.report.sections import (\n    {names},\n)\n\n"
        "report = Results.find(results)\n"
    )
    whole.cells = [
        nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        *_cells([_call(summary, part) for part in summary.CONTENT], {}),
    ]
    whole.cells[1].source = first + whole.cells[1].source
    for chapter in CHAPTERS:
        for section in chapter.sections:
            place = {
                "section": _name(section),
                "chapter": chapter.title,
                "folded": chapter.folded,
            }
            calls = [_call(section, part) for part in section.CONTENT]
            whole.cells += _cells([f"opening(report, {_name(section)})", *calls], place)
    for number, cell in enumerate(whole.cells):
        cell.id = f"cell-{number}"
    return whole


def _cells(parts: list[str | _Markdown], metadata: dict[str, Any]) -> list[nbformat.NotebookNode]:
    cells = []
    for is_markdown, group in groupby(parts, key=lambda part: isinstance(part, _Markdown)):
        if is_markdown:
            cells += [
                nbformat.v4.new_markdown_cell(str(part), metadata=dict(metadata)) for part in group
            ]
            continue
        calls = list(group)
        lines = "".join(f"    {call},\n" for call in calls)
        source = f"joined(\n{lines})" if len(calls) > 1 else str(calls[0])
        cells.append(nbformat.v4.new_code_cell(source, metadata=dict(metadata)))
    return cells


class _Markdown(str):
    """Prose of a section; another string is a call."""

    __slots__ = ()


def _call(section: ModuleType, part: Part) -> str | _Markdown:
    if isinstance(part, str):
        return _Markdown(_unwrapped(part))
    if isinstance(part, Figure):
        return f'figure(report, "{part.name}")'
    return f"{_name(section)}.{part.__name__}(report)"


def _name(section: ModuleType) -> str:
    return section.__name__.rpartition(".")[2]


def _unwrapped(markdown: str) -> str:
    """Join the lines of each paragraph."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", markdown)
