"""Every family is one likelihood: in its density, in PyMC, in what it simulates, in closed form.

A family that is added is tried by all of these once it has data in DATA.
"""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import logsumexp, ndtr

from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import Counts, Estimates, Rates, Summaries, TwoByTwo
from partial_pooling.exact.posterior import solve
from partial_pooling.families.normal import Normal
from partial_pooling.families.registry import FAMILIES, families_of
from partial_pooling.families.student import STUDENT
from partial_pooling.models.parametrizations import (
    INTEGRATED,
    PARAMETRIZATIONS,
    build_model,
)
from partial_pooling.priors.priors import parse_hyperprior

ABC = ("a", "b", "c")
DATA = {
    "normal": Estimates(ABC, np.array([28.0, 8.0, -3.0]), np.array([15.0, 10.0, 16.0])),
    "student": Summaries(
        ABC, np.array([28.0, 8.0, -3.0]), np.array([30.0, 40.0, 50.0]), np.array([2.0, 9.0, 40.0])
    ),
    "binomial": Counts(ABC, np.array([0.0, 3.0, 30.0]), np.array([4.0, 9.0, 30.0])),
    "poisson": Rates(ABC, np.array([0.0, 3.0, 30.0]), np.array([0.5, 1.0, 2.0])),
    "hypergeometric": TwoByTwo(
        ABC,
        np.array([0.0, 3.0, 20.0]),
        np.array([6.0, 10.0, 40.0]),
        np.array([5.0, 2.0, 30.0]),
        np.array([8.0, 12.0, 30.0]),
    ),
}
PRIOR = parse_hyperprior(
    {"mu": {"dist": "Normal", "mu": 1, "sigma": 5}, "tau": {"dist": "HalfCauchy", "beta": 5}}
)


@pytest.fixture(params=FAMILIES)
def family(request):
    return FAMILIES[request.param]


@pytest.fixture
def groups(family):
    return DATA[family.name]


def test_joined_data_have_the_likelihood_of_both(family, groups):
    """But for a factor; families that have none say so."""
    more = family.simulate(groups, np.array([0.3, -0.2, 0.1]), np.random.default_rng(2))
    joined = family.joined(groups, more)
    assert (joined is None) == (family.name != "normal")
    if joined is not None:
        theta = np.linspace(-20, 40, 7)[:, None]
        both = family.log_likelihood(groups, theta) + family.log_likelihood(more, theta)
        off = family.log_likelihood(joined, theta) - both
        np.testing.assert_allclose(off - off[0], 0, atol=1e-10)


def test_every_family_is_tried_here():
    assert set(DATA) == set(FAMILIES)


def test_forms_of_a_family_are_forms(family):
    assert family.forms
    # every family is reached by the form of its own data
    assert set(family.forms) <= {*FORMS, "counts", "rates", "two_by_two"}


def possible(groups, j):
    """All data that group j could have had."""
    match groups:
        case Counts():
            return np.arange(groups.n[j] + 1)
        case Rates():
            return np.arange(400.0)
    total = groups.events_treated[j] + groups.events_control[j]
    return np.arange(max(0, total - groups.n_control[j]), min(groups.n_treated[j], total) + 1)


def moved(groups, j, y):
    """The groups with y for the datum of group j."""
    name = next(iter(FAMILY_OF[type(groups)].data(groups)))
    changed = getattr(groups, name).copy()
    changed[j] = y
    columns = {name: changed}
    if isinstance(groups, TwoByTwo):
        total = groups.events_treated + groups.events_control
        columns["events_control"] = total - changed
    return replace(groups, **columns)


FAMILY_OF = {type(DATA[name]): family for name, family in FAMILIES.items()}


def test_likelihood_has_all_its_constants(family, groups):
    """A density of the data: over all data it integrates to one."""
    theta = np.array([1.0, 2.0, 3.0])
    for j in range(len(groups)):

        def density(y, j=j):
            return math.exp(family.log_likelihood(moved(groups, j, y), theta)[j])

        if isinstance(groups, Estimates | Summaries):
            # from -inf to inf, whatever the tails
            total = integrate.quad(
                lambda u, density=density: density(20 * math.tan(u)) * 20 / math.cos(u) ** 2,
                -math.pi / 2 + 1e-12,
                math.pi / 2 - 1e-12,
                limit=200,
            )[0]
        else:
            total = sum(density(y) for y in possible(groups, j))
        assert total == pytest.approx(1, abs=1e-8)


def test_what_lies_below_the_data_is_all_that_is_less(family, groups):
    """Sums over all lesser data, or the integral from far below."""
    theta = np.array([[1.0, 2.0, 3.0], [-0.4, 0.5, 4.0]])
    less, as_much = family.below(groups, theta)
    for row, at in enumerate(theta):
        for j in range(len(groups)):

            def density(y, j=j, at=at):
                return math.exp(family.log_likelihood(moved(groups, j, y), at)[j])

            own = next(iter(family.data(groups).values()))[j]
            if isinstance(groups, Estimates | Summaries):
                total = integrate.quad(lambda u, f=density, y=own: f(y - math.exp(u)) * math.exp(u),
                                       -30, 30, limit=400)[0]  # fmt: skip
                assert as_much[row, j] == 0
            else:
                total = sum(density(y) for y in possible(groups, j) if y < own)
                assert as_much[row, j] == pytest.approx(density(own), abs=1e-12)
            assert less[row, j] == pytest.approx(total, abs=1e-6)


def test_score_and_information_are_those_of_the_likelihood(family, groups):
    """Slope by differences; information as the mean of minus the curvature over all data."""
    theta, h = np.array([0.4, -0.3, 0.8]), 1e-4
    up, at, down = (family.log_likelihood(groups, theta + k * h) for k in (1, 0, -1))
    assert family.score(groups, theta) == pytest.approx((up - down) / (2 * h), abs=1e-5)
    information = family.information(groups, theta)
    if isinstance(groups, Summaries):
        nu = groups.n - 1
        assert information == pytest.approx(groups.n / groups.sd**2 * (nu + 1) / (nu + 3))
    else:  # in natural parameters the curvature is the same for all data
        bend = -(up - 2 * at + down) / h**2
        assert information == pytest.approx(bend, rel=1e-5, abs=1e-6)


def test_replicates_follow_the_likelihood(family, groups):
    """Mean, variance and CDF, by sums over all data or by quadrature of the density."""
    theta = np.array([0.4, -0.3, 0.8])
    mean, variance = family.replicated(groups, theta)
    (datum, *_) = family.data(groups).values()
    below = family.cdf(groups, theta, datum)
    assert family.cdf(groups, theta, datum + 0.5 * family.whole) == pytest.approx(below, rel=1e-12)
    for j in range(len(groups)):

        def density(y, j=j):
            return math.exp(family.log_likelihood(moved(groups, j, y), theta)[j])

        if isinstance(groups, TwoByTwo) and j == 2:
            break  # margins tabulated anew for each of 30
        if family.whole:
            y = possible(groups, j)
            p = np.array([density(k) for k in y])
            assert mean[j] == pytest.approx(p @ y, rel=1e-8)
            assert variance[j] == pytest.approx(p @ (y - p @ y) ** 2, rel=1e-8)
            assert below[j] == pytest.approx(p[y <= datum[j]].sum(), abs=1e-8)
            assert family.cdf(groups, theta, np.full(3, -0.5))[j] == 0
            assert family.cdf(groups, theta, np.full(3, 1e6))[j] == pytest.approx(1)
            continue
        assert below[j] == pytest.approx(integrate.quad(density, -np.inf, datum[j])[0], abs=1e-6)
        if isinstance(groups, Summaries):
            assert (np.isnan(mean[j]), np.isfinite(variance[j])) == (j == 0, j > 0)
            if j == 0:
                continue
        assert mean[j] == theta[j]
        of_t = stats.t(groups.n[j] - 1).var() if isinstance(groups, Summaries) else 1
        student = isinstance(groups, Summaries)
        scale = groups.sd / np.sqrt(groups.n) if student else groups.std_error
        assert variance[j] == pytest.approx(of_t * scale[j] ** 2)


@pytest.mark.parametrize("parametrization", sorted({*PARAMETRIZATIONS} - {*INTEGRATED}))
def test_pymc_observes_the_same_likelihood(family, groups, parametrization):
    model = build_model(parametrization, groups, PRIOR, family)
    point = model.initial_point()
    found = float(model.compile_logp(vars=[model["y"]], jacobian=False)(point))
    (of_values,) = model.replace_rvs_by_values([model["theta"]])
    theta = model.compile_fn(
        of_values, inputs=model.value_vars, point_fn=True, on_unused_input="ignore"
    )(point)
    assert found == pytest.approx(family.log_likelihood(groups, theta).sum(), rel=1e-12)


def test_partial_centers_where_a_wide_normal_density_times_the_likelihood_lies(family, groups):
    """The mean and sd of either product, by quadrature; of estimates whatever the wide one is."""
    about, own = family.approximation(groups), family.centering(groups)
    wide = 3 * about.std_error

    def moments(z):
        theta = about.estimate + wide * z
        density = np.exp(family.log_likelihood(groups, theta) - z**2 / 2)
        return density * np.array([[1.0], [z], [z**2]])

    of_one, mean, square = integrate.quad_vec(moments, -12, 12, points=[0.0])[0]
    mean, square = mean / of_one, square / of_one
    precision = wide**-2.0 + own.std_error**-2.0
    shift = (own.estimate - about.estimate) / own.std_error**2 / precision
    assert shift == pytest.approx(wide * mean, rel=1e-3, abs=1e-4 * wide.max())
    assert precision == pytest.approx(1 / (square - mean**2) / wide**2, rel=1e-3)


def test_groups_that_say_nothing_are_not_centered():
    nothing = TwoByTwo(("a",), np.zeros(1), np.full(1, 9.0), np.zeros(1), np.full(1, 7.0))
    own = FAMILIES["hypergeometric"].centering(nothing)
    assert 20 * FAMILIES["hypergeometric"].approximation(nothing).std_error < own.std_error
    assert np.isfinite([own.estimate, own.std_error]).all()


def test_model_observes_other_data(family, groups):
    """Also of other precision: more trials, other exposures, margins, sds and numbers."""
    others = [getattr(groups, of.name) for of in fields(groups) if of.name != "names"]
    other = type(groups)(groups.names, *(2 * values[::-1] for values in others))
    other = family.simulate(other, np.zeros(3), np.random.default_rng(1))
    model = build_model("centered", groups, PRIOR, family)
    with model:
        import pymc as pm

        pm.set_data(family.data(other))
    point = model.initial_point() | {"theta": np.array([1.0, 2.0, 3.0])}
    found = float(model.compile_logp(vars=[model["y"]], jacobian=False)(point))
    assert found == pytest.approx(family.log_likelihood(other, point["theta"]).sum(), rel=1e-12)


def test_simulated_data_follow_the_likelihood(family, groups):
    """The score has mean 0, and variance the information; each z at 1e-3 / 6, fixed seed."""
    theta, rng, draws = np.array([0.4, -0.3, 0.8]), np.random.default_rng(2), 1000
    _, *values = (getattr(groups, each.name) for each in fields(groups))
    names = tuple(map(str, range(3 * draws)))
    # each group a thousand times
    many, thetas = type(groups)(names, *(np.tile(v, draws) for v in values)), np.tile(theta, draws)
    drawn = family.simulate(many, thetas, rng)
    assert drawn.names == names
    if isinstance(groups, Estimates | Summaries):
        score = family.score(drawn, thetas)
    else:  # in natural parameters the score is the datum less its mean
        name, *_ = family.data(groups)
        score = family.score(many, thetas) + getattr(drawn, name) - getattr(many, name)
    score = score.reshape(draws, 3)
    information = family.information(groups, theta)
    limit = -stats.norm.ppf(1e-3 / 12)
    assert np.abs(score.mean(axis=0) / np.sqrt(information / draws)).max() < limit
    square = score**2
    error = square.std(axis=0) / math.sqrt(draws)
    assert (np.abs(square.mean(axis=0) - information) / error).max() < limit


def test_posterior_rests_on_this_likelihood_alone(family, groups):
    """p(y), by brute force over (mu, tau) with theta integrated out of the family's likelihood."""
    # narrow steps where counts tell of theta; what lies beyond is in the last ones
    wide = isinstance(groups, Estimates | Summaries)
    mu = 1 + 5 * (np.linspace(-7, 7, 57) if wide else np.linspace(-6, 6, 241))
    t = np.linspace(-10, 13, 93)
    theta = 150 * np.linspace(-1, 1, 2001) if wide else 30 * np.linspace(-1, 1, 1001)
    of_theta = np.repeat(theta[:, None], len(groups), axis=1)
    of_group = np.exp(family.log_likelihood(groups, of_theta))
    # the population's share of each step of theta: right however narrow the population is
    edges = np.append(theta, theta[-1] + theta[1] - theta[0]) - (theta[1] - theta[0]) / 2
    edges[[0, -1]] = -1e9, 1e9
    likelihood = np.empty((len(t), len(mu)))
    for k, scale in enumerate(np.exp(t)):
        share = np.diff(ndtr((edges - mu[:, None]) / scale), axis=1)
        likelihood[k] = np.log(np.maximum(share @ of_group, 1e-300)).sum(axis=1)
    prior = PRIOR.mu.log_density(mu) + (PRIOR.tau.log_density(np.exp(t)) + t)[:, None]
    total = np.exp(likelihood + prior).sum() * (mu[1] - mu[0]) * (t[1] - t[0])
    exact = solve(groups, PRIOR, family).log_marginal_likelihood
    assert exact == pytest.approx(math.log(total), abs=3e-4)


def test_groups_that_bound_on_both_sides(family, groups):
    """Far off on either side, the likelihood of such a group is next to none."""
    far = family.log_likelihood(groups, np.full((2, 3), [[-1e9], [1e9]]))
    top = family.log_likelihood(groups, family.approximation(groups).estimate)
    assert ((far < top - 20) == family.falls(groups)).all()
    assert (family.bounded(groups) == family.falls(groups).all(axis=0)).all()


def test_every_form_has_a_family_and_estimates_are_its_last_resort():
    for form in FORMS:
        families = families_of(form)
        assert families
        assert families[-1] == "normal"


def test_a_likelihood_of_the_data_is_the_default_as_soon_as_it_is_there(monkeypatch):
    class Student(Normal):
        name = "student"
        forms = ("summaries", "observations")
        on_estimates = False

    monkeypatch.setitem(FAMILIES, "student", Student())
    assert families_of("observations") == ["student", "normal"]
    assert families_of("estimates") == ["normal"]


@pytest.mark.parametrize("n", [1.5, 2, 3, 5, 10, 20, 41, 100, 1000])
def test_mixture_of_normals_is_the_t_density_and_its_convolution_with_a_normal_one(n):
    # the trapezoid's rule is the same in every quadrature: no bound of the posterior sees its error
    groups = Summaries(("a",), np.array([0.3]), np.array([1.7 * np.sqrt(n)]), np.array([float(n)]))
    scale = 1.7
    far = scale * np.array([0.0, 0.5, 2, 10, 1e3, 1e6])
    variance, log_weight = STUDENT.normals(groups, 0, far.max())

    def log_density(tau):
        total = variance + tau**2
        return logsumexp(
            log_weight - 0.5 * np.log(2 * np.pi * total) - far[:, None] ** 2 / (2 * total), axis=1
        )

    exact = stats.t(n - 1, 0.3, scale).logpdf(0.3 + far)
    np.testing.assert_allclose(log_density(0.0), exact, rtol=0, atol=1e-11)
    z = np.arange(-12, 12, 1e-3)
    for tau in (0.1 * scale, 3 * scale, 100 * scale):
        # evenly, at steps that the t density's nearest pole does not notice
        each = stats.t(n - 1, 0, scale).pdf(far[:4, None] + tau * z) * stats.norm.pdf(z)
        convolved = np.log(each.sum(axis=1) * 1e-3)
        np.testing.assert_allclose(log_density(tau)[:4], convolved, rtol=0, atol=1e-11)
