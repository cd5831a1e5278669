"""Prior against data: p-values that are right, and uniform where data come from the prior."""

import math

import numpy as np
import pytest
from scipy import stats

from partial_pooling.data.groups import Estimates
from partial_pooling.grading.agreement import (
    LOCATION,
    SPREAD,
    conflicts,
    prior_data_agreement,
)
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.report.agreement import agreement_words
from partial_pooling.words import fixed

SITES = Estimates(tuple("ABCDEF"), np.array([121.0, 135, 128, 142, 131, 138]), np.full(6, 3.0))
UNEVEN = Estimates(tuple("abcd"), np.array([1.0, 4, -2, 9]), np.array([0.1, 5, 2, 1]))


def prior(mu=("Normal", {"mu": 0, "sigma": 5}), tau=("HalfCauchy", {"beta": 5})):
    return parse_hyperprior({"mu": {"dist": mu[0], **mu[1]}, "tau": {"dist": tau[0], **tau[1]}})


def brute_force(groups, m0, s0, tau_density, highest):
    """Both p-values by a fine grid over tau and numerical linear algebra, no formula of ours.

    The contrasts are differences from the last estimate. The joint distribution of the plain mean
    and the contrasts given tau is normal; Q's tail is that of a sum of chi-squares weighted by the
    eigenvalues of its form, by SciPy's quadrature of Imhof's integral.
    """
    y, variance = groups.estimate, groups.std_error**2
    count = len(y)
    tau = np.expm1(np.linspace(0, np.log1p(highest), 1201))[1:]
    weight = np.gradient(tau) * tau_density(tau)
    weight /= weight.sum()
    differences = np.hstack([np.eye(count - 1), -np.ones((count - 1, 1))])
    transform = np.vstack([np.full(count, 1 / count), differences])
    likelihood, below = np.empty_like(tau), np.empty_like(tau)
    for i, t in enumerate(tau):
        covariance = np.diag(variance + t**2) + s0**2
        mean, covariance = transform @ np.full(count, m0), transform @ covariance @ transform.T
        observed = transform @ y
        rest = covariance[1:, 1:]
        likelihood[i] = stats.multivariate_normal(mean[1:], rest).pdf(observed[1:])
        gain = np.linalg.solve(rest, covariance[1:, 0])
        center = mean[0] + gain @ (observed[1:] - mean[1:])
        spread = math.sqrt(covariance[0, 0] - gain @ covariance[1:, 0])
        below[i] = stats.norm.cdf(observed[0], center, spread)
    given = weight * likelihood
    u = float(given @ below / given.sum())
    return 2 * min(u, 1 - u), tau, weight


@pytest.mark.parametrize("groups", [SITES, UNEVEN], ids=["sites", "uneven"])
@pytest.mark.parametrize("sigma", [20.0, pytest.param(60.0, marks=pytest.mark.slow)])
def test_location_is_the_conditional_prior_predictive(groups, sigma):
    # a light-tailed prior, so that the grid reaches all of it
    p = prior(("Normal", {"mu": 10, "sigma": sigma}), ("HalfNormal", {"sigma": 8}))
    expected, *_ = brute_force(groups, 10.0, sigma, stats.halfnorm(scale=8).pdf, 80)
    found = prior_data_agreement(groups, p)
    np.testing.assert_allclose(found.location.p_value, expected, rtol=2e-3)


def cochran(y, std_error):
    weights = std_error**-2
    mean = (weights * y).sum(axis=-1, keepdims=True) / weights.sum()
    return (weights * (y - mean) ** 2).sum(axis=-1)


@pytest.mark.parametrize(
    ("tau", "sample"),
    [
        (("HalfCauchy", {"beta": 5}), lambda r, n: 5 * np.abs(r.standard_cauchy(n))),
        (("HalfNormal", {"sigma": 1}), lambda r, n: np.abs(r.normal(0, 1, n))),
        (("Exponential", {"scale": 2}), lambda r, n: r.exponential(2, n)),
        (("Uniform", {"lower": 1, "upper": 3}), lambda r, n: r.uniform(1, 3, n)),
        (("LogNormal", {"mu": 0, "sigma": 1}), lambda r, n: r.lognormal(0, 1, n)),
        (("HalfStudentT", {"nu": 3, "sigma": 2}), lambda r, n: 2 * np.abs(r.standard_t(3, n))),
    ],
)
@pytest.mark.parametrize("groups", [SITES, UNEVEN], ids=["sites", "uneven"])
def test_spread_is_the_prior_predictive_of_cochrans_q(groups, tau, sample):
    # 200,000 simulations: the share has a standard error of at most 0.0011; five of them
    rng = np.random.default_rng(1)
    drawn = sample(rng, 200_000)[:, None]
    sd = np.hypot(drawn, groups.std_error)
    q = cochran(rng.standard_normal(sd.shape) * sd, groups.std_error)
    above = np.mean(q >= cochran(groups.estimate, groups.std_error))
    found = prior_data_agreement(groups, prior(tau=tau)).spread
    assert abs(found.p_value - 2 * min(above, 1 - above)) < 2 * 5 * 0.0012
    assert found.too_large == (above < 0.5)


def test_equal_errors_have_a_chi_square():
    # given tau, Q is a chi-square times (sigma^2 + tau^2) / sigma^2: average it by quadrature
    found = prior_data_agreement(SITES, prior(tau=("HalfNormal", {"sigma": 2}))).spread
    q = cochran(SITES.estimate, SITES.std_error)
    tau = np.linspace(0, 25, 200_001)
    above = stats.chi2.sf(q * 9 / (9 + tau**2), 5) * stats.halfnorm(scale=2).pdf(tau)
    expected = 2 * np.trapezoid(above, tau)
    np.testing.assert_allclose(found.p_value, expected, rtol=1e-7)


@pytest.mark.parametrize(
    ("std_error", "tau"),
    [
        (np.array([15.0, 10, 16, 11, 9, 11, 10, 18]), ("HalfCauchy", {"beta": 5})),
        (np.array([1.0, 8.0]), ("HalfNormal", {"sigma": 3})),
    ],
)
@pytest.mark.parametrize("replicates", [40, pytest.param(120, marks=pytest.mark.slow)])
def test_p_values_are_uniform_where_data_come_from_the_prior(std_error, tau, replicates):
    # Kolmogorov's test of each p-value: exact for any number of data sets, a false alarm in 10,000
    rng = np.random.default_rng(3)
    count, names = len(std_error), tuple(f"g{k}" for k in range(len(std_error)))
    p_values = []
    for _ in range(replicates):
        t = 5 * abs(rng.standard_cauchy()) if tau[0] == "HalfCauchy" else abs(rng.normal(0, 3))
        y = (
            rng.normal(0, 5)
            + t * rng.standard_normal(count)
            + std_error * rng.standard_normal(count)
        )
        found = prior_data_agreement(Estimates(names, y, std_error), prior(tau=tau))
        p_values.append((found.location.p_value, found.spread.p_value))
    for name, column in zip((LOCATION, SPREAD), np.transpose(p_values), strict=True):
        assert stats.kstest(column, "uniform").pvalue > 1e-4, name


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_units_do_not_matter(scale):
    scaled = Estimates(SITES.names, SITES.estimate * scale, SITES.std_error * scale)
    here = prior_data_agreement(SITES, prior())
    there = prior_data_agreement(
        scaled,
        prior(("Normal", {"mu": 0, "sigma": 5 * scale}), ("HalfCauchy", {"beta": 5 * scale})),
    )
    for name in (LOCATION, SPREAD):
        one, other = getattr(here, name), getattr(there, name)
        np.testing.assert_allclose(other.p_value, one.p_value, rtol=1e-7)
    np.testing.assert_allclose(there.data_mean, here.data_mean * scale)


# -- what is said --------------------------------------------------------------------------------


def told(groups, p):
    return agreement_words(prior_data_agreement(groups, p).as_dict(), 0.01, fixed(0))


def test_sites_in_other_units_than_the_prior_conflict():
    # six sites of 121 to 142 under Normal(0, 5): given their differences 1e-8
    found = prior_data_agreement(SITES, prior())
    assert 1e-9 < found.location.p_value < 1e-7
    assert found.spread.p_value > 0.5
    assert conflicts(found.as_dict(), 0.01) == [LOCATION]
    assert conflicts(found.as_dict(), 0.0) == []
    # the normal's 97.5 % point times 5; the sites' mean, their errors being equal
    np.testing.assert_allclose(found.prior_reach, stats.norm.ppf(0.975) * 5)
    np.testing.assert_allclose(found.data_mean, SITES.estimate.mean())
    words = told(SITES, prior())
    assert words.startswith(
        "The prior expects μ within 10 of 0 (95 %), the data say 132 (p = 1.4e−08)."
    )


def test_spreads_conflict_in_both_directions():
    wide = told(SITES, prior(("Normal", {"mu": 130, "sigma": 50}), ("HalfNormal", {"sigma": 0.1})))
    assert "The groups lie further apart than the prior of τ expects" in wide
    close = Estimates(tuple("abcdefgh"), np.linspace(1, 1.2, 8), np.full(8, 1.0))
    words = told(close, prior(tau=("Uniform", {"lower": 50, "upper": 100})))
    assert (
        "The groups lie closer together than the prior of τ expects, which has τ in 51 to 99"
        in words
    )


def test_no_conflict_is_told_with_the_p_values(eight_schools, default_prior):
    found = prior_data_agreement(eight_schools, default_prior)
    assert conflicts(found.as_dict(), 0.01) == []
    words = told(eight_schools, default_prior)
    assert words == (
        f"Prior and data: no conflict found (location p = {found.location.p_corrected:.2f}, "
        f"spread p = {found.spread.p_corrected:.2f}, corrected; a conflict is below 0.01)."
    )


def test_checks_of_a_normal_approximation_say_so(eight_schools, default_prior):
    found = prior_data_agreement(eight_schools, default_prior).as_dict()
    words = agreement_words(found, 0.01, fixed(0), approximated=True)
    assert words.endswith("below 0.01). This check is of the normal approximation of the data.")
    for check in (found["location"], found["spread"]):
        check |= {"p_value": None, "undefined": "of a reason"}
    assert "approximation" not in agreement_words(found, 0.01, fixed(0), approximated=True)


def test_a_conflict_is_told_by_the_p_value_that_decides():
    found = prior_data_agreement(SITES, prior(("Normal", {"mu": 110, "sigma": 7}))).as_dict()
    found["location"] |= {"p_value": 0.006, "p_corrected": 0.012}
    assert "location p = 0.012" in agreement_words(found, 0.01, fixed(0))


def test_what_cannot_be_resolved_is_not_defined(monkeypatch):
    equal = Estimates(("a", "b", "c"), np.full(3, 2.0), np.array([1.0, 2, 3]))
    assert prior_data_agreement(equal, prior()).spread.undefined == "the estimates are all equal"

    def fail(*_):
        raise ArithmeticError

    monkeypatch.setattr("partial_pooling.classical.cochran.CochranTails.logs", fail)
    assert "could not be resolved" in prior_data_agreement(SITES, prior()).spread.undefined


def test_improper_priors_are_not_asked():
    flat = prior(("Flat", {}))
    found = prior_data_agreement(SITES, flat)
    assert found.location.p_value is None
    assert found.spread.p_corrected == found.spread.p_value
    assert "Whether the prior of μ fits cannot be asked: a Flat prior" in told(SITES, flat)
    half_flat = prior(tau=("HalfFlat", {}))
    found = prior_data_agreement(SITES, half_flat)
    assert found.spread.p_value is None
    assert found.location.p_value < 1e-3
    two = Estimates(("a", "b"), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    assert "too few groups tell of τ" in told(two, half_flat)
    alone = prior_data_agreement(Estimates(("a",), np.array([3.0]), np.array([1.0])), prior())
    assert alone.spread.undefined == "one group has no spread"


def test_corrected_for_two_checks():
    found = prior_data_agreement(UNEVEN, prior())
    smaller = min(found.location.p_value, found.spread.p_value)
    assert min(found.location.p_corrected, found.spread.p_corrected) == min(1, 2 * smaller)


@pytest.mark.parametrize(
    ("spec", "distribution"),
    [
        ({"dist": "HalfCauchy", "beta": 5}, stats.halfcauchy(scale=5)),
        ({"dist": "HalfNormal", "sigma": 2}, stats.halfnorm(scale=2)),
        ({"dist": "Uniform", "lower": 1, "upper": 4}, stats.uniform(1, 3)),
        ({"dist": "Exponential", "scale": 3}, stats.expon(scale=3)),
        ({"dist": "LogNormal", "mu": 1, "sigma": 0.5}, stats.lognorm(0.5, scale=math.e)),
    ],
)
def test_quantiles_of_priors_are_scipys(spec, distribution):
    tau = parse_hyperprior({"mu": {"dist": "Flat"}, "tau": spec}).tau
    for p in (0.025, 0.5, 0.975):
        np.testing.assert_allclose(tau.quantile(p), distribution.ppf(p), rtol=1e-9)
    t = parse_hyperprior(
        {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfStudentT", "nu": 3, "sigma": 2}}
    )
    np.testing.assert_allclose(stats.t(3, scale=2).cdf(t.tau.quantile(0.9)), 0.95)
    assert math.isnan(
        parse_hyperprior({"mu": {"dist": "Flat"}, "tau": {"dist": "HalfFlat"}}).tau.quantile(0.5)
    )
