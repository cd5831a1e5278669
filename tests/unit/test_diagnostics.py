"""Grades: right where the draws are right, and an alarm where they are not."""

import math

import arviz_stats
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from synthetic_results import THRESHOLDS

from partial_pooling.data import Groups
from partial_pooling.diagnostics import diagnose_fit, estimate, grade, neck, stack_variables
from partial_pooling.exact import solve
from partial_pooling.models import build_model
from partial_pooling.sampling import Settings, sample_fits
from partial_pooling.verdict import accuracy, judge_fits, verdict


@pytest.fixture(scope="module")
def exact(eight_schools, default_prior):
    return solve(eight_schools, default_prior)


def independent_draws(groups, exact, chains, draws, seed):
    """Draw from the exact posterior: tau by inverting its CDF, then mu and theta given tau."""
    rng = np.random.default_rng(seed)
    grid = np.linspace(*exact.quantile("log_tau", [1e-12, 1 - 1e-12]), 20_001)
    log_tau = np.interp(rng.random((chains, draws)), exact.cdf("log_tau", grid), grid)
    tau = np.exp(log_tau)
    variance = groups.std_error**2 + tau[..., None] ** 2
    precision = 1 / 25 + (1 / variance).sum(-1)
    mean = (groups.estimate / variance).sum(-1) / precision
    mu = rng.normal(mean, precision**-0.5)
    shrink = groups.std_error**2 / variance
    theta = rng.normal(
        shrink * mu[..., None] + (1 - shrink) * groups.estimate,
        np.sqrt(1 - shrink) * groups.std_error,
    )
    return xr.Dataset(
        {
            "mu": (("chain", "draw"), mu),
            "tau": (("chain", "draw"), tau),
            "log_tau": (("chain", "draw"), log_tau),
            "theta": (("chain", "draw", "group"), theta),
        },
        coords={"group": list(groups.names)},
    )


def as_tree(posterior, seed=1, target_accept=0.8, diverging=None):
    """Wrap draws as a fit whose sampler had no trouble."""
    shape = posterior["mu"].shape
    rng = np.random.default_rng(seed)
    both = ("chain", "draw")
    sample_stats = xr.Dataset(
        {
            "diverging": (both, np.zeros(shape, bool) if diverging is None else diverging),
            "energy": (both, rng.normal(size=shape)),
            "acceptance_rate": (both, np.full(shape, 0.8)),
            "n_steps": (both, np.full(shape, 7)),
            "reached_max_treedepth": (both, np.zeros(shape, bool)),
            "step_size": ("chain", np.full(shape[0], 0.5)),
            "n_steps_tune": ("chain", np.full(shape[0], 1000)),
        },
        coords={"seed": seed, "target_accept": target_accept},
    )
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": sample_stats})


def assert_arvizs(table, posterior):
    """Every column is what ArviZ gives for it."""
    draws = stack_variables(posterior).to_dataset(name="x")

    def of(function, method, **arguments):
        tree = xr.DataTree.from_dict({"posterior": draws})
        return function(tree, method=method, **arguments)["x"].to_numpy()

    quantiles = {"q5": 0.05, "q50": 0.5, "q95": 0.95}
    theirs = {
        "mean": draws["x"].mean(("chain", "draw")),
        "sd": draws["x"].std(("chain", "draw"), ddof=1),
        "mcse_mean": of(arviz_stats.mcse, "mean"),
        "mcse_sd": of(arviz_stats.mcse, "sd"),
        "ess_bulk": of(arviz_stats.ess, "bulk"),
        # at 5 % and 95 %, as Vehtari et al. have it
        "ess_tail": of(arviz_stats.ess, "tail", prob=(0.05, 0.95)),
        "r_hat": of(arviz_stats.rhat, "rank"),
        **{name: draws["x"].quantile(p, ("chain", "draw")) for name, p in quantiles.items()},
        **{f"mcse_{n}": of(arviz_stats.mcse, "quantile", prob=p) for n, p in quantiles.items()},
    }
    assert sorted(theirs) == sorted(table.columns[1:])
    for name, expected in theirs.items():
        np.testing.assert_allclose(table[name], expected, rtol=1e-12, err_msg=name)


def test_estimates_are_arvizs_own(eight_schools, exact):
    posterior = independent_draws(eight_schools, exact, 4, 301, seed=5)
    assert_arvizs(estimate(stack_variables(posterior)), posterior)
    # chains that stay where they are for a while have ties, and fewer effective draws
    stuck = posterior.isel(draw=np.sort(np.random.default_rng(1).integers(301, size=301)))
    assert_arvizs(estimate(stack_variables(stuck)), stuck)


def test_many_variables_are_estimated_as_few(default_prior):
    names = tuple(f"g{i}" for i in range(40))
    groups = Groups(names, np.linspace(-5, 5, 40), np.full(40, 3.0))
    posterior = independent_draws(groups, solve(groups, default_prior), 2, 50, seed=3)
    assert_arvizs(estimate(stack_variables(posterior)), posterior)


def test_without_four_draws_in_each_half_rank_statistics_are_undefined(eight_schools, exact):
    posterior = independent_draws(eight_schools, exact, 2, 8, seed=5)
    assert_arvizs(estimate(stack_variables(posterior)), posterior)
    table = estimate(stack_variables(posterior.isel(draw=slice(7))))
    assert table[["r_hat", "ess_bulk"]].isna().all(axis=None)
    assert table.drop(columns=["r_hat", "ess_bulk"]).notna().all(axis=None)


def test_z_of_right_draws_is_standard_normal(eight_schools, exact):
    # 40 seeds x 11 variables, of which mu, tau, theta depend on each other: take mu and tau, which
    # are nearly uncorrelated, for the test. A right grade fails once in 1,000 (p < 0.0005, twice).
    z = []
    for seed in range(40):
        posterior = independent_draws(eight_schools, exact, 4, 400, seed)
        table = grade(estimate(stack_variables(posterior)), exact).set_index("variable")
        z.append(table.loc[["mu", "tau"], "z"])
        assert table["coverage_90"].between(0.85, 0.95).all()
    for name, column in pd.DataFrame(z).items():
        assert stats.kstest(column, "norm").pvalue > 0.0005, name


def test_bias_is_the_distance_from_the_exact_mean(eight_schools, exact):
    posterior = independent_draws(eight_schools, exact, 2, 200, seed=1)
    table = grade(estimate(stack_variables(posterior)), exact)
    np.testing.assert_allclose(table["bias"], table["mean"] - table["exact_mean"])
    np.testing.assert_allclose(table["z"] * table["mcse_mean"], table["bias"])
    assert list(table)[:9] == (
        "variable mean sd mcse_mean ess_bulk ess_tail r_hat exact_mean bias".split()
    )


def test_neck_agrees_with_right_draws_and_not_with_cut_ones(eight_schools, exact):
    log_tau = independent_draws(eight_schools, exact, 4, 2500, seed=3)["log_tau"]
    none = xr.zeros_like(log_tau, dtype=bool)
    right = neck(log_tau, none, exact)
    for p in ("1", "5", "25"):
        # 4 standard errors: false alarm once in 16,000
        assert abs(right[f"neck_{p}"] - int(p) / 100) < 4 * right[f"mcse_neck_{p}"]
    # the Kolmogorov distance of 10,000 independent draws exceeds 0.0195 once in 1,000
    assert right["kolmogorov"] < 0.0195
    assert math.isnan(right["divergence_rank"])
    cut = log_tau.clip(min=float(exact.quantile("log_tau", 0.05)))
    assert neck(cut, none, exact)["neck_1"] == 0
    np.testing.assert_allclose(neck(cut, none, exact)["kolmogorov"], 0.05, atol=0.01)


def test_rank_of_divergences_tells_the_neck_from_anywhere(eight_schools, exact):
    log_tau = independent_draws(eight_schools, exact, 4, 2500, seed=4)["log_tau"]
    deep = log_tau < float(exact.quantile("log_tau", 0.02))
    anywhere = xr.zeros_like(deep)
    anywhere[:, ::50] = True
    assert neck(log_tau, deep, exact)["divergence_rank"] < 0.03
    # mean of 200 uniform ranks: sd 0.02, five of them
    assert abs(neck(log_tau, anywhere, exact)["divergence_rank"] - 0.5) < 0.1


def judged(trees, exact, draws, model="m"):
    """Diagnose and judge fits as the workflow does."""
    parts = [diagnose_fit(tree, draws, exact) for tree in trees]
    estimates = grade(pd.concat([e for e, _ in parts], ignore_index=True), exact)
    fits = pd.concat([f for _, f in parts], ignore_index=True)
    for table in (estimates, fits):
        table.insert(0, "model", model)
    return judge_fits(fits, estimates, THRESHOLDS), accuracy(estimates)


def test_right_fits_are_trusted_and_cut_ones_are_not(eight_schools, exact):
    right = [
        as_tree(independent_draws(eight_schools, exact, 4, 1000, seed), seed) for seed in (1, 2, 3)
    ]
    fits, summary = judged(right, exact, [1000])
    assert set(fits["verdict"]) == {"trusted"}
    words = verdict(fits, summary, THRESHOLDS)
    assert words["settings"][0]["trusted"]
    assert words["recommendation"]["trusted"]

    posterior = independent_draws(eight_schools, exact, 4, 1000, 1)
    shifted = posterior.assign(mu=posterior["mu"] + 1)
    fits, summary = judged([as_tree(shifted)], exact, [1000])
    # wrong by 1, which no check but the exact answer can see
    assert list(fits["verdict"]) == ["z"]
    (setting,) = verdict(fits, summary, THRESHOLDS)["settings"]
    assert setting["alarms"] == 0
    assert setting["wrong_without_alarm"] == 1
    assert [reason["check"] for reason in setting["reasons"]] == ["z"]


def test_divergences_count_all_transitions_of_all_chains(eight_schools, exact):
    diverging = np.zeros((4, 1000), bool)
    diverging[0, :22] = True
    posterior = independent_draws(eight_schools, exact, 4, 1000, 1)
    fits, _ = judged([as_tree(posterior, diverging=diverging)], exact, [10, 1000])
    assert list(fits["divergences"]) == [10, 22]
    np.testing.assert_allclose(fits["divergence_rate"], [10 / 40, 22 / 4000])
    assert list(fits["gradients"]) == [4 * 1000 + 7 * 40, 4 * 1000 + 7 * 4000]
    assert "divergences" in fits["verdict"].iloc[1]


def test_accuracy_over_seeds(exact):
    rows = pd.DataFrame(
        {
            "model": "m",
            "target_accept": 0.8,
            "draws": 100,
            "variable": "mu",
            "seed": [1, 2, 3, 4],
            "exact_mean": 2.0,
            "bias": [1.0, -1.0, 3.0, 1.0],
            "z": [1.0, -1.0, 3.0, 5.0],
            "mcse_mean": 1.0,
            "coverage_90": [0.9, 0.8, 0.9, 1.0],
        }
    )
    (row,) = accuracy(rows).to_dict("records")
    assert row["seeds"] == 4
    assert row["bias_mean"] == 1
    np.testing.assert_allclose(row["bias_std_error"], np.std([1, -1, 3, 1], ddof=1) / 2)
    np.testing.assert_allclose(row["rmse"], math.sqrt(12 / 4))
    assert (row["share_z_above_2"], row["share_z_above_4"]) == (0.5, 0.25)
    np.testing.assert_allclose(row["expected_above_2"], 0.0455, atol=1e-4)
    (alone,) = accuracy(rows.iloc[:1]).to_dict("records")
    assert math.isnan(alone["bias_std_error"])


def test_a_mean_that_does_not_exist_is_no_reason_against_a_fit(eight_schools, exact):
    tree = as_tree(independent_draws(eight_schools, exact, 4, 1000, 1))
    estimates, fits = diagnose_fit(tree, [1000], exact)
    estimates = grade(estimates, exact).assign(z=math.nan, bias=math.nan, exact_mean=math.nan)
    estimates["model"] = fits["model"] = "m"
    fits = judge_fits(fits, estimates, THRESHOLDS)
    assert list(fits["verdict"]) == ["trusted"]
    verdict(fits, accuracy(estimates), THRESHOLDS)


@pytest.mark.slow
def test_real_fits_agree_with_the_exact_posterior_or_are_caught(
    eight_schools, default_prior, exact
):
    # Noncentered: 11 variables at |z| > 4 raise a false alarm less than once in 1,400 seeds.
    settings = Settings(draws=10_000, tune=1000, chains=4, max_treedepth=10, cores=2)
    judgement = {}
    for name, accept in (("noncentered", 0.95), ("centered", 0.8)):
        model = build_model(name, eight_schools, default_prior)
        (fit,) = sample_fits(model, "nutpie", [(1, accept)], settings)
        shapes = {1: ("chain",), 2: ("chain", "draw"), 3: ("chain", "draw", "group")}
        posterior = xr.Dataset(
            {k: (shapes[v.ndim], v) for k, v in fit.posterior.items()},
            coords={"group": list(eight_schools.names)},
        )
        posterior["log_tau"] = np.log(posterior["tau"])
        sample_stats = xr.Dataset(
            {k: (shapes[v.ndim], v) for k, v in fit.sample_stats.items()},
            coords={"seed": 1, "target_accept": accept},
        )
        tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": sample_stats})
        judgement[name] = judged([tree], exact, [10_000], name)
    right, accuracy_of_right = judgement["noncentered"]
    assert right["z_max"].item() < 4
    assert right["verdict"].item() == "trusted"
    coverage = accuracy_of_right["coverage_90"]
    assert coverage.between(0.88, 0.92).all()
    wrong, _ = judgement["centered"]
    failed = wrong["verdict"].item().split()
    assert {"divergences", "z"} <= set(failed)
    assert wrong["neck_1"].item() < 0.005 < right["neck_1"].item()
