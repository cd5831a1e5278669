"""The exact posterior against methods that share no code with it.

`Brute` sums over a dense fixed grid in extended precision, in the textbook form of the
likelihood; `mpmath` works with 30 digits; the 2-D grid knows only the four lines of the model.
"""

import functools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import digamma, log_ndtr, ndtr, owens_t, polygamma

from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.exact import joint
from partial_pooling.exact.face import PROBABILITIES
from partial_pooling.exact.joint import QuadratureError
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.tables import exact_dataset, exact_table
from partial_pooling.priors.priors import parse_hyperprior

Real = np.longdouble

SCHOOLS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
SCHOOLS_ERROR = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])

FLAT = {"dist": "Flat"}
HALF_FLAT = {"dist": "HalfFlat"}


def normal(mu, sigma):
    return {"dist": "Normal", "mu": mu, "sigma": sigma}


def half_cauchy(beta):
    return {"dist": "HalfCauchy", "beta": beta}


def half_normal(sigma):
    return {"dist": "HalfNormal", "sigma": sigma}


def student(nu, sigma):
    return {"dist": "HalfStudentT", "nu": nu, "sigma": sigma}


def log_normal(mu, sigma):
    return {"dist": "LogNormal", "mu": mu, "sigma": sigma}


def uniform(lower, upper):
    return {"dist": "Uniform", "lower": lower, "upper": upper}


def make_groups(estimate, std_error):
    names = tuple(f"g{j}" for j in range(len(estimate)))
    return Estimates(names, np.array(estimate, dtype=float), np.array(std_error, dtype=float))


def posterior_of(estimate, std_error, mu=None, tau=None):
    prior = parse_hyperprior({"mu": mu or normal(0, 5), "tau": tau or half_cauchy(5)})
    return solve(make_groups(estimate, std_error), prior)


@pytest.fixture(scope="module")
def schools():
    return posterior_of(SCHOOLS, SCHOOLS_ERROR)


# -- the second method ---------------------------------------------------------------------------


class Brute:
    """Posterior on a fixed dense grid in log tau, in extended precision.

    The grid covers all where the density, or it times tau to the power of `moments`, exceeds
    exp(-85) of its peak.
    """

    def __init__(self, estimate, std_error, mu, tau, moments=2, panels=1500):
        self.estimate, self.std_error = Real(estimate), Real(std_error)
        self.mu, self.tau = mu, tau
        low, high = Real(-150), Real(150)
        if tau["dist"] == "Uniform":
            low = np.log(Real(tau["lower"])) if tau["lower"] > 0 else low
            high = np.log(Real(tau["upper"]))
        for _ in range(8):
            t = np.linspace(low, high, 1001)
            log_density = self.given(t)[0]
            kept = np.zeros(len(t), dtype=bool)
            for k in range(moments + 1):
                kept |= log_density + k * t > np.max(log_density + k * t) - 85
            first, last = np.flatnonzero(kept)[[0, -1]]
            low, high = t[max(first - 1, 0)], t[min(last + 1, len(t) - 1)]
        self.edges = np.linspace(low, high, panels + 1)
        self.t, width = self._points(self.edges[:-1], self.edges[1:])
        log_density, self.mean, self.precision = self.given(self.t)
        self.peak = log_density.max()
        self.weight = np.exp(log_density - self.peak) * width
        self.total = self.weight.sum()
        self.weight /= self.total

    @staticmethod
    def _points(left, right):
        node, weight = np.polynomial.legendre.leggauss(8)
        half, middle = (right - left) / 2, (right + left) / 2
        points = middle[..., None] + half[..., None] * Real(node)
        return points.ravel(), (half[..., None] * Real(weight)).ravel()

    def given(self, t):
        """Log density of t, mean and precision of mu."""
        results = []
        for part in np.array_split(t, 1 + len(t) * len(self.estimate) // 300_000):
            tau = np.exp(part)[:, None]
            variance = self.std_error**2 + tau**2
            extra, m0 = Real(0), Real(0)
            if self.mu["dist"] == "Normal":
                extra, m0 = 1 / Real(self.mu["sigma"]) ** 2, Real(self.mu["mu"])
            precision = (1 / variance).sum(1) + extra
            mean = ((self.estimate / variance).sum(1) + extra * m0) / precision
            squares = ((self.estimate - mean[:, None]) ** 2 / variance).sum(1)
            squares += extra * (mean - m0) ** 2
            log_likelihood = -(np.log(variance).sum(1) + np.log(precision) + squares) / 2
            results.append((log_likelihood + self.log_prior(part), mean, precision))
        return tuple(np.concatenate(parts) for parts in zip(*results, strict=True))

    def log_prior(self, t):
        p = {key: Real(value) for key, value in self.tau.items() if key != "dist"}
        tau = np.exp(t)
        match self.tau["dist"]:
            case "HalfCauchy":
                return t - np.log1p((tau / p["beta"]) ** 2)
            case "HalfNormal":
                return t - (tau / p["sigma"]) ** 2 / 2
            case "HalfStudentT":
                return t - (p["nu"] + 1) / 2 * np.log1p((tau / p["sigma"]) ** 2 / p["nu"])
            case "Exponential":
                return t - tau / p["scale"]
            case "LogNormal":
                return -(((t - p["mu"]) / p["sigma"]) ** 2) / 2
        return t  # Uniform, HalfFlat

    def normals(self, variable):
        tau = np.exp(self.t)
        if variable == "mu":
            return self.mean, 1 / self.precision
        if variable == "theta_new":
            return self.mean, 1 / self.precision + tau**2
        j = int(variable[len("theta[g") : -1])
        square = self.std_error[j] ** 2
        total = square + tau**2
        mean = (square * self.mean + tau**2 * self.estimate[j]) / total
        return mean, square * tau**2 / total + (square / total) ** 2 / self.precision

    def moments(self, variable):
        if variable in ("tau", "log_tau"):
            x = np.exp(self.t) if variable == "tau" else self.t
            mean = self.weight @ x
            return mean, np.sqrt(self.weight @ (x - mean) ** 2)
        means, variances = self.normals(variable)
        mean = self.weight @ means
        return mean, np.sqrt(self.weight @ (variances + (means - mean) ** 2))

    def cdf(self, variable, x):
        if variable in ("tau", "log_tau"):
            t = np.log(Real(x)) if variable == "tau" else Real(x)
            panel = np.searchsorted(self.edges, t) - 1
            points, width = self._points(self.edges[panel : panel + 1], np.array([t]))
            last = np.exp(self.given(points)[0] - self.peak) @ width / self.total
            return float(self.weight[: 8 * panel].sum() + last)
        means, variances = self.normals(variable)
        z = (Real(x) - means) / np.sqrt(variances)
        return float(self.weight @ ndtr(z.astype(float)))


random = np.random.default_rng(20)
MIXED_ERROR = np.exp(random.uniform(math.log(1e-3), math.log(1e3), 8))
THOUSAND_ERROR = np.exp(random.normal(0, 1, 1000))
MANY_ERROR = np.exp(random.normal(0, 0.7, 10_000))
HALF_PRECISE = np.repeat([0.01, 3.0], 30)

# estimate, std_error, prior of mu, prior of tau, moments of tau that exist (2 stands for all)
CASES = {
    "eight schools": (SCHOOLS, SCHOOLS_ERROR, normal(0, 5), half_cauchy(5), 2),
    "flat priors": (SCHOOLS, SCHOOLS_ERROR, FLAT, HALF_FLAT, 2),
    "tau piled at 0": (np.zeros(8), SCHOOLS_ERROR, normal(0, 5), half_cauchy(5), 2),
    "two groups": ([0, 100], [1, 2], FLAT, half_normal(5), 2),
    "two groups, heavy tail": ([0, 1], [1, 1], FLAT, half_cauchy(5), 1),
    "three groups, no mean": ([0, 100, 3], [1, 2, 3], FLAT, HALF_FLAT, 0),
    "three groups, Student": ([0, 1, 3], [1, 2, 3], normal(0, 5), student(0.9, 2), 2),
    "errors 1e-3 to 1e3": (random.normal(0, 5, 8), MIXED_ERROR, normal(0, 5), half_cauchy(5), 2),
    "estimates as wide as errors": (
        random.normal(0, 1, 8) * MIXED_ERROR, MIXED_ERROR, FLAT, half_cauchy(5), 2,
    ),
    "offset, informed mu": (SCHOOLS + 1e6, SCHOOLS_ERROR, normal(0, 5), half_cauchy(5), 2),
    "offset, flat mu": (SCHOOLS + 1e6, SCHOOLS_ERROR, FLAT, half_cauchy(5), 2),
    "offset, priors in conflict": (
        SCHOOLS + 1e6, SCHOOLS_ERROR, normal(0, 5), log_normal(0, 0.1), 2,
    ),
    "offset, both priors in the way": (
        SCHOOLS + 1e5, SCHOOLS_ERROR, normal(0, 5), half_normal(1e-5), 2,
    ),
    "one precise group against many": (
        np.append(0, np.full(400, 100)), np.append(1e-5, np.full(400, 500)), FLAT,
        log_normal(3, 3), 2,
    ),
    "equal errors": (SCHOOLS, np.full(8, 10), normal(0, 5), half_cauchy(5), 2),
    "equal estimates and errors": (np.full(8, 3.3), np.full(8, 10), FLAT, half_cauchy(5), 2),
    "very narrow tau": (SCHOOLS, SCHOOLS_ERROR, normal(0, 5), half_normal(1e-6), 2),
    "narrow tau off 0": (SCHOOLS, SCHOOLS_ERROR, normal(0, 5), log_normal(1.6, 1e-4), 2),
    "very wide log tau": (SCHOOLS, SCHOOLS_ERROR, normal(0, 5), log_normal(0, 8), 2),
    "very narrow mu": (SCHOOLS, SCHOOLS_ERROR, normal(3, 1e-6), half_cauchy(5), 2),
    "very wide mu": (SCHOOLS, SCHOOLS_ERROR, normal(3, 1e6), half_cauchy(5), 2),
    "very wide tau": (SCHOOLS, SCHOOLS_ERROR, normal(0, 5), half_cauchy(1e6), 2),
    "uniform": (SCHOOLS, SCHOOLS_ERROR, normal(0, 5), uniform(0, 5), 2),
    "uniform off 0": (SCHOOLS, SCHOOLS_ERROR, normal(0, 5), uniform(2, 2.5), 2),
    "uniform, cut far below the mode": (SCHOOLS + 1e4, SCHOOLS_ERROR, normal(0, 5),
                                        uniform(0.1, 20), 2),
    "uniform, far below the errors": (SCHOOLS, SCHOOLS_ERROR, FLAT, uniform(0, 1e-20), 2),
    # the likelihood is a power of tau that cancels d tau: all of log tau counts, to the end
    "uniform, far above the errors": ([0, 1], [1, 1], FLAT, uniform(0, 1e20), 2),
    "exponential": (
        SCHOOLS, SCHOOLS_ERROR, FLAT, {"dist": "Exponential", "scale": 3}, 2,
    ),
    "outliers held in": ([-100, 100, 0, 1], np.ones(4), FLAT, log_normal(-1, 0.3), 2),
    "two kinds of group": (
        random.normal(0, np.repeat([0.01, 50.0], 30)), HALF_PRECISE, FLAT, half_cauchy(5), 2,
    ),
    "J = 1000": (
        random.normal(3, np.hypot(THOUSAND_ERROR, 0.7)), THOUSAND_ERROR, normal(0, 5),
        half_cauchy(5), 2,
    ),
    "J = 1000, tau known": (
        random.normal(0, 1e3, 1000), np.full(1000, 1e-3), FLAT, half_cauchy(5), 2,
    ),
}  # fmt: skip

VARIABLES = ["mu", "tau", "log_tau", "theta[g0]", "theta[g1]", "theta_new"]


def assert_agrees(posterior, brute, moments):
    mean, sd = posterior.moments(VARIABLES)
    p = np.array([0.001, *PROBABILITIES, 0.999])
    quantiles = posterior.quantiles(VARIABLES, p)
    for k, variable in enumerate(VARIABLES):
        x = quantiles[k]
        expected_mean, expected_sd = brute.moments(variable)
        scale = max(abs(expected_mean), expected_sd)
        follows_tau = variable in ("tau", "theta_new") or (
            variable == "mu" and posterior.prior.mu.dist == "Flat"
        )
        if moments < 1 and follows_tau:
            assert math.isnan(mean[k])
        else:
            assert abs(mean[k] - expected_mean) < 1e-9 * (scale if moments == 2 else x[6] - x[2])
        if moments < 2 and follows_tau:
            assert math.isnan(sd[k])
        else:
            assert abs(sd[k] - expected_sd) < 1e-9 * scale
        # the error of a quantile is that of its probability over the density
        found = np.array([brute.cdf(variable, value) for value in x])
        error = np.abs(found - p) / posterior.density(variable, x)
        assert np.all(error < 1e-8 * np.maximum(np.abs(x), x[6] - x[2])), variable
        assert posterior.cdf(variable, x) == pytest.approx(p, abs=1e-9)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.slow) if case == "J = 1000, tau known" else case
        for case in CASES
    ],
)
def test_moments_and_quantiles_agree_with_dense_grid_in_extended_precision(case):
    estimate, std_error, mu, tau, moments = CASES[case]
    brute = Brute(
        estimate, std_error, mu, tau, moments, panels=150 if len(estimate) >= 1000 else 1500
    )
    assert_agrees(posterior_of(estimate, std_error, mu, tau), brute, moments)


@pytest.mark.slow
def test_ten_thousand_groups_agree_with_dense_grid():
    estimate = np.random.default_rng(5).normal(3, MANY_ERROR)
    brute = Brute(estimate, MANY_ERROR, normal(0, 5), half_cauchy(5), panels=300)
    assert_agrees(posterior_of(estimate, MANY_ERROR), brute, 2)


# -- a third and a fourth ------------------------------------------------------------------------


def test_eight_schools_agree_with_thirty_digits():
    mpmath.mp.dps = 30
    y, sigma = [mpmath.mpf(v) for v in SCHOOLS], [mpmath.mpf(v) for v in SCHOOLS_ERROR]

    @functools.cache  # every integral has the same nodes
    def parts(t):
        tau = mpmath.exp(t)
        weight = [1 / (s**2 + tau**2) for s in sigma]
        precision = mpmath.mpf(1) / 25 + sum(weight)
        mean = sum(w * v for w, v in zip(weight, y, strict=True)) / precision
        squares = sum(w * (v - mean) ** 2 for w, v in zip(weight, y, strict=True)) + mean**2 / 25
        prior = 2 / (mpmath.pi * 5 * (1 + (tau / 5) ** 2))
        likelihood = mpmath.sqrt(mpmath.fprod(weight) / (2 * mpmath.pi) ** 8)
        likelihood *= mpmath.exp(-squares / 2) / mpmath.sqrt(25 * precision)
        return tau * prior * likelihood, tau, mean, precision

    def integral(of, upper=45):
        points = [-70, -20, -8, -4, -2, 0, 1, 2, 3, 4, 6, 10, 20, 45]
        points = [p for p in points if p < upper] + [upper]

        def integrand(t):
            density, tau, mean, precision = parts(t)
            return density * of(t, tau, mean, precision)

        return mpmath.quad(integrand, points)

    posterior = posterior_of(SCHOOLS, SCHOOLS_ERROR)
    total = integral(lambda t, tau, mean, precision: 1)
    assert posterior.log_marginal_likelihood == pytest.approx(float(mpmath.log(total)), rel=1e-13)
    log_tau = integral(lambda t, tau, mean, precision: t) / total
    assert posterior.mean("log_tau") == pytest.approx(float(log_tau), rel=1e-13)
    tau_mean = integral(lambda t, tau, mean, precision: tau) / total
    tau_square = integral(lambda t, tau, mean, precision: tau**2) / total
    assert posterior.mean("tau") == pytest.approx(float(tau_mean), rel=1e-13)
    assert posterior.sd("tau") == pytest.approx(
        float(mpmath.sqrt(tau_square - tau_mean**2)), rel=1e-13
    )
    median = posterior.quantile("log_tau", 0.5)
    below = integral(lambda t, tau, mean, precision: 1, upper=mpmath.mpf(float(median))) / total
    assert float(below) == pytest.approx(0.5, abs=1e-12)
    mu_quantile = mpmath.mpf(float(posterior.quantile("mu", 0.9)))
    below = integral(
        lambda t, tau, mean, precision: mpmath.ncdf((mu_quantile - mean) * mpmath.sqrt(precision))
    )
    assert float(below / total) == pytest.approx(0.9, abs=1e-12)


def test_eight_schools_agree_with_grid_that_knows_only_the_model(schools):
    # mu and each theta are summed over, not integrated in closed form
    mu = np.linspace(-35, 45, 401)
    log_tau = np.linspace(-22, 13, 1401)
    tau = np.exp(log_tau)
    log_joint = stats.norm.logpdf(mu, 0, 5)[:, None] + stats.halfcauchy.logpdf(tau, scale=5)
    log_joint = log_joint + log_tau
    for y, sigma in zip(SCHOOLS, SCHOOLS_ERROR, strict=True):
        log_joint = log_joint + stats.norm.logpdf(y, mu[:, None], np.hypot(sigma, tau))
    joint = np.exp(log_joint - log_joint.max())
    joint /= joint.sum()
    of_tau, of_mu = joint.sum(axis=0), joint.sum(axis=1)
    assert schools.mean("mu") == pytest.approx(of_mu @ mu, rel=1e-8)
    assert schools.sd("mu") == pytest.approx(math.sqrt(of_mu @ (mu - of_mu @ mu) ** 2), rel=1e-8)
    assert schools.mean("log_tau") == pytest.approx(of_tau @ log_tau, rel=1e-7)
    assert schools.mean("tau") == pytest.approx(of_tau @ tau, rel=1e-8)
    # theta of the first group, from Bayes' rule on its own grid given (mu, tau)
    theta = np.linspace(-80, 120, 401)
    tau_coarse, mu_coarse = tau[::10], mu[::4]
    joint = np.exp(log_joint - log_joint.max())[::4, ::10]
    given = ((SCHOOLS[0] - theta) / SCHOOLS_ERROR[0]) ** 2
    given = given + ((theta - mu_coarse[:, None, None]) / tau_coarse[:, None]) ** 2
    given = np.exp((given.min(axis=2, keepdims=True) - given) / 2)
    wide = tau_coarse > 0.5  # a theta grid cannot hold a narrower normal
    means = np.where(
        wide,
        (given @ theta) / given.sum(axis=2),
        mu_coarse[:, None]
        + tau_coarse**2 / (tau_coarse**2 + 225) * (SCHOOLS[0] - mu_coarse[:, None]),
    )
    assert schools.mean("theta[g0]") == pytest.approx((joint * means).sum() / joint.sum(), rel=1e-6)


def test_joint_statements_agree_with_simulation(schools):
    # 4 standard errors, some 80 comparisons: a false alarm in 200 runs, but the seed is fixed
    generator = np.random.default_rng(11)
    count = 100_000
    tau = np.exp(schools.quantile("log_tau", generator.uniform(size=count)))
    variance = SCHOOLS_ERROR**2 + tau[:, None] ** 2
    precision = 1 / 25 + (1 / variance).sum(axis=1)
    mu = (SCHOOLS / variance).sum(axis=1) / precision
    mu = mu + generator.normal(size=count) / np.sqrt(precision)
    pooling = SCHOOLS_ERROR**2 / variance
    theta = pooling * mu[:, None] + (1 - pooling) * SCHOOLS
    theta += generator.normal(size=theta.shape) * np.sqrt(1 - pooling) * SCHOOLS_ERROR
    replicate = theta + generator.normal(size=theta.shape) * SCHOOLS_ERROR

    def agrees(solved, sampled):
        error = np.sqrt(solved * (1 - solved) / count)
        assert np.all(np.abs(solved - sampled) < 4 * error + 1e-12)

    largest = np.bincount(theta.argmax(axis=1), minlength=8) / count
    agrees(schools.probability_largest(), largest)
    greater = (theta[:, :, None] > theta[:, None, :]).mean(axis=0)
    upper = np.triu_indices(8, 1)
    agrees(schools.probability_greater()[upper], greater[upper])
    agrees(schools.predictive().cdf_at_observed, (replicate <= SCHOOLS).mean(axis=0))
    difference = theta[:, 0] - theta[:, 2]
    solved = schools.difference("g0", "g2")
    assert abs(solved.mean - difference.mean()) < 4 * solved.sd / math.sqrt(count)
    agrees(np.array(PROBABILITIES), (difference[:, None] <= solved.quantile).mean(axis=0))
    assert schools.pooling_factor() == pytest.approx(pooling.mean(axis=0), abs=2e-3)


# -- what is known without computing -------------------------------------------------------------


def test_flat_eight_schools_match_published_posterior():
    # Gelman et al., BDA 3rd ed., table 5.3: 200 draws, flat priors on mu and tau: medians of
    # theta near 10 for A and 5 for E; theta_A's 95 % interval there is -2 to 31.
    table = exact_table(posterior_of(SCHOOLS, SCHOOLS_ERROR, FLAT, HALF_FLAT)).set_index("variable")
    assert table.loc["theta[g0]", "q50"] == pytest.approx(10, abs=1)
    assert table.loc["theta[g4]", "q50"] == pytest.approx(5, abs=1)
    assert table.loc["theta[g0]", "q2.5"] == pytest.approx(-2, abs=1)
    assert table.loc["theta[g0]", "q97.5"] == pytest.approx(31, abs=1.5)


def test_one_group_leaves_the_prior_of_tau():
    posterior = posterior_of([3.0], [2.0], FLAT, half_normal(4))
    assert posterior.mean("tau") == pytest.approx(4 * math.sqrt(2 / math.pi), rel=1e-12)
    assert posterior.sd("tau") == pytest.approx(4 * math.sqrt(1 - 2 / math.pi), rel=1e-12)
    p = np.array([0.01, 0.3, 0.9])
    assert posterior.quantile("tau", p) == pytest.approx(stats.halfnorm.ppf(p, scale=4), rel=1e-10)


def test_one_group_under_half_cauchy_follows_its_quantiles_into_the_tail():
    posterior = posterior_of([3.0], [2.0], FLAT, half_cauchy(5))
    p = np.array([1e-6, 0.5, 0.975, 1 - 1e-9])
    expected = stats.halfcauchy.ppf(p, scale=5)
    assert posterior.quantile("tau", p) == pytest.approx(expected, rel=1e-6)
    assert posterior.cdf("tau", expected) == pytest.approx(p, rel=1e-9)
    assert math.isnan(posterior.mean("tau"))


def test_very_narrow_tau_gives_complete_pooling():
    posterior = posterior_of(SCHOOLS, SCHOOLS_ERROR, FLAT, half_normal(1e-9))
    weight = SCHOOLS_ERROR**-2
    pooled, error = weight @ SCHOOLS / weight.sum(), weight.sum() ** -0.5
    mean, sd = posterior.moments(["mu", *(f"theta[g{j}]" for j in range(8)), "theta_new"])
    assert mean == pytest.approx(pooled, rel=1e-12)
    assert sd == pytest.approx(error, rel=1e-12)
    assert posterior.pooling_factor() == pytest.approx(1)


def test_very_large_tau_gives_no_pooling():
    posterior = posterior_of(SCHOOLS, SCHOOLS_ERROR, FLAT, uniform(1e9, 2e9))
    mean, sd = posterior.moments([f"theta[g{j}]" for j in range(8)])
    assert mean == pytest.approx(SCHOOLS, rel=1e-9)
    assert sd == pytest.approx(SCHOOLS_ERROR, rel=1e-9)
    assert posterior.pooling_factor() == pytest.approx(0, abs=1e-12)


def test_conditional_runs_from_complete_to_no_pooling(schools):
    given = schools.conditional([0.0, 1e12])
    assert np.ptp(given.theta_mean[0]) == 0
    assert given.theta_mean[0, 0] == given.mu_mean[0]
    assert given.theta_sd[0] == pytest.approx(given.mu_sd[0])
    assert given.theta_mean[1] == pytest.approx(SCHOOLS)
    assert given.theta_sd[1] == pytest.approx(SCHOOLS_ERROR)


def test_leave_one_out_is_ratio_of_marginal_likelihoods():
    estimate, std_error = np.append(SCHOOLS, 300.0), np.append(SCHOOLS_ERROR, 0.01)
    whole = posterior_of(estimate, std_error)
    left_out = whole.leave_one_out()
    for j in range(len(estimate)):
        rest = posterior_of(np.delete(estimate, j), np.delete(std_error, j))
        ratio = whole.log_marginal_likelihood - rest.log_marginal_likelihood
        assert left_out[j] == pytest.approx(ratio, abs=1e-10)


def test_leave_one_out_under_flat_priors_integrates_predictive_of_the_rest():
    whole = posterior_of(SCHOOLS, SCHOOLS_ERROR, FLAT, HALF_FLAT)
    rest = Brute(SCHOOLS[1:], SCHOOLS_ERROR[1:], FLAT, HALF_FLAT)
    mean, variance = rest.normals("theta_new")
    density = stats.norm.pdf(
        SCHOOLS[0], mean.astype(float), np.sqrt(variance + SCHOOLS_ERROR[0] ** 2).astype(float)
    )
    assert whole.leave_one_out()[0] == pytest.approx(
        math.log(float(rest.weight @ density)), abs=1e-10
    )


def test_leave_one_out_is_undefined_where_the_rest_are_too_few():
    posterior = posterior_of(SCHOOLS[:3], SCHOOLS_ERROR[:3], FLAT, HALF_FLAT)
    assert np.all(np.isnan(posterior.leave_one_out()))


def test_equal_groups_are_equally_likely_to_be_largest():
    posterior = posterior_of(np.full(5, 2.0), np.full(5, 3.0))
    assert posterior.probability_largest() == pytest.approx(0.2, abs=1e-11)


def test_larger_of_two_groups_is_their_comparison():
    posterior = posterior_of([0.0, 3.0], [0.01, 5.0])
    greater = posterior.probability_greater()
    assert posterior.probability_largest() == pytest.approx(
        [greater[0, 1], greater[1, 0]], abs=1e-8
    )


# -- which theta is the largest ------------------------------------------------------------------


def both_below(h, k, rho_of_h, rho_of_k):
    """P(U < h, V < k) of a bivariate normal; rho_of_h is (k - rho h) / sqrt(1 - rho^2).

    Owen 1956, Annals of Mathematical Statistics 27, equation 2.1.
    """
    opposed = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    return (
        (ndtr(h) + ndtr(k)) / 2
        - owens_t(h, rho_of_h / h)
        - owens_t(k, rho_of_k / k)
        - np.where(opposed, 0.5, 0.0)
    )


def largest_of_three(brute):
    """P(each theta is the largest): an orthant of two differences that are jointly normal."""
    tau = np.exp(brute.t)[:, None]
    total = brute.std_error**2 + tau**2
    pooled = brute.std_error**2 / total
    mean = pooled * brute.mean[:, None] + tau**2 / total * brute.estimate
    own = pooled * tau**2
    result = []
    for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        moved = [(pooled[:, a] - pooled[:, k]) / np.sqrt(brute.precision) for k in (b, c)]
        variances = [own[:, a] + own[:, k] + m**2 for k, m in zip((b, c), moved, strict=True)]
        covariance = own[:, a] + moved[0] * moved[1]
        h, k = (
            (mean[:, a] - mean[:, k]) / np.sqrt(v) for k, v in zip((b, c), variances, strict=True)
        )
        h, k = np.where(h == 0, 1e-200, h), np.where(k == 0, 1e-200, k)  # Owen divides by them
        rho = covariance / np.sqrt(variances[0] * variances[1])
        # 1 - rho^2 from the determinant, term by term: no difference of nearly equal numbers
        determinant = (
            own[:, a] * (own[:, b] + own[:, c]) + own[:, b] * own[:, c]
            + own[:, a] * (moved[0] - moved[1]) ** 2
            + own[:, b] * moved[1] ** 2 + own[:, c] * moved[0] ** 2
        )  # fmt: skip
        root = np.sqrt(determinant / (variances[0] * variances[1]))
        numbers = (h, k, (k - rho * h) / root, (h - rho * k) / root)
        result.append(brute.weight.astype(float) @ both_below(*(v.astype(float) for v in numbers)))
    return np.array(result)


def largest_by_brute_force(brute):
    """P(each theta is the largest): sums over tau, mu and the largest theta, whose panels have
    edges at every theta's mean and at every two of its sds around it."""
    node, width = np.polynomial.legendre.leggauss(10)
    z = np.arange(-18, 19) * 0.4
    result = np.zeros(len(brute.estimate))
    for t, weight, center, precision in zip(
        brute.t, brute.weight, brute.mean, brute.precision, strict=True
    ):
        if weight < 1e-13:
            continue
        square, tau2 = brute.std_error**2, np.exp(2 * t)
        mu = center + z[:, None] / np.sqrt(precision)
        mean = (square * mu + tau2 * brute.estimate) / (square + tau2)
        sd = np.sqrt(square * tau2 / (square + tau2))
        edges = (mean[:, :, None] + sd[:, None] * np.arange(-8, 9, 2)).reshape(len(z), -1)
        edges = np.sort(edges, axis=1)
        half = (edges[:, 1:] - edges[:, :-1]) / 2
        x = (edges[:, :-1] + half)[..., None] + half[..., None] * node
        u = ((x[..., None] - mean[:, None, None]) / sd).astype(float)
        below, density = ndtr(u), np.exp(-0.5 * u**2) / (sd * math.sqrt(2 * math.pi)).astype(float)
        for j in range(len(sd)):
            others = np.delete(below, j, axis=3).prod(axis=3)
            inner = ((density[..., j] * others) @ width * half.astype(float)).sum(axis=1)
            result[j] += weight * (0.4 * stats.norm.pdf(z) @ inner)
    return result


MOVED_D = np.array([28, 8, -3, 7.123456, -1, 1, 18, 12])
# estimate, std_error, prior of mu, prior of tau
UNEVEN = {
    "one precise": ([28, 7.123456, 18], [15, 1e-3, 10], normal(0, 5), half_cauchy(5)),
    "one exact": ([28, 7.123456, 18], [15, 1e-6, 10], normal(0, 5), half_cauchy(5)),
    "two precise, close": ([8, 3, 3.0000005], [10, 1e-6, 1e-6], normal(0, 5), half_cauchy(5)),
    "two precise, apart": ([8, 3, 4], [10, 1e-3, 1e-5], FLAT, half_cauchy(5)),
    "two precise, equal": ([8, 3, 3], [1e3, 1e-3, 1e-3], FLAT, half_normal(5)),
    "precise one far below": ([8, -40, 12], [10, 1e-4, 9], FLAT, half_cauchy(5)),
    "precise one far above": ([8, 40, 12], [10, 1e-4, 9], normal(0, 20), half_cauchy(5)),
    "errors 1e-6, 1, 1e6": ([0, 0.5, 2e6], [1e-6, 1, 1e6], FLAT, student(3, 1)),
    "errors as wide, wide tau": ([0, 0.5, 2e6], [1e-6, 1, 1e6], normal(0, 1e3), half_cauchy(1e6)),
    "close, far from the rest": (
        [1e6 + 1e-6, 1e6, 0], [1e-6, 2e-6, 1e6], normal(0, 1e6), half_cauchy(1e5),
    ),
    "close, tau far wider": ([1e6 + 1e-6, 1e6, -3], [1e-6, 2e-6, 1e6], FLAT, uniform(1e8, 1e9)),
    "tiny tau": ([28, 7, 18], [15, 1e-3, 10], normal(0, 5), half_normal(1e-6)),
    "large tau": ([28, 7, 18], [15, 1e-3, 10], normal(0, 5), uniform(1e6, 1e7)),
}  # fmt: skip


@pytest.mark.parametrize("case", UNEVEN)
def test_largest_of_three_uneven_groups_is_an_orthant_of_their_differences(case):
    estimate, std_error, mu, tau = UNEVEN[case]
    brute = Brute(estimate, std_error, mu, tau, moments=0, panels=1000)
    found = posterior_of(estimate, std_error, mu, tau).probability_largest()
    assert found == pytest.approx(largest_of_three(brute), abs=1e-8)


MORE_UNEVEN = {
    "two precise of four": ([2, 2.0003, 5, 40], [1e-4, 2e-4, 3, 200], FLAT, half_cauchy(5)),
    "errors 1e-3 to 1e3": ([3, 2.99, 4, 1], [1e-3, 0.1, 10, 1e3], normal(0, 5), half_cauchy(5)),
}


@pytest.mark.parametrize("case", MORE_UNEVEN)
def test_largest_of_uneven_groups_agrees_with_brute_force(case):
    estimate, std_error, mu, tau = MORE_UNEVEN[case]
    brute = Brute(estimate, std_error, mu, tau, moments=0, panels=60)
    found = posterior_of(estimate, std_error, mu, tau).probability_largest()
    assert found == pytest.approx(largest_by_brute_force(brute), abs=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("error_of_d", [11, 1e-3, 1e-5])
def test_largest_of_eight_schools_agrees_with_brute_force(error_of_d):
    error = np.where(SCHOOLS == 7, error_of_d, SCHOOLS_ERROR)
    brute = Brute(MOVED_D, error, normal(0, 5), half_cauchy(5), moments=0, panels=70)
    found = posterior_of(MOVED_D, error).probability_largest()
    assert found == pytest.approx(largest_by_brute_force(brute), abs=1e-8)


@pytest.mark.parametrize("error", [1e-3, 1e-5, 1e-6])
def test_precise_school_is_largest_as_often_however_precise(error):
    found = posterior_of(MOVED_D, np.where(SCHOOLS == 7, error, SCHOOLS_ERROR))
    assert found.probability_largest()[3] == pytest.approx(0.13036558, abs=2e-8)


@pytest.mark.parametrize("count", [1, 7, 49, pytest.param(999, marks=pytest.mark.slow)])
@pytest.mark.parametrize("sds_below", [0, 3, 5])
def test_precise_group_against_many_imprecise_is_one_integral(count, sds_below):
    # theta_0 is known; mu ~ N(-sds_below, 1) / 1.005 about it and the others N(mu, 1) given tau = 1
    estimate, std_error = np.zeros(count + 1), np.append(1e-7, np.full(count, 1e7))
    prior = normal(-101 * sds_below, 10)
    found = posterior_of(estimate, std_error, prior, uniform(1, 1 + 1e-9)).probability_largest()
    z = np.linspace(-12, 12, 4801)
    mu = -sds_below + z / math.sqrt(1.01)
    chance = 0.005 * stats.norm.pdf(z) @ np.exp(count * log_ndtr(-mu))
    expected = np.append(chance, np.full(count, (1 - chance) / count))
    assert found == pytest.approx(expected, abs=1e-9)


def greater_by_dense_grid(brute, a, b):
    """P(theta_a > theta_b), in the textbook form and extended precision."""
    tau = np.exp(brute.t)
    squares = brute.std_error[[a, b]] ** 2
    totals = [square + tau**2 for square in squares]
    pooled = [square / total for square, total in zip(squares, totals, strict=True)]
    mean = pooled[0] * brute.mean + tau**2 / totals[0] * brute.estimate[a]
    mean -= pooled[1] * brute.mean + tau**2 / totals[1] * brute.estimate[b]
    variance = tau**2 * sum(pooled) + (pooled[0] - pooled[1]) ** 2 / brute.precision
    return float(brute.weight @ ndtr((mean / np.sqrt(variance)).astype(float)))


FAR_PAIR = (
    np.append([1e6 + 1e-6, 1e6], np.full(9, -3.0)),
    np.append([1e-6, 2e-6], np.full(9, 1e6)),
)


@pytest.mark.parametrize("case", [*UNEVEN, "precise pair far from many"])
def test_comparisons_of_uneven_groups_agree_with_dense_grid(case):
    estimate, std_error, mu, tau = UNEVEN.get(case, (*FAR_PAIR, FLAT, half_cauchy(1e9)))
    brute = Brute(estimate, std_error, mu, tau, moments=0, panels=1000)
    greater = posterior_of(estimate, std_error, mu, tau).probability_greater()
    # their mean is 475,000 from the pair, in units of which 1e-8 of a sd of 1e-6 is no float: how
    # it is rounded, by 4e-8 or 6e-8 here, is up to the processor
    tolerance = 2e-7 if len(estimate) > 3 else 1e-8
    for a, b in ((0, 1), (1, 2), (2, 0)):
        assert abs(greater[a, b] - greater_by_dense_grid(brute, a, b)) < tolerance


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.floats(-3, 3), st.floats(-6, 6), st.floats(-6, 6), st.floats(-3, 3),
    st.sampled_from([FLAT, normal(1, 20)]), st.sampled_from([half_cauchy, half_normal]),
)  # fmt: skip
def test_larger_of_two_uneven_groups_is_their_comparison(apart, log_a, log_b, log_scale, mu, tau):
    std_error = 10 ** np.array([log_a, log_b])
    posterior = posterior_of([0, apart * np.hypot(*std_error)], std_error, mu, tau(10**log_scale))
    greater = posterior.probability_greater()
    assert posterior.probability_largest() == pytest.approx(
        [greater[0, 1], greater[1, 0]], abs=1e-8
    )


def test_larger_of_two_precise_groups_is_certain_however_wide_tau():
    posterior = posterior_of([-2.6e16, 0], [1, 1], FLAT, half_cauchy(1e50))
    assert posterior.probability_largest() == pytest.approx([0, 1], abs=1e-8)


def test_probabilities_that_miss_one_are_an_error_and_never_rescaled(schools, monkeypatch):
    whole = joint.chance_of_largest

    def without_the_last(mean, sd):
        return whole(mean, sd) * (np.arange(8) < 7)

    monkeypatch.setattr(joint, "chance_of_largest", without_the_last)
    with pytest.raises(QuadratureError, match=r"sums to 0\.87\d+ over the groups, not to 1"):
        schools.probability_largest()


# -- moments that do not exist, posteriors that are not ------------------------------------------


@pytest.mark.parametrize(
    ("count", "mu", "tau", "exists"),
    [
        (2, FLAT, half_cauchy(5), {"mean": True, "sd": False}),
        (1, FLAT, half_cauchy(5), {"mean": False, "sd": False}),
        (2, normal(0, 5), half_cauchy(5), {"mean": True, "sd": True}),
        (1, normal(0, 5), half_cauchy(5), {"mean": True, "sd": False}),
        (3, FLAT, HALF_FLAT, {"mean": False, "sd": False}),
        (4, FLAT, HALF_FLAT, {"mean": True, "sd": False}),
        (5, FLAT, HALF_FLAT, {"mean": True, "sd": True}),
        (2, FLAT, student(0.9, 1), {"mean": True, "sd": False}),
        (2, FLAT, student(1.1, 1), {"mean": True, "sd": True}),
        (1, FLAT, half_normal(5), {"mean": True, "sd": True}),
    ],
)
def test_moments_of_tau_exist_where_its_tail_allows(count, mu, tau, exists):
    posterior = posterior_of(SCHOOLS[:count], SCHOOLS_ERROR[:count], mu, tau)
    for variable in ("tau", "theta_new"):
        assert math.isfinite(posterior.mean(variable)) == exists["mean"]
        assert math.isfinite(posterior.sd(variable)) == exists["sd"]
    assert math.isfinite(posterior.mean("mu")) == (exists["mean"] or mu != FLAT)
    assert math.isfinite(posterior.sd("mu")) == (exists["sd"] or mu != FLAT)
    assert math.isfinite(posterior.sd("theta[g0]"))
    assert math.isfinite(posterior.sd("log_tau"))


@pytest.mark.parametrize(
    ("count", "mu", "tau", "order"),
    [
        (2, normal(0, 5), half_cauchy(5), 3),  # mean and sd exist, a fourth moment does not
        (2, FLAT, half_cauchy(5), 2),
        (4, FLAT, HALF_FLAT, 2),
        (4, normal(0, 5), HALF_FLAT, 3),
        (3, FLAT, student(2.5, 1), 4.5),
        (1, FLAT, half_normal(5), math.inf),
        (2, normal(0, 5), log_normal(0, 1), math.inf),
    ],
)
def test_moments_exist_up_to_the_power_of_the_tail(count, mu, tau, order):
    posterior = posterior_of(SCHOOLS[:count], SCHOOLS_ERROR[:count], mu, tau)
    assert posterior.moment_order("tau") == order
    assert posterior.moment_order("theta_new") == order
    assert posterior.moment_order("mu") == (order if mu == FLAT else math.inf)
    assert posterior.moment_order("log_tau") == math.inf
    assert posterior.moment_order("theta[g0]") == math.inf
    with pytest.raises(InputError, match="found 'theta'"):
        posterior.moment_order("theta")


@pytest.mark.parametrize(("mu", "tau"), [(normal(0, 5), half_cauchy(5)), (FLAT, student(2.5, 1))])
def test_order_of_moments_is_the_slope_of_the_tail(mu, tau):
    posterior = posterior_of(SCHOOLS[:2], SCHOOLS_ERROR[:2], mu, tau)
    for variable in ("tau", "theta_new"):
        density = posterior.density(variable, [1e7, 1e9])
        slope = math.log(density[0] / density[1]) / math.log(100)
        assert slope - 1 == pytest.approx(posterior.moment_order(variable), abs=1e-4)


@pytest.mark.parametrize("nu", [0.05, 0.5, 3])
def test_log_tau_is_integrated_through_the_slowest_tails(nu):
    # one group leaves the prior; log |t| is half the difference of logs of two gamma variables
    posterior = posterior_of([3.0], [2.0], FLAT, student(nu, 1.5))
    mean = math.log(1.5) + 0.5 * (math.log(nu) + digamma(0.5) - digamma(nu / 2))
    variance = 0.25 * (polygamma(1, 0.5) + polygamma(1, nu / 2))
    assert posterior.mean("log_tau") == pytest.approx(mean, rel=1e-9)
    assert posterior.sd("log_tau") == pytest.approx(math.sqrt(variance), rel=1e-9)


@pytest.mark.parametrize("nu", [0.1, 0.02])
def test_slowest_tails_of_tau_are_integrated_to_infinity(nu):
    # one group leaves the prior, whose second moment barely exists
    posterior = posterior_of([3.0], [2.0], FLAT, student(2 + nu, 1.5))
    assert posterior.sd("tau") == pytest.approx(
        math.sqrt(
            1.5**2 * (2 + nu) / nu
            - (2 * stats.t.expect(lambda x: x, args=(2 + nu,), lb=0, scale=1.5)) ** 2
        ),
        rel=1e-7,
    )


@pytest.mark.parametrize(("count", "mu"), [(1, FLAT), (2, FLAT), (1, normal(0, 5))])
def test_improper_posterior_is_refused_with_its_reason(count, mu):
    with pytest.raises(InputError, match=r"improper.*groups or more"):
        posterior_of(SCHOOLS[:count], SCHOOLS_ERROR[:count], mu, HALF_FLAT)


@pytest.mark.parametrize(("count", "mu"), [(3, FLAT), (2, normal(0, 5))])
def test_flat_tau_is_accepted_once_groups_suffice(count, mu):
    posterior = posterior_of(SCHOOLS[:count], SCHOOLS_ERROR[:count], mu, HALF_FLAT)
    assert posterior.weight.sum() == pytest.approx(1)
    assert math.isnan(posterior.log_marginal_likelihood)


def test_conflict_beyond_rounding_is_refused():
    with pytest.raises(InputError, match="rounding hides the posterior of tau; allowed"):
        posterior_of([7e16, -4e43, 1], [5e16, 1, 1], normal(0, 1e50), half_normal(1))


def test_grids_are_numbers_where_floats_cannot_tell_quantiles_apart():
    dataset = exact_dataset(posterior_of([1e20, 1e20, 1e20], [1, 2, 3], normal(1e20, 1)))
    assert np.isfinite(dataset["value"]).all()


def test_unknown_variable_group_and_probability_are_refused(schools):
    for call in (
        lambda: schools.mean("theta[Z]"),
        lambda: schools.difference("g0", "Z"),
        lambda: schools.quantile("mu", [0.5, 1.0]),
    ):
        with pytest.raises(InputError, match="allowed"):
            call()


def test_tables_of_pairs_are_made_of_as_many_groups_as_are_allowed(schools, monkeypatch):
    monkeypatch.setattr(joint, "MOST_GROUPS_FOR_PAIRS", 8)
    assert schools.probability_greater().shape == (8, 8)
    monkeypatch.setattr(joint, "MOST_GROUPS_FOR_PAIRS", 7)
    with pytest.raises(InputError, match="found 8 groups; allowed: 7 or fewer"):
        schools.probability_greater()


# -- properties ----------------------------------------------------------------------------------

LEAN = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def problems(draw):
    count = draw(st.integers(2, 9))
    estimate = draw(st.lists(st.floats(-50, 50), min_size=count, max_size=count))
    logs = draw(st.lists(st.floats(-3, 3), min_size=count, max_size=count))
    scale = 10 ** draw(st.floats(-2, 2))
    mu = draw(st.sampled_from([FLAT, normal(1.0, scale)]))
    tau = draw(
        st.sampled_from(
            [
                half_cauchy(scale),
                half_normal(scale),
                student(3, scale),
                uniform(scale, 3 * scale),
                {"dist": "Exponential", "scale": scale},
                log_normal(math.log(scale), 0.5),
            ]
        )
    )
    return np.array(estimate), np.exp(logs), mu, tau


def scaled(prior, shift, factor):
    def change(key, value):
        if prior["dist"] == "LogNormal":
            return value + math.log(factor) if key == "mu" else value
        if key in ("sigma", "beta", "scale", "lower", "upper"):
            return value * factor
        return value * factor + shift if key == "mu" else value

    return {k: v if k == "dist" else change(k, v) for k, v in prior.items()}


@LEAN
@given(problems(), st.floats(-1e4, 1e4), st.floats(1e-3, 1e3))
def test_shifting_and_scaling_data_and_priors_shifts_and_scales_the_answer(problem, shift, factor):
    estimate, std_error, mu, tau = problem
    before = posterior_of(estimate, std_error, mu, tau)
    after = posterior_of(
        estimate * factor + shift, std_error * factor, scaled(mu, shift, factor),
        scaled(tau, 0, factor),
    )  # fmt: skip
    variables = ["mu", "theta[g0]", "theta_new", "tau"]
    moves = np.array([shift, shift, shift, 0])
    p = np.array(PROBABILITIES)
    quantiles = before.quantiles(variables, p) * factor + moves[:, None]
    size = np.abs(quantiles).max(axis=1, keepdims=True) + factor
    assert np.all(np.abs(after.quantiles(variables, p) - quantiles) < 1e-9 * size)
    (mean, sd), (new_mean, new_sd) = before.moments(variables), after.moments(variables)
    np.testing.assert_allclose(new_mean, mean * factor + moves, rtol=1e-9, atol=1e-9 * size.max())
    np.testing.assert_allclose(new_sd, sd * factor, rtol=1e-7)
    np.testing.assert_allclose(
        after.quantile("log_tau", p), before.quantile("log_tau", p) + math.log(factor), atol=1e-7
    )
    np.testing.assert_allclose(
        after.leave_one_out(), before.leave_one_out() - math.log(factor), atol=1e-6
    )


@pytest.mark.slow
@LEAN
@given(problems(), st.randoms(use_true_random=False))
def test_permuting_groups_permutes_the_answer(problem, source):
    estimate, std_error, mu, tau = problem
    order = list(range(len(estimate)))
    source.shuffle(order)
    before = posterior_of(estimate, std_error, mu, tau)
    after = posterior_of(estimate[order], std_error[order], mu, tau)
    thetas = [f"theta[g{j}]" for j in range(len(estimate))]
    for found, expected in zip(after.moments(thetas), before.moments(thetas), strict=True):
        np.testing.assert_allclose(found, expected[order], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(after.pooling_factor(), before.pooling_factor()[order], atol=1e-10)
    np.testing.assert_allclose(
        after.probability_greater(), before.probability_greater()[np.ix_(order, order)], atol=1e-9
    )
    np.testing.assert_allclose(
        after.probability_largest(), before.probability_largest()[order], atol=1e-7
    )


@LEAN
@given(problems(), st.sampled_from(VARIABLES), st.floats(1e-4, 1 - 1e-4))
def test_quantile_inverts_cdf_and_density_is_its_slope(problem, variable, p):
    posterior = posterior_of(*problem)
    x = posterior.quantile(variable, p)
    assert posterior.cdf(variable, x) == pytest.approx(p, abs=1e-10)
    # the step: small beside the spread, large beside the rounding of x
    step = 1e-4 * (posterior.quantile(variable, min(1.001 * p, 1 - 1e-6)) - x)
    assume(step > 1e-9 * abs(x))
    rise = posterior.cdf(variable, x + step) - posterior.cdf(variable, x - step)
    assume(rise > 1e-11)
    assert rise / (2 * step) == pytest.approx(posterior.density(variable, x), rel=1e-2)


# -- tables --------------------------------------------------------------------------------------


def test_table_has_a_row_for_each_variable_in_order(schools):
    table = exact_table(schools)
    assert list(table.columns) == [
        "variable", "mean", "sd", "q2.5", "q5", "q25", "q50", "q75", "q95", "q97.5",
    ]  # fmt: skip
    assert list(table["variable"]) == [
        "mu", "tau", "log_tau", *(f"theta[g{j}]" for j in range(8)), "theta_new",
    ]  # fmt: skip
    quantiles = table.filter(like="q").to_numpy()
    assert np.all(np.diff(quantiles, axis=1) > 0)


def test_dataset_survives_netcdf_and_its_curves_are_consistent(schools, tmp_path):
    import xarray as xr

    exact_dataset(schools).to_netcdf(tmp_path / "exact.nc")
    with xr.open_dataset(tmp_path / "exact.nc") as dataset:
        for name in dataset.data_vars:
            assert {"long_name", "units"} <= set(dataset[name].attrs)
        for variable in dataset["variable"].values:
            one = dataset.sel(variable=variable)
            mass = np.trapezoid(one["density"], one["value"])
            assert mass == pytest.approx(float(one["cdf"][-1] - one["cdf"][0]), abs=1e-3)
        assert float(dataset["probability_greater"].sel(group="g0", other="g2")) > 0.5
        assert float(dataset["tau_density"][0]) == pytest.approx(
            float(schools.density("tau", 1e-8)), rel=1e-6
        )


def test_density_is_zero_outside_the_support():
    posterior = posterior_of(SCHOOLS, SCHOOLS_ERROR, tau=uniform(2, 3))
    assert np.all(posterior.density("tau", [-1.0, 1.9, 3.1]) == 0)
    assert np.all(posterior.cdf("tau", [-1.0, 1.9]) < 1e-15)
    assert np.all(posterior.cdf("tau", [3.0, 3.1]) == pytest.approx(1))
    assert np.all(posterior.density("tau", [2.0, 2.5, 3.0]) > 0.5)
