"""The rank of a truth, paired with its place in the exact posterior of the same data.

Ranks alone scatter with the truths: a truth is anywhere in its posterior. The exact CDF says where.
Given data and truth, the share of a right sampler's draws that lie below the truth is the exact
CDF there, u, on average: the difference of the two has no more noise than the draws have, however
they depend on one another. Its mean over simulations tells a shift; its mean times 2u - 1 a spread
that is too narrow or too wide; its mean times the next Legendre polynomial of 2u - 1 a false shape.
Hotelling's T squared tests that all three are zero, with their covariance estimated over the
simulations, which are independent. It asks for nothing of the draws: that they are few, or depend
on one another, widens the scatter alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc

from partial_pooling.grading.inference import holm
from partial_pooling.grading.ranks import EXACT, Calibration
from partial_pooling.grading.uniformity import LEVEL

SHAPES = 3  # Legendre polynomials of the exact position, from degree 0
TOLD = ("shift", "spread")  # the first of them, by name


def paired(calibration: Calibration) -> pd.DataFrame:
    """Test each model's ranks against the exact positions of the same truths.

    Returns
    -------
    pandas.DataFrame
        A row a model and variable: source, variable, simulations; shift and shift_se, the mean of
        the share of ranked draws below the truth less its exact probability u, and the standard
        error; spread and spread_se, that of the same times 2u - 1, above zero where draws are too
        narrow; p_value, p_corrected (Holm, over all rows), right (p_corrected >= `LEVEL`).
    """
    rows = []
    for source, parts in differences(calibration):
        count = len(parts)
        mean, error = parts.mean(axis=0), parts.std(axis=0, ddof=1) / np.sqrt(count)
        told: dict[str, NDArray[np.float64]] = {}
        for k, name in enumerate(TOLD):
            told |= {name: mean[:, k], f"{name}_se": error[:, k]}
        rows.append(
            pd.DataFrame(
                {
                    "source": source,
                    "variable": calibration.variables,
                    "simulations": count,
                    **told,
                    "p_value": p_values(np.ones((1, count)), parts)[0],
                }
            )
        )
    if not rows:
        columns = ["source", "variable", "simulations"]
        columns += [f"{name}{ending}" for name in TOLD for ending in ("", "_se")] + ["p_value"]
        return pd.DataFrame(columns=columns).assign(p_corrected=[], right=[])
    result = pd.concat(rows, ignore_index=True)
    result["p_corrected"] = holm(result["p_value"].to_numpy())
    return result.assign(right=result["p_corrected"] >= LEVEL)


def differences(calibration: Calibration) -> list[tuple[str, NDArray[np.float64]]]:
    """Each model with its differences by simulation, variable and shape, if it has enough fits."""
    exact = calibration.exact_positions()
    found = []
    for source, ranks in calibration.ranked():
        if source == EXACT or len(ranks) <= SHAPES + 1:
            continue
        u = exact.loc[ranks.index].to_numpy()
        off = ranks.to_numpy() / calibration.ranked_draws - u
        legendre = np.polynomial.legendre.legvander(2 * u - 1, SHAPES - 1)
        found.append((source, off[:, :, None] * legendre))
    return found


def p_values(chosen: NDArray[np.floating], parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """p-values of Hotelling's T squared, of subsets of the simulations.

    Parameters
    ----------
    chosen
        Shape (S, n), 1 where a simulation is in a subset, else 0; as many in each.
    parts
        Shape (n, V, SHAPES).

    Returns
    -------
    numpy.ndarray
        Shape (S, V), of the F distribution that T squared has if the parts are normal; of as few
        as 25 simulations nearly so (tests/unit/test_pairing.py).
    """
    count = chosen[0].sum()
    flat = parts.reshape(len(parts), -1)
    mean = (chosen @ flat / count).reshape(len(chosen), -1, SHAPES)
    products = (parts[:, :, :, None] * parts[:, :, None, :]).reshape(len(parts), -1)
    second = (chosen @ products / count).reshape(*mean.shape, SHAPES)
    covariance = (second - mean[..., None] * mean[..., None, :]) * count / (count - 1)
    t_squared = count * np.einsum(
        "...i,...ij,...j", mean, np.linalg.pinv(covariance, hermitian=True), mean
    )
    free = count - SHAPES
    p: NDArray[np.float64] = fdtrc(SHAPES, free, t_squared * free / (SHAPES * (count - 1)))
    return p
