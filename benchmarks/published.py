"""How the models fare on published meta-analyses: accuracy, and effective draws a gradient.

    uv run python benchmarks/published.py                        all: about half an hour
    uv run python benchmarks/published.py --tables bcg hine                      a look
    uv run python benchmarks/published.py --models partial                       of one model

config/datasets/published.md names the tables and their sources. Counts become log risk ratios: 1/2
is added to all four cells of a trial with a zero cell, and trials without events in either arm are
left out. Priors: on log ratios and standardized mean differences Normal(0, 1) of mu and
HalfNormal(0.5) of tau, weakly informative for what such effects can be; on other measures the ones
that the workflow offers for the data (`priors.prior_to_offer`).

One fit a model and table, target_accept 0.9, four chains of 1,000 draws, graded as the workflow
grades. Centered and noncentered are the reference: the better one is that of the higher
ess_per_1000_gradients among those which are accurate, since a biased fit may show a high ESS.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from parametrizations import SETTINGS, TARGET_ACCEPT, graded

from partial_pooling.data.groups import Estimates
from partial_pooling.exact.posterior import solve
from partial_pooling.families.normal import NORMAL
from partial_pooling.priors.distributions import HalfNormal, Normal
from partial_pooling.priors.priors import HyperPrior, prior_to_offer
from partial_pooling.sampling.refits import Refits, compile_model

DATASETS = Path(__file__).parents[1] / "config" / "datasets"
SEED = 1
KNOWN_SCALE = (
    "log risk ratio",
    "log odds ratio",
    "log rate ratio",
    "log hazard ratio",
    "log ratio of means",
    "standardized mean difference",
)
MODELS = ("partial", "marginal", "centered", "noncentered")
REFERENCE = MODELS[2:]


def log_risk_ratios(counts: pd.DataFrame) -> pd.DataFrame:
    """Estimates and standard errors of trials with two arms; those without any event left out."""
    counts = counts[counts["events_treated"] + counts["events_control"] > 0]
    columns = ["events_treated", "n_treated", "events_control", "n_control"]
    a, n, c, m = counts[columns].to_numpy(float).T
    zero = (a == 0) | (a == n) | (c == 0) | (c == m)
    a, n, c, m = a + zero / 2, n + zero, c + zero / 2, m + zero
    return counts[["meta_analysis"]].assign(
        study=counts["trial"],
        estimate=np.log(a / n) - np.log(c / m),
        std_error=np.sqrt(1 / a - 1 / n + 1 / c - 1 / m),
        measure="log risk ratio",
    )


def prior_of(measure: str, groups: Estimates) -> HyperPrior:
    if measure in KNOWN_SCALE:
        return HyperPrior(Normal(0, 1), HalfNormal(0.5))
    return prior_to_offer(groups.estimate, groups.std_error)


@cache
def compiled(model: str, count: int, prior: HyperPrior) -> Refits:
    """A model of so many groups, whichever."""
    groups = Estimates(tuple(map(str, range(count))), np.zeros(count), np.ones(count))
    return compile_model(model, groups, prior, SETTINGS, NORMAL, cores=2)


def fits_of(groups: Estimates, prior: HyperPrior, models: Sequence[str]) -> pd.DataFrame:
    """One row a model: accurate, ess_per_1000_gradients, divergences, and the other columns."""
    exact = solve(groups, prior)
    rows = []
    for model in models:
        fit = compiled(model, len(groups), prior).fit(groups, SEED, TARGET_ACCEPT)
        rows.append(graded([fit], groups, exact).assign(model=model))
    return pd.concat(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", nargs="+", default=[""], help="beginnings of names")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    options = parser.parse_args()
    counts = pd.read_csv(DATASETS / "published_two_by_two.csv")
    estimates = pd.read_csv(DATASETS / "published_estimates.csv")
    usable = log_risk_ratios(counts)
    print(
        f"{counts['meta_analysis'].nunique() + estimates['meta_analysis'].nunique()} tables; "
        f"{len(counts) - len(usable)} of {len(counts)} trials have no event in either arm\n"
    )
    print(
        f"{'':38}{'':6}{'tau /':>7}{'':12}{'ESS per 1,000 gradients':^36}\n"
        f"{'meta-analysis':38}{'groups':>6}{'error':>7}  {'accurate':10}"
        + "".join(f"{name[:8]:>9}" for name in options.models)
        + "  divergences"
    )
    rows = []
    start = time.perf_counter()
    for name, table in pd.concat([usable, estimates]).groupby("meta_analysis", sort=False):
        if not str(name).startswith(tuple(options.tables)):
            continue
        groups = Estimates(
            tuple(table["study"]), table["estimate"].to_numpy(), table["std_error"].to_numpy()
        )
        prior = prior_of(table["measure"].iloc[0], groups)
        fits = fits_of(groups, prior, options.models).set_index("model").assign(table=name)
        rows.append(fits)
        tau = float(solve(groups, prior).quantile("tau", 0.5)) / np.median(groups.std_error)
        right = "".join(m[0] if ok else "-" for m, ok in fits["accurate"].items())
        print(
            f"{name:38}{len(groups):6}{tau:7.2f}  {right:10}"
            + "".join(f"{value:9.3g}" for value in fits["ess_per_1000_gradients"])
            + "  "
            + ", ".join(f"{value:.0f}" for value in fits["divergences"]),
            flush=True,
        )
    summarize(pd.concat(rows).reset_index(), options.models)
    print(f"{time.perf_counter() - start:.0f} s")


def summarize(fits: pd.DataFrame, models: Sequence[str]) -> None:
    right = fits.pivot(index="table", columns="model", values="accurate")
    log_ess = np.log(fits.pivot(index="table", columns="model", values="ess_per_1000_gradients"))
    print(f"\naccurate, of {len(right)} tables")
    for model in models:
        wrong = ", ".join(right.index[~right[model]]) if right[model].mean() > 0.7 else "many"
        print(f"  {model:12}{right[model].sum():4}   not: {wrong or 'none'}")
    if not {*REFERENCE} <= {*models}:
        return
    best = log_ess[list(REFERENCE)].where(right[list(REFERENCE)]).max(axis=1).dropna()
    print(
        "\nESS a gradient against the better of centered and noncentered that is accurate "
        f"({len(best)} tables have one)"
    )
    for model in models:
        kept = right.loc[best.index, model]
        change = (log_ess.loc[best.index, model] - best)[kept]
        print(
            f"  {model:12}geometric mean {np.exp(change.mean()):.2f}, median "
            f"{np.exp(change.median()):.2f}, least "
            f"{np.exp(change.min()):.2f}, most {np.exp(change.max()):.2f}, below 1 in "
            f"{(change < 0).sum()} of the {len(change)} where it is accurate"
        )


if __name__ == "__main__":
    main()
