"""The report's sections in their order, and the notebook that shows them.

A section is a module with `CONTENT`, in the order of the page: Markdown, functions of `Results`
that give HTML, and figures. After a change of it or of `SECTIONS`, `report.generated` writes the
notebook anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType

import nbformat

from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html
from partial_pooling.report.results import Results
from partial_pooling.report.sections import (
    accuracy,
    answer,
    calibration,
    cost,
    fits,
    funnel,
    lecture,
    likelihood,
    numbers,
    origin,
    parametrization,
    question,
    sampling,
    shrinkage,
    summary,
)

type Part = str | Figure | Callable[[Results], Html]

SECTIONS: tuple[ModuleType, ...] = (
    summary,
    question,
    answer,
    likelihood,
    sampling,
    funnel,
    accuracy,
    cost,
    parametrization,
    shrinkage,
    numbers,
    calibration,
    lecture,
    fits,
    origin,
)
PARAMETERS = 'results = "results/eight_schools"  # folder of one data set\'s results'


def notebook() -> nbformat.NotebookNode:
    """Build the notebook: a cell for each part of each section; it computes nothing itself."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    names = ",\n    ".join(sorted(_name(section) for section in SECTIONS))
    opening = (
        "from partial_pooling.report.figure import figure\n"
        "from partial_pooling.report.results import Results\n"
        f"from partial_pooling.report.sections import (\n    {names},\n)\n\n"
        "report = Results.find(results)\n"
    )
    whole.cells = [nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})]
    for section in SECTIONS:
        for part in section.CONTENT:
            if isinstance(part, str):
                whole.cells.append(nbformat.v4.new_markdown_cell(_unwrapped(part)))
                continue
            if isinstance(part, Figure):
                call = f'figure(report, "{part.name}")'
            else:
                call = f"{_name(section)}.{part.__name__}(report)"
            whole.cells.append(nbformat.v4.new_code_cell(opening + call))
            opening = ""
    for number, cell in enumerate(whole.cells):
        cell.id = f"cell-{number}"
    return whole


def _name(section: ModuleType) -> str:
    return section.__name__.rpartition(".")[2]


def _unwrapped(markdown: str) -> str:
    """Join the lines of each paragraph."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", markdown)
