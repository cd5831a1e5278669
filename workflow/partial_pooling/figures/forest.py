"""The groups: estimates unpooled, partially and completely pooled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from partial_pooling.data.groups import Estimates
from partial_pooling.figures.axes import reading_axis
from partial_pooling.figures.labels import escape, label, measure, shorten
from partial_pooling.figures.style import EXACT, GREY, RAW, new_figure, styled
from partial_pooling.words import significant

MOST_NAMED_GROUPS = 100  # with a row of their own in the forest plot


@styled
def forest(groups: Estimates, exact: pd.DataFrame, classical: pd.DataFrame) -> Figure:
    """Draw each group's estimate unpooled, partially pooled and completely pooled.

    Parameters
    ----------
    groups
        Estimates and standard errors.
    exact
        The table exact.csv.
    classical
        The table classical.csv, for complete pooling.

    Returns
    -------
    matplotlib.figure.Figure
        A row a group, and one for the theta of a new group; of more than `MOST_NAMED_GROUPS`
        the rows lie close together, without names, in the order of the pooled estimates. Bars are
        95 % intervals. Where a posterior mean does not exist the median stands for it. A dotted
        line is no effect, where the measure has one; an axis above has what people read.
    """
    table = exact.set_index("variable")
    rows = [*(f"theta[{name}]" for name in groups.names), "theta_new"]
    pooled = table.loc[rows]
    defined = bool(np.isfinite(pooled["mean"]).all())
    centre = pooled["mean"] if defined else pooled["q50"]
    named = len(groups) <= MOST_NAMED_GROUPS
    labels = [*(escape(shorten(name)) for name in groups.names if named), "new group"]
    if named:
        y = np.arange(len(groups), dtype=float)
    else:
        y = np.empty(len(groups))
        y[np.argsort(-centre.iloc[:-1])] = np.linspace(0, 24, len(groups))
    last = float(y.max()) + 1.4
    step = 0.42 if len(groups) <= 20 else 0.26
    figure = new_figure(1.75 + step * (last + 0.6))
    ax = figure.subplots()
    complete = (
        classical.set_index("method")[["mu", "mu_std_error"]].loc["complete_pooling"].to_numpy()
    )
    mean, half = float(complete[0]), 1.96 * float(complete[1])
    ax.axvspan(mean - half, mean + half, color="#E3E3E3", linewidth=0, zorder=0)
    ax.axvline(mean, color=GREY, linewidth=1.5, zorder=1)

    def rows_of(x: ArrayLike, y: ArrayLike, half: ArrayLike, width: float, **style: Any) -> None:
        alone = named or np.size(y) == 1
        ax.errorbar(
            x,
            y,
            xerr=half,
            linestyle="none",
            marker="o",
            markersize=5.5 if alone else 1,
            elinewidth=width if alone else 0.5,
            ecolor=(style["color"], 1 if alone else min(0.8, 300 / len(groups))),
            rasterized=not alone,
            **style,
        )

    apart = 0.16 if named else 0
    hollow = "white" if named else RAW
    rows_of(
        groups.estimate,
        y - apart,
        1.96 * groups.std_error,
        1.2,
        color=RAW,
        markerfacecolor=hollow,
        zorder=2,
    )
    halves = np.array([centre - pooled["q2.5"], pooled["q97.5"] - centre])
    rows_of(centre.iloc[:-1], y + apart, halves[:, :-1], 2, color=EXACT, zorder=3)
    rows_of(centre.iloc[-1:], [last], halves[:, -1:], 2, color=EXACT, zorder=3)
    ax.axhline(last - 0.7, color=GREY, linewidth=0.8)
    # A bar far wider than the others runs out of the axes, so that it does not flatten them.
    raw = 1.96 * groups.std_error
    shown = np.minimum(raw, 4 * np.median(raw))
    low = float(min(np.min(groups.estimate - shown), pooled["q2.5"].iloc[:-1].min()))
    high = float(max(np.max(groups.estimate + shown), pooled["q97.5"].iloc[:-1].max()))
    new_low, new_high = (float(pooled[q].iloc[-1]) for q in ("q2.5", "q97.5"))
    reach = 0.5 * (high - low)
    if new_low < low - reach or new_high > high + reach:
        labels[-1] += f"\n{significant(3)(new_low)} to {significant(3)(new_high)}"
    of = measure()
    null = [of.null] if of and of.null is not None else []
    low, high = (
        max(low - reach, min(low, new_low, *null)),
        min(high + reach, max(high, new_high, *null)),
    )
    for no_effect in null:
        ax.axvline(no_effect, color="black", linewidth=1.2, linestyle=":", zorder=1)
    out = (groups.estimate - raw < low) | (groups.estimate + raw > high)
    if named:
        for i in np.flatnonzero(out):
            labels[i] += f" (±{significant(3)(raw[i])})"
    ax.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    ax.set_yticks([*(y if named else []), last], labels, fontsize=10.5 if len(groups) <= 20 else 9)
    if not named:
        ax.set_ylabel(
            f"{len(groups):,} groups, by exact posterior {'mean' if defined else 'median'}"
        )
        ax.yaxis.set_label_coords(-0.02, 0.55)
    ax.set_ylim(last + 0.6, -0.6)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(label("theta"))
    if of and of.reading:
        reading_axis(ax, of.reading)
    statistic = "mean" if defined else "median (not every mean exists)"
    figure.legend(
        handles=[
            Line2D(
                [],
                [],
                color=RAW,
                marker="o",
                markerfacecolor=hollow,
                label="estimate, no pooling",
            ),
            Line2D([], [], color=EXACT, marker="o", lw=2, label=f"exact posterior {statistic}"),
            (Patch(color="#E3E3E3", label="complete pooling")),
            *(Line2D([], [], color="black", ls=":", lw=1.2, label="no effect") for _ in null),
        ],
        loc="outside upper center",
        ncols=3 if defined and not null else 2,
        title="bars and band: 95 % intervals",
        columnspacing=1.2,
        handlelength=1.6,
    )
    return figure
