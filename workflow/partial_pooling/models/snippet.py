"""A model as PyMC code to copy, with its data, priors and weights, which runs as it stands."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import fields

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.families.family import Family
from partial_pooling.models.parametrizations import INTEGRATED as MARGINAL
from partial_pooling.models.parametrizations import WEIGHTED
from partial_pooling.priors.prior import Prior
from partial_pooling.priors.priors import HyperPrior

HEAD = """\
import numpy as np
import pymc as pm
{more}
{data}
with pm.Model(coords={{"group": group}}) as model:
    mu = {mu}
    tau = {tau}
{theta}
    draws = pm.sample(
        {draws}, tune={tune}, chains=4, target_accept={target_accept:g}, random_seed=1
    )
{after}"""

THETA = {
    "centered": """\
theta = pm.Normal("theta", mu=mu, sigma=tau, dims="group")
""",
    "noncentered": """\
nu = pm.Normal("nu", mu=0, sigma=1, dims="group")
theta = pm.Deterministic("theta", mu + tau * nu, dims="group")
""",
    "partial": """\
# nu is theta about its mean, and in units of its sd, given mu, tau and the
# group's own data, whose share of that mean, (ratio / root)^2, grows with tau
ratio = tau / std_error
root = pm.math.sqrt(1 + ratio**2)
away = ratio / root * (estimate - mu)
nu = pm.Normal("nu", mu=-away / std_error, sigma=root, dims="group")
theta = pm.Deterministic(
    "theta", mu + ratio / root * (away + std_error * nu), dims="group"
)
""",
}
BY_WEIGHTS = """\
scale = {scale}  # a typical standard error: t = tau / scale has no unit
t = tau / scale
nu = pm.Normal("nu", mu=weight * mu, sigma=scale * t**weight, dims="group")
theta = pm.Deterministic(
    "theta", mu + t ** (1 - weight) * (nu - weight * mu), dims="group"
)
"""
# What is integrated out, and drawn afterwards, is the normal family's.
INTEGRATED = """\
# theta_j is integrated out: y_j ~ Normal(mu, sqrt(std_error_j^2 + tau^2))
spread = pm.math.sqrt(std_error**2 + tau**2)
pm.Normal("y", mu=mu, sigma=spread, observed=estimate, dims="group")"""
AFTER = """
# theta of each draw, from its exact distribution given mu, tau and the data
with model:
    share = tau**2 / (std_error**2 + tau**2)
    pm.Normal(
        "theta",
        mu=mu + share * (estimate - mu),
        sigma=std_error * pm.math.sqrt(share),
        dims="group",
    )
    theta = pm.sample_posterior_predictive(
        draws, var_names=["theta"], random_seed=1
    )
"""


def pymc_code(
    parametrization: str,
    groups: Groups,
    prior: HyperPrior,
    family: Family,
    weights: Array | None = None,
    draws: int = 2000,
    tune: int = 1000,
    target_accept: float = 0.9,
) -> str:
    """Write a Python program that builds and samples a model.

    Parameters
    ----------
    parametrization
        A key of `models.PARAMETRIZATIONS`.
    groups, prior, family
        Data, priors of mu and tau, likelihood.
    weights
        Shape (J,), of `partial`, or None.
    draws, tune, target_accept
        Of the sampler, as of `pymc.sample`.

    Returns
    -------
    str
        After it has run, `draws.posterior` has mu, tau and, but for models that integrate it out,
        theta; of those `theta.posterior_predictive` has it.
    """
    data = [_written("group", [repr(name) for name in groups.names], "[{}]")]
    for column in fields(groups)[1:]:
        data.append(_written(column.name, map(_number, getattr(groups, column.name))))
    integrated = parametrization in MARGINAL
    theta = INTEGRATED if integrated else f"{THETA[parametrization]}{family.code}"
    if parametrization in WEIGHTED and weights is not None:
        data.append("# 1 is centered, 0 noncentered\n" + _written("weight", map(_number, weights)))
        scale = _number(family.typical_error(groups))
        theta = BY_WEIGHTS.replace("{scale}", scale) + family.code
    elif parametrization in WEIGHTED and not isinstance(groups, Estimates):
        own = family.centering(groups)
        data.append("# what each group says of its theta, as if it were an estimate\n")
        for name in ("estimate", "std_error"):
            data.append(_written(name, map(_number, getattr(own, name))))
    return HEAD.format(
        more="from scipy.special import gammaln\n" if "gammaln" in theta else "",
        data="".join(data),
        mu=_prior("mu", prior.mu),
        tau=_prior("tau", prior.tau),
        theta=textwrap.indent(theta, "    "),
        draws=draws,
        tune=tune,
        target_accept=target_accept,
        after=AFTER if integrated else "",
    )


def _prior(name: str, prior: Prior) -> str:
    parameters = "".join(f", {key}={_number(value)}" for key, value in prior.parameters.items())
    return f'pm.{prior.dist}("{name}"{parameters})'


def _number(value: float) -> str:
    """The shortest text that gives back the number."""
    return repr(float(value)).removesuffix(".0")


def _written(name: str, items: Iterable[str], brackets: str = "np.array([{}], dtype=float)") -> str:
    """An assignment of a list, in lines of at most 78 characters where its items allow it."""
    text = f"{name} = {brackets.format(', '.join(items := list(items)))}\n"
    if len(text) <= 79:
        return text
    # names may have blanks: lines break between items alone
    lines, line = [], ""
    for item in items:
        if line and len(line) + len(item) > 72:
            lines.append(line)
            line = ""
        line += f"{item}, "
    lines = [part.rstrip() for part in (*lines, line)]
    body = textwrap.indent("\n".join(lines), "    ")
    return f"{name} = {brackets.format(f'{chr(10)}{body}{chr(10)}')}\n"
