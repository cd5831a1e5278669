"""Pieces of figures: axes, marks beside them, entries of legends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import Locator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from partial_pooling.data.measures import ReadingScale
from partial_pooling.figures.labels import escape
from partial_pooling.figures.style import COLOURS, HALO, MARKERS, Array

LEAST_GAP = 0.09  # between two numbers of an axis, as a share of it


def note(ax: Axes, text: str) -> None:
    """Write a remark across the foot of a panel."""
    ax.text(
        0.5,
        0.03,
        text,
        transform=ax.transAxes,
        horizontalalignment="center",
        fontsize=9.5,
        fontstyle="italic",
        bbox=HALO,
    )


def model_handles(models: Sequence[str], suffix: str = "") -> list[Line2D]:
    """Entries of a legend, one a model."""
    return [
        Line2D(
            [],
            [],
            color=COLOURS[model],
            marker=MARKERS[model],
            markersize=5.5,
            label=escape(model) + suffix,
        )
        for model in models
    ]


def category_axis(ax: Axes, draws: Sequence[int]) -> None:
    """Put counts of draws at equal distances along the x axis."""
    crowded = len(draws) > 6
    ax.set_xticks(
        range(len(draws)),
        [f"{n:,}" for n in draws],
        rotation=45 if crowded else 0,
        fontsize=9,
    )
    ax.set_xlim(-0.5, len(draws) - 0.5)


def separate(ax: Axes, categories: int) -> None:
    """Draw lines between the categories of the x axis."""
    ax.grid(visible=False, axis="x")
    for k in range(categories - 1):
        ax.axvline(k + 0.5, color="#D0D0D0", linewidth=0.8, zorder=0.5)


def log_axis(
    axis: Any,
    values: ArrayLike,
    formatter: str = "{x:,g}",
    ticks: ArrayLike | None = None,
) -> None:
    """Scale an axis logarithmically, with plain numbers at 1, 2 and 5 of each decade."""
    positive = np.asarray(values, dtype=float)
    positive = positive[np.isfinite(positive) & (positive > 0)]
    axis._set_axes_scale("log")
    low, high = math.log10(positive.min()), math.log10(positive.max())
    pad = max(0.06 * (high - low), 0.04 if high - low > 0.3 else 0.2)
    low, high = low - pad, high + pad
    if ticks is None:
        fine = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
        steps = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), fine)
        decades = range(math.floor(low), math.ceil(high) + 1)
        for of_decade in steps:
            ticks = np.array([step * 10.0**d for d in decades for step in of_decade])
            ticks = ticks[(ticks >= 10**low) & (ticks <= 10**high)]
            if len(ticks) >= (3 if of_decade != fine else 0):
                break
    axis.set_ticks(ticks)
    axis.set_major_formatter(formatter)
    axis.set_minor_locator(NullLocator())
    if axis.axis_name == "x":
        axis.axes.set_xlim(10**low, 10**high)
    else:
        axis.axes.set_ylim(10**low, 10**high)


def apart(draws: Array, width: float) -> Array:
    """The draws whose labels have room on a logarithmic axis `width` inches wide."""
    room = 0.6 / width * max(math.log10(draws[-1] / draws[0]), 0.1)
    kept = [float(draws[-1])]
    for value in draws[-2::-1]:
        if math.log10(kept[-1] / value) >= room:
            kept.append(float(value))
    return np.array(kept[::-1])


def axis_from_zero(ax: Axes, values: Array) -> None:
    """Scale the y axis from 0; logarithmically beyond the smallest value if they differ much."""
    positive = values[values > 0]
    if not positive.size or positive.max() < 30 * positive.min():
        ax.set_ylim(0, max(float(values.max()) * 1.08, 0.1))
        return
    lowest = math.floor(math.log10(positive.min()))
    ax.set_yscale("symlog", linthresh=10.0**lowest, linscale=0.6)
    decades = range(lowest, math.ceil(math.log10(positive.max())) + 1)
    ax.set_yticks([0, *(10.0**d for d in decades)])
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylim(0, float(positive.max()) * 1.5)


def reading_axis(ax: Axes, scale: ReadingScale) -> None:
    """Put the scale on which people read theta along the x axis, and theta above."""
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    read = ax.secondary_xaxis("bottom")
    read.xaxis.set_major_locator(_ReadingLocator(ax, scale))
    read.xaxis.set_major_formatter(lambda place, _: _tick(float(scale.read(np.array(place)))))
    read.xaxis.set_minor_locator(NullLocator())
    read.set_xlabel(scale.name)


class _ReadingLocator(Locator):
    """Places of `reading_ticks`, as many as have room in the width that the layout leaves."""

    def __init__(self, ax: Axes, scale: ReadingScale) -> None:
        self._ax, self._scale = ax, scale

    def __call__(self) -> list[float]:
        """Places in theta."""
        size = float(rcParams["font.size"]) / 72 * self._ax.figure.dpi
        character = 0.6 * size / self._ax.bbox.width
        ticks = reading_ticks(self._scale, *self._ax.get_xlim(), character)
        return list(self._scale.write(ticks))

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """The same, whatever the ends."""
        return self()


def _tick(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def reading_ticks(scale: ReadingScale, low: float, high: float, character: float) -> Array:
    """Round numbers on the scale on which people read theta, for an axis of theta.

    Parameters
    ----------
    scale
        The scale.
    low, high
        Ends of the axis, in theta.
    character
        Width of a digit as a share of the axis.

    Returns
    -------
    numpy.ndarray
        1, 5 and 2 times powers of ten and their distances from the scale's end, if it has one, the
        roundest first as long as there is room; ever finer numbers where the axis is short.
    """
    powers = 10.0 ** np.arange(-9, 10)
    steps = np.concatenate([powers, 5 * powers, 2 * powers])
    end = float(scale.read(np.array(np.inf)))
    from_end = end - steps[steps < end / 2] if math.isfinite(end) else np.array([])
    positive = np.concatenate([steps[steps < end], from_end])
    ends = scale.read(np.array([low, high]))
    fine = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(*ends)
    null = scale.read(np.array([0.0]))
    found: list[float] = []
    for tick in (*null, *np.column_stack([positive, -positive]).ravel(), *fine):
        if not ends[0] <= tick <= ends[1]:
            continue
        with np.errstate(divide="ignore"):
            places = scale.write(np.array([tick, *found]))
        digits = np.array([len(_tick(each)) for each in (tick, *found)])
        needed = np.maximum(LEAST_GAP, character * (1 + (digits[0] + digits[1:]) / 2))
        if np.isfinite(places[0]) and (abs(places[1:] - places[0]) >= needed * (high - low)).all():
            found.append(float(tick))
    return np.sort(found)
