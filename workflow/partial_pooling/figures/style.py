"""One look for every figure: colours, markers, fonts, sizes, and how a figure becomes a file.

A model has one colour and one marker everywhere, what is exact is black, and what comes from
elsewhere is grey. The colours are those of Okabe and Ito (2008), Color Universal Design, which
readers with colour-vision deficiencies can tell apart; markers tell models apart in print.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from partial_pooling.files import replacing

type Array = NDArray[np.float64]

EXACT = "#000000"
RAW = "#A65900"  # estimates as they are
GREY = "#767676"
EMPIRICAL_BAYES = "#009E73"  # values of tau that are plugged in

# A further parametrization has a line in each; `exact` is a calibration's control.
COLOURS = {
    "centered": "#D55E00",
    "noncentered": "#0072B2",
    "partial": "#CC79A7",
    "marginal": "#009E73",
    "exact": EXACT,
}
MARKERS = {"centered": "o", "noncentered": "s", "partial": "D", "marginal": "^", "exact": "*"}

WIDTH = 7.0  # inches: 11 pt text is 17 px high where a figure is shown 800 px wide
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.labelsize": 10.5,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.edgecolor": "#444444",
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "figure.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
    "axes.unicode_minus": True,
    "svg.hashsalt": "partial-pooling",
    "svg.fonttype": "path",
}
HALO = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.2}  # behind text
RASTER_DPI = 140  # of heavy layers within an SVG
PNG_DPI = 150
# beyond these numbers a layer of an SVG is a raster
MOST_VECTOR_LINES = 24
MOST_VECTOR_MARKS = 1200


def styled[**P](draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make a function draw in this style, and lay the figure out once and for all."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            figure = draw(*args, **kwargs)
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        return figure

    return drawn


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure, sizes in inches, which makes room for its labels by itself."""
    return Figure(figsize=(width, height), layout="constrained")


def shades(of: str, count: int) -> list[tuple[float, float, float]]:
    """`count` shades of a colour, light to dark; the colour itself if one."""
    base = np.array(to_rgb(of))
    steps = np.linspace(-0.45, 0.35, count) if count > 1 else np.zeros(1)
    mixed = (base + (1 - base) * -s if s < 0 else base * (1 - s) for s in map(float, steps))
    return [(float(red), float(green), float(blue)) for red, green, blue in mixed]


def save(figure: Figure, svg: str | Path, png: str | Path | None = None) -> None:
    """Write a figure as SVG, and PNG if asked for; equal figures give equal bytes."""
    width, height = figure.get_size_inches()
    raster = RASTER_DPI * min(1.0, math.sqrt(WIDTH * 8 / (width * height)))
    with mpl.rc_context(STYLE):
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", dpi=raster, metadata={"Date": None})
        if png is not None:
            with replacing(png) as temporary:
                figure.savefig(temporary, format="png", dpi=PNG_DPI)
