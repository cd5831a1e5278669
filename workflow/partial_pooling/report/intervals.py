"""Intervals drawn in the cells of a table, as SVG: one scale for the rows that can be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from partial_pooling.report.html import Html

WIDTH, HEIGHT, EDGE = 120, 14, 4


@dataclass(frozen=True)
class Drawn:
    """What is drawn of a row.

    Attributes
    ----------
    low, middle, high
        Interval and median, a bold line and a dot.
    wide
        Ends of a wider interval, a thin line; none if there is nothing to draw.
    null
        Where no effect is, a tick; None if there is no such value.
    """

    low: float
    middle: float
    high: float
    wide: tuple[float, float] | None = None
    null: float | None = None


def draw(rows: Sequence[Drawn], told: Sequence[str]) -> list[Html]:
    """Draw rows on one scale, each as an SVG element.

    Parameters
    ----------
    rows
        In one unit.
    told
        The same of each row in words, for who cannot see it.
    """
    ends = [
        value
        for row in rows
        for value in (row.low, row.high, *(row.wide or ()), row.null)
        if value is not None and math.isfinite(value)
    ]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    span = high - low or 1.0

    def place(value: float) -> str:
        share = min(max((value - low) / span, 0.0), 1.0)
        return f"{EDGE + share * (WIDTH - 2 * EDGE):.1f}"

    drawn = []
    for row, words in zip(rows, told, strict=True):
        y = HEIGHT / 2
        parts = []
        if row.null is not None:
            x = place(row.null)
            parts.append(f'<path class="null" d="M{x} 0V{HEIGHT}"/>')
        if row.wide is not None:
            parts.append(
                f'<path class="wide" d="M{place(row.wide[0])} {y:g}H{place(row.wide[1])}"/>'
            )
        parts.append(f'<path class="bold" d="M{place(row.low)} {y:g}H{place(row.high)}"/>')
        parts.append(f'<circle cx="{place(row.middle)}" cy="{y:g}" r="3.5"/>')
        drawn.append(
            Html(
                f'<svg class="interval" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
                f'aria-label="{words}">{"".join(parts)}</svg>'
            )
        )
    return drawn
