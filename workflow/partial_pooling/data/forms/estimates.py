"""Form `estimates`: a row a group, its estimate and the estimate's standard error or variance."""

from __future__ import annotations

import numpy as np

from partial_pooling.data.forms.form import Form
from partial_pooling.data.groups import Estimates
from partial_pooling.data.table import Table
from partial_pooling.limits import ANY, SCALE, is_any, is_scale


def read(table: Table, group: str, estimate: str, std_error: str, *, variance: bool) -> Estimates:
    """Take the numbers as they are, but for the root of a column of variances."""
    names = table.unique_names(group)
    estimates = table.numbers(estimate, ANY, is_any)
    if variance:
        square = table.numbers(std_error, f"{SCALE}, since it is a variance", is_scale)
        return Estimates(names, estimates, np.sqrt(square))
    return Estimates(names, estimates, table.numbers(std_error, SCALE, is_scale))


ESTIMATES = Form(
    "estimates",
    "a group: an estimate and its standard error, or its variance",
    Estimates,
    ("group", "estimate", "std_error"),
    read,
    instead={"std_error": "variance"},
)
