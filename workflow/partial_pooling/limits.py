"""The range of the numbers that this project computes with.

Estimates, standard errors and the scales of priors are squared, and squares are divided by each
other (``(y / sigma^2)^2`` is the largest such number). Within these limits all of that is a float.
"""

from __future__ import annotations

SMALLEST = 1e-50  # of a standard error or another scale
LARGEST = 1e50  # of the size of an estimate, a standard error or another scale
MOST_COUNTED = 1e15  # whole numbers that floats can tell apart
ANY = "a finite number (from -1e50 to 1e50)"
SCALE = "a finite number above 0 (from 1e-50 to 1e50)"


def is_any(value: float) -> bool:
    """Whether a location, such as an estimate, is within the limits."""
    return abs(value) <= LARGEST


def is_scale(value: float) -> bool:
    """Whether a scale, such as a standard error, is within the limits."""
    return SMALLEST <= value <= LARGEST
