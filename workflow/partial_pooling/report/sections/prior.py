"""Prior against data: whether they agree, and how far the data moved the prior."""

from __future__ import annotations

from html import escape

from partial_pooling.report.agreement import agreement_words
from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, paragraphs
from partial_pooling.report.results import Results

TITLE = "Prior and data"


def finding(report: Results) -> str:
    """Whether prior and data conflict."""
    told = escape(
        agreement_words(report.agreement, report.threshold("prior_conflict"), report.units)
    )
    if report.verdict["answer"]["quote"]:
        return told
    return (
        f"<b>Prior and data conflict.</b> {told} The numbers above follow from both, and answer "
        "for neither."
    )


def priors(report: Results) -> Html:
    """The priors, and what the check of them cannot know."""
    return paragraphs(
        [
            f"The priors of this study are μ ~ {escape(str(report.prior.mu))} and "
            f"τ ~ {escape(str(report.prior.tau))}."
            + (
                " If they were chosen after seeing these data, the check of prior against data "
                "says nothing."
                if report.verdict["answer"]["quote"]
                else ""
            )
        ]
    )


CONTENT = (priors, Figure("prior_posterior"))
