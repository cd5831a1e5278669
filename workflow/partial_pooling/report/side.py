"""The value c that decides, and the side of it on which most of mu is, as people read them."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

import numpy as np
import pandas as pd

from partial_pooling.report.results import Results
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


def side(report: Results) -> Side:
    """On which side of c most of mu is."""
    return Side(
        float(report.decisions["probability"]["mu"]) >= 0.5,
        report.reading.name if report.reading else "μ",
        _read_above(report) if report.reading else AS_GIVEN.of([report.above])(report.above),
    )


def above_words(report: Results) -> str:
    """The c of the decision as people read it."""
    c = AS_GIVEN.of([report.above])(report.above)
    return f"{c} ({report.reading.name} {_read_above(report)})" if report.reading else c


def _read_above(report: Results) -> str:
    """The c of the decision on the scale that people read, to three digits."""
    assert report.reading
    c = float(f"{float(report.reading.read(np.array(report.above))):.3g}")
    return AS_GIVEN.of([c])(c)
