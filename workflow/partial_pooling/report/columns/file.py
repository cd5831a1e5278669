"""A table of results, with the meaning of its columns.

A key may stand for several columns: `{mu,tau}_{mean,sd}`. Of a name that means the same in several
files the meaning stands once, in `SHARED`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

SHARED = {
    "model": "Parametrization: centered, noncentered, partial or marginal.",
    "target_accept": "Acceptance rate that tuning of the step size aims at.",
    "seed": "Seed of the fit.",
    "draws": "Kept draws a chain at which the fit is looked at.",
    "variable": "mu, tau, log_tau, theta[<group>] or, of exact answers alone, theta_new: the theta "
    "of a further group.",
    "group": "Name of the group, as in the data.",
    "estimate": "Estimate of the group's theta, in the units of theta.",
    "std_error": "Standard error of the estimate, taken as known.",
    "q{2.5,5,25,50,75,95,97.5}": "Quantile at so many percent.",
    "exact_mean": "Mean under the exact posterior; empty where none exists.",
    "exact_sd": "Standard deviation under the exact posterior.",
    "mcse_mean": "Monte Carlo standard error of the mean.",
    "divergences": "Number of divergent transitions among the draws.",
    "max_treedepth_hits": "Number of transitions that reached the largest tree depth.",
    "gradients": "Evaluations of the gradient, tuning included.",
    "simulation": "Number of the simulated data set.",
    "simulations": "Number of simulated data sets.",
    "source": "A model; or `exact`, the exact posterior of the same data, as a control.",
    "lower": "Lower end of the interval or band.",
    "upper": "Upper end of the interval or band.",
    "verdict": "right, too few draws or wrong (docs/grading.md); without an exact answer: no alarm "
    "or alarm.",
    "alarms": "Ordinary checks that failed, separated by spaces; empty if none.",
    "table": "Name of the table of a collection.",
    "reason": "Why there is no fit; empty if there is one.",
}


EFFECTIVE = "Effective sample size"

# of a group's data, as its family takes them
DATA = {
    "estimate, std_error": "Of the family normal: estimate and standard error.",
    "events, n": "Of the family binomial: events among n trials.",
    "events, exposure": "Of the family poisson: events during an exposure.",
    "mean, sd, n": "Of the family student: mean, sd (with n - 1) and number of values.",
    "events_treated, n_treated, events_control, n_control": "Of the family hypergeometric: "
    "events among so many in each arm.",
}


@dataclass(frozen=True)
class File:
    """A table of results.

    Attributes
    ----------
    name
        Below results/.
    row
        What a row is.
    shared
        Keys of `SHARED` that it has, separated by spaces.
    own
        Its other columns with their meaning.
    """

    name: str
    row: str
    shared: str = ""
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, str]:
        """Meaning of each column."""
        return {
            column: meaning
            for key, meaning in {**{k: SHARED[k] for k in self.shared.split()}, **self.own}.items()
            for column in expanded(key)
        }


def expanded(key: str) -> list[str]:
    """The columns that a key stands for.

    Examples
    --------
    >>> expanded("{mu,tau}_q{5,95}")
    ['mu_q5', 'mu_q95', 'tau_q5', 'tau_q95']
    """
    parts = re.split(r"\{([^}]*)\}", key)
    choices = [part.split(",") if k % 2 else [part] for k, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]
