"""Published analyses of counts, found again by maximizing the integrated likelihood.

Stijnen, Hamza and Ozdemir (2010), Statistics in Medicine 29, 3046-3067, tables II, III and VII;
with the digits to which metafor's `rma.glmm` gives them.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from partial_pooling.data.groups import Counts, Rates, TwoByTwo
from partial_pooling.exact.nested.inner import Thetas
from partial_pooling.exact.nested.rules import FINE
from partial_pooling.families.binomial import BINOMIAL
from partial_pooling.families.hypergeometric import HYPERGEOMETRIC
from partial_pooling.families.poisson import POISSON

DATASETS = Path(__file__).parents[2] / "config" / "datasets"
INFECTIONS = pd.read_csv(DATASETS / "catheter_infections.csv")
DAYS = pd.read_csv(DATASETS / "catheter_days.csv")
NAMES = tuple(INFECTIONS["trial"])
COLUMNS = ("infected_treated", "treated", "infected_standard", "standard")
TREATED, OF_TREATED, STANDARD, OF_STANDARD = (INFECTIONS[name].to_numpy(float) for name in COLUMNS)
# per 1,000 days
RATES = Rates(
    tuple(DAYS["trial"]), DAYS["infections"].to_numpy(float), DAYS["days"].to_numpy() / 1000
)


@pytest.mark.parametrize(
    ("groups", "family", "mu", "tau"),
    [
        (Counts(NAMES, STANDARD, OF_STANDARD), BINOMIAL, -3.4964, 0.8124**0.5),
        (Counts(NAMES, TREATED, OF_TREATED), BINOMIAL, -4.8121, 0.8265**0.5),
        (
            TwoByTwo(NAMES, TREATED, OF_TREATED, STANDARD, OF_STANDARD),
            HYPERGEOMETRIC,
            -1.3532,
            0.8327,
        ),
        (RATES, POISSON, 1.4007, 0.3165**0.5),
    ],
    ids=["binomial, standard", "binomial, treated", "hypergeometric", "poisson"],
)
def test_greatest_likelihood_of_mu_and_tau_is_what_was_published(groups, family, mu, tau):
    """Published ones were found by seven nodes or by optimizers that differ in the fourth digit."""
    thetas = Thetas(groups, family, FINE)

    def minus_log(at):
        at_mu, at_tau = at[:1], np.exp(at[1:])
        return -float(thetas.integrate(at_mu, at_tau).log_evidence.sum())

    found = minimize(minus_log, (mu + 0.1, np.log(tau) - 0.2), method="Nelder-Mead", tol=1e-6).x
    assert found[0] == pytest.approx(mu, abs=1e-3)
    assert np.exp(found[1]) == pytest.approx(tau, abs=2e-3)
