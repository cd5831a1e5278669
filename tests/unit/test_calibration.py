"""Simulation, ranking and the statistics of ranks.

Seeds are fixed, so each test passes or fails for good; a statistical test's docstring or comment
states how often it would fail a right program over seeds.
"""

import json
import math

import numpy as np
import pandas as pd
import pytest
from arviz_stats.ecdf_utils import simulate_confidence_bands
from scipy import stats

from partial_pooling import plots
from partial_pooling.calibration import (
    Draws,
    Settings,
    calibrate,
    draw_prior,
    judge,
    rank,
    simulate,
    tables,
    variable_names,
)
from partial_pooling.calibration_summary import (
    EXACT,
    Calibration,
    by_tau,
    count_below,
    coverage,
    ecdf,
    histogram,
    holm,
    null_distribution,
    power,
    simulations_needed,
    summarize,
    uniformity,
)
from partial_pooling.configuration import read_study
from partial_pooling.errors import InputError
from partial_pooling.exact import solve
from partial_pooling.lecture import PRIOR
from partial_pooling.priors import CHOICES, IMPROPER, parse_hyperprior, parse_prior

PRIORS = {
    "HalfCauchy": {"beta": 5},
    "HalfNormal": {"sigma": 3},
    "HalfStudentT": {"nu": 4, "sigma": 2},
    "Uniform": {"lower": 1, "upper": 4},
    "Exponential": {"scale": 2},
    "LogNormal": {"mu": 0.5, "sigma": 0.7},
}
SETTINGS = Settings(
    ranked_draws=19, draws=100, tune=100, chains=2, target_accept=0.8, max_treedepth=10
)


# -- simulation --------------------------------------------------------------------------------


@pytest.mark.parametrize("dist", PRIORS)
def test_draws_of_a_prior_follow_its_density(dist):
    """Kolmogorov-Smirnov at 1e-3 for each of six priors: fails once in 170 seeds."""
    prior = parse_prior("tau", {"dist": dist, **PRIORS[dist]})
    rng = np.random.default_rng(3)
    draws = np.array([draw_prior(prior, rng) for _ in range(2000)])
    lower, upper = prior.support
    assert ((draws >= lower) & (draws <= upper)).all()
    # the density that `exact` integrates, summed up on a fine grid in log tau
    t = np.linspace(-25, 25, 200_001)
    density = np.exp(prior.log_density(np.exp(t)) + t)
    cdf = np.cumsum(density) * (t[1] - t[0])
    position = np.interp(np.log(draws), t, cdf)
    assert cdf[-1] == pytest.approx(1, abs=1e-3)
    assert stats.kstest(position, "uniform").pvalue > 1e-3


def test_every_proper_prior_of_tau_is_drawn_from():
    assert set(PRIORS) == set(CHOICES["tau"]) - IMPROPER


@pytest.mark.parametrize("dist", sorted(IMPROPER))
def test_nothing_is_drawn_from_an_improper_prior(dist):
    variable = "mu" if dist == "Flat" else "tau"
    with pytest.raises(ValueError, match="improper"):
        draw_prior(parse_prior(variable, {"dist": dist}), np.random.default_rng(0))


def test_a_simulation_depends_on_its_number_alone(eight_schools, default_prior):
    one, again = (simulate(7, eight_schools, default_prior) for _ in range(2))
    np.testing.assert_array_equal(one.groups.estimate, again.groups.estimate)
    np.testing.assert_array_equal(one.truth, again.truth)
    assert one.sampler_seed == again.sampler_seed
    seeds = {simulate(n, eight_schools, default_prior).sampler_seed for n in range(200)}
    assert len(seeds) == 200
    assert simulate(8, eight_schools, default_prior).mu != one.mu


def test_the_exact_control_is_uniform(eight_schools, default_prior):
    """Ranks in the exact CDF of 300 simulations: fails once in 20 seeds, all variables together."""
    positions = []
    for number in range(300):
        simulation = simulate(number, eight_schools, default_prior)
        exact = solve(simulation.groups, default_prior)
        names = variable_names(eight_schools)
        positions.append(
            [float(exact.cdf(n, v)) for n, v in zip(names, simulation.truth, strict=True)]
        )
    ranks = np.floor(np.delete(np.array(positions), 1, axis=1) * 100).astype(int)
    p_values = null_distribution(300, 100, 5000).p_value(count_below(ranks, 100))
    assert p_values.min() > 0.05 / len(p_values)


# -- ranking -----------------------------------------------------------------------------------


def independent_draws(simulation, prior, settings, seed):
    """Draws of the exact posterior: tau by its quantiles, then mu and theta given tau."""
    rng = np.random.default_rng(seed)
    size = settings.chains * settings.draws
    exact = solve(simulation.groups, prior)
    log_tau = exact.quantile("log_tau", rng.uniform(1e-9, 1 - 1e-9, size))
    tau, sigma = np.exp(log_tau), simulation.groups.std_error
    given = exact.conditional(tau)
    mu = given.mu_mean + given.mu_sd * rng.standard_normal(size)
    pooled = 1 / (1 / sigma[:, None] ** 2 + 1 / tau**2)
    mean = pooled * (simulation.groups.estimate[:, None] / sigma[:, None] ** 2 + mu / tau**2)
    theta = mean + np.sqrt(pooled) * rng.standard_normal((len(sigma), size))
    values = np.vstack([mu, tau, log_tau, theta])
    return Draws(values.reshape(len(values), settings.chains, settings.draws), 0, 0, 0)


def test_rank_counts_evenly_spaced_draws_below_the_truth(eight_schools, default_prior):
    simulation = simulate(2, eight_schools, default_prior)
    draws = independent_draws(simulation, default_prior, SETTINGS, 1)
    ranks = pd.DataFrame(rank(simulation, draws, default_prior, SETTINGS)).set_index("variable")
    assert list(ranks.index[:4]) == ["mu", "tau", "log_tau", "theta[A]"]
    flat = draws.values[0].ravel()
    spaced = flat[[10 * k + 9 for k in range(19)]]  # 200 draws, 19 of them: one in ten
    assert ranks.loc["mu", "rank"] == sum(spaced < simulation.mu)
    assert ranks.loc["tau", "rank"] == ranks.loc["log_tau", "rank"]
    assert ranks.loc["tau", "exact_cdf"] == pytest.approx(ranks.loc["log_tau", "exact_cdf"])
    exact = solve(simulation.groups, default_prior)
    assert ranks.loc["theta[B]", "exact_mean"] == pytest.approx(exact.mean("theta[B]"))
    assert ranks["mcse_mean"].notna().sum() == 3
    z = (ranks["mean"] - ranks["exact_mean"]) / ranks["mcse_mean"]
    assert z.abs().max() < 4  # of three: fails once in 5,000 seeds


def test_a_fit_too_poor_to_thin_says_why_and_keeps_its_rank(eight_schools, default_prior):
    simulation = simulate(2, eight_schools, default_prior)
    good = independent_draws(simulation, default_prior, SETTINGS, 1)
    verdict = judge(simulation, good, SETTINGS)
    assert verdict["thinned"]
    assert verdict["reason"] == ""
    # every draw ten times over: a tenth of the effective draws
    values = np.repeat(good.values[:, :, ::10], 10, axis=2)
    sticky = Draws(values, 3, 1, 0)
    verdict = judge(simulation, sticky, SETTINGS)
    assert not verdict["thinned"]
    assert "ESS of" in verdict["reason"]
    assert "below the 19 ranked" in verdict["reason"]
    assert (verdict["divergences"], verdict["max_treedepth_hits"]) == (3, 1)
    assert len(rank(simulation, sticky, default_prior, SETTINGS)["rank"]) == 11


def test_a_chain_that_never_moves_is_too_poor(eight_schools, default_prior):
    simulation = simulate(2, eight_schools, default_prior)
    stuck = Draws(np.ones((11, 2, 100)) * np.arange(1, 3)[:, None], 0, 0, 0)
    assert not judge(simulation, stuck, SETTINGS)["thinned"]


def test_a_failed_fit_is_a_row_with_its_reason(monkeypatch, eight_schools, default_prior):
    import partial_pooling.calibration as module

    def compile_refit(*_):
        def refit(groups, seed):
            raise RuntimeError("all points failed\nmore")

        return refit

    monkeypatch.setattr(module, "compile_refit", compile_refit)
    results = list(calibrate("centered", eight_schools, default_prior, SETTINGS, [4]))
    ranks, fits, times = tables(results)
    assert len(ranks) == 0
    assert fits["reason"].tolist() == ["sampling failed: all points failed"]
    assert fits["simulation"].tolist() == times["simulation"].tolist() == [4]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["centered", "noncentered"])
def test_batches_and_order_do_not_change_a_bit(model, eight_schools, default_prior):
    def run(numbers):
        results = list(calibrate(model, eight_schools, default_prior, SETTINGS, numbers))
        ranks, fits, _ = tables(results)
        return ranks, fits

    whole = run(range(4))
    for numbers in ([3, 2], [1]):
        for all_rows, some in zip(whole, run(numbers), strict=True):
            expected = pd.concat([all_rows[all_rows["simulation"] == n] for n in numbers])
            pd.testing.assert_frame_equal(some, expected.reset_index(drop=True), check_exact=True)


@pytest.mark.slow
def test_tree_depth_is_bounded_and_its_hits_are_counted(eight_schools):
    """A tau of a million units is fitted in a bounded number of steps."""
    prior = parse_hyperprior(
        {
            "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
            "tau": {"dist": "LogNormal", "mu": 14, "sigma": 0.1},
        }
    )
    shallow = Settings(19, 100, 100, 2, 0.8, 2)
    ((_, fit, _),) = calibrate("noncentered", eight_schools, prior, shallow, [0])
    assert fit["max_treedepth_hits"] > 0
    assert fit["gradients"] <= 2 * 200 * (2**2 - 1)


# -- statistics --------------------------------------------------------------------------------


def test_false_alarms_come_at_the_stated_rate():
    """2,000 sets of uniform ranks, 5 % expected: binomial sd 0.5 %, so 4 sd fail once in 16,000."""
    null = null_distribution(150, 20, 20_000)
    ranks = np.random.default_rng(5).integers(0, 20, (150, 2000))
    alarms = null.p_value(count_below(ranks, 20)) < 0.05
    assert abs(alarms.mean() - 0.05) < 4 * math.sqrt(0.05 * 0.95 / 2000)


def test_band_and_p_value_are_one_test():
    null = null_distribution(100, 20, 20_000)
    lower, upper = null.band()
    below = count_below(np.random.default_rng(6).integers(0, 20, (100, 3000)), 20)
    outside = ((below / 100 < lower) | (below / 100 > upper)).any(axis=1)
    p_values = null.p_value(below)
    assert outside.any()
    assert p_values[outside].max() < p_values[~outside].min() + 1e-12
    assert p_values[outside].max() <= 0.05 + 1e-3


def test_band_is_as_wide_as_arviz_has_it():
    """Both are simulated: 4 of their standard errors."""
    count, cuts = 200, np.arange(1, 20) / 20
    rng = np.random.default_rng(7)
    theirs = [simulate_confidence_bands(count, 1, cuts, 0.95, 500, rng) for _ in range(6)]
    ours = 1 - 2 * np.quantile(null_distribution(count, 20).statistic, 0.05)
    assert abs(np.mean(theirs) - ours) < 4 * np.std(theirs, ddof=1) / math.sqrt(6) + 2e-4


def test_holm_is_the_textbook_example():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.9]), [1, 1])


def made_up(fault: float, count: int = 400, seed: int = 0) -> Calibration:
    """Two models over `count` simulations: one right, one whose log tau is ranked too low.

    The fault is the share of simulations in which the truth lies below all draws.
    """
    rng = np.random.default_rng(seed)
    names = ["mu", "tau", "log_tau", "theta[A]", "theta[B]"]
    shared = pd.DataFrame(
        {
            "simulation": np.repeat(np.arange(count), len(names)),
            "variable": names * count,
            "true": 1.0,
            "exact_cdf": rng.uniform(size=count * len(names)),
            "mcse_mean": 0.1,
            "exact_mean": 0.0,
            "exact_sd": 2.0,
        }
    )
    fits = pd.DataFrame(
        {
            "simulation": np.arange(count),
            "true_tau": np.exp(rng.normal(size=count)),
            "divergences": 0,
            "max_treedepth_hits": 0,
            "r_hat": 1.0,
            "ess_bulk": 500.0,
            "ess_tail": 500.0,
            "thinned": True,
            "reason": "",
        }
    )
    ranks, of_fits = [], []
    for model, share in (("wrong", fault), ("right", 0.0)):
        # among L = 99 draws the truth's rank is near its exact position
        rows = shared.assign(
            model=model,
            rank=np.clip(
                np.floor(shared["exact_cdf"] * 100 + rng.normal(0, 2, len(shared))), 0, 99
            ).astype(int),
        )
        rows["rank"] = np.where(
            rows["rank"].isin([0, 99]), np.floor(rows["exact_cdf"] * 100), rows["rank"]
        ).astype(int)
        hit = rng.uniform(size=count) < share
        of_log_tau = rows["variable"].isin(["tau", "log_tau"]) & np.repeat(hit, len(names))
        rows.loc[of_log_tau, "rank"] = 0
        rows["mean"] = np.where(of_log_tau, 1.0, 0.0)
        ranks.append(rows)
        of_fits.append(fits.assign(model=model, thinned=~hit))
    return Calibration(pd.concat(ranks), pd.concat(of_fits), 99)


def test_a_fault_is_found_where_it_is_and_nowhere_else():
    table = uniformity(made_up(0.15))
    judged = table[table["fits"] == "all"].set_index(["source", "variable"])["uniform"]
    assert not judged["wrong", "log_tau"]
    assert judged.drop(("wrong", "log_tau")).all()  # fails once in 20 seeds
    assert "tau" not in set(table["variable"])
    assert set(table["source"]) == {"wrong", "right", EXACT}


def test_leaving_out_poor_fits_hides_the_fault():
    table = uniformity(made_up(0.15)).set_index(["source", "fits", "variable"])
    assert not table.loc[("wrong", "all", "log_tau"), "uniform"]
    assert table.loc[("wrong", "thinned", "log_tau"), "uniform"]
    assert table.loc[("wrong", "thinned", "log_tau"), "simulations"] < 400


def test_the_ecdf_leaves_its_band_where_the_fault_is():
    lines = ecdf(made_up(0.15))
    out = lines[(lines["difference"] < lines["lower"]) | (lines["difference"] > lines["upper"])]
    assert ("wrong", "log_tau") in set(zip(out["source"], out["variable"], strict=True))
    assert lines["difference"].iloc[[0, 100]].tolist() == [0, 0]


def test_histogram_counts_every_simulation_once():
    bins = histogram(made_up(0.15))
    totals = bins.groupby(["source", "variable"])[["count", "expected"]].sum()
    np.testing.assert_allclose(totals, 400)


def test_coverage_of_a_right_model_holds_its_level_and_of_a_wrong_one_not():
    table = coverage(made_up(0.15)).set_index(["source", "variable", "nominal"]).sort_index()
    high = table.index.get_level_values("nominal").max()
    right, wrong = (table.loc[(model, "log_tau", high)] for model in ("right", "wrong"))
    assert right["lower"] < high < right["upper"]
    assert wrong["upper"] < high


def test_by_tau_tells_error_in_every_bin():
    table = by_tau(made_up(1.0)).set_index("model")
    np.testing.assert_allclose(table.loc["wrong", "error"], 0.5)  # 1 off, exact sd 2
    np.testing.assert_allclose(table.loc["wrong", "beyond_4"], 1)
    np.testing.assert_allclose(table.loc["right", "error"], 0)
    assert table["simulations"].tolist() == [40] * 20


def test_power_rises_with_simulations_and_false_alarms_do_not():
    """False alarms of 400 overlapping subsets of 50 among 400: about 5 %, sd near 2 %."""
    table = power(made_up(0.15))
    any_test = table[(table["variable"] == "any") & (table["test"] == "ecdf")]
    curve = any_test[any_test["source"] == "wrong"].set_index("simulations")["power"]
    assert curve[25] < curve[100] < curve[300] + 1e-9
    assert curve[400] == 1
    alarms = any_test[any_test["source"] == "right"].set_index("simulations")["power"]
    assert alarms[[25, 50]].max() < 0.13
    needed = simulations_needed(table, "wrong")
    assert 25 < needed < 200
    assert math.isnan(simulations_needed(table, "right"))


def test_section_is_plain_and_says_what_the_tables_say():
    settings = {
        "chains": 2,
        "draws": 500,
        "tune": 1000,
        "target_accept": 0.8,
        "ranked_draws": 99,
    }
    calibration = made_up(0.15)
    fits = calibration.fits
    fits.loc[fits["simulation"] == 3, ["thinned", "reason"]] = [False, "sampling failed: x"]
    made, section = summarize(calibration, settings)
    assert json.loads(json.dumps(section, allow_nan=False)) == section
    text = " ".join(section["sentences"])
    assert "wrong: ranks are not uniform for log_tau (p < 0.001)" in text
    assert "right: no variable's ranks depart from uniform" in text
    assert "simulation and ranking are right" in text
    assert "1 failed" in text
    assert len(section["uniformity"]) == 12
    assert set(made) >= {"uniformity", "ecdf", "histogram", "coverage", "by_tau", "power"}


def test_a_control_that_is_not_uniform_condemns_the_harness():
    calibration = made_up(0.0)
    calibration.ranks["exact_cdf"] **= 2
    _, section = summarize(
        calibration, {"chains": 2, "draws": 9, "tune": 9, "target_accept": 0.8, "ranked_draws": 99}
    )
    assert "nothing here counts" in " ".join(section["sentences"])


def test_a_model_that_always_fails_is_told_and_does_not_stop_the_rest():
    calibration = made_up(0.0, count=30)
    dead = calibration.fits["model"] == "wrong"
    calibration.fits.loc[dead, ["thinned", "reason"]] = [False, "sampling failed: x"]
    ranks = calibration.ranks[calibration.ranks["model"] == "right"]
    made, section = summarize(
        Calibration(ranks, calibration.fits, 99),
        {"chains": 2, "draws": 9, "tune": 9, "target_accept": 0.8, "ranked_draws": 99},
    )
    assert "wrong: sampling failed every time" in " ".join(section["sentences"])
    assert "30 failed" in " ".join(section["sentences"])
    for name, draw in (
        ("ecdf", plots.calibration_ecdf),
        ("histogram", plots.calibration_ranks),
        ("coverage", plots.calibration_coverage),
        ("by_tau", plots.calibration_by_tau),
        ("power", plots.calibration_power),
    ):
        assert draw(made[name]).axes


# -- configuration -----------------------------------------------------------------------------


def study(prior=None, **calibration):
    dataset = {
        "path": "config/datasets/eight_schools.csv",
        "prior": PRIOR.as_dict() | (prior or {}),
    }
    return read_study({"datasets": {"x": dataset}, "calibration": calibration})


@pytest.mark.parametrize(
    ("variable", "dist", "more"), [("mu", "Flat", {}), ("tau", "HalfFlat", {})]
)
def test_improper_priors_are_refused_with_the_reason(variable, dist, more):
    improper = study({variable: {"dist": dist, **more}})
    with pytest.raises(InputError, match=rf"x.prior.{variable}: found {dist}, which is improper"):
        improper.check_calibration("x")
    study().check_calibration("x")


def test_more_ranked_draws_than_draws_are_refused():
    with pytest.raises(InputError, match=r"ranked_draws: found 99; allowed: at most .* 40"):
        study(draws=20, chains=2)
