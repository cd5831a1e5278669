"""From the registry's entries to files: what the scripts of the rules that draw have in common."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from matplotlib.figure import Figure

from partial_pooling.data.groups import read_groups
from partial_pooling.figures.registry import Category, Entry, of_category
from partial_pooling.figures.style import save
from partial_pooling.files import read_dataset
from partial_pooling.tables import read_table

READERS = {"groups": read_groups, "curves": read_dataset}  # of the others: a table


def read_needed(files: Mapping[str, str | Path]) -> dict[str, Any]:
    """Read what figures need, from files named as the registry names it."""
    return {name: READERS.get(name, read_table)(path) for name, path in files.items()}


def draw(entry: Entry, given: Mapping[str, Any]) -> Figure:
    """Draw a figure from what is given by name.

    No import here tells which module draws: rules count the files of their figures' functions
    beside their script's.
    """
    module, _, function = entry.function.rpartition(".")
    drawn: Figure = resolve_name(f"partial_pooling.figures.{module}:{function}")(
        **{name: given[name] for name in entry.needs}
    )
    return drawn


def draw_category(category: Category, given: Mapping[str, Any], to: Mapping[str, str]) -> None:
    """Draw all figures of a category, each to its two files of a rule's named output."""
    for entry in of_category(category):
        save(draw(entry, given), to[entry.name], to[f"{entry.name}_png"])
