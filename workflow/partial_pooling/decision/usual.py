"""The same data under priors in common use (`priors.named.usual_priors`)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from partial_pooling.errors import InputError
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.posterior import solve
from partial_pooling.priors.named import UsualPrior, usual_priors
from partial_pooling.priors.priors import HyperPrior

if TYPE_CHECKING:
    import pandas as pd

OWN = "this study"
TOO_MANY = "too many groups to solve again"
QUANTILES = (0.025, 0.5, 0.975)


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
    own = UsualPrior(OWN, "", posterior.prior)
    others = usual_priors(normal, measure)
    few = posterior.may_be_solved_again(len(others))
    rows = []
    for named in (own, *others):
        row: dict[str, object] = {
            "name": named.name,
            "source": named.source,
            "prior_mu": str(named.prior.mu),
            "prior_tau": str(named.prior.tau),
        }
        row |= dict.fromkeys(_COLUMNS, math.nan)
        solved = posterior if named is own else _solved(posterior, named.prior) if few else TOO_MANY
        if isinstance(solved, Posterior):
            found = solved.quantiles(["mu", "tau", "theta_new"], np.array(QUANTILES))
            row |= dict(zip(_COLUMNS, found.ravel().tolist(), strict=False))
            row["mu_above"] = 1 - float(solved.cdf("mu", above))
        rows.append(row | {"reason": "" if isinstance(solved, Posterior) else solved})
    return pd.DataFrame(rows)


_COLUMNS = (*(f"{v}_q{100 * p:g}" for v in ("mu", "tau", "new") for p in QUANTILES), "mu_above")


def _solved(posterior: Posterior, prior: HyperPrior) -> Posterior | str:
    try:
        return solve(posterior.groups, prior, posterior.family)
    except InputError:
        return "improper of so few groups"
