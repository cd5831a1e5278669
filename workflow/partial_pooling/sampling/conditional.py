"""Drawing theta where a model has integrated it out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Groups
from partial_pooling.families.family import Family

STREAM = 1_791_203_518  # tells these streams from those of others with the same seed


def draw_theta(
    groups: Groups, family: Family, mu: NDArray[np.float64], tau: NDArray[np.float64], seed: int
) -> Array:
    """Draw theta from its exact distribution given each draw of (mu, tau), and the data.

    The draws of a chain come from a stream of its own, in their order: the first n are those of
    a run of length n, and no other fit, batch or core matters.

    Parameters
    ----------
    groups, family
        Data and their likelihood.
    mu, tau
        Shape (chain, draw).
    seed
        The fit's.

    Returns
    -------
    numpy.ndarray
        Shape (chain, draw, group).
    """
    chains, draws = mu.shape
    z = np.empty((chains, draws, len(groups)))
    for chain in range(chains):
        stream = np.random.default_rng([STREAM, seed, chain])
        stream.standard_normal(out=z[chain])
    return family.theta_given(groups, mu, tau, z)
