"""The report's head: the exact answer, what qualifies it, what sampling would have told."""

from __future__ import annotations

from html import escape

from partial_pooling.grading.grades import GOOD, MORE_DRAWS, NONE, TRUST
from partial_pooling.report.agreement import agreement_words
from partial_pooling.report.html import Html, badge, bold
from partial_pooling.report.results import Results
from partial_pooling.words import count, first_upper


def title(report: Results) -> Html:
    """Heading; the exact answer and what qualifies it; what sampling would have told."""
    return Html(
        f"<h1>{escape(report.name)}</h1>"
        f'<p class="lead">{count(len(report.groups), "group")}. Common mean μ: '
        f"{escape(report.centre_in_words('mu'))} (95 % interval {report.interval('mu')}). Standard "
        f"deviation between groups τ: median {report.in_units('tau', 'q50')} "
        f"({report.interval('tau')}). A new group's θ: {report.interval('theta_new')} (95 % "
        f"each).{escape(reading_words(report))}</p>"
        f"<p>{answer_badge(report)} {escape(answer_words(report))}</p>"
        f"<p>{sampler_badge(report)} {sampler_words(report)}</p>"
    )


def reading_words(report: Results) -> str:
    """What theta is, and the exact answer on the scale on which people read it."""
    if report.measure is None or not report.measure.label:
        return ""
    words = f" θ is a group's {report.measure.label}."
    if report.reading:
        words += (
            f" {first_upper(report.reading.name)}, median and 95 % interval: μ "
            f"{report.as_read('mu')}, a new group {report.as_read('theta_new')}."
        )
    return words


def answer_badge(report: Results) -> Html:
    """Whether the exact numbers can be quoted, at a glance."""
    quote = report.verdict["answer"]["quote"]
    return badge(quote, "Exact: quote these" if quote else "Prior and data conflict")


def sampler_badge(report: Results) -> Html:
    """Which setting of the sampler to trust, at a glance."""
    best, status = report.best, report.best["status"]
    setting = f"{best['model']} at target_accept {best['target_accept']:g}"
    text = {
        TRUST: f"Sampler right: {setting}",
        MORE_DRAWS: f"Sampler: too few draws, {setting}",
        NONE: "Sampler: no setting right",
    }[status]
    return badge(status == TRUST, text)


def sampler_words(report: Results) -> str:
    """How many fits of each model came out right, and with an alarm, in a line of HTML."""
    each = []
    for model, told in report.sampling["models"].items():
        right = sum(told["verdicts"].get(grade, 0) for grade in GOOD)
        alarms = int((report.last.loc[report.last["model"] == model, "alarms"] != "").sum())
        each.append(
            f"{bold(model)} {report.good} in {right} of {count(told['fits'], 'fit')}"
            + (f", {alarms} with an alarm" if report.graded else "")
        )
    once = " One seed says little." if report.best["fits"] == 1 else ""
    return (
        f"Would sampling have told you? {'; '.join(each)} ({report.draws:,} draws a chain).{once}"
    )


def answer_words(report: Results) -> str:
    """What the check of prior against data found."""
    told = agreement_words(
        report.agreement, report.threshold("prior_conflict"), report.units, report.approximated
    )
    if report.verdict["answer"]["quote"]:
        return f"No sampler, no Monte Carlo error. {told}"
    return f"{told} The numbers above follow from both, and answer for neither."


CONTENT = (title,)
