"""How far to center each group, for the `partial` parametrization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from partial_pooling.arrays import Array

if TYPE_CHECKING:
    from partial_pooling.exact.face import Posterior

QUANTILE = 0.25  # of tau: benchmarks/parametrizations.py and accuracy.py hold it against others


def weights(posterior: Posterior, quantile: float = QUANTILE) -> Array:
    """Weights that suit the posterior, whatever the units.

    ``w_j = q^2 / (q^2 + sigma_j^2)``, q a quantile of tau, its lower quartile, and sigma_j^2 one
    over the information that group j is expected to give: the share of what is known of theta_j,
    given mu and such a tau, that its own data tell. A group wants to be noncentered if its data
    tell less than tau does, and it must be sampled where tau is small as well: with the median for
    q, a tenth of the fits of 4 to 8 groups missed the neck of the funnel.

    Returns
    -------
    numpy.ndarray
        Shape (J,), from 0 (noncentered) to 1 (centered), rounded to two decimals, so that what is
        sampled does not depend on the last digits of the exact posterior.
    """
    q = float(posterior.quantile("tau", quantile))
    told = q**2 * posterior.information()
    return np.round(told / (told + 1), 2)


def given_or(chosen: Array, by_hand: Sequence[float]) -> Array:
    """Weights to use, shape (J,): by hand, one for all or one a group; else those chosen."""
    return np.broadcast_to(by_hand, chosen.shape) if by_hand else chosen
