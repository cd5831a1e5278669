"""A results folder in which no two numbers are alike, so that none can be taken for another.

Nothing is solved, sampled or graded: tables hold what `Study` says, and a report of them is right
if it says the same, of the right model, seed, variable and column, in the right units.
"""

import copy
import itertools
import json
import math
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from partial_pooling.figures.registry import embedded
from partial_pooling.grading.likelihoods import COLUMNS
from partial_pooling.report.captions import CALIBRATION
from partial_pooling.report.results import Results

NAMES = ("Ash", "Birch", "Cedar", "Elm", "Fir")
ESTIMATE = np.array([28.41, 7.26, -23.17, 12.63, 1.38])
STD_ERROR = np.array([14.87, 10.42, 16.03, 9.18, 0.873])  # median 10.42: one decimal
MODELS = ("centered", "noncentered", "marginal")
ACCEPTS = (0.9, 0.8, 0.95)  # shown first, lowest, highest
SEEDS = (11, 3, 7)
DRAWS = (400, 2000)
CHAINS = 3
VARIABLES = ("mu", "tau", "log_tau", *(f"theta[{name}]" for name in NAMES))
THETAS = tuple(f"theta[{name}]" for name in NAMES)
QUANTILES = ("q2.5", "q5", "q25", "q50", "q75", "q95", "q97.5")
EXACT = pd.DataFrame(
    [
        ["mu", 4.417, 4.113, -3.712, -2.365, 1.654, 4.382, 7.151, 11.223, 12.584],
        ["tau", 3.871, 3.186, 0.1372, 0.2784, 1.437, 3.042, 5.376, 9.968, 12.07],
        ["log_tau", 0.8194, 1.127, -1.986, -1.279, 0.3626, 1.1125, 1.682, 2.2994, 2.4907],
        ["theta[Ash]", 6.342, 12.3456, -2.217, -0.934, 3.112, 5.813, 9.027, 15.264, 17.93],
        ["theta[Birch]", 4.938, 4.56789, -4.431, -2.587, 2.021, 4.846, 7.713, 12.742, 14.375],
        ["theta[Cedar]", 3.547, 0.345678, -7.849, -5.146, 0.7236, 3.775, 6.612, 11.384, 13.158],
        ["theta[Elm]", 5.263, 8.7654, -4.916, -3.034, 1.883, 4.694, 7.496, 12.315, 13.807],
        ["theta[Fir]", 2.876, 6.54321, -6.178, -4.352, 0.5142, 3.213, 5.931, 10.173, 11.691],
        ["theta_new", 4.456, 7.234, -8.347, -5.571, 1.296, 4.405, 7.604, 14.582, 18.246],
    ],
    columns=["variable", "mean", "sd", *QUANTILES],
).set_index("variable")
CLASSICAL = pd.DataFrame(
    [
        ["no_pooling", np.inf, np.nan, np.nan, np.nan, np.nan],
        ["complete_pooling", 0.0, 7.643, 4.081, -2.914, 18.237],
        ["dersimonian_laird", 1.234, 7.752, 4.164, -3.371, 18.853],
        ["paule_mandel", 0.5172, 7.688, 4.107, -3.048, 18.462],
        ["ml", 2.718, 7.834, 4.296, -4.185, 19.814],
        ["reml", 4.321, 7.961, 4.518, -5.426, 21.345],
    ],
    columns=["method", "tau", "mu", "mu_std_error", "prediction_lower", "prediction_upper"],
).set_index("method")
# of REML, in the order of NAMES
PLUGGED = pd.DataFrame(
    {"theta": [9.151, 7.872, 6.033, 8.414, 1.715], "theta_sd": [5.172, 4.633, 5.447, 4.288, 0.8512]}
)
ANSWER = {
    "quote": True,
    "conflicts": [],
    "agreement": {
        "location": {"p_value": 0.2137, "p_corrected": 0.4274, "too_large": True, "undefined": ""},
        "spread": {"p_value": 0.6481, "p_corrected": 0.6481, "too_large": False, "undefined": ""},
        "prior_mean": 1.5,
        "prior_reach": 52.92,
        "data_mean": 7.913,
        "prior_tau": [0.2554, 165.4],
        "data_tau": [0.1873, 14.26],
    },
}
HETEROGENEITY = {
    "q": 6.7345,
    "degrees_of_freedom": 4,
    "p_value": 0.15073,
    "i_squared": 0.40605,
    "h_squared": 1.6836,
}
# probabilities to be above ABOVE, of mu, each theta and theta_new
ABOVE = 2.5
PROBABILITY = (0.6789, 0.9876, 0.6543, 0.0123, 0.8765, 0.9812, 0.5678)
RANKS = pd.DataFrame(
    [
        ["Ash", 1.987, 0.4321, 0.0432],
        ["Birch", 2.765, 0.2109, 0.1098],
        ["Cedar", 4.321, 0.0321, 0.5432],
        ["Elm", 2.654, 0.2098, 0.0987],
        ["Fir", 3.273, 0.1151, 0.2051],
    ],
    columns=["group", "expected_rank", "first", "last"],
)
INTERVALS = pd.DataFrame(
    [
        ["mu", "Wald", "reml", "normal", np.nan, 7.961, -0.894, 16.816],
        ["mu", "Knapp-Hartung", "reml", "t", 4, 7.961, -2.437, 18.359],
        ["theta_new", "Higgins-Thompson-Spiegelhalter", "reml", "t", 3, 7.961, -5.426, 21.345],
        ["tau", "Q-profile", "", "chi-square", 4, 4.321, 0.4567, 32.987],
        ["i_squared", "Q-profile", "", "chi-square", 4, 0.3789, 0.0234, 0.9876],
    ],
    columns=["of", "method", "tau_by", "distribution", "degrees_of_freedom", "estimate", "lower",
             "upper"],
)  # fmt: skip
FIT = {
    "undefined": {},
    "log_evidence_ratio": {"half": -0.25, "own": 0.4321, "double": 0.9876},
    "replicates": 0,
    "p_values": {"spread": 0.4123, "largest": 0.0123, "smallest": 0.5432},
}
THRESHOLDS = {
    "error_mean": 0.11,
    "error_sd": 0.17,
    "error_quantile": 0.043,
    "honest_level": 0.0023,
    "tolerance_mean": 0.021,
    "tolerance_share": 0.012,
    "r_hat": 1.013,
    "ess_bulk": 412,
    "ess_tail": 387,
    "divergence_rate": 0.0146,
    "ebfmi": 0.31,
    "max_treedepth_rate": 0.052,
    "prior_conflict": 0.016,
}
CHECKS = ("r_hat", "ess_bulk", "ess_tail", "divergence_rate", "ebfmi", "max_treedepth_rate")
ALARMS = ("caught", "missed", "few_alarm", "few_quiet", "false_alarm", "quiet")


def fits_and_estimates(seed=41):
    """Rows of fits.csv and estimates.csv, every number drawn, in a shuffled order of settings."""
    random = np.random.default_rng(seed)
    fits, estimates = [], []
    verdicts = itertools.cycle(["right", "too few draws", "wrong", "right"])
    alarms = itertools.cycle(["", "r_hat ess_bulk", "divergence_rate", "ebfmi max_treedepth_rate"])
    cells = itertools.product(MODELS, ACCEPTS, SEEDS, DRAWS)
    for number, (model, accept, at_seed, draws) in enumerate(cells):
        cell = {"model": model, "target_accept": accept, "seed": at_seed, "draws": draws}
        divergences = 0 if number % 7 == 1 else int(random.integers(2, 600))
        hits = int(random.integers(2, 600))
        gradients = int(random.integers(10_000, 900_000))
        bulk = random.uniform(100, 4000)
        necks = {f"neck_{p}": p / 100 * random.uniform(0.3, 1.7) for p in (1, 5, 25)}
        fits.append(
            cell
            | {
                "divergences": divergences,
                "divergence_rate": divergences / (CHAINS * draws),
                "ebfmi_min": random.uniform(0.2, 1.2),
                "max_treedepth_hits": hits,
                "max_treedepth_rate": hits / (CHAINS * draws),
                "step_size": random.uniform(0.05, 0.9),
                "gradients": gradients,
                "verdict": next(verdicts),
                "accurate": bool(random.integers(2)),
                "honest": bool(random.integers(2)),
                "alarms": next(alarms),
                "acceptance_rate": random.uniform(0.7, 0.99),
                "r_hat_max": random.uniform(1, 1.4),
                "ess_bulk_min": bulk,
                "ess_tail_min": random.uniform(100, 4000),
                **necks,
                **{f"ess_neck_{p}": random.uniform(80, 2000) for p in (1, 5, 25)},
                "kolmogorov": random.uniform(0.01, 0.4),
                "ess_per_1000_gradients": 1000 * bulk / gradients,
                "error_mean_max": random.uniform(0.01, 0.9),
                "error_sd_max": random.uniform(0.01, 0.9),
                "error_quantile_max": random.uniform(0.003, 0.2),
                "z_max": random.uniform(1, 9),
                "p_honest_min": 10 ** random.uniform(-4.9, 0),
                "draws_needed": random.integers(300, 90_000),
            }
        )
        for variable in VARIABLES:
            exact = EXACT.loc[variable]
            mcse = exact["sd"] * random.uniform(0.01, 0.06)
            bias = mcse * random.normal(0, 2)
            sd = exact["sd"] * random.uniform(0.7, 1.3)
            quantiles = {
                f"q{q}": exact[f"q{q}"] + exact["sd"] * random.normal(0, 0.1) for q in (5, 50, 95)
            }
            estimates.append(
                cell
                | {
                    "variable": variable,
                    "mean": exact["mean"] + bias,
                    "sd": sd,
                    "mcse_mean": mcse,
                    "ess_bulk": random.uniform(100, 4000),
                    "ess_tail": random.uniform(100, 4000),
                    "r_hat": random.uniform(1, 1.4),
                    "exact_mean": exact["mean"],
                    "bias": bias,
                    "z": bias / mcse,
                    "error_mean": abs(bias) / exact["sd"],
                    "error_sd": abs(sd / exact["sd"] - 1),
                    "error_quantile": random.uniform(0.003, 0.2),
                    "mcse_sd": exact["sd"] * random.uniform(0.01, 0.06),
                    **quantiles,
                    **{f"mcse_q{q}": exact["sd"] * random.uniform(0.02, 0.09) for q in (5, 50, 95)},
                    "exact_sd": exact["sd"],
                }
            )
    return pd.DataFrame(fits), pd.DataFrame(estimates)


def over_seeds(estimates):
    """Rows of accuracy.csv, by numpy."""
    keys = ["model", "target_accept", "draws", "variable"]

    def root_mean_square(x):
        return np.sqrt(np.mean(np.square(x)))

    groups = estimates.groupby(keys, sort=False)
    return groups.agg(
        rmse=("bias", root_mean_square), mcse_mean=("mcse_mean", root_mean_square)
    ).reset_index()


def sampling(seed=43):
    """Part of verdict.json on sampling, every number drawn."""
    random = np.random.default_rng(seed)

    def interval(low, high):
        ends = sorted(random.uniform(low, high, 3).tolist())
        return {"value": ends[1], "low": ends[0], "high": ends[2]}

    settings = [
        {
            "model": model,
            "target_accept": accept,
            "trusted": number == 4,
            "fits": len(SEEDS) + number,
            "right": len(SEEDS) + number if number == 4 else number % 3,
            "right_interval": sorted(random.uniform(0.05, 0.99, 2).tolist()),
            "too_few_draws": 20 + number,
            "wrong": 40 + number,
            "reasons": [
                {"check": check, "fits": 60 + number}
                for check in ("error_mean", "error_sd", "error_quantile", "honest")[number % 4 :]
            ],
            "alarms": {
                key: 0 if k == number % 6 else 1 + k + number for k, key in enumerate(CHECKS)
            },
            "fits_with_alarm": 80 + number,
            "draws_needed": float(random.integers(1000, 99_000)),
            "ess_per_1000_gradients": interval(3, 300),
        }
        for number, (model, accept) in enumerate(itertools.product(MODELS, ACCEPTS))
    ]
    models = {
        model: {
            "fits": 9 + k,
            "verdicts": {"right": 2 + k, "too few draws": 3, "wrong": 4},
            "alarms": dict(zip(ALARMS, range(10 * k + 1, 10 * k + 7), strict=True)),
            "divergences": {
                "target_accept": 0.8,
                "total": 1234 + k,
                "by_quarter": [0.52, 0.21, 0.16, 0.11],
                "p_value": 0.0034,
                "rate_by_target_accept": {"0.8": 0.0312, "0.9": 0.0147, "0.95": 0.0068},
                "rate_change": {"value": -0.0244, "low": -0.0371, "high": -0.0117},
            },
            "log_tau_error": {"value": 0.183, "low": 0.087, "high": 0.279},
        }
        for k, model in enumerate(MODELS)
    }
    return {
        "draws": max(DRAWS),
        "thresholds": THRESHOLDS,
        "rests_on": {
            "checks": ["error_mean", "error_sd", "error_quantile", "honest"],
            "undefined": {},
        },
        "settings": settings,
        "alarms": dict(zip(ALARMS, (17, 6, 9, 4, 8, 5), strict=True)),
        "models": models,
        "recommendation": {
            "status": "trust",
            "model": "noncentered",
            "target_accept": 0.95,
            "fits": 7,
            "right": 7,
            "right_interval": [0.5904, 1.0],
            "draws_needed": 1460.0,
            "ess_per_1000_gradients": {"value": 123.4, "low": 98.76, "high": 148.1},
            "next": [
                {
                    "model": "marginal",
                    "target_accept": 0.9,
                    "ess_per_1000_gradients": {"value": 87.64, "low": 71.23, "high": 104.2},
                },
                {
                    "model": "centered",
                    "target_accept": 0.8,
                    "ess_per_1000_gradients": {"value": 5.432, "low": 4.321, "high": 6.543},
                },
            ],
            "cheaper_than_next": True,
        },
    }


def calibration():
    """Part of calibration/summary.json that the report shows."""
    rows = [
        {
            "source": source,
            "variable": variable,
            "simulations": 700 + 10 * k + j,
            "mean_position": 0.4321 + 0.01 * k + 0.0013 * j,
            "p_value": 0.0123 * (1 + k) + 0.0007 * j,
            "p_corrected": 0.0456 * (1 + k) + 0.0009 * j,
            "uniform": bool(k),
        }
        for k, source in enumerate(("centered", "exact"))
        for j, variable in enumerate(("mu", "log_tau"))
    ]
    pairs = [
        {
            "source": "centered",
            "variable": variable,
            "simulations": 801 + j,
            "shift": 0.0312 + 0.0017 * j,
            "shift_se": 0.0043 + 0.0011 * j,
            "spread": 0.0234 + 0.0013 * j,
            "spread_se": 0.0057 + 0.0019 * j,
            "p_value": 0.0213 + 0.0037 * j,
            "p_corrected": 0.0617 + 0.0059 * j,
            "right": bool(j),
        }
        for j, variable in enumerate(("mu", "log_tau"))
    ]
    said = ["First < second.", "Last sentence."]
    return {"sentences": said, "uniformity": rows, "paired": pairs}


def decision_tables(seed=47):
    """Further tables of what a decision needs, every number drawn."""
    random = np.random.default_rng(seed)
    quantiles = [f"{v}_q{q}" for v in ("mu", "tau", "new") for q in ("2.5", "50", "97.5")]
    influence = pd.DataFrame({"group": NAMES})
    for column in [*quantiles[:6], "log_predictive"]:
        influence[column] = random.uniform(1, 9, len(NAMES))
    for column in ("mu_above", "new_above", "pit", "p_value", "p_corrected"):
        influence[column] = random.uniform(0.1, 0.9, len(NAMES))
    influence["reason"] = ["", "", "", "", "improper without it"]
    parts = itertools.product(
        ("prior of mu", "prior of tau", "likelihood"),
        ("mu", "tau", "log_tau", "theta_new", "mu > c", "theta_new > c"),
    )
    sensitivity = pd.DataFrame(list(parts), columns=["part", "variable"])
    for column in ("distance", "mean_half", "mean_double", "sd_half", "sd_double"):
        sensitivity[column] = random.uniform(-0.9, 0.9, len(sensitivity))
    sensitivity["diagnosis"], sensitivity["reason"] = "", ""
    sensitivity.loc[2, "diagnosis"] = "prior and data conflict"
    loo = pd.DataFrame(
        {
            "group": NAMES[::-1],  # in another order than the data's
            "model": "marginal", "target_accept": 0.93, "seed": 7, "draws": 3456,
            "k_limit": 0.654, "exact": [-1.25, -2.5, -3.75, -4.125, math.nan],
            "conditional": [-1.5, -2.0, -3.7, -4.1, -9.0],
            "conditional_k": [0.7, 0.5, 0.8, 0.3, 0.9],
            "integrated": [-1.26, -2.48, -3.78, -4.13, -9.0],
            "integrated_k": [0.7, 0.5, 0.6, 0.3, 0.9],
            "conditional_mcse": [math.nan, 0.0123, math.nan, 0.0345, math.nan],
            "integrated_mcse": [math.nan, 0.0012, 0.0023, 0.0034, math.nan],
        }
    )  # fmt: skip
    priors = pd.DataFrame(
        {
            "name": ["this study", "first", "second"],
            "source": ["", "Smith 1999", "Jones 2001"],
            "prior_mu": ["Normal(mu=1.5, sigma=27)", "Flat", "Flat"],
            "prior_tau": ["HalfCauchy(beta=6.5)", "DuMouchel(s=3)", "HalfFlat"],
        }
    )
    for column in quantiles:
        priors[column] = random.uniform(1, 9, 3)
    priors["mu_above"], priors["reason"] = [0.6789, 0.9812, 0.7345], ""
    atlas = pd.DataFrame(
        {"mu_above": [0.1234, 0.9765, 0.5, 0.6], "tau_factor": [1, 2, 1, 2],
         "mu_prior_sd": [3, 3, 5, 5]}
    )  # fmt: skip
    return {
        "influence": influence,
        "loo": loo,
        "sensitivity": sensitivity,
        "priors": priors,
        "atlas": atlas,
    }


def write_distinct_results(folder):
    """Write the results folder."""
    folder = Path(folder)
    fits, estimates = fits_and_estimates()
    data = {"group": NAMES, "estimate": ESTIMATE, "std_error": STD_ERROR}
    other = PLUGGED.assign(theta=PLUGGED["theta"] + 1.5, theta_sd=PLUGGED["theta_sd"] + 0.25)
    classical_theta = pd.concat(
        # groups in another order than the data's
        [table.assign(method=method, group=NAMES)[::-1] for method, table in
         (("ml", other), ("reml", PLUGGED), ("paule_mandel", other + 1))]
    )  # fmt: skip
    tables = {
        "data": pd.DataFrame(data),
        "given": pd.DataFrame(data),
        "likelihoods": pd.DataFrame(columns=COLUMNS),
        "exact": EXACT.reset_index(),
        "fits": fits,
        "estimates": estimates,
        "accuracy": over_seeds(estimates),
        "classical": CLASSICAL.reset_index(),
        "classical_theta": classical_theta,
        "decisions": pd.DataFrame(
            {
                "variable": ["mu", *THETAS, "theta_new"],
                "above": ABOVE,
                "probability": PROBABILITY,
            }
        ),
        "ranks": RANKS,
        "intervals": INTERVALS,
        **decision_tables(),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    prior = {
        "mu": {"dist": "Normal", "mu": 1.5, "sigma": 27},
        "tau": {"dist": "HalfCauchy", "beta": 6.5},
    }
    settings = {
        "datasets": {"five_trees": {"form": "estimates", "path": "trees.csv", "prior": prior}},
        "models": list(MODELS),
        "sampling": {
            "chains": CHAINS,
            "draws": list(DRAWS),
            "seeds": list(SEEDS),
            "target_accept": list(ACCEPTS),
        },
        "thresholds": THRESHOLDS,
    }
    provenance = {
        "data_sha256": "0123" * 16,
        "settings": json.dumps(settings),
        "versions": json.dumps({"python": "3.13.9", "pymc": "6.1.2"}),
        "git_commit": "abc",
        "git_dirty": "false",
    }
    summary = calibration() | {
        "provenance": {
            "data_sha256": provenance["data_sha256"],
            "settings": json.dumps({"prior": prior}),
        }
    }
    for name, content in (
        ("heterogeneity", HETEROGENEITY),
        ("provenance", provenance),
        ("agreement", {}),
        ("fit", FIT),
        ("verdict", {"answer": ANSWER, "sampling": sampling()}),
        ("calibration/summary", summary),
    ):
        path = folder / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    for name in embedded():
        (folder / "figures").mkdir(exist_ok=True)
        (folder / f"figures/{name}.svg").write_text(f"<svg>{name}</svg>", encoding="utf-8")
    for name in CALIBRATION:
        (folder / f"calibration/{name}.svg").write_text(f"<svg>{name}</svg>", encoding="utf-8")
    return folder


def opened(report, **recommendation):
    """Open a report's folder anew, with parts of the recommendation changed."""
    again = Results(report.folder)
    again.__dict__["verdict"] = copy.deepcopy(report.verdict)
    again.best.update(recommendation)
    return again


# -- numbers as they should read, by decimal arithmetic --------------------------------------------


def fix(value, decimals):
    """Write with so many decimals."""
    exact = Decimal(float(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    return f"{exact:,f}".replace("-", "−")


def sig(value, digits):
    """Write with so many significant digits."""
    exact = Decimal(float(value))
    if not exact:
        return "0"
    unit = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    rounded = exact.quantize(unit, ROUND_HALF_EVEN)
    if rounded.adjusted() > exact.adjusted():  # 0.996 to two digits is 1.0
        rounded = exact.quantize(unit.scaleb(1), ROUND_HALF_EVEN)
    if rounded.as_tuple().exponent > 0:
        rounded = rounded.quantize(Decimal(1))
    return f"{rounded:,f}".replace("-", "−")


def even(values, digits):
    """How to write a column whose lower median has so many digits, or five decimals."""
    sizes = sorted(abs(Decimal(float(value))) for value in values if value)
    unit = Decimal(1).scaleb(max(sizes[(len(sizes) - 1) // 2].adjusted() - digits + 1, -5))
    if not sizes[0].quantize(unit) and sizes[0].quantize(unit / 10):
        unit /= 10
    decimals = max(0, -unit.as_tuple().exponent)

    def write(value):
        rounded = Decimal(float(value)).quantize(unit, ROUND_HALF_EVEN)
        return f"< {fix(unit, decimals)}" if value > 0 and not rounded else fix(rounded, decimals)

    return write


def even_pct(shares):
    """How to write a column of shares in percent, the lower median with two digits or whole."""
    parts = sorted(100 * Decimal(float(share)) for share in shares if share)
    decimals = max(0, 1 - parts[(len(parts) - 1) // 2].adjusted())
    least = min(min(part, 100 - part) for part in parts if part < 100)
    lost = not least.quantize(Decimal(1).scaleb(-decimals))
    decimals += bool(lost and least.quantize(Decimal(1).scaleb(-decimals - 1)))

    def write(share):
        unit, text = Decimal(1).scaleb(-decimals), fix(100 * float(share), decimals)
        if share and text == fix(0, decimals):
            return f"< {unit} %"
        return f"> {100 - unit} %" if share < 1 and text == fix(100, decimals) else f"{text} %"

    return write


def pct(share):
    """Write in percent with two digits, or whole from ten on, without needless zeros."""
    exact = 100 * Decimal(float(share))
    if not exact:
        return "0 %"
    text = fix(exact, 0) if exact >= 10 else sig(exact, 2)
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"
