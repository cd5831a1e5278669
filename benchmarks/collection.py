"""Time the exact posteriors of many tables, and hold them against `solve`, one at a time.

    uv run python benchmarks/collection.py                 20,000 tables of 2 to 60 groups
    uv run python benchmarks/collection.py --tables 1000   a look

The yardstick is a bare NumPy loop over the same tables, which finds the same numbers by a fixed
rule of 96 nodes in log tau and Newton's method, with no check whether they are right. Both run in
one process and take turns, so that the ratio of their times means something on a busy machine.
"""

from __future__ import annotations

import argparse
import math
import os
import time

import numpy as np
from scipy.special import ndtr, ndtri

from partial_pooling.classical.many import estimate_many
from partial_pooling.data.groups import Estimates
from partial_pooling.exact.batched import VARIABLES, Posteriors, solve_many
from partial_pooling.exact.population import populations
from partial_pooling.exact.posterior import solve
from partial_pooling.priors.priors import HyperPrior, parse_hyperprior

PRIOR = parse_hyperprior(
    {
        "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
        "tau": {"dist": "HalfCauchy", "beta": 5},
    }
)
P = (0.025, 0.5, 0.975)
NODES = 96


def simulated(count: int, seed: int) -> list[Estimates]:
    """Tables as a database of log odds ratios has them: one in five without heterogeneity."""
    rng = np.random.default_rng(seed)
    tables = []
    for _ in range(count):
        groups = int(rng.integers(2, 61))
        tau = math.exp(rng.normal(-1, 1)) if rng.random() < 0.8 else 0.0
        std_error = np.exp(rng.normal(-1, 0.5, groups))
        estimate = rng.normal(rng.normal(0, 1), np.hypot(std_error, tau))
        names = tuple(f"g{j}" for j in range(groups))
        tables.append(Estimates(names, estimate, std_error))
    return tables


def fixed_rule(table: Estimates, prior: HyperPrior) -> tuple[np.ndarray, ...]:
    """Moments, quantiles, P(mu > 0) and evidence by a fixed rule: mean, sd, quantile of all."""
    y, variance = table.estimate, table.std_error[:, None] ** 2
    low = math.log(1e-3 * table.std_error.min())
    high = math.log(30 * max(table.std_error.max(), np.ptp(y)))
    t = np.linspace(low, high, NODES)
    tau = np.exp(t)
    total = variance + tau**2
    precision = (1 / total).sum(axis=0) + prior.mu.sd**-2
    mu = ((y[:, None] / total).sum(axis=0) + prior.mu.mean * prior.mu.sd**-2) / precision
    squares = ((y[:, None] - mu) ** 2 / total).sum(axis=0)
    squares += ((prior.mu.mean - mu) / prior.mu.sd) ** 2
    logs = np.log(total).sum(axis=0) + len(y) * math.log(2 * math.pi)
    log_density = prior.tau.log_density(tau) + t
    log_density -= 0.5 * (logs + np.log(precision * prior.mu.sd**2) + squares)
    weight = np.exp(log_density - log_density.max())
    evidence = math.log(weight.sum() * (t[1] - t[0])) + log_density.max()
    weight /= weight.sum()
    pooling = variance / total
    mean = np.concatenate([[mu, mu], pooling * mu + (1 - pooling) * y[:, None]])
    spread = np.concatenate(
        [
            [1 / precision, 1 / precision + tau**2],
            (1 - pooling) * variance + pooling**2 / precision,
        ]
    )
    middle = mean @ weight
    sd = np.sqrt((spread + (mean - middle[:, None]) ** 2) @ weight)
    inverse = 1 / np.sqrt(spread)
    quantiles = []
    for p in P:
        x = middle + sd * ndtri(p)
        for _ in range(50):
            z = (x[:, None] - mean) * inverse
            miss = ndtr(z) @ weight - p
            slope = (np.exp(-0.5 * z * z) * inverse) @ weight / math.sqrt(2 * math.pi)
            step = np.clip(miss / slope, -sd, sd)
            x = x - step
            if np.all(np.abs(step) < 1e-8 * sd):
                break
        quantiles.append(x)
    of_tau = [t @ weight, tau @ weight]
    sd_of_tau = [
        math.sqrt((t - of_tau[0]) ** 2 @ weight),
        math.sqrt((tau - of_tau[1]) ** 2 @ weight),
    ]
    log_tau_quantile = np.interp(P, np.cumsum(weight) - weight / 2, t)
    above = ndtr(mu * np.sqrt(precision)) @ weight
    return (
        middle,
        sd,
        np.array(quantiles),
        np.array(of_tau),
        np.array(sd_of_tau),
        log_tau_quantile,
        np.exp(log_tau_quantile),
        pooling @ weight,
        np.array([above, evidence]),
    )


def largest_errors(
    tables: list[Estimates], found: Posteriors, sample: np.ndarray, prior: HyperPrior
) -> dict[str, float]:
    """Largest differences from `solve`: moments in posterior sds, quantiles in probability."""
    worst = dict.fromkeys(("moments", "quantiles", "P(mu > 0)", "evidence", "pooling"), 0.0)

    def note(what: str, value: object) -> None:
        worst[what] = max(worst[what], float(np.nanmax(value, initial=0)))

    for i in sample:
        exact = solve(tables[i], prior)
        groups = slice(found.offsets[i], found.offsets[i + 1])
        thetas = [f"theta[{name}]" for name in tables[i].names]
        variables = [*VARIABLES, *thetas]
        mean, sd = exact.moments(variables)
        note("moments", np.abs(np.append(found.mean[i], found.theta_mean[groups]) - mean) / sd)
        note("moments", np.abs(np.append(found.sd[i], found.theta_sd[groups]) / sd - 1))
        quantile = np.concatenate([found.quantile[i], found.theta_quantile[groups]])
        for variable, x in zip(variables, quantile, strict=True):
            note("quantiles", np.abs(exact.cdf(variable, x) - found.p))
        note("P(mu > 0)", np.abs(found.mu_above[i] - 1 + exact.cdf("mu", 0.0)))
        note("evidence", np.abs(found.log_marginal_likelihood[i] - exact.log_marginal_likelihood))
        note("pooling", np.abs(found.pooling_factor[groups] - exact.pooling_factor()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=20_000)
    parser.add_argument("--sample", type=int, default=200, help="tables to hold against solve")
    parser.add_argument("--turn", type=int, default=5000, help="tables a turn")
    arguments = parser.parse_args()
    tables = simulated(arguments.tables, 1)
    solve_many(tables[:100], PRIOR, p=P)
    fixed_rule(tables[0], PRIOR)
    ours, bare, adaptive = [], [], 0
    rng = np.random.default_rng(2)
    worst: dict[str, float] = {}
    for start in range(0, len(tables), arguments.turn):
        some = tables[start : start + arguments.turn]
        begin = time.process_time()
        found = solve_many(some, PRIOR, p=P)
        middle = time.process_time()
        for table in some:
            fixed_rule(table, PRIOR)
        end = time.process_time()
        ours.append((middle - begin) / len(some))
        bare.append((end - middle) / len(some))
        adaptive += int(found.adaptive.sum())
        count = max(1, arguments.sample * len(some) // len(tables))
        errors = largest_errors(some, found, rng.choice(len(some), count, replace=False), PRIOR)
        worst = {what: max(worst.get(what, 0.0), value) for what, value in errors.items()}
    ratio = np.array(ours) / np.array(bare)
    print(f"{len(tables):,} tables of 2 to 60 groups, one core, CPU time")
    print(f"solve_many: {1e3 * np.mean(ours):.2f} ms a table")
    print(f"bare loop, {NODES} fixed nodes: {1e3 * np.mean(bare):.2f} ms a table")
    print(f"ratio {np.median(ratio):.2f} ({ratio.min():.2f} to {ratio.max():.2f} over turns)")
    print(f"100,000 tables: {1e5 * np.mean(ours) / 2:.0f} s on two cores ({os.cpu_count()} here)")
    print(f"solved one at a time by solve: {adaptive} of {len(tables):,}")
    print(f"largest differences from solve in a sample of {arguments.sample}:", end=" ")
    print(", ".join(f"{what} {value:.1e}" for what, value in worst.items()))
    begin = time.process_time()
    estimate_many(tables)
    middle = time.process_time()
    print(f"classical estimates: {1e3 * (middle - begin) / len(tables):.2f} ms a table")
    best = populations(tables, PRIOR.mu)[0]
    print(f"distribution of tau over tables: {time.process_time() - middle:.0f} s; {best.line}")


if __name__ == "__main__":
    main()
