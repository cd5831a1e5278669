"""A results folder made without sampling: exact tables by the library, fits made up."""

import itertools
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from partial_pooling.captions import FIGURES
from partial_pooling.classical import classical_table, heterogeneity, theta_table
from partial_pooling.configuration import load_schema, with_defaults
from partial_pooling.data import Groups, write_groups
from partial_pooling.exact import exact_dataset, exact_table, solve
from partial_pooling.files import write_json
from partial_pooling.lecture import PRIOR
from partial_pooling.priors import parse_hyperprior
from partial_pooling.verdict import accuracy, judge_fits, verdict

HOSTILE = (
    "<script>alert(1)</script>",
    'A & B "quoted"',
    "$x$",
    "NA",
    "<img src=x onerror=alert(1)>",
    "Regional centre for names that are long, tedious and go on and on, ward 17",
)
LECTURE = PRIOR.as_dict()
THRESHOLDS = with_defaults({}, load_schema()["properties"]["thresholds"])


@dataclass(frozen=True)
class Sampler:
    """How a made-up sampler fares: bias in MCSE, divergences, where they are, the neck."""

    bias: float = 0.0
    divergences: tuple[int, ...] = (0,)  # by target_accept, the last for all further
    rank: float = 0.5
    neck: float = 1.0  # share sampled of what the exact posterior has there
    ess: float = 4000.0
    r_hat: float = 1.001


GOOD = Sampler()
FALSE_ALARMS = Sampler(divergences=(12, 0))
BAD = Sampler(bias=9, divergences=(300, 40), rank=0.06, neck=0.0, ess=150, r_hat=1.06)


def hostile_groups(names=HOSTILE):
    random = np.random.default_rng(5)
    return Groups(tuple(names), random.normal(8, 9, len(names)), random.uniform(8, 18, len(names)))


def write_results(
    folder,
    groups,
    samplers=None,
    prior=LECTURE,
    accepts=(0.8, 0.95),
    seeds=(1, 2, 3),
    draws=(500, 1000),
    name="made_up",
    drop_probability_largest=False,
):
    """Write what rules before render_report write."""
    samplers = samplers or {"centered": BAD, "noncentered": FALSE_ALARMS}
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_groups(groups, folder / "data.csv")
    posterior = solve(groups, parse_hyperprior(prior))
    exact = exact_table(posterior)
    exact.to_csv(folder / "exact.csv", index=False)
    curves = exact_dataset(posterior)
    if drop_probability_largest:
        curves = curves.drop_vars("probability_largest", errors="ignore")
    curves.to_netcdf(folder / "exact.nc")
    classical_table(groups).to_csv(folder / "classical.csv", index=False)
    theta_table(groups).to_csv(folder / "classical_theta.csv", index=False)
    write_json(asdict(heterogeneity(groups)), folder / "heterogeneity.json")
    fits, estimates = _made_up(exact.set_index("variable"), samplers, accepts, seeds, draws)
    fits = judge_fits(fits, estimates, THRESHOLDS)
    summary = accuracy(estimates)
    for table, file in ((fits, "fits"), (estimates, "estimates"), (summary, "accuracy")):
        table.to_csv(folder / f"{file}.csv", index=False)
    write_json(verdict(fits, summary, THRESHOLDS), folder / "verdict.json")
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
    for figure in FIGURES:
        (figures / f"{figure}.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 400">'
            f'<rect width="700" height="400" fill="#eee"/><text x="9" y="40">{figure}</text></svg>'
        )
    return folder


def _made_up(exact, samplers, accepts, seeds, draws):
    random = np.random.default_rng(2)
    variables = [variable for variable in exact.index if variable != "theta_new"]
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
                "step_size": 0.5 - 0.1 * k,
                "gradients": 20 * count * (k + 1),
                "acceptance_rate": accept,
                "r_hat_max": sampler.r_hat,
                "ess_bulk_min": ess,
                "ess_tail_min": ess,
                "kolmogorov": 0.01,
                "divergence_rank": sampler.rank if divergences else math.nan,
            }
            | {
                f"{prefix}neck_{p}": value
                for p in (1, 5, 25)
                for prefix, value in (
                    ("", sampler.neck * p / 100),
                    ("mcse_", math.sqrt(p / 100 / ess) if sampler.neck else 0.0),
                )
            }
        )
        for variable in variables:
            row = exact.loc[variable]
            z = sampler.bias + random.uniform(-1.5, 1.5)
            mcse = (row["sd"] if math.isfinite(row["sd"]) else 1.0) / math.sqrt(ess)
            centre = row["mean"] if math.isfinite(row["mean"]) else row["q50"]
            estimates.append(
                cell
                | {
                    "variable": variable,
                    "mean": centre + z * mcse,
                    "sd": row["sd"],
                    "mcse_mean": mcse,
                    "ess_bulk": ess,
                    "ess_tail": ess,
                    "r_hat": sampler.r_hat,
                    "exact_mean": row["mean"],
                    "bias": centre + z * mcse - row["mean"],
                    "z": z if math.isfinite(row["mean"]) else math.nan,
                    "mcse_sd": mcse,
                    "exact_sd": row["sd"],
                    "coverage_90": 0.9,
                }
                | {f"q{q}": row[f"q{q}"] for q in (5, 50, 95)}
                | {f"mcse_q{q}": mcse for q in (5, 50, 95)}
            )
    return pd.DataFrame(fits), pd.DataFrame(estimates)
