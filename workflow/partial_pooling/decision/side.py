"""The side of the value c that decides on which most of mu is."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

import pandas as pd

from partial_pooling.words import AS_GIVEN, chance


class Side(NamedTuple):
    """The side of c on which most of mu is, as people read it.

    Attributes
    ----------
    above
        Whether it is above.
    what, value
        What is compared, μ or what people read in its place, and with what.
    """

    above: bool
    what: str
    value: str

    @property
    def sign(self) -> str:
        """As in P(μ > 0)."""
        return ">" if self.above else "<"

    @property
    def word(self) -> str:
        """As in "μ is above 0"."""
        return "above" if self.above else "below"

    @property
    def name(self) -> str:
        """As in P(μ > 0)."""
        return f"P({self.what} {self.sign} {self.value})"

    @property
    def words(self) -> str:
        """As in "μ is above 0"."""
        what = "the common mean μ" if self.what == "μ" else f"the pooled {self.what}"
        return f"{what} is {self.word} {self.value}"

    def share[T: (float, pd.Series[float])](self, above: T) -> T:
        """The probability to be on this side, from that to be above."""
        return above if self.above else 1 - above

    def of(self, above: float) -> str:
        """The same in percent, as HTML."""
        return escape(chance(self.share(above)))


def side_of(above: float, c: float) -> Side:
    """The side of c on which most of mu is, from the probability to be above."""
    return Side(above >= 0.5, "μ", AS_GIVEN.of([c])(c))
