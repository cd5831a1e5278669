"""Simulation, ranking and the statistics of ranks.

Seeds are fixed, so each test passes or fails for good; a statistical test's docstring or comment
states how often it would fail a right program over seeds.
"""

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from arviz_stats.base import array_stats
from arviz_stats.ecdf_utils import simulate_confidence_bands
from scipy import stats

from partial_pooling.data.groups import Counts, Rates, Summaries, TwoByTwo
from partial_pooling.errors import InputError
from partial_pooling.exact.posterior import solve
from partial_pooling.families.normal import NORMAL
from partial_pooling.families.registry import FAMILIES
from partial_pooling.figures.calibration import calibration_by_tau as draw_calibration_by_tau
from partial_pooling.figures.calibration import calibration_coverage as draw_calibration_coverage
from partial_pooling.figures.calibration import calibration_ecdf as draw_calibration_ecdf
from partial_pooling.figures.calibration import calibration_power as draw_calibration_power
from partial_pooling.figures.calibration import calibration_ranks as draw_calibration_ranks
from partial_pooling.grading.calibration import (
    Draws,
    calibrate,
    judge,
    rank,
    simulate,
    tables,
    variable_names,
)
from partial_pooling.grading.calibration_tables import (
    by_tau,
    coverage,
    ecdf,
    fared,
    histogram,
    summarize,
    uniformity,
)
from partial_pooling.grading.inference import holm
from partial_pooling.grading.power import _chi_square, power, simulations_needed
from partial_pooling.grading.ranks import EXACT, Calibration
from partial_pooling.grading.settings import CalibrationSettings
from partial_pooling.grading.uniformity import count_below, null_distribution
from partial_pooling.models.parametrizations import PARAMETRIZATIONS
from partial_pooling.priors.distributions import CHOICES
from partial_pooling.priors.priors import parse_hyperprior, parse_prior
from partial_pooling.report.calibrated import sentences
from partial_pooling.report.lecture import PRIOR
from partial_pooling.study.configuration import read_study

PRIORS = {
    "HalfCauchy": {"beta": 5},
    "HalfNormal": {"sigma": 3},
    "HalfStudentT": {"nu": 4, "sigma": 2},
    "Uniform": {"lower": 1, "upper": 4},
    "Exponential": {"scale": 2},
    "LogNormal": {"mu": 0.5, "sigma": 0.7},
}
SETTINGS = CalibrationSettings(
    ranked_draws=19, draws=100, tune=100, chains=2, target_accept=0.8, max_treedepth=10
)


# -- simulation --------------------------------------------------------------------------------


@pytest.mark.parametrize("dist", PRIORS)
def test_draws_of_a_prior_follow_its_density(dist):
    """Kolmogorov-Smirnov at 1e-3 for each of six priors: fails once in 170 seeds."""
    prior = parse_prior("tau", {"dist": dist, **PRIORS[dist]})
    rng = np.random.default_rng(3)
    draws = np.array([prior.draw(rng) for _ in range(2000)])
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
    assert set(PRIORS) == {name for name, prior in CHOICES["tau"].items() if prior.is_proper}


@pytest.mark.parametrize("dist", ["Flat", "HalfFlat"])
def test_nothing_is_drawn_from_an_improper_prior(dist):
    variable = "mu" if dist == "Flat" else "tau"
    with pytest.raises(ValueError, match="improper"):
        parse_prior(variable, {"dist": dist}).draw(np.random.default_rng(0))


def test_a_simulation_depends_on_its_number_alone(eight_schools, default_prior):
    one, again = (simulate(7, eight_schools, default_prior) for _ in range(2))
    np.testing.assert_array_equal(one.groups.estimate, again.groups.estimate)
    np.testing.assert_array_equal(one.truth, again.truth)
    assert one.sampler_seed == again.sampler_seed
    seeds = {simulate(n, eight_schools, default_prior).sampler_seed for n in range(200)}
    assert len(seeds) == 200
    assert simulate(8, eight_schools, default_prior).mu != one.mu


@pytest.mark.parametrize("simulations", [100, pytest.param(300, marks=pytest.mark.slow)])
def test_the_exact_control_is_uniform(eight_schools, default_prior, simulations):
    """Ranks in the exact CDF: fails once in 20 seeds, all variables together."""
    positions = []
    for number in range(simulations):
        simulation = simulate(number, eight_schools, default_prior)
        exact = solve(simulation.groups, default_prior)
        names = variable_names(eight_schools)
        positions.append(
            [float(exact.cdf(n, v)) for n, v in zip(names, simulation.truth, strict=True)]
        )
    ranks = np.floor(np.delete(np.array(positions), 1, axis=1) * 100).astype(int)
    p_values = null_distribution(simulations, 100, 5000).p_value(count_below(ranks, 100))
    assert p_values.min() > 0.05 / len(p_values)


def test_truths_of_a_posterior_are_draws_of_it(eight_schools):
    """Uniform in the exact CDF of the data, and of data joined: once in 10 seeds not, together.

    With a flat prior of mu, from which nothing could be drawn.
    """
    prior = parse_hyperprior({"mu": {"dist": "Flat"}, "tau": {"dist": "HalfCauchy", "beta": 5}})
    posterior = solve(eight_schools, prior)
    names = variable_names(eight_schools)
    positions = []
    for number in range(100):
        simulation = simulate(number, eight_schools, prior, posterior=posterior)
        joined = solve(simulation.groups, prior)
        values = list(zip(names, simulation.truth, strict=True))
        positions.append([[float(of.cdf(*v)) for v in values] for of in (posterior, joined)])
    for of in np.delete(np.array(positions), 1, axis=2).transpose(1, 0, 2):
        ranks = np.floor(of * 100).astype(int)
        p_values = null_distribution(100, 100, 5000).p_value(count_below(ranks, 100))
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


def test_a_fit_is_judged_by_its_worst_variable_whichever_it_is(eight_schools, default_prior):
    simulation = simulate(2, eight_schools, default_prior)
    draws = independent_draws(simulation, default_prior, SETTINGS, 1)
    draws.values[5, 0] += 3 * draws.values[5].std()  # one chain of theta[C] is elsewhere
    axes = {"chain_axis": 1, "draw_axis": 2}
    found = judge(simulation, draws, SETTINGS)
    r_hat = array_stats.rhat(draws.values, method="rank", **axes)
    assert r_hat.argmax() == 5 and found["r_hat"] == pytest.approx(r_hat[5]) and r_hat[5] > 1.5
    for name, more in (("bulk", {}), ("tail", {"prob": (0.05, 0.95)})):
        ess = array_stats.ess(draws.values, method=name, **more, **axes)
        assert found[f"ess_{name}"] == pytest.approx(ess.min())
    assert found["worst"] == "theta[C]"


def test_rank_counts_evenly_spaced_draws_below_the_truth(eight_schools, default_prior):
    simulation = simulate(2, eight_schools, default_prior)
    draws = independent_draws(simulation, default_prior, SETTINGS, 1)
    ranks = pd.DataFrame(
        rank(simulation, draws, solve(simulation.groups, default_prior), SETTINGS)
    ).set_index("variable")
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
    assert (
        len(rank(simulation, sticky, solve(simulation.groups, default_prior), SETTINGS)["rank"])
        == 11
    )


def test_a_chain_that_never_moves_is_too_poor(eight_schools, default_prior):
    simulation = simulate(2, eight_schools, default_prior)
    stuck = Draws(np.ones((11, 2, 100)) * np.arange(1, 3)[:, None], 0, 0, 0)
    assert not judge(simulation, stuck, SETTINGS)["thinned"]


def test_a_failed_fit_is_a_row_with_its_reason(monkeypatch, eight_schools, default_prior):
    import partial_pooling.grading.calibration as module

    class Failing:
        def fit(self, *_):
            raise RuntimeError("all points failed\nmore")

    monkeypatch.setattr(module, "compile_model", lambda *_, **__: Failing())
    results = list(calibrate("centered", eight_schools, default_prior, SETTINGS, [4]))
    ranks, fits, times = tables(results)
    assert len(ranks) == 0
    assert fits["reason"].tolist() == ["sampling failed: all points failed"]
    assert fits["simulation"].tolist() == times["simulation"].tolist() == [4]


@pytest.mark.slow
@pytest.mark.parametrize("model", PARAMETRIZATIONS)
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
    shallow = SETTINGS.model_copy(update={"max_treedepth": 2})
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
        # of L = 99 independent draws
        rows = shared.assign(model=model, rank=rng.binomial(99, shared["exact_cdf"]))
        hit = rng.uniform(size=count) < share
        of_log_tau = rows["variable"].isin(["tau", "log_tau"]) & np.repeat(hit, len(names))
        rows.loc[of_log_tau, "rank"] = 0
        rows["mean"] = np.where(of_log_tau, 1.0, 0.0)
        ranks.append(rows)
        of_fits.append(fits.assign(model=model, thinned=~hit))
    return Calibration(pd.concat(ranks), pd.concat(of_fits), 99)


SETTINGS_OF_FITS = {
    "truths": "prior",
    "chains": 2,
    "draws": 500,
    "tune": 1000,
    "target_accept": 0.8,
    "ranked_draws": 99,
}


def summarized(calibration):
    made, shown = summarize(calibration)
    return made, {"sentences": sentences(calibration, made, SETTINGS_OF_FITS, NORMAL), **shown}


@pytest.fixture(scope="module")
def faulty():
    """Summarize a calibration with a fault in 15 % of the simulations, and one failed fit."""
    calibration = made_up(0.15)
    fits = calibration.fits
    fits.loc[fits["simulation"] == 3, ["thinned", "reason"]] = [False, "sampling failed: x"]
    return summarized(calibration)


def test_a_fault_is_found_where_it_is_and_nowhere_else(faulty):
    table = faulty[0]["uniformity"]
    judged = table[table["fits"] == "all"].set_index(["source", "variable"])["uniform"]
    assert not judged["wrong", "log_tau"]
    assert judged.drop(("wrong", "log_tau")).all()  # fails once in 20 seeds
    assert "tau" not in set(table["variable"])
    assert set(table["source"]) == {"wrong", "right", EXACT}


def test_leaving_out_poor_fits_hides_the_fault(faulty):
    table = faulty[0]["uniformity"].set_index(["source", "fits", "variable"])
    assert not table.loc[("wrong", "all", "log_tau"), "uniform"]
    assert table.loc[("wrong", "thinned", "log_tau"), "uniform"]
    assert table.loc[("wrong", "thinned", "log_tau"), "simulations"] < 400


def test_the_ecdf_leaves_its_band_where_the_fault_is(faulty):
    lines = faulty[0]["ecdf"]
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


def test_power_rises_with_simulations_and_false_alarms_do_not(faulty):
    """False alarms of 400 overlapping subsets of 50 among 400: about 5 %, sd near 2 %."""
    table = faulty[0]["power"]
    any_test = table[(table["variable"] == "any") & (table["test"] == "ecdf")]
    curve = any_test[any_test["source"] == "wrong"].set_index("simulations")["power"]
    assert curve[25] < curve[100] < curve[300] + 1e-9
    assert curve[400] == 1
    alarms = any_test[any_test["source"] == "right"].set_index("simulations")["power"]
    assert alarms[[25, 50]].max() < 0.13
    needed = simulations_needed(table, "wrong")
    assert 25 < needed < 200
    assert math.isnan(simulations_needed(table, "right"))


def test_section_is_plain_and_says_what_the_tables_say(faulty):
    made, section = faulty
    assert json.loads(json.dumps(section, allow_nan=False)) == section
    text = " ".join(section["sentences"])
    assert "wrong: ranks are not uniform for log_tau (p < 0.001)" in text
    assert "right: no variable's ranks are seen to depart from uniform" in text
    assert "nothing speaks against the simulation and the exact answer" in text
    assert "1 failed" in text
    assert len(section["uniformity"]) == 12
    assert set(made) >= {"uniformity", "ecdf", "histogram", "coverage", "by_tau", "power"}


def test_a_control_that_is_not_uniform_condemns_the_harness():
    calibration = made_up(0.0)
    calibration.ranks["exact_cdf"] **= 2
    _, section = summarized(calibration)
    assert "nothing here counts" in " ".join(section["sentences"])


def test_a_model_that_always_fails_is_told_and_does_not_stop_the_rest():
    calibration = made_up(0.0, count=30)
    dead = calibration.fits["model"] == "wrong"
    calibration.fits.loc[dead, ["thinned", "reason"]] = [False, "sampling failed: x"]
    ranks = calibration.ranks[calibration.ranks["model"] == "right"]
    made, section = summarized(Calibration(ranks, calibration.fits, 99))
    assert "wrong: sampling failed every time" in " ".join(section["sentences"])
    assert "30 failed" in " ".join(section["sentences"])
    for name, draw in (
        ("ecdf", draw_calibration_ecdf),
        ("histogram", draw_calibration_ranks),
        ("coverage", draw_calibration_coverage),
        ("by_tau", draw_calibration_by_tau),
        ("power", draw_calibration_power),
    ):
        of_models = made[name].replace({"wrong": "centered", "right": "noncentered"})
        assert draw(of_models).axes


# -- sentences ---------------------------------------------------------------------------------

FIT_SETTINGS = {
    "truths": "prior",
    "chains": 3,
    "draws": 2500,
    "tune": 1500,
    "target_accept": 0.87,
    "ranked_draws": 4,
}


PAIRED = {
    "source": ["m"] * 3,
    "variable": ["mu", "log_tau", "theta[A]"],
    "shift": [0.0123, -0.0234, 0.0345],
    "shift_se": [0.0045, 0.0056, 0.0067],
    "spread": [0.0023, -0.0034, 0.0045],
    "spread_se": [0.0011, 0.0012, 0.0013],
    "p_corrected": [0.0145, 0.0024, 0.6],
    "right": [False, False, True],
}


PAIR, ONE, TWO = ("a", "b"), np.array([1.0, 2]), np.array([5.0, 7])


def told(
    uniform=None,
    by_tau=None,
    power=None,
    fared=None,
    ranks=None,
    paired=None,
    family=NORMAL,
    settings=FIT_SETTINGS,
):
    """Sentences of tables in which no two numbers are alike, each table with some rows changed."""
    variables = ["mu", "log_tau", "theta[A]"]
    p_values = {"m": [0.0123, 0.00456, 0.0789], "exact": [0.234, 0.567, 0.891]} | (uniform or {})
    tests = pd.DataFrame(
        [
            {
                "source": source,
                "fits": fits,
                "variable": name,
                "p_corrected": p if fits == "all" else 1e-5,
                "uniform": p >= 0.05 and fits == "all",
            }
            for source, of_source in p_values.items()
            for fits in ("all", "thinned")
            for name, p in zip(variables, of_source, strict=True)
        ]
    )
    cells = {"tau_low": [0.1234, 2.3456], "tau_high": [2.3456, 45.678]}
    cells |= {"error": [-0.4567, 0.0987], "error_se": [0.0321, 0.0123]} | (by_tau or {})
    usual = {"ecdf": (0.2, 0.9), "histogram": (0.3, 0.85), "paired": (0.78, 1.0)}
    curves = usual if power is None else power
    powers = [
        {"source": "m", "simulations": n, "variable": v, "test": test, "power": p}
        for v, step in (("any", 0), ("mu", 0.05))
        for test, of_test in curves.items()
        for n, p in zip((25, 400), of_test + np.array([step, 0]), strict=True)
    ]
    of_model = {"model": "m", "simulations": 1234, "failed": 17, "too_poor_to_thin": 1056}
    of_model |= {"with_divergences": 203, "with_max_treedepth_hits": 31} | (fared or {})
    # true values below all of 4 draws in 3 of 8, above all in 1 of 8
    ranked = [0, 0, 0, 4, 1, 2, 3, 2]
    rows = [
        {"model": "m", "simulation": k, "variable": name, "rank": r if name == "log_tau" else 1}
        for name in ("mu", "tau", "log_tau", "theta[A]")
        for k, r in enumerate(ranked)
    ]
    fits = pd.DataFrame({"model": "m", "simulation": range(1100), "thinned": True})
    return sentences(
        Calibration(pd.DataFrame(rows if ranks is None else ranks), fits, 4),
        {
            "uniformity": tests,
            "paired": pd.DataFrame(PAIRED | (paired or {})),
            "by_tau": pd.DataFrame({"model": "m", **cells}),
            "power": pd.DataFrame(powers),
            "fared": pd.DataFrame([of_model]),
        },
        settings,
        family,
    )


def test_sentences_have_the_numbers_of_their_tables():
    # to 0.8 in the logarithm of the number: six sevenths, or ten elevenths, of the way to 400
    by_band, usual, pairs = (25 * 16**share for share in (6 / 7, 10 / 11, 1 / 11))
    assert told() == [
        "1,100 data sets were simulated from the prior with these standard errors, and each model "
        "fitted to each (3 chains of 2,500 draws after 1,500 tuning steps, target_accept 0.87). "
        "Where a sampler is right, the rank of the truth among 4 of the draws is uniform.",
        "m: ranks are not uniform for log_tau (p = 0.0046), mu (p = 0.012), corrected for 6 tests. "
        "The true log_tau lies below all 4 ranked draws in 37.5 % of the simulations and above all "
        "in 12.5 %; right are 20.0 % each.",
        "The control, the truth's position in the exact posterior of the same data, is not seen to "
        "depart from uniform (smallest p = 0.23, corrected for 6 tests): nothing speaks against "
        "the simulation and the exact answer. It takes no part in ranking the truth among draws.",
        "m, each rank paired with the exact probability below the same truth, differs for 2 of 3 "
        "variables, most surely for log_tau (p = 0.0024, corrected for 3 tests): 2.3 percentage "
        "points less of the draws than of the exact posterior lie below the truth on average "
        "(standard error 0.6).",
        "m: 1,056 of 1,234 fits have fewer than 4 effective draws and could not be thinned to "
        "nearly independent ones (they are ranked all the same), 203 have divergences, 31 reached "
        "the largest tree depth, 17 failed.",
        "m is furthest off, of 2 ranges of the true tau, between 0.12 and 2.3: there its mean of "
        "log tau is too low by 0.46 exact posterior standard deviations on average (standard error "
        "0.03).",
        f"About {round(by_band, -1):.0f} simulations show m's fault four times in five by the band "
        "of the rank ECDF, all variables taken together; by the chi-square test of rank histograms "
        f"it takes about {round(usual, -1):.0f}.",
        f"Paired with exact positions, about {pairs:.0f} simulations show it, "
        f"{by_band / pairs:.2g} times fewer than by ranks alone.",
    ]


def test_truths_from_the_posterior_are_said_to_be(monkeypatch):
    monkeypatch.setitem(FIT_SETTINGS, "truths", "posterior")
    assert told()[0].startswith(
        "1,100 data sets were simulated from the exact posterior of these data with these standard "
        "errors, and each model fitted to each together with these data (3 chains"
    )


@pytest.mark.parametrize(("spread", "way"), [(0.0139, "narrow"), (-0.0139, "wide")])
def test_a_false_spread_is_told_as_one(spread, way):
    said = told(paired={"spread": [0.0023, spread, 0.0045]})
    # 2 pi sqrt(3) times 1.39 % and 0.12 %
    assert said[3].endswith(
        f"log_tau (p = 0.0024, corrected for 3 tests): its draws are about 15 % too {way} "
        "(standard error 1, as of a normal posterior)."
    )


def test_pairs_that_agree_say_what_shift_is_ruled_out():
    said = told(
        uniform={"m": [0.3, 0.4, 0.5]},
        paired={"p_corrected": [0.07, 0.3, 0.6], "right": [True] * 3},
    )
    assert (
        "no difference is seen for any variable (smallest p = 0.07, corrected for 3 tests; the "
        "mean shift is known to within 1.3 percentage points or better, two standard errors)"
    ) in said[3]
    assert not any("four times in five" in sentence for sentence in said)


def test_sentence_of_uniform_ranks_has_the_smallest_p_value():
    said = told(uniform={"m": [0.321, 0.0654, 0.987]}, paired={"right": [True] * 3})
    assert said[1] == (
        "m: no variable's ranks are seen to depart from uniform (smallest p = 0.065, corrected for "
        "6 tests)."
    )
    # ranks of one model may pass all its own tests' level, and not that of the whole table
    assert not any("four times in five" in sentence for sentence in said)


def test_models_of_which_the_same_is_true_share_a_sentence():
    models = ("m", "other", "third")
    tests = pd.DataFrame(
        {
            "source": [*models, "exact"],
            "fits": "all",
            "variable": "mu",
            "p_corrected": [0.7, 0.4, 0.012, 0.9],
            "uniform": [True, True, False, True],
        }
    )
    one = pd.DataFrame(PAIRED).iloc[:1]
    pairs = pd.concat([one.assign(source=m, right=m != "other", shift_se=0.001) for m in models])
    clean = {"simulations": 4, "failed": 0, "with_divergences": 0, "with_max_treedepth_hits": 0}
    poor = [{"model": m, **clean, "too_poor_to_thin": 2 * (m == "m")} for m in models]
    cells = {"tau_low": 0.1, "tau_high": 2.3, "error": 0.01, "error_se": 0.03}
    ranks = [
        {"model": m, "simulation": k, "variable": "mu", "rank": k} for m in models for k in (0, 1)
    ]
    fits = pd.DataFrame([{"model": m, "simulation": 0, "thinned": True} for m in models])
    power = {"source": "m", "simulations": 25, "variable": "any", "test": "ecdf", "power": 0.1}
    said = sentences(
        Calibration(pd.DataFrame(ranks), fits, 4),
        {
            "uniformity": tests,
            "paired": pairs,
            "by_tau": pd.DataFrame([{"model": m, **cells} for m in models]),
            "power": pd.DataFrame([power | {"source": m} for m in models]),
            "fared": pd.DataFrame(poor),
        },
        FIT_SETTINGS,
        NORMAL,
    )
    assert [sentence.partition(" ")[0] for sentence in said[1:]] == (
        ["m", "third:", "The", "other,", "m", "m:", "other"]
    )
    assert said[1].startswith("m and other: no variable's ranks are seen to depart from uniform")
    assert "(smallest p = 0.4, corrected for 4 tests)" in said[1]
    assert said[5].startswith("m and third, each rank paired")
    assert "known to within 0.2 percentage points" in said[5]
    assert said[7] == (
        "other and third: every fit has 4 effective draws or more; none has divergences, reached "
        "the largest tree depth or failed."
    )


def test_p_values_below_what_was_simulated_are_bounded():
    said = told(uniform={"m": [0.0011, 0.0009, 0.5], "exact": [0.03, 0.5, 0.6]})
    assert "log_tau (p < 0.001), mu (p = 0.0011), corrected" in said[1]
    assert "is not uniform: simulation or exact answer is at fault" in said[2]


def test_more_than_three_faults_are_counted():
    variables = ["mu", "log_tau", *(f"theta[{k}]" for k in range(4))]
    tests = pd.DataFrame(
        {
            "source": "m",
            "fits": "all",
            "variable": variables,
            "p_corrected": [0.04, 0.01, 0.02, 0.03, 0.035, 0.9],
            "uniform": [False] * 5 + [True],
        }
    )
    rows = {"model": "m", "simulation": 0, "variable": variables, "rank": 4}
    calibration = Calibration(
        pd.DataFrame(rows), pd.DataFrame({"model": ["m"], "simulation": 0, "thinned": True}), 4
    )
    paired = pd.DataFrame(PAIRED)[:0]
    tables = {"uniformity": tests, "paired": paired, "fared": pd.DataFrame()}
    tables["by_tau"] = pd.DataFrame([{"model": "m", "error": 0.0, "error_se": 0.1}])
    tables["power"] = pd.DataFrame({"source": [], "variable": [], "test": []})
    assert sentences(calibration, tables, FIT_SETTINGS, NORMAL)[1] == (
        "m: ranks are not uniform for log_tau (p = 0.01), theta[0] (p = 0.02), theta[1] (p = 0.03) "
        "and 2 more, corrected for 6 tests. The true log_tau lies below all 4 ranked draws in 0.0 "
        "% of the simulations and above all in 100.0 %; right are 20.0 % each."
    )


@pytest.mark.parametrize(
    "name, groups, design, held",
    [
        ("student", Summaries(PAIR, ONE, TWO, TWO), "standard deviations and sizes", ["sd", "n"]),
        ("binomial", Counts(PAIR, ONE, TWO), "numbers of trials", ["n"]),
        ("poisson", Rates(PAIR, ONE, TWO), "exposures", ["exposure"]),
        ("hypergeometric", TwoByTwo(PAIR, ONE, TWO, ONE, TWO), "sizes of the arms", ["n_treated"]),
    ],
)
def test_a_calibration_says_what_simulated_data_share_with_the_data(name, groups, design, held):
    family = FAMILIES[name]
    assert f"simulated from the prior with these {design}" in told(family=family)[0]
    posterior = told(family=family, settings=FIT_SETTINGS | {"truths": "posterior"})
    assert f"from the exact posterior of these data with these {design}" in posterior[0]
    simulated = family.simulate(groups, np.array([0.0, 1.0]), np.random.default_rng(1))
    for column in held:
        assert (getattr(simulated, column) == getattr(groups, column)).all()


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        (
            {"error": [0.1, 0.789]},
            "m is furthest off, of 2 ranges of the true tau, between 2.3 and 46: there its mean of "
            "log tau is too high by 0.79 exact posterior standard deviations on average (standard "
            "error 0.01).",
        ),
        ({"error": [math.nan, 0.789]}, "between 2.3 and 46: there its mean"),
        ({"error": [-0.129, 0.04]}, "too low by 0.13"),
        ({"error": [-1.0, 0.04], "error_se": [0.25, 0.01]}, None),
        ({"error": [-0.128, 0.04]}, None),  # four standard errors of 0.0321 are 0.1284
        ({"error": [math.nan, math.nan]}, None),
    ],
)
def test_furthest_off_is_told_beyond_four_standard_errors(errors, said):
    found = [sentence for sentence in told(by_tau=errors) if "furthest off" in sentence]
    if said is None:
        assert found == []
    else:
        assert said in found[0]


@pytest.mark.parametrize(
    ("power", "said"),
    [
        ({"ecdf": (0.2, 0.79), "histogram": (0.3, 0.85)}, None),
        (
            {"ecdf": (0.8, 0.9), "histogram": (0.3, 0.7)},
            "At most 25 simulations show m's fault four times in five by the band of the rank "
            "ECDF, all variables taken together.",
        ),
    ],
)
def test_power_is_told_as_far_as_it_was_reached(power, said):
    found = [sentence for sentence in told(power=power) if "four times in five" in sentence]
    assert found == ([] if said is None else [said])


# -- tables ------------------------------------------------------------------------------------


def few_ranks(count=60, draws=9, seed=8):
    """One model's ranks of three variables, some of them poor, and all that goes with them."""
    rng = np.random.default_rng(seed)
    names = ["mu", "tau", "log_tau", "theta[A]"]
    size = count * len(names)
    ranks = pd.DataFrame(
        {
            "model": "m",
            "simulation": np.repeat(np.arange(count), len(names)),
            "variable": names * count,
            "rank": rng.integers(0, draws + 1, size),
            "exact_cdf": rng.uniform(size=size),
            "mean": rng.normal(0, 1, size),
            "mcse_mean": rng.uniform(0.1, 0.4, size),
            "exact_mean": rng.normal(0, 1, size),
            "exact_sd": rng.uniform(0.5, 2, size),
        }
    )
    fits = pd.DataFrame(
        {
            "model": "m",
            "simulation": np.arange(count),
            "true_tau": np.exp(rng.normal(size=count)),
            "divergences": rng.integers(0, 3, count),
            "max_treedepth_hits": rng.integers(0, 2, count),
            "r_hat": rng.uniform(1, 1.02, count),
            "ess_bulk": rng.uniform(5, 500, count),
            "ess_tail": rng.uniform(5, 500, count),
            "thinned": rng.uniform(size=count) < 0.7,
            "reason": "",
        }
    )
    fits.loc[[3, 8], ["thinned", "reason"]] = [False, "sampling failed: x"]
    fits.loc[5, ["thinned", "reason"]] = [False, "ESS of 3"]
    return Calibration(ranks, fits, draws)


@pytest.fixture(scope="module")
def few():
    return few_ranks()


def ranks_of(calibration, variable):
    rows = calibration.ranks[calibration.ranks["variable"] == variable]
    return rows.sort_values("simulation")


def test_uniformity_has_each_variables_mean_position_and_p_value(few):
    rows = uniformity(few)
    every = rows[(rows["source"] == "m") & (rows["fits"] == "all")]
    assert list(every["variable"]) == ["mu", "log_tau", "theta[A]"]
    assert set(every["simulations"]) == {60}
    thin = few.fits["simulation"][few.fits["thinned"]]
    thinned = rows[(rows["source"] == "m") & (rows["fits"] == "thinned")]
    assert set(thinned["simulations"]) == {len(thin)}
    table = rows.set_index(["source", "fits", "variable"])
    rng = np.random.default_rng(1)
    below = rng.integers(0, 10, (4000, 60))[..., None] < np.arange(1, 10)
    counts = below.sum(axis=1)
    cuts = np.arange(1, 10) / 10

    def least_tail(counts):
        lower = stats.binom.cdf(counts, 60, cuts)
        upper = stats.binom.sf(counts - 1, 60, cuts)
        return np.minimum(lower, upper).min(axis=-1)

    null = least_tail(counts)
    for name in ("mu", "log_tau", "theta[A]"):
        r = ranks_of(few, name)["rank"].to_numpy()
        row = table.loc[("m", "all", name)]
        assert row["mean_position"] == pytest.approx((r.mean() + 0.5) / 10)
        seen = least_tail((r[:, None] < np.arange(1, 10)).sum(axis=0))
        p = np.mean(null <= seen * (1 + 1e-9))
        # simulated 4,000 times here and 50,000 there: 4 standard errors
        assert abs(row["p_value"] - p) < 4 * math.sqrt(p * (1 - p) / 4000) + 1e-3
        u = ranks_of(few, name)["exact_cdf"].to_numpy()
        position = table.loc[("exact", "all", name), "mean_position"]
        assert position == pytest.approx(np.mean((np.floor(10 * u) + 0.5) / 10))
        chosen = r[few.fits["thinned"].to_numpy()]
        row = table.loc[("m", "thinned", name)]
        assert row["mean_position"] == pytest.approx((chosen.mean() + 0.5) / 10)
    # Holm over the six rows of all fits, and over the three of thinned ones
    for fits, number in (("all", 6), ("thinned", 3)):
        rows = table.xs(fits, level="fits")
        assert len(rows) == number
        order = rows.sort_values("p_value")
        stepped = np.maximum.accumulate(order["p_value"] * np.arange(number, 0, -1)).clip(upper=1)
        np.testing.assert_allclose(order["p_corrected"], stepped)
    assert (table["uniform"] == (table["p_corrected"] >= 0.05)).all()


def test_ecdf_is_the_share_of_ranks_below_each_cut(few):
    lines = ecdf(few)
    line = lines[(lines["source"] == "m") & (lines["variable"] == "log_tau")]
    r = ranks_of(few, "log_tau")["rank"].to_numpy()
    expected = [np.mean(r < k) - k / 10 for k in range(11)]
    np.testing.assert_allclose(line["position"], np.arange(11) / 10)
    np.testing.assert_allclose(line["difference"], expected, atol=1e-12)
    assert (line["lower"] <= 0).all()
    assert (line["upper"] >= 0).all()
    assert line[["lower", "upper"]].iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [0, 0]]


def test_histogram_bins_hold_their_ranks(few):
    bins = histogram(few)
    rows = bins[(bins["source"] == "m") & (bins["variable"] == "mu")]
    r = ranks_of(few, "mu")["rank"].to_numpy()
    # of 60 simulations a tenth: six bins over ten ranks
    assert len(rows) == 6
    first = [0, 2, 4, 5, 7, 9, 10]
    counts = [np.sum((r >= a) & (r < b)) for a, b in itertools.pairwise(first)]
    assert rows["count"].tolist() == counts
    np.testing.assert_allclose(rows["left"], np.array(first[:-1]) / 10)
    np.testing.assert_allclose(rows["right"], np.array(first[1:]) / 10)
    width = np.diff(first) / 10
    np.testing.assert_allclose(rows["expected"], 60 * width)
    for low, high, share in zip(rows["lower"], rows["upper"], width, strict=True):
        inside = stats.binom.cdf(high, 60, share) - stats.binom.cdf(low - 1, 60, share)
        assert inside >= 1 - 0.05 / 6
        assert stats.binom.cdf(low - 1, 60, share) < 0.05 / 12 <= stats.binom.cdf(low, 60, share)
        assert stats.binom.sf(high, 60, share) <= 0.05 / 12 < stats.binom.sf(high - 1, 60, share)


def test_bounds_of_a_histogram_are_the_binomials_for_many_simulations_too():
    """So many that neither a half nor double the level would give the same bounds."""
    count = 4000
    numbers = np.arange(count)
    ranks = pd.DataFrame(
        {"model": "m", "simulation": numbers, "variable": "mu", "rank": numbers % 100}
        | {"exact_cdf": (numbers + 0.5) / count}
    )
    fits = pd.DataFrame({"model": "m", "simulation": numbers, "thinned": True})
    bins = histogram(Calibration(ranks, fits, 99)).query("source == 'm'")
    assert len(bins) == 20
    tail = 0.05 / 20 / 2
    for low, high in zip(bins["lower"], bins["upper"], strict=True):
        assert stats.binom.cdf(low - 1, count, 0.05) < tail <= stats.binom.cdf(low, count, 0.05)
        assert stats.binom.sf(high, count, 0.05) <= tail < stats.binom.sf(high - 1, count, 0.05)


def test_number_of_bins_follows_the_number_of_simulations():
    for count, bins in ((20, 5), (60, 6), (300, 10)):  # of ten ranks
        table = histogram(few_ranks(count))
        assert (table.groupby(["source", "variable"]).size() == bins).all()
    assert (histogram(few_ranks(300, 99)).groupby(["source", "variable"]).size() == 20).all()


def test_coverage_counts_ranks_in_the_middle(few):
    table = coverage(few)
    rows = table[(table["source"] == "m") & (table["variable"] == "theta[A]")]
    r = ranks_of(few, "theta[A]")["rank"].to_numpy()
    np.testing.assert_allclose(rows["nominal"], [0.2, 0.4, 0.6, 0.8, 1.0])
    for nominal, cover, low, high in rows[["nominal", "coverage", "lower", "upper"]].to_numpy():
        cut = round(10 * (1 - nominal) / 2)
        inside = int(np.sum((r >= cut) & (r <= 9 - cut)))
        assert cover == inside / 60
        bounds = stats.binomtest(inside, 60).proportion_ci(0.95, "exact")
        np.testing.assert_allclose([low, high], [bounds.low, bounds.high])
    none = few_ranks(12)
    none.ranks["rank"] = 0
    rows = coverage(none)[lambda t: (t["source"] == "m") & (t["nominal"] < 0.9)]
    assert (rows["coverage"] == 0).all()
    assert (rows["lower"] == 0).all()


def test_by_tau_averages_over_a_tenth_of_the_simulations(few):
    table = by_tau(few)
    true = few.fits["true_tau"].to_numpy()
    r = ranks_of(few, "log_tau").reset_index()
    order = np.argsort(true)
    offset = r["mean"] - r["exact_mean"]
    edges = np.quantile(true, np.linspace(0, 1, 11))
    np.testing.assert_allclose(table["tau_low"], edges[:-1])
    np.testing.assert_allclose(table["tau_high"], edges[1:])
    for k, row in enumerate(table.to_dict("records")):
        cell = order[6 * k : 6 * k + 6]
        assert row["simulations"] == 6
        assert row["thinned"] == pytest.approx(few.fits["thinned"][cell].mean())
        assert row["divergent"] == pytest.approx(np.mean(few.fits["divergences"][cell] >= 1))
        far = np.abs(offset[cell]) > 4 * r["mcse_mean"][cell]
        assert row["beyond_4"] == pytest.approx(far.mean())
        error = (offset / r["exact_sd"])[cell]
        assert row["error"] == pytest.approx(error.mean())
        assert row["error_se"] == pytest.approx(np.std(error, ddof=1) / math.sqrt(6))
        shift = ((r["rank"] + 0.5) / 10 - r["exact_cdf"])[cell]
        assert row["shift"] == pytest.approx(shift.mean())
        assert row["shift_se"] == pytest.approx(np.std(shift, ddof=1) / math.sqrt(6))


def test_how_fits_fared_is_counted(few):
    (row,) = fared(few).to_dict("records")
    fits, r = few.fits, ranks_of(few, "log_tau")
    z = (r["mean"] - r["exact_mean"]) / r["mcse_mean"]
    poor = [k for k in range(60) if not fits["thinned"][k] and k not in (3, 8)]
    assert row == {
        "model": "m",
        "simulations": 60,
        "failed": 2,
        "too_poor_to_thin": len(poor),
        "with_divergences": sum(fits["divergences"] != 0),
        "with_max_treedepth_hits": sum(fits["max_treedepth_hits"] != 0),
        "r_hat_above_1.01": sum(fits["r_hat"] > 1.01),
        "median_ess_bulk": np.median(fits["ess_bulk"]),
        "median_ess_tail": np.median(fits["ess_tail"]),
        "log_tau_beyond_z_4": sum(abs(z) > 4),
    }


@pytest.mark.parametrize(("count", "bins"), [(60, 10), (40, 8), (12, 2), (8, 2)])
def test_chi_square_of_a_histogram_is_scipys(count, bins):
    r = np.random.default_rng(count).integers(0, 10, (count, 2))
    found = _chi_square(count_below(r, 10), count, 10)
    ends = np.round(np.arange(bins + 1) * 10 / bins)
    for k in range(2):
        observed = np.histogram(r[:, k], ends - 0.5)[0]
        expected = count * np.diff(ends) / 10
        np.testing.assert_allclose(found[k], stats.chisquare(observed, expected).pvalue)


def test_power_at_the_whole_is_the_test_itself(few):
    table = power(few)
    assert set(table["simulations"]) == {25, 50, 60}
    whole = table[(table["simulations"] == 60) & (table["source"] == "m")]
    values = {
        "ecdf": null_distribution(60, 10, 20_000).p_value(
            count_below(few.rank_table("m").to_numpy(), 10)
        ),
        "histogram": _chi_square(count_below(few.rank_table("m").to_numpy(), 10), 60, 10),
    }
    for test, p in values.items():
        rows = whole[whole["test"] == test].set_index("variable")["power"]
        assert rows.to_dict() == {
            "any": float(min(p) < 0.05 / 3),
            "mu": float(p[0] < 0.05),
            "log_tau": float(p[1] < 0.05),
        }


def test_power_is_the_same_in_parts_as_at_once(few, monkeypatch):
    whole = power(few)
    # a variable at a time: 60 simulations, 9 cuts
    monkeypatch.setattr("partial_pooling.grading.power.MOST_AT_ONCE", 54)
    pd.testing.assert_frame_equal(power(few), whole)


def test_a_null_distribution_has_its_number_of_values_however_it_is_cut(monkeypatch):
    monkeypatch.setattr("partial_pooling.grading.uniformity.MOST_AT_ONCE", 100)
    assert null_distribution(31, 10, 25).statistic.size == 25  # 10 at once


def test_simulations_needed_are_interpolated_in_their_logarithm():
    curve = pd.DataFrame({"simulations": [10, 100, 1000], "power": [0.1, 0.6, 1.0]})
    curve = curve.assign(source="m", variable="any", test="ecdf")
    # halfway from 0.6 to 1
    assert simulations_needed(curve, "m") == pytest.approx(100 * math.sqrt(10))
    assert simulations_needed(curve.assign(power=[0.8, 0.9, 1]), "m") == 10
    assert math.isnan(simulations_needed(curve.assign(power=0.79), "m"))
    assert math.isnan(simulations_needed(curve, "other"))
    assert math.isnan(simulations_needed(curve, "m", test="histogram"))


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


def test_truths_from_the_posterior_ask_for_no_proper_prior_but_for_the_normal_family():
    flat = study({"mu": {"dist": "Flat"}}, truths="posterior")
    flat.check_calibration("x")
    of_counts = dict(flat.datasets)
    of_counts["x"] = of_counts["x"].model_copy(update={"family": "binomial"})
    with pytest.raises(InputError, match=r"calibration.truths: found posterior .* family is binom"):
        replace(flat, datasets=of_counts).check_calibration("x")


def test_more_ranked_draws_than_draws_are_refused():
    with pytest.raises(InputError, match=r"ranked_draws: found 99; allowed: at most .* 40"):
        study(draws=20, chains=2)
