"""Every number with its error, and the diagnostics of every fit."""

from __future__ import annotations

from typing import Any

import pandas as pd

from partial_pooling.grading.grades import GOOD
from partial_pooling.report.findings import CHECK_WORDS
from partial_pooling.report.html import Html, badge, table
from partial_pooling.report.results import Results
from partial_pooling.words import Format, fixed, percent, significant, symbol


def numbers_table(report: Results) -> Html:
    """Means and sds of the recommended setting with their errors, beside the exact values."""
    columns = {
        "variable": "variable",
        "mean": "mean",
        "mcse_mean": "MCSE",
        "exact_mean": "exact mean",
        "z": "z",
        "sd": "sd",
        "mcse_sd": "MCSE of sd",
        "exact_sd": "exact sd",
        "ess_bulk": "bulk ESS",
        "ess_tail": "tail ESS",
        "r_hat": "R-hat",
    }
    formats: dict[str, Format] = {
        "variable": symbol,
        "mean": significant(4),
        "MCSE": significant(2),
        "exact mean": significant(4),
        "z": fixed(1),
        "sd": significant(4),
        "MCSE of sd": significant(2),
        "exact sd": significant(4),
        "bulk ESS": fixed(0),
        "tail ESS": fixed(0),
        "R-hat": fixed(4),
    }
    return table(
        _best_rows(report)[list(columns)].rename(columns=columns),
        formats,
        f"Means and standard deviations of {_best_fit(report)}, each with its Monte Carlo "
        "standard error (MCSE), beside the exact ones. z is the error of the mean in MCSE.",
        "numbers",
        "estimates.csv",
    )


def quantiles_table(report: Results) -> Html:
    """Quantiles of the recommended setting with their errors, beside the exact values."""
    rows = _best_rows(report)
    exact = report.exact.loc[rows["variable"]]
    frame = pd.DataFrame({"variable": rows["variable"].to_numpy()})
    for q in ("5", "50", "95"):
        frame[f"{q} %"] = rows[f"q{q}"].to_numpy()
        frame[f"MCSE of {q} %"] = rows[f"mcse_q{q}"].to_numpy()
        frame[f"exact {q} %"] = exact[f"q{q}"].to_numpy()
    formats: dict[str, Format] = {
        str(name): significant(2 if str(name).startswith("MCSE") else 4)
        for name in frame.columns[1:]
    }
    formats["variable"] = symbol
    return table(
        frame,
        formats,
        f"Quantiles of {_best_fit(report)}, each with its Monte Carlo standard error, beside the "
        "exact ones.",
        "quantiles",
        "estimates.csv",
    )


def _best_rows(report: Results) -> pd.DataFrame:
    rows = report.estimates[
        (report.estimates["model"] == report.best["model"])
        & (report.estimates["target_accept"] == report.best["target_accept"])
        & (report.estimates["draws"] == report.draws)
    ]
    of_seed: pd.DataFrame = rows[rows["seed"] == rows["seed"].iloc[0]]
    return of_seed


def _best_fit(report: Results) -> str:
    return (
        f"one fit of the {report.best['model']} model (target_accept "
        f"{report.best['target_accept']:g}, seed {int(_best_rows(report)['seed'].iloc[0])}, "
        f"{report.draws:,} draws a chain)"
    )


def cells_table(report: Results) -> Html:
    """Diagnostics of every cell."""
    whole = fixed(0)
    columns: dict[str, tuple[str, Format]] = {
        "model": ("model", str),
        "target_accept": ("target_accept", "{:g}".format),
        "seed": ("seed", str),
        "draws": ("draws", whole),
        "verdict": ("verdict", _verdict),
        "alarms": ("alarms", _alarms),
        "error_mean_max": ("error of means", significant(2)),
        "error_sd_max": ("of sds", percent),
        "error_quantile_max": ("of quantiles", percent),
        "p_honest_min": ("honest p", significant(2)),
        "draws_needed": ("draws needed", significant(2)),
        "divergences": ("divergences", whole),
        "ebfmi_min": ("E-BFMI", fixed(2)),
        "r_hat_max": ("R-hat", fixed(3)),
        "ess_bulk_min": ("bulk ESS", whole),
        "ess_tail_min": ("tail ESS", whole),
        "max_treedepth_hits": ("tree depth", whole),
        "step_size": ("step size", significant(2)),
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
