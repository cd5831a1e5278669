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

from partial_pooling.configuration import load_schema, with_defaults
from partial_pooling.data import Groups
from partial_pooling.diagnostics import PROBABILITIES, estimate, grade, stack_variables
from partial_pooling.exact import ExactPosterior, solve
from partial_pooling.grading import ERRORS, judge_estimates
from partial_pooling.inference import share_interval
from partial_pooling.lecture import PRIOR

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from exact_draws import exact_draws

THRESHOLDS = with_defaults({}, load_schema()["properties"]["thresholds"])
CHAINS = 4
DRAWS = (100, 400, 1000, 10_000)
AUTOCORRELATIONS = (0.0, 0.9)
# groups -> replicates at up to 1,000 draws, and at more
REPLICATES = {2: (10_000, 500), 8: (10_000, 500), 100: (500, 50), 1000: (50, 0)}
# the eight schools over and over, so that the priors fit
ESTIMATES = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
STD_ERRORS = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


@cache
def posterior(groups: int) -> ExactPosterior:
    """The exact posterior of so many schools."""
    which = np.arange(groups) % len(ESTIMATES)
    names = tuple(f"g{number}" for number in range(groups))
    return solve(Groups(names, ESTIMATES[which], STD_ERRORS[which]), PRIOR)


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
