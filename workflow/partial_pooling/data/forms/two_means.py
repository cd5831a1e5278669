"""Form `two_means`: a row a group, mean, sd and number of observations in each of two arms."""

from __future__ import annotations

from partial_pooling.data.forms.form import Form
from partial_pooling.data.groups import TwoMeans
from partial_pooling.data.table import Table
from partial_pooling.limits import ANY, SCALE, is_any, is_scale


def read(table: Table, group: str, *columns: str) -> TwoMeans:
    """Take the numbers as they are."""
    names = table.unique_names(group)
    arms = []
    for mean, sd, n in (columns[:3], columns[3:]):
        arms += [
            table.numbers(mean, ANY, is_any),
            table.numbers(sd, SCALE, is_scale),
            table.counts(n, 2),
        ]
    return TwoMeans(names, *arms)


TWO_MEANS = Form(
    "two_means",
    "a group: mean, standard deviation and n in a treated and in a control arm",
    TwoMeans,
    (
        "group",
        "mean_treated",
        "sd_treated",
        "n_treated",
        "mean_control",
        "sd_control",
        "n_control",
    ),
    read,
    also=("continuous", "mean_difference", "smd", "std_mean_difference", "two_arm", "trials"),
)
