"""What `snakemake calibration` found."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from partial_pooling.report.captions import CALIBRATION
from partial_pooling.report.figure import NARROW, embedded
from partial_pooling.report.html import Html, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import Column, Format, fixed, p_value

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
    tables = _tests(
        summary["uniformity"],
        "uniform",
        {"mean position": fixed(3)},
        "Is the rank of the truth uniform? A test for each variable, of each model and of the "
        "exact control; the corrected p-values are Holm's over all rows.",
        "uniformity",
    )
    pairs = summary.get("paired")  # earlier versions had none
    if pairs:
        of_pairs = _tests(
            pairs,
            "right",
            {name: fixed(4) for name in ("shift", "shift se", "spread", "spread se")},
            "Do as many draws lie below the truth as the exact posterior of the same data says? "
            "The shift is the mean of the share of ranked draws below the truth less its exact "
            "probability u, the spread that of the same times 2u − 1, above 0 where draws are too "
            "narrow; the test is for a shift, a false spread and a false shape at once "
            "(Hotelling's T squared), corrected as above.",
            "paired",
        )
        tables = Html(tables + of_pairs)
    folder = report.folder / "calibration"
    figures = [
        embedded(folder, name, text, _if_there(folder, NARROW[name]))
        for name, text in CALIBRATION.items()
    ]
    return Html(
        paragraphs(escape(sentence) for sentence in summary["sentences"][1:])
        + figures[0]
        + tables
        + "".join(figures[1:])
    )


def _if_there(folder: Path, narrow: str) -> str:
    """The name of a figure for a narrow screen; earlier versions had none."""
    return narrow if (folder / f"{narrow}.svg").exists() else ""


def _tests(
    rows: list[dict[str, Any]],
    verdict: str,
    formats: Mapping[str, Format | Column],
    caption: str,
    name: str,
) -> Html:
    tests = pd.DataFrame(rows)
    return table(
        tests.assign(**{verdict: tests[verdict].map({True: "yes", False: "no"})}).rename(
            columns=lambda column: str(column).replace("_", " ")
        ),
        {
            "simulations": fixed(0),
            **formats,
            "p value": p_value,
            "p corrected": p_value,
        },
        caption,
        name,
    )


CONTENT = (calibration,)
