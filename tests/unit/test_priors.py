"""Densities of the priors against SciPy's."""

import itertools
import math
from dataclasses import fields

import numpy as np
import pytest
from scipy import integrate, stats

from partial_pooling.errors import InputError
from partial_pooling.priors.distributions import CHOICES
from partial_pooling.priors.priors import parse_hyperprior, parse_prior, prior_to_offer

# specification, the same distribution of SciPy
EQUIVALENTS = {
    "Normal": ({"mu": 1.5, "sigma": 2.5}, stats.norm(1.5, 2.5)),
    "HalfCauchy": ({"beta": 5}, stats.halfcauchy(scale=5)),
    "HalfNormal": ({"sigma": 3}, stats.halfnorm(scale=3)),
    "HalfStudentT": ({"nu": 3, "sigma": 2}, None),
    "Uniform": ({"lower": 2, "upper": 7}, stats.uniform(2, 5)),
    "Exponential": ({"scale": 4}, stats.expon(scale=4)),
    "LogNormal": ({"mu": 1, "sigma": 0.5}, stats.lognorm(0.5, scale=math.e)),
}
POINTS = np.array([-3.0, 1e-9, 0.5, 2.0, 3.3, 6.999, 8.0, 1e3])


def prior_of(dist, parameters):
    variable = "mu" if dist in CHOICES["mu"] else "tau"
    return parse_prior(variable, {"dist": dist, **parameters})


@pytest.mark.parametrize("dist", EQUIVALENTS)
def test_log_density_is_that_of_scipy(dist):
    parameters, same = EQUIVALENTS[dist]
    found = prior_of(dist, parameters).log_density(POINTS)
    if dist == "HalfStudentT":  # SciPy has no folded t about 0
        expected = np.where(POINTS < 0, -np.inf, math.log(2) + stats.t(3, scale=2).logpdf(POINTS))
    else:
        expected = same.logpdf(POINTS)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_every_proper_prior_is_tried_here():
    every = {name: prior for choices in CHOICES.values() for name, prior in choices.items()}
    assert set(EQUIVALENTS) == {name for name, prior in every.items() if prior.is_proper}


@pytest.mark.parametrize("dist", EQUIVALENTS)
def test_quantile_is_that_of_scipy(dist):
    parameters, same = EQUIVALENTS[dist]
    prior = prior_of(dist, parameters)
    for p in (1e-6, 0.025, 0.5, 0.9, 0.999):
        expected = stats.t(3, scale=2).ppf((1 + p) / 2) if same is None else same.ppf(p)
        assert prior.quantile(p) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("dist", EQUIVALENTS)
def test_density_quantiles_and_draws_are_numbers_at_the_ends_of_the_ranges(dist):
    (kind,) = [choices[dist] for choices in CHOICES.values() if dist in choices]
    rng = np.random.default_rng(1)
    ranges = {each.name: each.metadata["range"] for each in fields(kind)}
    for ends in itertools.product(*ranges.values()):
        parameters = dict(zip(ranges, ends, strict=True))
        if kind.refusal(parameters):
            continue
        prior = kind(**parameters)
        x = np.concatenate([[0.0], np.geomspace(1e-60, 1e60, 121)])
        assert not np.isnan(prior.log_density(x)).any(), prior
        if parameters.get("nu") == 0.01:
            continue  # half of its quantiles and draws are beyond the largest float
        lower, upper = prior.support
        quantiles = [prior.quantile(p) for p in (0.01, 0.5, 0.99)]
        assert quantiles == sorted(quantiles), prior
        assert lower <= quantiles[0], prior
        assert quantiles[-1] <= upper, prior
        assert lower <= prior.draw(rng) <= upper, prior


@pytest.mark.parametrize("dist", EQUIVALENTS)
def test_proper_density_integrates_to_one(dist):
    prior = prior_of(dist, EQUIVALENTS[dist][0])
    lower, upper = prior.support
    mass, _ = integrate.quad(lambda x: math.exp(prior.log_density(x)), lower, upper)
    assert mass == pytest.approx(1, abs=1e-7)
    assert prior.is_proper


@pytest.mark.parametrize(("variable", "dist"), [("mu", "Flat"), ("tau", "HalfFlat")])
def test_improper_density_is_one_on_its_support(variable, dist):
    prior = parse_prior(variable, {"dist": dist})
    assert not prior.is_proper
    assert np.all(prior.log_density(np.array([0.0, 1e-3, 1e9])) == 0)
    assert prior.log_density(-1.0) == (0 if variable == "mu" else -math.inf)


@pytest.mark.parametrize(
    ("dist", "parameters", "power"),
    [("HalfCauchy", {"beta": 5}, 2), ("HalfStudentT", {"nu": 3.5, "sigma": 2}, 4.5)],
)
def test_heavy_tail_keeps_its_power_where_squares_overflow(dist, parameters, power):
    prior = prior_of(dist, parameters)
    drop = prior.log_density(1e200) - prior.log_density(1e250)
    assert drop == pytest.approx(power * 50 * math.log(10), rel=1e-12)


def test_log_normal_has_no_density_at_zero_and_no_warning():
    with np.errstate(all="raise"):
        assert prior_of("LogNormal", {"mu": 0, "sigma": 1}).log_density(0.0) == -math.inf


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"dist": "HalfCauchi", "beta": 5}, r"did you mean HalfCauchy"),
        ({"dist": "HalfCauchy", "bet": 5}, r"p\.bet: unknown parameter \(did you mean beta"),
        ({"dist": "HalfCauchy"}, r"p: parameter beta is missing"),
        ({"dist": "HalfCauchy", "beta": 0}, r"p\.beta: found 0; allowed: a number above 0"),
        ({"dist": "HalfCauchy", "beta": True}, r"p\.beta: found True; allowed: a number"),
        ({"dist": "HalfCauchy", "beta": math.inf}, r"allowed: a finite number"),
        ({"dist": "Uniform", "lower": -1, "upper": 2}, r"p\.lower: found -1; allowed: 0 or more"),
        ({"dist": "Uniform", "lower": 3, "upper": 2}, r"p\.upper: found 2; .* above lower"),
        (
            {"dist": "HalfNormal", "sigma": 1e-320},
            r"p\.sigma: found .*allowed: a number from 1e-50",
        ),
        ({"dist": "HalfNormal", "sigma": 1e308}, r"p\.sigma: found 1e\+308; allowed: .* to 1e\+50"),
        ({"dist": "HalfNormal", "sigma": 10**400}, r"p\.sigma: found inf; allowed: a finite"),
        ({"dist": "HalfStudentT", "nu": 1e-9, "sigma": 1}, r"p\.nu: .*from 0\.01 to 1e\+06"),
        ({"dist": "LogNormal", "mu": 500, "sigma": 1}, r"p\.mu: .*from -100 to 100"),
        ({"dist": "LogNormal", "mu": 0, "sigma": 50}, r"p\.sigma: .*from 1e-06 to 20"),
    ],
)
def test_wrong_prior_is_refused_by_key_and_what_is_allowed(spec, message):
    with pytest.raises(InputError, match=message):
        parse_prior("tau", spec, "p")


def test_no_prior_is_taken_for_granted():
    prior = {"mu": {"dist": "Normal", "mu": 1, "sigma": 5}, "tau": {"dist": "HalfFlat"}}
    assert parse_hyperprior(parse_hyperprior(prior).as_dict()) == parse_hyperprior(prior)
    for variable in prior:
        given = {key: value for key, value in prior.items() if key != variable}
        with pytest.raises(InputError, match=rf"p\.{variable}: missing; allowed: a prior of"):
            parse_hyperprior(given, "p")


@pytest.mark.parametrize(
    ("estimate", "std_error", "mu", "tau"),
    [
        # sd 7.82: 78.2 is nearest to 100 and 15.6 to 20; the mean, 131.6, to tens
        ([121, 128, 130.5, 132, 136, 142], [3] * 6, (130, 100), 20),
        # estimates all equal: the median standard error, 4, is the scale: 40 and 8; mean to ones
        ([-7.4, -7.4, -7.4], [1, 4, 900], (-7, 50), 10),
        # two groups, sd sqrt(2) * 0.02 = 0.0283: 0.283 and 0.0566; the mean, 0.5, to hundredths
        ([0.48, 0.52], [0.01, 0.01], (0.5, 0.2), 0.05),
        # just above and just below the geometric mean of 2 and 5, which is 3.162
        ([0, 0], [0.317, 0.317], (0, 5), 0.5),
        ([0, 0], [0.315, 0.315], (0, 2), 0.5),
    ],
)
def test_prior_to_offer_follows_its_rule(estimate, std_error, mu, tau):
    prior = prior_to_offer(np.array(estimate, float), np.array(std_error, float))
    assert prior.mu.parameters == pytest.approx({"mu": mu[0], "sigma": mu[1]}, rel=1e-15)
    assert prior.tau.parameters == pytest.approx({"sigma": tau}, rel=1e-15)
    assert (prior.mu.dist, prior.tau.dist) == ("Normal", "HalfNormal")
