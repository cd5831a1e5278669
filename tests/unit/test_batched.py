"""Many tables solved together: against `solve`, one at a time, and to the last bit each other."""

import math

import numpy as np
import pytest
from scipy.special import ndtr

from partial_pooling import arrays
from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.exact import alike as of_alike
from partial_pooling.exact import batched
from partial_pooling.exact.batched import VARIABLES, solve_many
from partial_pooling.exact.posterior import solve
from partial_pooling.priors.priors import parse_hyperprior

NORMAL = {"dist": "Normal", "mu": 0, "sigma": 5}
FLAT = {"dist": "Flat"}
HALF_CAUCHY = {"dist": "HalfCauchy", "beta": 5}
PRIORS = {
    "half-Cauchy": (NORMAL, HALF_CAUCHY),
    "half-Cauchy, flat": (FLAT, HALF_CAUCHY),
    "half-normal": (NORMAL, {"dist": "HalfNormal", "sigma": 0.3}),
    "half-t": (FLAT, {"dist": "HalfStudentT", "nu": 2.5, "sigma": 0.5}),
    "uniform": (NORMAL, {"dist": "Uniform", "lower": 0, "upper": 1.5}),
    "uniform off 0": (FLAT, {"dist": "Uniform", "lower": 0.1, "upper": 3}),
    "exponential": (NORMAL, {"dist": "Exponential", "scale": 1}),
    "log-normal": (NORMAL, {"dist": "LogNormal", "mu": -1, "sigma": 1.2}),
    "half-flat": (NORMAL, {"dist": "HalfFlat"}),
    "half-flat, flat": (FLAT, {"dist": "HalfFlat"}),
}
ARRAYS = (
    "mean sd quantile mu_above log_marginal_likelihood theta_mean theta_sd theta_quantile "
    "pooling_factor adaptive"
).split()


def hyperprior(mu, tau):
    return parse_hyperprior({"mu": mu, "tau": tau})


def table(estimate, std_error):
    names = tuple(f"g{j}" for j in range(len(estimate)))
    return Estimates(names, np.array(estimate, dtype=float), np.array(std_error, dtype=float))


def draw(rng, groups, tau, spread=0.6):
    std_error = np.exp(rng.normal(-1, spread, groups))
    return table(rng.normal(0.5, np.hypot(std_error, tau)), std_error)


def tables():
    """From two groups to 90, with and without heterogeneity, and awkward ones."""
    rng = np.random.default_rng(1)
    usual = [draw(rng, size, tau) for size in (2, 7, 30) for tau in (0.0, 0.7)]
    return [
        *usual,
        draw(rng, 70, 1.0),
        draw(rng, 12, 0.5, spread=4.0),  # standard errors unequal by a million
        table([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]),
        table([1.0, 1.0, 1.0], [0.1, 0.1, 0.1]),
        table([0, 0.1, 60.0, 0.2], [1, 1.2, 0.8, 1]),  # an outlier
        table([121, 142, 130], [1, 2, 1.5]),  # far from the prior of mu
    ]


def assert_agrees(found, i, groups, prior):
    """Moments within 1e-8 posterior sds, probabilities of quantiles within 1e-7."""
    exact = solve(groups, prior)
    thetas = [f"theta[{name}]" for name in groups.names]
    part = slice(found.offsets[i], found.offsets[i + 1])
    for variables, mean, sd, quantile in (
        (VARIABLES, found.mean[i], found.sd[i], found.quantile[i]),
        (thetas, found.theta_mean[part], found.theta_sd[part], found.theta_quantile[part]),
    ):
        expected, spread = exact.moments(variables)
        np.testing.assert_array_equal(np.isnan(mean), np.isnan(expected))
        unit = np.where(np.isnan(spread), np.abs(expected), spread)
        assert not (np.abs(mean - expected) > 1e-8 * unit).any()
        np.testing.assert_allclose(sd, spread, rtol=1e-8)
        for variable, x in list(zip(variables, quantile, strict=True))[:: 1 + len(quantile) // 8]:
            np.testing.assert_allclose(exact.cdf(variable, x), found.p, rtol=0, atol=1e-7)
    assert found.mu_above[i] == pytest.approx(1 - float(exact.cdf("mu", found.above)), abs=1e-9)
    np.testing.assert_allclose(found.pooling_factor[part], exact.pooling_factor(), atol=1e-8)
    np.testing.assert_allclose(
        found.log_marginal_likelihood[i], exact.log_marginal_likelihood, rtol=0, atol=1e-8
    )


@pytest.mark.parametrize("name", PRIORS)
def test_tables_solved_together_agree_with_each_solved_alone(name):
    prior = hyperprior(*PRIORS[name])
    usable = [groups for groups in tables() if prior.tail_power(len(groups)) > 0]
    found = solve_many(usable, prior, above=0.3)
    assert not any(found.reason)
    assert found.adaptive.mean() < 0.2
    for i, groups in enumerate(usable):
        assert_agrees(found, i, groups, prior)


def test_heavy_tails_keep_the_quantiles_of_mu_where_it_has_no_moments():
    prior = hyperprior(FLAT, {"dist": "LogNormal", "mu": 2.4, "sigma": 5.2})
    found = solve_many([table([-2.9], [1.2])], prior)
    z = np.linspace(-12, 12, 20_001)
    weight = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    spread = np.hypot(1.2, np.exp(2.4 + 5.2 * z))
    for x, p in zip(found.quantile[0, 0], found.p, strict=True):
        assert weight @ ndtr((x + 2.9) / spread) == pytest.approx(p, abs=1e-8)


def same(a, b, of_a, of_b):
    """Whether the tables of_a of one result are bit for bit those of_b of another."""
    for name in ARRAYS:
        x, y = getattr(a, name), getattr(b, name)
        for i, j in zip(of_a, of_b, strict=True):
            if len(x) == len(a.reason):
                one, other = x[i], y[j]
            else:
                one = x[a.offsets[i] : a.offsets[i + 1]]
                other = y[b.offsets[j] : b.offsets[j + 1]]
            if not np.array_equal(one, other, equal_nan=True):
                return False
    return True


@pytest.mark.parametrize("name", ["half-Cauchy, flat", "uniform", "log-normal"])
def test_numbers_of_a_table_do_not_depend_on_the_others_to_the_last_bit(name):
    prior = hyperprior(*PRIORS[name])
    rng = np.random.default_rng(2)
    alike = [draw(rng, size, tau) for size in (2, 5, 33) for tau in (0, 0, 0.1, 0.5, 1, 2, 5)]
    found = solve_many(alike, prior)
    count = len(alike)
    backwards = solve_many(alike[::-1], prior)
    assert same(found, backwards, range(count), range(count - 1, -1, -1))
    for i in range(0, count, 3):
        assert same(found, solve_many([alike[i]], prior), [i], [0])


def test_slices_of_memory_change_no_bit(monkeypatch):
    prior = hyperprior(NORMAL, HALF_CAUCHY)
    some = tables()[:10]
    found = solve_many(some, prior)
    monkeypatch.setattr(arrays, "BLOCK", 3000)
    monkeypatch.setattr(of_alike, "BLOCK", 700)
    assert same(found, solve_many(some, prior), range(10), range(10))


def test_a_rule_too_coarse_is_noticed_and_the_table_solved_alone(monkeypatch):
    prior = hyperprior(NORMAL, HALF_CAUCHY)
    monkeypatch.setattr(batched, "STEPS", (4.0,))
    some = tables()[:8]
    found = solve_many(some, prior)
    assert found.adaptive.sum() > len(some) / 2
    for i, groups in enumerate(some):
        assert_agrees(found, i, groups, prior)


def test_a_table_without_a_posterior_says_why_and_leaves_the_others():
    prior = hyperprior(FLAT, {"dist": "HalfFlat"})
    found = solve_many([table([0, 1], [1, 1]), tables()[8]], prior)
    assert "improper" in found.reason[0] and found.reason[1] == ""
    assert np.isnan(found.mean[0]).all() and np.isnan(found.theta_mean[:2]).all()
    assert_agrees(found, 1, tables()[8], prior)

    prior = hyperprior(
        {"dist": "Normal", "mu": 0, "sigma": 1e50}, {"dist": "HalfNormal", "sigma": 1}
    )
    conflict, near = table([7e16, -4e43, 1], [5e16, 1, 1]), table([0.0, 3, 1], [2, 1, 1])
    found = solve_many([near, conflict, near], prior)
    with pytest.raises(InputError) as told:
        solve(conflict, prior)
    assert found.reason == ["", str(told.value), ""]
    assert_agrees(found, 0, near, prior)
    assert same(found, found, [0], [2])


def test_any_probabilities_can_be_asked_for():
    prior = hyperprior(NORMAL, HALF_CAUCHY)
    found = solve_many(tables()[:4], prior, p=(1e-6, 0.2, 0.999))
    assert found.quantile.shape == (4, 4, 3) and not found.adaptive.any()
    for i, groups in enumerate(tables()[:4]):
        assert_agrees(found, i, groups, prior)
    with pytest.raises(InputError, match="strictly between 0 and 1"):
        solve_many(tables()[:1], prior, p=(0.5, 1.0))


def test_no_tables_have_no_numbers():
    found = solve_many([], hyperprior(NORMAL, HALF_CAUCHY))
    assert found.mean.shape == (0, 4) and found.theta_quantile.shape == (0, 3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_any_table_under_any_prior_agrees(seed):
    rng = np.random.default_rng(seed)

    def scale():
        return math.exp(rng.normal(0, 2))

    for _ in range(20):
        upper = scale()
        mu = FLAT if rng.random() < 0.4 else {"dist": "Normal", "mu": 1.0, "sigma": scale()}
        tau = (
            {"dist": "HalfCauchy", "beta": scale()},
            {"dist": "HalfNormal", "sigma": scale()},
            {"dist": "HalfStudentT", "nu": 0.5 + scale(), "sigma": scale()},
            {"dist": "Uniform", "lower": upper * rng.random() ** 4, "upper": upper},
            {"dist": "Exponential", "scale": scale()},
            {"dist": "LogNormal", "mu": rng.normal(-1, 2), "sigma": math.exp(rng.normal(0, 0.5))},
            {"dist": "HalfFlat"},
        )[rng.integers(7)]
        prior = hyperprior(mu, tau)
        some = [
            draw(rng, int(rng.choice([2, 3, 5, 9, 40, 300])), rng.choice([0, scale()]), spread)
            for spread in (0.3, 1, 2, 4)
        ]
        found = solve_many(some, prior)
        for i, groups in enumerate(some):
            if found.reason[i]:
                with pytest.raises(InputError):
                    solve(groups, prior)
            else:
                assert_agrees(found, i, groups, prior)
