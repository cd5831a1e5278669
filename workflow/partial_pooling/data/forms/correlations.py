"""Form `correlations`: a row a group, a correlation and the number of its observations."""

from __future__ import annotations

from partial_pooling.data.forms.form import Form
from partial_pooling.data.groups import Correlations
from partial_pooling.data.table import Table


def read(table: Table, group: str, r: str, n: str) -> Correlations:
    """Take the numbers as they are."""
    names = table.unique_names(group)
    correlation = table.numbers(r, "a number above -1 and below 1", lambda value: -1 < value < 1)
    # Fisher's z has variance 1 / (n - 3)
    return Correlations(names, correlation, table.counts(n, 4))


CORRELATIONS = Form(
    "correlations",
    "a group: the correlation of two variables in n pairs",
    Correlations,
    ("group", "r", "n"),
    read,
    also=("correlation", "fisher_z", "r", "cor"),
)
