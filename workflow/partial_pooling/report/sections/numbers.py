"""Every number with its error."""

from __future__ import annotations

import pandas as pd

from partial_pooling.report.html import FEW_ROWS, Html, table
from partial_pooling.report.results import Results
from partial_pooling.words import Format, count, fixed, significant, symbol

TITLE = "Every number with its error"


def finding(report: Results) -> str:
    """How far the recommended fit is off, in its own Monte Carlo errors."""
    z = _best_rows(report)["z"].abs().dropna()
    if z.empty:
        return f"No mean is known exactly to hold {_best_fit(report)} against."
    return (
        f"Of {count(len(z), 'mean')} of {_best_fit(report)} {int((z <= 2).sum())} lie within two "
        "of their Monte Carlo standard errors of the exact one."
    )


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
        most=FEW_ROWS,
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
        most=FEW_ROWS,
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


CONTENT = (
    numbers_table,
    quantiles_table,
)
