"""The normal-normal hierarchical model in PyMC, one function a parametrization.

    mu ~ prior, tau ~ prior, theta_j ~ Normal(mu, tau), y_j ~ Normal(theta_j, sigma_j)

(Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.4.) All parametrizations have the
same posterior of mu, tau and theta; they differ in the geometry that the sampler meets.

PyMC takes seconds to import, so only `build_model` imports it: the registry can be read cheaply.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from partial_pooling.data.groups import Groups
from partial_pooling.priors.priors import HyperPrior, Prior

if TYPE_CHECKING:
    import pymc as pm


def centered(mu: Any, tau: Any) -> Any:
    """Sample theta as the model is written: theta_j ~ Normal(mu, tau)."""
    import pymc as pm

    return pm.Normal("theta", mu=mu, sigma=tau, dims="group")


def noncentered(mu: Any, tau: Any) -> Any:
    """Sample nu_j ~ Normal(0, 1) and compute theta_j = mu + tau nu_j."""
    import pymc as pm

    nu = pm.Normal("nu", mu=0, sigma=1, dims="group")
    return pm.Deterministic("theta", mu + tau * nu, dims="group")


# A further parametrization is one function above and one line here.
PARAMETRIZATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "centered": centered,
    "noncentered": noncentered,
}


def build_model(
    parametrization: str, groups: Groups, prior: HyperPrior, *, refitted: bool = False
) -> pm.Model:
    """Build the PyMC model of these groups.

    Parameters
    ----------
    parametrization
        A key of `PARAMETRIZATIONS`.
    groups
        Data; their names become the coordinate of dimension `group`.
    prior
        Priors of mu and tau.
    refitted
        Whether the estimates are a `pm.Data` named `estimate`, so that other estimates can be
        put into the compiled model.

    Returns
    -------
    pymc.Model
        With variables `mu`, `tau`, `theta` (dims group) and observed `y` (dims group).
    """
    import pymc as pm

    with pm.Model(coords={"group": list(groups.names)}) as model:
        mu = _variable("mu", prior.mu)
        tau = _variable("tau", prior.tau)
        theta = PARAMETRIZATIONS[parametrization](mu, tau)
        estimate = groups.estimate
        if refitted:
            estimate = pm.Data("estimate", estimate, dims="group")
        pm.Normal("y", mu=theta, sigma=groups.std_error, observed=estimate, dims="group")
    return model


def _variable(name: str, prior: Prior) -> Any:
    import pymc as pm

    return getattr(pm, prior.dist)(name, **prior.parameters)
