"""Hierarchical models in PyMC, one function a parametrization.

    mu ~ prior, tau ~ prior, theta_j ~ Normal(mu, tau), y_j ~ family(theta_j)

(Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.4.) All parametrizations have the
same posterior of mu, tau and theta; they differ in the geometry that the sampler meets.

PyMC takes seconds to import, so only `build_model` imports it: the registry can be read cheaply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Groups
from partial_pooling.errors import InputError
from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL
from partial_pooling.priors.prior import Prior
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
        PyMC's containers of what the model is fitted to, by the names of `model_data`.
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


def partial(h: Hierarchy) -> None:
    """Center each group as far as its own data speak at the present tau, or as weights say."""
    import pymc as pm

    theta = _by_weights(h) if "weights" in h.data else _by_own_data(h)
    h.observe(pm.Deterministic("theta", theta, dims="group"))


def _by_own_data(h: Hierarchy) -> Any:
    """Sample nu_j, theta_j about its mean and in units of its sd given mu, tau and its own data.

    Of a group whose likelihood is normal, about e_j with the error s_j (`Family.centering`)::

        b_j = tau^2 / (tau^2 + s_j^2)
        theta_j = mu + b_j (e_j - mu) + sqrt(b_j) s_j nu_j
        nu_j ~ Normal(-sqrt(b_j) (e_j - mu) / s_j, sqrt(1 + (tau / s_j)^2))

    This is the hierarchy whatever e_j and s_j are, noncentered as tau goes to 0 and centered as it
    grows: b_j is the share of what is known of theta_j, given mu, that the group's own data tell.
    If the likelihood is normal, nu_j given mu, tau and the data is standard normal, so that the
    sampler meets neither the funnel's neck nor its mouth, and nearly so if it is nearly normal.
    """
    import pymc as pm
    import pytensor.tensor as pt

    estimate, error = h.data["own_estimate"], h.data["own_error"]
    # in logs, so that no tau over- or underflows
    log_odds = 2 * (pt.log(h.tau) - pt.log(error))
    root_share = pt.exp(-0.5 * pt.softplus(-log_odds))
    away = root_share * (estimate - h.mu)
    nu = pm.Normal(
        "nu",
        mu=-away / error,
        sigma=pt.exp(0.5 * pt.softplus(log_odds)),
        dims="group",
        initval=np.zeros(len(h.groups)),  # where its own data put theta, however far that is
    )
    return h.mu + root_share * (away + error * nu)


def _by_weights(h: Hierarchy) -> Any:
    """Sample each group as far between the two as its weight w_j says, 1 centered, 0 noncentered.

    With a typical standard error s and ``t = tau / s``: nu_j ~ Normal(w_j mu, s t^w_j) and
    ``theta_j = mu + t^(1 - w_j) (nu_j - w_j mu)``, which is centered at a weight of 1 and
    noncentered at 0, whatever the units (Papaspiliopoulos, Roberts and Skold 2007, Statistical
    Science 22).
    """
    import pymc as pm
    import pytensor.tensor as pt

    w, s = h.data["weights"], h.data["typical_error"]
    log_t = pt.log(h.tau) - h.data["log_typical_error"]
    nu = pm.Normal("nu", mu=w * h.mu, sigma=s * pt.exp(w * log_t), dims="group")
    return h.mu + pt.exp((1 - w) * log_t) * (nu - w * h.mu)


def marginal(h: Hierarchy) -> None:
    """Leave theta out: y_j given mu and tau; theta is drawn afterwards, given them and y_j."""
    import pymc as pm

    h.family.observe_integrated(pm, h.groups, h.mu, h.tau, h.data)


# A further parametrization is one function above and one line here.
PARAMETRIZATIONS: dict[str, Callable[[Hierarchy], None]] = {
    "centered": centered,
    "noncentered": noncentered,
    "partial": partial,
    "marginal": marginal,
}
WEIGHTED = ("partial",)  # those that can be given weights
INTEGRATED = ("marginal",)  # those without theta, for families that can integrate it out


def check_family(parametrization: str, family: Family) -> None:
    """Raise InputError if the family has no such model."""
    if parametrization in INTEGRATED and not family.integrates_theta:
        raise InputError(
            f"models: found {parametrization}, which integrates theta out; the family "
            f"{family.name} cannot; allowed: "
            + ", ".join(name for name in PARAMETRIZATIONS if name not in INTEGRATED)
        )


def by_hand(weights: Sequence[float], groups: Groups) -> Array | None:
    """Weights of `partial` as configured: one for all groups or one a group; None: none are."""
    return np.broadcast_to(np.asarray(weights, dtype=float), len(groups)) if weights else None


def model_data(
    parametrization: str,
    groups: Groups,
    family: Family = NORMAL,
    weights: Array | None = None,
) -> dict[str, Any]:
    """All that tells the model of some groups from that of as many others, by name.

    Parameters
    ----------
    parametrization, groups, family, weights
        As of `build_model`.
    """
    data: dict[str, Any] = dict(family.data(groups))
    if parametrization in WEIGHTED and weights is None:
        own = family.centering(groups)
        data |= {"own_estimate": own.estimate, "own_error": own.std_error}
    elif parametrization in WEIGHTED:
        error = family.typical_error(groups)
        data |= {
            "weights": weights,
            "typical_error": np.array(error),
            "log_typical_error": np.log(error),
        }
    return data


def build_model(
    parametrization: str,
    groups: Groups,
    prior: HyperPrior,
    family: Family = NORMAL,
    weights: Array | None = None,
) -> pm.Model:
    """Build the PyMC model of these groups.

    The data are `pm.Data`, of the names of `model_data`: those of as many other groups can be put
    into the compiled model, whose draws are then, to the last bit, those of their own model.

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
    weights
        Shape (J,), of `partial`, from 0, noncentered, to 1, centered; None: as far as the data of
        each group speak.

    Returns
    -------
    pymc.Model
        With variables `mu`, `tau`, observed `y` (dims group) and, but for `marginal`, `theta`
        (dims group).

    Raises
    ------
    InputError
        The family has no such model, or PyTensor is set to compute in single precision.
    """
    check_family(parametrization, family)
    import pymc as pm
    from pytensor.configdefaults import config

    if config.floatX != "float64":
        raise InputError(
            f"PyTensor's floatX: found {config.floatX}; allowed: float64 "
            "(PYTENSOR_FLAGS or .pytensorrc say otherwise)"
        )
    with pm.Model(coords={"group": list(groups.names)}) as model:
        mu, tau = _variable("mu", prior.mu), _variable("tau", prior.tau)
        data = {
            name: pm.Data(name, value, dims="group" if np.ndim(value) == 1 else None)
            for name, value in model_data(parametrization, groups, family, weights).items()
        }
        PARAMETRIZATIONS[parametrization](Hierarchy(mu, tau, groups, family, data))
    return model


def _variable(name: str, prior: Prior) -> Any:
    import pymc as pm

    return getattr(pm, prior.dist)(name, **prior.parameters)
