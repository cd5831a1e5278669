"""Solving a table at once, under one prior or several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from partial_pooling.answer.answers import Answer, Comparison
from partial_pooling.answer.data import Data, from_arrays
from partial_pooling.answer.prior import prior_of
from partial_pooling.errors import InputError
from partial_pooling.exact.posterior import solve as solve_exactly
from partial_pooling.priors.named import WEAK, NamedPriors, named_priors
from partial_pooling.priors.priors import HyperPrior

type PriorLike = HyperPrior | Mapping[str, Any] | str


def solve(
    data: Data | None = None,
    prior: PriorLike | None = None,
    *,
    estimate: ArrayLike | None = None,
    std_error: ArrayLike | None = None,
    names: list[str] | None = None,
    measure: str | None = None,
) -> Answer:
    """Solve a table exactly: no sampler, no study, no Monte Carlo error.

    Parameters
    ----------
    data
        Of `read_table`; or give `estimate` and `std_error` in its place.
    prior
        Priors of mu and tau, in the units of theta: ``"Normal(0, 5), HalfCauchy(5)"``, or as in a
        configuration, ``{"mu": {"dist": "Normal", "mu": 0, "sigma": 5}, "tau": ...}``.
    estimate, std_error
        Shape (J,), J >= 2.
    names, measure
        Of these arrays: names of the groups, and what the estimates are.

    Returns
    -------
    Answer
        Prints as a table.

    Raises
    ------
    InputError
        There is no prior (the line offers one), or data or prior cannot be used.

    Examples
    --------
    >>> answer = solve(estimate=[28, 8, -3], std_error=[15, 10, 16],
    ...                prior="Normal(0, 5), HalfCauchy(5)")
    >>> round(answer.mu.mean, 2)
    2.16
    """
    if data is None:
        if estimate is None or std_error is None:
            raise InputError("solve: found no data; allowed: a table, or estimate and std_error")
        data = from_arrays(estimate, std_error, names, measure)
    if prior is None:
        offered = offers(data).priors[WEAK]
        raise InputError(
            "prior: missing; allowed: priors of mu and tau, such as "
            f'"{offered.mu}, {offered.tau}" (compare_priors shows three)'
        )
    of_both = prior_of(prior)
    return Answer(data, of_both, solve_exactly(data.groups, of_both, data.family))


def compare_priors(data: Data, priors: Mapping[str, PriorLike] | None = None) -> Comparison:
    """Solve a table under several priors, side by side.

    Parameters
    ----------
    data
        Of `read_table`.
    priors
        By a name; by default three that fit the scale (`priors.named`).
    """
    if priors is not None:
        return Comparison({name: solve(data, prior) for name, prior in priors.items()})
    named = offers(data)
    answers = {name: solve(data, prior) for name, prior in named.priors.items()}
    return Comparison(answers, named.reason, named.from_data)


def offers(data: Data) -> NamedPriors:
    """Three priors that fit the scale of a table."""
    normal = data.estimates
    return named_priors(normal.estimate, normal.std_error, data.keys.measure)
