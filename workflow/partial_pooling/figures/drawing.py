"""From the registry's names to files: what the scripts of the rules that draw have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from matplotlib.figure import Figure

from partial_pooling.data.measures import MEASURES, estimates_of
from partial_pooling.data.reading import read_data
from partial_pooling.figures.labels import on_measure
from partial_pooling.figures.style import save
from partial_pooling.files import read_dataset, read_json
from partial_pooling.tables import read_parquet, read_table


def read_needed(files: Mapping[str, str | Path]) -> dict[str, Any]:
    """Read what figures need, from files named as the registry names it."""
    given: dict[str, Any] = {}
    for name, path in files.items():
        if name == "groups":
            given[name] = estimates_of(read_data(path))
        elif name == "tables":
            given[name] = read_parquet(path)
        elif name == "population":
            given[name] = read_json(path)
        else:
            given[name] = read_dataset(path) if name == "curves" else read_table(path)
    return given


def draw(
    function: str, needs: Sequence[str], given: Mapping[str, Any], measure: str | None
) -> Figure:
    """Draw a figure by the name of its function, from what is given by name.

    No import here tells which module draws: a rule's digest counts `registry.modules` beside its
    script. Axes are named after the measure, a key of `MEASURES`, if there is one.
    """
    module, _, name = function.partition(".")
    with on_measure(MEASURES[measure] if measure else None):
        figure: Figure = resolve_name(f"partial_pooling.figures.{module}:{name}")(
            **{need: given[need] for need in needs}
        )
    return figure


def draw_all(
    figures: Mapping[str, Sequence[str]],
    given: Mapping[str, Any],
    files: Mapping[str, str],
    measure: str | None,
) -> None:
    """Draw figures, told as by `registry.drawn`, each to its SVG and PNG of a rule's outputs.

    What has no PNG among them gets none.
    """
    for name, (function, *needs) in figures.items():
        save(draw(function, needs, given, measure), files[name], files.get(f"{name}_png"))
