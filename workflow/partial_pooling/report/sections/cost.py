"""What target_accept buys, and what it costs."""

from __future__ import annotations

import pandas as pd

from partial_pooling.grading.inference import mean_interval
from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, bold, table
from partial_pooling.report.results import Results
from partial_pooling.words import AS_GIVEN, COST, PERCENTS, Column, even, significant

TITLE = "What target_accept buys"


def finding(report: Results) -> str:
    """At which target_accept each model is most efficient."""
    each = []
    for model, fits in report.last.groupby("model", sort=False):
        rate = fits.groupby("target_accept")["ess_per_1000_gradients"].mean()
        if rate.notna().any():
            each.append(
                f"{bold(str(model))} {significant(3)(rate.max())} at target_accept "
                f"{rate.idxmax():g}"
            )
    if not each:
        return "The efficiency of these fits is not known."
    tried = "" if report.last["target_accept"].nunique() > 1 else " (the only one tried)"
    return f"Most effective draws for 1,000 gradient evaluations: {'; '.join(each)}{tried}."


def target_accept_table(report: Results) -> Html:
    """What raising target_accept buys and costs, with errors over seeds."""
    columns: dict[str, tuple[str, Column]] = {
        "step_size": ("step size", even(2)),
        "divergence_rate": ("divergence rate", PERCENTS),
        "ess_bulk_min": ("smallest bulk ESS", even(3)),
        "gradients": ("gradient evaluations", even(3)),
        "ess_per_1000_gradients": (COST, even(3)),
    }
    rows = []
    for (model, accept), fits in report.last.groupby(["model", "target_accept"], sort=False):
        row = {"model": model, "target_accept": accept}
        for column, (name, _) in columns.items():
            row[name] = mean_interval(fits[column]).within(0)
        rows.append(row)
    return table(
        pd.DataFrame(rows),
        {"target_accept": AS_GIVEN, **dict(columns.values())},
        f"What a target_accept buys and costs, at {report.draws:,} draws a chain: means over "
        "seeds, with 95 % intervals (Student's t) where there are several that differ. A "
        "gradient evaluation is one leapfrog step, tuning included.",
        "target_accept",
    )


CONTENT = (
    r"""A higher target_accept makes the sampler take smaller steps: it follows the posterior's
curvature more closely, and pays for it in gradient evaluations.""",
    target_accept_table,
    Figure("target_accept"),
)
