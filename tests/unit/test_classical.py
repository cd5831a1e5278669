"""Classical estimates against brute force, and against formulas written another way."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from partial_pooling.classical.estimates import classical_table, estimate, theta_table
from partial_pooling.data.groups import Estimates
from partial_pooling.data.reading import read_groups
from partial_pooling.errors import InputError

METHODS = ["dersimonian_laird", "paule_mandel", "ml", "reml"]


def make_groups(y, sigma):
    names = tuple(f"g{j}" for j in range(len(y)))
    return Estimates(names, np.array(y, dtype=float), np.array(sigma, dtype=float))


SCHOOLS = make_groups([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])
# the same estimates, with a quarter of the standard errors: their differences are real
PRECISE = make_groups(SCHOOLS.estimate, SCHOOLS.std_error / 4)
# Viechtbauer (2005), Journal of Educational and Behavioral Statistics 30, examples 1 and 2:
# estimates and sampling variances of standardized mean differences
VIECHTBAUER_1 = make_groups(
    [-0.581, 0.530, 0.771, 1.031, 0.553, 0.295, 0.078, 0.573, -0.176, -0.232],
    np.sqrt([0.023, 0.052, 0.060, 0.115, 0.095, 0.203, 0.200, 0.211, 0.051, 0.040]),
)
VIECHTBAUER_2 = make_groups(
    [
        0.100, -0.162, -0.090, -0.049, -0.046, -0.010, -0.431, -0.261, 0.134,
        0.019, 0.175, 0.056, 0.045, 0.103, 0.121, -0.482, 0.290, 0.342,
    ],
    np.sqrt([
        0.016, 0.015, 0.050, 0.050, 0.032, 0.052, 0.036, 0.024, 0.034,
        0.033, 0.031, 0.034, 0.039, 0.167, 0.134, 0.096, 0.016, 0.035,
    ]),
)  # fmt: skip
# thirteen trials of the BCG vaccine (Colditz et al. 1994), rows a trial: tuberculosis yes and no
# among the vaccinated, yes and no among the others
BCG = np.array(
    [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13536, 248, 12619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87886, 499, 87892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50448, 141, 27197],
        [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ]
)
sick, well, sick_unvaccinated, well_unvaccinated = BCG.T
BCG_ODDS = make_groups(
    np.log(sick * well_unvaccinated / (well * sick_unvaccinated)), np.sqrt((1 / BCG).sum(axis=1))
)
BCG_RISKS = make_groups(
    np.log(sick / (sick + well) / (sick_unvaccinated / (sick_unvaccinated + well_unvaccinated))),
    np.sqrt(
        1 / sick
        - 1 / (sick + well)
        + 1 / sick_unvaccinated
        - 1 / (sick_unvaccinated + well_unvaccinated)
    ),
)
generator = np.random.default_rng(3)
UNEQUAL = make_groups(generator.normal(0, 4, 12), np.exp(generator.normal(0, 1.5, 12)))


def covariance(groups, tau2):
    return np.diag(groups.std_error**2 + tau2)


def log_likelihood(groups, tau2, restricted):
    """As densities: of y at the best mu, or of J - 1 contrasts of y, which know no mu."""
    y, matrix = groups.estimate, covariance(groups, tau2)
    if restricted:
        contrasts = np.diff(np.eye(len(y)), axis=0)
        return stats.multivariate_normal.logpdf(
            contrasts @ y, np.zeros(len(y) - 1), contrasts @ matrix @ contrasts.T
        )
    solved = optimize.minimize_scalar(
        lambda mu: -stats.norm.logpdf(y, mu, np.sqrt(np.diag(matrix))).sum(),
        bracket=(y.min(), y.max()),
    )
    return -solved.fun


@pytest.mark.parametrize("groups", [SCHOOLS, PRECISE, UNEQUAL], ids=["schools", "precise", "mixed"])
@pytest.mark.parametrize("restricted", [False, True], ids=["ml", "reml"])
def test_likelihood_is_highest_at_the_estimate(groups, restricted):
    tau = estimate(groups).estimates["reml" if restricted else "ml"].tau
    best = log_likelihood(groups, tau**2, restricted)
    for other in np.linspace(0, 30, 121):
        assert log_likelihood(groups, other**2, restricted) <= best + 1e-9
    if tau > 0:
        polished = optimize.minimize_scalar(
            lambda value: -log_likelihood(groups, value**2, restricted),
            bounds=(tau / 2, tau * 2),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert polished.x == pytest.approx(tau, rel=1e-5)


def test_highest_of_two_maxima_is_found():
    # precise groups that agree and two vague ones far apart: the lower tau fits better
    groups = make_groups([-0.04, 0.06, -0.02, 0.01, -0.01, 11.59, -7.56], [0.03] * 5 + [2.21] * 2)
    grid = np.geomspace(1e-3, 100, 300)
    for restricted in (False, True):
        heights = np.array([log_likelihood(groups, value**2, restricted) for value in grid])
        peaks = (heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])
        assert peaks.sum() == 2
        tau = estimate(groups).estimates["reml" if restricted else "ml"].tau
        best = log_likelihood(groups, tau**2, restricted)
        assert best == pytest.approx(heights.max(), abs=1e-3)
        assert best >= heights.max() - 1e-9


def test_restricted_likelihood_chooses_between_its_maxima_by_itself():
    """A little further apart, it prefers the wide maximum where the profile does the narrow."""
    groups = make_groups([-0.04, 0.06, -0.02, 0.01, -0.01, 13.44, -8.77], [0.03] * 5 + [2.21] * 2)
    reml = estimate(groups).estimates["reml"].tau
    narrow, wide = (
        optimize.minimize_scalar(
            lambda tau: -log_likelihood(groups, tau**2, restricted=True),
            bounds=bounds,
            method="bounded",
            options={"xatol": 1e-9},
        ).x
        for bounds in ((0.005, 0.2), (2, 20))
    )
    heights = {
        restricted: [log_likelihood(groups, tau**2, restricted) for tau in (narrow, wide)]
        for restricted in (False, True)
    }
    assert heights[True][1] > heights[True][0] + 0.1
    assert heights[False][1] < heights[False][0] - 0.1
    assert reml == pytest.approx(wide, rel=1e-5)


def test_eight_schools_have_no_more_spread_than_their_errors():
    result = estimate(SCHOOLS)
    weight = SCHOOLS.std_error**-2
    q = weight @ SCHOOLS.estimate**2 - (weight @ SCHOOLS.estimate) ** 2 / weight.sum()
    found = result.heterogeneity
    assert found.q == pytest.approx(q, rel=1e-12)
    assert found.q == pytest.approx(4.7, abs=0.05)
    assert found.degrees_of_freedom == 7
    # survival of chi-squared with 7 degrees of freedom: finite sum for odd degrees
    half = q / 2
    tail = math.erfc(math.sqrt(half)) + math.exp(-half) * sum(
        half ** (k - 0.5) / math.gamma(k + 0.5) for k in (1, 2, 3)
    )
    assert found.p_value == pytest.approx(tail, rel=1e-10)
    assert found.i_squared == 0
    assert found.h_squared == pytest.approx(q / 7)
    assert [result.estimates[method].tau for method in METHODS] == [0, 0, 0, 0]


def test_eight_schools_complete_pooling_is_the_published_one():
    # Gelman et al., BDA 3rd ed., section 5.5: pooled estimate 7.7, standard error 4.1
    pooled = estimate(SCHOOLS).estimates["complete_pooling"]
    assert pooled.mu == pytest.approx(7.7, abs=0.05)
    assert pooled.mu_std_error == pytest.approx(4.1, abs=0.05)
    assert np.all(pooled.theta == pooled.mu)
    assert pooled.theta_sd == pytest.approx(pooled.mu_std_error)


@pytest.mark.parametrize(
    ("groups", "published"),
    [
        (VIECHTBAUER_1, {"dersimonian_laird": 0.277, "ml": 0.197, "reml": 0.223, "eb": 0.192}),
        (VIECHTBAUER_2, {"dersimonian_laird": 0.013, "ml": 0.013, "reml": 0.016, "eb": 0.010}),
    ],
    ids=["example 1", "example 2"],
)
def test_tau_is_what_viechtbauer_2005_prints(groups, published):
    """Pages 271 and 272; Morris's empirical Bayes estimate (eb) is that of Paule and Mandel."""
    found = estimate(groups).estimates
    for method, tau2 in published.items():
        tau = found["paule_mandel" if method == "eb" else method].tau
        assert tau**2 == pytest.approx(tau2, abs=0.00051)


def test_i_squared_is_what_viechtbauer_2005_prints():
    """His I^2 from the DerSimonian-Laird tau^2 is (Q - df) / Q: 80.44 % and 27.53 %."""
    for groups, i_squared, h_squared in (
        (VIECHTBAUER_1, 0.8044, 5.11),
        (VIECHTBAUER_2, 0.2753, 1.38),
    ):
        found = estimate(groups).heterogeneity
        assert found.i_squared == pytest.approx(i_squared, abs=0.00005)
        assert found.h_squared == pytest.approx(h_squared, abs=0.005)
        assert found.p_value == pytest.approx(stats.chi2.sf(found.q, len(groups) - 1), rel=1e-9)


def test_odds_ratios_of_bcg_are_those_of_van_houwelingen_2002():
    """Statistics in Medicine 21, pages 596 to 599: pooled 0.647, ML 0.476 with tau^2 0.302."""
    found = estimate(BCG_ODDS).estimates
    assert math.exp(found["complete_pooling"].mu) == pytest.approx(0.647, abs=0.0005)
    ml = found["ml"]
    assert ml.tau**2 == pytest.approx(0.302, abs=0.0005)
    ends = np.exp(ml.mu + np.array([-1.96, 0, 1.96]) * ml.mu_std_error)
    np.testing.assert_allclose(ends, [0.336, 0.476, 0.675], atol=0.0006)
    # his interval for a new trial leaves out what is not known of mu, and has no t
    assert ml.mu + 1.96 * ml.tau == pytest.approx(0.336, abs=0.001)
    lower, upper = ml.prediction
    assert lower < -1.820
    assert upper > 0.336
    reach = stats.t(11).ppf(0.975) * math.sqrt(ml.tau**2 + ml.mu_std_error**2)
    assert (upper - lower) / 2 == pytest.approx(reach, rel=1e-12)


def test_risk_ratios_of_bcg_are_those_of_other_programs():
    """Stata's metan, as the tests of metafor (R) quote it: Q 152.2330, pooled and DL."""
    found = estimate(BCG_RISKS)
    assert found.heterogeneity.q == pytest.approx(152.2330, abs=0.00006)
    assert found.heterogeneity.degrees_of_freedom == 12
    assert found.heterogeneity.i_squared == pytest.approx(1 - 12 / 152.2330, abs=1e-6)
    for method, mu, low, high in (
        ("complete_pooling", -0.4303, -0.5097, -0.3509),
        ("dersimonian_laird", -0.7141, -1.0644, -0.3638),
    ):
        of_method = found.estimates[method]
        assert of_method.mu == pytest.approx(mu, abs=0.00006)
        half = stats.norm.ppf(0.975) * of_method.mu_std_error
        assert (of_method.mu - half, of_method.mu + half) == pytest.approx((low, high), abs=0.0001)


def test_shipped_bcg_trials_are_these_risk_ratios():
    path = Path(__file__).parents[2] / "config" / "datasets" / "bcg_trials.csv"
    shipped = read_groups(path, columns={"group": "trial", "estimate": "log_risk_ratio"})
    np.testing.assert_allclose(shipped.estimate, BCG_RISKS.estimate, atol=6e-7)
    np.testing.assert_allclose(shipped.std_error, BCG_RISKS.std_error, atol=6e-7)


@pytest.mark.parametrize("groups", [VIECHTBAUER_1, VIECHTBAUER_2, BCG_RISKS])
def test_likelihoods_have_the_maximum_that_a_general_optimizer_finds(groups):
    """Both arguments free, no score, no profile; the restricted one by contrasts of y."""
    spread = np.ptp(groups.estimate)

    def minus(arguments):
        mu, log_tau = arguments
        scale = np.sqrt(groups.std_error**2 + math.exp(2 * log_tau))
        return -stats.norm.logpdf(groups.estimate, mu, scale).sum()

    best = optimize.minimize(
        minus,
        [0, math.log(spread / 4)],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-13},
    )
    found = estimate(groups).estimates
    assert found["ml"].mu == pytest.approx(best.x[0], abs=1e-6)
    assert found["ml"].tau == pytest.approx(math.exp(best.x[1]), rel=1e-5)
    restricted = optimize.minimize_scalar(
        lambda log_tau: -log_likelihood(groups, math.exp(2 * log_tau), restricted=True),
        bounds=(math.log(spread / 50), math.log(2 * spread)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert found["reml"].tau == pytest.approx(math.exp(restricted.x), rel=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_empirical_bayes_is_the_mean_and_sd_of_draws_given_tau(method):
    """Given tau, by conditioning: mu, then theta; 200,000 draws, 5 standard errors.

    Ten groups, two numbers each, four methods: a false alarm once in 20,000 runs.
    """
    groups, count = VIECHTBAUER_1, 200_000
    found = estimate(groups).estimates[method]
    random = np.random.default_rng(20)
    weight = 1 / (groups.std_error**2 + found.tau**2)
    mu = random.normal(np.average(groups.estimate, weights=weight), weight.sum() ** -0.5, count)
    for j, (y, error) in enumerate(zip(groups.estimate, groups.std_error, strict=True)):
        precision = error**-2 + found.tau**-2
        mean = (y / error**2 + mu / found.tau**2) / precision
        theta = random.normal(mean, precision**-0.5)
        assert theta.mean() == pytest.approx(found.theta[j], abs=5 * theta.std() / count**0.5)
        assert theta.std() == pytest.approx(found.theta_sd[j], rel=5 / (2 * count) ** 0.5)


def test_dersimonian_laird_is_its_textbook_formula():
    weight = PRECISE.std_error**-2
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    result = estimate(PRECISE)
    expected = (result.heterogeneity.q - 7) / scale
    assert result.estimates["dersimonian_laird"].tau ** 2 == pytest.approx(expected, rel=1e-12)
    assert result.heterogeneity.i_squared == pytest.approx(1 - 7 / result.heterogeneity.q)


@pytest.mark.parametrize("groups", [PRECISE, UNEQUAL], ids=["precise", "mixed"])
def test_paule_mandel_brings_q_to_its_degrees_of_freedom(groups):
    tau = estimate(groups).estimates["paule_mandel"].tau
    inverse = np.linalg.inv(covariance(groups, tau**2))
    mu = inverse.sum(axis=0) @ groups.estimate / inverse.sum()
    residual = groups.estimate - mu
    assert tau > 0
    assert residual @ inverse @ residual == pytest.approx(len(groups) - 1, rel=1e-10)


def test_methods_agree_when_errors_are_equal():
    y, error = np.array([1.0, 4, 6, 13, 20]), 2.0
    result = estimate(make_groups(y, np.full(5, error)))
    unbiased = math.sqrt(y.var(ddof=1) - error**2)
    for method in ("dersimonian_laird", "paule_mandel", "reml"):
        assert result.estimates[method].tau == pytest.approx(unbiased, rel=1e-10)
    assert result.estimates["ml"].tau == pytest.approx(math.sqrt(y.var() - error**2), rel=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_theta_follows_from_regression_on_known_covariances(method):
    # theta and mu as one linear model: y measures theta, theta - mu = 0 is measured with sd tau
    found = estimate(PRECISE).estimates[method]
    count = len(PRECISE)
    design = np.block(
        [[np.eye(count), np.zeros((count, 1))], [np.eye(count), -np.ones((count, 1))]]
    )
    precision = np.concatenate([PRECISE.std_error**-2, np.full(count, found.tau**-2)])
    inverse = np.linalg.inv(design.T @ (precision[:, None] * design))
    solution = inverse @ design.T @ (precision * np.append(PRECISE.estimate, np.zeros(count)))
    assert found.theta == pytest.approx(solution[:-1], rel=1e-9)
    assert found.theta_sd == pytest.approx(np.sqrt(np.diag(inverse))[:-1], rel=1e-9)
    assert found.mu == pytest.approx(solution[-1], rel=1e-9)
    assert found.mu_std_error == pytest.approx(math.sqrt(inverse[-1, -1]), rel=1e-9)
    reach = stats.t.ppf(0.975, count - 2) * math.hypot(found.tau, found.mu_std_error)
    assert found.prediction == pytest.approx((found.mu - reach, found.mu + reach))


def test_two_groups_have_no_prediction_interval():
    assert np.isnan(estimate(make_groups([0, 9], [1, 2])).estimates["reml"].prediction).all()


def test_one_group_is_refused():
    with pytest.raises(InputError, match="found 1; allowed: 2 or more"):
        estimate(make_groups([0], [1]))


@pytest.mark.parametrize("offset", [0, 1e6])
@pytest.mark.parametrize("error", [1e-3, 1e3])
def test_identical_estimates_have_no_spread_whatever_their_size(offset, error):
    result = estimate(make_groups(np.full(4, offset), np.full(4, error)))
    assert result.heterogeneity.q == pytest.approx(0, abs=1e-12)
    assert all(result.estimates[method].tau == 0 for method in METHODS)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-50, 50), st.floats(-4, 4)), min_size=2, max_size=12
    ),
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e3),
)  # fmt: skip
def test_shifting_and_scaling_data_shifts_and_scales_estimates(pairs, shift, factor):
    y, logs = np.array(pairs).T
    before = estimate(make_groups(y, np.exp(logs)))
    after = estimate(make_groups(y * factor + shift, np.exp(logs) * factor))
    size = np.ptp(y) + np.exp(logs).max() + abs(shift) / factor
    assert after.heterogeneity.q == pytest.approx(before.heterogeneity.q, rel=1e-6, abs=1e-6)
    # a spread that is 0 but for rounding has a tau of the root of that rounding
    slack = 1e-5 * size
    for method in ("complete_pooling", "dersimonian_laird", "paule_mandel"):
        old, new = before.estimates[method], after.estimates[method]
        assert new.tau == pytest.approx(old.tau * factor, rel=1e-6, abs=slack * factor)
        assert new.mu == pytest.approx(old.mu * factor + shift, abs=slack * factor)


def test_tables_are_tidy():
    table, theta = classical_table(PRECISE), theta_table(PRECISE)
    assert list(table.columns) == [
        "method", "tau", "mu", "mu_std_error", "prediction_lower", "prediction_upper",
    ]  # fmt: skip
    assert list(table["method"]) == ["no_pooling", "complete_pooling", *METHODS]
    assert list(theta.columns) == ["method", "group", "theta", "theta_sd"]
    assert len(theta) == 6 * 8
    # each row of both tables is what its method says
    for method, of_method in estimate(PRECISE).estimates.items():
        (row,) = table[table["method"] == method].itertuples()
        assert row.tau == of_method.tau
        given = theta[theta["method"] == method]
        assert list(given["group"]) == list(PRECISE.names)
        if method == "no_pooling":
            continue
        weight = 1 / (PRECISE.std_error**2 + row.tau**2)
        assert row.mu == pytest.approx(np.average(PRECISE.estimate, weights=weight))
        assert row.mu_std_error == pytest.approx(weight.sum() ** -0.5)
        half = stats.t(6).ppf(0.975) * math.hypot(row.tau, row.mu_std_error)
        assert row.prediction_lower == pytest.approx(row.mu - half)
        assert row.prediction_upper == pytest.approx(row.mu + half)
        pooling = PRECISE.std_error**2 * weight
        expected = pooling * row.mu + (1 - pooling) * PRECISE.estimate
        np.testing.assert_allclose(given["theta"], expected, rtol=1e-9)
        variance = (1 - pooling) * PRECISE.std_error**2 + pooling**2 / weight.sum()
        np.testing.assert_allclose(given["theta_sd"], np.sqrt(variance), rtol=1e-9)
    unpooled = theta[theta["method"] == "no_pooling"]
    assert np.all(unpooled["theta"].to_numpy() == PRECISE.estimate)
    assert np.all(unpooled["theta_sd"].to_numpy() == PRECISE.std_error)
