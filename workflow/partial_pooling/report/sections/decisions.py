"""Which groups, and how surely: probabilities to be above a value, and ranks."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, bold, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import count, fixed, percent, significant, symbol

TITLE = "Which groups, and how surely"


def finding(report: Results) -> str:
    """How probable it is that the mean, a new group and each group are above c."""
    chance, c = report.decisions["probability"], above_words(report)
    thetas = chance[[v for v in chance.index if v.startswith("theta[")]]
    sure = int((thetas > 0.975).sum()), int((thetas < 0.025).sum())
    return (
        f"The probability that the common mean μ is above {escape(c)} is "
        f"<b>{percent(chance['mu'])}</b>; that the θ of a new group is, "
        f"<b>{percent(chance['theta_new'])}</b>. Of {count(len(thetas), 'group')}, "
        f"{sure[0]:,} {'has its' if sure[0] == 1 else 'have their'} θ above it with a "
        f"probability of more than 97.5 %, {sure[1]:,} below it."
    )


def decision_words(report: Results) -> Html:
    """Where the c comes from."""
    return paragraphs([escape(chosen_words(report))])


def above_words(report: Results) -> str:
    """The c of the decision as people read it."""
    c = report.above
    if report.reading:
        read = significant(3)(float(report.reading.read(np.array(c))))
        return f"{report.units(c)} ({report.reading.name} {read})"
    return report.units(c)


def chosen_words(report: Results) -> str:
    """Where the c comes from."""
    if report.dataset.get("decide", {}).get("above") is not None:
        return "The study asks for this value (decide.above)."
    if report.measure and report.measure.null is not None:
        return f"There the {report.measure.label} is no effect; decide.above asks for another."
    return "Nothing says which value matters, so it is 0; decide.above asks for another."


def rank_words(report: Results) -> Html:
    """Which group is most probably first and last."""
    ranks = report.ranks
    if len(ranks) < 2 or ranks["expected_rank"].isna().any():
        return paragraphs(["Ranks are not computed of so many groups." if len(ranks) > 1 else ""])
    first, last = most_likely(ranks["first"]), most_likely(ranks["last"])
    low, high = (fixed(1)(end(ranks["expected_rank"])) for end in (min, max))
    return paragraphs(
        [
            f"Rank 1 is the largest θ. {bold(first[0])} is most often first ({percent(first[1])}), "
            f"{bold(last[0])} most often last ({percent(last[1])}). Expected ranks go from {low} "
            f"to {high}; if nothing told the groups apart, each would be "
            f"{fixed(1)((len(ranks) + 1) / 2)}."
        ]
    )


def most_likely(chance: pd.Series[float]) -> tuple[str, float]:
    """The group of the greatest probability, and that."""
    return str(chance.idxmax()), float(chance.max())


def decision_table(report: Results) -> Html:
    """Each group's probability to be above c, its expected rank, to be first and last."""
    ranks = report.ranks.loc[list(report.groups.names)]
    rows = [f"theta[{name}]" for name in report.groups.names]
    chance = report.decisions["probability"]
    frame = pd.DataFrame(
        {
            "group": report.groups.names,
            "P(θ > c)": chance[rows].to_numpy(),
            "expected rank": ranks["expected_rank"].to_numpy(),
            "P(first)": ranks["first"].to_numpy(),
            "P(last)": ranks["last"].to_numpy(),
        }
    )
    formats = dict.fromkeys(("P(θ > c)", "P(first)", "P(last)"), percent)
    return table(
        frame,
        {**formats, "expected rank": fixed(2)},
        f"Exact probability that each θ is above c = {above_words(report)}, and its rank, 1 being "
        f"the largest. {symbol('mu')}: {percent(chance['mu'])}; a new group: "
        f"{percent(chance['theta_new'])}.",
        "decisions",
        "ranks.csv",
    )


CONTENT = (
    decision_words,
    rank_words,
    Figure("ranks"),
    decision_table,
)
