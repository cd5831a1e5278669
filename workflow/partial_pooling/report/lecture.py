"""What the lecture "Gelman Schools Theory" states, so that a report can set it beside our numbers.

The statements are told only for the lecture's own data and priors: see `applies`.
"""

from __future__ import annotations

import numpy as np

from partial_pooling.data.groups import Estimates
from partial_pooling.priors.priors import HyperPrior, parse_hyperprior

ESTIMATE = (28, 8, -3, 7, -1, 1, 18, 12)
STD_ERROR = (15, 10, 16, 11, 9, 11, 10, 18)
PRIOR = parse_hyperprior(
    {"mu": {"dist": "Normal", "mu": 0, "sigma": 5}, "tau": {"dist": "HalfCauchy", "beta": 5}}
)

# "the true value" of E[log tau], from a long run of a sampler
QUOTED_LOG_TAU = 0.7657852
# its noncentered run
CHAINS = 2
DRAWS = 10_000
DIVERGENCES = 22
PRINTED_PERCENTAGE = "0.00220"
R_HAT = 1.000  # of every variable, to three decimals
EFFECTIVE_DRAWS = {"mu": 20_000, "tau": 9_510, "log_tau": 8_571}


def applies(groups: Estimates, prior: HyperPrior) -> bool:
    """Whether data and priors are the lecture's, and so its numbers about the same posterior."""
    return (
        np.array_equal(groups.estimate, ESTIMATE)
        and np.array_equal(groups.std_error, STD_ERROR)
        and prior == PRIOR
    )
