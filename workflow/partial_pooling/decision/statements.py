"""How probable it is that mu, a group's theta or a new group's lies above c; ranks of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from partial_pooling.exact.face import Posterior
from partial_pooling.exact.ranks import MOST_RANKED

if TYPE_CHECKING:
    import pandas as pd


def decision_table(posterior: Posterior, above: float) -> pd.DataFrame:
    """Probabilities to be above a value, one row a variable: mu, each theta, theta_new.

    Parameters
    ----------
    posterior
        Solved exactly.
    above
        The value c, on the scale of theta.

    Returns
    -------
    pandas.DataFrame
        Columns variable, above (c) and probability.
    """
    import pandas as pd

    variables = [v for v in posterior.variables if v not in ("tau", "log_tau")]
    chance = [1 - float(posterior.cdf(variable, above)) for variable in variables]
    return pd.DataFrame({"variable": variables, "above": above, "probability": chance})


def rank_table(posterior: Posterior) -> pd.DataFrame:
    """Ranks of the groups by theta, one row a group, 1 being the largest.

    Returns
    -------
    pandas.DataFrame
        Columns group, expected_rank, first and last (probabilities to be the largest and the
        smallest), and of up to `MOST_RANKED` groups rank_1, rank_2, ... Numbers of more groups than
        `Posterior.most_compared` are nan.
    """
    import pandas as pd

    count = len(posterior.groups)
    table = pd.DataFrame({"group": posterior.groups.names})
    if count > posterior.most_compared:
        return table.assign(expected_rank=np.nan, first=np.nan, last=np.nan)
    ranks = posterior.ranks()
    table = table.assign(expected_rank=ranks.expected, first=ranks.first, last=ranks.last)
    if ranks.probability is None:
        return table
    assert count <= MOST_RANKED
    each = pd.DataFrame(ranks.probability, columns=[f"rank_{r + 1}" for r in range(count)])
    return pd.concat([table, each], axis=1)
