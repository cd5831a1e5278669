"""Which groups, and how surely: probabilities to be above a value, and ranks."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

import numpy as np
import pandas as pd

from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, bold, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import count, fixed, percent, significant, symbol

TITLE = "Which groups, and how surely"


def finding(report: Results) -> str:
    """How probable it is that the mean, a new group and each group are above c."""
    chance, told = report.decisions["probability"], side(report)
    thetas = chance[[v for v in chance.index if v.startswith("theta[")]]

    def few(number: int) -> str:
        return f"{number:,}" if number else "none"

    sure = int((thetas > 0.975).sum()), int((thetas < 0.025).sum())
    return (
        f"The probability that {escape(told.words)} is <b>{told.of(chance['mu'])}</b>; that a new "
        f"group's is, <b>{told.of(chance['theta_new'])}</b>. Of {count(len(thetas), 'group')}, "
        f"{few(sure[0])} {'is' if sure[0] < 2 else 'are'} above {escape(told.value)} with a "
        f"probability of more than 97.5 %, {few(sure[1])} below it."
    )


class Side(NamedTuple):
    """The side of c on which most of mu is, as people read it.

    Attributes
    ----------
    above
        Whether it is above.
    what, value
        What is compared, μ or what people read in its place, and with what.
    """

    above: bool
    what: str
    value: str

    @property
    def name(self) -> str:
        """As in P(μ > 0)."""
        return f"P({self.what} {'>' if self.above else '<'} {self.value})"

    @property
    def words(self) -> str:
        """As in "μ is above 0"."""
        what = "the common mean μ" if self.what == "μ" else f"the pooled {self.what}"
        return f"{what} is {'above' if self.above else 'below'} {self.value}"

    def share(self, above: float) -> float:
        """The probability to be on this side, from that to be above."""
        return above if self.above else 1 - above

    def of(self, above: float) -> str:
        """The same in percent."""
        return percent(self.share(above))


def side(report: Results) -> Side:
    """On which side of c most of mu is."""
    c = float(report.reading.read(np.array(report.above))) if report.reading else report.above
    return Side(
        float(report.decisions["probability"]["mu"]) >= 0.5,
        report.reading.name if report.reading else "μ",
        f"{c:.3g}".replace("-", "−"),
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
        return (
            f"A {report.measure.label} of {report.above:g} means no effect; decide.above of the "
            "study asks for another value."
        )
    return (
        "Nothing says which value matters, so it is 0; decide.above of the study asks for another."
    )


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
