"""Posteriors by plain sums over grids, with which nested quadrature shares no code."""

import math

import numpy as np
from scipy import stats
from scipy.special import gammaln, logsumexp

from partial_pooling.data.groups import Counts, Rates, Summaries, TwoByTwo
from partial_pooling.exact.nested.rules import Rules
from partial_pooling.families.binomial import BINOMIAL
from partial_pooling.families.hypergeometric import HYPERGEOMETRIC
from partial_pooling.families.poisson import POISSON
from partial_pooling.families.student import STUDENT
from partial_pooling.priors.distributions import HalfNormal, LogNormal, Normal
from partial_pooling.priors.priors import HyperPrior

ABC = ("a", "b", "c")
# far finer than the rule that answers
SURER = Rules(28, 1e-10, 1e-12, 36.0, 0.5, 18, 0.6, 1e-7, 0.25)


def counts(events, n):
    names = tuple(f"g{j}" for j in range(len(events)))
    return Counts(names, np.array(events, float), np.array(n, float))


def trials(*rows):
    columns = np.array(rows, float).T
    return TwoByTwo(tuple(f"g{j}" for j in range(len(rows))), *columns)


def log_likelihood(groups, theta):
    """Of groups at theta (..., 1), (..., J), from textbooks' formulas."""
    match groups:
        case Counts():
            return stats.binom.logpmf(groups.events, groups.n, 1 / (1 + np.exp(-theta)))
        case Rates():
            return stats.poisson.logpmf(groups.events, groups.exposure * np.exp(theta))
        case Summaries():
            scale = groups.sd / np.sqrt(groups.n)
            return stats.t.logpdf(groups.mean, groups.n - 1, loc=theta, scale=scale)
    total = groups.events_treated + groups.events_control
    each = []
    for j, a in enumerate(groups.events_treated):
        n1, n2, m = groups.n_treated[j], groups.n_control[j], total[j]
        k = np.arange(max(0, m - n2), min(n1, m) + 1)
        ways = -gammaln(k + 1) - gammaln(n1 - k + 1) - gammaln(m - k + 1) - gammaln(n2 - m + k + 1)
        log = ways + k * theta
        each.append(log[..., k == a][..., 0] - logsumexp(log, axis=-1))
    return np.stack(each, axis=-1)


def on_a_grid(groups, prior, mu, t, far, step=0.1, small=0.5):
    """Log evidence and moments of mu, tau, log_tau and the thetas, by plain sums.

    Theta about mu in steps of tau where tau is small, in steps of its own from -far to far else.
    """
    count = len(groups)
    tau = np.exp(t)
    log = np.empty((len(t), len(mu)))
    first, second = np.empty((2, len(t), len(mu), count))
    z = np.linspace(-11, 11, 45)
    theta = np.arange(-far, far, step)
    of_theta = np.exp(log_likelihood(groups, theta[:, None]))
    for i, scale in enumerate(tau):
        if scale < small:
            at = mu[:, None] + scale * z
            weight = stats.norm.pdf(z) * (z[1] - z[0])
            value = np.exp(log_likelihood(groups, at[..., None])) * weight[:, None]
            each = [np.einsum("mz,mzj->mj", at**k, value) for k in range(3)]
        else:
            z_wide = (theta - mu[:, None]) / scale
            population = np.exp(-0.5 * z_wide**2) * (step / scale / math.sqrt(2 * math.pi))
            each = [(population * theta**k) @ of_theta for k in range(3)]
        below = np.maximum(each[0], 1e-300)
        log[i] = np.log(below).sum(axis=1)
        first[i], second[i] = each[1] / below, each[2] / below
    log += prior.mu.log_density(mu) + (prior.tau.log_density(tau) + t)[:, None]
    weight = np.exp(log - log.max())
    evidence = log.max() + np.log(weight.sum() * (mu[1] - mu[0]) * (t[1] - t[0]))
    weight /= weight.sum()
    flat = [(weight.sum(axis=0) @ mu, weight.sum(axis=0) @ mu**2)]
    for each in (tau, t):
        flat.append((weight.sum(axis=1) @ each, weight.sum(axis=1) @ each**2))
    for j in range(count):
        flat.append(((weight * first[..., j]).sum(), (weight * second[..., j]).sum()))
    moments = np.array(flat)
    return evidence, moments[:, 0], np.sqrt(moments[:, 1] - moments[:, 0] ** 2)


# of `on_a_grid`
GRID = {"mu": np.linspace(-15, 15, 151), "t": np.arange(-23, 2.8, 0.15), "far": 130}

CASES = {
    "no and all events": (BINOMIAL, counts([0, 3, 8], [12, 9, 8])),
    "separation": (BINOMIAL, counts([0, 50], [50, 50])),
    "no events": (POISSON, Rates(ABC, np.array([0.0, 4, 2]), np.array([2.0, 1.5, 8]))),
    "two observations": (
        STUDENT,
        Summaries(ABC, np.array([-2.0, 0.5, 3]), np.array([1.0, 2, 2]), np.array([2.0, 5, 12])),
    ),
    "two bumps": (
        STUDENT,
        Summaries(ABC, np.array([-5.0, 4, 5]), np.array([0.9, 2, 2]), np.array([3.0, 9, 12])),
    ),
    "empty arms": (HYPERGEOMETRIC, trials((3, 10, 5, 20), (0, 30, 4, 30), (0, 9, 0, 8))),
}
# further ones, and grids that resolve them
WIDE = HyperPrior(Normal(0.3, 2), HalfNormal(1.5))
FURTHER = {
    "a million": (
        BINOMIAL,
        counts([300, 9, 120000], [1000, 50, 1000000]),
        WIDE,
        {"mu": np.linspace(-9, 9, 181), "far": 25, "step": 0.0015, "small": 0.0045},
    ),
    "tau near 0": (
        POISSON,
        Rates(ABC, np.array([9.0, 0, 30]), np.array([8.0, 3, 33])),
        HyperPrior(Normal(0, 1), LogNormal(-5, 0.7)),
        {"mu": np.linspace(-3, 3, 151), "t": np.arange(-10.5, 0.5, 0.15)},
    ),
    "all of two": (
        STUDENT,
        Summaries(ABC, np.array([-1.0, 0.4, 2]), np.array([1.0, 0.3, 3]), np.array([2.0, 2, 2])),
        WIDE,
        {"mu": np.linspace(-12, 12, 401), "far": 150, "step": 0.04, "small": 0.13},
    ),
    "a large trial": (
        HYPERGEOMETRIC,
        trials((541, 1368, 294, 825), (0, 30, 4, 30)),
        HyperPrior(Normal(0, 1), LogNormal(-0.5, 0.5)),
        {"mu": np.linspace(-7, 7, 281), "t": np.arange(-4.4, 3, 0.15), "far": 60, "step": 0.03}
        | {"small": 0.1},
    ),
    # far from each other for their errors: tau near 0 is a hundred log units down
    "hospitals far apart": (
        STUDENT,
        Summaries(
            tuple("ABCDEFGHI"),
            np.array([-37.9, 12.1, 57, 5.3, 9, -20.5, -49.3, 16.1, -11.8]),
            np.array([47.0, 7, 17, 20, 8, 7, 45, 16, 27]),
            np.array([155.0, 31, 75, 18, 8, 57, 34, 110, 60]),
        ),
        HyperPrior(Normal(30, 30), HalfNormal(30)),
        {"mu": np.linspace(-250, 310, 281), "t": np.arange(1.5, 6, 0.08), "far": 600, "step": 0.2},
    ),
}
