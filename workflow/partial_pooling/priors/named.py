"""Priors by name: three to begin with, from narrow to wide, and those in common use.

Those in common use are published ones for ratios and standardized differences; where all that is
known of the scale are the standard errors, those that are made from these, as the packages
bayesmeta and brms and the BUGS examples have them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates
from partial_pooling.data.measures import MEASURES
from partial_pooling.priors.distributions import (
    Flat,
    HalfCauchy,
    HalfFlat,
    HalfNormal,
    HalfStudentT,
    LogNormal,
    Normal,
)
from partial_pooling.priors.prior import Scale
from partial_pooling.priors.priors import HyperPrior, prior_to_offer

NARROW, WEAK, WIDE = "narrow", "weak", "wide"
RATIOS = ("log_odds_ratio", "log_risk_ratio", "log_hazard_ratio")
# Measures whose scale is known before any data: what is a usual difference between groups.
KNOWN_SCALES = dict.fromkeys(RATIOS, 1.0) | {"std_mean_difference": 1.0, "fisher_z": 0.5}


@dataclass(frozen=True)
class NamedPriors:
    """Priors by name, and where their scale comes from.

    Attributes
    ----------
    priors
        Keys `narrow`, `weak` and `wide`.
    from_data
        Whether their scale was read from the data, with which they then cannot conflict.
    reason
        Where it comes from, a sentence.
    """

    priors: dict[str, HyperPrior]
    from_data: bool
    reason: str


def named_priors(
    estimate: NDArray[np.float64], std_error: NDArray[np.float64], measure: str | None = None
) -> NamedPriors:
    """Priors that fit the scale of a measure, or else of the data.

    With s the scale, tau has HalfNormal(s / 2), HalfNormal(s) and HalfCauchy(s), and mu
    Normal(0, 2 s), or 10 s in the widest. On log ratios s is 1: half of all groups then lie within
    a factor of 2 of the middle one at tau = 1 (Rover et al. 2021, "On weakly informative prior
    distributions for the heterogeneity parameter in Bayesian random-effects meta-analysis",
    Research Synthesis Methods 12, 448-474, recommends HalfNormal(0.5) and HalfNormal(1) there).
    Where no measure tells the scale, `weak` is `prior_to_offer` of the data, the others have the
    same mu and their tau in the same proportions.

    Parameters
    ----------
    estimate, std_error
        Shape (J,), J >= 2.
    measure
        What the estimates are; None if that is not known.
    """
    scale = KNOWN_SCALES.get(measure or "")
    name = MEASURES[measure].label or measure if measure else ""
    if scale is not None:
        return NamedPriors(
            {
                NARROW: HyperPrior(Normal(0.0, 2 * scale), HalfNormal(0.5 * scale)),
                WEAK: HyperPrior(Normal(0.0, 2 * scale), HalfNormal(scale)),
                WIDE: HyperPrior(Normal(0.0, 10 * scale), HalfCauchy(scale)),
            },
            False,
            f"scale of the measure ({name}), whatever the data: no difference in the middle, and "
            f"standard deviations between groups of about {scale:g}",
        )
    unknown = f"the measure ({name}) has no scale of its own" if measure else "no measure is known"
    offered = prior_to_offer(estimate, std_error)
    tau = offered.tau.parameters["sigma"]
    return NamedPriors(
        {
            NARROW: HyperPrior(offered.mu, HalfNormal(tau / 2)),
            WEAK: offered,
            WIDE: HyperPrior(offered.mu, HalfCauchy(tau)),
        },
        True,
        f"scale of these data, since {unknown}: the standard deviation of the estimates, or their "
        "median standard error if that is larger. What you knew before you saw them is better",
    )


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
class UsualPrior:
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
DUMOUCHEL = (
    "DuMouchel 1994, National Institute of Statistical Sciences: s₀ / (s₀ + τ)², with s₀² the "
    "harmonic mean of σ²"
)
DANIELS = "Daniels 1999, Canadian Journal of Statistics 27: s₀² / (s₀² + τ²) is uniform"
FRIEDE = (
    "τ: Friede, Röver, Wandel and Neuenschwander 2017, Research Synthesis Methods 8 (0.5 or 1 for "
    "log odds ratios); μ: Günhan, Röver and Friede 2020, Research Synthesis Methods 11"
)


def usual_priors(groups: Estimates, measure: str | None) -> list[UsualPrior]:
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
    flat_tau = UsualPrior("flat on τ", GELMAN, HyperPrior(flat, HalfFlat()))
    dumouchel = UsualPrior("DuMouchel", DUMOUCHEL, HyperPrior(flat, DuMouchel(s0)))
    if measure in RATIOS:
        wide = Normal(0.0, 2.82)
        return [
            UsualPrior("half-normal 0.5", FRIEDE, HyperPrior(wide, HalfNormal(0.5))),
            UsualPrior("half-normal 1", FRIEDE, HyperPrior(wide, HalfNormal(1.0))),
            UsualPrior(
                "Turner, log-normal",
                "Turner et al. 2012, International Journal of Epidemiology 41: τ² of log odds "
                "ratios in a general setting, log-normal(−2.56, 1.74²)",
                HyperPrior(flat, LogNormal(-1.28, 0.87)),
            ),
            UsualPrior(
                "Cochrane, inverse gamma",
                "Bartoš et al. 2023 (RoBMA's τ of log odds ratios): inverse gamma(1.77, 0.55)",
                HyperPrior(flat, InverseGamma(1.77, 0.55)),
            ),
            flat_tau,
            dumouchel,
        ]
    shrinkage = UsualPrior("uniform shrinkage", DANIELS, HyperPrior(flat, UniformShrinkage(s0)))
    if measure == "std_mean_difference":
        unit = Normal(0.0, 1.0)
        return [
            UsualPrior(
                "RoBMA, inverse gamma",
                "τ: Gronau et al. 2017, Comprehensive Results in Social Psychology 2, after van "
                "Erp et al. 2017; the default of RoBMA, with its Normal(0, 1) of μ",
                HyperPrior(unit, InverseGamma(1.0, 0.15)),
            ),
            UsualPrior(
                "half-Cauchy 0.3",
                "Williams, Rast and Bürkner 2018, PsyArXiv: Bayesian meta-analysis with weakly "
                "informative prior distributions",
                HyperPrior(unit, HalfCauchy(0.3)),
            ),
            UsualPrior(
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
        UsualPrior(
            "half-Cauchy s₀",
            "Polson and Scott 2012, Bayesian Analysis 7: the scale is that of the errors, s₀",
            HyperPrior(flat, HalfCauchy(s0)),
        ),
        UsualPrior(
            "brms, half-t",
            "Bürkner 2017, Journal of Statistical Software 80 (brms's default): 3 degrees of "
            "freedom, its scale the estimates' median absolute deviation, 2.5 at least",
            HyperPrior(flat, HalfStudentT(3.0, max(2.5, 1.4826 * float(np.median(away))))),
        ),
        UsualPrior(
            "half-normal 2 s₀",
            "a weakly informative one: τ above 4 s₀, where a group's own data are all that counts, "
            "has probability 5 %",
            HyperPrior(flat, HalfNormal(2 * s0)),
        ),
    ]
