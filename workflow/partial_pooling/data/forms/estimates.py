"""Form `estimates`: a row a group, its estimate and the estimate's standard error."""

from __future__ import annotations

from partial_pooling.data.forms.form import Form
from partial_pooling.data.groups import Estimates
from partial_pooling.data.table import Table
from partial_pooling.limits import ANY, SCALE, is_any, is_scale


def read(table: Table, group: str, estimate: str, std_error: str) -> Estimates:
    """Take the numbers as they are."""
    return Estimates(
        table.unique_names(group),
        table.numbers(estimate, ANY, is_any),
        table.numbers(std_error, SCALE, is_scale),
    )


ESTIMATES = Form(
    "estimates",
    "a group: an estimate and its standard error",
    Estimates,
    ("group", "estimate", "std_error"),
    read,
)
