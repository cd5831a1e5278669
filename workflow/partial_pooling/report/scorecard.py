"""The page of the scorecard: what each check caught, stopped at for nothing, and adds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from partial_pooling.figures import registry
from partial_pooling.report import scorecard_tables as tables
from partial_pooling.report import scorecard_words as words
from partial_pooling.report.captions import filled
from partial_pooling.report.figure import embedded
from partial_pooling.report.policy import with_policy
from partial_pooling.report.scorecard_tables import Tabled
from partial_pooling.tables import read_table

NEEDED = ("models", "checks", "adds", "areas", "maps", "thresholds", "limits")
DRAWS = {"draws": str}  # "all" is one


class Section(NamedTuple):
    """A question, its answer, and what the answer rests on.

    Attributes
    ----------
    title, finding
        The question and the sentence it opens with.
    figures
        Names of figures.
    tables
        What follows them.
    """

    title: str
    finding: str
    figures: tuple[str, ...] = ()
    tables: tuple[Tabled, ...] = ()


def read_scorecard(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables that the sections need."""
    return {name: read_table(folder / f"{name}.csv", dtype=DRAWS) for name in NEEDED}


def sections(found: Mapping[str, pd.DataFrame]) -> list[Section]:
    """What there is to say, in the order of the page and of docs/scorecard.md."""
    return [
        Section(
            "Each check at its threshold",
            words.of_checks(found["checks"]),
            ("caught_and_false",),
            (tables.checks_table(found["checks"]), tables.parts_table(found["checks"])),
        ),
        Section(
            "What is left when R-hat and ESS are quiet",
            words.of_adds(found["adds"]),
            (),
            (tables.adds_table(found["adds"]),),
        ),
        Section(
            "Checks as numbers",
            words.of_areas(found["areas"]),
            ("characteristics",),
            (
                tables.areas_table(found["areas"]),
                tables.areas_by_draws_table(found["areas"]),
            ),
        ),
        Section(
            "Thresholds for few false alarms",
            words.of_thresholds(found["thresholds"]),
            (),
            (tables.thresholds_table(found["thresholds"]),),
        ),
        Section(
            "How many divergences are too many",
            words.of_limits(found["limits"]),
            (),
            (tables.limits_table(found["limits"]),),
        ),
        Section("More draws", words.of_draws(found["checks"]), ("over_draws",)),
        Section(
            "Where each check fails",
            words.of_maps(found["maps"]),
            ("maps_honest", "maps_accurate"),
            (tables.models_table(found["models"]),),
        ),
    ]


def render_scorecard(folder: Path, collections: Mapping[str, Any], templates: Path) -> str:
    """Fill the page.

    Parameters
    ----------
    folder
        results/scorecard.
    collections
        By name, what each collection was: number of tables, prior, models, sampling.
    templates
        Folder of the Jinja template `scorecard.html.j2`.
    """
    import jinja2

    found = read_scorecard(folder)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    figures = {
        entry.name: embedded(folder / "figures", entry.name, filled(entry.name, {}), entry.narrow)
        for entry in registry.shown("Scorecard")
    }
    page = environment.get_template("scorecard.html.j2").render(
        lead=words.lead(found["models"], found["checks"]),
        findings=words.findings(found["checks"]),
        truths=words.TRUTH,
        sections=sections(found),
        figures=figures,
        titles={name: filled(name, {})[1].partition(":")[0] for name in figures},
        collections=collections,
    )
    return with_policy(page, templates / "scorecard.html.j2")
