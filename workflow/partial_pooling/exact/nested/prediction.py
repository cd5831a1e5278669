"""Each group left out: the density of its data given all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.errors import InputError

if TYPE_CHECKING:
    from partial_pooling.exact.nested.posterior import NestedPosterior

UNSEEN = 1e-9  # share of the posterior beside which the nodes tell nothing
LOST = 1e-8  # of the posterior without a group that may lie there


def leave_one_out(posterior: NestedPosterior) -> Array:
    """See `Posterior.leave_one_out`.

    ``1 / p(y_j | y_-j)`` is the posterior mean of ``1 / g_j``. Where the posterior without a group
    lies where that with it has next to nothing, the rest is solved anew.
    """
    groups, prior, family = posterior.groups, posterior.prior, posterior.family
    marginals = posterior.marginals
    weight, panel, powers = marginals.every_node
    result = np.empty(len(groups))
    rare = weight < UNSEEN * weight.max()
    for j in range(len(groups)):
        rest = groups.select(np.arange(len(groups)) != j)
        try:
            if not len(rest):
                raise InputError("")
            family.check_proper_posterior(rest, prior)
        except InputError:
            result[j] = _alone(posterior) if not len(rest) and prior.is_proper else np.nan
            continue
        evidence = (marginals.series[:, :, j][panel] * powers).sum(axis=1)
        least = evidence.min()
        cavity = weight * np.exp(least - evidence)
        result[j] = least - np.log(cavity.sum())
        if cavity[rare].sum() > LOST * cavity.sum():
            without = posterior.solved_from(rest)
            result[j] = posterior.log_evidence - without.log_evidence
    return result


def _alone(posterior: NestedPosterior) -> float:
    return posterior.log_evidence
