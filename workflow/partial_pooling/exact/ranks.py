"""Ranks of the groups' theta, the largest first.

Given (mu, tau) the thetas are independent: if theta_j is x, the number of others above x is a sum
of independent indicators, each 1 with probability ``1 - F_k(x)``. Its generating function is
``prod_k (F_k + (1 - F_k) z)``, so the sum over nodes of x, mu and tau is taken of that, at roots
of unity z, and one discrete Fourier transform at the end gives the probability of each rank (Hong
2013, On computing the distribution function for the Poisson binomial distribution, Computational
Statistics and Data Analysis 59).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from partial_pooling.arrays import BLOCK, Array
from partial_pooling.exact.joint import QuadratureError, nodes_of_mu
from partial_pooling.exact.nodes import Legendre

if TYPE_CHECKING:
    from partial_pooling.exact.posterior import ExactPosterior

MOST_RANKED = 50  # groups of which each rank's probability is found
LARGEST_MISS = 1e-5  # of the sums over ranks, and over groups
REACH = 6.0  # sds beyond which a normal has 1e-9
WIDTH = 3.0  # of a panel, in the sds of the narrowest group
NODES = 12  # of a panel, and double of many groups, whose product has more to follow
MANY = 20  # groups
IN_TAU = 32  # nodes
NEGLIGIBLE = 1e-9  # probability of a node of (mu, tau) that is left out
FINENESS = 18.0  # log of the error of the rule in mu


class Ranks(NamedTuple):
    """Ranks of J groups by theta, 1 the largest.

    Attributes
    ----------
    expected
        Shape (J,), the posterior mean of each group's rank.
    first, last
        Shape (J,), the probability that a group's theta is the largest, and the smallest.
    probability
        Shape (J, J), of each group (row) and rank (column); None of more than `MOST_RANKED` groups.
    """

    expected: Array
    first: Array
    last: Array
    probability: Array | None


class RankSum:
    """Gathers the probability of each group and rank from nodes, a block at a time."""

    def __init__(self, groups: int) -> None:
        self.groups = groups
        # an odd number of roots has none at -1, where a factor of the product can vanish
        self.roots = groups + 1 - groups % 2
        self.sums: NDArray[np.complex128] = np.zeros((self.roots // 2 + 1, groups), dtype=complex)

    def add(self, mass: Array, cdf: Array) -> None:
        """Add nodes of theta.

        Parameters
        ----------
        mass
            Shape (..., J), the probability that a node stands for, if it is of each group.
        cdf
            Shape (..., J), the probability that each group's theta is below it.
        """
        mass, cdf = mass.reshape(-1, self.groups), cdf.reshape(-1, self.groups)
        self.sums[0] += mass.sum(axis=0)
        above = 1 - cdf
        for m in range(1, len(self.sums)):
            root = np.exp(2j * math.pi * m / self.roots)
            factor = above * (root - 1)
            factor += 1
            whole = factor.prod(axis=1, keepdims=True)
            self.sums[m] += (mass * (whole / factor)).sum(axis=0)

    def probability(self, what: str) -> Array:
        """Shape (J, J), of each group and rank.

        Raises
        ------
        QuadratureError
            They miss a sum of one over ranks, or over groups, by more than 1e-5.
        """
        # conjugate pairs: the sums are of real coefficients
        chance: Array = np.fft.hfft(self.sums, self.roots, axis=0)[: self.groups].T / self.roots
        miss = max(float(np.abs(chance.sum(axis=axis) - 1).max()) for axis in (0, 1))
        if not miss <= LARGEST_MISS:
            raise QuadratureError(
                f"probabilities of ranks miss a sum of one by {miss:.2g}: the quadrature failed "
                f"for these {what}"
            )
        return np.clip(chance, 0.0, 1.0)


def panels(
    low: Array, high: Array, scale: Array, width: float
) -> Iterator[tuple[NDArray[np.intp], Array, Array]]:
    """Panels from left to right: rows that are not at their end, and left and right ends there.

    Each is as wide as the narrowest group bears that has any density there.

    Parameters
    ----------
    low, high, scale
        Shape (n, J), ends of each group's theta and how narrow it is, a row a node of (mu, tau).
    width
        Of a panel, in scales.
    """
    left, end = low.min(axis=1), high.max(axis=1)
    row = np.arange(len(left))
    while len(row):
        at = left[row][:, None]
        begun, over = low[row] <= at, high[row] <= at
        narrowest = np.where(begun & ~over, width * scale[row], np.inf).min(axis=1)
        until = np.where(~begun, low[row] - at, np.inf).min(axis=1)
        step = np.minimum(narrowest, np.maximum(until, 1e-12 * np.abs(at[:, 0])))
        right = np.maximum(np.minimum(at[:, 0] + step, end[row]), np.nextafter(at[:, 0], np.inf))
        yield row, at[:, 0], right
        left[row] = right
        row = row[right < end[row]]


def ranks(posterior: ExactPosterior) -> Ranks:
    """See `Posterior.ranks`."""
    count = len(posterior.groups)
    # P(theta_j < theta_k) over k, and half of a tie with itself
    expected = posterior.probability_greater().sum(axis=0) + 0.5
    if count > MOST_RANKED:
        smallest = posterior.mirrored().probability_largest()
        return Ranks(expected, posterior.probability_largest(), smallest, None)
    chance = _probability(posterior)
    return Ranks(expected, chance[:, 0], chance[:, -1], chance)


def _probability(posterior: ExactPosterior) -> Array:
    """Probability of each group and rank."""
    t, of_tau = _few_nodes(posterior.log_tau, posterior.weight, IN_TAU)
    tau, mu, weight = nodes_of_mu(posterior.given, np.exp(t), of_tau, NEGLIGIBLE, FINENESS)
    count = len(posterior.groups)
    rule = Legendre.of(NODES if count <= MANY else 2 * NODES)
    total = RankSum(count)
    size = max(1, BLOCK // (count * len(rule.node)))
    for start in range(0, len(tau), size):
        part = slice(start, start + size)
        mean, sd = posterior.given.thetas_about_one(mu[part], tau[part])
        ends = mean - REACH * sd, mean + REACH * sd
        for row, left, right in panels(*ends, sd, WIDTH):
            half = (right - left) / 2
            x = (left + half)[:, None] + half[:, None] * rule.node
            z = (x[:, :, None] - mean[row, None, :]) / sd[row, None, :]
            mass = np.exp(-0.5 * z * z) / (math.sqrt(2 * math.pi) * sd[row, None, :])
            mass *= (weight[part][row] * half)[:, None, None] * rule.weight[:, None]
            total.add(mass, ndtr(z))
    return total.probability("standard errors")


def _few_nodes(t: Array, weight: Array, count: int) -> tuple[Array, Array]:
    """The Gauss rule of a distribution that is given by many nodes and weights.

    By Lanczos' method (Gautschi 2004, Orthogonal Polynomials, section 2.2.3): polynomials of degree
    below ``2 count`` have the same mean by both.
    """
    kept = weight > 1e-16
    t, weight = t[kept], weight[kept] / weight[kept].sum()
    count, center = min(count, len(t)), float(weight @ t)
    basis = np.sqrt(weight)[:, None]
    diagonal, beside = np.zeros(count), np.zeros(count)
    for n in range(count):
        vector = (t - center) * basis[:, n]
        diagonal[n] = basis[:, n] @ vector
        for _ in range(2):  # what rounding leaves of the others
            vector -= basis @ (basis.T @ vector)
        beside[n] = np.linalg.norm(vector)
        basis = np.column_stack([basis, vector / beside[n]])
    off = np.diag(beside[: count - 1], 1)
    node, vectors = np.linalg.eigh(np.diag(diagonal) + off + off.T)
    return node + center, vectors[0] ** 2
