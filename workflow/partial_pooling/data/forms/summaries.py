"""Form `summaries`: a row a group, the mean, standard deviation and number of its observations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partial_pooling.data.forms.form import Form
from partial_pooling.data.groups import Summaries
from partial_pooling.data.table import Table
from partial_pooling.limits import ANY, SCALE, is_any, is_scale


def read(table: Table, group: str, mean: str, sd: str, n: str, *, pooled_sd: bool) -> Summaries:
    """Take the numbers as they are, but for the standard deviations if they are to be pooled."""
    names = table.unique_names(group)
    # ASSUME the sd column divides by n - 1, so that it takes two observations
    count = table.counts(n, 2)
    deviation = table.numbers(sd, SCALE, is_scale)
    average = table.numbers(mean, ANY, is_any)
    return Summaries(names, average, pooled(deviation, count) if pooled_sd else deviation, count)


def pooled(sd: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """One standard deviation for all groups, sqrt(sum((n - 1) sd^2) / sum(n - 1)).

    Parameters
    ----------
    sd
        Shape (J,), standard deviation within each group.
    n
        Shape (J,), number of observations of each group.
    """
    # ASSUME equal variances within groups
    weight = n - 1
    return np.full_like(sd, np.sqrt(np.sum(weight * sd**2) / np.sum(weight)))


SUMMARIES = Form(
    "summaries",
    "a group: mean, standard deviation (with n − 1) and number of its observations",
    Summaries,
    ("group", "mean", "sd", "n"),
    read,
    options=("pooled_sd",),
    also=("continuous", "means", "mean", "summary"),
)
