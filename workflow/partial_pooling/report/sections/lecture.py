"""The lecture "Gelman Schools Theory" beside a study of its data and priors."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from partial_pooling.report import lecture
from partial_pooling.report.findings import divergence_words, error_words, neck_shares, percent_with
from partial_pooling.report.html import Html, table
from partial_pooling.report.results import Results
from partial_pooling.words import fixed, percent, signed, symbol

TRANSITIONS = lecture.CHAINS * lecture.DRAWS


TITLE = "The lecture, and five slips in it"


def finding(report: Results) -> str:
    """That these are the lecture's data; empty where they are not."""
    if not lecture.applies(report.groups, report.prior):
        return ""
    return (
        "These are the data and priors of the lecture “Gelman Schools Theory”, which samples the "
        f"noncentered model and quotes E[log τ] = {lecture.QUOTED_LOG_TAU}; exact is "
        f"{report.value('log_tau'):.7f}."
    )


def compare(results: Results) -> Html:
    """Set the lecture's statements beside ours; nothing where the data are not the lecture's."""
    if not lecture.applies(results.groups, results.prior):
        return Html("")
    items = "".join(f"<li>{slip}</li>" for slip in _slips(results))
    statements = pd.DataFrame(_statements(results), columns=["about", "the lecture", "this study"])
    return Html(
        table(
            statements,
            {},
            "Statements of the lecture beside this study's numbers at its largest number of draws.",
            "lecture",
        )
        + f"<p>Where the lecture errs:</p><ol>{items}</ol>"
    )


def _statements(results: Results) -> list[tuple[str, str, str]]:
    rows = [
        (
            "E[log τ]",
            f"{lecture.QUOTED_LOG_TAU}, “the true value”",
            f"{results.value('log_tau'):.7f}, exact",
        )
    ]
    if "noncentered" not in results.models:
        return rows
    fits = results.lowest("noncentered")
    accept = fits["target_accept"].iloc[0]
    mine = results.estimates[
        (results.estimates["model"] == "noncentered")
        & (results.estimates["draws"] == results.draws)
        & (results.estimates["target_accept"] == accept)
    ]
    ess = mine.groupby("variable")["ess_bulk"].mean()
    rows += [
        (
            "R-hat",
            f"{fixed(3)(lecture.R_HAT)} for every variable ({lecture.CHAINS} chains)",
            f"{fixed(3)(fits['r_hat_max'].max())}, the largest of any variable and seed",
        ),
        (
            f"effective draws, of {TRANSITIONS:,} there and {results.transitions:,} here",
            _listed(lecture.EFFECTIVE_DRAWS),
            _listed({name: ess[name] for name in lecture.EFFECTIVE_DRAWS}),
        ),
        (
            "divergent transitions",
            f"{lecture.DIVERGENCES}, {percent(lecture.DIVERGENCES / TRANSITIONS)}",
            f"{fixed(0)(fits['divergences'].mean())}, "
            f"{percent(fits['divergence_rate'].mean())} (target_accept {accept:g})",
        ),
        (
            "are they real?",
            "“distributed fairly uniformly so we are sure they are false positives”",
            divergence_words(results.sampling["models"]["noncentered"]),
        ),
        (
            "more draws",
            "“we reach the true value better as the number of samples increases”",
            error_words(results.estimates, "noncentered") or "–",
        ),
    ]
    if "centered" in results.models:
        reached = [
            percent_with(neck_shares(results.lowest(model), ["5"])["5"][0])
            for model in ("centered", "noncentered")
        ]
        rows.append(
            (
                "the funnel's length",
                "“Look how much longer the funnel actually is”",
                f"of its draws the centered model has {reached[0]}, the noncentered "
                f"{reached[1]} where the exact posterior has 5 % (95 % intervals)",
            )
        )
    return rows


def _slips(results: Results) -> list[str]:
    exact = results.value("log_tau")
    gap = lecture.QUOTED_LOG_TAU - exact
    own_error = results.value("log_tau", "sd") / math.sqrt(lecture.EFFECTIVE_DRAWS["log_tau"])
    return [
        f"<b>The true value of E[log τ].</b> The lecture draws a line at "
        f"{lecture.QUOTED_LOG_TAU}, which comes from a long run of a sampler. The exact value "
        f"is {exact:.7f}: the quoted one is off by {signed(gap, fixed(4))}, which is "
        f"{fixed(1)(abs(gap) / own_error)} Monte Carlo standard errors of the lecture's own fit, "
        f"by its {lecture.EFFECTIVE_DRAWS['log_tau']:,} effective draws.",
        "<b>The posterior mean of θ given μ and τ</b> is written with the factor "
        "1/σ²<sub>post</sub>; it must be σ²<sub>post</sub>. The lecture's simplified line "
        "below it is right.",
        f"<b>“Percentage of divergent {lecture.PRINTED_PERCENTAGE}”</b> divides "
        f"{lecture.DIVERGENCES} by the {lecture.DRAWS:,} draws of one chain, though the "
        f"divergences of {lecture.CHAINS} chains were counted, and prints a fraction. Of "
        f"{TRANSITIONS:,} transitions it is {percent(lecture.DIVERGENCES / TRANSITIONS)}.",
        "<b>N(0, 5)</b> means a standard deviation of 5, as the lecture's code has it, "
        "not a variance.",
        "<b>“20,000 effective draws”</b> comes from an estimator that is capped at the number "
        "of draws. Rank-normalized bulk and tail ESS, which this study has, say more.",
    ]


def _listed(draws: Mapping[str, float]) -> str:
    return "; ".join(f"{symbol(name)}: {fixed(0)(value)}" for name, value in draws.items())


CONTENT = (compare,)
