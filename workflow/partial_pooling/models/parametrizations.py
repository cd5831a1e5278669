"""Hierarchical models in PyMC, one function a parametrization.

    mu ~ prior, tau ~ prior, theta_j ~ Normal(mu, tau), y_j ~ family(theta_j)

(Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.4.) All parametrizations have the
same posterior of mu, tau and theta; they differ in the geometry that the sampler meets.

PyMC takes seconds to import, so only `build_model` imports it: the registry can be read cheaply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from partial_pooling.data.groups import Groups
from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL
from partial_pooling.priors.distributions import Prior
from partial_pooling.priors.priors import HyperPrior

if TYPE_CHECKING:
    import pymc as pm


@dataclass(frozen=True)
class Hierarchy:
    """What a parametrization builds on: the hyperparameters, the groups and their likelihood.

    Attributes
    ----------
    mu, tau
        PyMC's variables.
    groups
        Data.
    family
        Likelihood of a group's data given its theta.
    data
        What the family observes, by name: numbers, or PyMC's containers of them.
    """

    mu: Any
    tau: Any
    groups: Groups
    family: Family
    data: dict[str, Any]

    def observe(self, theta: Any) -> None:
        """Add the observed data, given theta."""
        import pymc as pm

        self.family.observe(pm, self.groups, theta, self.data)


def centered(h: Hierarchy) -> None:
    """Sample theta as the model is written: theta_j ~ Normal(mu, tau)."""
    import pymc as pm

    h.observe(pm.Normal("theta", mu=h.mu, sigma=h.tau, dims="group"))


def noncentered(h: Hierarchy) -> None:
    """Sample nu_j ~ Normal(0, 1) and compute theta_j = mu + tau nu_j."""
    import pymc as pm

    nu = pm.Normal("nu", mu=0, sigma=1, dims="group")
    h.observe(pm.Deterministic("theta", h.mu + h.tau * nu, dims="group"))


# A further parametrization is one function above and one line here.
PARAMETRIZATIONS: dict[str, Callable[[Hierarchy], None]] = {
    "centered": centered,
    "noncentered": noncentered,
}


def build_model(
    parametrization: str,
    groups: Groups,
    prior: HyperPrior,
    family: Family = NORMAL,
    *,
    refitted: bool = False,
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
    family
        Likelihood of a group's data given its theta.
    refitted
        Whether what the family observes are `pm.Data` of the names of `Family.data`, so that
        other data can be put into the compiled model.

    Returns
    -------
    pymc.Model
        With variables `mu`, `tau`, `theta` (dims group) and observed `y` (dims group).
    """
    import pymc as pm

    with pm.Model(coords={"group": list(groups.names)}) as model:
        mu, tau = _variable("mu", prior.mu), _variable("tau", prior.tau)
        data: dict[str, Any] = dict(family.data(groups))
        if refitted:
            data = {name: pm.Data(name, value, dims="group") for name, value in data.items()}
        PARAMETRIZATIONS[parametrization](Hierarchy(mu, tau, groups, family, data))
    return model


def _variable(name: str, prior: Prior) -> Any:
    import pymc as pm

    return getattr(pm, prior.dist)(name, **prior.parameters)
