"""How right the exact posteriors of counts and small samples are, and how long they take.

    uv run python benchmarks/families.py                       all, docs/exact.md
    uv run python benchmarks/families.py --problems 20 poisson       a few, printed only

Random problems of each family are solved by a much finer rule as well; data sets of the tests are
held against plain sums over grids; then groups are solved for their time alone. Problems come from
fixed seeds.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from grids import CASES, FURTHER, GRID, SURER, WIDE, on_a_grid  # noqa: E402

from partial_pooling.data.groups import Counts, Groups, Rates, Summaries, TwoByTwo  # noqa: E402
from partial_pooling.errors import InputError  # noqa: E402
from partial_pooling.exact.face import PROBABILITIES  # noqa: E402
from partial_pooling.exact.nested.posterior import nested  # noqa: E402
from partial_pooling.families.registry import FAMILIES  # noqa: E402
from partial_pooling.priors.distributions import (  # noqa: E402
    Flat,
    HalfCauchy,
    HalfNormal,
    HalfStudentT,
    Normal,
    Uniform,
)
from partial_pooling.priors.prior import Location, Scale  # noqa: E402
from partial_pooling.priors.priors import HyperPrior  # noqa: E402

PAGE = ROOT / "docs" / "exact.md"
NAMES = ("student", "binomial", "poisson", "hypergeometric")
HEAD = """# How right the exact answer is

The posterior of estimates with known errors has a closed form given tau; that of the other families
is found by nested quadrature, each number with a bound on its error: column `error` of `exact.csv`,
in posterior standard deviations (means, standard deviations) or in probability (quantiles),
whichever is larger. It comes from a second, coarser rule and from what the series of the densities
leave out. `uv run python benchmarks/families.py` held it against what is nearer to the truth, and
wrote this page.

## Random problems, against a much finer rule

3 to 11 groups, empty and full cells, counts to a million, samples of 2 and more, groups alike and
far apart, heavy priors and flat ones. `broken` counts problems with an error above its bound;
errors, bounds and CPU seconds are those of the median problem, and in brackets of the worst.
"""
GRIDS = """## Data sets, against plain sums over grids

The sums share no code with the quadrature (`tests/grids.py`). Errors of the log evidence, of means
in posterior standard deviations, of standard deviations relative to their own.
"""
TIMES = """## Time

CPU seconds of an answer with moments, quantiles and bounds, on one core, the least of three, by the
number of groups.
"""
PROBLEMS = 300
SIZES = (10, 100, 1000)  # groups, to be timed
P = np.array(PROBABILITIES)


def random_groups(family: str, count: int, rng: np.random.Generator, most: float) -> Groups:
    """Groups with empty and full cells; counts to 10 ** most; samples of 2 and more."""
    names = tuple(f"g{j}" for j in range(count))
    theta = rng.normal(rng.normal(0, 2), np.exp(rng.uniform(-4, 1.5)), count)
    n = np.ceil(10 ** rng.uniform(0, most, count))
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


@dataclass
class Problem:
    """A random problem: how far the answer is off, as a share of its bound, and CPU seconds.

    Errors and bounds are the largest of all variables: of mean and sd in posterior sds, of
    quantiles in probability. `wrong` is a line about it if a bound was broken, or there is none.
    """

    ratio: float
    error: float
    bound: float
    seconds: float
    wrong: str = ""


def problem(family: str, number: int) -> Problem:
    """Solve a random problem by the rule that answers, and by a much finer one."""
    rng, of_family = np.random.default_rng([17, number]), FAMILIES[family]
    while True:
        most = float(rng.choice([2.0, 4.0, 6.0]))
        groups, prior = (
            random_groups(family, int(rng.integers(3, 12)), rng, most),
            random_prior(rng),
        )
        try:
            of_family.check_proper_posterior(groups, prior)
            break
        except InputError:
            continue
    start = time.process_time()
    try:
        posterior = nested(groups, prior, of_family)
        variables = posterior.variables
        mean, sd = posterior.moments(variables)
        quantiles = posterior.quantiles(variables, P)
        bound = posterior.errors(variables)
        seconds = time.process_time() - start
        finer = nested(groups, prior, of_family, SURER)
        true_mean, true_sd = finer.moments(variables)
        error = np.fmax(np.abs(mean - true_mean) / true_sd, np.abs(sd / true_sd - 1))
        error = np.fmax(np.nan_to_num(error), 0.0)
        for k, variable in enumerate(variables):
            error[k] = max(error[k], np.abs(finer.cdf(variable, quantiles[k]) - P).max())
    except (InputError, ArithmeticError, ValueError, IndexError) as failure:
        return Problem(np.inf, np.inf, np.inf, np.nan, f"{failure!r} {prior} {groups}")
    worst = int((error / bound).argmax())
    about = f"{variables[worst]} {error[worst]} {bound[worst]} {prior} {groups}"
    made = Problem((error / bound).max(), error.max(), bound.max(), seconds)
    made.wrong = about if made.ratio > 1 else ""
    return made


def held_against_a_grid(case: str) -> list[str]:
    """Cells of the page: a data set, and how far its answer is from plain sums over a grid."""
    family, groups, prior, changed = FURTHER[case] if case in FURTHER else (*CASES[case], WIDE, {})
    evidence, mean, sd = on_a_grid(groups, prior, **GRID | changed)
    posterior = nested(groups, prior, family)
    found_mean, found_sd = posterior.moments(posterior.variables[:-1])
    errors = (
        abs(posterior.log_marginal_likelihood - evidence),
        np.abs((found_mean - mean) / sd).max(),
        np.abs(found_sd / sd - 1).max(),
    )
    return [case, family.name, str(len(groups)), *(f"{error:.1g}" for error in errors)]


def seconds_of(family: str, count: int) -> float:
    """CPU seconds of an answer with all quantiles and bounds, the least of three."""
    groups = random_groups(family, count, np.random.default_rng([3, count]), 3.0)
    prior, times = HyperPrior(Normal(0.0, 5.0), HalfNormal(2.0)), []
    for _ in range(3):
        start = time.process_time()
        posterior = nested(groups, prior, FAMILIES[family])
        posterior.moments(posterior.variables)
        posterior.quantiles(posterior.variables, P)
        posterior.errors(posterior.variables)
        times.append(time.process_time() - start)
    return min(times)


def row_of(family: str, made: list[Problem]) -> list[str]:
    """Cells of the page: a family, and how far its answers are off."""
    solved = [each for each in made if np.isfinite(each.ratio)]
    ratio, error, bound, seconds = (
        np.array([getattr(each, name) for each in solved])
        for name in ("ratio", "error", "bound", "seconds")
    )
    return [
        family,
        f"{len(solved)} of {len(made)}",
        f"{int((ratio > 1).sum())}",
        f"{ratio.max():.2g}",
        f"{np.median(error):.1g} ({error.max():.1g})",
        f"{np.median(bound):.1g} ({bound.max():.1g})",
        f"{np.median(seconds):.2f} ({seconds.max():.1f})",
    ]


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Lines of Markdown."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def main() -> None:
    """Solve, print, and write the page if all families were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", choices=[[], *NAMES])
    parser.add_argument("--problems", type=int, default=PROBLEMS)
    options = parser.parse_args()
    rows = []
    with ProcessPoolExecutor(os.process_cpu_count()) as pool:
        for family in options.families or NAMES:
            made = list(pool.map(partial(problem, family), range(options.problems)))
            rows.append(row_of(family, made))
            print(" | ".join(rows[-1]), flush=True)
            for each in made:
                if each.wrong:
                    print("  ", each.wrong, flush=True)
        if options.families or options.problems < PROBLEMS:
            return
        grids = list(pool.map(held_against_a_grid, [*CASES, *FURTHER]))
    times = [[family, *(f"{seconds_of(family, count):.2f}" for count in SIZES)] for family in NAMES]
    parts = [
        [
            HEAD,
            *table(
                ["family", "solved", "broken", "error / bound", "error", "bound", "CPU s"], rows
            ),
        ],
        [GRIDS, *table(["data", "family", "groups", "log evidence", "means", "sds"], grids)],
        [TIMES, *table(["family", *(f"{count:,}" for count in SIZES)], times)],
    ]
    lines = [line for part in parts for line in part]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
