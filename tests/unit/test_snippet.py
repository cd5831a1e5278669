"""The model to copy: it is the model that the workflow samples, and runs as it stands."""

import numpy as np
import pymc as pm
import pytensor
import pytest

from partial_pooling.data.groups import Counts, Estimates, Rates, Summaries, TwoByTwo
from partial_pooling.exact.posterior import solve
from partial_pooling.families.normal import NORMAL
from partial_pooling.families.registry import FAMILIES
from partial_pooling.models.parametrizations import PARAMETRIZATIONS, build_model
from partial_pooling.models.snippet import pymc_code
from partial_pooling.priors.priors import parse_hyperprior

GROUPS = Estimates(
    ("plain", "it's", 'quoted "so"', "back\\slash", "#, {x} and $y$", "x" * 90),
    np.array([28.0, 8.125, -3, 7e-5, -1.23456789012345, 1e7]),
    np.array([15.0, 10, 0.1, 11, 9e-3, 1e6]),
)
PRIORS = {
    "usual": {
        "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
        "tau": {"dist": "HalfCauchy", "beta": 5},
    },
    "flat": {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfStudentT", "nu": 3, "sigma": 2.5}},
}


def run(code, monkeypatch=None):
    """What a program leaves behind; without sampling where monkeypatch is given."""
    if monkeypatch:
        monkeypatch.setattr(pm, "sample", lambda *_, **settings: settings)
        monkeypatch.setattr(pm, "sample_posterior_predictive", lambda draws, **_: draws)
    left = {}
    exec(compile(code, "snippet", "exec"), left)
    return left


WEIGHTS = np.array([0, 0.25, 0.5, 0.75, 0.99, 1])


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize(
    ("name", "w"), [*((name, None) for name in PARAMETRIZATIONS), ("partial", WEIGHTS)]
)
def test_code_builds_the_model_that_is_sampled(name, w, prior, monkeypatch):
    hyperprior = parse_hyperprior(PRIORS[prior])
    ours = build_model(name, GROUPS, hyperprior, weights=w)
    left = run(pymc_code(name, GROUPS, hyperprior, NORMAL, w, target_accept=0.95), monkeypatch)
    theirs = left["model"]
    assert theirs.coords["group"] == GROUPS.names
    assert left["draws"] == {
        "tune": 1000,
        "chains": 4,
        "target_accept": 0.95,
        "random_seed": 1,
    }
    shared = [v.name for v in ours.free_RVs]
    assert set(shared) <= {v.name for v in theirs.free_RVs}
    rng = np.random.default_rng(1)
    point = {
        name: value + 0.3 * rng.standard_normal(value.shape)
        for name, value in ours.initial_point().items()
    }
    of = [
        "mu",
        "tau",
        "y",
        *(["theta" if name == "centered" else "nu"] if name != "marginal" else []),
    ]
    logp = [
        float(
            model.compile_logp(vars=[model[v] for v in of])(
                point | ({"theta": np.zeros(6)} if name == "marginal" and model is theirs else {})
            )
        )
        for model in (ours, theirs)
    ]
    assert logp[0] == pytest.approx(logp[1], rel=1e-12)


OTHERS = {
    "binomial": Counts(("a", "b"), np.array([0.0, 3]), np.array([5.0, 7])),
    "poisson": Rates(("a", "b"), np.array([0.0, 3]), np.array([5.5, 700])),
    "student": Summaries(("a", "b"), np.array([1.5, 3]), np.array([2.0, 3]), np.array([2.0, 9])),
    "hypergeometric": TwoByTwo(
        ("a", "b", "c"),
        np.array([0.0, 3, 5]),
        np.array([5.0, 700, 5]),
        np.array([2.0, 9, 5]),
        np.array([6.0, 600, 6]),
    ),
}


def test_code_for_counts_standardizes_as_the_model_that_is_sampled(monkeypatch):
    groups, family = OTHERS["binomial"], FAMILIES["binomial"]
    prior = parse_hyperprior(PRIORS["usual"])
    ours = build_model("partial", groups, prior, family)
    theirs = run(pymc_code("partial", groups, prior, family), monkeypatch)["model"]
    points = [
        {"mu": np.array(mu), "tau_log__": np.array(-mu), "nu": np.array([mu, 2.0])}
        for mu in (-0.5, 1.5)
    ]
    for variables in (["nu"], ["nu", "y"]):
        with pytensor.config.change_flags(mode="FAST_COMPILE", cxx=""):
            density = [m.compile_logp(vars=[m[v] for v in variables]) for m in (ours, theirs)]
        found = [[float(of(point)) for point in points] for of in density]
        assert found[0] == pytest.approx(found[1], rel=1e-6)  # PyMC's constants: single precision


@pytest.mark.parametrize("name", sorted({*FAMILIES} - {"normal"}))
def test_code_has_the_likelihood_of_every_family(name, monkeypatch):
    """As a function of theta, but for a constant, the family's own."""
    groups, family = OTHERS[name], FAMILIES[name]
    code = pymc_code("centered", groups, parse_hyperprior(PRIORS["usual"]), family)
    model = run(code, monkeypatch)["model"]
    of_y = model.compile_logp(vars=[model["y"]])
    thetas = [np.linspace(-1, 1, len(groups)), np.linspace(2, 0.5, len(groups))]
    point = model.initial_point()
    found = [float(of_y(point | {"theta": theta})) for theta in thetas]
    expected = [family.log_likelihood(groups, theta).sum() for theta in thetas]
    assert found[1] - found[0] == pytest.approx(expected[1] - expected[0], rel=1e-9)


def test_lines_are_short_where_their_items_allow_it(monkeypatch):
    many = Estimates(
        tuple(f"group {k}" for k in range(300)),
        np.linspace(-1, 1, 300),
        np.linspace(1, 3, 300),
    )
    usual = parse_hyperprior(PRIORS["usual"])
    code = pymc_code("partial", many, usual, NORMAL, np.linspace(0, 1, 300))
    assert max(map(len, code.splitlines())) < 80
    left = run(code, monkeypatch)
    np.testing.assert_array_equal(left["estimate"], many.estimate)
    np.testing.assert_array_equal(left["std_error"], many.std_error)
    assert left["group"] == list(many.names)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["partial", "marginal"])
def test_code_samples_the_exact_posterior(name, eight_schools, default_prior):
    """Means within 5 of their Monte Carlo errors, 10 variables: a false alarm in 170,000 seeds."""
    import arviz as az

    exact = solve(eight_schools, default_prior)
    left = run(pymc_code(name, eight_schools, default_prior, NORMAL))
    theta = left["theta"].posterior_predictive if name == "marginal" else left["draws"].posterior
    draws = {
        "mu": left["draws"].posterior["mu"],
        "tau": left["draws"].posterior["tau"],
        **{f"theta[{g}]": theta["theta"].sel(group=g) for g in eight_schools.names},
    }
    for variable, values in draws.items():
        # 1/4 of tau's draws lie below its quartile, for it has no variance
        below = values < float(exact.quantile(variable, 0.25))
        error = float(az.mcse(below.to_dataset(name="x").astype(float))["x"])
        assert abs(float(below.mean()) - 0.25) < 5 * error, variable
