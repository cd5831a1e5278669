"""Form `counts`: a row a group, events among a number of trials."""

from __future__ import annotations

from partial_pooling.data.forms.form import Form
from partial_pooling.data.groups import Counts
from partial_pooling.data.table import Table


def read(table: Table, group: str, events: str, n: str) -> Counts:
    """Take the counts as they are; no events, or nothing but events, are legal."""
    names = table.unique_names(group)
    total = table.counts(n, 1)
    return Counts(names, table.counts(events, 0, n), total)


COUNTS = Form(
    "counts",
    "a group: events among n trials",
    Counts,
    ("group", "events", "n"),
    read,
    also=("binary", "binomial", "dichotomous", "proportions", "proportion", "events", "prevalence"),
)
