"""Accuracy against draws, and what target_accept buys."""

from __future__ import annotations

import math
from html import escape

import numpy as np
import pandas as pd

from partial_pooling.grading.grades import HONEST
from partial_pooling.grading.inference import mean_interval
from partial_pooling.report.findings import GRADE_WORDS, error_words
from partial_pooling.report.html import Html, Shown, bold, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import Format, percent, significant, some_of, symbol


def accuracy_words(report: Results) -> Html:
    """How far off estimates are at the largest number of draws, and how error falls."""
    lines = []
    last = report.estimates[report.estimates["draws"] == report.draws]
    for model, fits in report.last.groupby("model", sort=False):
        mine = last[last["model"] == model]
        worst = []
        for key, (name, _, form) in GRADE_WORDS.items():
            if key == HONEST or mine[key].isna().all():
                continue
            row = mine.iloc[int(np.nanargmax(mine[key].to_numpy()))]
            unit = " exact sd" if key == "error_mean" else ""
            worst.append(f"{name} {form(row[key])}{unit} ({escape(symbol(str(row['variable'])))})")
        lines.append(
            f"{bold(str(model))}: {some_of(int(fits['accurate'].sum()), len(fits), 'fit')} at "
            f"{report.draws:,} draws a chain {'is' if len(fits) == 1 else 'are'} accurate. "
            f"Largest {'; '.join(worst)}. {error_words(report.estimates, str(model))}"
        )
    return paragraphs(lines)


def target_accept_table(report: Results) -> Html:
    """What raising target_accept buys and costs, with errors over seeds."""
    columns: dict[str, tuple[str, Format]] = {
        "step_size": ("step size", significant(2)),
        "divergence_rate": ("divergence rate", percent),
        "ess_bulk_min": ("smallest bulk ESS", significant(3)),
        "gradients": ("gradient evaluations", significant(3)),
        "ess_per_1000_gradients": ("ESS per 1,000 gradients", significant(3)),
    }
    rows = []
    for (model, accept), fits in report.last.groupby(["model", "target_accept"], sort=False):
        row = {"model": model, "target_accept": accept}
        for column, (name, form) in columns.items():
            interval = mean_interval(fits[column]).within(0)
            bounds = f"{form(interval.low)} to {form(interval.high)}"
            spread = "" if math.isnan(interval.low) else f" <small>{bounds}</small>"
            row[name] = Shown(interval.value, Html(f"{form(interval.value)}{spread}"))
        rows.append(row)
    return table(
        pd.DataFrame(rows),
        {"target_accept": "{:g}".format},
        f"What a target_accept buys and costs, at {report.draws:,} draws a chain: means over "
        "seeds, with 95 % intervals (Student's t) where there are several that differ. A "
        "gradient evaluation is one leapfrog step, tuning included.",
        "target_accept",
    )
