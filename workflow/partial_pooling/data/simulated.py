"""Tables simulated over a design, as the CSV file of a collection."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from partial_pooling.arrays import Array

# What a scorecard is over by default: numbers of groups, and tau in typical standard errors.
GROUPS = (3, 8, 20, 100)
RATIOS = (0, 0.1, 0.5, 1, 3, 10)
COLUMNS = ("table", "group", "estimate", "std_error")
# Standard errors about their typical one, which is 1; of mixed ones the largest is 25 times the
# smallest, evenly spaced in their logarithms.
ERRORS = ("equal", "mixed")
MOST = 5.0


def simulated_tables(
    groups: Sequence[int],
    ratios: Sequence[float],
    errors: Sequence[str],
    tables: Sequence[int],
    seed: int,
) -> Iterator[tuple[str, Array, Array]]:
    """Simulate tables of every combination, mu being 0.

    theta_j ~ Normal(0, tau), y_j ~ Normal(theta_j, sigma_j).

    Parameters
    ----------
    groups
        Numbers of groups.
    ratios
        tau over the typical standard error, which is 1.
    errors
        Of `ERRORS`.
    tables
        Number of each combination, for each number of groups or one for all. A table depends on its
        combination and place: more tables leave the first ones as they are.
    seed
        From 0.

    Yields
    ------
    name : str
    estimate, std_error : ndarray, shape (groups,)
    """
    number = dict(zip(groups, tables if len(tables) > 1 else [*tables] * len(groups), strict=True))
    for size, ratio, kind in itertools.product(groups, ratios, errors):
        end = np.log(MOST) if kind == "mixed" else 0.0
        std_error = np.exp(np.linspace(-end, end, size))
        for place in range(number[size]):
            rng = np.random.default_rng(
                [seed, size, round(1000 * ratio), ERRORS.index(kind), place]
            )
            theta = ratio * rng.standard_normal(size)
            estimate = theta + std_error * rng.standard_normal(size)
            yield f"{size} groups, tau {ratio:g}, {kind} {place + 1}", estimate, std_error


def simulated_csv(
    groups: Sequence[int],
    ratios: Sequence[float],
    errors: Sequence[str],
    tables: Sequence[int],
    seed: int,
) -> str:
    """The tables of `simulated_tables` as text of a CSV file, numbers to six digits."""
    lines = [",".join(COLUMNS)]
    for name, estimate, std_error in simulated_tables(groups, ratios, errors, tables, seed):
        lines += [
            f'"{name}",{j},{y:.6g},{s:.6g}'
            for j, (y, s) in enumerate(zip(estimate, std_error, strict=True), 1)
        ]
    return "\n".join(lines) + "\n"
