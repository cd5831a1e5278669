"""What `snakemake calibration` found."""

from __future__ import annotations

from html import escape

import pandas as pd

from partial_pooling.report.captions import CALIBRATION
from partial_pooling.report.html import Html, figure, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import fixed, significant

TITLE = "Is the sampler right for data like these?"


def finding(report: Results) -> str:
    """What `snakemake calibration` found; empty where these data were not calibrated."""
    summary = report.calibrated
    return escape(summary["sentences"][0]) if summary else ""


def calibration(report: Results) -> Html:
    """Ranks of simulated truths, tested and drawn."""
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
        paragraphs(escape(sentence) for sentence in summary["sentences"][1:])
        + figures[0]
        + words
        + "".join(figures[1:])
    )


CONTENT = (calibration,)
