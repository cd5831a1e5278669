"""Effect measures against published numbers and against a method without their formulas."""

import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy import stats

from partial_pooling.classical.estimates import classical_table, estimate
from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import (
    Correlations,
    Counts,
    Estimates,
    Rates,
    Summaries,
    TwoByTwo,
    TwoMeans,
)
from partial_pooling.data.measures import (
    MEASURES,
    UnusableGroupError,
    estimates_of,
    hedges_factor,
    measures_of,
)
from partial_pooling.data.reading import read_groups
from partial_pooling.errors import InputError

DATASETS = Path(__file__).parents[2] / "config" / "datasets"


def shipped(name, form, columns, **options):
    return read_groups(DATASETS / name, form, columns, **options)


def bcg(measure):
    columns = {
        "group": "trial",
        "events_treated": "cases_vaccinated",
        "n_treated": "vaccinated",
        "events_control": "cases_control",
        "n_control": "control",
    }
    return shipped("bcg_counts.csv", "two_by_two", columns, measure=measure)


@pytest.mark.parametrize(
    ("measure", "q", "pooled", "random"),
    [
        ("log_risk_ratio", 152.2330, (-0.4303, -0.5097, -0.3509), (-0.7141, -1.0644, -0.3638)),
        ("log_odds_ratio", 163.1649, (-0.4361, -0.5190, -0.3533), (-0.7474, -1.1242, -0.3706)),
        ("risk_difference", 276.4737, (-0.0009, -0.0014, -0.0005), (-0.0071, -0.0101, -0.0040)),
    ],
)
def test_bcg_trials_are_those_of_other_programs(measure, q, pooled, random):
    """Stata's metan, as the tests of metafor (R) quote it."""
    found = estimate(bcg(measure))
    assert found.heterogeneity.q == pytest.approx(q, abs=0.00006)
    for method, (mu, low, high) in (("complete_pooling", pooled), ("dersimonian_laird", random)):
        of_method = found.estimates[method]
        half = stats.norm.ppf(0.975) * of_method.mu_std_error
        ends = of_method.mu - half, of_method.mu + half
        assert (of_method.mu, *ends) == pytest.approx((mu, low, high), abs=0.00006)


def test_bcg_counts_are_the_risk_ratios_that_are_shipped_too():
    ratios = {"group": "trial", "estimate": "log_risk_ratio"}
    other = read_groups(DATASETS / "bcg_trials.csv", columns=ratios)
    found = bcg("log_risk_ratio")
    assert found.names == other.names
    np.testing.assert_allclose(found.estimate, other.estimate, atol=6e-7)
    np.testing.assert_allclose(found.std_error, other.std_error, atol=6e-7)


def test_stroke_care_has_the_standardized_differences_of_metafor():
    """As the tests of metafor quote escalc(measure="SMD") of dat.normand1999, its first four."""
    arms = [(f"{what}_treated", f"{what}_specialist") for what in ("mean", "sd", "n")]
    arms += [(f"{what}_control", f"{what}_routine") for what in ("mean", "sd", "n")]
    columns = {"group": "hospital", **dict(arms)}
    found = shipped("stroke_care.csv", "two_means", columns, measure="std_mean_difference")
    four = found.estimate[:4]
    np.testing.assert_allclose(four, [-0.3552, -0.3479, -2.3176, -1.8880], atol=0.00006)
    variance = found.std_error[:4] ** 2
    np.testing.assert_allclose(variance, [0.0131, 0.0645, 0.0458, 0.1606], atol=0.00006)
    found = shipped("stroke_care.csv", "two_means", columns, measure="mean_difference")
    assert found.estimate[:4].tolist() == [-20, -2, -55, -71]
    # Edinburgh: 155 stays of sd 47, 156 of sd 64
    assert found.std_error[0] == pytest.approx(math.hypot(47 / 155**0.5, 64 / 156**0.5), rel=1e-14)


def test_conscientiousness_has_the_mean_that_its_software_prints():
    """metafor's page on rma and lm: 0.12518, the mean of dat.molloy2014 with weights n - 3."""
    columns = {"group": "study", "r": "correlation", "n": "patients"}
    found = shipped("conscientiousness.csv", "correlations", columns, measure="fisher_z")
    mean = estimate(found).estimates["complete_pooling"].mu
    assert mean == pytest.approx(0.12518, abs=0.000006)
    # escalc(measure="ZCOR") in metafor's tests, from dat.mcdaniel1994
    z = estimates_of(Correlations(("a", "b"), np.array([0.62, 0.99]), np.array([15.0, 6])))
    np.testing.assert_allclose(z.estimate, [0.7250, 2.6467], atol=0.00006)
    np.testing.assert_allclose(z.std_error**2, [0.0833, 0.3333], atol=0.00006)


def test_shipped_counts_are_their_sources():
    """Totals of the tables: 267 of 1,739 rats (BDA 5.3), and of the arms of the catheter trials."""
    columns = {"group": "experiment", "events": "tumours", "n": "rats"}
    rats = shipped("rat_tumours.csv", "counts", columns)
    assert (len(rats), rats.events.sum(), rats.n.sum()) == (71, 267, 1739)
    assert (rats.events[-1], rats.n[-1]) == (4, 14)
    columns = {"group": "trial", "events": "infections", "exposure": "days"}
    days = shipped("catheter_days.csv", "rates", columns)
    assert (len(days), days.events.sum(), days.exposure.sum()) == (9, 77, 25605)
    columns = {
        "group": "trial",
        "events_treated": "infected_treated",
        "n_treated": "treated",
        "events_control": "infected_standard",
        "n_control": "standard",
    }
    trials = shipped("catheter_infections.csv", "two_by_two", columns)
    assert (len(trials), trials.events_treated.sum(), trials.events_control.sum()) == (18, 27, 87)
    assert ((trials.events_treated == 0) | (trials.events_control == 0)).sum() == 6


# -- variances by the delta method, with derivatives by differences: no formula of the code ----


def delta(function, values, variances):
    """Standard error of a function of independent numbers of these variances."""
    total = 0
    for k, variance in enumerate(variances):
        slope = mpmath.diff(lambda x, k=k: function(*values[:k], x, *values[k + 1 :]), values[k])
        total += slope**2 * variance
    return float(mpmath.sqrt(total))


LOG_ODDS = lambda p: mpmath.log(p / (1 - p))  # noqa: E731
OF_RISKS = {
    "log_odds_ratio": lambda p, q: LOG_ODDS(p) - LOG_ODDS(q),
    "log_risk_ratio": lambda p, q: mpmath.log(p) - mpmath.log(q),
    "risk_difference": lambda p, q: p - q,
}


@pytest.mark.parametrize("measure", OF_RISKS)
@pytest.mark.parametrize(
    ("table", "added"),
    [((3, 11, 9, 20), 0), ((0, 11, 9, 20), 0.5), ((3, 11, 20, 20), 0.5), ((0, 7, 0, 9), 0.5)],
)
def test_measures_of_two_arms_are_their_definitions(measure, table, added):
    """Correction: to all four cells, in the tables with a zero cell alone (escalc's only0)."""
    other = (1, 2, 1, 2)  # nothing is added here, whatever the first table has
    groups = TwoByTwo(("a", "b"), *np.array([table, other], dtype=float).T)
    found = estimates_of(groups, measure)
    for j, (cells, more) in enumerate(((table, added), (other, 0))):
        a, n, c, m = cells
        p = mpmath.mpf(a + more) / (n + 2 * more)
        q = mpmath.mpf(c + more) / (m + 2 * more)
        variances = [p * (1 - p) / (n + 2 * more), q * (1 - q) / (m + 2 * more)]
        function = OF_RISKS[measure]
        assert found.estimate[j] == pytest.approx(float(function(p, q)), rel=1e-12, abs=1e-14)
        assert found.std_error[j] == pytest.approx(delta(function, [p, q], variances), rel=1e-9)


def test_measures_of_one_arm_are_their_definitions():
    found = estimates_of(Counts(("a", "b", "c"), np.array([3.0, 0, 9]), np.array([11.0, 20, 9])))
    for j, (x, n) in enumerate(((3, 11), (0.5, 21), (9.5, 10))):
        p = mpmath.mpf(x) / n
        assert found.estimate[j] == pytest.approx(float(LOG_ODDS(p)), rel=1e-12)
        error = delta(LOG_ODDS, [p], [p * (1 - p) / n])
        assert found.std_error[j] == pytest.approx(error, rel=1e-9)
    found = estimates_of(Rates(("a", "b"), np.array([7.0, 0]), np.array([20.0, 3])))
    for j, (x, exposure) in enumerate(((7, 20), (0.5, 3))):
        rate = mpmath.mpf(x) / exposure
        assert found.estimate[j] == pytest.approx(float(mpmath.log(rate)), rel=1e-12)
        error = delta(mpmath.log, [rate], [rate / exposure])  # Poisson
        assert found.std_error[j] == pytest.approx(error, rel=1e-9)


def test_correction_is_the_one_that_is_asked_for():
    groups = Counts(("a", "b"), np.array([0.0, 2]), np.array([10.0, 10]))
    found = estimates_of(groups, correction=0.1)
    np.testing.assert_allclose(found.estimate, np.log([0.1 / 10.1, 2 / 8]), rtol=1e-14)
    with pytest.raises(UnusableGroupError, match=r"group 'a': found a zero count.*continuity_corr"):
        estimates_of(groups, correction=0)


@pytest.mark.parametrize("m", [2, 3, 10, 199, 200, 201, 500, 1e6, 2e15])
def test_hedges_factor_has_all_its_digits(m):
    with mpmath.workdps(60):
        half = mpmath.mpf(m) / 2
        gammas = mpmath.loggamma(half) - mpmath.loggamma(half - mpmath.mpf(1) / 2)
        exact = mpmath.exp(gammas) / mpmath.sqrt(half)
        assert hedges_factor(m) == pytest.approx(float(exact), rel=2e-13)


def test_estimates_are_what_they_are():
    groups = Estimates(("a", "b"), np.array([1.0, 2]), np.array([3.0, 4]))
    assert estimates_of(groups) is groups
    assert estimates_of(groups, "log_odds_ratio") is groups
    assert measures_of("estimates") == list(MEASURES)


@pytest.mark.parametrize(
    ("content", "form", "measure", "words"),
    [
        (
            "group,mean,sd,n\na,1,2,9\nb,1,2e-50,900\n",
            "summaries",
            "mean",
            "line 3, group 'b': found a standard error of 6.66667e-52 of the mean; allowed: a fini",
        ),
        (
            "group,mean_treated,sd_treated,n_treated,mean_control,sd_control,n_control\n"
            "a,1,2,9,1,2,9\nb,1e50,1,3,-1e50,1,3\n",
            "two_means",
            "mean_difference",
            "line 3, group 'b': found a mean difference of 2e+50; allowed: a finite number (from",
        ),
    ],
)
def test_estimates_out_of_range_are_told_with_file_line_and_group(
    tmp_path, content, form, measure, words
):
    file = tmp_path / "d.csv"
    file.write_text(content)
    with pytest.raises(InputError) as error:
        read_groups(file, form, measure=measure)
    assert str(error.value).startswith(f"{file}, {words}")


def test_every_form_has_a_measure_for_the_normal_family():
    for form in FORMS:
        assert measures_of(form)


def test_classical_estimates_of_counts_say_that_they_are_of_an_approximation():
    counts = Counts(("a", "b", "c"), np.array([0.0, 3, 9]), np.array([9.0, 11, 20]))
    table = classical_table(counts)
    assert set(table["data"]) == {"normal approximation"}
    of_estimates = classical_table(estimates_of(counts))
    assert "data" not in of_estimates
    assert table.drop(columns="data").equals(of_estimates)


def test_people_read_theta_on_a_scale_that_grows_with_it():
    theta = np.linspace(-3, 3, 7)
    for measure in MEASURES.values():
        if measure.reading:
            read = measure.reading.read(theta)
            assert (np.diff(read) > 0).all()
            np.testing.assert_allclose(measure.reading.write(read), theta, atol=1e-14)
    probability = MEASURES["logit"].reading.read(np.array([0.0, math.log(3)]))
    np.testing.assert_allclose(probability, [0.5, 0.75], rtol=1e-15)


def test_normal_approximation_of_summaries_is_their_mean():
    groups = Summaries(("a", "b"), np.array([1.0, 2]), np.array([6.0, 8]), np.array([9.0, 16]))
    assert estimates_of(groups).std_error.tolist() == [2, 2]
    assert estimates_of(groups).estimate.tolist() == [1, 2]


def test_mean_difference_is_of_treated_less_control():
    groups = TwoMeans(("a", "b"), *np.array([[5.0, 1], [2, 2], [4, 4], [3, 4], [2, 2], [4, 4]]))
    assert estimates_of(groups).estimate.tolist() == [2, -3]
