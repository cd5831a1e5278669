"""Whether the bound on the error of nested quadrature holds, on random problems of each family.

    uv run python benchmarks/families.py [problems a family] [family ...]

Each problem is solved by a much finer rule as well. Printed, a family a line: the worst ratio of
the true error to its bound, the largest error and bound, and the CPU time of a solution with all
its moments, quantiles and bounds.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from partial_pooling.data.groups import Counts, Groups, Rates, Summaries, TwoByTwo
from partial_pooling.errors import InputError
from partial_pooling.exact.face import PROBABILITIES
from partial_pooling.exact.nested.posterior import nested
from partial_pooling.exact.nested.rules import Rules
from partial_pooling.families.registry import FAMILIES
from partial_pooling.priors.distributions import (
    Flat,
    HalfCauchy,
    HalfNormal,
    HalfStudentT,
    Normal,
    Uniform,
)
from partial_pooling.priors.prior import Location, Scale
from partial_pooling.priors.priors import HyperPrior

FINER = Rules(28, 1e-10, 1e-12, 36.0, 0.5, 18, 0.6, 1e-7, 0.25)
P = np.array(PROBABILITIES)


def random_groups(family: str, rng: np.random.Generator) -> Groups:
    """3 to 11 groups; counts to 1e6, with empty and full cells; samples of 2 and more."""
    count = int(rng.integers(3, 12))
    names = tuple(f"g{j}" for j in range(count))
    theta = rng.normal(rng.normal(0, 2), np.exp(rng.uniform(-4, 1.5)), count)
    n = np.ceil(10 ** rng.uniform(0, rng.choice([2.0, 4.0, 6.0]), count))
    if family == "student":
        few = np.ceil(2 + 10 ** rng.uniform(-1, 2, count))
        sd = np.exp(rng.normal(0, 1, count)) * np.exp(rng.normal(0, 2))
        mean = theta + sd / np.sqrt(few) * rng.standard_t(few - 1)
        return Summaries(names, mean, sd, few)
    if family == "binomial":
        return Counts(names, rng.binomial(n.astype(int), 1 / (1 + np.exp(-theta))) * 1.0, n)
    if family == "poisson":
        exposure = n * rng.uniform(0.1, 1, count)
        return Rates(names, rng.poisson(exposure * np.exp(theta)) * 1.0, exposure)
    other = np.ceil(n * np.exp(rng.normal(0, 0.5, count)))
    base = rng.normal(-2, 1.5, count)
    control = rng.binomial(other.astype(int), 1 / (1 + np.exp(-base)))
    treated = rng.binomial(n.astype(int), 1 / (1 + np.exp(-base - theta)))
    return TwoByTwo(names, treated * 1.0, n, control * 1.0, other)


def random_prior(rng: np.random.Generator) -> HyperPrior:
    """A flat or a normal prior of mu, a light or a heavy one of tau."""
    scale = float(np.exp(rng.normal(0, 1)))
    mu: Location = Flat() if rng.random() < 0.3 else Normal(0.0, 5 * scale)
    taus: list[Scale] = [
        HalfCauchy(scale),
        HalfNormal(scale),
        HalfStudentT(4.0, scale),
        Uniform(0.0, 10 * scale),
    ]
    return HyperPrior(mu, taus[rng.integers(len(taus))])


def main(problems: int, names: list[str]) -> None:
    """Solve and print."""
    for name in names:
        family, rng = FAMILIES[name], np.random.default_rng(17)
        ratios, errors, bounds, times, failed = [], [], [], [], 0
        while len(ratios) + failed < problems:
            groups, prior = random_groups(name, rng), random_prior(rng)
            try:
                family.check_proper_posterior(groups, prior)
            except InputError:
                continue
            start = time.process_time()
            try:
                posterior = nested(groups, prior, family)
                variables = posterior.variables
                mean, sd = posterior.moments(variables)
                quantiles = posterior.quantiles(variables, P)
                bound = posterior.errors(variables)
                times.append(time.process_time() - start)
                finer = nested(groups, prior, family, FINER)
                true_mean, true_sd = finer.moments(variables)
                error = np.fmax(np.abs(mean - true_mean) / true_sd, np.abs(sd / true_sd - 1))
                error = np.fmax(np.nan_to_num(error), 0.0)
                for k, variable in enumerate(variables):
                    away = np.abs(finer.cdf(variable, quantiles[k]) - P).max()
                    error[k] = max(error[k], away)
            except (InputError, ArithmeticError, ValueError, IndexError) as problem:
                failed += 1
                print(name, "failed:", type(problem).__name__, problem, prior, groups, flush=True)
                continue
            ratios.append((error / bound).max())
            errors.append(error.max())
            bounds.append(bound.max())
            if ratios[-1] > 1 or bounds[-1] > 1e-6:
                worst = int((error / bound).argmax())
                print(name, variables[worst], error[worst], bound[worst], prior, groups, flush=True)
        print(
            f"{name}: {len(ratios)} problems, {failed} failed; true error / bound at most "
            f"{max(ratios):.3g}; error at most {max(errors):.2g} (median {np.median(errors):.2g}), "
            f"bound at most {max(bounds):.2g} (median {np.median(bounds):.2g}); CPU seconds "
            f"{np.median(times):.2f} in the median, {max(times):.2f} at most",
            flush=True,
        )


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 300,
        sys.argv[2:] or ["student", "binomial", "poisson", "hypergeometric"],
    )
