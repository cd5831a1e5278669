"""What the likelihoods of counts share: no digit is lost between large terms that nearly cancel.

Loader (2000), "Fast and accurate computation of binomial probabilities": probabilities are written
as their value where data and expectation agree, which Stirling's series has to the last digit, and
a deviance from there.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from partial_pooling.arrays import Array


def expit(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    small = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, 1.0, small) / (1 + small)
    return result


def log1p_exp(x: Array) -> Array:
    """log(1 + exp(x))."""
    result: Array = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return result


def stirling_error(x: ArrayLike) -> Array:
    """log(x!) less Stirling's formula for it, at x > 0, any shape."""
    from scipy.special import gammaln  # the Snakefile imports this room, and not SciPy

    x = np.asarray(x, dtype=float)
    large = np.maximum(x, 15.0)
    square = 1 / large**2
    series = 1 / 1188 - 691 / 360360 * square
    for term in (1 / 1680, 1 / 1260, 1 / 360, 1 / 12):
        series = term - square * series
    small = np.minimum(x, 15.0)
    direct = gammaln(small + 1) - (small + 0.5) * np.log(small) + small
    result: Array = np.where(x > 15, series / large, direct - 0.5 * math.log(2 * math.pi))
    return result


def deviance(x: Array, mean: Array) -> Array:
    """Half the Poisson deviance, x log(x / mean) + mean - x, at x and mean above 0."""
    excess = (x - mean) / mean
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        near = mean * ((1 + excess) * np.log1p(excess) - excess)
        far = x * (np.log(x) - np.log(mean)) + mean - x
    return np.where(np.abs(excess) < 0.5, near, far)


def log_binomial(x: Array, n: Array, logit: Array) -> Array:
    """Log of the binomial probability of x among n, x real from 0 to n, by the log odds."""
    p, q = expit(logit), expit(-logit)
    inner = np.clip(x, 0.5, n - 0.5)
    rest = n - inner
    with np.errstate(divide="ignore", invalid="ignore"):
        result = (
            stirling_error(n)
            - stirling_error(inner)
            - stirling_error(rest)
            + 0.5 * (np.log(n / inner) - np.log(2 * math.pi * rest))
            - deviance(inner, n * p)
            - deviance(rest, n * q)
        )
    result = np.where(x == 0, -n * log1p_exp(logit), result)
    return np.where(x == n, -n * log1p_exp(-logit), result)
