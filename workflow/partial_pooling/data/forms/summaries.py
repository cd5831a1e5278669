"""Form `summaries`: a row a group, the mean, standard deviation and number of its observations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partial_pooling.data.forms.form import Form
from partial_pooling.data.groups import Estimates
from partial_pooling.data.table import Table
from partial_pooling.limits import ANY, MOST_COUNTED, SCALE, is_any, is_scale


def read(table: Table, group: str, mean: str, sd: str, n: str, *, pooled_sd: bool) -> Estimates:
    """Estimate each theta by the mean, with standard error sd / sqrt(n)."""
    names = table.unique_names(group)
    # ASSUME the sd column divides by n - 1, so that it takes two observations
    count = table.numbers(
        n,
        f"a whole number, 2 or more (to {MOST_COUNTED:g})",
        lambda v: 2 <= v <= MOST_COUNTED and v == int(v),
    )
    deviation = table.numbers(sd, SCALE, is_scale)
    estimate = table.numbers(mean, ANY, is_any)
    std_error = standard_errors(deviation, count, pooled_sd)
    for row, error in enumerate(std_error):
        if not is_scale(error):
            raise table.error(row, sd, f"a standard error (sd / sqrt(n)) of {error:g}", SCALE)
    return Estimates(names, estimate, std_error)


def standard_errors(
    sd: NDArray[np.float64], n: NDArray[np.float64], pooled: bool
) -> NDArray[np.float64]:
    """Standard errors of group means, sd / sqrt(n).

    Parameters
    ----------
    sd
        Shape (J,), standard deviation within each group; ignored where n is 1 and pooled is true.
    n
        Shape (J,), number of observations of each group.
    pooled
        Whether to replace sd by sqrt(sum((n - 1) sd^2) / sum(n - 1)).
    """
    if pooled:
        # ASSUME equal variances within groups
        weight = n - 1
        sd = np.full_like(sd, np.sqrt(np.sum(weight * sd**2) / np.sum(weight)))
    return sd / np.sqrt(n)


SUMMARIES = Form("summaries", ("group", "mean", "sd", "n"), read, options=("pooled_sd",))
