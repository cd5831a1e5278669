"""What `snakemake calibration` found."""

from __future__ import annotations

from html import escape

import pandas as pd

from partial_pooling.report.captions import CALIBRATION
from partial_pooling.report.html import Html, figure, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import fixed, significant


def calibration(report: Results) -> Html:
    """What `snakemake calibration` found; nothing where these data were not calibrated."""
    summary = report.calibrated
    if summary is None:
        return Html("")
    tests = pd.DataFrame(summary["uniformity"])
    words = table(
        tests.assign(uniform=tests["uniform"].map({True: "yes", False: "no"})).rename(
            columns=lambda name: str(name).replace("_", " ")
        ),
        {
            "mean position": fixed(3),
            "p value": significant(2),
            "p corrected": significant(2),
            "simulations": fixed(0),
        },
        "Is the rank of the truth uniform? A test for each variable, of each model and of the "
        "exact control; the corrected p-values are Holm's over all rows.",
        "uniformity",
    )
    figures = [
        figure(name, report.svg(name, "calibration"), *text) for name, text in CALIBRATION.items()
    ]
    return Html(
        '<h2 id="calibration">Calibration: is the sampler right for data like these?</h2>'
        + paragraphs(escape(sentence) for sentence in summary["sentences"])
        + figures[0]
        + words
        + "".join(figures[1:])
    )


CONTENT = (calibration,)
