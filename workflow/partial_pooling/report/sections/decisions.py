"""Which groups, and how surely: probabilities to be above a value, and ranks."""

from __future__ import annotations

from html import escape

import pandas as pd

from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, bold, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.report.side import above_words, side
from partial_pooling.words import CHANCES, chance, count, fixed, symbol

TITLE = "Which groups, and how surely"
TIE = 1e-5  # probabilities of ranks are known so well


def finding(report: Results) -> str:
    """How probable it is that the mean, a new group and each group are above c."""
    above, told = report.decisions["probability"], side(report)
    thetas = above[[v for v in above.index if v.startswith("theta[")]]

    def few(number: int) -> str:
        return f"{number:,}" if number else "none"

    sure = int((thetas > 0.975).sum()), int((thetas < 0.025).sum())
    return (
        f"The probability that {escape(told.words)} is <b>{told.of(above['mu'])}</b>; that a new "
        f"group's is, <b>{told.of(above['theta_new'])}</b>. Of {count(len(thetas), 'group')}, "
        f"{few(sure[0])} {'is' if sure[0] < 2 else 'are'} above {escape(told.value)} with a "
        f"probability of more than 97.5 %, {few(sure[1])} below it."
    )


def decision_words(report: Results) -> Html:
    """Where the c comes from."""
    return paragraphs([escape(chosen_words(report))])


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
    low, high = (fixed(1)(end(ranks["expected_rank"])) for end in (min, max))
    return paragraphs(
        [
            f"Rank 1 is the largest θ. {_most_often('first', ranks['first'])}; "
            f"{_most_often('last', ranks['last'])}. Expected ranks go from "
            f"{low} to {high}; if nothing told the groups apart, each would be "
            f"{fixed(1)((len(ranks) + 1) / 2)}."
        ]
    )


def _most_often(place: str, shares: pd.Series[float]) -> str:
    """Which group is most probably at an end, or that several are alike."""
    first, second = shares.nlargest(2)
    if first - second > TIE:
        following = chance(second) if chance(second) != chance(first) else "hardly less"
        return (
            f"{bold(str(shares.idxmax()))} is most often {place} ({escape(chance(first))}, the "
            f"next {escape(following)})"
        )
    return f"no group alone is most often {place}: two or more are with {escape(chance(first))}"


def decision_table(report: Results) -> Html:
    """Each group's probability to be above c, its expected rank, to be first and last."""
    ranks = report.ranks.loc[list(report.groups.names)]
    rows = [f"theta[{name}]" for name in report.groups.names]
    beyond = side(report)
    share = beyond.share(report.decisions["probability"])
    name = f"P(θ {beyond.sign} c)"
    frame = pd.DataFrame(
        {
            "group": report.groups.names,
            name: share[rows].to_numpy(),
            "expected rank": ranks["expected_rank"].to_numpy(),
            "P(first)": ranks["first"].to_numpy(),
            "P(last)": ranks["last"].to_numpy(),
        }
    )
    formats = dict.fromkeys((name, "P(first)", "P(last)"), CHANCES)
    return table(
        frame,
        {**formats, "expected rank": fixed(2)},
        f"Exact probability that each θ is {beyond.word} c = {above_words(report)}, and its rank, "
        f"1 being the largest. {symbol('mu')}: {chance(share['mu'])}; a new group: "
        f"{chance(share['theta_new'])}.",
        "decisions",
        "ranks.csv",
        stacks=True,
    )


CONTENT = (
    decision_words,
    rank_words,
    Figure("ranks"),
    decision_table,
)
