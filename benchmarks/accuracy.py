"""How often each model is accurate, on tables simulated from the prior that they are fitted under.

    uv run python benchmarks/accuracy.py                     2,004 tables: about half an hour
    uv run python benchmarks/accuracy.py --tables 60                             a look
    uv run python benchmarks/accuracy.py --models partial --cells 4,3 20,1 --tables 1000

Tables of 4, 8 and 20 groups, standard errors equal or uneven (log-normal, sd 0.5) with median 1;
tau from half-normals of 0.1, 0.3, 1 and 3; target_accept 0.9, four chains of 2,000 draws. A fit is
accurate as the workflow grades it (`thresholds` of config/README.md). Shares with 95 % intervals of
Clopper and Pearson; divergence rates are told, not judged.
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np
import pandas as pd

from partial_pooling.data.groups import Estimates
from partial_pooling.exact.posterior import ExactPosterior, solve
from partial_pooling.families.normal import NORMAL
from partial_pooling.grading.calibration import draws_of, simulate, variable_names
from partial_pooling.grading.inference import share_interval
from partial_pooling.grading.settings import CalibrationSettings
from partial_pooling.models.parametrizations import PARAMETRIZATIONS
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.sampling.refits import compile_model
from partial_pooling.study.settings import Thresholds

SETTINGS = CalibrationSettings(draws=2000, tune=1000, chains=4, target_accept=0.9)
THRESHOLDS = Thresholds()
P = np.array([0.05, 0.5, 0.95])


def accurate(values: np.ndarray, exact: ExactPosterior) -> bool:
    """Whether mean, sd and quantiles of every variable are near enough to the exact ones."""
    names = variable_names(exact.groups)
    flat = values.reshape(len(names), -1)
    mean, sd = exact.moments(names)
    order = np.array([exact.moment_order(name) for name in names])
    off_mean = np.where(order > 2, np.abs(flat.mean(axis=1) - mean) / sd, 0)
    off_sd = np.where(order > 4, np.abs(flat.std(axis=1, ddof=1) / sd - 1), 0)
    quantiles = np.quantile(flat, P, axis=1).T
    below = np.array([exact.cdf(name, q) for name, q in zip(names, quantiles, strict=True)])
    return bool(
        (off_mean <= THRESHOLDS.error_mean).all()
        and (off_sd <= THRESHOLDS.error_sd).all()
        and (np.abs(below - P) <= THRESHOLDS.error_quantile).all()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", type=int, default=2004)
    parser.add_argument("--others", type=float, default=0.25, help="share for the other two models")
    parser.add_argument("--models", nargs="+", default=list(PARAMETRIZATIONS), metavar="MODEL")
    parser.add_argument("--cells", nargs="+", metavar="J,SCALE", help="some of the cells")
    options = parser.parse_args()
    cells = list(itertools.product((4, 8, 20), (0.1, 0.3, 1.0, 3.0)))
    chosen = options.cells or [f"{count},{scale:g}" for count, scale in cells]
    each = -(-options.tables // len(chosen))
    rows = []
    for number, (count, scale) in enumerate(cells):
        if f"{count},{scale:g}" not in chosen:
            continue
        uneven = np.random.default_rng(number).normal(0, 0.5 * (number % 2), count)
        names = tuple(f"g{j}" for j in range(count))
        groups = Estimates(names, np.zeros(count), np.exp(uneven))
        prior = parse_hyperprior(
            {
                "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
                "tau": {"dist": "HalfNormal", "sigma": scale},
            }
        )
        for model in options.models:
            start = time.perf_counter()
            refits = compile_model(model, groups, prior, SETTINGS, NORMAL)
            fits = each if model in ("partial", "marginal") else round(each * options.others)
            right = diverged = 0
            for k in range(fits):
                simulation = simulate(k, groups, prior)
                exact = solve(simulation.groups, prior)
                seed, accept = simulation.sampler_seed, SETTINGS.target_accept
                fit = refits.fit(simulation.groups, seed, accept)
                draws = draws_of(fit)
                right += accurate(draws.values, exact)
                diverged += draws.divergences
            rows.append((model, count, scale, fits, right, diverged))
            print(*rows[-1], f"{time.perf_counter() - start:.0f} s", flush=True)
    table = pd.DataFrame(rows, columns=["model", "J", "scale", "fits", "accurate", "divergences"])
    draws = SETTINGS.draws * SETTINGS.chains
    for by in (["model"], ["model", "J"]):
        for key, part in table.groupby(by, sort=False):
            fits, right = int(part["fits"].sum()), int(part["accurate"].sum())
            share = share_interval(right, fits)
            rate = part["divergences"].sum() / (fits * draws)
            print(
                f"{' '.join(map(str, key)):16}{right:5} of {fits:5} accurate: {share.value:.4f} "
                f"({share.low:.4f} to {share.high:.4f}); divergence rate {rate:.1e}"
            )


if __name__ == "__main__":
    main()
