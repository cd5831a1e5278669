"""What a decision needs: ranks of the groups, one group less, other priors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from partial_pooling.decision.side import Side, side_of
from partial_pooling.figures.axes import note
from partial_pooling.figures.labels import escape, label, shorten, units
from partial_pooling.figures.style import (
    EXACT,
    GREY,
    Array,
    by_width,
    grid,
    narrowed,
    new_figure,
    styled,
)
from partial_pooling.words import NO_BREAK, percent, symbol

MOST_WRITTEN = 12  # groups of which each probability is written into its cell
MOST_ROWS = 40  # groups whose absence is drawn
MARKED = "#D55E00"


@styled
def ranks(ranks: pd.DataFrame) -> Figure:
    """Draw the probability of each group's rank, the groups in the order of their expected ranks.

    Parameters
    ----------
    ranks
        The table ranks.csv.

    Returns
    -------
    matplotlib.figure.Figure
        A row a group, a column a rank, the darker the more probable; of more groups than each rank
        is known of, their expected ranks alone, if those are known.
    """
    table = ranks.sort_values("expected_rank", kind="stable")
    names = [escape(shorten(str(name), by_width(28, 20))) for name in table["group"]]
    chance = table[[c for c in table if str(c).startswith("rank_")]].to_numpy(dtype=float)
    count = len(table)
    if not chance.size:
        figure = new_figure(4.0)
        ax = figure.subplots()
        ax.plot(table["expected_rank"].to_numpy(), np.arange(count), color=EXACT, linewidth=1.5)
        ax.set_ylim(count - 0.5, -0.5)
        ax.set_ylabel(f"{count:,} groups, in this order")
        ax.set_xlabel("expected rank of θ, 1 the largest")
        return figure
    figure = new_figure(1.3 + (0.36 if count <= 20 else 0.22) * count)
    ax = figure.subplots()
    top = max(float(chance.max()), 0.4)  # what is spread evenly stays pale
    mesh = ax.pcolormesh(chance, cmap="Greys", vmin=0, vmax=top, edgecolors="white", linewidth=0.5)
    if count <= by_width(MOST_WRITTEN, 8):
        for (row, column), value in np.ndenumerate(chance):
            ax.text(
                column + 0.5,
                row + 0.5,
                percent(value) if value >= 0.005 else "",
                ha="center",
                va="center",
                fontsize=by_width(8.5, 7),
                color="white" if value > 0.6 * top else "black",
            )
    else:
        figure.colorbar(mesh, ax=ax, label="probability", aspect=40, location=beside())
    middle = np.arange(count) + 0.5
    ax.plot(
        table["expected_rank"] - 0.5,
        middle + 0.36,
        linestyle="none",
        marker="|",
        markersize=7,
        markeredgewidth=2.5,
        color=MARKED,
        label="expected rank",
    )
    ax.set_yticks(middle, names, fontsize=by_width(10, 8) if count <= 20 else by_width(8, 7))
    shown = np.arange(0, count, 1 if count <= by_width(20, 10) else 5)
    ax.set_xticks(shown + 0.5, [str(rank + 1) for rank in shown])
    ax.set_xlabel("rank of θ, 1 the largest")
    ax.set_ylim(count, 0)
    ax.grid(visible=False)
    ax.tick_params(length=0)
    figure.legend(loc="outside upper right")
    return figure


@styled
def influence(influence: pd.DataFrame, decisions: pd.DataFrame, exact: pd.DataFrame) -> Figure:
    """Draw mu and the decision's probability without each group.

    Parameters
    ----------
    influence
        The table influence.csv.
    decisions
        The table decisions.csv, of all groups.
    exact
        The table exact.csv, of all groups.

    Returns
    -------
    matplotlib.figure.Figure
        A row a group that is left out, in the order of the file: median and 95 % interval of mu
        left, the probability that it lies on its side of c right; with all groups the band, and the
        lines. Of many groups those without which mu's median moves most: the probability may be 1
        without any.
    """
    told = influence[influence["reason"].fillna("") == ""]
    mu, of_mu = (table.set_index("variable").loc[["mu"]] for table in (exact, decisions))
    low, middle, high = mu[["q2.5", "q50", "q97.5"]].to_numpy(dtype=float)[0].tolist()
    above = float(of_mu["above"].iloc[0])
    side = _side(decisions)
    move = (told["mu_q50"] - middle).abs()
    kept = told.loc[move.nlargest(MOST_ROWS).index].sort_index()
    count = max(len(kept), 2)
    figure = new_figure(by_width(1.6 + 0.3 * count, 2.2 + 0.52 * count))
    left, right = grid(figure, 1, 2, sharey=True, width_ratios=(3, 2))[0]
    left.axvspan(low, high, color="#E3E3E3", linewidth=0)
    left.axvline(middle, color=GREY, linewidth=1.5)
    intervals(left, kept, "mu")
    left.axvline(above, color="black", linewidth=1.2, linestyle=":")
    left.set_xlabel(label("mu"))
    right.axvline(side.share(float(of_mu["probability"].iloc[0])), color=GREY, linewidth=1.5)
    y = np.arange(len(kept))
    right.plot(side.share(kept["mu_above"]), y, linestyle="none", marker="o", color=EXACT)
    for edge in (0.025, 0.975):
        right.axvline(edge, color=MARKED, linewidth=1, linestyle="--")
    right.set_xlim(-0.03, 1.03)
    right.set_xlabel(side.name)
    for ax in (left, right)[: by_width(1, 2)]:
        rows(ax, [escape(shorten(str(name), by_width(30, 22))) for name in kept["group"]])
    if not len(kept):
        note(left, "no posterior without one group")
    figure.legend(
        handles=[
            Line2D([], [], color=EXACT, marker="o", label="without the group"),
            Line2D([], [], color=GREY, linewidth=1.5, label="all groups"),
            Line2D([], [], color=MARKED, linestyle="--", label="2.5 and 97.5 %"),
        ],
        loc="outside upper center",
        ncols=by_width(3, 2),
    )
    return figure


@styled
def usual_priors(priors: pd.DataFrame) -> Figure:
    """Draw mu, tau and a new group's theta under priors that others use.

    Parameters
    ----------
    priors
        The table priors.csv.

    Returns
    -------
    matplotlib.figure.Figure
        A row a prior, the study's own first and black: medians and 95 % intervals.
    """
    told = priors[priors["reason"].fillna("") == ""]
    figure = new_figure(by_width(1.2 + 0.42 * len(told), 1.8 + 0.84 * len(told)))
    axes = grid(figure, 1, 3, sharey=True)[0]
    own = np.arange(len(told)) == 0
    for ax, (name, text) in zip(
        axes,
        (("mu", label("mu")), ("tau", label("tau")), ("new", symbol("theta_new"))),
        strict=True,
    ):
        intervals(ax, told, name, np.where(own, EXACT, "#0072B2"))
        ax.set_xlabel(text)
    for ax in axes[: by_width(1, 3)]:
        rows(ax, [escape(str(name)) for name in told["name"]])
    return figure


@styled
def atlas(atlas: pd.DataFrame, priors: pd.DataFrame, decisions: pd.DataFrame) -> Figure:
    """Draw the probability that mu is above c over scales of both priors.

    Parameters
    ----------
    atlas
        The table atlas.csv.
    priors
        The table priors.csv, whose first row has the study's own.
    decisions
        The table decisions.csv.

    Returns
    -------
    matplotlib.figure.Figure
        Contours of the probability; the line where c enters mu's 95 % interval; the study's own
        prior, at a scale of 1, if its mu is not flat.
    """
    figure = new_figure(by_width(4.6, 5.2))
    ax = figure.subplots()
    if not atlas["mu_above"].notna().any():
        note(ax, "not computed of so many groups")
        return figure
    side = _side(decisions)
    atlas = atlas.assign(mu_above=side.share(atlas["mu_above"]))
    table = atlas.pivot(index="mu_prior_sd", columns="tau_factor", values="mu_above")
    x, y, z = table.columns.to_numpy(float), table.index.to_numpy(float), table.to_numpy(float)
    levels = np.array([0, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 1])
    ax.set_xscale("log")
    ax.set_yscale("log")
    filled = ax.contourf(x, y, z, levels=levels, cmap="cividis", alpha=0.55)
    lines = ax.contour(x, y, z, levels=levels[1:-1], colors="#444444", linewidths=0.7)
    ax.clabel(lines, fmt=percent_tick, fontsize=8.5)
    ax.contour(x, y, z, levels=[0.025, 0.975], colors=MARKED, linewidths=2.5)
    handles = [Line2D([], [], color=MARKED, linewidth=2.5, label="the 95 % interval reaches c")]
    middle = len(y) // 2
    if "Flat" not in str(priors["prior_mu"].iloc[0]):
        ax.plot([1], [y[middle]], marker="*", markersize=15, color="white", mec="black")
        handles.append(
            Line2D([], [], ls="none", marker="*", ms=12, c="white", mec="black", label="this study")
        )
    bar = figure.colorbar(filled, ax=ax, label=side.name, format=percent_tick, location=beside())
    if by_width(False, True):
        bar.set_ticks([0.025, 0.25, 0.75, 0.975])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,g}")
    ax.set_xlabel("scale of the prior of τ, in that of the study")
    ax.set_ylabel(f"sd of the prior of μ ({units()})")
    figure.legend(handles=handles, loc="outside upper center", ncols=by_width(2, 1))
    return figure


ranks_narrow = narrowed(ranks)
influence_narrow = narrowed(influence)
usual_priors_narrow = narrowed(usual_priors)
atlas_narrow = narrowed(atlas)


def _side(decisions: pd.DataFrame) -> Side:
    of_mu = decisions.set_index("variable").loc[["mu"], ["probability", "above"]]
    return side_of(*of_mu.to_numpy(dtype=float)[0].tolist())


def beside() -> Literal["right", "bottom"]:
    """Where a bar of colours stands."""
    return "bottom" if by_width(False, True) else "right"


def percent_tick(value: float, _: object = None) -> str:
    """A share along an axis or a contour, not rounded: that of 97.5 % is not one of 98 %."""
    return f"{100 * value:g}{NO_BREAK}%"


def intervals(ax: Axes, table: pd.DataFrame, name: str, colours: Array | None = None) -> None:
    """Draw medians and 95 % intervals of a variable, a row each."""
    y = np.arange(len(table))
    middle, low, high = (table[f"{name}_q{q}"].to_numpy(float) for q in ("50", "2.5", "97.5"))
    colours = np.full(len(y), EXACT, dtype=object) if colours is None else colours
    ax.hlines(y, low, high, colors=list(colours), linewidth=2)
    ax.scatter(middle, y, c=list(colours), s=30, zorder=3)
    # one that is far wider than the others runs out
    ends = np.concatenate([low, high])
    reach = 3 * float(np.median(high - low)) if len(y) else 1.0
    center = float(np.median(middle)) if len(y) else 0.0
    ax.set_xlim(
        max(float(np.min(ends, initial=center)), center - reach) - 0.04 * reach,
        min(float(np.max(ends, initial=center)), center + reach) + 0.04 * reach,
    )


def rows(ax: Axes, names: Sequence[str]) -> None:
    """Name rows from the top down."""
    ax.set_yticks(
        np.arange(len(names)), list(names), fontsize=by_width(9.5, 8.5) if len(names) <= 20 else 8.5
    )
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
