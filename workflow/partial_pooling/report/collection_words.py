"""What to see in the figures of a collection, computed from its tables."""

from __future__ import annotations

import math

import pandas as pd

from partial_pooling.figures import registry
from partial_pooling.files import intact
from partial_pooling.grading.over_tables import GROUPS, RATIOS, models_of, verdict_map
from partial_pooling.report.captions import filled
from partial_pooling.report.collection import Collection
from partial_pooling.words import Format, percent, significant, some_of

FEWEST = 10  # tables of a cell that words may name


def figures_of(collection: Collection) -> dict[str, tuple[bytes, str, str]]:
    """By name the SVG of each overview figure, its alternative text and caption."""
    found = {
        "map_of_verdicts": map_words(collection.usable),
        "tau_over_tables": tau_words(collection),
        "mu_over_tables": mu_words(collection.usable),
    }
    shown = [
        figure.name
        for figure in registry.of_category("Collection")
        if figure.name != "map_of_verdicts" or collection.models
    ]
    return {
        name: (
            intact(collection.folder / "figures" / f"{name}.svg").read_bytes(),
            *filled(name, {"found": found[name]}),
        )
        for name in shown
    }


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


def tau_words(collection: Collection) -> str:
    """The fitted distributions as lines for the next study's configuration."""
    entries = collection.population.values()
    lines = [
        f" As a prior for a next study: {entry['line']}{_bounds(entry.get('interval', {}))}."
        for entry in entries
    ]
    if any(entry.get("at_boundary") for entry in entries):
        lines.append(" An estimate lies at the end of what was looked at.")
    return "".join(lines)


def _bounds(interval: dict[str, list[float | None]]) -> str:
    """The 95 % intervals of a distribution's parameters."""
    two: Format = significant(2)
    told = [
        f"{name} {'any' if low is None else two(low)} to {'any' if high is None else two(high)}"
        for name, (low, high) in interval.items()
    ]
    return f" (95 % intervals: {', '.join(told)})" if told else ""


def mu_words(tables: pd.DataFrame) -> str:
    """In how many tables the interval of mu leaves out 0."""
    clear = int(((tables["mu_q2.5"] > 0) | (tables["mu_q97.5"] < 0)).sum())
    if tables.empty:
        return ""
    return f" It does so in {some_of(clear, len(tables), 'table')}."
