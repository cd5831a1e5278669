"""What the posterior predicts of each group's datum: its family's, averaged over its theta."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.exact.face import Predictive
from partial_pooling.exact.mixture import invert

if TYPE_CHECKING:
    from partial_pooling.exact.nested.posterior import NestedPosterior

NEGLIGIBLE = 1e-12  # probability of a node of theta that is left out


def predictive(posterior: NestedPosterior, p: Sequence[float]) -> Predictive:
    """See `Posterior.predictive`."""
    groups, family = posterior.groups, posterior.family
    observed = next(iter(family.data(groups).values()))
    theta, mass = _nodes(posterior)

    def cdf(y: Array) -> Array:
        """At y of shape (P, J)."""
        below: Array = (family.cdf(groups, theta, y[:, None, :]) * mass).sum(axis=1)
        return below

    with np.errstate(invalid="ignore"):
        mean, variance = family.replicated(groups, theta)
        middle = (mean * mass).sum(axis=0)
        sd = np.sqrt(((variance + (mean - middle) ** 2) * mass).sum(axis=0))
    order = np.array([posterior.moment_order(f"theta[{name}]") for name in groups.names])
    if not family.whole:  # the datum spreads as theta does
        middle, sd = np.where(order > 1, middle, np.nan), np.where(order > 2, sd, np.nan)
    sd = np.where(np.isfinite(sd), sd, np.nan)
    at = np.repeat(np.asarray(p, dtype=float)[:, None], len(groups), axis=1)
    found = least_whole(cdf, at) if family.whole else _quantile(posterior, theta, mass, cdf, at)
    return Predictive(middle, sd, found.T, cdf(observed[None])[0])


def _nodes(posterior: NestedPosterior) -> tuple[Array, Array]:
    """Nodes of each theta and their probabilities, (M, J); those of few have some of none."""
    each = []
    for name in posterior.groups.names:
        panels, row = posterior._distribution(f"theta[{name}]")
        of = slice(*panels.starts[row : row + 2])
        mass = panels.mass[of].ravel()
        kept = mass > NEGLIGIBLE
        each.append((panels.node[of].ravel()[kept], mass[kept] / mass[kept].sum()))
    most = max(len(mass) for _, mass in each)
    theta, mass = np.empty((most, len(each))), np.zeros((most, len(each)))
    for j, (at, share) in enumerate(each):
        theta[:, j] = at[-1]
        theta[: len(at), j], mass[: len(at), j] = at, share
    return theta, mass


def least_whole(cdf: Callable[[Array], Array], p: Array) -> Array:
    """The least whole y, of the shape of p, whose probability to be at most it reaches p."""
    low, high = np.full(p.shape, -1.0), np.ones(p.shape)
    while (short := cdf(high) < p).any():
        low, high = np.where(short, high, low), np.where(short, 2 * high, high)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        short = cdf(middle) < p
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return high


def _quantile(
    posterior: NestedPosterior,
    theta: Array,
    mass: Array,
    cdf: Callable[[Array], Array],
    p: Array,
) -> Array:
    """Where the probability to be at most y reaches p, in families of a location theta."""
    groups, family = posterior.groups, posterior.family
    estimates = family.approximation(groups)
    start = np.broadcast_to((theta * mass).sum(axis=0), p.shape)
    reach = np.broadcast_to(estimates.std_error, p.shape)

    def value_and_slope(y: Array) -> tuple[Array, Array]:
        # y about theta is as the datum observed about a theta so far off
        shifted = estimates.estimate - y[:, None, :] + theta
        density = np.exp(family.log_likelihood(groups, shifted))
        return cdf(y), (density * mass).sum(axis=1)

    low, high = start - reach, start + reach
    while (wide := (cdf(low) > p) | (cdf(high) < p)).any():
        reach = np.where(wide, 2 * reach, reach)
        low, high = start - reach, start + reach
    return invert(value_and_slope, p, low, high, start, np.broadcast_to(reach, p.shape))
