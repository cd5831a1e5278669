"""What an alarm is worth where the answer is known: rates over simulated tables like the data."""

from __future__ import annotations

from typing import Any

import pandas as pd

from partial_pooling.families.normal import NORMAL
from partial_pooling.grading.grades import CHECKS
from partial_pooling.grading.rates import ANY, nearest, shipped
from partial_pooling.grading.scorecard import ALL
from partial_pooling.report.findings import CHECK_WORDS
from partial_pooling.report.html import Html, joined, paragraphs
from partial_pooling.report.results import Results
from partial_pooling.report.scorecard_tables import Tabled, interval, share
from partial_pooling.sampling.settings import ChainSettings
from partial_pooling.study.settings import Thresholds
from partial_pooling.words import NO_BREAK, count, first_upper, significant

RESTS_ON = ("honest_level", "tolerance_mean", "tolerance_share", *(key for _, key, _ in CHECKS))


def rates_like(report: Results) -> pd.DataFrame:
    """Rows of the scorecard's rates for tables like these, a model and alarm; none if it has none.

    It has the normal family, at the default thresholds and number of chains.
    """
    rates, default = shipped(), Thresholds()
    alike = (
        report.family == NORMAL.name
        and report.settings["sampling"]["chains"] == ChainSettings().chains
        and all(report.threshold(key) == getattr(default, key) for key in RESTS_ON)
    )
    if not alike:
        return rates.iloc[:0]
    ratio = report.value("tau", "q50") / NORMAL.typical_error(report.groups)
    return nearest(rates, len(report.groups), ratio, report.draws)


def alarm_rates(report: Results) -> Html:
    """How often a fit with an alarm was wrong, and one without, over tables like these."""
    rows = rates_like(report)
    if rows.empty:
        return Html("")
    whole = rows[rows["model"] == ALL]
    of_models: Any = rows[rows["alarm"] == ANY].set_index("model")
    first = of_models.loc[ALL]
    told = [
        f"Over simulated tables like these ({first['groups']} groups, τ about "
        f"{significant(2)(first['ratio'])} typical errors, {first['draws']:,} draws a chain; "
        f"{count(_fits(first), 'fit')} of {count(int(first['tables']), 'table')} by "
        f"{len(of_models) - 1} models) {_told(first, 'a fit')}.",
        " ".join(
            first_upper(f"{_told(of_models.loc[model], f'a {model} fit')}.")
            for model in report.models
            if model in of_models.index
        ),
    ]
    raised = whole[whole["raised"] > 0]
    frame = pd.DataFrame(
        {
            "alarm": [CHECK_WORDS[a][0] if a != ANY else "any alarm" for a in raised["alarm"]],
            "fits with it": raised["raised"].to_numpy(),
        }
    )
    for name, words in (
        ("wrong_if_raised", "wrong with it"),
        ("wrong_if_quiet", "wrong without it"),
        ("caught", "of wrong fits, caught"),
        ("false_alarm", "of the others, false alarms"),
    ):
        cells = [interval(row, name) for _, row in raised.iterrows()]
        frame[words] = pd.Series(cells, dtype=object).to_numpy()
    table = Tabled(
        "alarm_rates",
        frame,
        "What each alarm said of these simulated fits, with 95 % intervals; wrong is not honest. "
        "They are the part of the scorecard (docs/scorecard.md) that is nearest to these data.",
        {},
    )
    return joined(paragraphs(told), table.html() if len(frame) else Html(""))


def _told(row: Any, subject: str) -> str:
    """How often a fit with an alarm was wrong, and one without."""
    without = f"without an alarm was wrong in {_of_100(row, 'wrong_if_quiet')}"
    if not row["raised"]:
        return f"{subject} {without}; none had one"
    with_one = f"{subject} with an alarm was wrong in {_of_100(row, 'wrong_if_raised')}"
    return f"{with_one}; " + ("all had one" if row["raised"] == _fits(row) else f"one {without}")


def _fits(row: Any) -> int:
    return int(row["bad"] + row["good"])


def _of_100(row: Any, name: str) -> str:
    value, low, high = (share(v).removesuffix(f"{NO_BREAK}%") for v in interval(row, name))
    return f"{value} of 100 cases ({low} to {high})"
