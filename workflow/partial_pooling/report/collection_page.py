"""The page of a collection: every table a row, in one file that needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path

from partial_pooling.data.measures import MEASURES, null_of
from partial_pooling.figures.labels import on_measure, units
from partial_pooling.grading.grades import FAILED, FEW, RIGHT, WRONG
from partial_pooling.grading.verdict import count_alarms
from partial_pooling.report.collection import Collection
from partial_pooling.report.collection_rows import page_data, shown
from partial_pooling.report.html import Html, bold, paragraphs
from partial_pooling.report.policy import with_policy
from partial_pooling.words import count, first_upper, percent, significant, some_of


def collection_page(
    collection: Collection,
    figures: Mapping[str, Html],
    reports: Set[str],
    command: tuple[str, str],
    measure: str | None,
    templates: Path,
) -> str:
    """Write the page.

    Parameters
    ----------
    collection
        The results.
    figures
        What the tables say together, by name; see `collection_words.together`.
    reports
        Paths of the tables that have a report.
    command
        What makes the report of a table, before and after its path.
    measure
        What mu is, a key of `MEASURES`, if that is known.
    templates
        Folder of the Jinja template `collection.html.j2` and what it includes.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    null = null_of(measure)
    with on_measure(MEASURES[measure] if measure else None):
        of_mu = units()
    page = environment.get_template("collection.html.j2").render(
        name=collection.name,
        summary=summary(collection, null),
        null=null,
        selection=selection(collection),
        models=collection.models,
        data=page_data(collection, reports, command, null),
        figures=figures,
        provenance=collection.provenance,
        units=of_mu,
    )
    return with_policy(page, templates / "collection.html.j2")


def summary(collection: Collection, null: float | None = 0.0) -> Html:
    """What was found, in a few sentences; `null` is the μ of no effect, if there is one."""
    tables, usable = collection.tables, collection.usable
    bad = len(tables) - len(usable)
    lines = [f"{first_upper(some_of(len(usable), len(tables), 'table'))} could be used"]
    if len(usable):
        lines[0] += f", with {int(usable['groups'].min()):,} to {int(usable['groups'].max()):,} "
        lines[0] += "groups"
        low, middle, high = map(significant(2), usable["tau_q50"].quantile([0.1, 0.5, 0.9]))
        if null is not None:
            apart = (usable["mu_q2.5"] > null) | (usable["mu_q97.5"] < null)
            share = percent(float(apart.mean()))
            lines.append(f"The interval of μ is without {null:g} in {share} of them.")
        lines.append(
            f"The median of τ is {middle} in the middle table, and {low} to {high} in the middle "
            "80 %."
        )
    lines[0] += f"{'; the others say why in their row' if bad else ''}."
    return paragraphs([*lines, *(_of_model(collection, model) for model in collection.models)])


def _of_model(collection: Collection, model: str) -> str:
    fits = collection.fits[collection.fits["model"] == model]
    verdicts = (RIGHT, FEW, WRONG, FAILED)
    number = {verdict: int((fits["verdict"] == verdict).sum()) for verdict in verdicts}
    alarms = count_alarms(fits)
    said = f"{bold(model)}: {some_of(number[RIGHT], len(fits), 'fit')} right, "
    said += f"{number[FEW]:,} with too few draws, " if number[FEW] else ""
    said += f"{number[WRONG]:,} wrong"
    if number[WRONG]:
        said += f", of which alarms caught {alarms['caught']:,}"
    if alarms["false_alarm"]:
        said += f"; {count(alarms['false_alarm'], 'false alarm')}"
    return said + (f"; {number[FAILED]:,} could not be sampled." if number[FAILED] else ".")


def selection(collection: Collection) -> str:
    """Which tables the page has, if it has not all."""
    all_of, some = len(collection.tables), len(shown(collection))
    if some == all_of:
        return ""
    which = "those with the worst fits" if collection.models else "the first of the file"
    return (
        f"The page has {some:,} of {all_of:,} tables, {which}; "
        "tables.parquet, in the same folder, has all. The figures are of all."
    )
