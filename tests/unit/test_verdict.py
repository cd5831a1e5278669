"""Verdicts over seeds: which setting to trust, what checks caught, how sure one can be."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from synthetic_results import THRESHOLDS

from partial_pooling.grading.verdict import (
    MORE_DRAWS,
    NONE,
    TRUST,
    accuracy,
    count_alarms,
    locate_divergences,
    verdict,
)

CELL = ["model", "target_accept", "seed", "draws"]


def study(settings, draws=(500, 1000), variables=("mu", "log_tau")):
    """Tables of a made-up study.

    `settings` maps (model, target_accept) to fits, a dict each with verdict and, where they differ
    from those of a good fit, other columns; at fewer draws every fit is one of too few draws.
    """
    fits, estimates = [], []
    for (model, accept), of_setting in settings.items():
        for seed, changes in enumerate(of_setting, 1):
            for count in draws:
                cell = {"model": model, "target_accept": accept, "seed": seed, "draws": count}
                row = {
                    **cell,
                    "divergences": 0,
                    "divergence_rate": 0.0,
                    "divergence_design_effect": math.nan,
                    **{f"divergent_q{k}": 0 for k in (1, 2, 3, 4)},
                    "draws_needed": 700.0,
                    "ess_per_1000_gradients": 10.0 + seed,
                    "alarms": "",
                    "verdict": "right",
                    **changes,
                }
                fits.append(row if count == max(draws) else row | {"verdict": "too few draws"})
                for variable in variables:
                    estimates.append(
                        {
                            **cell,
                            "variable": variable,
                            "bias": row.get("bias", 0.1 * seed),
                            "exact_sd": 2.0,
                            "error_mean": row.get("error_mean", 0.01),
                            "error_sd": 0.02,
                            "error_quantile": 0.003,
                            "honest": row["verdict"] != "wrong",
                            "p_honest": 1e-6 if row["verdict"] == "wrong" else 0.8,
                        }
                    )
    return pd.DataFrame(fits), pd.DataFrame(estimates)


GOOD, WRONG, FEW = {}, {"verdict": "wrong"}, {"verdict": "too few draws"}


def told(settings, **options):
    return verdict(*study(settings, **options), THRESHOLDS)


# -- settings ------------------------------------------------------------------------------------


def test_a_setting_is_as_good_as_its_worst_seed():
    words = told(
        {
            ("a", 0.8): [GOOD] * 5,
            ("a", 0.9): [GOOD] * 4 + [WRONG],
            ("a", 0.99): [GOOD] * 3 + [FEW] * 2,
        }
    )
    first, second, third = words["settings"]
    assert [s["trusted"] for s in words["settings"]] == [True, False, False]
    assert [s["right"] for s in words["settings"]] == [5, 4, 3]
    assert (second["wrong"], second["too_few_draws"]) == (1, 0)
    assert (third["wrong"], third["too_few_draws"]) == (0, 2)
    assert words["draws"] == 1000
    # what so many seeds can say, by SciPy
    for setting in (first, second, third):
        expected = stats.binomtest(setting["right"], 5).proportion_ci(method="exact")
        np.testing.assert_allclose(setting["right_interval"], [expected.low, expected.high])


def test_reasons_name_grade_variables_and_number_of_fits():
    words = told({("a", 0.8): [GOOD, WRONG | {"error_mean": 0.4}, {"error_mean": 0.2}]})
    reasons = {reason["check"]: reason for reason in words["settings"][0]["reasons"]}
    assert set(reasons) == {"error_mean", "honest"}
    assert reasons["error_mean"] == {
        "check": "error_mean",
        "fits": 2,
        "variables": ["mu", "log_tau"],
        "worst": 0.4,
        "allowed": 0.1,
    }
    assert (reasons["honest"]["fits"], reasons["honest"]["worst"]) == (1, 1e-6)


def test_reasons_are_those_of_the_settings_own_fits():
    far = {"error_mean": 0.4}
    words = told({("a", 0.8): [GOOD], ("a", 0.9): [far], ("b", 0.8): [far | WRONG]})
    reasons = [[reason["check"] for reason in s["reasons"]] for s in words["settings"]]
    assert reasons == [[], ["error_mean"], ["error_mean", "honest"]]


def test_costs_are_means_over_seeds_with_students_interval():
    cost = told({("a", 0.8): [GOOD] * 3})["settings"][0]["ess_per_1000_gradients"]
    expected = stats.ttest_1samp([11.0, 12, 13], 0).confidence_interval(0.95)
    np.testing.assert_allclose(
        [cost["value"], cost["low"], cost["high"]], [12, expected.low, expected.high]
    )
    alone = told({("a", 0.8): [GOOD]})["settings"][0]["ess_per_1000_gradients"]
    assert alone == {"value": 11.0, "low": None, "high": None}


# -- recommendation ------------------------------------------------------------------------------


def costing(*values):
    return [{"ess_per_1000_gradients": value} for value in values]


def test_the_cheapest_trusted_setting_is_recommended_beside_the_next():
    best = told(
        {
            ("a", 0.8): costing(10, 11, 12),
            ("b", 0.8): costing(50, 51, 52),
            ("b", 0.9): costing(40, 41, 42),
            ("c", 0.8): [row | WRONG for row in costing(90, 91, 92)],
        }
    )["recommendation"]
    assert (best["status"], best["model"], best["target_accept"]) == (TRUST, "b", 0.8)
    assert [(other["model"], other["target_accept"]) for other in best["next"]] == [
        ("b", 0.9),
        ("a", 0.8),
    ]
    assert best["cheaper_than_next"]


@pytest.mark.parametrize("seeds", [1, 3])
def test_costs_that_chance_can_make_differ_are_not_told_apart(seeds):
    best = told({("a", 0.8): costing(10, 14, 18)[:seeds], ("b", 0.8): costing(9, 15, 17)[:seeds]})
    assert not best["recommendation"]["cheaper_than_next"]


def test_draws_are_asked_for_where_that_is_all_that_lacks():
    best = told(
        {
            ("a", 0.8): [WRONG, WRONG],
            ("b", 0.8): [GOOD, FEW | {"draws_needed": 2500.0}],
        }
    )["recommendation"]
    assert (best["status"], best["model"]) == (MORE_DRAWS, "b")
    assert best["draws_needed"] == 2500


def test_no_setting_is_recommended_where_each_has_a_wrong_fit():
    best = told({("a", 0.8): [WRONG, WRONG, GOOD], ("b", 0.8): [WRONG, GOOD, GOOD]})[
        "recommendation"
    ]
    assert (best["status"], best["model"], best["right"]) == (NONE, "b", 2)


# -- alarms --------------------------------------------------------------------------------------


def test_verdicts_and_alarms_are_counted_together():
    rows = [("wrong", "r_hat"), ("wrong", ""), ("wrong", ""), ("right", "ebfmi"), ("right", "")]
    rows += [("right", "")] * 3 + [("too few draws", "ess_bulk ess_tail"), ("too few draws", "")]
    fits = pd.DataFrame(rows, columns=["verdict", "alarms"])
    assert count_alarms(fits) == {
        "caught": 1,
        "missed": 2,
        "few_alarm": 1,
        "few_quiet": 1,
        "false_alarm": 1,
        "quiet": 4,
    }


def test_alarms_are_counted_by_check_and_by_fit():
    words = told({("a", 0.8): [{"alarms": "r_hat ebfmi"}, {"alarms": "ebfmi"}, GOOD]})
    setting = words["settings"][0]
    assert {key: n for key, n in setting["alarms"].items() if n} == {"r_hat": 1, "ebfmi": 2}
    assert setting["fits_with_alarm"] == 2
    assert words["alarms"]["false_alarm"] == words["models"]["a"]["alarms"]["false_alarm"] == 2


# -- what it rests on ----------------------------------------------------------------------------


def test_it_says_which_grades_could_not_be_given():
    fits, estimates = study({("a", 0.8): [GOOD]})
    assert verdict(fits, estimates, THRESHOLDS)["rests_on"] == {
        "checks": ["error_mean", "error_sd", "error_quantile", "honest"],
        "undefined": {},
    }
    estimates.loc[estimates["variable"] == "mu", "error_sd"] = math.nan
    assert verdict(fits, estimates, THRESHOLDS)["rests_on"]["undefined"] == {"error_sd": ["mu"]}
    estimates[["error_mean", "error_sd", "error_quantile"]] = math.nan
    rests = verdict(fits.assign(verdict="no alarm"), estimates, THRESHOLDS)
    assert rests["rests_on"]["checks"][0] == "r_hat"
    assert rests["settings"][0]["trusted"]
    assert rests["recommendation"]["status"] == TRUST


# -- divergences ---------------------------------------------------------------------------------


def divergent(counts, effect=1.0):
    return {f"divergent_q{k}": n for k, n in enumerate(counts, 1)} | {
        "divergences": sum(counts),
        "divergence_rate": sum(counts) / 4000,
        "divergence_design_effect": effect if sum(counts) else math.nan,
    }


def test_divergences_are_tested_by_chi_square_over_the_design_effect():
    rows = [divergent((20, 10, 5, 5), 1.5), divergent((10, 10, 0, 20), 3.0), divergent((0,) * 4)]
    found = locate_divergences(pd.DataFrame(rows))
    observed = [30, 20, 5, 25]
    plain = stats.chisquare(observed).statistic
    # the design effect is that of all: variances of fits add
    np.testing.assert_allclose(found["p_value"], stats.chi2.sf(plain / 2.25, 3))
    np.testing.assert_allclose(found["by_quarter"], np.array(observed) / 80)


def test_too_few_divergences_are_not_tested():
    nothing = {"by_quarter": None, "p_value": None}
    assert locate_divergences(pd.DataFrame([divergent((0,) * 4)])) == nothing
    assert locate_divergences(pd.DataFrame([divergent((19, 0, 0, 0))])) == nothing
    assert locate_divergences(pd.DataFrame([divergent((30, 0, 0, 0), 2.0)])) == nothing
    assert locate_divergences(pd.DataFrame([divergent((20, 0, 0, 0))])) != nothing


def test_the_change_of_the_rate_is_paired_by_seed():
    low = [divergent((10 * k, 0, 0, 0)) for k in (4, 8, 12)]
    high = [divergent((10 * k, 0, 0, 0)) for k in (3, 6, 10)]
    model = told({("a", 0.8): low, ("a", 0.9): GOOD_ROWS, ("a", 0.99): high})["models"]["a"]
    divergences = model["divergences"]
    assert divergences["rate_by_target_accept"] == {"0.8": 0.02, "0.9": 0.0, "0.99": 190 / 12000}
    change = divergences["rate_change"]
    expected = stats.ttest_rel([30, 60, 100], [40, 80, 120]).confidence_interval(0.95)
    np.testing.assert_allclose(
        [change["value"], change["low"], change["high"]],
        np.array([-50 / 3, expected.low, expected.high]) / 4000,
    )
    assert (divergences["target_accept"], divergences["total"]) == (0.8, 240)
    assert told({("a", 0.8): low})["models"]["a"]["divergences"]["rate_change"] is None


GOOD_ROWS = [GOOD] * 3


def test_the_error_of_log_tau_is_in_exact_sds_at_the_lowest_target_accept():
    settings = {
        ("a", 0.9): [{"bias": 9.0}] * 3,
        ("a", 0.8): [{"bias": bias} for bias in (0.2, 0.4, 0.6)],
    }
    error = told(settings)["models"]["a"]["log_tau_error"]
    expected = stats.ttest_1samp([0.1, 0.2, 0.3], 0).confidence_interval(0.95)
    np.testing.assert_allclose(
        [error["value"], error["low"], error["high"]], [0.2, expected.low, expected.high]
    )


# -- accuracy over seeds -------------------------------------------------------------------------


def test_accuracy_over_seeds():
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
            "mcse_mean": [1.0, 1.0, 1.0, 3.0],
            "coverage_90": [0.9, 0.8, 0.9, 1.0],
        }
    )
    (row,) = accuracy(rows).to_dict("records")
    assert (row["seeds"], row["bias_mean"], row["exact_mean"]) == (4, 1, 2)
    np.testing.assert_allclose(row["bias_std_error"], np.std([1, -1, 3, 1], ddof=1) / 2)
    expected = stats.ttest_1samp([1.0, -1, 3, 1], 0).confidence_interval(0.95)
    np.testing.assert_allclose([row["bias_low"], row["bias_high"]], expected)
    np.testing.assert_allclose(row["rmse"], math.sqrt(12 / 4))
    np.testing.assert_allclose(row["mcse_mean"], math.sqrt(12 / 4))
    np.testing.assert_allclose(row["coverage_90"], 0.9)
    assert (row["share_z_above_2"], row["share_z_above_4"]) == (0.5, 0.25)
    np.testing.assert_allclose(row["expected_above_2"], 2 * stats.norm.sf(2))
    np.testing.assert_allclose(row["expected_above_4"], 2 * stats.norm.sf(4))
    order = list(row)
    first = order.index("bias_mean")
    assert order[first : first + 4] == ["bias_mean", "bias_std_error", "bias_low", "bias_high"]
    (pair,) = accuracy(rows.iloc[:2]).to_dict("records")
    assert pair["bias_std_error"] == pytest.approx(1)  # of 1 and -1
    (beyond,) = accuracy(rows.assign(z=[1.5, -2.5, 3.5, -5])).to_dict("records")
    assert (beyond["share_z_above_2"], beyond["share_z_above_4"]) == (0.75, 0.25)
    (lacking,) = accuracy(rows.assign(z=[1.0, math.nan, 3, 5])).to_dict("records")
    assert math.isnan(lacking["share_z_above_2"])
    (alone,) = accuracy(rows.iloc[:1]).to_dict("records")
    assert all(math.isnan(alone[name]) for name in ("bias_std_error", "bias_low", "bias_high"))
