"""Calibration: ranks of simulated truths, coverage, and where each model fails.

Tables have a column `source`: a model, or `exact` for the exact control.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from partial_pooling.figures.axes import log_axis, model_handles, separate
from partial_pooling.figures.draws import fade
from partial_pooling.figures.labels import THOUSANDS, escape, shorten, units
from partial_pooling.figures.style import (
    COLOURS,
    EXACT,
    GREY,
    MARKERS,
    MOST_VECTOR_LINES,
    NARROW,
    WIDTH,
    by_line,
    by_width,
    grid,
    narrowed,
    new_figure,
    styled,
)
from partial_pooling.words import SYMBOLS

MOST_RANKED_GROUPS = 8  # of the histograms
ACROSS = 3  # columns of ranks on a narrow screen
SMALL: dict[str, Any] = {"fontsize": 8.5, "fontweight": "normal"}  # their titles


@styled
def calibration_ecdf(ecdf: pd.DataFrame) -> Figure:
    """Draw the ECDF of ranks minus the uniform one, with its simultaneous band.

    Parameters
    ----------
    ecdf
        The table ecdf.csv of a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        A row for mu, log tau and all theta together (a line a group), a column a model and one for
        the exact control, all with the same axes.
    """
    sources = list(dict.fromkeys(ecdf["source"]))
    names = {"mu": SYMBOLS["mu"], "log_tau": SYMBOLS["log_tau"], "theta": "all θ"}
    figure, axes = _of_ranks(sources, list(names.values()), "ECDF of ranks minus uniform", 1.9, 1.2)
    for row, variable in zip(axes, names, strict=True):
        for ax, source in zip(row, sources, strict=True):
            of_source = _rows_of(ecdf, source, variable)
            lines = [line for _, line in of_source.groupby("variable", sort=False)]
            band = lines[0]
            ax.fill_between(
                band["position"], band["lower"], band["upper"], color="#DCDCDC", linewidth=0
            )
            ax.axhline(0, color=GREY, linewidth=0.8)
            for line in lines:
                ax.plot(
                    line["position"],
                    line["difference"],
                    color=COLOURS[source],
                    linewidth=1.7 if len(lines) == 1 else 0.9,
                    alpha=1 if len(lines) == 1 else fade(len(lines)),
                    rasterized=len(lines) > MOST_VECTOR_LINES,
                )
    figure.legend(
        handles=[Patch(color="#DCDCDC", label="holds 95 % of uniform curves, whole")],
        loc="outside upper center",
    )
    return figure


@styled
def calibration_ranks(histogram: pd.DataFrame) -> Figure:
    """Draw the histogram of ranks of every variable.

    Parameters
    ----------
    histogram
        The table histogram.csv of a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        A row a variable (mu, log tau and the first `MOST_RANKED_GROUPS` groups), a column a model
        and one for the exact control. Counts are drawn relative to those of uniform ranks.
    """
    sources = list(dict.fromkeys(histogram["source"]))
    variables = list(dict.fromkeys(histogram["variable"]))[: 2 + MOST_RANKED_GROUPS]
    names = [variable.removeprefix("theta[").removesuffix("]") for variable in variables]
    labels = [
        SYMBOLS.get(variable, f"θ {escape(shorten(name, by_width(12, 8)))}")
        for variable, name in zip(variables, names, strict=True)
    ]
    counted = "count of ranks, relative to uniform"
    figure, axes = _of_ranks(sources, labels, counted, 0.78, 0.6)
    for row, variable in zip(axes, variables, strict=True):
        for ax, source in zip(row, sources, strict=True):
            bins = histogram[(histogram["source"] == source) & (histogram["variable"] == variable)]
            edges = np.append(bins["left"], bins["right"].iloc[-1])
            ratio = {
                name: (bins[name] / bins["expected"]).to_numpy()
                for name in ("count", "lower", "upper")
            }
            ax.stairs(ratio["upper"], edges, baseline=ratio["lower"], fill=True, color="#DCDCDC")
            ax.axhline(1, color=GREY, linewidth=0.8)
            ax.stairs(ratio["count"], edges, color=COLOURS[source], linewidth=1.3)
            ax.grid(visible=False)
        for ax in row:
            ax.yaxis.label.set(rotation=0, horizontalalignment="right", verticalalignment="center")
    axes[0, 0].set_ylim(0)
    figure.legend(
        handles=[
            Line2D([], [], color=GREY, linewidth=0.8, label="uniform"),
            Patch(
                color="#DCDCDC",
                label=by_line("holds at least 95 % of uniform", "histograms, whole"),
            ),
        ],
        loc="outside upper center",
        ncols=by_width(2, 1),
    )
    return figure


@styled
def calibration_by_tau(by_tau: pd.DataFrame) -> Figure:
    """Draw where, in terms of the simulated tau, each model fails.

    Parameters
    ----------
    by_tau
        The table by_tau.csv of a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        Above, the error of the mean of log tau in exact posterior standard deviations, with two
        standard errors either side; below, shares of fits too poor to thin, and of fits with
        divergences.
    """
    models = list(dict.fromkeys(by_tau["model"]))
    figure = new_figure(5.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    above.axhline(0, color=EXACT, linewidth=1.2, zorder=1.5)
    for k, model in enumerate(models):
        cells = by_tau[by_tau["model"] == model]
        place = np.arange(len(cells)) + 0.5 * ((k + 0.5) / len(models) - 0.5)
        above.errorbar(
            place,
            cells["error"],
            2 * cells["error_se"],
            color=COLOURS[model],
            marker=MARKERS[model],
            markersize=5,
            linestyle="none",
        )
        looks: dict[str, Any] = {"color": COLOURS[model], "marker": MARKERS[model]}
        looks["markersize"] = 4.5
        below.plot(place, 100 * (1 - cells["thinned"]), **looks)
        below.plot(place, 100 * cells["divergent"], linestyle=":", markerfacecolor="white", **looks)
    labels = [
        f"< {cell['tau_high']:.2g}"
        if number == 0
        else f"> {cell['tau_low']:.2g}"
        if number == len(cells) - 1
        else f"{cell['tau_low']:.2g} to{by_width('\n', ' ')}{cell['tau_high']:.2g}"
        for number, cell in enumerate(cells.to_dict("records"))
    ]
    below.set_xticks(range(len(labels)), labels, fontsize=9, rotation=by_width(0, 90))
    below.set_xlabel(by_line(f"true τ ({units()}),", "equally many simulations each"))
    above.set_ylabel("mean log τ − exact\n(exact posterior sd)")
    below.set_ylabel("% of fits")
    below.set_ylim(-4, 104)
    for ax in (above, below):
        separate(ax, len(labels))
    below.set_xlim(-0.5, len(labels) - 0.5)
    figure.legend(
        handles=[
            *model_handles(models),
            Line2D([], [], color=GREY, label="too poor to thin"),
            Line2D([], [], color=GREY, linestyle=":", label="with divergences"),
        ],
        loc="outside upper center",
        ncols=by_width(len(models) + 2 if len(models) < 3 else 3, 2),
        columnspacing=1.2,
    )
    return figure


@styled
def calibration_coverage(coverage: pd.DataFrame) -> Figure:
    """Draw how often central intervals hold the truth, less their nominal probability.

    Parameters
    ----------
    coverage
        The table coverage.csv of a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for mu, log tau and the mean over all theta; a line a model and one for the exact
        control. Bars of mu and log tau are 95 % intervals.
    """
    sources = list(dict.fromkeys(coverage["source"]))
    figure = new_figure(by_width(3.6, 7.2))
    axes = grid(figure, 1, 3, sharex=True, sharey=True)[0]
    for ax, variable in zip(axes, ("mu", "log_tau", "theta"), strict=True):
        ax.axhline(0, color=GREY, linewidth=0.8)
        for k, source in enumerate(sources):
            of_source = _rows_of(coverage, source, variable)
            rows = of_source.groupby("nominal")[["coverage", "lower", "upper"]].mean()
            shift = 0.012 * (k - (len(sources) - 1) / 2)
            nominal = rows.index.to_numpy(dtype=float)
            style: dict[str, Any] = {
                "color": COLOURS[source],
                "marker": MARKERS[source],
                "markersize": 4.5,
                "linewidth": 1.2,
            }
            excess = 100 * (rows["coverage"] - nominal)
            if variable == "theta":
                ax.plot(nominal + shift, excess, **style)
            else:
                bars = 100 * np.abs(
                    [rows["coverage"] - rows["lower"], rows["upper"] - rows["coverage"]]
                )
                ax.errorbar(nominal + shift, excess, bars, elinewidth=0.8, **style)
        ax.set_title("mean of all θ" if variable == "theta" else SYMBOLS[variable])
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    axes[0].set_ylabel("coverage less nominal\n(percentage points)")
    axes[by_width(1, 2)].set_xlabel(by_line("nominal probability of", "the central interval (%)"))
    figure.legend(
        handles=_source_handles(sources),
        loc="outside upper center",
        ncols=by_width(len(sources), 2),
    )
    return figure


# tests of a calibration, with their lines and names
POWER_LINES: dict[str, tuple[Any, str]] = {
    "ecdf": ("-", "band of the ECDF"),
    "histogram": ((0, (4, 2)), "histogram's χ²"),
    "paired": ((0, (1, 1.5)), "paired with the exact"),
}


@styled
def calibration_power(power: pd.DataFrame) -> Figure:
    """Draw how often a number of simulations shows that ranks are not uniform.

    Parameters
    ----------
    power
        The table power.csv of a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        A line a model, one for the exact control, by each of `POWER_LINES`, all variables taken
        together; the control is not paired with itself.
    """
    sources = list(dict.fromkeys(power["source"]))
    figure = new_figure(3.9)
    ax = figure.subplots()
    counts = np.array(sorted(power["simulations"].unique()), dtype=float)
    ax.axhline(5, color=GREY, linewidth=0.8)
    for source in sources:
        for test, (line, _) in POWER_LINES.items():
            curve = power[
                (power["source"] == source) & (power["variable"] == "any") & (power["test"] == test)
            ].sort_values("simulations")
            if curve.empty:
                continue
            ax.plot(
                curve["simulations"],
                100 * curve["power"],
                color=COLOURS[source],
                linestyle=line,
                marker=MARKERS[source],
                markersize=5,
                linewidth=1.5,
            )
    ax.set_ylim(-3, 103)
    log_axis(ax.xaxis, counts, THOUSANDS, counts if len(counts) <= 10 else None)
    ax.set_xlabel("simulations")
    ax.set_ylabel("% of subsets that show\na fault")
    ax.annotate(
        by_width("5 %: nominal rate of false alarms", "5 %: false alarms"),
        (counts[-1], 5),
        (0, 3),
        textcoords="offset points",
        horizontalalignment="right",
        fontsize=9.5,
    )
    figure.legend(
        handles=[
            *_source_handles(sources),
            *(
                Line2D([], [], color=GREY, linestyle=line, label=label)
                for line, label in POWER_LINES.values()
            ),
        ],
        loc="outside upper center",
        ncols=by_width(3, 2),
        columnspacing=1.2,
    )
    return figure


calibration_ecdf_narrow = narrowed(calibration_ecdf)
calibration_ranks_narrow = narrowed(calibration_ranks)
calibration_by_tau_narrow = narrowed(calibration_by_tau)
calibration_coverage_narrow = narrowed(calibration_coverage)
calibration_power_narrow = narrowed(calibration_power)


def _source_handles(sources: Sequence[str]) -> list[Line2D]:
    models = [source for source in sources if source != "exact"]
    control = Line2D([], [], color=EXACT, marker="*", markersize=5.5, label="exact control")
    return [*model_handles(models), control]


def _of_ranks(
    sources: Sequence[str], names: Sequence[str], counted: str, wide: float, narrow: float
) -> tuple[Figure, NDArray[Any]]:
    """A figure with a row a variable and a column a source, and its axes, (variables, sources).

    A row is as many inches high as told; on a narrow screen there are ACROSS columns, and the other
    sources follow below.
    """
    across = min(len(sources), by_width(len(sources), ACROSS))
    bands = math.ceil(len(sources) / across)
    rows = len(names)
    figure = new_figure(
        1.0 + rows * bands * by_width(wide, narrow),
        by_width(WIDTH + 1.9 * max(len(sources) - 3, 0), NARROW),
    )
    drawn = figure.subplots(bands * rows, across, squeeze=False, sharex=True, sharey=True)
    axes = np.concatenate(drawn.reshape(bands, rows, across), axis=1)
    for ax in axes[:, len(sources) :].ravel():
        ax.remove()
    axes = axes[:, : len(sources)]
    for column, source in enumerate(sources):
        title = by_width("exact control", "exact") if source == "exact" else escape(source)
        axes[0, column].set_title(title, color=COLOURS[source], **by_width({}, SMALL))
        axes[-1, column].tick_params(labelbottom=True)
    for row, name in zip(axes, names, strict=True):
        for ax in row[::across]:
            ax.set_ylabel(name)
    axes[0, 0].set_xlim(0, 1)
    axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    figure.supxlabel("rank of the truth, 0 to 1", fontsize=10.5)
    figure.supylabel(counted, fontsize=10.5)
    return figure, axes


def _rows_of(table: pd.DataFrame, source: str, variable: str) -> pd.DataFrame:
    """Rows of a source and a variable; of `theta` those of all groups."""
    of_variable = table["variable"].str.match(rf"{variable}(\[|$)")
    return table[(table["source"] == source) & of_variable]
