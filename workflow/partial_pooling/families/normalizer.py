"""The normalizing constant of Fisher's noncentral hypergeometric distribution, tabulated.

    Z(theta) = sum over k, from max(0, m - n2) to min(n1, m), of C(n1, k) C(n2, m - k) exp(k theta)

A term is, but for a factor free of k, the product of two binomial probabilities of k and m - k
whose log odds differ by theta, and whose means add up to m if they are chosen well: then nothing
large cancels. On each panel log Z is a polynomial in theta: its nearest singularities are at
``Im theta = pi``. Beyond the last panel it is linear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from partial_pooling.arrays import Array, slices
from partial_pooling.families.counting import log_binomial

DEGREE = 18  # of a panel's polynomial: errors of (pi + sqrt(pi^2 + 1)) ** -19, or 4e-16
WIDTH = 2.0  # of a panel
FAR = 36.0  # from where the second term equals the first, to where it is lost in rounding
FEW = 400  # terms to add up one by one at any theta
WIDE = 11.0  # sd of k from which no end of the sum matters, and a step of STEP sds will do
STEP = 0.5
REACH = 9.0  # sds of k
ARRAYS = 5  # of theta's size, that the cache is to hold together


@dataclass(frozen=True, eq=False)
class Normalizer:
    """log Z(theta) - log Z(origin) - pull (theta - origin), for the margins of J groups.

    Attributes
    ----------
    origin
        Shape (J,), a theta near which no digits are lost.
    pull
        Shape (J,), about the mean of k there.
    at_origin
        Shape (J,), log of the sum of the products of binomial probabilities there.
    logits
        Shape (2, J), log odds of either arm there.
    lower
        Shape (J,), where the first panel begins.
    panels
        Shape (J,), how many there are.
    ends
        Shape (2, J), least and greatest k.
    coefficients
        Three arrays of shape (DEGREE + 1, J * P), highest power first, of the value and its first
        two derivatives in theta, in a panel's own coordinate from -1 to 1.
    """

    origin: Array
    pull: Array
    at_origin: Array
    logits: Array
    lower: Array
    panels: NDArray[np.intp]
    ends: Array
    coefficients: tuple[Array, Array, Array]

    @classmethod
    def of(cls, n1: Array, n2: Array, total: Array, origin: Array) -> Normalizer:
        """Tabulate, for arms of n1 and n2 with `total` events together, all of shape (J,)."""
        least, most = np.maximum(0, total - n2), np.minimum(n1, total)
        with np.errstate(divide="ignore", invalid="ignore"):
            # where the first two terms are equal, and the last two
            first = np.log((least + 1) * (n2 - total + least + 1) / (n1 - least) / (total - least))
            last = np.log(most * (n2 - total + most) / (n1 - most + 1) / (total - most + 1))
        one = least == most
        lower = np.where(one, 0.0, first) - FAR
        panels = np.ceil((np.where(one, 0.0, last) + FAR - lower) / WIDTH).astype(np.intp)
        logits = _logits(n1, n2, total, origin)
        with np.errstate(over="ignore"):
            pull = np.clip(n1 / (1 + np.exp(-logits[0])), least, most)
        count = len(n1)
        most_panels = int(panels.max())
        node = chebyshev.chebpts1(DEGREE + 1)
        values = np.zeros((count, most_panels, DEGREE + 1))
        at_origin = np.empty(count)
        for j in range(count):
            margins = float(n1[j]), float(n2[j]), float(total[j])
            theta = lower[j] + WIDTH * (np.arange(panels[j])[:, None] + (node + 1) / 2)
            at_origin[j], values[j, : panels[j]] = _log_sums(
                *margins, theta, float(origin[j]), logits[:, j], float(pull[j])
            )
        to_series = chebyshev.chebvander(node, DEGREE).T * 2 / (DEGREE + 1)
        to_series[0] /= 2
        to_power = np.zeros((DEGREE + 1, DEGREE + 1))
        for k in range(DEGREE + 1):
            to_power[: k + 1, k] = chebyshev.cheb2poly(np.eye(DEGREE + 1)[k])[: k + 1]
        power = values.reshape(-1, DEGREE + 1) @ to_series.T @ to_power.T
        slope = power[:, 1:] * np.arange(1, DEGREE + 1) * (2 / WIDTH)
        bend = slope[:, 1:] * np.arange(1, DEGREE) * (2 / WIDTH)
        ordered = tuple(np.ascontiguousarray(c[:, ::-1].T) for c in (power, slope, bend))
        return cls(
            origin,
            pull,
            at_origin,
            logits,
            lower,
            panels,
            np.array([least, most]),
            (ordered[0], ordered[1], ordered[2]),
        )

    def values(self, theta: Array, derivative: int = 0) -> Array:
        """The value or a derivative, of the shape (..., J) of theta; as at the end beyond it."""
        shape = np.broadcast_shapes(np.shape(theta), self.lower.shape)
        theta = np.broadcast_to(theta, shape).reshape(-1, len(self.lower))
        result = np.empty(theta.shape)
        first, *others = self.coefficients[derivative]
        rows = np.arange(len(self.lower)) * (len(first) // len(self.lower))
        for part in slices(len(theta), ARRAYS * len(self.lower)):
            position = (theta[part] - self.lower) / WIDTH
            panel = np.clip(np.floor(position), 0, self.panels - 1)
            x = np.clip(2 * (position - panel) - 1, -1, 1)
            index = panel.astype(np.intp) + rows
            value = first.take(index)
            for coefficient in others:
                value *= x
                value += coefficient.take(index)
            result[part] = value
        return result.reshape(shape)

    def log_likelihood(self, k: Array, theta: Array) -> Array:
        """Log probability of k (J,), less that at the origin, of the shape (..., J) of theta.

        Beyond the panels it is linear: level for the least k or the greatest, of which nothing
        large is subtracted however far theta is.
        """
        inside, beyond = self._parts(theta)
        result = (k - self.pull) * (inside - self.origin) - self.values(inside)
        result += (k - self.ends[0]) * np.minimum(beyond, 0.0)
        result += (k - self.ends[1]) * np.maximum(beyond, 0.0)
        return result

    def score(self, k: Array, theta: Array) -> Array:
        """Slope of `log_likelihood` in theta, of the same shape."""
        inside, beyond = self._parts(theta)
        among = k - self.pull - self.values(inside, 1)
        result: Array = np.where(
            beyond < 0, k - self.ends[0], np.where(beyond > 0, k - self.ends[1], among)
        )
        return result

    def _parts(self, theta: Array) -> tuple[Array, Array]:
        """Theta within the panels, and how far it is from there."""
        inside = np.clip(theta, self.lower, self.lower + WIDTH * self.panels)
        return inside, theta - inside

    def data(self) -> dict[str, Array]:
        """What `symbol` takes, by name: the value's coefficients of shape (J, P, DEGREE + 1)."""
        return {
            **{name: getattr(self, name) for name in ("origin", "pull", "lower", "panels")},
            "slopes": (self.ends - self.pull).T,
            "coefficients": self.coefficients[0].T.reshape(len(self.lower), -1, DEGREE + 1),
        }


def symbol(pt: Any, theta: Any, data: Mapping[str, Any]) -> Any:
    """`Normalizer.values` as a graph of PyTensor, handed in as pt, at theta of shape (J,).

    Beyond the panels it is linear.
    """
    position = (theta - data["lower"]) / WIDTH
    panel = pt.clip(pt.floor(position), 0, data["panels"] - 1)
    x = pt.clip(2 * (position - panel) - 1, -1, 1)
    group = pt.arange(theta.shape[0])
    coefficients = data["coefficients"][group, pt.cast(panel, "int64")]
    result = coefficients[:, 0]
    for k in range(1, DEGREE + 1):
        result = result * x + coefficients[:, k]
    before = pt.minimum(position, 0.0) * WIDTH
    after = pt.maximum(position - data["panels"], 0.0) * WIDTH
    return result + data["slopes"][:, 0] * before + data["slopes"][:, 1] * after


def log_terms(n1: float, n2: float, total: float, theta: float) -> tuple[Array, Array]:
    """All k that are at all probable at theta, and the logs of their probabilities but for one sum.

    Each of shape (K,).
    """
    logits = _logits(*(np.array([v]) for v in (n1, n2, total, theta)))[:, 0]
    mean, sd = _moments(n1, n2, logits)
    least, most = max(0.0, total - n2), min(n1, total)
    reach = np.ceil(REACH * sd + 80)
    first, last = float(np.floor(mean - reach)), float(np.ceil(mean + reach))
    k = np.arange(max(least, first), min(most, last) + 1)
    return k, _log_products(k, n1, n2, total, logits[0], logits[1])


def cumulative(n1: float, n2: float, total: float, theta: Array) -> tuple[float, Array]:
    """The first k that is at all probable at any theta (M,), and what lies below it and each next.

    The latter of shape (M, K + 1): 0, and then P(at most k).
    """
    low, high = float(theta.min()), float(theta.max())
    middle = float(np.clip((low + high) / 2, -100, 100))  # beyond, odds are no floats
    first = log_terms(n1, n2, total, low)[0][0]
    k = np.arange(first, log_terms(n1, n2, total, high)[0][-1] + 1)
    logits = _logits(*(np.array([v]) for v in (n1, n2, total, middle)))[:, 0]
    logs = _log_products(k, n1, n2, total, logits[0], logits[1])
    logs = logs + (k - first) * (theta[:, None] - middle)
    terms = np.exp(logs - logs.max(axis=1, keepdims=True))
    below = np.zeros((len(theta), len(k) + 1))
    np.cumsum(terms, axis=1, out=below[:, 1:])
    return float(first), below / below[:, -1:]


def _logits(n1: Array, n2: Array, total: Array, theta: Array) -> Array:
    """Log odds in either arm, (2, ...), which differ by theta and whose means add up to total."""
    odds = np.exp(np.clip(theta, -300, 300))
    rest = n1 + n2 - total
    events, none = _mean(n1, n2, total, odds), _mean(n1, n2, rest, 1 / odds)
    with np.errstate(divide="ignore", invalid="ignore"):
        logit = np.log(events) - np.log(none)
    logit = np.clip(np.nan_to_num(logit, nan=0.0), -700, 700)
    return np.array([logit, logit - theta])


def _mean(n1: Array, n2: Array, total: Array, odds: Array) -> Array:
    """The mean x of the first arm: x (n2 - total + x) = odds (n1 - x) (total - x).

    Nothing is subtracted that is nearly equal, so that it is right to all digits however small.
    """
    b = n2 - total + odds * (n1 + total)
    root = np.sqrt((n2 - total + odds * (n1 - total)) ** 2 + 4 * odds * total * (n1 + n2 - total))
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = np.where(
            b > 0, 2 * odds * n1 * total / (b + root), (root - b) / (2 * (1 - odds))
        )
    return result


def _moments(n1: float, n2: float, logits: Array) -> tuple[Array, Array]:
    """About the mean and the sd of k."""
    with np.errstate(over="ignore", divide="ignore"):
        p = 1 / (1 + np.exp(-logits))
        q = 1 / (1 + np.exp(logits))
        return n1 * p[0], 1 / np.sqrt(1 / (n1 * p[0] * q[0]) + 1 / (n2 * p[1] * q[1]))


def _log_products(
    k: Array, n1: float, n2: float, total: float, first: Array, second: Array
) -> Array:
    arms = log_binomial(k, np.array(n1), first) + log_binomial(total - k, np.array(n2), second)
    result: Array = arms
    return result


def _log_sums(
    n1: float, n2: float, total: float, theta: Array, origin: float, logits: Array, pull: float
) -> tuple[float, Array]:
    """`Normalizer.at_origin`, and what is tabulated at theta, for one group."""
    from scipy.special import logsumexp  # the Snakefile imports this room, and not SciPy

    least, most = max(0.0, total - n2), min(n1, total)
    step = theta - origin
    if most - least <= FEW:
        k = np.arange(least, most + 1)
        terms = _log_products(k, n1, n2, total, logits[0], logits[1])
        at_origin = float(logsumexp(terms))
        return at_origin, logsumexp(terms + (k - pull) * step[..., None], axis=-1) - at_origin
    at_origin = float(_log_sum(n1, n2, total, logits[:, None])[0])
    at_theta = _logits(np.array(n1), np.array(n2), np.array(total), theta)
    sd = _moments(n1, n2, at_theta)[1]
    first = at_theta[0] - logits[0]
    result = _bregman(n1, logits[0], first) + _bregman(n2, logits[1], first - step) - at_origin
    wide = sd > WIDE
    for part in (wide, ~wide):
        if part.any():
            result[part] += _log_sum(n1, n2, total, at_theta[:, part])
    return at_origin, result


def _log_sum(n1: float, n2: float, total: float, logits: Array) -> Array:
    """Log of the sum over k of the products of binomial probabilities, at logits (2, n).

    Where k has an sd above WIDE the sum is, to the last digit, an integral, and steps may be
    longer than 1.
    """
    mean, sd = _moments(n1, n2, logits)
    least, most = max(0.0, total - n2), min(n1, total)
    if not (sd > WIDE).all():
        reach = int(REACH * WIDE) + 1
        start = np.clip(np.floor(mean) - reach, least, most)
        k = start[:, None] + np.arange(2 * reach + 1)
        inside = k <= most
        k = np.minimum(k, most)
    else:
        k = mean[:, None] + (STEP * sd)[:, None] * np.arange(-REACH / STEP, REACH / STEP + 1)
        inside = np.ones(k.shape, dtype=bool)
    product = _log_products(k, n1, n2, total, logits[0][:, None], logits[1][:, None])
    stride = np.where((sd > WIDE).all(), STEP * sd, 1.0)
    result: Array = np.log(np.where(inside, np.exp(product), 0.0).sum(axis=1) * stride)
    return result


def _bregman(n: float, logit: Array, step: Array) -> Array:
    """The binomial's n (log(1 + e^(logit + step)) - log(1 + e^logit) - p step), to all digits."""
    # from whichever side has no overflow
    up = step > 0
    with np.errstate(over="ignore"):
        share = 1 / (1 + np.exp(np.where(up, logit, -logit)))
    step = -np.abs(step)
    result: Array = n * (np.log1p(share * np.expm1(step)) - share * step)
    return result
