"""Grades: right where the draws are right, and an alarm where they are not."""

import math

import arviz_stats
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from exact_draws import as_tree, exact_draws
from scipy import integrate, stats

from partial_pooling.data.groups import Estimates
from partial_pooling.exact.posterior import solve
from partial_pooling.grading.diagnostics import (
    diagnose_fit,
    estimate,
    grade,
    neck,
    stack_variables,
    where_divergent,
)
from partial_pooling.grading.verdict import locate_divergences
from partial_pooling.priors.priors import HyperPrior, parse_prior


@pytest.fixture(scope="module")
def exact(eight_schools, default_prior):
    return solve(eight_schools, default_prior)


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
        **{f"ess_{n}": of(arviz_stats.ess, "quantile", prob=p) for n, p in quantiles.items()},
    }
    assert sorted(theirs) == sorted(table.columns[1:])
    for name, expected in theirs.items():
        np.testing.assert_allclose(table[name], expected, rtol=1e-12, err_msg=name)


def test_estimates_are_arvizs_own(eight_schools, exact):
    posterior = exact_draws(eight_schools, exact, 4, 301, seed=5)
    assert_arvizs(estimate(stack_variables(posterior)), posterior)
    # chains that stay where they are for a while have ties, and fewer effective draws
    stuck = posterior.isel(draw=np.sort(np.random.default_rng(1).integers(301, size=301)))
    assert_arvizs(estimate(stack_variables(stuck)), stuck)


def test_many_variables_are_estimated_as_few(default_prior):
    names = tuple(f"g{i}" for i in range(40))
    groups = Estimates(names, np.linspace(-5, 5, 40), np.full(40, 3.0))
    posterior = exact_draws(groups, solve(groups, default_prior), 2, 50, seed=3)
    assert_arvizs(estimate(stack_variables(posterior)), posterior)


def test_without_four_draws_in_each_half_rank_statistics_are_undefined(eight_schools, exact):
    posterior = exact_draws(eight_schools, exact, 2, 8, seed=5)
    assert_arvizs(estimate(stack_variables(posterior)), posterior)
    table = estimate(stack_variables(posterior.isel(draw=slice(7))))
    assert table[["r_hat", "ess_bulk"]].isna().all(axis=None)
    assert table.drop(columns=["r_hat", "ess_bulk"]).notna().all(axis=None)


def test_z_of_right_draws_is_standard_normal(eight_schools, exact):
    # 20 seeds x 11 variables, of which mu, tau, theta depend on each other: take mu and tau, which
    # are nearly uncorrelated, for the test. A right grade fails once in 1,000 (p < 0.00025, four
    # times: of the distribution and, which sees a factor in the standard error, of the variance).
    z = []
    for seed in range(20):
        posterior = exact_draws(eight_schools, exact, 4, 400, seed)
        table = grade(estimate(stack_variables(posterior)), exact).set_index("variable")
        z.append(table.loc[["mu", "tau"], "z"])
        assert table["coverage_90"].between(0.85, 0.95).all()
    for name, column in pd.DataFrame(z).items():
        assert stats.kstest(column, "norm").pvalue > 0.00025, name
        below = stats.chi2.cdf(np.sum(column**2), len(column))
        assert 2 * min(below, 1 - below) > 0.00025, name


def test_bias_is_the_distance_from_the_exact_mean(eight_schools, exact):
    posterior = exact_draws(eight_schools, exact, 2, 200, seed=1)
    table = grade(estimate(stack_variables(posterior)), exact)
    np.testing.assert_allclose(table["bias"], table["mean"] - table["exact_mean"])
    np.testing.assert_allclose(table["z"] * table["mcse_mean"], table["bias"])
    assert list(table)[:9] == (
        "variable mean sd mcse_mean ess_bulk ess_tail r_hat exact_mean bias".split()
    )


def test_errors_are_in_the_units_of_the_exact_posterior(eight_schools, exact):
    posterior = exact_draws(eight_schools, exact, 2, 200, seed=1)
    wide = posterior.assign(mu=3 + 1.5 * posterior["mu"])
    table = grade(estimate(stack_variables(wide)), exact).set_index("variable")
    mu = wide["mu"].to_numpy().ravel()
    mean, sd = exact.mean("mu"), exact.sd("mu")
    np.testing.assert_allclose(table.at["mu", "error_mean"], abs(mu.mean() - mean) / sd)
    np.testing.assert_allclose(table.at["mu", "error_sd"], abs(mu.std(ddof=1) / sd - 1))
    # another way to the CDF: the density integrated by Simpson's rule
    grid = np.linspace(mean - 12 * sd, mean + 12 * sd, 4001)
    cdf = integrate.cumulative_simpson(exact.density("mu", grid), x=grid, initial=0)
    positions = np.interp(np.quantile(mu, [0.05, 0.5, 0.95]), grid, cdf)
    np.testing.assert_allclose(
        table.at["mu", "error_quantile"], np.abs(positions - [0.05, 0.5, 0.95]).max(), atol=1e-4
    )


def test_moments_that_do_not_exist_are_not_graded():
    # two groups and a half-Cauchy: the tail of tau falls with power 3, so its fourth moment is
    # infinite; with flat mu the power is 2, and the second is infinite too
    two = Estimates(("a", "b"), np.array([1.0, 5.0]), np.array([2.0, 3.0]))
    tau = parse_prior("tau", {"dist": "HalfCauchy", "beta": 5})
    normal = solve(two, HyperPrior(parse_prior("mu", {"dist": "Normal", "mu": 0, "sigma": 5}), tau))
    flat = solve(two, HyperPrior(parse_prior("mu", {"dist": "Flat"}), tau))
    names = ["mu", "tau", "log_tau", "theta[a]", "theta[b]"]
    draws = np.random.default_rng(1).lognormal(size=(len(names), 2, 50))
    samples = xr.DataArray(draws, dims=("variable", "chain", "draw"), coords={"variable": names})
    table = grade(estimate(samples), normal).set_index("variable")
    assert list(table.index[table["error_sd"].isna()]) == ["tau"]
    assert table[["error_mean", "z", "error_quantile"]].notna().all(axis=None)
    table = grade(estimate(samples), flat).set_index("variable")
    assert list(table.index[table["error_mean"].isna()]) == ["mu", "tau"]
    assert list(table.index[table["z"].isna()]) == ["mu", "tau"]
    assert table["error_quantile"].notna().all()


def test_shares_below_exact_quantiles_are_counted(eight_schools, exact):
    posterior = exact_draws(eight_schools, exact, 4, 50, seed=2)
    estimates, _ = diagnose_fit(as_tree(posterior), [20, 50], exact)
    estimates = estimates.set_index(["draws", "variable"])
    for count in (20, 50):
        for name, values in (
            ("tau", posterior["tau"]),
            ("theta[C]", posterior["theta"].sel(group="C")),
        ):
            first = values.to_numpy()[:, :count]
            for q, p in (("q5", 0.05), ("q50", 0.5), ("q95", 0.95)):
                assert estimates.at[(count, name), f"below_{q}"] == np.mean(
                    first <= exact.quantile(name, p)
                )


def test_neck_agrees_with_right_draws_and_not_with_cut_ones(eight_schools, exact):
    log_tau = exact_draws(eight_schools, exact, 4, 2500, seed=3)["log_tau"]
    right = neck(log_tau, exact)
    for p in ("1", "5", "25"):
        share = int(p) / 100
        # of independent draws all 10,000 are effective; 4 standard errors: once in 16,000
        assert 8000 < right[f"ess_neck_{p}"] < 12_000
        assert abs(right[f"neck_{p}"] - share) < 4 * math.sqrt(share * (1 - share) / 10_000)
    # the Kolmogorov distance of 10,000 independent draws exceeds 0.0195 once in 1,000
    assert right["kolmogorov"] < 0.0195
    cut = log_tau.clip(min=float(exact.quantile("log_tau", 0.05)) + 1e-9)
    assert neck(cut, exact)["neck_1"] == neck(cut, exact)["neck_5"] == 0
    np.testing.assert_allclose(neck(cut, exact)["kolmogorov"], 0.05, atol=0.01)


def test_effective_draws_of_the_neck_are_those_of_a_slow_chain(eight_schools, exact):
    log_tau = exact_draws(eight_schools, exact, 4, 2500, 3, autocorrelation=0.9)["log_tau"]
    # ranks of an AR(1) chain: about (1 - 0.9) / (1 + 0.9) of 10,000
    assert 300 < neck(log_tau, exact)["ess_neck_25"] < 1000


# -- where divergences lie ------------------------------------------------------------------------


def located(log_tau, diverging):
    row = where_divergent(log_tau, xr.DataArray(diverging, dims=("chain", "draw")))
    return locate_divergences(pd.DataFrame([row]))


def test_divergences_are_counted_by_quarter_of_log_tau():
    log_tau = xr.DataArray(np.arange(8.0).reshape(2, 4)[::-1], dims=("chain", "draw"))
    diverging = np.array([[0, 0, 1, 1], [1, 0, 0, 1]], bool)  # of 6, 7; 0, 3
    found = where_divergent(log_tau, xr.DataArray(diverging, dims=("chain", "draw")))
    assert [found[f"divergent_q{k}"] for k in (1, 2, 3, 4)] == [1, 1, 0, 2]
    none = where_divergent(log_tau, xr.DataArray(diverging & False, dims=("chain", "draw")))
    assert math.isnan(none["divergence_design_effect"])


def test_design_effect_is_the_variance_over_shifts(eight_schools, exact):
    log_tau = exact_draws(eight_schools, exact, 2, 60, 1, autocorrelation=0.8)["log_tau"]
    diverging = np.zeros((2, 60), bool)
    diverging[0, 5:11] = diverging[1, 30:40] = True
    ranks = log_tau.to_numpy().ravel().argsort().argsort().reshape(2, 60)
    quarter = ranks * 4 // 120
    variance = 0.0
    for chain in range(2):
        counts = [
            np.bincount(quarter[chain][np.roll(diverging[chain], shift)], minlength=4)
            for shift in range(60)
        ]
        variance += np.var(counts, axis=0).sum()
    found = where_divergent(log_tau, xr.DataArray(diverging, dims=("chain", "draw")))
    np.testing.assert_allclose(found["divergence_design_effect"], variance / (16 * 0.75))


def test_divergences_in_the_neck_are_told_from_any_draw(eight_schools, exact):
    log_tau = exact_draws(eight_schools, exact, 4, 2500, seed=4)["log_tau"]
    deep = (log_tau < float(exact.quantile("log_tau", 0.02))).to_numpy()
    found = located(log_tau, deep)
    assert found["by_quarter"] == [1, 0, 0, 0]
    assert found["p_value"] < 1e-20
    few = np.zeros_like(deep)
    few[0, :19] = True
    assert located(log_tau, few) == {"by_quarter": None, "p_value": None}


def test_clusters_of_divergences_in_slow_chains_raise_no_false_alarm(eight_schools, exact):
    # Bursts of 10 at random places of chains with autocorrelation 0.95: counted as independent
    # they would look uneven nearly always. 60 replicates: more than 6 p-values below 0.01 come
    # once in 10 million if the rate is 1 in 100, once in 400 if it were 3 in 100.
    small, naive = 0, 0
    for seed in range(60):
        log_tau = exact_draws(eight_schools, exact, 4, 1000, seed, autocorrelation=0.95)["log_tau"]
        rng = np.random.default_rng(seed)
        diverging = np.zeros((4, 1000), bool)
        for start in rng.integers(0, 990, 12):
            diverging[rng.integers(4), start : start + 10] = True
        row = where_divergent(log_tau, xr.DataArray(diverging, dims=("chain", "draw")))
        small += (locate_divergences(pd.DataFrame([row]))["p_value"] or 1) < 0.01
        row["divergence_design_effect"] = 1.0
        naive += locate_divergences(pd.DataFrame([row]))["p_value"] < 0.01
    assert small <= 6
    assert naive > 30
