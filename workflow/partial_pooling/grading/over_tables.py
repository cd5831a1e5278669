"""How often models were wrong, and their alarms right, over the tables of a collection."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from partial_pooling.grading.grades import FEW, RIGHT, WRONG
from partial_pooling.grading.inference import share_interval

ENDING = "_verdict"
GROUPS = (2, 5, 10, 20, 50, math.inf)  # edges of cells, the lower one included
RATIOS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, math.inf)


def models_of(tables: pd.DataFrame) -> list[str]:
    """Models that have a verdict in a table of tables, in the order of the columns."""
    return [str(c).removesuffix(ENDING) for c in tables.columns if str(c).endswith(ENDING)]


def verdict_map(tables: pd.DataFrame, model: str) -> pd.DataFrame:
    """Count what a model's fits were, by number of groups and tau over typical error.

    Parameters
    ----------
    tables
        Rows of tables.parquet; those without a graded fit of the model, none or one that could not
        be sampled, do not count.
    model
        Which model.

    Returns
    -------
    pandas.DataFrame
        A row a cell that has tables: `groups` and `ratio` (places in GROUPS and RATIOS of its
        lower edges), `graded`, `wrong`, `share_wrong` with `low` and `high` of its 95 % interval
        (Clopper and Pearson), `judged` (right or wrong: too few draws is neither), `alarms_right`
        (wrong with an alarm, or right without) and their share `share_alarms`.
    """
    verdict = tables[f"{model}{ENDING}"]
    rows = tables[verdict.isin([WRONG, FEW, RIGHT]) & tables["tau_q50"].notna()]
    verdict = rows[f"{model}{ENDING}"]
    alarm = rows[f"{model}_alarms"].fillna("") != ""
    ratio = rows["tau_q50"] / rows["typical_error"]
    counts = pd.DataFrame(
        {
            "groups": np.searchsorted(GROUPS, rows["groups"], side="right") - 1,
            "ratio": np.searchsorted(RATIOS, ratio, side="right") - 1,
            "graded": 1,
            "wrong": (verdict == WRONG).astype(int),
            "judged": verdict.isin([WRONG, RIGHT]).astype(int),
            "alarms_right": (((verdict == WRONG) & alarm) | ((verdict == RIGHT) & ~alarm)).astype(
                int
            ),
        }
    )
    cells = counts.groupby(["groups", "ratio"], as_index=False).sum()
    intervals = [share_interval(w, n) for w, n in zip(cells["wrong"], cells["graded"], strict=True)]
    return cells.assign(
        share_wrong=cells["wrong"] / cells["graded"],
        low=[interval.low for interval in intervals],
        high=[interval.high for interval in intervals],
        share_alarms=cells["alarms_right"] / cells["judged"].where(cells["judged"] > 0),
    )
