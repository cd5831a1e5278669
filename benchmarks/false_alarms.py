"""How often the fit of a right sampler is called dishonest, or is not accurate.

    uv run python benchmarks/false_alarms.py                     the table of docs/grading.md: hours
    uv run python benchmarks/false_alarms.py --replicates 200    a look

A right sampler is one whose draws come from the exact posterior: independent draws, and chains in
which each normal value behind a draw follows an AR(1) process of autocorrelation 0.9 (mu, tau and
theta are then right at every step, and about one draw in nineteen is effective). Every replicate is
graded as a fit of the workflow is, by its default thresholds, four chains each. Rates stand with
Clopper-Pearson bounds of 95 %.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from scipy.fft import next_fast_len

from partial_pooling.data.groups import Estimates
from partial_pooling.exact.posterior import ExactPosterior, solve
from partial_pooling.grading import diagnostics
from partial_pooling.grading.diagnostics import estimate, grade, stack_variables
from partial_pooling.grading.distances import PROBABILITIES
from partial_pooling.grading.grades import ERRORS
from partial_pooling.grading.inference import share_interval
from partial_pooling.grading.judgement import judge_estimates
from partial_pooling.report.lecture import PRIOR
from partial_pooling.study.settings import Thresholds

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from exact_draws import exact_draws, standard_normal_chain

THRESHOLDS = Thresholds().model_dump()
CHAINS = 4
DRAWS = (100, 400, 1000, 10_000)
AUTOCORRELATIONS = (0.0, 0.9)
# groups -> replicates at up to 1,000 draws, and at more
REPLICATES = {2: (10_000, 300), 8: (10_000, 300), 100: (200, 20), 1000: (30, 0)}
# the eight schools over and over, so that the priors fit
ESTIMATES = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
STD_ERRORS = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


def effective_draws(values: np.ndarray, method: str) -> np.ndarray:
    """ArviZ's effective sample size of the mean, of V variables at once and so ten times as fast.

    Parameters
    ----------
    values
        Shape (V, chain, draw).
    method
        What `diagnostics` asks ArviZ for, `mean` or `identity`.
    """
    values = np.asarray(values, dtype=float)
    if method == "mean":  # of half chains; "identity" takes chains as they are
        values = diagnostics._split(values)
    count, chains, draws = values.shape
    x = values - values.mean(axis=2, keepdims=True)
    size = next_fast_len(2 * draws, real=True)
    spectrum = np.fft.rfft(x, n=size, axis=2)
    lags = np.fft.irfft((spectrum * spectrum.conj()).mean(axis=1), n=size)[:, :draws] / draws
    within = lags[:, 0] * draws / (draws - 1)
    total = lags[:, 0] + (values.mean(axis=2).var(axis=1, ddof=1) if chains > 1 else 0.0)
    result = np.full(count, float(chains * draws))
    for row in np.flatnonzero(np.ptp(values, axis=(1, 2)) >= np.finfo(float).resolution):
        rho = 1 - (within[row] - lags[row]) / total[row]
        rho[0] = 1
        pairs = rho[: draws // 2 * 2].reshape(-1, 2).sum(axis=1)
        # Geyer's initial positive sequence ends with the first pair that is not, or near the end
        looked_at = max(0, -((4 - draws) // 2))
        end = int(np.argmax(np.append(pairs[: looked_at + 1] <= 0, True)))
        end = min(end, looked_at)
        even = rho[2 * end]
        sums = np.minimum.accumulate(pairs[:end])
        tau = -1 + 2 * sums.sum() + max(even, 0.0)
        result[row] = chains * draws / max(tau, 1 / np.log10(chains * draws))
    return result


def check_effective_draws() -> None:
    """Hold `effective_draws` against ArviZ's own."""
    rng = np.random.default_rng(1)
    for rho in (-0.5, 0.0, 0.5, 0.9, 0.99):
        for draws in (50, 101, 1000):
            chains = standard_normal_chain(rng, (5, CHAINS, draws), rho)
            for values in (chains, chains < -1.5):
                for method in ("mean", "identity"):
                    expected = array_stats.ess(values, method=method, chain_axis=1, draw_axis=2)
                    found = effective_draws(values, method)
                    np.testing.assert_allclose(found, expected, rtol=1e-9)


@cache
def posterior(groups: int) -> ExactPosterior:
    """The exact posterior of so many schools."""
    which = np.arange(groups) % len(ESTIMATES)
    names = tuple(f"g{number}" for number in range(groups))
    return solve(Estimates(names, ESTIMATES[which], STD_ERRORS[which]), PRIOR)


def replicates(groups: int, draws: int, autocorrelation: float, seeds: range) -> np.ndarray:
    """Grade several right fits: how many are not honest, and not accurate."""
    exact = posterior(groups)
    names = [name for name in exact.variables if name != "theta_new"]
    cuts = exact.quantiles(names, np.array(list(PROBABILITIES.values())))
    tables = []
    for seed in seeds:
        fit = exact_draws(exact.groups, exact, CHAINS, draws, seed, autocorrelation)
        samples = stack_variables(fit)
        below = np.array(
            [(x[..., None] <= c).mean((0, 1)) for x, c in zip(samples.values, cuts, strict=True)]
        )
        table = estimate(samples).assign(model="m", target_accept=0.8, seed=seed, draws=draws)
        table[[f"below_{name}" for name in PROBABILITIES]] = below
        tables.append(table)
    graded = judge_estimates(grade(pd.concat(tables, ignore_index=True), exact), THRESHOLDS)
    graded["inaccurate"] = (graded[list(ERRORS)] > [THRESHOLDS[name] for name in ERRORS]).any(
        axis=1
    )
    by_fit = graded.groupby("seed")
    return np.array([(~by_fit["honest"].all()).sum(), by_fit["inaccurate"].any().sum()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, help="at most so many of each")
    parser.add_argument("--groups", type=int, nargs="+", default=list(REPLICATES))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--csv", type=Path, help="write the table here as it grows")
    arguments = parser.parse_args()
    check_effective_draws()
    diagnostics._ess = effective_draws
    rows = []
    with ProcessPoolExecutor(arguments.processes) as pool:
        for groups in arguments.groups:
            for draws in DRAWS:
                count = REPLICATES[groups][draws > 1000]
                count = min(count, arguments.replicates or count)
                for autocorrelation in AUTOCORRELATIONS if count else ():
                    start = time.perf_counter()
                    size = max(1, min(50, count // 8))
                    parts = [range(i, min(i + size, count)) for i in range(0, count, size)]
                    futures = [
                        pool.submit(replicates, groups, draws, autocorrelation, part)
                        for part in parts
                    ]
                    failed = sum(future.result() for future in futures)
                    row = {"groups": groups, "autocorrelation": autocorrelation, "draws": draws}
                    row["replicates"] = count
                    for name, number in zip(("dishonest", "inaccurate"), failed, strict=True):
                        interval = share_interval(int(number), count)
                        row |= {name: interval.value, f"{name}_low": interval.low}
                        row[f"{name}_high"] = interval.high
                    rows.append(row)
                    print(
                        f"J = {groups}, autocorrelation {autocorrelation:g}, {CHAINS} x {draws}: "
                        f"dishonest {failed[0]} of {count} (at most {row['dishonest_high']:.2g}), "
                        f"inaccurate {failed[1]} ({row['inaccurate']:.2g}); "
                        f"{time.perf_counter() - start:.0f} s",
                        flush=True,
                    )
                    if arguments.csv:
                        pd.DataFrame(rows).to_csv(arguments.csv, index=False)


if __name__ == "__main__":
    main()
