"""The plane of number of groups and tau over typical error, on which shares are mapped."""

from __future__ import annotations

import itertools
import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from partial_pooling.figures.style import Array
from partial_pooling.grading.over_tables import GROUPS, RATIOS


def over_plane(ax: Axes, values: Array, colour: str) -> None:
    """Shade the cells of the plane by shares, from white to a colour, and name their edges.

    Parameters
    ----------
    ax
        Where.
    values
        Shares from 0 to 1, shape (ranges of groups, ranges of the ratio); NaN where there is none.
    colour
        Of a share of 1.
    """
    shades = LinearSegmentedColormap.from_list("share", ["#FFFFFF", colour])
    ax.imshow(values, cmap=shades, vmin=0, vmax=1, aspect="auto", origin="lower")
    ax.grid(visible=False)
    ax.tick_params(length=0)
    names = [
        f"{a}–{int(b) - 1}" if math.isfinite(b) else f"{a}+" for a, b in itertools.pairwise(GROUPS)
    ]
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks(np.arange(len(RATIOS) - 2) + 0.5, [f"{edge:g}" for edge in RATIOS[1:-1]])
