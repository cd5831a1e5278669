"""Shares and areas with intervals, of cells that come in clusters.

Shares carry the interval of Korn and Graubard (1998, Survey Methodology 24, 193-201): that of
Clopper and Pearson, of as many trials as are effective given how cells of a cluster go together.
Areas under receiver operating characteristics carry the standard error of Obuchowski (1997,
Biometrics 53, 567-578) for clustered data.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import rankdata

from partial_pooling.arrays import Array
from partial_pooling.grading.checks import Flags
from partial_pooling.grading.inference import Interval, share_interval


def clustered_share(events: Flags, among: Flags, cluster: NDArray[np.int64]) -> Interval:
    """The share of `events` in `among`, cells of a cluster being dependent.

    Parameters
    ----------
    events, among
        A value a cell.
    cluster
        The table of each cell, from 0.

    Returns
    -------
    Interval
        All NaN where no cell is in `among`.
    """
    number = np.bincount(cluster, among)
    total = float(number.sum())
    if not total:
        return Interval(math.nan, math.nan, math.nan)
    share = float(np.bincount(cluster, events & among).sum()) / total
    clusters = int((number > 0).sum())
    effective = float(clusters)
    if 0 < share < 1 and clusters > 1:
        off = np.bincount(cluster, (events & among) - share * among)
        variance = clusters / (clusters - 1) * float((off**2).sum()) / total**2
        # where all clusters have the same share they vary less than independent cells would
        effective = min(total, share * (1 - share) / variance) if variance else total
        # few clusters tell little of their own variance
        effective *= (stats.t.ppf(0.975, total - 1) / stats.t.ppf(0.975, clusters - 1)) ** 2
    return share_interval(share * effective, effective)


def clustered_area(bad: Flags, values: Array, cluster: NDArray[np.int64]) -> Interval:
    """Area under the receiver operating characteristic: P(a bad cell scores above a good one).

    Parameters
    ----------
    bad
        What is to be found, a value a cell.
    values
        The score, larger for worse; ties count half.
    cluster
        The table of each cell.

    Returns
    -------
    Interval
        All NaN where all cells are bad, or none is.
    """
    m, n = int(bad.sum()), int((~bad).sum())
    if not (m and n):
        return Interval(math.nan, math.nan, math.nan)
    ranks = rankdata(values)
    placement = np.empty(len(values))
    placement[bad] = (ranks[bad] - rankdata(values[bad])) / n
    placement[~bad] = 1 - (ranks[~bad] - rankdata(values[~bad])) / m
    area = float(placement[bad].mean())
    of_bad = np.bincount(cluster, np.where(bad, placement - area, 0))
    of_good = np.bincount(cluster, np.where(bad, 0, placement - area))
    count = len(np.unique(cluster))
    with_bad, with_good = len(np.unique(cluster[bad])), len(np.unique(cluster[~bad]))
    if min(with_bad, with_good, count) < 2:
        return Interval(area, math.nan, math.nan)
    variance = (
        with_bad / (with_bad - 1) * float((of_bad**2).sum()) / m**2
        + with_good / (with_good - 1) * float((of_good**2).sum()) / n**2
        + 2 * count / (count - 1) * float((of_bad * of_good).sum()) / (m * n)
    )
    half = float(stats.norm.ppf(0.975)) * math.sqrt(max(variance, 0))
    return Interval(area, max(area - half, 0.0), min(area + half, 1.0))
