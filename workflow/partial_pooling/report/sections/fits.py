"""Diagnostics of every fit."""

from __future__ import annotations

from typing import Any

from partial_pooling.grading.grades import GOOD
from partial_pooling.report.findings import CHECK_WORDS
from partial_pooling.report.html import Html, badge, table
from partial_pooling.report.results import Results
from partial_pooling.words import AS_GIVEN, PERCENTS, Column, Format, count, even, fixed

TITLE = "Diagnostics of every fit"


def finding(report: Results) -> str:
    """How many fits there are, at how many numbers of draws."""
    last = report.last
    return (
        f"{count(len(last), 'fit')}, each at {count(report.fits['draws'].nunique(), 'number')} of "
        f"draws; at {report.draws:,} draws a chain {int(last['verdict'].isin(GOOD).sum())} "
        f"{'is' if int(last['verdict'].isin(GOOD).sum()) == 1 else 'are'} {report.good}."
    )


def cells_table(report: Results) -> Html:
    """Diagnostics of every cell."""
    whole = fixed(0)
    columns: dict[str, tuple[str, Format | Column]] = {
        "model": ("model", str),
        "target_accept": ("target_accept", AS_GIVEN),
        "seed": ("seed", str),
        "draws": ("draws", whole),
        "verdict": ("verdict", _verdict),
        "alarms": ("alarms", _alarms),
        "error_mean_max": ("error of means", even(2)),
        "error_sd_max": ("of sds", PERCENTS),
        "error_quantile_max": ("of quantiles", PERCENTS),
        "p_honest_min": ("honest p", even(2)),
        "draws_needed": ("draws needed", even(2)),
        "divergences": ("divergences", whole),
        "ebfmi_min": ("E-BFMI", fixed(2)),
        "r_hat_max": ("R-hat", fixed(3)),
        "ess_bulk_min": ("bulk ESS", whole),
        "ess_tail_min": ("tail ESS", whole),
        "max_treedepth_hits": ("tree depth", whole),
        "step_size": ("step size", even(2)),
        "gradients": ("gradients", whole),
    }
    return table(
        report.fits[list(columns)].rename(columns={old: new for old, (new, _) in columns.items()}),
        dict(columns.values()),
        "Every fit at every number of draws, with its verdict and the ordinary checks that "
        "raised an alarm. Of errors, p, R-hat, ESS and E-BFMI the worst of any variable or "
        "chain. Draws needed: a chain, for a fit as efficient to be accurate in at least 95 of "
        "100 cases, if it is unbiased.",
        "cells",
        "fits.csv",
        searchable=True,
    )


def _verdict(verdict: str) -> Html:
    return badge(verdict in GOOD, verdict)


def _alarms(alarms: Any) -> str:
    """Names of the failed checks; the table has nothing where none failed."""
    failed = str(alarms).split() if isinstance(alarms, str) else []
    return ", ".join(CHECK_WORDS[check][0] for check in failed) or "–"


CONTENT = (cells_table,)
