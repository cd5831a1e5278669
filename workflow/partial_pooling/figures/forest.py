"""The forest plot: each group alone and pooled, the common mean, a new group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from partial_pooling.data.groups import Estimates
from partial_pooling.figures.axes import reading_axis
from partial_pooling.figures.labels import escape, label, measure, shorten
from partial_pooling.figures.style import (
    EXACT,
    GREY,
    NARROW,
    RAW,
    WIDTH,
    Array,
    new_figure,
    styled,
)
from partial_pooling.words import Format, at_scale, fixed, significant

MOST_NAMED_GROUPS = 40  # with a row of their own; of more, only the extremes have one
EXTREMES = 5  # named at either end
BLOCK = 14.0  # rows that all others share
WEIGHTS = 48  # points from the axes to the end of their column
HEAD = "#444444"


@dataclass(frozen=True)
class _Rows:
    """Where everything stands, in rows from the top.

    Attributes
    ----------
    y
        Of each group.
    named
        Groups that have their name and numbers beside them.
    gap
        Middle of the rows that are not named; None if all are.
    pooled, new
        Of the common mean, and of a new group.
    """

    y: Array
    named: list[int]
    gap: float | None
    pooled: float
    new: float


@dataclass(frozen=True, eq=False)
class _Forest:
    """What there is to draw.

    Attributes
    ----------
    groups
        Estimates and standard errors.
    theta, mu, new
        Rows of exact.csv: of the groups, of the common mean, of a new group.
    centre
        Their column that stands for each.
    share
        Weights of the groups.
    rows
        Where they stand.
    narrow
        Whether it is for a narrow screen.
    """

    groups: Estimates
    theta: pd.DataFrame
    mu: pd.Series[Any]
    new: pd.Series[Any]
    centre: str
    share: Array
    rows: _Rows
    narrow: bool


@styled
def forest(groups: Estimates, exact: pd.DataFrame) -> Figure:
    """Draw each group's estimate alone and pooled, the common mean and a new group.

    Parameters
    ----------
    groups
        Estimates and standard errors.
    exact
        The table exact.csv.

    Returns
    -------
    matplotlib.figure.Figure
        A row a group: its weight, its estimate as a square of an area that is its weight, its
        posterior. Below, mu as a diamond as wide as its interval, and the interval of the theta of
        a new group. Bars are 95 % intervals. Of more than `MOST_NAMED_GROUPS` the rows are in the
        order of the posterior, and those between the `EXTREMES` lie close together, without
        names. Where a posterior mean does not exist the median stands for it. A dotted line is no
        effect, where the measure has one; the axis has what people read, the one above theta.
    """
    return _forest(groups, exact, narrow=False)


@styled
def forest_narrow(groups: Estimates, exact: pd.DataFrame) -> Figure:
    """Draw the same for a narrow screen: names and numbers stand above the bars."""
    return _forest(groups, exact, narrow=True)


def weights(groups: Estimates, tau: float) -> Array:
    """Share of each estimate in the common mean at a tau, under a flat prior of mu.

    ``w_j / sum w`` with ``w_j = 1 / (sigma_j^2 + tau^2)``.
    """
    # relative to the most precise, so that no square leaves the range of floats
    least = float(np.min(np.hypot(groups.std_error, tau)))
    precision: Array = (least / np.hypot(groups.std_error, tau)) ** 2
    return precision / precision.sum()


def _forest(groups: Estimates, exact: pd.DataFrame, narrow: bool) -> Figure:
    rows_of = dict(zip(exact["variable"], exact.to_dict("records"), strict=True))
    mu, new, tau = (pd.Series(rows_of[name]) for name in ("mu", "theta_new", "tau"))
    theta = pd.DataFrame([rows_of[f"theta[{name}]"] for name in groups.names])
    means = [*theta["mean"], mu["mean"], new["mean"]]
    defined = bool(np.isfinite(means).all())
    centre = "mean" if defined else "q50"
    rows = _rows(theta[centre].to_numpy())
    plot = _Forest(groups, theta, mu, new, centre, weights(groups, float(tau["q50"])), rows, narrow)
    step = 0.44 if narrow else 0.36 if len(groups) <= 20 else 0.28
    figure = new_figure(1.55 + step * (rows.new + 1.9), NARROW if narrow else WIDTH)
    ax = figure.subplots()
    ax.set_ylim(rows.new + 0.75, -1.15 if narrow else -1.35)
    out = _limits(ax, plot)
    _intervals(ax, plot)
    _summary(ax, plot)
    _texts(ax, plot, out)
    ax.grid(visible=False, axis="y")
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    of = measure()
    if of and of.null is not None:
        ax.axvline(of.null, color="black", linewidth=1.2, linestyle=":", zorder=1)
    ax.set_xlabel(label("theta"))
    if of and of.reading:
        reading_axis(ax, of.reading)
    statistic = "mean" if defined else "median (not every mean exists)"
    figure.legend(
        handles=[
            Line2D([], [], color=RAW, marker="s", lw=1.2, label="estimate alone, area its weight"),
            Line2D([], [], color=EXACT, marker="o", lw=2, label=f"exact posterior {statistic}"),
            Line2D([], [], color=EXACT, marker="D", lw=0, label="common mean μ"),
            *(
                Line2D([], [], color="black", ls=":", lw=1.2, label="no effect")
                for _ in ([of.null] if of and of.null is not None else [])
            ),
        ],
        loc="outside upper center",
        ncols=1 if narrow else 2,
        title="bars and diamond: 95 % intervals",
        columnspacing=1.2,
        handlelength=1.6,
    )
    return figure


def _rows(centre: Array) -> _Rows:
    count = len(centre)
    if count <= MOST_NAMED_GROUPS:
        y, named, gap = np.arange(count, dtype=float), list(range(count)), None
    else:
        order = np.argsort(-centre, kind="stable")
        y = np.empty(count)
        places = np.linspace(EXTREMES, EXTREMES + BLOCK, count - 2 * EXTREMES)
        y[order] = [
            *range(EXTREMES),
            *places,
            *(EXTREMES + BLOCK + 1 + np.arange(EXTREMES)),
        ]
        named = [int(i) for i in (*order[:EXTREMES], *order[-EXTREMES:])]
        gap = EXTREMES + BLOCK / 2
    pooled = float(y.max()) + 1.5
    return _Rows(y, named, gap, pooled, pooled + 1.1)


def _limits(ax: Axes, plot: _Forest) -> NDArray[np.bool_]:
    """Scale the axis; which groups' bars run out of it, so that they do not flatten the others."""
    groups, theta = plot.groups, plot.theta
    raw = 1.96 * groups.std_error
    shown = np.minimum(raw, 4 * np.median(raw))
    low = float(min(np.min(groups.estimate - shown), theta["q2.5"].min()))
    high = float(max(np.max(groups.estimate + shown), theta["q97.5"].max()))
    reach = 0.5 * (high - low)
    of = measure()
    also = [float(row[q]) for row in (plot.mu, plot.new) for q in ("q2.5", "q97.5")]
    if of and of.null is not None:
        also.append(of.null)
    low, high = max(low - reach, min(low, *also)), min(high + reach, max(high, *also))
    ax.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    out: NDArray[np.bool_] = (groups.estimate - raw < low) | (groups.estimate + raw > high)
    return out


def _intervals(ax: Axes, plot: _Forest) -> None:
    """Draw estimates and posteriors with their intervals."""
    groups, theta, centre, rows = plot.groups, plot.theta, plot.centre, plot.rows
    close = np.ones(len(groups), dtype=bool)
    close[rows.named] = False
    apart, below = 0.13, 0.08 if plot.narrow else 0.0
    halves = np.array([theta[centre] - theta["q2.5"], theta["q97.5"] - theta[centre]])
    pooled = theta[centre].to_numpy()
    for some, thin in ((~close, False), (close, True)):
        if not some.any():
            continue
        alpha = min(0.8, 300 / len(groups)) if thin else 1
        shift = 0 if thin else apart
        for x, half, offset, width, colour in (
            (groups.estimate, 1.96 * groups.std_error, -shift, 1.2, RAW),
            (pooled, halves, shift, 2.0, EXACT),
        ):
            ax.errorbar(
                x[some],
                rows.y[some] + offset + below,
                xerr=half[..., some],
                linestyle="none",
                marker="o" if colour == EXACT or thin else "none",
                markersize=1 if thin else 5,
                elinewidth=0.5 if thin else width,
                color=colour,
                ecolor=(colour, alpha),
                rasterized=thin,
                zorder=2 if colour == RAW else 3,
            )
    largest = float(plot.share.max())
    ax.scatter(
        groups.estimate[rows.named],
        rows.y[rows.named] - apart + below,
        s=70 * plot.share[rows.named] / largest,
        marker="s",
        color=RAW,
        zorder=2.5,
    )


def _summary(ax: Axes, plot: _Forest) -> None:
    """Draw mu as a diamond with a line up through the groups, and a new group's interval."""
    mu, new, centre, rows = plot.mu, plot.new, plot.centre, plot.rows
    low, middle, high = (float(mu[q]) for q in ("q2.5", centre, "q97.5"))
    at, half = rows.pooled, 0.3
    corners = [(low, at), (middle, at - half), (high, at), (middle, at + half)]
    ax.add_patch(Polygon(corners, closed=True, facecolor=EXACT, edgecolor=EXACT, zorder=3))
    ax.plot(
        [middle, middle], [-0.6, at - half], color=EXACT, linewidth=0.8, linestyle="--", zorder=1
    )
    ax.errorbar(
        [float(new[centre])],
        [rows.new],
        xerr=[[float(new[centre] - new["q2.5"])], [float(new["q97.5"] - new[centre])]],
        linestyle="none",
        marker="none",
        elinewidth=4,
        ecolor=GREY,
        color=GREY,
        zorder=3,
    )
    ax.plot(
        [0, 1],
        [rows.pooled - 0.85] * 2,
        transform=ax.get_yaxis_transform(),
        color=GREY,
        linewidth=0.8,
    )


def _texts(ax: Axes, plot: _Forest, out: NDArray[np.bool_]) -> None:
    """Write names, weights and posteriors beside the rows, or above them where it is narrow."""
    groups, rows, narrow = plot.groups, plot.rows, plot.narrow
    write = _numbers(plot)
    lines: list[tuple[float, str, str, str]] = []
    for i in rows.named:
        name = escape(shorten(groups.names[i], 22 if narrow else 28))
        if out[i]:
            name += f" (±{significant(3)(1.96 * groups.std_error[i])})"
        lines.append((float(rows.y[i]), name, _percent(plot.share[i]), write(plot.theta.iloc[i])))
    lines.append((rows.pooled, "common mean μ", "", write(plot.mu)))
    lines.append((rows.new, "new group", "", write(plot.new, only_range=True)))
    size = 8.5 if narrow else 10 if len(groups) <= 20 else 9
    across = ax.get_yaxis_transform()

    def write_at(x: float, y: float, text: str, points: float = 0, **style: Any) -> None:
        """Write at a share of the axes' width and so many points beside it."""
        beside = ScaledTranslation(points / 72, 0, ax.figure.dpi_scale_trans)
        ax.text(x, y, text, transform=across + beside, fontsize=size, va="center", **style)

    for y, name, weight, numbers in lines:
        if narrow:
            write_at(0, y - 0.38, name, ha="left")
            write_at(1, y - 0.38, numbers, ha="right")
        else:
            write_at(0, y, name, -6, ha="right")
            write_at(1, y, weight, WEIGHTS, ha="right")
            write_at(1, y, numbers, WEIGHTS + 8, ha="left")
    if not narrow:
        of = measure()
        told = of.reading.name if of and of.reading else "posterior"
        write_at(1, -0.95, "weight", WEIGHTS, ha="right", color=HEAD)
        write_at(1, -0.95, f"{told} (95 %)", WEIGHTS + 8, ha="left", color=HEAD)
    if rows.gap is not None:
        told = f"{len(groups) - len(rows.named):,} more groups, by exact posterior"
        if narrow:
            write_at(0.01, rows.gap - BLOCK / 2 - 0.35, told, ha="left")
        else:
            write_at(0, rows.gap, told.replace(", ", ",\n"), -6, ha="right")


def _numbers(plot: _Forest) -> Callable[..., str]:
    """What writes a row of exact.csv: its centre and interval, on the scale that people read."""
    of = measure()
    reading = of.reading if of else None
    form: Format
    if reading:
        ends = reading.read(plot.theta[["q2.5", "q97.5"]].to_numpy())
        form = at_scale(10 * float(np.median(ends[:, 1] - ends[:, 0])) / 4)
    else:
        form = at_scale(float(np.median(plot.groups.std_error)))

    def write(row: pd.Series[Any], only_range: bool = False) -> str:
        values = np.array(
            [float(row[q]) for q in ("q50" if reading else plot.centre, "q2.5", "q97.5")]
        )
        middle, low, high = map(form, reading.read(values) if reading else values)
        return f"{low} to {high}" if only_range else f"{middle} ({low} to {high})"

    return write


def _percent(share: float) -> str:
    return f"{fixed(1)(100 * share)} %"
