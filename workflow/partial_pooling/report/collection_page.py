"""The page of a collection: every table a row, in one file that needs no network."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection as Container
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.grading.grades import ALARM, FEW, QUIET, RIGHT, WRONG
from partial_pooling.report.collection import USABLE, Collection
from partial_pooling.report.policy import with_policy
from partial_pooling.words import count, some_of

MOST_TABLES = 10_000  # in a page
VERDICTS = ("", RIGHT, QUIET, FEW, ALARM, WRONG)  # the page has their places in this order
LIBRARY = Path(__file__).with_name("tabulator")


def render_collection(
    collection: Collection,
    figures: Mapping[str, tuple[bytes, str, str]],
    reports: Container[str],
    templates: Path,
) -> str:
    """Fill the page of a collection.

    Parameters
    ----------
    collection
        Its results.
    figures
        By name the SVG, alternative text and caption of each overview figure, in their order.
    reports
        Folders (`path` of tables.parquet) of the tables that have a report.
    templates
        Folder of the Jinja template `collection.html.j2`.
    """
    import jinja2

    shown = selection(collection)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([templates, LIBRARY]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("collection.html.j2").render(
        name=collection.name,
        folder=collection.folder.name,
        lead=lead(collection),
        selection=selection_words(len(shown), len(collection.tables)),
        data=script_json(page_data(collection, shown, reports)),
        models=collection.models,
        figures=[
            {
                "name": name,
                "svg": base64.b64encode(svg).decode(),
                "alternative": alternative,
                "caption": caption,
            }
            for name, (svg, alternative, caption) in figures.items()
        ],
        provenance=collection.provenance,
    )
    return with_policy(page, templates / "collection.html.j2", LIBRARY)


def selection(collection: Collection) -> pd.DataFrame:
    """Tables that the page shows, in the order of the file: all, or the worst and the first."""
    tables = collection.tables
    if len(tables) <= MOST_TABLES:
        return tables
    worst_first = np.argsort(-collection.badness.to_numpy(), kind="stable")
    return tables.iloc[np.sort(worst_first[:MOST_TABLES])]


def selection_words(shown: int, total: int) -> str:
    """Say which tables the page leaves out, and where they are."""
    if shown == total:
        return f"All {total:,} tables. tables.parquet has every number of them."
    return (
        f"{shown:,} of {total:,} tables: those with a wrong fit first, then those with too few "
        "draws, then the others, each in the order of the file. tables.parquet has all."
    )


def lead(collection: Collection) -> str:
    """What the collection holds, and how often each model was right, in plain text."""
    tables, usable = collection.tables, collection.usable
    told = [f"{count(len(tables), 'table')}."]
    if len(usable) < len(tables):
        told.append(
            f"{len(tables) - len(usable):,} of them could not be used; the rows say why, with the "
            "line of the file."
        )
    if len(usable):
        low, middle, high = (int(q) for q in usable["groups"].quantile([0, 0.5, 1]))
        told.append(f"Of {low:,} to {high:,} groups each, {middle:,} in the median.")
    wrong = []
    for model in collection.models:
        verdicts = usable[f"{model}_verdict"]
        if graded := int(verdicts.isin((RIGHT, FEW, WRONG)).sum()):
            number = int((verdicts == WRONG).sum())
            wrong.append(f"{model} in {some_of(number, graded, 'table')}")
    if wrong:
        told.append(f"Wrong: {'; '.join(wrong)}.")
    return " ".join(told)


def page_data(
    collection: Collection, shown: pd.DataFrame, reports: Container[str]
) -> dict[str, Any]:
    """Columns of the page's rows, numbers rounded to what serves reading; null where there is none.

    Centres are medians, which exist whatever the tails; intervals are central 95 % ones.
    """
    usable = (shown["status"] == USABLE).to_numpy()
    columns: dict[str, list[Any]] = {
        "name": shown["table"].astype(str).tolist(),
        "path": shown["path"].fillna("").astype(str).tolist(),
        "groups": [int(n) if n == n else None for n in shown["groups"]],
        "status": ["" if ok else str(s) for ok, s in zip(usable, shown["status"], strict=True)],
        "report": [int(path in reports) for path in shown["path"]],
    }
    for variable in ("mu", "tau", "theta_new"):
        ends = shown[[f"{variable}_q2.5", f"{variable}_q50", f"{variable}_q97.5"]].to_numpy(float)
        width = ends[:, 2] - ends[:, 0]
        for k, end in enumerate(("low", "mid", "high")):
            columns[f"{variable}_{end}"] = rounded(ends[:, k], width)
    ones = np.ones(len(shown))
    columns["above"] = rounded(shown["p_mu_above_0"].to_numpy(float), ones)
    columns["i2"] = rounded(shown["i2"].to_numpy(float), ones)
    if collection.models:
        error = collection.worst_error.reindex(shown["table"]).to_numpy(float)
        columns["error"] = rounded(error, ones)
        columns["badness"] = collection.badness.loc[shown.index].tolist()
    for k, model in enumerate(collection.models):
        verdicts = shown[f"{model}_verdict"].fillna("").tolist()
        columns[f"verdict_{k}"] = [VERDICTS.index(verdict) for verdict in verdicts]
        columns[f"alarms_{k}"] = shown[f"{model}_alarms"].fillna("").astype(str).tolist()
    return {
        "folder": collection.folder.name,
        "models": collection.models,
        "verdicts": list(VERDICTS),
        "columns": columns,
    }


def rounded(values: np.ndarray[Any, Any], width: np.ndarray[Any, Any]) -> list[float | None]:
    """Values to a thousandth of the width of their interval, or finer; None where not finite."""
    result: list[float | None] = []
    for value, wide in zip(values.tolist(), width.tolist(), strict=True):
        if not np.isfinite(value):
            result.append(None)
        elif not (np.isfinite(wide) and wide > 0):
            result.append(float(f"{value:.4g}"))
        else:
            result.append(round(value, 3 - int(np.floor(np.log10(wide)))))
    return result


def script_json(content: Mapping[str, Any]) -> str:
    """JSON that can stand in a script element: no text in it can end that, or open another."""
    from markupsafe import Markup

    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))
