"""What to see in the figures of a collection, computed from its tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from partial_pooling.exact.population import FEWEST as FEWEST_TABLES
from partial_pooling.figures import registry
from partial_pooling.grading.over_tables import GROUPS, RATIOS, models_of, verdict_map
from partial_pooling.report.captions import filled
from partial_pooling.report.collection import Collection
from partial_pooling.report.figure import embedded
from partial_pooling.report.html import Html, paragraphs
from partial_pooling.words import listed, percent, significant, some_of

FEWEST = 10  # tables of a cell that words may name


def together(collection: Collection, null: float | None = 0.0) -> dict[str, Html]:
    """What the tables say together: by name each overview figure with its caption, and priors.

    `null` is the μ of no effect; None for what is no comparison.
    """
    found = {
        "map_of_verdicts": map_words(collection.usable),
        "mu_over_tables": mu_words(collection.usable, null),
    }
    parts = {}
    for entry in registry.shown("Collection"):
        if entry.name == "map_of_verdicts" and not collection.models:
            continue
        told = filled(entry.name, {"found": found.get(entry.name, "")})
        parts[entry.name] = embedded(collection.folder / "figures", entry.name, told, entry.narrow)
    parts["tau_over_tables"] = Html(parts["tau_over_tables"] + priors(collection.population))
    return parts


def map_words(tables: pd.DataFrame) -> str:
    """Where each model was wrong most often, of cells with ten tables or more."""
    told = ""
    for model in models_of(tables):
        cells = verdict_map(tables, model)
        cells = cells[cells["graded"] >= FEWEST]
        if cells.empty:
            continue
        worst = cells.iloc[int(cells["share_wrong"].argmax())]
        if worst["wrong"] == 0:
            told += f" {model} was never wrong in a cell of {FEWEST} tables or more."
            continue
        told += (
            f" {model} was wrong most often at {_range(GROUPS, int(worst['groups']), 1)} groups "
            f"and a ratio {_range(RATIOS, int(worst['ratio']), 0)}: {percent(worst['share_wrong'])}"
            f" of {int(worst['graded']):,} tables (95 % interval {percent(worst['low'])} to "
            f"{percent(worst['high'])})."
        )
    return told


def _range(edges: tuple[float, ...], place: int, step: int) -> str:
    low, high = edges[place], edges[place + 1]
    if math.isinf(high):
        return f"{low:g} or more" if step else f"above {low:g}"
    return f"{low:g} to {high - step:g}"


def priors(population: Mapping[str, Any]) -> Html:
    """The distributions of tau over tables as lines for the next study, with their intervals."""
    if not population:
        return paragraphs([f"Fewer than {FEWEST_TABLES} tables tell no distribution of τ."])
    lead = "The distribution of τ over tables, as a prior for the next study, the better one first:"
    return Html(paragraphs([lead]) + "".join(map(_prior, population.values())))


def _prior(entry: Mapping[str, Any]) -> str:
    prior, two = entry["prior"], significant(2)
    told = [
        f"{name} {'any' if low is None else two(low)} to {'any' if high is None else two(high)}"
        for name, (low, high) in entry["interval"].items()
    ]
    said = [f"95 % intervals: {listed(told)}."]
    said += [_at_boundary(prior, name) for name in entry["at_boundary"]]
    return f"<pre>{escape(entry['line'])}</pre>{paragraphs([escape(' '.join(said))])}"


def _at_boundary(prior: Mapping[str, Any], name: str) -> str:
    """What an estimate at an end of what was looked at says."""
    if name == "nu" and prior[name] > 1:
        return "No tail heavier than a half-normal's is seen."
    if prior["dist"] == "LogNormal" and name == "sigma" and prior[name] < 1:
        return "One τ for all tables fits as well."
    return f"The estimate of {name} lies at the end of what was looked at."


def mu_words(tables: pd.DataFrame, null: float | None = 0.0) -> str:
    """In how many tables the interval of mu leaves out no effect, if there is such a value."""
    if tables.empty or null is None:
        return ""
    clear = int(((tables["mu_q2.5"] > null) | (tables["mu_q97.5"] < null)).sum())
    return f" The interval leaves out {null:g} in {some_of(clear, len(tables), 'table')}."
