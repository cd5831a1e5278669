"""Priors in common use for data of a kind and scale: the same data under each of them.

For ratios and standardized differences they are published ones; where all that is known of the
scale are the standard errors, those that are made from these, as the packages bayesmeta and brms
and the BUGS examples have them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.posterior import solve
from partial_pooling.priors.distributions import (
    Flat,
    HalfCauchy,
    HalfFlat,
    HalfNormal,
    HalfStudentT,
    LogNormal,
    Normal,
    Scale,
)
from partial_pooling.priors.priors import HyperPrior

if TYPE_CHECKING:
    import pandas as pd

OWN = "this study"
RATIOS = ("log_odds_ratio", "log_risk_ratio", "log_hazard_ratio")
QUANTILES = (0.025, 0.5, 0.975)


@dataclass(frozen=True)
class DuMouchel(Scale):
    """Density ``s / (s + tau)^2``."""

    s: float

    @property
    def tail(self) -> float:
        """See `Scale.tail`."""
        return 1.0

    def _log_density(self, x: Array) -> Array:
        return math.log(self.s) - 2 * np.log(self.s + x)


@dataclass(frozen=True)
class UniformShrinkage(Scale):
    """``s^2 / (s^2 + tau^2)`` is uniform."""

    s: float

    @property
    def tail(self) -> float:
        """See `Scale.tail`."""
        return 2.0

    def _log_density(self, x: Array) -> Array:
        log_tail: Array = np.log(x) - 4 * np.log(np.hypot(self.s, x))
        return math.log(2 * self.s**2) + log_tail


@dataclass(frozen=True)
class InverseGamma(Scale):
    """Of shape alpha and scale beta."""

    positive = True

    alpha: float
    beta: float

    @property
    def tail(self) -> float:
        """See `Scale.tail`."""
        return self.alpha

    @property
    def scales(self) -> list[float]:
        """See `Scale.scales`."""
        return [self.beta]

    def _log_density(self, x: Array) -> Array:
        constant = self.alpha * math.log(self.beta) - math.lgamma(self.alpha)
        return constant - (self.alpha + 1) * np.log(x) - self.beta / x


@dataclass(frozen=True)
class NamedPrior:
    """A prior that others use.

    Attributes
    ----------
    name, source
        What it is called, and who proposes it.
    prior
        Of mu and tau.
    """

    name: str
    source: str
    prior: HyperPrior


GELMAN = "Gelman 2006, Bayesian Analysis 1: flat on τ"
DUMOUCHEL = "DuMouchel 1994, NISS report 24: s₀ / (s₀ + τ)², with s₀² the harmonic mean of σ²"
DANIELS = "Daniels 1999, Canadian Journal of Statistics 27: s₀² / (s₀² + τ²) is uniform"
FRIEDE = (
    "τ: Friede, Röver, Wandel and Neuenschwander 2017, Research Synthesis Methods 8 (0.5 or 1 for "
    "log odds ratios); μ: Günhan, Röver and Friede 2020, Research Synthesis Methods 11"
)


def usual_priors(groups: Estimates, measure: str | None) -> list[NamedPrior]:
    """Six priors in common use.

    Parameters
    ----------
    groups
        Estimates, or the normal approximation of the data.
    measure
        A key of `data.measures.MEASURES`, which says on which scale theta is; None if nobody knows.
    """
    s0 = math.sqrt(len(groups) / float((groups.std_error**-2.0).sum()))
    flat = Flat()
    flat_tau = NamedPrior("flat on τ", GELMAN, HyperPrior(flat, HalfFlat()))
    dumouchel = NamedPrior("DuMouchel", DUMOUCHEL, HyperPrior(flat, DuMouchel(s0)))
    if measure in RATIOS:
        wide = Normal(0.0, 2.82)
        return [
            NamedPrior("half-normal 0.5", FRIEDE, HyperPrior(wide, HalfNormal(0.5))),
            NamedPrior("half-normal 1", FRIEDE, HyperPrior(wide, HalfNormal(1.0))),
            NamedPrior(
                "Turner, log-normal",
                "Turner et al. 2012, International Journal of Epidemiology 41: τ² of log odds "
                "ratios in a general setting, log-normal(−2.56, 1.74²)",
                HyperPrior(flat, LogNormal(-1.28, 0.87)),
            ),
            NamedPrior(
                "Cochrane, inverse gamma",
                "Bartoš et al. 2023 (RoBMA's τ of log odds ratios): inverse gamma(1.77, 0.55)",
                HyperPrior(flat, InverseGamma(1.77, 0.55)),
            ),
            flat_tau,
            dumouchel,
        ]
    shrinkage = NamedPrior("uniform shrinkage", DANIELS, HyperPrior(flat, UniformShrinkage(s0)))
    if measure == "std_mean_difference":
        unit = Normal(0.0, 1.0)
        return [
            NamedPrior(
                "RoBMA, inverse gamma",
                "τ: Gronau et al. 2017, Comprehensive Results in Social Psychology 2, after van "
                "Erp et al. 2017; the default of RoBMA, with its Normal(0, 1) of μ",
                HyperPrior(unit, InverseGamma(1.0, 0.15)),
            ),
            NamedPrior(
                "half-Cauchy 0.3",
                "Williams, Rast and Bürkner 2018, PsyArXiv: Bayesian meta-analysis with weakly "
                "informative prior distributions",
                HyperPrior(unit, HalfCauchy(0.3)),
            ),
            NamedPrior(
                "half-Cauchy 0.5",
                "Harrer, Cuijpers, Furukawa and Ebert 2021, Doing Meta-Analysis with R, chapter 13",
                HyperPrior(unit, HalfCauchy(0.5)),
            ),
            flat_tau,
            dumouchel,
            shrinkage,
        ]
    away = np.abs(groups.estimate - np.median(groups.estimate))
    return [
        flat_tau,
        dumouchel,
        shrinkage,
        NamedPrior(
            "half-Cauchy s₀",
            "Polson and Scott 2012, Bayesian Analysis 7: the scale is that of the errors, s₀",
            HyperPrior(flat, HalfCauchy(s0)),
        ),
        NamedPrior(
            "brms, half-t",
            "Bürkner 2017, Journal of Statistical Software 80 (brms's default): 3 degrees of "
            "freedom, its scale the estimates' median absolute deviation, 2.5 at least",
            HyperPrior(flat, HalfStudentT(3.0, max(2.5, 1.4826 * float(np.median(away))))),
        ),
        NamedPrior(
            "half-normal 2 s₀",
            "a weakly informative one: τ above 4 s₀, where a group's own data are all that counts, "
            "has probability 5 %",
            HyperPrior(flat, HalfNormal(2 * s0)),
        ),
    ]


def prior_table(posterior: Posterior, above: float, measure: str | None) -> pd.DataFrame:
    """The same data under other priors, one row a prior, the study's own first.

    Returns
    -------
    pandas.DataFrame
        Columns name, source, prior_mu, prior_tau; q50, q2.5 and q97.5 of mu, tau and new (the
        theta of a new group), as in mu_q50; mu_above; and reason, why there are no numbers.
    """
    import pandas as pd

    normal = posterior.family.approximation(posterior.groups)
    own = NamedPrior(OWN, "", posterior.prior)
    rows = []
    for named in (own, *usual_priors(normal, measure)):
        row: dict[str, object] = {
            "name": named.name,
            "source": named.source,
            "prior_mu": str(named.prior.mu),
            "prior_tau": str(named.prior.tau),
        }
        row |= dict.fromkeys(_COLUMNS, math.nan)
        solved = posterior if named is own else _solved(posterior, named.prior)
        if isinstance(solved, Posterior):
            found = solved.quantiles(["mu", "tau", "theta_new"], np.array(QUANTILES))
            row |= dict(zip(_COLUMNS, found.ravel().tolist(), strict=False))
            row["mu_above"] = 1 - float(solved.cdf("mu", above))
        rows.append(row | {"reason": "" if isinstance(solved, Posterior) else solved})
    return pd.DataFrame(rows)


_COLUMNS = (*(f"{v}_q{100 * p:g}" for v in ("mu", "tau", "new") for p in QUANTILES), "mu_above")


def _solved(posterior: Posterior, prior: HyperPrior) -> Posterior | str:
    if len(posterior.groups) > posterior.most_solved_again:
        return "too many groups to solve again"
    try:
        return solve(posterior.groups, prior, posterior.family)
    except InputError:
        return "improper of so few groups"
