"""What rules, scripts and reports ask of the figures.

From here come the files of the rules that draw, what their scripts draw, captions and labels of
Snakemake's report, captions and alternative texts of ours. Reading it imports no Matplotlib: the
function that draws is named, and looked up by `drawing.draw`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from partial_pooling.figures.catalog import CATALOG
from partial_pooling.figures.figure import Category, Figure

REPORTED: tuple[Category, ...] = ("Fits", "Study", "Groups")


def _narrow_version(figure: Figure) -> Figure:
    # its words are those of the figure in whose place it is shown
    return replace(
        figure,
        name=figure.narrow,
        function=f"{figure.function}_narrow",
        alternative="",
        caption="",
        unfound="",
        has_narrow=False,
    )


FIGURES = (*CATALOG, *(_narrow_version(figure) for figure in CATALOG if figure.narrow))


# Captions of Snakemake's report are templates over the job that drew: its data set and settings,
# and what stands in the slots.
DATASET = "``{{ snakemake.wildcards.dataset }}``"
JOBS: dict[Category, str] = {
    "Groups": DATASET
    + """.
{% set mu, tau = snakemake.params.prior.mu, snakemake.params.prior.tau -%}
Priors: mu {{ mu.dist }}{% for name, value in mu.items() if name != "dist" %} {{ name }} = \
{{ value }}{% endfor %}; tau {{ tau.dist }}{% for name, value in tau.items() if name != "dist" %} \
{{ name }} = {{ value }}{% endfor %}.""",
    "Scorecard": "Collections: {{ snakemake.params.collections }}.",
    "Fits": DATASET
    + ", seed {{ snakemake.params.seed }}, target_accept {{ snakemake.params.target_accept }}, "
    "{{ snakemake.params.chains }} chains of {{ snakemake.params.draws }} draws.",
    "Settings": DATASET
    + ", seed {{ snakemake.params.seed }}, {{ snakemake.params.chains }} chains of "
    "{{ snakemake.params.draws }} draws.",
    "Study": DATASET
    + """, seeds {{ snakemake.params.seeds | join(", ") }}; {{ snakemake.params.chains }} chains.
target_accepts {{ snakemake.params.target_accept | join(", ") }}.""",
    "Calibration": DATASET
    + ", {{ snakemake.params.simulations }} data sets simulated from the prior, fitted with "
    "{{ snakemake.params.settings.chains }} chains of {{ snakemake.params.settings.draws }} draws "
    "at target_accept {{ snakemake.params.settings.target_accept }}.",
    "Collection": "``{{ snakemake.wildcards.collection }}``.",
}
SLOTS = {
    "told": "",
    "beyond": "above or below",
    "group": "the first group",
    "centre": "mean",
    "seeds": "seeds",
    "at": "the lowest and the highest target_accept",
    "ranks": "Ranks of the truth among {{ snakemake.params.settings.ranked_draws }} draws",
}


def of_category(category: Category) -> list[Figure]:
    """Figures of a category, in the order of the registry."""
    return [figure for figure in FIGURES if figure.category == category]


def shown(category: Category) -> list[Figure]:
    """Figures of a category that stand on a page, each with its narrow version if it has one."""
    return [figure for figure in CATALOG if figure.category == category]


def in_report() -> list[str]:
    """Names of the figures that every report shows; it shows a calibration's where there is one."""
    return [figure.name for name in REPORTED for figure in shown(name)]


def narrow_versions() -> set[str]:
    """Names of the figures that are another's narrow version: for pages alone."""
    return {figure.narrow for figure in FIGURES if figure.narrow}


def embedded() -> list[str]:
    """Names of all figures that a report embeds: those that it shows, and their narrow versions."""
    names = in_report()
    return names + [figure.narrow for figure in FIGURES if figure.name in names and figure.narrow]


def inputs(category: Category, folder: str) -> dict[str, str]:
    """Files of a results folder that figures of a category need, by the names of `needs`."""
    files = {
        "groups": "data.csv",
        "curves": "exact.nc",
        "tables": "tables.parquet",
        "population": "population.json",
    }
    needed = dict.fromkeys(
        name
        for figure in of_category(category)
        for name in figure.needs
        if name != "prior"  # a parameter of the rule
    )
    return {name: f"{folder}/{files.get(name, f'{name}.csv')}" for name in needed}


def drawn(category: Category) -> dict[str, list[str]]:
    """What a script is told to draw: of each figure its function, then what that needs.

    A rule's parameter, so that its script rests on no words of this module.
    """
    return {figure.name: [figure.function, *figure.needs] for figure in of_category(category)}


def modules(category: Category) -> list[str]:
    """Files with the functions of a category, of which nothing is imported where they are named."""
    names = dict.fromkeys(figure.function.partition(".")[0] for figure in of_category(category))
    return [str(Path(__file__).with_name(f"{name}.py")) for name in names]


def template(figure: Figure) -> str:
    """The caption of a figure in Snakemake's report: reStructuredText, a Jinja template."""
    shown = "one fit" if figure.category == "Settings" else "one fit of each model"
    words = figure.caption.format_map(SLOTS | {"shown": shown, "found": figure.unfound})
    return f"{words}\n{JOBS[figure.category]}\n"
