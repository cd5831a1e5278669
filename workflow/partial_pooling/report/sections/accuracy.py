"""How far off estimates are, and how their error falls with draws."""

from __future__ import annotations

from html import escape

import numpy as np

from partial_pooling.grading.grades import HONEST
from partial_pooling.report.figure import Figure
from partial_pooling.report.findings import GRADE_WORDS, error_words
from partial_pooling.report.html import Html, bold, paragraphs
from partial_pooling.report.results import Results
from partial_pooling.words import count, symbol

TITLE = "Accuracy against draws"


def finding(report: Results) -> str:
    """How many fits of each model are accurate at the largest number of draws."""
    each = [
        f"{bold(str(model))} in {int(fits['accurate'].sum())} of {count(len(fits), 'fit')}"
        for model, fits in report.last.groupby("model", sort=False)
    ]
    return f"At {report.draws:,} draws a chain estimates are accurate: {'; '.join(each)}."


def accuracy_words(report: Results) -> Html:
    """How far off estimates are at the largest number of draws, and how error falls."""
    lines = []
    last = report.estimates[report.estimates["draws"] == report.draws]
    for model in report.models:
        mine = last[last["model"] == model]
        worst = []
        for key, (name, _, form) in GRADE_WORDS.items():
            if key == HONEST or mine[key].isna().all():
                continue
            row = mine.iloc[int(np.nanargmax(mine[key].to_numpy()))]
            unit = " exact sd" if key == "error_mean" else ""
            worst.append(f"{name} {form(row[key])}{unit} ({escape(symbol(str(row['variable'])))})")
        lines.append(
            f"{bold(model)}: largest {'; '.join(worst)}. {error_words(report.estimates, model)}"
        )
    return paragraphs(lines)


CONTENT = (
    r"""The Monte Carlo standard error (MCSE) of an estimate says how far it should be from the
exact value, given how many effective draws it rests on. In the figure, $z$ is the true error of a
mean in units of its MCSE.""",
    accuracy_words,
    Figure("z_scores"),
    Figure("error"),
    Figure("estimates"),
)
