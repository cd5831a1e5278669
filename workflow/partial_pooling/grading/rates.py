"""How often a fit with an alarm was wrong, over simulated tables: reports say it beside theirs.

`rates.csv` beside this file is of the run in docs/scorecard.md, at the default thresholds.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from partial_pooling.grading.scorecard import ALL, Scorecard
from partial_pooling.tables import read_table

SHIPPED = Path(__file__).with_name("rates.csv")
ANY = "any"  # of the alarms
PART = ["groups", "ratio", "draws"]  # of the design
NONE = pd.DataFrame(columns=[*PART, "model", "alarm"], dtype=float)
FEWEST = 10  # tables of a part of the design of which reports speak
BEYOND = 2.0  # times the largest ratio of the design, or a part of its fewest draws, is like it


def rates_of(card: Scorecard) -> pd.DataFrame:
    """What each alarm said of fits that were wrong, that is not honest, and of the others.

    Returns
    -------
    pandas.DataFrame
        A row a part of the design (number of groups, range of the ratio, number of draws) with at
        least `FEWEST` tables and an alarm, of all models, and one a model with any alarm: ratio,
        the median of those in the range; tables, and raised, fits with the alarm, their numbers;
        the rest as of `Scorecard.checks`, bad being wrong.
    """
    cells = card.cells
    raised = {**card.alarms, ANY: card.raised["alarms"]}
    middle = cells.groupby([cells["groups"], card.ratio])["ratio"].transform("median")
    asked = [(ALL, alarm) for alarm in raised]
    asked += [(model, ANY) for model in sorted(cells["model"].unique())]
    rows = []
    for (size, ratio, draws), here, tables in card.parts("groups", middle, "draws"):
        if tables < FEWEST:
            continue
        for model, alarm in asked:
            at = here & (cells["model"] == model).to_numpy() if model != ALL else here
            rows.append(
                {
                    **{"groups": size, "ratio": ratio, "draws": draws},
                    **{"model": model, "alarm": alarm},
                    "tables": len(np.unique(card.cluster[at])),
                    "raised": int(raised[alarm][at].sum()),
                    **card.shares(card.bad("honest"), raised[alarm], at),
                }
            )
    return pd.DataFrame(rows) if rows else NONE


@cache
def shipped() -> pd.DataFrame:
    """The rates of the whole scorecard; no rows before one was run."""
    if not SHIPPED.exists():
        return NONE
    return read_table(SHIPPED)


def nearest(rates: pd.DataFrame, groups: int, ratio: float, draws: int) -> pd.DataFrame:
    """The part of the design that a data set is most like: in groups first, then ratio and draws.

    Parameters
    ----------
    rates
        Of `rates_of`.
    groups
        Number of them.
    ratio
        Exact median of tau over the typical standard error.
    draws
        A chain.

    Returns
    -------
    pandas.DataFrame
        Rows of `rates`, one a model and alarm; none where the design has nothing like it.
    """
    covered = (
        rates["groups"].min() <= groups <= rates["groups"].max()
        and ratio <= BEYOND * rates["ratio"].max()
        and draws >= rates["draws"].min() / BEYOND
    )
    if not covered:
        return rates.iloc[:0]
    for column, value in zip(PART, (groups, ratio, draws), strict=True):
        off = np.log(rates[column].to_numpy(dtype=float) / value) ** 2
        rates = rates[off == off.min()]
    return rates
