"""Each group left out: what the others say without it, and whether they expect its data.

Without a group the model is solved anew, so that every number is exact. The group's data are then
held against what the others predict of them, by its probability integral transform (PIT): the
predictive probability of less, and of data that can be counted half that of as much. Outliers are
told by its two-sided p-value, corrected for the number of groups (Holm).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from partial_pooling.data.groups import Groups
from partial_pooling.errors import InputError
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.posterior import solve
from partial_pooling.grading.inference import holm

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = (0.025, 0.5, 0.975)
IMPROPER = "improper without it"
TOO_MANY = "too many groups to leave each out"


def influence_table(posterior: Posterior, above: float) -> pd.DataFrame:
    """The posterior without each group, one row a group.

    Parameters
    ----------
    posterior
        Of all groups, solved exactly.
    above
        The value c of the decision.

    Returns
    -------
    pandas.DataFrame
        Columns group; mu_q2.5, mu_q50, mu_q97.5, the same of tau; mu_above and new_above, the
        probabilities that mu and a new group's theta are above c; pit; log_predictive, log of
        p(y_j | y of all others); p_value and p_corrected; and reason, why there are no numbers,
        empty where there are. Those of too many groups (`Posterior.may_be_solved_again`) are nan
        but for log_predictive.
    """
    import pandas as pd

    groups = posterior.groups
    few = posterior.may_be_solved_again(len(groups))
    rows = []
    for j, (name, density) in enumerate(zip(groups.names, posterior.leave_one_out(), strict=True)):
        without = _without(posterior, j) if few else TOO_MANY
        numbers = dict.fromkeys(_COLUMNS, math.nan)
        if isinstance(without, Posterior):
            numbers = _numbers(without, above)
            numbers["pit"] = without.predictive_below(groups.select(_only(groups, j)))
        reason = "" if isinstance(without, Posterior) else without
        rows.append({"group": name, **numbers, "log_predictive": density, "reason": reason})
    table = pd.DataFrame(rows)
    pit = table["pit"].to_numpy(dtype=float)
    p_value = 2 * np.minimum(pit, 1 - pit)
    table = table.assign(p_value=p_value, p_corrected=holm(p_value))
    return table[["group", *_COLUMNS, "log_predictive", "p_value", "p_corrected", "reason"]]


_COLUMNS = (
    *(f"{variable}_q{100 * p:g}" for variable in ("mu", "tau") for p in QUANTILES),
    "mu_above",
    "new_above",
    "pit",
)


def _only(groups: Groups, j: int) -> NDArray[np.bool_]:
    only: NDArray[np.bool_] = np.arange(len(groups)) == j
    return only


def _without(posterior: Posterior, j: int) -> Posterior | str:
    """The posterior without a group, or why there is none."""
    rest = posterior.groups.select(~_only(posterior.groups, j))
    if not len(rest):
        return "the only group"
    try:
        posterior.family.check_proper_posterior(rest, posterior.prior)
    except InputError:
        return IMPROPER
    try:
        return solve(rest, posterior.prior, posterior.family)
    except InputError as error:
        return str(error)


def _numbers(posterior: Posterior, above: float) -> dict[str, float]:
    quantiles = posterior.quantiles(["mu", "tau"], np.array(QUANTILES))
    numbers = dict(zip(_COLUMNS, quantiles.ravel().tolist(), strict=False))
    numbers["mu_above"] = 1 - float(posterior.cdf("mu", above))
    numbers["new_above"] = 1 - float(posterior.cdf("theta_new", above))
    return numbers
