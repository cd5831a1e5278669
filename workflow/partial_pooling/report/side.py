"""The value c that decides, and the side of it on which most of mu is, as people read them."""

from __future__ import annotations

import numpy as np

from partial_pooling.decision.side import Side, side_of
from partial_pooling.report.results import Results
from partial_pooling.words import AS_GIVEN


def side(report: Results) -> Side:
    """On which side of c most of mu is."""
    found = side_of(float(report.decisions["probability"]["mu"]), report.above)
    if not report.reading:
        return found
    return found._replace(what=report.reading.name, value=_read_above(report))


def above_words(report: Results) -> str:
    """The c of the decision as people read it."""
    c = AS_GIVEN.of([report.above])(report.above)
    return f"{c} ({report.reading.name} {_read_above(report)})" if report.reading else c


def _read_above(report: Results) -> str:
    """The c of the decision on the scale that people read, to three digits."""
    assert report.reading
    c = float(f"{float(report.reading.read(np.array(report.above))):.3g}")
    return AS_GIVEN.of([c])(c)
