"""What data and priors tell, from the exact posterior."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from partial_pooling.report.agreement import agreement_words
from partial_pooling.report.html import Html, bold, paragraphs
from partial_pooling.report.results import Results
from partial_pooling.words import significant


def answer(report: Results) -> Html:
    """Say in a few sentences what the data and priors tell, from the exact posterior."""
    y, centres = report.groups.estimate, report.theta["centre"]
    kind = "means" if report.centre == "mean" else "medians"
    lines = [
        f"The common mean of the groups, <b>μ</b>, has posterior "
        f"<b>{escape(report.centre_in_words('mu'))}</b> (95 % interval {report.interval('mu')}"
        f"{'' if math.isfinite(report.value('mu')) else '; no mean exists'}). "
        f"The groups' true values differ from it by a standard deviation <b>τ</b> with median "
        f"<b>{report.in_units('tau', 'q50')}</b> (95 % interval "
        f"{report.interval('tau')}).",
        (
            f"The raw estimates lie between {report.units(y.min())} and {report.units(y.max())}; "
            if y.max() > y.min()
            else f"The raw estimates are all {report.units(y.min())}; "
        )
        + f"partially pooled, the groups' posterior {kind} lie between "
        f"{report.units(centres.min())} and {report.units(centres.max())}.",
    ]
    chance = report.probability_largest
    if chance is not None and len(chance) > 1:
        first, second = chance.nlargest(2)
        lines.append(
            f"The group most likely to have the largest θ is {bold(str(chance.idxmax()))}, "
            f"with probability {significant(3)(first)}; the next has {significant(3)(second)}."
            if first - second > 1e-6
            else "No group alone is the most likely to have the largest θ: two or more share "
            f"the probability {significant(3)(first)}."
        )
    if report.reading or (report.measure and report.measure.null is not None):
        lines.append(escape(_read(report)))
    lines += [
        f"A new group of the same population would have its θ in {report.interval('theta_new')}"
        + (f" ({escape(report.interval_as_read('theta_new'))})" if report.reading else "")
        + " with probability 95 %.",
        f"All of this rests on the priors μ ~ {escape(str(report.prior.mu))} and "
        f"τ ~ {escape(str(report.prior.tau))}, and is computed by numerical integration: "
        "no sampler, and no Monte Carlo error.",
    ]
    agreement = escape(
        agreement_words(
            report.agreement, report.threshold("prior_conflict"), report.units, report.approximated
        )
    )
    if report.verdict["answer"]["quote"]:
        lines.append(
            f"{agreement} If the priors were chosen after seeing these data, this check says "
            "nothing."
        )
    else:
        lines.insert(
            0,
            f"<b>Prior and data conflict.</b> {agreement} All that follows is under a prior "
            "that conflicts with the data.",
        )
    return paragraphs(lines)


def _read(report: Results) -> str:
    """What mu is on the scale on which people read it, and whether it may be no effect."""
    measure = report.measure
    assert measure is not None
    words = []
    if report.reading:
        words.append(
            f"On the scale of the {report.reading.name}, μ is {report.as_read('mu')}: median and "
            "95 % interval."
        )
    if measure.null is not None:
        low, high = (report.value("mu", column) for column in ("q2.5", "q97.5"))
        read = report.reading.read if report.reading else lambda theta: theta
        no_effect = f"{float(read(np.array(measure.null))):g}"
        what = report.reading.name if report.reading else measure.label
        inside = "inside" if low <= measure.null <= high else "outside"
        words.append(f"No effect ({what} {no_effect}) lies {inside} μ's 95 % interval.")
    return " ".join(words)


CONTENT = (
    "## The answer",
    answer,
)
