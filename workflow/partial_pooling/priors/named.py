"""Three priors by name that fit a scale, from narrow to wide: what to begin with, and compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partial_pooling.priors.distributions import HalfCauchy, HalfNormal, Normal
from partial_pooling.priors.priors import HyperPrior, prior_to_offer

NARROW, WEAK, WIDE = "narrow", "weak", "wide"
# Measures whose scale is known before any data: what is a usual difference between groups.
KNOWN_SCALES = {
    "log_odds_ratio": 1.0,
    "log_risk_ratio": 1.0,
    "log_hazard_ratio": 1.0,
    "std_mean_difference": 1.0,
    "fisher_z": 0.5,
}


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
    if scale is not None:
        return NamedPriors(
            {
                NARROW: HyperPrior(Normal(0.0, 2 * scale), HalfNormal(0.5 * scale)),
                WEAK: HyperPrior(Normal(0.0, 2 * scale), HalfNormal(scale)),
                WIDE: HyperPrior(Normal(0.0, 10 * scale), HalfCauchy(scale)),
            },
            False,
            f"scale of a {str(measure).replace('_', ' ')}, whatever the data: no difference in the "
            f"middle, and standard deviations between groups of about {scale:g}",
        )
    offered = prior_to_offer(estimate, std_error)
    tau = offered.tau.parameters["sigma"]
    return NamedPriors(
        {
            NARROW: HyperPrior(offered.mu, HalfNormal(tau / 2)),
            WEAK: offered,
            WIDE: HyperPrior(offered.mu, HalfCauchy(tau)),
        },
        True,
        "scale of these data, since no measure is known: the standard deviation of the estimates, "
        "or their median standard error if that is larger. What you knew before you saw them is "
        "better",
    )
