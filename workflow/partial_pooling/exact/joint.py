"""Statements about several groups' theta: their differences, and which is the largest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from partial_pooling.arrays import BLOCK, Array
from partial_pooling.errors import InputError
from partial_pooling.exact.mixture import Mixture
from partial_pooling.exact.nodes import NODE, NODES, WEIGHT
from partial_pooling.families.normal import REACH, GivenTau

if TYPE_CHECKING:
    from partial_pooling.exact.posterior import ExactPosterior

MOST_GROUPS_FOR_PAIRS = 1000  # above, J x J tables and P(largest) take minutes
NEGLIGIBLE = 1e-15  # probability of a node or panel that is left out of P(largest)
FINEST_STEP = 0.17  # in mu, in units of its sd: enough for 1,000 groups (test_exact.py)
LARGEST_MISS = 1e-8  # of the sum of P(largest)


class QuadratureError(ArithmeticError):
    """A result that the quadrature itself shows to be wrong."""


def refuse_many(groups: int, what: str, most: int) -> None:
    """Raise InputError if there are more than `most` groups."""
    if groups > most:
        raise InputError(f"{what}: found {groups} groups; allowed: {most} or fewer")


def differences(posterior: ExactPosterior, a: int, b: NDArray[np.intp]) -> Mixture:
    """Theta of group a less that of each of K groups b."""
    mean, sd = posterior.given.difference(a, b, posterior.tau, *posterior.mu_given_tau)
    return Mixture(mean, sd, posterior.weight)


def probability_greater(posterior: ExactPosterior) -> Array:
    """See `ExactPosterior.probability_greater`."""
    count = len(posterior.groups)
    refuse_many(count, "P(theta_a > theta_b)", MOST_GROUPS_FOR_PAIRS)
    probability = np.full((count, count), 0.5)
    for a in range(count):
        for start in range(a + 1, count, posterior.block_size):
            b = np.arange(start, min(start + posterior.block_size, count))
            above = 1 - differences(posterior, a, b).cdf(np.zeros((len(b), 1)))[:, 0]
            probability[a, b] = above
            probability[b, a] = 1 - above
    return probability


def probability_largest(posterior: ExactPosterior) -> Array:
    """See `ExactPosterior.probability_largest`."""
    count = len(posterior.groups)
    refuse_many(count, "P(theta is the largest)", MOST_GROUPS_FOR_PAIRS)
    tau, mu, weight = nodes_of_mu(posterior.given, posterior.tau, posterior.weight)
    chance = np.zeros(count)
    size = max(1, 4 * BLOCK // (count * NODES))
    for start in range(0, len(tau), size):
        part = slice(start, start + size)
        thetas = posterior.given.thetas_about_one(mu[part], tau[part])
        chance += weight[part] @ chance_of_largest(*thetas)
    if not abs(chance.sum() - 1) <= LARGEST_MISS:
        raise QuadratureError(
            f"P(theta is the largest) sums to {chance.sum():.12g} over the groups, not to 1: "
            "the quadrature failed for these standard errors"
        )
    return chance


def nodes_of_mu(
    given: GivenTau,
    tau: Array,
    weight: Array,
    negligible: float = NEGLIGIBLE,
    fineness: float = 30.0,
) -> tuple[Array, Array, Array]:
    """Nodes in (tau, mu) and their weights, each of shape (n,), from nodes of tau with weights.

    Given tau the rule in mu is trapezoidal. Where a probability turns complex, that is at
    ``mu + i y sd(mu)``, it grows at most as ``exp(bend y^2 / 2)``, where bend is the squared
    Mahalanobis distance that the thetas' differences move while mu moves by its sd. With the
    normal density of mu that makes the rule's error ``exp(-2 pi^2 / (step^2 (1 + bend)))``
    (Trefethen and Weideman 2014, SIAM Review 56, theorem 5.1), here ``exp(-fineness)``. The bound
    is far from sharp for a large bend, where one group is more precise than many others.
    """
    shift, precision = given.mu(tau)
    bend = given.bend(tau, precision)
    step = np.maximum(math.sqrt(2 / fineness) * math.pi / np.sqrt(1 + bend), FINEST_STEP)
    height = step * weight / math.sqrt(2 * math.pi)
    kept = height > negligible
    shift, precision, step, height = shift[kept], precision[kept], step[kept], height[kept]
    tau = tau[kept]
    reach = np.floor(np.sqrt(2 * np.log(height / negligible)) / step).astype(int)
    count = 2 * reach + 1
    first = np.cumsum(count) - count
    of = np.repeat(np.arange(len(tau)), count)
    z = (np.arange(len(of)) - (first + reach)[of]) * step[of]
    mu = shift[of] + z / np.sqrt(precision[of])
    return tau[of], mu, height[of] * np.exp(-0.5 * z**2)


def chance_of_largest(mean: Array, sd: Array) -> Array:
    """P(each of J independent normals is the largest), for rows of mean and sd of shape (n, J).

    Integrates, for each row and member, its density times the others' CDFs over the value of the
    largest. Panels go from left to right, each as wide as the narrowest normal bears that is not
    yet certain to be exceeded, so that no member is a step or a spike within a panel.
    """
    result = np.zeros(mean.shape)
    left, high = (mean - REACH * sd).max(axis=1), mean + REACH * sd
    members = np.flatnonzero((high > left[:, None]).any(axis=0))
    mean, sd, high = mean[:, members], sd[:, members], high[:, members]
    # the largest of many varies less than each
    width = 6 / (1 + 0.75 * math.log10(len(members))) * sd
    right = high.max(axis=1)
    row, below = np.arange(len(mean)), np.zeros(len(mean))
    while len(row):
        step = np.where(high[row] > left[:, None], width[row], np.inf).min(axis=1)
        end = np.maximum(np.minimum(left + step, right[row]), np.nextafter(left, np.inf))
        below_end = ndtr((end[:, None] - mean[row]) / sd[row]).prod(axis=1)
        matters = below_end - below > NEGLIGIBLE
        r, half = row[matters], (end - left)[matters] / 2
        x = (left[matters] + half)[:, None] + half[:, None] * NODE
        z = np.minimum((x[:, :, None] - mean[r, None, :]) / sd[r, None, :], 38.0)
        cdf = ndtr(z)  # not 0, since z > -REACH
        each = np.exp(-0.5 * z * z) / cdf * cdf.prod(axis=2, keepdims=True)
        mass = np.matmul(WEIGHT, each) * half[:, None] / (math.sqrt(2 * math.pi) * sd[r])
        result[r[:, None], members] += mass
        more = end < right[row]
        row, left, below = row[more], end[more], below_end[more]
    return result
