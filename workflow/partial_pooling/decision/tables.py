"""All that a decision needs, as tables of the results folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partial_pooling.decision.atlas import MOST_GROUPS, atlas, atlas_table
from partial_pooling.decision.influence import influence_table
from partial_pooling.decision.sensitivity import sensitivity_table
from partial_pooling.decision.statements import decision_table, rank_table
from partial_pooling.decision.usual import prior_table
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.posterior import ExactPosterior

if TYPE_CHECKING:
    import pandas as pd


def decision_tables(
    posterior: Posterior, above: float, measure: str | None
) -> dict[str, pd.DataFrame]:
    """Tables by the names of their files.

    Parameters
    ----------
    posterior
        Solved exactly.
    above
        The value c that decides, on the scale of theta.
    measure
        What theta is, a key of `data.measures.MEASURES`, if that is known.
    """
    groups, family = posterior.groups, posterior.family
    many = None
    if isinstance(posterior, ExactPosterior) or len(groups) <= MOST_GROUPS:
        many = atlas(groups, posterior.prior, above, family=family)
    return {
        "decisions": decision_table(posterior, above),
        "ranks": rank_table(posterior),
        "influence": influence_table(posterior, above),
        "sensitivity": sensitivity_table(posterior, above),
        "priors": prior_table(posterior, above, measure),
        "atlas": atlas_table(many),
    }
