"""Form `observations`: a row an observation, with its group."""

from __future__ import annotations

import numpy as np

from partial_pooling.data.forms.form import Form
from partial_pooling.data.forms.summaries import standard_errors
from partial_pooling.data.groups import Estimates
from partial_pooling.data.table import Table
from partial_pooling.limits import ANY, SCALE, is_any, is_scale


def read(table: Table, group: str, value: str, *, pooled_sd: bool) -> Estimates:
    """Estimate each theta by the mean, with standard error sd / sqrt(n)."""
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
    std_error = standard_errors(sd, n, pooled_sd)
    for (name, rows), error in zip(members.items(), std_error, strict=True):
        if not error > 0:
            raise table.error(
                rows[0],
                value,
                f"an sd of 0 for {name!r}, whose values are all equal",
                "values that vary (or pooled_sd: true)",
            )
        if not is_scale(error):
            found = f"a standard error (sd / sqrt(n)) of {error:g} for {name!r}"
            raise table.error(rows[0], value, found, SCALE)
    return Estimates(tuple(members), np.array([float(np.mean(s)) for s in samples]), std_error)


OBSERVATIONS = Form("observations", ("group", "value"), read, options=("pooled_sd",))
