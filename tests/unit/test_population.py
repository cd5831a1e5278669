"""The distribution of tau over tables: against a likelihood that shares no code, and known ones."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from partial_pooling.data.collection import read_collection
from partial_pooling.data.groups import Counts, Estimates, Rates, Summaries, TwoByTwo
from partial_pooling.errors import InputError
from partial_pooling.exact.population import log_likelihoods, populations
from partial_pooling.exact.posterior import solve
from partial_pooling.families.registry import FAMILIES
from partial_pooling.priors.distributions import Flat, HalfNormal, HalfStudentT, LogNormal, Normal
from partial_pooling.priors.priors import HyperPrior, parse_prior

MU = Normal(0.0, 1.0)


def collection(rng, count, prior, most=20):
    """Tables whose tau have a distribution that is known."""
    tables = []
    for _ in range(count):
        groups = int(rng.integers(3, most))
        std_error = np.exp(rng.normal(-1.5, 0.5, groups))
        tau = prior if isinstance(prior, float) else prior.draw(rng)
        estimate = rng.normal(rng.normal(0, 1), np.hypot(std_error, tau))
        tables.append(Estimates(tuple(map(str, range(groups))), estimate, std_error))
    return tables


def density_of_estimates(table, tau):
    """p(y | tau) as the density of a normal vector, mu integrated out."""
    covariance = np.diag(table.std_error**2 + tau**2) + MU.sigma**2
    return stats.multivariate_normal(np.full(len(table), MU.mu), covariance).pdf(table.estimate)


def test_likelihood_of_tau_is_the_density_of_a_normal_vector():
    tables = collection(np.random.default_rng(1), 5, 0.3)
    tau = np.array([0.0, 1e-3, 0.3, 4.0])
    found = log_likelihoods(tables, MU, tau)
    expected = [[math.log(density_of_estimates(table, x)) for x in tau] for table in tables]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


ABCD = ("a", "b", "c", "d")
OF_FAMILIES = {
    "binomial": Counts(ABCD, np.array([0.0, 3, 30, 4]), np.array([4.0, 9, 30, 40])),
    "poisson": Rates(ABCD, np.array([0.0, 3, 30, 4]), np.array([0.5, 1, 2, 9])),
    "hypergeometric": TwoByTwo(
        ABCD,
        np.array([0.0, 3, 20, 1]),
        np.array([6.0, 10, 40, 90]),
        np.array([5.0, 2, 30, 7]),
        np.array([8.0, 12, 30, 80]),
    ),
    "student": Summaries(
        ABCD, np.array([2.8, 0.8, -0.3, 0]), np.array([3.0, 4, 5, 1]), np.array([2.0, 9, 40, 5])
    ),
}


@pytest.mark.parametrize("name", OF_FAMILIES)
def test_likelihood_of_tau_of_any_family_is_what_its_posterior_says(name):
    """Posterior density over prior density and evidence, wherever the former is not tiny."""
    groups, family = OF_FAMILIES[name], FAMILIES[name]
    prior = HyperPrior(MU, HalfNormal(1.0))
    tau = np.geomspace(1e-3, 6, 60)
    posterior = solve(groups, prior, family)
    density = posterior.density("tau", tau)
    with np.errstate(divide="ignore"):
        logs = np.log(density) + posterior.log_marginal_likelihood - prior.tau.log_density(tau)
    (found,) = log_likelihoods([groups], MU, tau, family)
    assert np.abs(found - logs)[density > 1e-8].max() < 2e-3
    line = populations([groups] * 3, MU, family)[0].line
    assert line.startswith("tau: {dist: ")


V = np.linspace(0, 1, 2001)
GRID = 200 * V**4 + 1e-300  # tau; close to each other near 0


def densities(table):
    """p(y | tau) at the grid as the density of a normal vector, by its covariance."""
    covariance = np.eye(len(table)) * (table.std_error**2 + GRID[:, None, None] ** 2) + MU.sigma**2
    distance = table.estimate - MU.mu
    squares = np.linalg.solve(covariance, distance[:, None])[:, :, 0] @ distance
    logs = np.linalg.slogdet(2 * math.pi * covariance)[1]
    return np.exp(-0.5 * (squares + logs))


def test_likelihood_of_a_distribution_is_an_average_and_greatest_at_the_estimate():
    tables = collection(np.random.default_rng(2), 12, LogNormal(-1.0, 0.7), most=6)
    given_tau = [densities(table) for table in tables]

    def log_likelihood(of_tau):
        weight = of_tau(GRID) * 800 * V**3
        return sum(math.log(integrate.simpson(each * weight, x=V)) for each in given_tau)

    def log_normal(mu, sigma):
        return log_likelihood(stats.lognorm(sigma, scale=math.exp(mu)).pdf)

    def half_student(sigma, nu):
        return log_likelihood(lambda tau: 2 * stats.t(nu, scale=sigma).pdf(tau))

    of = {population.prior.dist: population for population in populations(tables, MU)}
    mu, sigma = of["LogNormal"].prior.mu, of["LogNormal"].prior.sigma
    best = log_normal(mu, sigma)
    assert of["LogNormal"].log_likelihood == pytest.approx(best, abs=1e-5)
    assert of["LogNormal"].aic == pytest.approx(4 - 2 * best, abs=1e-4)
    for a, b in ((mu + 0.05, sigma), (mu - 0.05, sigma), (mu, sigma + 0.05), (mu, sigma - 0.05)):
        assert log_normal(a, b) < best
    sigma, nu = of["HalfStudentT"].prior.sigma, of["HalfStudentT"].prior.nu
    best = half_student(sigma, nu)
    assert of["HalfStudentT"].log_likelihood == pytest.approx(best, abs=1e-4)
    assert half_student(1.1 * sigma, nu) < best > half_student(0.9 * sigma, nu)


def test_ends_of_an_interval_are_where_the_profile_has_dropped():
    tables = collection(np.random.default_rng(3), 30, LogNormal(-1.0, 0.7))
    found = next(p for p in populations(tables, MU) if isinstance(p.prior, LogNormal))
    nodes = np.arange(-9, 5, 0.05)
    given_tau = np.exp(log_likelihoods(tables, MU, np.exp(nodes)))

    def at(mu, sigma):
        weight = np.exp(-0.5 * ((nodes - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
        return float(np.log(given_tau @ weight * 0.05).sum())

    drop = stats.chi2.isf(0.05, 1) / 2
    for end in found.interval["mu"]:
        profile = max(at(end, sigma) for sigma in np.linspace(0.2, 2, 91))
        assert profile == pytest.approx(found.log_likelihood - drop, abs=2e-2)
    for end in found.interval["sigma"]:
        profile = max(at(mu, end) for mu in np.linspace(-2, 0, 101))
        assert profile == pytest.approx(found.log_likelihood - drop, abs=2e-2)


@pytest.mark.parametrize("truth", [LogNormal(-1.0, 0.7), HalfStudentT(4.0, 0.5)])
def test_known_distribution_is_found_again(truth):
    """Each of two parameters is within twice its interval: 1 in 10,000 by chance."""
    tables = collection(np.random.default_rng(4), 400, truth)
    best = populations(tables, MU)[0]
    assert best.prior.dist == truth.dist and not best.at_boundary
    for name, value in truth.parameters.items():
        low, high = (math.log(x) if name != "mu" else x for x in best.interval[name])
        value = math.log(value) if name != "mu" else value
        estimate = best.prior.parameters[name]
        estimate = math.log(estimate) if name != "mu" else estimate
        assert low < estimate < high
        assert 2 * (low - estimate) < value - estimate < 2 * (high - estimate)


def test_one_tau_for_all_tables_is_told_as_a_boundary():
    rng = np.random.default_rng(6)
    by_dist = {p.prior.dist: p for p in populations(collection(rng, 60, 0.4), MU)}
    assert "sigma" in by_dist["LogNormal"].at_boundary
    assert by_dist["LogNormal"].interval["sigma"][0] == 0
    assert math.exp(by_dist["LogNormal"].prior.mu) == pytest.approx(0.4, rel=0.2)
    assert by_dist["HalfStudentT"].at_boundary == ("nu",)
    assert by_dist["HalfStudentT"].interval["nu"][1] == math.inf


def test_no_heterogeneity_anywhere_leaves_no_least_tau():
    rng = np.random.default_rng(7)
    for population in populations(collection(rng, 40, 0.0), MU):
        if isinstance(population.prior, LogNormal):
            assert population.interval["mu"][0] == -math.inf
        else:
            assert population.interval["sigma"][0] == 0


def test_line_is_a_prior_of_a_configuration_whatever_the_order_of_tables():
    tables = collection(np.random.default_rng(8), 25, LogNormal(-1.0, 0.7))
    found, again = populations(tables, Flat()), populations(tables[::-1], Flat())
    assert found == again
    for population in found:
        _, _, spec = population.line.removeprefix("tau: {").removesuffix("}").partition("dist: ")
        dist, *rest = spec.split(", ")
        parameters = dict(each.split(": ") for each in rest)
        prior = parse_prior("tau", {"dist": dist} | {k: float(v) for k, v in parameters.items()})
        for name, value in prior.parameters.items():
            assert value == pytest.approx(population.prior.parameters[name], rel=5e-3)


def test_too_few_tables_are_refused():
    with pytest.raises(InputError, match="found 2"):
        populations(collection(np.random.default_rng(9), 2, 0.4), MU)


@pytest.mark.slow
@pytest.mark.parametrize("truth", [LogNormal(-1.0, 0.7), HalfStudentT(4.0, 0.5)])
def test_intervals_cover_as_often_as_they_say(truth):
    """At least 88 of 100 intervals of 95 % hold the truth: fewer by chance 1 in 230."""
    rng = np.random.default_rng(10)
    covered = dict.fromkeys(truth.parameters, 0)
    for _ in range(100):
        tables = collection(rng, 100, truth)
        found = next(p for p in populations(tables, MU) if p.prior.dist == truth.dist)
        for name, value in truth.parameters.items():
            low, high = found.interval[name]
            covered[name] += low <= value <= high
    for name, count in covered.items():
        assert count >= 88, name


def test_published_trials_have_intervals():
    """34 tables whose profile turns back on itself: an end was looked for where it is not."""
    folder = Path(__file__).parents[2] / "config" / "datasets"
    members = read_collection(
        folder / "published_two_by_two.csv",
        "meta_analysis",
        form="two_by_two",
        columns={"group": "trial"},
        measure="log_risk_ratio",
    )
    tables = [member.groups for member in members if member.groups]
    for found in populations(tables, MU):
        for name, (low, high) in found.interval.items():
            assert low < found.prior.parameters[name] < high
