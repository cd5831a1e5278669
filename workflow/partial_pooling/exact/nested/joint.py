"""Statements about several groups' theta, which are independent given mu and tau."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.polynomial import legendre

from partial_pooling.arrays import Array
from partial_pooling.exact.joint import QuadratureError
from partial_pooling.exact.nested.nodes import Nodes
from partial_pooling.exact.nested.panels import Index, Panels, place
from partial_pooling.exact.nested.rules import Rules
from partial_pooling.exact.nodes import Legendre

NEGLIGIBLE = 1e-11  # probability of a node of (mu, tau) that is left out
UNLIKELY = 1e-8  # the same, for a difference's quantiles
REACH = 14.0  # sds of theta given mu and tau, which with two bumps are far from a normal's
WIDTH = 3.0  # of a panel of theta, in the sds of the narrowest group
LARGEST_MISS = 1e-6  # of the sum of P(largest)
BLOCK = 1_000_000


def _nodes(nodes: Nodes) -> tuple[Array, Array, Array, Index]:
    """Mu, tau, weight and the place of each node that matters, all (n,)."""
    logs = nodes.rows.logs
    weight = (nodes.given_tau * nodes.weights[0][logs.row][:, None]).ravel()
    kept = np.flatnonzero(np.abs(weight) > NEGLIGIBLE)
    tau = np.repeat(nodes.tau[logs.row], logs.node.shape[1])
    return logs.node.ravel()[kept], tau[kept], weight[kept], kept


def _extent(nodes: Nodes, kept: Index, tau: Array, groups: Index) -> tuple[Array, Array, Array]:
    """Lower and upper ends of some groups' theta at the nodes, and their scales, (n, K)."""
    mean = nodes.inner.mean[kept][:, groups]
    sd = np.sqrt(nodes.inner.variance[kept][:, groups])
    # a likelihood with a bump of its own is narrower than the whole
    known = nodes.outer.family.approximation(nodes.outer.groups).std_error[groups] ** -2.0
    scale = np.minimum(sd, (known + tau[:, None] ** -2.0) ** -0.5)
    return mean - REACH * sd, mean + REACH * sd, scale


def _panels(low: Array, high: Array, scale: Array) -> Iterator[tuple[Index, Array, Array]]:
    """Panels from left to right: rows that are not at their end, and left and right ends there.

    Each is as wide as the narrowest group bears that has any density there.
    """
    left, end = low.min(axis=1), high.max(axis=1)
    row = np.arange(len(left))
    while len(row):
        at = left[row][:, None]
        begun, over = low[row] <= at, high[row] <= at
        narrowest = np.where(begun & ~over, WIDTH * scale[row], np.inf).min(axis=1)
        until = np.where(~begun, low[row] - at, np.inf).min(axis=1)
        step = np.minimum(narrowest, np.maximum(until, 1e-12 * np.abs(at[:, 0])))
        right = np.maximum(np.minimum(at[:, 0] + step, end[row]), np.nextafter(at[:, 0], np.inf))
        yield row, at[:, 0], right
        left[row] = right
        row = row[right < end[row]]


def comparison(nodes: Nodes, rules: Rules) -> tuple[Array, Array]:
    """P(theta_a > theta_b), (J, J), and P(theta is the largest), (J,)."""
    outer = nodes.outer
    count = len(outer.groups)
    mu, tau, weight, kept = _nodes(nodes)
    low, high, scale = _extent(nodes, kept, tau, np.arange(count))
    evidence = nodes.inner.log_evidence[kept]
    rule = Legendre.of(rules.nodes)
    integral = legendre.legint(rule.to_series, lbnd=-1)  # (N + 1, N)
    to_below = legendre.legvander(rule.node, rules.nodes) @ integral
    greater, largest = np.zeros((count, count)), np.zeros(count)
    size = max(1, BLOCK // (count * rules.nodes))
    for start in range(0, len(mu), size):
        part = slice(start, start + size)
        below = np.zeros((len(mu[part]), count))
        for row, left, right in _panels(low[part], high[part], scale[part]):
            half = (right - left) / 2
            theta = (left + half)[:, None] + half[:, None] * rule.node
            z = (theta - mu[part][row, None]) / tau[part][row, None]
            log = outer.family.log_likelihood(
                outer.groups, np.broadcast_to(theta[:, :, None], (*theta.shape, count))
            )
            log = log - evidence[part][row, None, :] - 0.5 * z[:, :, None] ** 2
            density = np.exp(log) / (math.sqrt(2 * math.pi) * tau[part][row, None, None])
            mass = density * (half[:, None] * rule.weight)[:, :, None]
            cdf = np.einsum("kn,rnj->rkj", to_below, density) * half[:, None, None]
            cdf = np.clip(cdf + below[row, None, :], 1e-300, 1.0)
            below[row] += mass.sum(axis=1)
            mass *= weight[part][row, None, None]
            greater += np.tensordot(mass, cdf, axes=((0, 1), (0, 1)))
            largest += (mass / cdf * cdf.prod(axis=2, keepdims=True)).sum(axis=(0, 1))
    if not abs(largest.sum() - 1) <= LARGEST_MISS:
        raise QuadratureError(
            f"P(theta is the largest) sums to {largest.sum():.12g} over the groups, not to 1: "
            "the quadrature failed for these data"
        )
    # both of a pair were computed: what they miss a sum of one by is rounding
    greater = greater / (greater + greater.T)
    np.fill_diagonal(greater, 0.5)
    return greater, largest / largest.sum()


def difference(nodes: Nodes, rules: Rules, a: int, b: int) -> tuple[float, float, Panels]:
    """Mean, sd and distribution of theta_a - theta_b."""
    mu, tau, weight, kept = _nodes(nodes)
    inner_mean, inner_variance = (each[kept] for each in nodes.inner[1:])
    apart = inner_mean[:, a] - inner_mean[:, b]
    mean = float(weight @ apart)
    variance = inner_variance[:, a] + inner_variance[:, b] + (apart - mean) ** 2
    sd = math.sqrt(float(weight @ variance))
    pair = np.array([a, b])
    low, high, scale = _extent(nodes, kept, tau, pair)
    narrow = scale.min(axis=1, keepdims=True)
    evidence = nodes.inner.log_evidence[kept]
    parts = []
    rule = Legendre.of(12)
    likely = np.flatnonzero(np.abs(weight) > UNLIKELY)
    for among, left, right in _panels(low[likely, 1:], high[likely, 1:], narrow[likely]):
        row, half = likely[among], (right - left) / 2
        theta = (left + half)[:, None] + half[:, None] * rule.node
        log = _density(nodes, theta, b, mu[row], tau[row], evidence[row, b])
        mass = np.exp(log) * (half[:, None] * rule.weight) * weight[row][:, None]
        parts.append((theta.ravel(), mass.ravel(), np.repeat(row, len(rule.node))))
    theta, mass, row = (np.concatenate(each) for each in zip(*parts, strict=True))
    few = np.abs(mass) > UNLIKELY * 1e-2
    theta, mass, row = theta[few], mass[few], row[few]

    def log_density(x: Array, _: Index) -> Array:
        result = np.empty(x.size)
        for k, d in enumerate(x.ravel()):
            log = _density(nodes, (theta + d)[:, None], a, mu[row], tau[row], evidence[row, a])[
                :, 0
            ]
            result[k] = mass @ np.exp(log)
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(result, 0.0)).reshape(x.shape)

    edges = mean + sd * np.linspace(-6, 6, 5)
    zeros = np.zeros(4, dtype=np.intp)
    coarser = replace(rules, nodes=12, series=1e-6, depth=17.0)
    return mean, sd, place(log_density, zeros, edges[:-1], edges[1:], coarser)


def _density(
    nodes: Nodes, theta: Array, group: int, mu: Array, tau: Array, log_evidence: Array
) -> Array:
    """Log density of one theta given mu and tau, at theta (n, K)."""
    outer = nodes.outer
    log = outer.family.log_likelihood(outer.alone(group), theta[:, :, None])[:, :, 0]
    z = (theta - mu[:, None]) / tau[:, None]
    result: Array = log - 0.5 * z**2 - log_evidence[:, None]
    return result - np.log(math.sqrt(2 * math.pi) * tau)[:, None]
