"""The PyMC models are the model of the lecture, in every parametrization and with every prior."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats

from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.families.normal import NORMAL
from partial_pooling.models.parametrizations import PARAMETRIZATIONS, build_model
from partial_pooling.priors.distributions import CHOICES
from partial_pooling.priors.priors import parse_hyperprior

TAU_PRIORS = {
    "HalfCauchy": {"beta": 5},
    "HalfNormal": {"sigma": 2},
    "HalfStudentT": {"nu": 3, "sigma": 2},
    "Uniform": {"lower": 0, "upper": 30},
    "Exponential": {"scale": 4},
    "LogNormal": {"mu": 1, "sigma": 0.5},
    "HalfFlat": {},
}
MU_PRIORS = {"Normal": {"mu": 1, "sigma": 5}, "Flat": {}}


def test_every_supported_prior_is_tried_here():
    assert set(TAU_PRIORS) == set(CHOICES["tau"])
    assert set(MU_PRIORS) == set(CHOICES["mu"])


@pytest.mark.slow
@pytest.mark.parametrize("mu_dist", MU_PRIORS)
@pytest.mark.parametrize("tau_dist", TAU_PRIORS)
def test_log_density_of_centered_model_is_the_models(eight_schools, mu_dist, tau_dist):
    prior = parse_hyperprior(
        {
            "mu": {"dist": mu_dist, **MU_PRIORS[mu_dist]},
            "tau": {"dist": tau_dist, **TAU_PRIORS[tau_dist]},
        }
    )
    model = build_model("centered", eight_schools, prior)
    density = model.compile_logp(jacobian=False)

    def of_model(point):
        return density(
            {
                model.rvs_to_values[rv].name: point[rv.name]
                if transform is None
                else transform.forward(
                    pt.as_tensor(point[rv.name], dtype="float64"), *rv.owner.inputs
                ).eval()
                for rv, transform in model.rvs_to_transforms.items()
                if rv in model.free_RVs
            }
        )

    def expected(point):
        mu, tau, theta = point["mu"], point["tau"], point["theta"]
        return (
            prior.mu.log_density(mu)
            + prior.tau.log_density(tau)
            + stats.norm.logpdf(theta, mu, tau).sum()
            + stats.norm.logpdf(eight_schools.estimate, theta, eight_schools.std_error).sum()
        )

    # differences, since PyMC keeps the constant of a density in single precision
    one = {"mu": np.float64(3), "tau": np.float64(2.5), "theta": np.linspace(-4, 9, 8)}
    other = {"mu": np.float64(-1), "tau": np.float64(0.25), "theta": np.linspace(3, -2, 8)}
    np.testing.assert_allclose(
        of_model(one) - of_model(other), expected(one) - expected(other), rtol=1e-12
    )


@pytest.fixture
def uncompiled():
    """Functions of PyTensor without the seconds that their compilation takes."""
    with pytensor.config.change_flags(mode="FAST_COMPILE", cxx=""):
        yield


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_groups_are_a_named_dimension_in_every_parametrization(name, eight_schools, default_prior):
    model = build_model(name, eight_schools, default_prior)
    assert model.coords["group"] == eight_schools.names
    assert model.named_vars_to_dims["y"] == ("group",)
    assert ("theta" in model.named_vars) == (name != "marginal")


def test_noncentered_theta_is_mu_plus_tau_nu(eight_schools, default_prior):
    import pymc as pm

    model = build_model("noncentered", eight_schools, default_prior)
    mu, tau, nu, theta = pm.draw([model[n] for n in ("mu", "tau", "nu", "theta")], random_seed=1)
    np.testing.assert_allclose(theta, mu + tau * nu, rtol=1e-12)


def hierarchy_density(model, prior, groups, point):
    """What a model's density is beyond y's, over that of (mu, tau, theta) as the model is written.

    The value of nu at which the model has the theta of the point, found by its own formula, and
    the log of |d theta / d nu| by finite differences.
    """
    free = {rv.name: value.name for rv, value in model.rvs_to_values.items()}
    (theta,) = model.replace_rvs_by_values([model["theta"]])
    of_theta = model.compile_fn(
        theta, inputs=model.value_vars, on_unused_input="ignore", point_fn=True
    )
    values = {free["mu"]: point["mu"], free["tau"]: np.log(point["tau"])}

    def theta_at(nu):
        return of_theta(values | {free["nu"]: nu})

    zero, one = theta_at(np.zeros(len(groups))), theta_at(np.ones(len(groups)))
    nu = (point["theta"] - zero) / (one - zero)  # theta is linear in nu
    density = model.compile_logp(vars=[model["mu"], model["nu"]], jacobian=False)
    found = float(density(values | {free["nu"]: nu})) - np.log(np.abs(one - zero)).sum()
    expected = prior.mu.log_density(point["mu"])
    return found, expected + stats.norm.logpdf(point["theta"], point["mu"], point["tau"]).sum()


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("weights", [None, np.linspace(0, 1, 8)])
def test_partial_model_is_the_hierarchy_whatever_the_weights(eight_schools, default_prior, weights):
    model = build_model("partial", eight_schools, default_prior, weights=weights)
    for tau in (0.02, 3.0, 400.0):
        point = {"mu": 2.0, "tau": tau, "theta": 2 + tau * np.linspace(-2, 1.5, 8)}
        found, expected = hierarchy_density(model, default_prior, eight_schools, point)
        assert found == pytest.approx(expected, rel=1e-6)  # PyMC's constants: single precision


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("weights", [None, np.linspace(0, 1, 8)])
def test_partial_model_is_the_same_in_any_units(eight_schools, default_prior, weights):
    """The density of nu, by weights in units of the data, moves by a constant."""
    found = []
    for unit in (1.0, 1000.0):
        groups = Estimates(
            eight_schools.names, unit * eight_schools.estimate, unit * eight_schools.std_error
        )
        prior = parse_hyperprior(
            {
                "mu": {"dist": "Normal", "mu": 0, "sigma": 5 * unit},
                "tau": {"dist": "HalfCauchy", "beta": 5 * unit},
            }
        )
        model = build_model("partial", groups, prior, weights=weights)
        density = model.compile_logp()
        rng = np.random.default_rng(1)
        found.append(
            [
                float(
                    density(
                        {
                            "mu": unit * m,
                            "tau_log__": np.log(unit * t),
                            "nu": nu if weights is None else unit * nu,
                        }
                    )
                )
                for m, t, nu in zip(
                    rng.normal(size=4), rng.uniform(0.1, 9, 4), rng.normal(size=(4, 8)), strict=True
                )
            ]
        )
    change = np.subtract(*found)
    assert change == pytest.approx(change[0], rel=1e-9)


@pytest.mark.usefixtures("uncompiled")
def test_partial_model_meets_standard_normals_given_mu_and_tau(eight_schools):
    """Of estimates exactly: the slope in nu_j is -nu_j at any mu and tau, however extreme."""
    prior = parse_hyperprior({"mu": {"dist": "Flat"}, "tau": {"dist": "HalfCauchy", "beta": 5}})
    slope = build_model("partial", eight_schools, prior).compile_dlogp()
    nu = np.random.default_rng(1).normal(size=8)
    for log_tau in (-740.0, -30.0, 0.0, 2.0, 4.0, 300.0):
        found = slope({"mu": np.array(-3.0), "tau_log__": np.array(log_tau), "nu": nu})
        assert np.isfinite(found).all()
        assert found[-8:] == pytest.approx(-nu, rel=1e-9)


@pytest.mark.usefixtures("uncompiled")
def test_marginal_model_has_theta_integrated_out(eight_schools, default_prior):
    """Against p(y | mu, tau) by quadrature over each theta."""
    model = build_model("marginal", eight_schools, default_prior)
    assert {rv.name for rv in model.free_RVs} == {"mu", "tau"}
    density = model.compile_logp(vars=[model["y"]], jacobian=False)
    node, weight = np.polynomial.hermite_e.hermegauss(80)
    for mu, tau in ((0.0, 1.0), (4.0, 9.0), (-3.0, 25.0)):
        theta = mu + tau * node[:, None]
        of_y = stats.norm.pdf(eight_schools.estimate, theta, eight_schools.std_error)
        expected = np.log(weight @ of_y / weight.sum()).sum()
        found = float(density({"mu": mu, "tau_log__": np.log(tau)}))
        assert found == pytest.approx(expected, rel=1e-5)


def test_theta_drawn_afterwards_has_its_conditional_distribution(eight_schools):
    """Against theta's density on a grid; 16 comparisons at |z| < 4.5: a false alarm in 1e-4."""
    y, sigma = eight_schools.estimate, eight_schools.std_error
    z = np.random.default_rng(1).standard_normal((200_000, 8))
    mu, tau = np.float64(4.0), np.float64(6.0)
    drawn = NORMAL.theta_given(eight_schools, np.full(200_000, mu), np.full(200_000, tau), z)
    grid = np.linspace(-80, 90, 20_001)[:, None]
    density = stats.norm.pdf(grid, mu, tau) * stats.norm.pdf(y, grid, sigma)
    density /= density.sum(axis=0)
    mean = (grid * density).sum(axis=0)
    sd = np.sqrt(((grid - mean) ** 2 * density).sum(axis=0))
    assert (np.abs(drawn.mean(axis=0) - mean) < 4.5 * sd / np.sqrt(200_000)).all()
    assert (np.abs(drawn.std(axis=0) / sd - 1) < 4.5 / np.sqrt(400_000)).all()


def test_a_family_that_cannot_integrate_theta_out_says_so_in_one_line(
    eight_schools, default_prior, monkeypatch
):
    monkeypatch.setattr(type(NORMAL), "integrates_theta", False)
    with pytest.raises(InputError, match="normal cannot; allowed: centered, "):
        build_model("marginal", eight_schools, default_prior)


def test_single_precision_is_refused(eight_schools, default_prior):
    import pytensor

    with (
        pytensor.config.change_flags(floatX="float32"),
        pytest.raises(InputError, match="floatX: found float32; allowed: float64"),
    ):
        build_model("centered", eight_schools, default_prior)
