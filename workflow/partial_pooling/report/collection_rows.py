"""The tables of a collection as its page holds them: columns of rounded numbers, in JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Set
from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.data.collection import OK
from partial_pooling.grading.over_tables import ENDING
from partial_pooling.report.collection import Collection
from partial_pooling.words import decimals_of

MOST_TABLES = 10_000  # in a page
MOST_DECIMALS = 12
SHOWN = (0.02, 0.98)  # of all ends of intervals lie within the drawing of mu


def shown(collection: Collection) -> pd.DataFrame:
    """The tables of the page, in the file's order: all, or `MOST_TABLES` of the worst fits."""
    tables = collection.tables
    return tables[collection.worst_first < MOST_TABLES] if len(tables) > MOST_TABLES else tables


def page_data(
    collection: Collection, reports: Set[str], command: tuple[str, str], null: float | None = 0.0
) -> str:
    """Write what the page shows as JSON that may stand in a script element.

    Parameters
    ----------
    collection
        The results.
    reports
        Paths of the tables that have a report.
    command
        What makes the report of a table, before and after its path.
    null
        The μ of no effect, at which the drawing has a line; None for what is no comparison.

    Returns
    -------
    str
        An object with `models`, `words` (verdicts and alarms, which columns name by number),
        `scale` (of the drawing of mu), `null`, `decimals` (of a column), `command`, and `columns`:
        a list a column, None where there is no number. `report` has 1 where there is one; `path`
        and `status` are None where they are the name, or ok.
    """
    rows = shown(collection)
    words: dict[str, int] = {"": 0}

    def number_of(text: str) -> int:
        return words.setdefault(text, len(words))

    size = (rows["mu_q97.5"] - rows["mu_q2.5"]) / 4
    decimals = {
        name: min(max(0, decimals_of(sizes, 2)), MOST_DECIMALS)
        for name, sizes in {"mu": size, "tau": rows["tau_q50"]}.items()
    }
    centre = rows["mu_mean"].where(np.isfinite(rows["mu_mean"]), rows["mu_q50"])
    columns: dict[str, list[Any]] = {
        "name": list(rows["table"]),
        "path": [
            None if path == name else path
            for path, name in zip(rows["path"], rows["table"], strict=True)
        ],
        "line": [int(line) for line in rows["line"]],
        "groups": [int(groups) for groups in rows["groups"]],
        "status": [None if status == OK else status for status in rows["status"]],
        **_to_digits_of(
            size,
            decimals["mu"],
            mu=centre,
            mu_low=rows["mu_q2.5"],
            mu_high=rows["mu_q97.5"],
        ),
        "positive": _rounded(rows["p_mu_above_0"], 3),
        **_to_digits_of(
            rows["tau_q2.5"],
            decimals["tau"],
            tau=rows["tau_q50"],
            tau_low=rows["tau_q2.5"],
            tau_high=rows["tau_q97.5"],
        ),
        "typical_error": _rounded(rows["typical_error"], 3),
        "i2": _rounded(rows["i2"], 3),
        "error": _rounded(collection.worst_error[rows.index], 2),
        "worst": [int(rank) for rank in collection.worst_first[rows.index].rank() - 1],
        "report": [int(path in reports) for path in rows["path"]],
    }
    verdicts = {
        model: [number_of(str(verdict)) for verdict in rows[f"{model}{ENDING}"]]
        for model in collection.models
    }
    alarms = {
        model: [number_of(str(names)) for names in rows[f"{model}_alarms"]]
        for model in collection.models
    }
    content = {
        "models": collection.models,
        "words": list(words),
        "scale": _scale(rows, null),
        "null": null,
        "decimals": decimals,
        "command": command,
        "columns": columns,
        "verdicts": verdicts,
        "alarms": alarms,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Within a script element only these could end it, or begin a comment.
    return text.replace("<", "\\u003c")


def _scale(rows: pd.DataFrame, null: float | None) -> list[float]:
    """Ends of the drawing of mu, no effect within; a few wide intervals go beyond."""
    ends = rows[["mu_q2.5", "mu_q97.5"]].to_numpy(dtype=float)
    ends = ends[np.isfinite(ends)]
    if not ends.size:
        return [-1.0, 1.0]
    low, high = (float(end) for end in np.quantile(ends, SHOWN))
    if null is not None:
        low, high = min(low, null), max(high, null)
    return [low, high] if low < high else [low - 1, high + 1]


def _rounded(values: Iterable[float], digits: int) -> list[float | None]:
    """To significant digits; None for what is no number."""
    return [float(f"{value:.{digits}g}") if math.isfinite(value) else None for value in values]


def _to_digits_of(
    scale: Iterable[float], least: int, **columns: Iterable[float]
) -> dict[str, list[float | None]]:
    """Round the numbers of a row to a hundredth of its scale, or to the column's decimals."""
    decimals = [
        max(least, 2 - math.floor(math.log10(width))) if math.isfinite(width) and width > 0 else 12
        for width in scale
    ]
    return {
        name: [
            round(float(value), places) if math.isfinite(value) else None
            for value, places in zip(values, decimals, strict=True)
        ]
        for name, values in columns.items()
    }
