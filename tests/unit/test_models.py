"""The PyMC models are the model of the lecture, in every parametrization and with every prior."""

import numpy as np
import pytensor.tensor as pt
import pytest
from scipy import stats

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


def test_groups_are_a_named_dimension_in_every_parametrization(eight_schools, default_prior):
    for name in PARAMETRIZATIONS:
        model = build_model(name, eight_schools, default_prior)
        assert model.coords["group"] == eight_schools.names
        assert model.named_vars_to_dims["theta"] == ("group",)


def test_noncentered_theta_is_mu_plus_tau_nu(eight_schools, default_prior):
    import pymc as pm

    model = build_model("noncentered", eight_schools, default_prior)
    mu, tau, nu, theta = pm.draw([model[n] for n in ("mu", "tau", "nu", "theta")], random_seed=1)
    np.testing.assert_allclose(theta, mu + tau * nu, rtol=1e-12)
