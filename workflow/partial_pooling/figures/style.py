"""One look for every figure: colours, markers, fonts, sizes, and how a figure becomes a file.

A model has one colour and one marker everywhere, what is exact is black, and what comes from
elsewhere is grey. The colours are those of Okabe and Ito (2008), Color Universal Design, which
readers with colour-vision deficiencies can tell apart; markers tell models apart in print.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib import font_manager, style
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
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

NARROW = 3.7  # inches: a phone's width
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
}
HALO = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.2}  # behind text
RASTER_DPI = 140  # of heavy layers within an SVG
PNG_DPI = 150
# beyond these numbers a layer of an SVG is a raster
MOST_VECTOR_LINES = 24
MOST_VECTOR_MARKS = 1200


@functools.cache
def _characters(font: str) -> frozenset[int]:
    """Code points of the characters that a font, by its file, has."""
    return frozenset(font_manager.get_font(font).get_charmap())


def _drawable() -> frozenset[int]:
    """Code points of the characters that the figures' own font has."""
    return _characters(font_manager.findfont(str(STYLE["font.family"])))


def undrawable(figure: Figure) -> list[Text]:
    """Texts of a figure, such as names of groups, with characters that its font lacks."""
    return [
        text
        for text in figure.findobj(Text)
        if isinstance(text, Text)
        and not text.get_text().isascii()
        and not set(map(ord, text.get_text())) - {10} <= _drawable()
    ]


@functools.cache
def _installed(character: str) -> str | None:
    """Name of a font of this machine that has a character."""
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda each: each.name):
        if ord(character) in _characters(entry.fname):
            return str(entry.name)
    return None


def _with_fonts(texts: list[Text]) -> None:
    """Let texts be drawn by this machine's fonts, as far as it has them; then by the reader's."""
    own = str(STYLE["font.family"])
    for text in texts:
        lacking = {c for c in text.get_text() if c != "\n" and ord(c) not in _drawable()}
        found = sorted({font for font in map(_installed, sorted(lacking)) if font})
        text.set_fontfamily([own, *found, "sans-serif"])


def styled[**P](draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make a function draw in this style, and lay the figure out once and for all."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with style.context(["default", STYLE]):
            figure = draw(*args, **kwargs)
            # Room for characters of unknown width: that of the widest letters.
            foreign = [(text, text.get_text()) for text in undrawable(figure)]
            for text, told in foreign:
                text.set_text("".join(c if ord(c) in _drawable() else "W" for c in told))
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
            for text, told in foreign:
                text.set_text(told)
        return figure

    return drawn


_narrow: ContextVar[bool] = ContextVar("narrow", default=False)


def narrowed[**P](draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make of a function that draws a figure one that draws it for a narrow screen."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        before = _narrow.set(True)
        try:
            return draw(*args, **kwargs)
        finally:
            _narrow.reset(before)

    return drawn


def by_width[T](wide: T, narrow: T) -> T:
    """The second where the figure is drawn for a narrow screen."""
    return narrow if _narrow.get() else wide


def by_line(*parts: str) -> str:
    """Parts of a label on one line; on a narrow screen each has its own."""
    return by_width(" ", "\n").join(parts)


def new_figure(height: float, width: float | None = None) -> Figure:
    """An empty figure, sizes in inches, which makes room for its labels by itself."""
    width = by_width(WIDTH, NARROW) if width is None else width
    return Figure(figsize=(width, height), layout="constrained")


def grid(
    figure: Figure,
    rows: int,
    columns: int,
    sharex: bool | Literal["row", "col"] = False,
    sharey: bool | Literal["row", "col"] = False,
    width_ratios: Sequence[float] | None = None,
) -> NDArray[Any]:
    """Axes in rows and columns; on a narrow screen the columns stand one below the other.

    Parameters
    ----------
    figure
        Where.
    rows, columns
        How many.
    sharex, sharey
        Which share an axis, as `Figure.subplots` has it: all (True), those of a "row" or a "col".
    width_ratios
        Of the columns.

    Returns
    -------
    numpy.ndarray
        The axes, of shape (rows, columns) on a narrow screen too.
    """
    if by_width(True, False):
        axes: NDArray[Any] = figure.subplots(
            rows, columns, squeeze=False, sharex=sharex, sharey=sharey, width_ratios=width_ratios
        )
        return axes
    axes = figure.subplots(columns * rows, 1, squeeze=False).reshape(columns, rows).T
    for (row, column), ax in np.ndenumerate(axes):
        shared = {True: axes[0, 0], "row": axes[row, 0], "col": axes[0, column]}
        for share, asked in ((ax.sharex, sharex), (ax.sharey, sharey)):
            if shared.get(asked, ax) is not ax:
                share(shared[asked])
        if sharex in (True, "col") and row < rows - 1:
            ax.tick_params(labelbottom=False)
    return axes


def shades(of: str, count: int) -> list[tuple[float, float, float]]:
    """`count` shades of a colour, light to dark; the colour itself if one."""
    base = np.array(to_rgb(of))
    steps = np.linspace(-0.45, 0.35, count) if count > 1 else np.zeros(1)
    mixed = (base + (1 - base) * -s if s < 0 else base * (1 - s) for s in map(float, steps))
    return [(float(red), float(green), float(blue)) for red, green, blue in mixed]


def save(figure: Figure, svg: str | Path, png: str | Path | None = None) -> None:
    """Write a figure as SVG, and PNG if asked for; equal figures give equal bytes.

    Text is drawn as outlines, but where the figures' font lacks a character: then the SVG has it
    as text, which the reader's fonts draw, and the PNG what fonts of this machine can draw.
    """
    foreign = undrawable(figure)
    _with_fonts(foreign)
    width, height = figure.get_size_inches()
    raster = RASTER_DPI * min(1.0, math.sqrt(WIDTH * 8 / (width * height)))
    fonts = {"svg.fonttype": "none" if foreign else "path"}
    with style.context(["default", STYLE | fonts]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", dpi=raster, metadata={"Date": None})
        if png is not None:
            with replacing(png) as temporary:
                figure.savefig(temporary, format="png", dpi=PNG_DPI)
