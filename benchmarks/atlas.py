"""A thousand priors solved together, against solving each by itself.

    uv run python benchmarks/atlas.py [--groups 10] [--alone 100] [--family binomial]

prints the time of the whole atlas, that of the posteriors of some of its priors one by one (and so
of all of them), and how far the two are apart.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from partial_pooling.data.groups import Counts, Estimates, Groups
from partial_pooling.decision.atlas import atlas
from partial_pooling.exact.posterior import solve
from partial_pooling.families.registry import FAMILIES
from partial_pooling.priors.distributions import HalfCauchy, Normal
from partial_pooling.priors.priors import HyperPrior


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=10)
    parser.add_argument("--alone", type=int, default=100, help="priors to solve by themselves")
    parser.add_argument("--family", choices=("normal", "binomial"), default="normal")
    options = parser.parse_args()
    random = np.random.default_rng(1)
    names = tuple(f"g{j}" for j in range(options.groups))
    family = FAMILIES[options.family]
    groups: Groups
    if options.family == "normal":
        error = random.uniform(5, 18, options.groups)
        groups = Estimates(names, random.normal(4, np.hypot(error, 6)), error)
        scale = 5.0
    else:
        n = random.integers(20, 200, options.groups).astype(float)
        groups = family.simulate(Counts(names, n, n), random.normal(0.2, 0.5, len(n)), random)
        scale = 1.0
    prior = HyperPrior(Normal(0, scale), HalfCauchy(scale))
    times = []
    for _ in range(3):
        start = time.perf_counter()
        found = atlas(groups, prior, 0.0, family=family)
        times.append(time.perf_counter() - start)
    count = found.mu_above.size
    print(f"{count:,} priors of {options.groups} groups together: {min(times):.3f} s")
    some = random.choice(count, options.alone, replace=False)
    worst, start = 0.0, time.perf_counter()
    for k, i in zip(*np.unravel_index(some, found.mu_above.shape), strict=True):
        tau = HalfCauchy(scale * float(found.tau_factor[k]))
        posterior = solve(groups, HyperPrior(Normal(0, float(found.mu_sd[i])), tau), family)
        chance = 1 - float(posterior.cdf("mu", 0.0))
        worst = max(worst, abs(chance - float(found.mu_above[k, i])))
    each = (time.perf_counter() - start) / options.alone
    print(f"one by one: {1000 * each:.1f} ms each, {count * each:.1f} s for all")
    print(f"apart by at most {worst:.1e} in P(mu > 0), of {options.alone} priors")
    print(f"the atlas thinks that it errs by {found.error:.1e} at most")


if __name__ == "__main__":
    main()
