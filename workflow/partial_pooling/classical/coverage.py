"""What an interval covers that takes an estimated standard deviation as known."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri, stdtr

from partial_pooling.arrays import Array


def coverage_of_known_sd(freedom: Array | float, level: float = 0.95) -> Array:
    """How often the interval mean ± z s / sqrt(n) of normal observations holds their true mean.

    The standardized distance is Student's t, of which the interval takes the normal's quantile z.

    Parameters
    ----------
    freedom
        Any shape, degrees of freedom of the standard deviation s: n - 1 of a sample of n.
    level
        What the interval is meant to cover.
    """
    return np.asarray(2 * stdtr(freedom, ndtri((1 + level) / 2)) - 1)
