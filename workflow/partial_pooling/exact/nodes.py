"""Nodes in log tau that resolve the posterior of tau.

Everything is smooth in ``t = log tau`` (analytic for ``|Im t| < pi / 2``), so the line is cut into
panels with Gauss-Legendre nodes, and panels are halved until the Legendre series of the density
has converged on each. Conditional means and variances vary no faster than the density does: where
a conditional mean moved by many conditional standard deviations, so would the fit, and the
likelihood with it. The left tail falls at least as ``exp(t)``; it and every light right tail are
followed down to ``exp(-40)`` of the peak. A heavy right tail (HalfCauchy, HalfStudentT, HalfFlat)
is a pure power of tau beyond all scales of the problem: what lies beyond the last panel is added
in closed form, on one last node whose weight depends on the moment asked for, and is undefined
(nan) where that moment does not exist. The nodes are also placed for the first two moments of
tau, whose mass can lie far out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre
from scipy.special import logsumexp

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.priors.distributions import Flat
from partial_pooling.priors.prior import Scale
from partial_pooling.priors.priors import HyperPrior

NODES = 20  # Gauss-Legendre nodes of a panel
WIDEST = 2.5  # panel to begin with, between the scales of the problem
MOST_PANELS = 10_000  # to halve at once; a hundred is many
SERIES = 1e-12  # last Legendre coefficients of a resolved density, relative to its peak
DEPTH = 40.0  # log of what is negligible beside the peak
FAR = 20.0  # log units beyond all scales where tails are powers: exp(-2 * FAR) is negligible
LARGEST = 340.0  # log tau whose square is still a float
HIDDEN = (
    "prior: estimates and priors are so far apart that rounding hides the posterior of "
    "tau; allowed: priors that do not rule out the estimates by 1e15 or more"
)


@dataclass(frozen=True, eq=False)
class Legendre:
    """A Gauss-Legendre rule on [-1, 1].

    Attributes
    ----------
    node, weight
        Shape (N,).
    point
        Shape (N + 2,), the nodes and both ends.
    to_series
        Shape (N, N), from values at the nodes to coefficients of their Legendre series.
    alternate
        Shape (N,), Legendre polynomials at -1.
    """

    node: Array
    weight: Array
    point: Array
    to_series: Array
    alternate: Array

    @classmethod
    @cache
    def of(cls, nodes: int) -> Legendre:
        """The rule of a number of nodes."""
        node, weight = legendre.leggauss(nodes)
        degree = np.arange(nodes)
        return cls(
            node,
            weight,
            np.concatenate([[-1.0], node, [1.0]]),
            (degree + 0.5)[:, None] * legendre.legvander(node, nodes - 1).T * weight,
            np.asarray((-1.0) ** degree, dtype=float),
        )


_RULE = Legendre.of(NODES)
NODE, WEIGHT = _RULE.node, _RULE.weight


class Rule(NamedTuple):
    """A quadrature rule in t: panels (P, 2); node and width (N,), the last node for the tail."""

    panels: Array
    node: Array
    width: Array


def first_edges(groups: Estimates, prior: HyperPrior, power: float) -> Array:
    """Edges of the panels to begin with: fine between the problem's scales, coarse beyond."""
    y, variance = groups.estimate, groups.std_error**2
    middle = float(np.median(y))
    spread = np.abs(y - middle)
    scales = prior.tau.scales
    precision = float((1 / variance).sum())
    large = [float(groups.std_error.max()), float(spread.max())]
    m0, s0 = prior.mu.mean, prior.mu.sd
    if math.isfinite(s0):
        spread = np.maximum(spread, abs(m0 - middle))
        precision += s0**-2
        large += [s0 * math.sqrt(len(groups)), float(spread.max())]
    small = [precision**-0.5]
    steep = float(np.sum((spread / variance) ** 2))
    if steep > 0:
        small.append(steep**-0.5)
    lowest, highest = math.log(min(small + scales)), math.log(max(large + scales))
    far = max(FAR, 0 if math.isinf(power) else DEPTH / power)
    left, right = prior.tau.ends(lowest, highest, DEPTH + 5, far)
    lower, upper = prior.tau.support
    left = max(left, math.log(lower)) if lower > 0 else left
    right = min(right, LARGEST, math.log(upper))
    inner = np.linspace(lowest, highest, 2 + int((highest - lowest) / WIDEST))
    beyond = np.array([3.0, 8.0, FAR, 2 * FAR])
    edges = np.concatenate([lowest - beyond, inner, highest + beyond])
    edges = np.unique(edges[(edges > left) & (edges < right)])
    return np.concatenate([[left], edges, [right]])


def place_nodes(
    log_densities: Callable[[Array], Array],
    edges: Array,
    nodes: int = NODES,
    series_end: float = SERIES,
    depth: float = DEPTH,
) -> Rule:
    """Halve panels until each density is resolved on every panel where it matters.

    Parameters
    ----------
    log_densities
        From points (n,) to logs of densities (K, n), which need no normalization.
    edges
        Increasing; the panels to begin with.
    nodes
        Of a panel.
    series_end
        Last Legendre coefficients of a resolved density, relative to its peak.
    depth
        Log of what is negligible beside the peak.
    """
    rule = Legendre.of(nodes)
    pending = np.column_stack([edges[:-1], edges[1:]])
    before = np.full(len(pending), np.inf)  # error of the panel that was halved
    accepted: list[Array] = []
    tops: list[Array] = []
    peak: Array | None = None
    while len(pending):
        middle, half = pending.mean(axis=1), (pending[:, 1] - pending[:, 0]) / 2
        points = middle[:, None] + half[:, None] * rule.point
        logs = log_densities(points.ravel()).reshape(-1, *points.shape)
        logs = np.maximum(logs, -1e30)
        top, bottom = logs.max(axis=2), logs.min(axis=2)
        peak = np.maximum(-np.inf if peak is None else peak, top.max(axis=1))
        values = np.exp(logs - peak[:, None, None])
        series = values[..., 1:-1] @ rule.to_series.T
        error = np.abs(series[..., -3:]).max(axis=2)
        # the series must reach the ends too, or a peak there could go unseen
        ends = np.abs(series @ rule.alternate - values[..., 0])
        ends += np.abs(series.sum(axis=2) - values[..., -1])
        # A parabola's peak between the points rises above them by less than this
        rise = 0.02 * (top - bottom)
        matters = top + rise - peak[:, None] > -depth
        worst = np.where(matters, np.maximum(error, 1e-3 * ends), 0).max(axis=0)
        # Halving takes most digits off the error of a smooth panel; where it does not, although
        # the logs hardly vary, the rest is rounding
        flat = ((top - bottom < 1) | ~matters).all(axis=0) & (half < 0.25)
        rounding = ((worst < 1e-6) | flat) & (worst > before / 4)
        unseen = (matters & (rise > 2)).any(axis=0)
        resolved = ((worst < series_end) | rounding) & ~unseen
        resolved |= half < 1e-14 * np.maximum(1, np.abs(middle))
        accepted.append(pending[resolved])
        tops.append(top[:, resolved])
        left, right, middle = *pending[~resolved].T, middle[~resolved]
        pending = np.concatenate(
            [np.column_stack([left, middle]), np.column_stack([middle, right])]
        )
        before = np.tile(worst[~resolved], 2)
        if len(pending) > MOST_PANELS:
            raise InputError(HIDDEN)
    assert peak is not None
    panels = np.concatenate(accepted)
    panels = panels[(np.concatenate(tops, axis=1) - peak[:, None] > -depth).any(axis=0)]
    panels = panels[np.argsort(panels[:, 0])]
    middle, half = panels.mean(axis=1), (panels[:, 1] - panels[:, 0]) / 2
    return Rule(
        panels,
        np.append((middle[:, None] + half[:, None] * rule.node).ravel(), edges[-1]),
        np.append((half[:, None] * rule.weight).ravel(), 0.0),
    )


def log_averages(
    groups: Estimates,
    prior: Scale,
    log_values: Callable[[Array], Array],
    edges: Sequence[float] = (),
) -> Array:
    """Logs of the averages of functions of tau over a proper prior of tau.

    Parameters
    ----------
    groups
        Tells on which scales of tau the functions vary.
    prior
        Of tau.
    log_values
        From tau, shape (n,), to logs of K functions, shape (K, n).
    edges
        Values of tau at which to begin a panel.

    Returns
    -------
    numpy.ndarray
        Shape (K,).
    """

    def log_density(t: Array) -> Array:
        tau = np.exp(t)
        density: Array = prior.log_density(tau) + t + log_values(tau)
        return density

    both = HyperPrior(Flat(), prior)
    power = prior.tail
    first = first_edges(groups, both, power)
    further = np.log([edge for edge in edges if 0 < edge < math.inf])
    inside = further[(further > first[0]) & (further < first[-1])]
    rule = place_nodes(log_density, np.unique(np.concatenate([first, inside])))
    width = rule.width.copy()
    if math.isfinite(power):
        width[-1] = 1 / power
    with np.errstate(divide="ignore"):
        averages: Array = logsumexp(log_density(rule.node) + np.log(width), axis=1)
    return averages
