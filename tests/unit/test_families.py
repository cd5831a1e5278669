"""Every family is one likelihood: in its density, in PyMC, in what it simulates, in closed form.

A family that is added is tried by all of these once it has data in DATA.
"""

import math

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import ndtr

from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import Estimates
from partial_pooling.exact.posterior import solve
from partial_pooling.families.normal import Normal
from partial_pooling.families.registry import FAMILIES, families_of
from partial_pooling.models.parametrizations import (
    INTEGRATED,
    PARAMETRIZATIONS,
    WEIGHTED,
    build_model,
)
from partial_pooling.priors.priors import parse_hyperprior

DATA = {
    "normal": Estimates(("a", "b", "c"), np.array([28.0, 8.0, -3.0]), np.array([15.0, 10.0, 16.0]))
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


def test_every_family_is_tried_here():
    assert set(DATA) == set(FAMILIES)


def test_forms_of_a_family_are_forms_that_can_be_read(family):
    assert family.forms
    assert set(family.forms) <= set(FORMS)


def test_likelihood_has_all_its_constants(family, groups):
    """A density of the data: over all data it integrates to one."""
    theta = np.array([1.0, 2.0, 3.0])
    for j in range(len(groups)):

        def density(y, j=j):
            data = groups.estimate.copy()
            data[j] = y
            moved = Estimates(groups.names, data, groups.std_error)
            return math.exp(family.log_likelihood(moved, theta)[j])

        assert integrate.quad(density, -200, 200, limit=200)[0] == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("parametrization", sorted({*PARAMETRIZATIONS} - {*INTEGRATED}))
def test_pymc_observes_the_same_likelihood(family, groups, parametrization):
    weights = np.array([0.2, 0.5, 1.0]) if parametrization in WEIGHTED else None
    model = build_model(parametrization, groups, PRIOR, family, weights)
    point = model.initial_point()
    found = float(model.compile_logp(vars=[model["y"]], jacobian=False)(point))
    (of_values,) = model.replace_rvs_by_values([model["theta"]])
    theta = model.compile_fn(
        of_values, inputs=model.value_vars, point_fn=True, on_unused_input="ignore"
    )(point)
    assert found == pytest.approx(family.log_likelihood(groups, theta).sum(), rel=1e-12)


def test_model_observes_other_data(family, groups):
    other = family.simulate(groups, np.zeros(3), np.random.default_rng(1))
    model = build_model("centered", groups, PRIOR, family)
    with model:
        import pymc as pm

        pm.set_data(family.data(other))
    point = model.initial_point() | {"theta": np.array([1.0, 2.0, 3.0])}
    found = float(model.compile_logp(vars=[model["y"]], jacobian=False)(point))
    assert found == pytest.approx(family.log_likelihood(other, point["theta"]).sum(), rel=1e-12)


def test_simulated_data_follow_the_likelihood(family, groups):
    """P(data at most what was drawn) is uniform; Kolmogorov-Smirnov at 1e-3, fixed seed."""
    theta = np.array([1.0, 2.0, 3.0])
    rng = np.random.default_rng(2)
    drawn = np.array([family.simulate(groups, theta, rng).estimate for _ in range(700)])
    assert drawn.shape == (700, 3)
    position = stats.norm.cdf(drawn, theta, groups.std_error)
    assert stats.kstest(position.ravel(), "uniform").pvalue > 1e-3
    assert family.simulate(groups, theta, rng).names == groups.names


def test_posterior_rests_on_this_likelihood_alone(family, groups):
    """p(y), by brute force over (mu, tau) with theta integrated out of the family's likelihood."""
    mu = 1 + 5 * np.linspace(-7, 7, 57)
    t = np.linspace(-10, 13, 93)
    theta = np.linspace(-150, 150, 2001)
    of_theta = np.repeat(theta[:, None], len(groups), axis=1)
    of_group = np.exp(family.log_likelihood(groups, of_theta))
    # the population's share of each step of theta: right however narrow the population is
    edges = np.append(theta, theta[-1] + theta[1] - theta[0]) - (theta[1] - theta[0]) / 2
    likelihood = np.empty((len(t), len(mu)))
    for k, scale in enumerate(np.exp(t)):
        share = np.diff(ndtr((edges - mu[:, None]) / scale), axis=1)
        likelihood[k] = np.log(share @ of_group).sum(axis=1)
    prior = PRIOR.mu.log_density(mu) + (PRIOR.tau.log_density(np.exp(t)) + t)[:, None]
    total = np.exp(likelihood + prior).sum() * (mu[1] - mu[0]) * (t[1] - t[0])
    exact = solve(groups, PRIOR, family).log_marginal_likelihood
    assert exact == pytest.approx(math.log(total), abs=1e-4)


def test_groups_that_bound_on_both_sides(family, groups):
    """Far off on either side, the likelihood of such a group is next to none."""
    far = family.log_likelihood(groups, np.full((2, 3), [[-1e4], [1e4]]))
    assert ((far < -100).all(axis=0) == family.bounded(groups)).all()


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
