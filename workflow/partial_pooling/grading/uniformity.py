"""Are ranks uniform? The test that calibration rests on, and the band that belongs to it.

Uniformity is judged as Sailynoja, Burkner, Vehtari (2022, Statistics and Computing 32, 32) do: the
number of ranks below each cut is binomial, the least of its two tail probabilities over all cuts is
the test's statistic, and the simultaneous band of the ECDF is where that statistic is not small.
Hence the band of a figure and the p-value of a table agree: an ECDF leaves the 95 % band where its
p-value is below 5 %. The distribution of the statistic is simulated, which takes dependence between
cuts into account and gives the stated rate of false alarms at every number of simulations.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from arviz_stats.ecdf_utils import get_pointwise_confidence_band
from numpy.typing import NDArray
from scipy.special import bdtr

type Ranks = NDArray[np.int64]

LEVEL = 0.05  # rate of false alarms, of a band and of all tests of a table together
NULL_REPEATS = 50_000
SEED = 1  # of simulated null distributions and of subsamples
MOST_AT_ONCE = 5_000_000  # numbers of a simulated null distribution in memory


@dataclass(frozen=True, eq=False)
class Null:
    """What n uniform ranks from 0 to L look like.

    Attributes
    ----------
    count
        n.
    ranks
        L + 1, the number of different ranks.
    tail
        Shape (n + 1, L): binomial tail probability of each number of ranks below each cut, the
        smaller of the two sides.
    statistic
        Sorted simulated values of the smallest tail probability over cuts.
    """

    count: int
    ranks: int
    tail: NDArray[np.float64]
    statistic: NDArray[np.float64]

    @property
    def cuts(self) -> NDArray[np.float64]:
        """Shape (L,), the cuts 1 / (L + 1), ..., L / (L + 1)."""
        return np.arange(1, self.ranks) / self.ranks

    def p_value(self, below: NDArray[np.int64]) -> NDArray[np.float64]:
        """p-values of numbers of ranks below each cut, shape (..., L)."""
        least = np.take_along_axis(self.tail, np.reshape(below, (-1, self.ranks - 1)), axis=0).min(
            axis=1
        )
        # simulated values that are equal count as extreme; floats of equal tables are equal
        extreme = np.searchsorted(self.statistic, least, side="right")
        return np.reshape((1 + extreme) / (1 + self.statistic.size), np.shape(below)[:-1])

    def band(self, level: float = LEVEL) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper end of the ECDF at the cuts that hold all at once but for `level`."""
        pointwise = float(np.quantile(self.statistic, level, method="inverted_cdf"))
        lower, upper = get_pointwise_confidence_band(1 - 2 * pointwise, self.count, self.cuts)
        return np.asarray(lower), np.asarray(upper)


@functools.lru_cache(maxsize=16)
def null_distribution(count: int, ranks: int, repeats: int = NULL_REPEATS) -> Null:
    """Simulate the distribution of the smallest tail probability over cuts.

    Parameters
    ----------
    count
        Number of simulations.
    ranks
        Number of different ranks, L + 1.
    repeats
        Simulated sets of ranks; p-values are no smaller than 1 / (repeats + 1).
    """
    cuts = np.arange(1, ranks) / ranks
    numbers = np.arange(count + 1)[:, None]
    upper = np.ones((count + 1, ranks - 1))
    upper[1:] = 1 - bdtr(numbers[:-1], count, cuts)
    tail = np.minimum(bdtr(numbers, count, cuts), upper)
    rng = np.random.default_rng([SEED, count, ranks])
    statistic = []
    size = max(1, MOST_AT_ONCE // ranks)
    for start in range(0, repeats, size):
        drawn = rng.multinomial(count, np.full(ranks, 1 / ranks), min(size, repeats - start))
        below = drawn.cumsum(axis=1)[:, :-1]
        statistic.append(np.take_along_axis(tail, below, axis=0).min(axis=1))
    return Null(count, ranks, tail, np.sort(np.concatenate(statistic)))


def count_below(ranks: Ranks, different: int) -> NDArray[np.int64]:
    """Numbers of ranks below each cut, shape (V, L), of ranks of shape (n, V)."""
    counts = np.zeros((ranks.shape[1], different), dtype=np.int64)
    for row, column in zip(counts, ranks.T, strict=True):
        row += np.bincount(column, minlength=different)
    return counts.cumsum(axis=1)[:, :-1]
