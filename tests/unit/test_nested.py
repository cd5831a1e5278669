"""Nested quadrature against the closed form, and against grids that share no code with it."""

import math
import tracemalloc

import numpy as np
import pytest
from grids import (
    ABC,
    CASES,
    FURTHER,
    GRID,
    SURER,
    WIDE,
    counts,
    log_likelihood,
    on_a_grid,
    trials,
)
from scipy import optimize, stats
from threadpoolctl import threadpool_limits

from partial_pooling.data.groups import Counts, Estimates, Summaries, TwoByTwo
from partial_pooling.errors import InputError
from partial_pooling.exact.face import PROBABILITIES
from partial_pooling.exact.nested.inner import Thetas
from partial_pooling.exact.nested.pilot import between
from partial_pooling.exact.nested.posterior import nested
from partial_pooling.exact.nested.replicates import least_whole
from partial_pooling.exact.nested.rules import COARSE, FINE
from partial_pooling.exact.posterior import solve
from partial_pooling.families.binomial import BINOMIAL
from partial_pooling.families.hypergeometric import HYPERGEOMETRIC
from partial_pooling.families.normal import NORMAL
from partial_pooling.families.student import STUDENT
from partial_pooling.priors.distributions import (
    Flat,
    HalfCauchy,
    HalfFlat,
    HalfNormal,
    HalfStudentT,
    Normal,
    Uniform,
)
from partial_pooling.priors.priors import HyperPrior

SCHOOLS = Estimates(
    tuple("ABCDEFGH"),
    np.array([28.0, 8, -3, 7, -1, 1, 18, 12]),
    np.array([15.0, 10, 16, 11, 9, 11, 10, 18]),
)
P = np.array(PROBABILITIES)


# -- the closed form ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prior",
    [
        HyperPrior(Flat(), HalfFlat()),
        pytest.param(HyperPrior(Normal(0, 5), HalfCauchy(5)), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_nested_quadrature_of_the_normal_family_is_its_closed_form(prior):
    exact, found = solve(SCHOOLS, prior), nested(SCHOOLS, prior, NORMAL)
    names = exact.variables
    mean, sd = exact.moments(names)
    found_mean, found_sd = found.moments(names)
    assert found_mean == pytest.approx(mean, abs=1e-8 * sd.min())
    assert found_sd == pytest.approx(sd, rel=1e-8)
    for name, quantiles in zip(names, found.quantiles(names, P), strict=True):
        assert exact.cdf(name, quantiles) == pytest.approx(P, abs=1e-8)
        x = quantiles[::3]
        assert found.density(name, x) == pytest.approx(exact.density(name, x), rel=1e-6)
    assert found.log_evidence == pytest.approx(
        exact.of_tau.log_norm + exact.of_tau.target.at_reference, abs=1e-9
    )
    assert found.moment_order("theta_new") == exact.moment_order("theta_new")


@pytest.mark.slow
def test_statements_about_several_groups_are_those_of_the_closed_form():
    prior = HyperPrior(Normal(0, 5), HalfCauchy(5))
    few = SCHOOLS.select(np.arange(8) < 3)
    exact, found = solve(few, prior), nested(few, prior, NORMAL)
    assert found.probability_greater() == pytest.approx(exact.probability_greater(), abs=1e-7)
    assert found.probability_largest() == pytest.approx(exact.probability_largest(), abs=1e-7)
    assert found.leave_one_out() == pytest.approx(exact.leave_one_out(), abs=1e-8)
    ours, theirs = found.difference("A", "C"), exact.difference("A", "C")
    assert ours.mean == pytest.approx(theirs.mean, abs=1e-7)
    assert ours.sd == pytest.approx(theirs.sd, rel=1e-7)
    assert ours.quantile == pytest.approx(theirs.quantile, abs=1e-4)
    tau = [0.0, 3.0, 40.0]
    for ours, theirs in zip(found.conditional(tau), exact.conditional(tau), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-8)
    assert found.pooling_factor() == pytest.approx(exact.pooling_factor(), abs=1e-8)


# -- replicates --------------------------------------------------------------------------------


def test_replicated_estimates_are_those_of_the_closed_form():
    prior = HyperPrior(Normal(0, 5), HalfCauchy(5))
    few = SCHOOLS.select(np.arange(8) < 2)
    exact, found = solve(few, prior).predictive(), nested(few, prior, NORMAL, COARSE).predictive()
    assert found.mean == pytest.approx(exact.mean, abs=1e-5)
    assert found.sd == pytest.approx(exact.sd, rel=1e-5)
    assert found.quantile == pytest.approx(exact.quantile, rel=1e-5)
    assert found.cdf_at_observed == pytest.approx(exact.cdf_at_observed, abs=1e-6)


def test_least_whole_number_whose_probability_reaches_p():
    p = np.array([[1e-9], [0.3], [0.5], [0.999]])
    found = least_whole(lambda y: stats.poisson.cdf(y, [2.0, 1e6]), np.repeat(p, 2, axis=1))
    assert (found == stats.poisson.ppf(p, [2.0, 1e6])).all()


@pytest.mark.slow
def test_replicated_events_have_the_probability_of_further_data():
    """k of n once more, beside a of n, is a + k of 2 n but for the ways to divide them."""
    prior, groups = HyperPrior(Normal(0, 2), HalfNormal(1)), counts([1, 3], [2, 8])
    posterior = nested(groups, prior, BINOMIAL, COARSE)
    p = []
    for k in range(3):
        both = counts([1 + k, 3], [4, 8])
        ways = math.comb(2, 1) * math.comb(2, k) / math.comb(4, 1 + k)
        p.append(ways * math.exp(nested(both, prior, BINOMIAL, COARSE).log_evidence))
    p = np.array(p) / math.exp(posterior.log_evidence)
    assert p.sum() == pytest.approx(1, abs=1e-6)
    found = posterior.predictive((0.05, *(p.cumsum() - 1e-4), *(p.cumsum()[:-1] + 1e-4)))
    assert list(found.quantile[0]) == [0, 0, 1, 2, 1, 2]
    assert found.cdf_at_observed[0] == pytest.approx(p[:2].sum(), abs=1e-6)
    k = np.arange(3)
    assert found.mean[0] == pytest.approx(p @ k, abs=1e-6)
    assert found.sd[0] == pytest.approx(math.sqrt(p @ k**2 - (p @ k) ** 2), abs=1e-6)


@pytest.mark.slow
def test_replicated_mean_of_few_observations():
    """Of two no mean exists, of three no variance; quantiles against draws, each z within 4.1."""
    groups = Summaries(ABC, np.array([0.0, 1, 3]), np.array([1.0, 2, 1]), np.array([2.0, 3, 9]))
    posterior = nested(groups, HyperPrior(Normal(0, 2), HalfNormal(1)), STUDENT)
    found = posterior.predictive((0.1, 0.5, 0.9))
    assert np.isnan(found.mean).tolist() == [True, False, False]
    assert np.isnan(found.sd).tolist() == [True, True, False]
    rng, draws = np.random.default_rng(3), 40_000
    for j, name in enumerate(ABC):
        theta = posterior.quantile(f"theta[{name}]", (np.arange(400) + 0.5) / 400)
        t = rng.standard_t(groups.n[j] - 1, (draws // 400, 400))
        below = (theta + groups.sd[j] / math.sqrt(groups.n[j]) * t)[..., None] <= found.quantile[j]
        z = (below.mean((0, 1)) - [0.1, 0.5, 0.9]) / np.sqrt(np.array([0.09, 0.25, 0.09]) / draws)
        assert np.abs(z).max() < 4.1  # draws of theta are evenly spread: z is smaller than normal


# -- grids -------------------------------------------------------------------------------------


QUICK = ("separation",)


@pytest.mark.parametrize(
    "case",
    [each if each in QUICK else pytest.param(each, marks=pytest.mark.slow) for each in CASES],
)
def test_moments_agree_with_a_grid(case):
    family, groups = CASES[case]
    prior = WIDE
    coarse = {"step": 0.25} if case in QUICK else {}
    evidence, mean, sd = on_a_grid(groups, prior, **GRID | coarse)
    posterior = solve(groups, prior, family)
    names = posterior.variables[:-1]
    found_mean, found_sd = posterior.moments(names)
    assert posterior.log_marginal_likelihood == pytest.approx(evidence, abs=1e-8)
    assert (found_mean - mean) / sd == pytest.approx(0, abs=1e-8)
    assert found_sd == pytest.approx(sd, rel=2e-8)


def test_what_an_end_is_off_by_is_not_magnified_between_the_rows():
    row, place = np.arange(40.0), np.linspace(0, 39, 400)
    values = -(row**2) / 3
    smooth = between(values, place)
    assert smooth == pytest.approx(-(place**2) / 3, abs=1e-7)
    values[0] += 0.01
    assert np.abs(between(values, place) - smooth).max() < 1


@pytest.mark.slow
@pytest.mark.parametrize("case", FURTHER)
def test_moments_of_further_data_agree_with_a_grid(case):
    family, groups, prior, changed = FURTHER[case]
    evidence, mean, sd = on_a_grid(groups, prior, **GRID | changed)
    posterior = solve(groups, prior, family)
    found_mean, found_sd = posterior.moments(posterior.variables[:-1])
    assert posterior.log_marginal_likelihood == pytest.approx(evidence, abs=1e-8)
    assert (found_mean - mean) / sd == pytest.approx(0, abs=1e-8)
    assert found_sd == pytest.approx(sd, rel=2e-8)


# two rules that are off alike, by more than what they differ by
OFF_ALIKE = {
    # theta[g1]
    "alike": (
        STUDENT,
        Summaries(
            tuple(f"g{j}" for j in range(10)),
            np.array([0.17, 0.187, -0.804, 0.871, 0.11, -0.203, 0.574, -1.217, -0.552, 0.142]),
            np.array([0.478, 0.286, 0.104, 0.0533, 0.00424, 1.588, 0.0893, 0.556, 0.0396, 0.215]),
            np.array([89.0, 13, 3, 3, 6, 7, 3, 4, 3, 4]),
        ),
        HyperPrior(Normal(0, 9), Uniform(0, 18)),
    ),
    # theta_new: the posterior of mu ends ten times as steeply on the right as on the left
    "lopsided": (
        HYPERGEOMETRIC,
        trials(
            *((0, 20, 1, 30), (0, 58, 0, 34), (0, 28, 1, 45), (0, 25, 1, 18)),
            *((0, 8, 1, 9), (0, 23, 8, 20), (0, 56, 2, 66), (0, 4, 0, 6)),
        ),
        HyperPrior(Normal(0, 14), HalfStudentT(4, 2.85)),
    ),
}


@pytest.mark.parametrize("case", [*CASES, *OFF_ALIKE])
def test_the_error_of_a_number_is_below_its_bound(case):
    """Held against a much finer rule; mean and sd in posterior sds, quantiles in probability."""
    family, groups, prior = OFF_ALIKE[case] if case in OFF_ALIKE else (*CASES[case], WIDE)
    posterior, surer = solve(groups, prior, family), nested(groups, prior, family, SURER)
    names = posterior.variables
    mean, sd = posterior.moments(names)
    true_mean, true_sd = surer.moments(names)
    error = np.maximum(abs(mean - true_mean) / true_sd, abs(sd / true_sd - 1))
    for k, (name, found) in enumerate(
        zip(names, posterior.quantiles(names, PROBABILITIES), strict=True)
    ):
        error[k] = max(error[k], abs(surer.cdf(name, found) - PROBABILITIES).max())
    bound = posterior.errors(names)
    assert (error <= bound).all()
    assert bound.max() < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if case != "empty arms"])  # minutes
def test_quantiles_and_left_out_groups_agree_with_what_they_are_made_of(case):
    """Quantiles from the density alone; log p(y_j | rest) as a ratio of two evidences."""
    family, groups = CASES[case]
    prior = HyperPrior(Normal(0.3, 2), HalfCauchy(1.5))
    posterior = solve(groups, prior, family)
    names = [posterior.variables[0], *posterior.variables[3:]]
    mean, sd = posterior.moments(names)
    for name, quantiles, m, s in zip(names, posterior.quantiles(names, P), mean, sd, strict=True):
        m, s = (m, s) if math.isfinite(s) else (float(quantiles[3]), float(np.ptp(quantiles)))
        # the midpoint rule in u, x = m + s tan(u): as good for heavy tails
        step = math.pi / 40_000
        u = (np.arange(40_000) + 0.5) * step - math.pi / 2
        mass = posterior.density(name, m + s * np.tan(u)) * s / np.cos(u) ** 2 * step
        assert mass.sum() == pytest.approx(1, abs=1e-7)
        below = np.interp(np.arctan((quantiles - m) / s), u + step / 2, np.cumsum(mass))
        assert below == pytest.approx(P, abs=5e-6)
    rest = posterior.leave_one_out()
    for j in range(len(groups)):
        without = solve(groups.select(np.arange(len(groups)) != j), prior, family)
        ratio = posterior.log_marginal_likelihood - without.log_marginal_likelihood
        assert rest[j] == pytest.approx(ratio, abs=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_comparisons_agree_with_draws_of_the_posterior(case):
    """Importance draws of 400,000; each z at most 5, which fails by chance once in 1e5 or so."""
    family, groups = CASES[case]
    prior = HyperPrior(Normal(0.3, 2), HalfNormal(1.5))
    posterior = solve(groups, prior, family)
    rng = np.random.default_rng(5)
    size = 400_000
    t = posterior.quantile("log_tau", np.clip(rng.random(size // 400), 1e-9, 1 - 1e-9))
    tau = np.repeat(np.exp(t), 400)
    # mu and theta from the prior given tau, weighted by the likelihood: for few groups it does
    mu = rng.normal(0.3, 2, size)
    theta = mu[:, None] + tau[:, None] * rng.standard_normal((size, len(groups)))
    log = family.log_likelihood(groups, theta).sum(axis=1)
    rows = posterior.of_tau.target.log_density(np.log(tau[::400]))
    rows -= prior.tau.log_density(tau[::400]) + np.log(tau[::400])
    weight = np.exp(log - np.repeat(rows, 400) - posterior.of_tau.target.at_reference)
    weight /= weight.sum()
    best = theta.argmax(axis=1)
    for j, chance in enumerate(posterior.probability_largest()):
        hit = best == j
        share = weight[hit].sum()
        blocks = (weight * (hit - share)).reshape(-1, 400).sum(axis=1)
        assert abs(share - chance) < 5 * math.sqrt((blocks**2).sum()) + 1e-9


# -- limits ------------------------------------------------------------------------------------


def test_no_digit_follows_from_the_number_of_threads():
    groups = Counts(tuple(map(str, range(71))), np.arange(71.0) % 5, np.arange(71.0) % 17 + 14)
    variables = ["mu", "tau", "theta[3]", "theta[70]"]
    answers = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            solved = nested(groups, WIDE, BINOMIAL)
            numbers = [solved.quantiles(variables, P), *solved.moments(variables)]
            answers.append(np.concatenate([of.ravel() for of in numbers]))
    np.testing.assert_array_equal(*answers)


def test_a_tail_of_tau_that_falls_as_slowly_as_any_can_is_integrated():
    # one trial of three bounds theta on both sides, mu is flat: tau falls as its prior does
    trials = np.array([[11.0, 1, 7], [16, 3, 7], [2, 0, 1], [15, 7, 12]])
    posterior = nested(TwoByTwo(ABC, *trials), HyperPrior(Flat(), HalfCauchy(0.5)), HYPERGEOMETRIC)
    assert posterior.errors(["log_tau", "theta[a]"]).max() < 1e-7
    t = np.array([12.0, 20.0, 25.0])
    log_density = np.log(posterior.density("log_tau", t))
    assert np.diff(log_density) / np.diff(t) == pytest.approx([-1, -1], abs=1e-5)


def test_where_a_likelihood_is_level_no_memory_is_spent():
    # its score is rounding there, and times the variance of theta, e^80, larger than theta
    groups = trials((0, 6, 0, 6), (0, 2, 0, 2), (0, 24, 8, 36), (0, 41, 1, 18))
    mu, tau = np.linspace(-80, 80, 40), np.full(40, math.exp(39))
    tracemalloc.start()
    inner = Thetas(groups, HYPERGEOMETRIC, FINE).integrate(mu, tau)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5e6  # 200 MB before this test was
    assert np.exp(inner.log_evidence) == pytest.approx(np.tile([1, 1, 0.5, 0.5], (40, 1)))


def test_one_theta_for_all_is_the_conditional_logistic_estimate():
    """With tau near 0 and mu flat, the posterior of mu is the conditional likelihood."""
    groups = trials((3, 10, 5, 20), (7, 30, 12, 30), (2, 9, 1, 8))
    posterior = nested(groups, HyperPrior(Flat(), Uniform(0, 1e-6)), HYPERGEOMETRIC)

    def minus_log(theta):
        return -float(log_likelihood(groups, np.array([theta])).sum())

    found = optimize.minimize_scalar(minus_log, bounds=(-5, 5), options={"xatol": 1e-10}).x
    at = found + np.array([-1.0, 0.0, 0.7])
    density = posterior.density("mu", at)
    expected = [math.exp(minus_log(found) - minus_log(x)) for x in at]
    assert density / density[1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("groups", "family", "prior", "reason"),
    [
        (counts([0, 0], [5, 6]), BINOMIAL, HyperPrior(Flat(), HalfNormal(1)), "however low"),
        (counts([5, 6], [5, 6]), BINOMIAL, HyperPrior(Flat(), HalfNormal(1)), "however high"),
        (counts([0, 2], [5, 6]), BINOMIAL, HyperPrior(Normal(0, 1), HalfFlat()), r"only.*\(g0\)"),
        (counts([0, 5], [5, 5]), BINOMIAL, HyperPrior(Flat(), HalfCauchy(1)), r"only.*g0, g1"),
    ],
)
def test_improper_posteriors_are_refused_by_group_and_prior(groups, family, prior, reason):
    with pytest.raises(InputError, match=reason):
        solve(groups, prior, family)


def test_means_that_do_not_exist_are_not_a_number():
    """Two events in 5 and none in 5: the theta of the second spreads as tau does, as its square."""
    posterior = nested(counts([2, 0], [5, 5]), HyperPrior(Normal(0, 1), HalfCauchy(1)), BINOMIAL)
    assert [posterior.moment_order(f"theta[g{j}]") for j in range(2)] == [math.inf, 2]
    assert math.isnan(posterior.sd("theta[g1]"))
    assert math.isfinite(posterior.mean("theta[g1]"))
    assert math.isfinite(posterior.sd("theta[g0]"))
