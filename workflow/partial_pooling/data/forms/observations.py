"""Form `observations`: a row an observation, with its group."""

from __future__ import annotations

import numpy as np

from partial_pooling.data.forms.form import Form
from partial_pooling.data.forms.summaries import pooled
from partial_pooling.data.groups import Summaries
from partial_pooling.data.table import Table
from partial_pooling.limits import ANY, SCALE, is_any, is_scale


def read(table: Table, group: str, value: str, *, pooled_sd: bool) -> Summaries:
    """Take each group's mean, standard deviation and number of observations."""
    values = table.numbers(value, ANY, is_any)
    members: dict[str, list[int]] = {}
    for row, name in enumerate(table.names(group)):
        members.setdefault(name, []).append(row)
    for name, rows in members.items():
        if len(rows) < 2:
            raise table.error(
                rows[0], group, f"one observation of {name!r}", "2 or more, to compute an sd"
            )
    samples = [values[rows] for rows in members.values()]
    n = np.array([float(len(sample)) for sample in samples])
    sd = np.array([float(np.std(sample, ddof=1)) for sample in samples])
    if pooled_sd:
        sd = pooled(sd, n)
    for (name, rows), deviation in zip(members.items(), sd, strict=True):
        if not deviation > 0:
            raise table.error(
                rows[0],
                value,
                f"an sd of 0 for {name!r}, whose values are all equal",
                "values that vary (or pooled_sd: true)",
            )
        if not is_scale(deviation):
            raise table.error(rows[0], value, f"an sd of {deviation:g} for {name!r}", SCALE)
    mean = np.array([float(np.mean(sample)) for sample in samples])
    return Summaries(tuple(members), mean, sd, n)


OBSERVATIONS = Form(
    "observations",
    "an observation",
    Summaries,
    ("group", "value"),
    read,
    options=("pooled_sd",),
    also=("raw", "data", "values", "long", "continuous"),
)
