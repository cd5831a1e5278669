"""How variables, users' names and shares are written in figures.

Text of the user (names of groups and models) never reaches Matplotlib's mathtext.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from partial_pooling.data.measures import Measure
from partial_pooling.words import symbol

HYPERPARAMETERS = ("mu", "tau", "log_tau")
DATA_UNITS = "data units"
THOUSANDS = "{x:,.0f}"  # numbers along an axis

# As Matplotlib's style: set while a figure is drawn, so that not every function hands it on.
_MEASURE: ContextVar[Measure | None] = ContextVar("measure", default=None)


@contextmanager
def on_measure(measure: Measure | None) -> Iterator[None]:
    """Have figures drawn in the block name their axes after a measure."""
    token = _MEASURE.set(measure)
    try:
        yield
    finally:
        _MEASURE.reset(token)


def measure() -> Measure | None:
    """What theta is in the figure that is being drawn; None if all that is known is its number."""
    return _MEASURE.get()


def units() -> str:
    """What axes of mu, tau and theta are in."""
    of = measure()
    return of.label if of and of.label else DATA_UNITS


def escape(text: str) -> str:
    r"""Keep Matplotlib from reading a user's text as mathematics.

    Examples
    --------
    >>> print(escape("$5 to $10"))
    \$5 to \$10
    """
    return text.replace("$", r"\$")


def shorten(name: str, length: int = 28) -> str:
    """Shorten a long name in the middle, since names often differ at their ends.

    Characters as wide as Chinese ones count as two.

    Examples
    --------
    >>> shorten("Centre for Applied Examples, ward 17", 20)
    'Centre for … ward 17'
    """
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in name)
    if len(name) + wide <= length:
        return name
    length = max(length * len(name) // (len(name) + wide), 3)
    tail = (length - 1) * 9 // 20
    return f"{name[: length - 1 - tail]}…{name[-tail:]}"


def label(variable: str) -> str:
    """A variable as axes name it, with its unit."""
    if variable in ("mu", "tau"):
        return f"{symbol(variable)} ({units()})"
    if variable == "log_tau":
        return f"log τ (τ in {units()})"
    name = variable.removeprefix("theta").removeprefix("[").removesuffix("]")
    of_group = f" of {escape(shorten(name, 12))}" if name else ""
    return f"θ{of_group} ({units()})"


def upright(text: str) -> str:
    """Break the label of an axis that runs upwards where it would be longer than a low panel.

    Examples
    --------
    >>> upright("log τ (τ in standardized mean difference)").splitlines()
    ['log τ (τ in standardized', 'mean difference)']
    """
    return textwrap.fill(text, 27, break_long_words=False, break_on_hyphens=False)


def percent(fraction: float) -> str:
    """A share in percent, with two digits or whole."""
    return f"{100 * fraction:.2g} %" if fraction < 0.995 else f"{100 * fraction:.0f} %"
