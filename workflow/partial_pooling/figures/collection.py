"""All tables of a collection together: which model to use when, the spread of tau, every mu."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from partial_pooling.figures.axes import log_axis, note
from partial_pooling.figures.labels import escape, label, measure
from partial_pooling.figures.plane import over_plane
from partial_pooling.figures.style import (
    COLOURS,
    EXACT,
    GREY,
    Array,
    by_width,
    narrowed,
    new_figure,
    styled,
)
from partial_pooling.grading.over_tables import GROUPS, RATIOS, models_of, verdict_map
from partial_pooling.priors.priors import parse_prior
from partial_pooling.words import TAU_TO_ERROR

MOST_INTERVALS = 300
POPULATIONS = {
    "log_normal": ("log-normal", COLOURS["noncentered"], "-"),
    "half_student": ("half-Student", COLOURS["centered"], (0, (4, 2))),
}


@styled
def map_of_verdicts(tables: pd.DataFrame) -> Figure:
    """Draw how often each model was wrong and its alarms right, in cells of the plane.

    Parameters
    ----------
    tables
        The table tables.parquet.

    Returns
    -------
    matplotlib.figure.Figure
        A row a model, or on a narrow screen two; each cell with its share in percent and its
        number of tables.
    """
    models = models_of(tables)
    if not models:
        figure = new_figure(1.6)
        note(figure.subplots(), "no model was fitted")
        return figure
    rows, columns = by_width((len(models), 2), (2 * len(models), 1))
    figure = new_figure(0.6 + by_width(2.9, 2.5) * rows)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for (left, right), model in zip(axes.reshape(-1, 2), models, strict=True):
        cells = verdict_map(tables, model)
        _cells(left, cells, "share_wrong", "graded", COLOURS[model])
        _cells(right, cells, "share_alarms", "judged", COLOURS[model])
        left.set_title(f"{escape(model)}: wrong", color=COLOURS[model], loc="left")
        right.set_title(f"{escape(model)}: alarms right", color=COLOURS[model], loc="left")
        for ax in by_width([left], [left, right]):
            ax.set_ylabel("groups")
    for ax in axes[-1]:
        ax.set_xlabel(TAU_TO_ERROR)
    return figure


def _cells(ax: Axes, cells: pd.DataFrame, share: str, number: str, colour: str) -> None:
    values = np.full((len(GROUPS) - 1, len(RATIOS) - 1), np.nan)
    deep = float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114))) < 0.4  # white can be read on it
    for _, row in cells[cells[number] > 0].iterrows():
        x, y = int(row["ratio"]), int(row["groups"])
        values[y, x] = row[share]
        ax.text(
            x,
            y,
            f"{100 * row[share]:.0f} %\n{int(row[number]):,}",
            horizontalalignment="center",
            verticalalignment="center",
            fontsize=8,
            color="white" if deep and row[share] > 0.7 else "black",
        )
    over_plane(ax, values, colour)


@styled
def tau_over_tables(tables: pd.DataFrame, population: Mapping[str, Any]) -> Figure:
    """Draw the medians of tau as a histogram, and the distributions fitted to all tables.

    Parameters
    ----------
    tables
        The table tables.parquet.
    population
        What population.json says: by `log_normal` and `half_student` an entry whose `prior` is
        the distribution as a configuration writes it. It may lack both.

    Returns
    -------
    matplotlib.figure.Figure
        Densities of log tau, over tau on a logarithmic axis.
    """
    tau = tables["tau_q50"].to_numpy(dtype=float)
    tau = tau[np.isfinite(tau) & (tau > 0)]
    figure = new_figure(3.6)
    ax = figure.subplots()
    ax.set_xlabel(label("tau"))
    ax.set_ylabel("density of log τ")
    if not tau.size:
        note(ax, "no table could be used")
        return figure
    low, high = np.log(tau.min()), np.log(tau.max())
    pad = 0.05 * (high - low) or 0.5
    bins = int(np.clip(math.sqrt(tau.size), 5, 50))
    counts, edges = np.histogram(np.log(tau), bins, (low - pad, high + pad))
    ax.stairs(
        counts / (tau.size * np.diff(edges)),
        np.exp(edges),
        fill=True,
        color="#D0D0D0",
        label=f"exact medians of {tau.size:,} tables",
    )
    grid = np.linspace(low - pad, high + pad, 400)
    for name, (called, colour, line) in POPULATIONS.items():
        if name in population:
            prior = parse_prior("tau", population[name]["prior"])
            density = np.exp(prior.log_density(np.exp(grid)) + grid)
            ax.plot(np.exp(grid), density, color=colour, linestyle=line, lw=1.8, label=called)
    log_axis(ax.xaxis, np.exp(edges))
    ax.set_ylim(bottom=0)
    figure.legend(loc="outside upper center", ncols=by_width(3, 1))
    return figure


@styled
def mu_over_tables(tables: pd.DataFrame) -> Figure:
    """Draw the medians of mu with 95 % intervals, in their order.

    Parameters
    ----------
    tables
        The table tables.parquet.

    Returns
    -------
    matplotlib.figure.Figure
        A line a table; of more than 300 tables 300, evenly spaced in the order.
    """
    rows = tables.dropna(subset="mu_q50").sort_values("mu_q50", kind="stable")
    figure = new_figure(4.6)
    ax = figure.subplots()
    ax.set_xlabel(label("mu"))
    ax.set_ylabel(f"{len(rows):,} tables, by median of μ")
    if rows.empty:
        note(ax, "no table could be used")
        return figure
    place = thinned(len(rows))
    low, mid, high = rows[["mu_q2.5", "mu_q50", "mu_q97.5"]].to_numpy(dtype=float)[place].T
    of = measure()
    null = of.null if of else 0.0
    clear = np.ones(len(mid), dtype=bool) if null is None else (low > null) | (high < null)
    for chosen, colour in ((~clear, GREY), (clear, EXACT)):
        ax.hlines(place[chosen] + 1, low[chosen], high[chosen], color=colour, lw=0.9, alpha=0.6)
        ax.plot(mid[chosen], place[chosen] + 1, ".", markersize=3, color=colour)
    if null is not None:
        ax.axvline(null, color=GREY, linewidth=1)
    left, right = float(np.quantile(low, 0.02)), float(np.quantile(high, 0.98))
    left, right = min(left, float(mid[0])), max(right, float(mid[-1]))
    pad = 0.03 * (right - left) or 1.0
    ax.set_xlim(left - pad, right + pad)
    ax.set_ylim(0, len(rows) + 1)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.grid(visible=False, axis="y")
    return figure


def thinned(count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Places of the rows that are drawn: all, or MOST_INTERVALS with both ends."""
    shown: Array = np.linspace(0, count - 1, min(count, MOST_INTERVALS))
    return np.unique(np.rint(shown).astype(np.int64))


map_of_verdicts_narrow = narrowed(map_of_verdicts)
tau_over_tables_narrow = narrowed(tau_over_tables)
mu_over_tables_narrow = narrowed(mu_over_tables)
