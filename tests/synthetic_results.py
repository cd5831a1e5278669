"""A results folder made without sampling: exact tables by the library, fits made up."""

import functools
import itertools
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from partial_pooling.classical.estimates import classical_table, heterogeneity, theta_table
from partial_pooling.classical.intervals import interval_table
from partial_pooling.data.groups import Estimates
from partial_pooling.data.reading import write_groups
from partial_pooling.decision.fit import fit_of
from partial_pooling.decision.tables import decision_tables
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.tables import exact_table
from partial_pooling.exact.weights import weights
from partial_pooling.families.normal import NORMAL
from partial_pooling.figures.registry import embedded
from partial_pooling.files import write_json
from partial_pooling.grading.agreement import prior_data_agreement
from partial_pooling.grading.diagnostics import grade
from partial_pooling.grading.judgement import judge_estimates, judge_fits
from partial_pooling.grading.likelihoods import compare_likelihoods
from partial_pooling.grading.parametrization import parametrization
from partial_pooling.grading.verdict import accuracy, answer, verdict
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.report.lecture import PRIOR
from partial_pooling.study.settings import Thresholds
from partial_pooling.tables import write_table

HOSTILE = (
    "<script>alert(1)</script>",
    'A & B "quoted"',
    "$x$",
    "NA",
    "<img src=x onerror=alert(1)>",
    "Regional centre for names that are long, tedious and go on and on, ward 17",
)
LECTURE = PRIOR.as_dict()
THRESHOLDS = Thresholds().model_dump()


@dataclass(frozen=True)
class Sampler:
    """How a made-up sampler fares.

    Attributes
    ----------
    bias
        Error of every mean, in exact standard deviations.
    divergences
        By target_accept, the last for all further.
    quarters
        Shares of them by quarter of log tau.
    neck
        Share sampled of what the exact posterior has there.
    ess
        At the largest number of draws.
    r_hat
        Of every variable.
    """

    bias: float = 0.0
    divergences: tuple[int, ...] = (0,)
    quarters: tuple[float, ...] = (0.25, 0.25, 0.25, 0.25)
    neck: float = 1.0
    ess: float = 4000.0
    r_hat: float = 1.001


GOOD = Sampler()
FALSE_ALARMS = Sampler(divergences=(120, 0))
BAD = Sampler(
    bias=0.7, divergences=(300, 40), quarters=(0.8, 0.2, 0, 0), neck=0.0, ess=150, r_hat=1.06
)
SHORT = Sampler(ess=300)  # right, but with too few draws to be accurate
MISSED = Sampler(bias=0.3)  # wrong, and nothing raises an alarm


FORMS = ("conditional", "integrated")  # of leave-one-out from draws


def hostile_groups(names=HOSTILE):
    random = np.random.default_rng(5)
    return Estimates(
        tuple(names), random.normal(8, 9, len(names)), random.uniform(8, 18, len(names))
    )


@functools.cache
def solved(names, estimate, std_error, prior):
    """Solve a study once, however many results folders are made of it."""
    groups = Estimates(names, np.array(estimate), np.array(std_error))
    posterior = solve(groups, parse_hyperprior(json.loads(prior)))
    return posterior, exact_table(posterior)


@functools.cache
def decided(*study):
    """Tables of what a decision needs."""
    posterior = solved(*study)[0]
    return decision_tables(posterior, 0.0, None)


def write_results(
    folder,
    groups,
    samplers=None,
    prior=LECTURE,
    accepts=(0.8, 0.95),
    seeds=(1, 2, 3),
    draws=(500, 1000),
    name="made_up",
):
    """Write what rules before render_report write."""
    samplers = samplers or {"centered": BAD, "noncentered": FALSE_ALARMS}
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_groups(groups, folder / "data.csv")
    write_groups(groups, folder / "given.csv")
    key = groups.names, tuple(groups.estimate), tuple(groups.std_error), json.dumps(prior)
    posterior, exact = solved(*key)
    exact.to_csv(folder / "exact.csv", index=False)
    likelihoods = compare_likelihoods(posterior, groups, None, pooled_sd=False)
    likelihoods.to_csv(folder / "likelihoods.csv", index=False)
    for table, frame in decided(*key).items():
        frame.to_csv(folder / f"{table}.csv", index=False)
    log_predictive = decided(*key)["influence"]["log_predictive"]
    by_psis = {f"{form}{end}": log_predictive * 0.99 for form in FORMS for end in ("", "_mcse")}
    settings_of_loo = {
        "model": next(iter(samplers)),
        "target_accept": 0.8,
        "seed": 1,
        "draws": 4000,
    }
    pd.DataFrame(
        {"group": groups.names, **settings_of_loo, "k_limit": 0.7, "exact": log_predictive}
        | by_psis
        | {f"{form}_k": 0.5 for form in FORMS}
    ).to_csv(folder / "loo.csv", index=False)
    classical_table(groups).to_csv(folder / "classical.csv", index=False)
    theta_table(groups).to_csv(folder / "classical_theta.csv", index=False)
    write_json(asdict(heterogeneity(groups)), folder / "heterogeneity.json")
    write_json(fit_of(posterior), folder / "fit.json")
    interval_table(groups).to_csv(folder / "intervals.csv", index=False)
    fits, estimates = _made_up(posterior, exact, samplers, accepts, seeds, draws)
    estimates = judge_estimates(estimates, THRESHOLDS)
    fits = judge_fits(fits, estimates, THRESHOLDS)
    summary = accuracy(estimates)
    for table, file in ((fits, "fits"), (estimates, "estimates"), (summary, "accuracy")):
        write_table(table, folder / f"{file}.csv")
    agreement = prior_data_agreement(groups, parse_hyperprior(prior)).as_dict()
    write_json(agreement, folder / "agreement.json")
    table = pd.DataFrame({"group": groups.names, "weight": weights(posterior)})
    told = {
        "answer": answer(agreement, THRESHOLDS),
        "sampling": verdict(fits, estimates, THRESHOLDS),
        "parametrization": parametrization(table, NORMAL, []),
    }
    write_json(told, folder / "verdict.json")
    settings = {
        "datasets": {name: {"form": "estimates", "path": "groups.csv", "prior": dict(prior)}},
        "models": list(samplers),
        "sampling": {
            "chains": 4,
            "draws": list(draws),
            "seeds": list(seeds),
            "target_accept": list(accepts),
        },
        "thresholds": THRESHOLDS,
    }
    write_json(
        {
            "data_sha256": "0" * 64,
            "settings": json.dumps(settings),
            "versions": json.dumps({"python": "3.13", "pymc": "6"}),
            "git_commit": "abc",
            "git_dirty": "false",
        },
        folder / "provenance.json",
    )
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    for figure in embedded():
        (figures / f"{figure}.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 400">'
            f'<rect width="700" height="400" fill="#eee"/><text x="9" y="40">{figure}</text></svg>'
        )
    return folder


def _made_up(posterior, exact, samplers, accepts, seeds, draws):
    random = np.random.default_rng(2)
    variables = [variable for variable in posterior.variables if variable != "theta_new"]
    exact = exact.set_index("variable")
    fits, estimates = [], []
    for (model, sampler), (k, accept), seed, count in itertools.product(
        samplers.items(), enumerate(accepts), seeds, draws
    ):
        cell = {"model": model, "target_accept": accept, "seed": seed, "draws": count}
        divergences = sampler.divergences[min(k, len(sampler.divergences) - 1)]
        ess = sampler.ess * count / max(draws)
        fits.append(
            cell
            | {
                "divergences": divergences,
                "divergence_rate": divergences / (4 * count),
                "ebfmi_min": 0.9,
                "max_treedepth_hits": 0,
                "max_treedepth_rate": 0.0,
                "step_size": 0.5 - 0.1 * k + 0.001 * seed,
                "gradients": (20 * count + seed) * (k + 1),
                "acceptance_rate": accept,
                "r_hat_max": sampler.r_hat,
                "ess_bulk_min": ess,
                "ess_tail_min": ess,
                "kolmogorov": 0.01,
                "divergence_design_effect": 1.0 if divergences else math.nan,
            }
            | {f"neck_{p}": sampler.neck * p / 100 for p in (1, 5, 25)}
            | {f"ess_neck_{p}": ess for p in (1, 5, 25)}
            | {
                f"divergent_q{q + 1}": round(share * divergences)
                for q, share in enumerate(sampler.quarters)
            }
        )
        for variable in variables:
            row = exact.loc[variable]
            sd = row["sd"] if math.isfinite(row["sd"]) else 1.0
            mcse = sd / math.sqrt(ess)
            centre = row["mean"] if math.isfinite(row["mean"]) else row["q50"]
            off = sampler.bias * sd + random.uniform(-1.5, 1.5) * mcse
            estimates.append(
                cell
                | {
                    "variable": variable,
                    "mean": centre + off,
                    "sd": sd,
                    "mcse_mean": mcse,
                    "ess_bulk": ess,
                    "ess_tail": ess,
                    "r_hat": sampler.r_hat,
                    "mcse_sd": mcse / math.sqrt(2),
                }
                # off by Monte Carlo error: a short fit misses its quantiles
                | {f"q{q}": row[f"q{q}"] + 2 * off for q in (5, 50, 95)}
                | {f"mcse_q{q}": mcse for q in (5, 50, 95)}
                | {f"ess_q{q}": ess for q in (5, 50, 95)}
                | {f"below_q{q}": q / 100 for q in (5, 50, 95)}
            )
    return pd.DataFrame(fits), grade(pd.DataFrame(estimates), posterior)
