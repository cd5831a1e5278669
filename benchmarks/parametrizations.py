"""Whether the partial model is as good as the best of the models between centered and noncentered.

    uv run python benchmarks/parametrizations.py                       all: about half an hour
    uv run python benchmarks/parametrizations.py --datasets eight --seeds 4             a look

For each data set: one common weight from 0 (noncentered) to 1 (centered); fixed weights a group, of
`exact.weights`; the partial model, which centers each group as its own data speak at each tau; and
the marginal model. One fit a seed, graded as the workflow grades. The best common weight is chosen
among those whose fits are all accurate on the first half of the seeds (else among all), by its mean
efficiency there, and held against the others on the second half: the best of eleven noisy figures
flatters itself, and a biased weight shows a high ESS. Efficiency is ess_per_1000_gradients
(smallest bulk ESS of any variable, tuning counted), compared as a ratio of geometric means over
seeds with a 95 % interval of Student's t. The partial model is to have at least 0.9 times the best
weight's, no interval wholly below, and 3 times where groups are of mixed precision.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from partial_pooling.data.groups import Estimates
from partial_pooling.exact.posterior import ExactPosterior, solve
from partial_pooling.exact.weights import weights
from partial_pooling.families.normal import NORMAL
from partial_pooling.grading.diagnostics import diagnose_fit, grade
from partial_pooling.grading.judgement import judge_estimates, judge_fits
from partial_pooling.grading.parametrization import EVEN
from partial_pooling.models.parametrizations import build_model
from partial_pooling.priors.priors import HyperPrior, parse_hyperprior
from partial_pooling.sampling.conditional import draw_theta
from partial_pooling.sampling.fits import Fit, read_fit, write_fit
from partial_pooling.sampling.samplers import run_nutpie, sample_fits, stored, without_tuning
from partial_pooling.sampling.settings import SamplerSettings
from partial_pooling.study.settings import Thresholds

SETTINGS = SamplerSettings(draws=1000, tune=1000, chains=4)
TARGET_ACCEPT = 0.9
COMMON = np.round(np.linspace(0, 1, 11), 1)
THRESHOLDS = Thresholds().model_dump()


def prior(mu: tuple[Any, ...], tau: tuple[Any, ...]) -> HyperPrior:
    names = {
        "Normal": ("mu", "sigma"),
        "HalfNormal": ("sigma",),
        "HalfCauchy": ("beta",),
        "Exponential": ("scale",),
        "HalfStudentT": ("nu", "sigma"),
        "Flat": (),
    }
    spec = {
        name: {"dist": dist, **dict(zip(names[dist], values, strict=True))}
        for name, (dist, *values) in (("mu", mu), ("tau", tau))
    }
    return parse_hyperprior(spec)


def simulated(std_error: Any, tau: float, seed: int) -> Estimates:
    """Groups whose theta have standard deviation tau about 0."""
    std_error = np.asarray(std_error, dtype=float)
    estimate = np.random.default_rng(seed).normal(0, np.hypot(std_error, tau))
    return Estimates(tuple(f"g{j}" for j in range(len(estimate))), estimate, std_error)


def mixed(count: int, precise: float, vague: float) -> np.ndarray:
    return np.where(np.arange(count) % 2 == 0, precise, vague)


def spread(count: int, log_sd: float, seed: int) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(0, log_sd, count))


WIDE, WEAK, TAIL = ("Normal", 0, 5), ("HalfNormal", 2), ("HalfCauchy", 2)
SCHOOLS = Estimates(
    tuple("ABCDEFGH"),
    np.array([28.0, 8, -3, 7, -1, 1, 18, 12]),
    np.array([15.0, 10, 16, 11, 9, 11, 10, 18]),
)
DATASETS: dict[str, tuple[Estimates, HyperPrior]] = {
    "eight": (SCHOOLS, prior(WIDE, ("HalfCauchy", 5))),
    "eight, flat mu": (SCHOOLS, prior(("Flat",), ("HalfCauchy", 25))),
    "3, tau 1": (simulated(np.ones(3), 1, 5), prior(WIDE, ("HalfNormal", 1))),
    "3, tau 0": (simulated(np.ones(3), 0, 6), prior(("Normal", 0, 10), ("HalfCauchy", 1))),
    "4, strong priors": (
        simulated(np.full(4, 5.0), 1, 14),
        prior(("Normal", 0, 1), ("HalfNormal", 1)),
    ),
    "5, weak data": (
        simulated(np.full(5, 5.0), 0.5, 15),
        prior(("Normal", 0, 0.5), ("Exponential", 0.5)),
    ),
    "6, flat mu": (simulated(np.ones(6), 1, 16), prior(("Flat",), ("HalfCauchy", 1))),
    "8, precise": (simulated(np.full(8, 0.1), 1, 1), prior(WIDE, WEAK)),
    "8, vague": (simulated(np.full(8, 10.0), 1, 2), prior(WIDE, WEAK)),
    "8, mixed": (simulated(mixed(8, 0.2, 8), 1, 4), prior(WIDE, TAIL)),
    "12, tau 3, t prior": (simulated(np.ones(12), 3, 17), prior(WIDE, ("HalfStudentT", 3, 3))),
    "20, tau 0": (simulated(np.ones(20), 0, 7), prior(WIDE, ("HalfNormal", 1))),
    "20, tau 0.3": (simulated(np.ones(20), 0.3, 8), prior(WIDE, ("HalfNormal", 1))),
    "20, tau 1": (simulated(np.ones(20), 1, 9), prior(WIDE, WEAK)),
    "20, tau 3": (simulated(np.ones(20), 3, 18), prior(WIDE, ("HalfNormal", 5))),
    "20, tau 10": (simulated(np.ones(20), 10, 10), prior(("Normal", 0, 20), ("HalfNormal", 10))),
    "20, uneven": (simulated(spread(20, 1, 13), 1, 13), prior(WIDE, WEAK)),
    "40, mixed": (simulated(mixed(40, 0.2, 8), 2, 3), prior(WIDE, ("HalfNormal", 5))),
    "50, uneven, tau 0.5": (simulated(spread(50, 0.7, 19), 0.5, 19), prior(WIDE, TAIL)),
    "100, tau 0.5": (simulated(np.ones(100), 0.5, 11), prior(WIDE, ("HalfNormal", 1))),
    "100, mixed, tau 1": (simulated(mixed(100, 0.3, 5), 1, 20), prior(WIDE, WEAK)),
    "300, tau 1": (simulated(np.ones(300), 1, 12), prior(WIDE, ("HalfNormal", 1))),
}


def graded(fits: list[Fit], groups: Estimates, exact: ExactPosterior) -> pd.DataFrame:
    """One row a fit, as in fits.csv."""
    parts = []
    for fit in fits:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fit.nc"
            write_fit(fit, groups.names, path, {})
            parts.append(diagnose_fit(read_fit(path), [SETTINGS.draws], exact))
    estimates = grade(pd.concat([e for e, _ in parts], ignore_index=True), exact)
    cells = pd.concat([f for _, f in parts], ignore_index=True)
    for table in (estimates, cells):
        table.insert(0, "model", "partial")
    estimates = judge_estimates(estimates, THRESHOLDS)
    return judge_fits(cells.assign(batch="0"), estimates, THRESHOLDS)


def sweep(groups: Estimates, of: HyperPrior, seeds: range) -> dict[str, pd.DataFrame]:
    """Graded fits of every weight, and of the partial and the marginal model."""
    import nutpie

    exact = solve(groups, of)
    tried = {f"{w:g}": np.full(len(groups), w) for w in COMMON}
    tried["fixed"] = weights(exact)
    model = build_model("partial", groups, of, weights=tried["fixed"])
    compiled = nutpie.compile_pymc_model(model, var_names=stored(model))
    result = {}
    for name, values in tried.items():
        data = compiled.with_data(weights=values)
        fits = [
            without_tuning(
                seed,
                TARGET_ACCEPT,
                *run_nutpie(data, stored(model), SETTINGS, seed, TARGET_ACCEPT, cores=2),
                SETTINGS.tune,
            )
            for seed in seeds
        ]
        result[name] = graded(fits, groups, exact)
    for name in ("partial", "marginal"):
        fits = sample_fits(
            build_model(name, groups, of),
            "nutpie",
            [(seed, TARGET_ACCEPT) for seed in seeds],
            SETTINGS,
            2,
            lambda mu, tau, seed: draw_theta(groups, NORMAL, mu, tau, seed),
        )
        result[name] = graded(list(fits), groups, exact)
    return result


def log_cost(table: pd.DataFrame) -> np.ndarray:
    return np.log(table["ess_per_1000_gradients"].to_numpy())


def ratio(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    """Ratio of geometric means, with its interval (Welch)."""
    interval = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    return tuple(float(np.exp(x)) for x in (a.mean() - b.mean(), interval.low, interval.high))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--datasets", nargs="+", default=list(DATASETS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    seeds, half = range(1, options.seeds + 1), options.seeds // 2
    below, accurate, count = [], 0, 0
    print(
        "data set              best  partial/best (95 %)   fixed marginal  "
        "ESS/1000 gradients: best, partial, marginal; accurate of partial; divergence rates"
    )
    older, contradicted = [], []
    for name in options.datasets:
        found = sweep(*DATASETS[name], seeds)
        first = {f"{w:g}": found[f"{w:g}"][:half] for w in COMMON}
        allowed = {k: v for k, v in first.items() if v["accurate"].all()} or first
        best = max(allowed, key=lambda k: log_cost(allowed[k]).mean())
        second = {k: log_cost(v[half:]) for k, v in found.items()}
        middle, low, high = ratio(second["partial"], second[best])
        if high < 0.9:
            below.append(name)
        accurate += int(found["partial"]["accurate"].sum())
        count += len(found["partial"])
        others = "".join(f"{ratio(second[k], second[best])[0]:6.2f}" for k in ("fixed", "marginal"))
        shown = (best, "partial", "marginal")
        means = ", ".join(f"{np.exp(second[k].mean()):.3g}" for k in shown)
        rates = ", ".join(f"{found[k]['divergence_rate'].mean():.1e}" for k in shown)
        print(
            f"{name:22}{best:>4}  {middle:.2f} ({low:.2f} to {high:.2f})".ljust(49)
            + f"{others}  {means}; {int(found['partial']['accurate'].sum())}/{len(seeds)}; {rates}",
            flush=True,
        )
        w = weights(solve(*DATASETS[name]))
        against = ratio(log_cost(found["1"]), log_cost(found["0"]))
        chosen = "centered" if w.max() > EVEN else "noncentered"
        served = "centered" if against[1] > 1 else "noncentered" if against[2] < 1 else chosen
        if served != chosen:
            contradicted.append(name)
        right = ", ".join(str(int(found[k]["accurate"].sum())) for k in "10")
        older.append(
            f"{name:22}{w.min():5.2f}{np.median(w):6.2f}{w.mean():6.2f}{w.max():6.2f}  "
            f"{'{:.3g} ({:.3g} to {:.3g})'.format(*against):28}{right:10}{chosen}"
        )
    print(f"partial accurate in {accurate} of {count}; wholly below 0.9: {below or 'none'}")
    print("\ncentered or noncentered?  weights of `exact.weights` (least, median, mean, most)")
    head = "data set              weights                  centered/noncentered        "
    print(f"{head}accurate  chosen")
    print("\n".join(older))
    print(f"contradicted by the fits: {contradicted or 'none'}")


if __name__ == "__main__":
    main()
