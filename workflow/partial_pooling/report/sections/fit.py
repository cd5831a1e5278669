"""Does the model fit? Evidence for tau = 0, and posterior predictive checks."""

from __future__ import annotations

import math
from html import escape

from partial_pooling.report.html import Html, paragraphs
from partial_pooling.report.results import Results
from partial_pooling.words import fixed, listed, percent, significant

FARTHEST = 700.0  # log of a ratio that is still a float
MANY = 1e6  # of a ratio: further digits tell nobody more
EXTREME = 0.025  # of a p-value, to either side
CHECKS = {
    "spread": "as wide a spread (Cochran's Q)",
    "largest": "as large a largest estimate",
    "smallest": "as small a smallest estimate",
}


TITLE = "Does the model fit?"


def evidence_words(report: Results) -> Html:
    """How much the data speak for tau = 0, and how much of that is the prior's."""
    if why := report.fit["undefined"].get("evidence"):
        return paragraphs([f"Evidence for τ = 0 against τ > 0: {escape(why)}."])
    ratios = {
        width: math.exp(min(max(log, -FARTHEST), FARTHEST))
        for width, log in report.fit["log_evidence_ratio"].items()
    }
    own = ratios["own"]
    favoured = "τ = 0" if own > 1 else "τ > 0"
    least, most = min(ratios.values()), max(ratios.values())
    turns = least < 1 < most
    return paragraphs(
        [
            f"The data are {times(max(own, 1 / own))} times as probable under {favoured} as under "
            f"{'τ > 0' if own > 1 else 'τ = 0'} with the study's prior of τ (Bayes factor of τ = "
            f"0: {significant(2)(own)}). With that prior half as wide it is "
            f"{significant(2)(ratios['half'])}, with twice its width "
            f"{significant(2)(ratios['double'])}"
            + (": the prior decides which of the two they favour." if turns else ".")
        ]
    )


def times(ratio: float) -> str:
    """A ratio of 1 or more, with a decimal while it is small."""
    if ratio > MANY:
        return "more than a million"
    return fixed(1)(ratio) if ratio < 10 else significant(2)(ratio)


def finding(report: Results) -> str:
    """Whether new data of the model would be spread as these are."""
    if why := report.fit["undefined"].get("checks"):
        return f"Posterior predictive checks: {escape(why)}."
    found = {name: p for name, p in report.fit["p_values"].items() if p is not None}
    odd = [CHECKS[name] for name, p in found.items() if not EXTREME <= p <= 1 - EXTREME]
    each = listed([f"{CHECKS[name]} in {percent(p)}" for name, p in found.items()])
    drawn = int(report.fit["replicates"])
    how = "with the same standard errors" if not drawn else "of the same size"
    sure = "exact"
    if drawn:
        sure = f"from {drawn:,} replicates, each known to {_known(found, drawn)}"
    return (
        f"New groups of the same population, {how}, would have {each} of cases (posterior "
        f"predictive p-values, {sure}). "
    ) + (
        f"The model does not fit in this: {listed(odd)}."
        if odd
        else "Each lies between 2.5 and 97.5 %: these checks find no misfit."
    )


def _known(shares: dict[str, float], drawn: int) -> str:
    """Twice the largest Monte Carlo standard error."""
    error = max(math.sqrt(p * (1 - p) / drawn) for p in shares.values())
    return f"{fixed(1)(200 * error)} points"


CONTENT = (evidence_words,)
