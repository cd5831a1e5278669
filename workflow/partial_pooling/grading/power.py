"""How many simulations it takes to see that a sampler is not right."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from partial_pooling.grading.pairing import differences, p_values
from partial_pooling.grading.ranks import Calibration
from partial_pooling.grading.uniformity import LEVEL, MOST_AT_ONCE, SEED, null_distribution

POWER_REPEATS = 400
POWER_COUNTS = (25, 50, 100, 200, 300, 500, 700, 1000, 2000, 5000, 10_000, 20_000, 50_000)
WANTED_POWER = 0.8


def power(calibration: Calibration) -> pd.DataFrame:
    """How often fewer simulations would have shown that a sampler is not right.

    ASSUME the simulations at hand stand for all: subsets are drawn from them without replacement,
    so a subset nearly as large as the whole says little more than the whole, and curves are smooth
    only well below it. Drawing with replacement would find faults where there are none, since
    repeated ranks scatter more widely than independent ones.

    Returns
    -------
    pandas.DataFrame
        source, simulations, variable, test, power: the share of subsets in which the test rejects,
        at a rate of false alarms of `LEVEL`. The variable `any` is all variables' test at once,
        each at `LEVEL` over their number. The test is that of the ECDF's band (`ecdf`) or, as is
        more usual, Pearson's chi-square of a rank histogram of at most 20 bins with at least five
        expected (`histogram`), or, of models, that of ranks paired with exact positions (`paired`).
    """
    different = calibration.different
    rng = np.random.default_rng(SEED)
    pairs = dict(differences(calibration))
    rows = []
    for source, table in calibration.ranked():
        total = len(table)
        cuts = np.arange(1, different)
        block = max(1, 10 * MOST_AT_ONCE // (total * len(cuts)))
        for count in [n for n in POWER_COUNTS if n < total] + [total]:
            repeats = POWER_REPEATS if count < total else 1
            chosen = np.zeros((repeats, total), dtype=np.float32)
            for row in chosen:
                row[rng.permutation(total)[:count]] = 1
            below = np.empty((repeats, table.shape[1], len(cuts)), dtype=np.int64)
            for start in range(0, table.shape[1], block):
                part = table.to_numpy()[:, start : start + block, None] < cuts
                # counts as floats are exact below 2 ** 24
                counts = chosen @ part.reshape(total, -1).astype(np.float32)
                below[:, start : start + block] = counts.reshape(repeats, -1, len(cuts))
            tests = {
                "ecdf": null_distribution(count, different, 20_000).p_value(below),
                "histogram": _chi_square(below, count, different),
            }
            if source in pairs:
                tests["paired"] = p_values(chosen, pairs[source])
            for test, p in tests.items():
                rejected = {"any": p.min(axis=1) < LEVEL / p.shape[1]}
                rejected |= {
                    name: p[:, k] < LEVEL
                    for k, name in enumerate(table.columns)
                    if name in ("mu", "log_tau")
                }
                rows += [
                    {
                        "source": source,
                        "simulations": count,
                        "variable": name,
                        "test": test,
                        "power": flags.mean(),
                    }
                    for name, flags in rejected.items()
                ]
    return pd.DataFrame(rows)


def _chi_square(below: NDArray[np.int64], count: int, different: int) -> NDArray[np.float64]:
    """p-values of the histogram of ranks, from numbers below each cut of shape (..., L)."""
    bins = max(2, min(20, count // 5, different))
    ends = np.round(np.arange(1, bins) * different / bins).astype(int)
    filled = np.concatenate(
        [np.zeros_like(below[..., :1]), below[..., ends - 1], np.full_like(below[..., :1], count)],
        axis=-1,
    )
    expected = count * np.diff(np.r_[0, ends, different]) / different
    statistic = ((np.diff(filled, axis=-1) - expected) ** 2 / expected).sum(axis=-1)
    return np.asarray(chi2.sf(statistic, bins - 1))


def simulations_needed(
    power: pd.DataFrame, source: str, variable: str = "any", test: str = "ecdf"
) -> float:
    """Number of simulations at which the power reaches `WANTED_POWER`; NaN if it never does.

    Interpolated in the logarithm of the number.
    """
    curve = power[
        (power["source"] == source) & (power["variable"] == variable) & (power["test"] == test)
    ]
    if curve.empty:
        return math.nan
    n, reached = curve["simulations"].to_numpy(), curve["power"].to_numpy()
    first = int(np.argmax(reached >= WANTED_POWER))
    if reached[first] < WANTED_POWER:
        return math.nan
    if first == 0:
        return float(n[0])
    share = (WANTED_POWER - reached[first - 1]) / (reached[first] - reached[first - 1])
    return float(n[first - 1] * (n[first] / n[first - 1]) ** share)
