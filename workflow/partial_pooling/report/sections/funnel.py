"""Where sampling can be hard: the funnel, and divergences."""

from __future__ import annotations

from html import escape

from partial_pooling.grading.grades import NECK
from partial_pooling.report.figure import Figure
from partial_pooling.report.findings import FUNNEL, divergence_words, funnel_factor, neck_words
from partial_pooling.report.html import Html, bold, paragraphs
from partial_pooling.report.results import Results
from partial_pooling.words import first_upper, significant

TITLE = "Where sampling can be hard: the funnel"


def finding(report: Results) -> str:
    """Whether these data have a funnel."""
    factor = _factor(report)
    told = (
        "Between the 5 % and the 95 % quantile of τ the spread of a group's θ given μ and τ "
        f"changes by a factor of {significant(2)(factor)} (the median group)"
    )
    if factor < FUNNEL:
        return f"{told}: these data and priors make no funnel to speak of."
    return f"{told}: in the plane of θ and log τ a funnel, in whose neck steps can be too long."


def funnel(report: Results) -> Html:
    """How a funnel shows, if these data have one; how much of its neck each model reached."""
    shows = (
        "A step that fits the wide part of the funnel can be too long for its neck, and where a "
        "simulated path leaves the curve that it should follow the sampler reports a divergence."
    )
    return paragraphs(
        [
            shows if _factor(report) >= FUNNEL else "",
            *(
                f"{bold(model)} {neck_words(report.lowest(model), list(NECK))}"
                for model in report.models
            ),
        ]
    )


def _factor(report: Results) -> float:
    return funnel_factor(
        report.groups.std_error, report.value("tau", "q5"), report.value("tau", "q95")
    )


def divergences(report: Results) -> Html:
    """Are divergences real? Where they sit, whether they vanish, whether they matter."""
    return paragraphs(
        f"{bold(name)}: {escape(first_upper(divergence_words(model)))}"
        for name, model in report.sampling["models"].items()
    )


CONTENT = (
    r"""Where $\tau$ is small, all $\theta_j$ must lie close to $\mu$, closer than in the rest of
the posterior.""",
    funnel,
    Figure("divergences"),
    Figure("funnel_neck"),
    Figure("densities"),
    Figure("traces"),
    Figure("log_tau"),
    Figure("cumulative_mean"),
    r"""### Divergences

Three questions have numbers for answers: where divergent transitions lie, whether they become
fewer as target_accept rises, and whether the mean of log τ is off where they are.""",
    divergences,
)
