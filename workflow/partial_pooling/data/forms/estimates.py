"""Form `estimates`: a row a group, its estimate and the estimate's standard error or variance."""

from __future__ import annotations

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.data.forms.form import Form
from partial_pooling.data.groups import Estimates
from partial_pooling.data.roles import NAMED, told
from partial_pooling.data.table import Table
from partial_pooling.limits import ANY, SCALE, is_any, is_scale


def read(table: Table, group: str, estimate: str, std_error: str, *, variance: bool) -> Estimates:
    """Take the numbers as they are, but for the root of a column of variances."""
    names = table.unique_names(group)
    estimates = table.numbers(estimate, ANY, is_any)
    errors = table.numbers(std_error, SCALE, is_scale)
    named = {column: told(std_error, column) >= NAMED for column in ("std_error", "variance")}
    if not any(named.values()):
        _refuse_counts(table, (estimate, std_error), estimates, errors)
    taken, other = ("variance", "std_error") if variance else ("std_error", "variance")
    if named[other] and not named[taken]:
        raise table.error(
            0,
            std_error,
            f"{std_error!r} as {taken}, and its name says {other}",
            f"columns: {{{other}: {std_error}}}, or another name of the column",
        )
    if variance:
        return Estimates(names, estimates, np.sqrt(errors))
    return Estimates(names, estimates, errors)


def _refuse_counts(table: Table, names: tuple[str, str], y: Array, error: Array) -> None:
    """Refuse events among n that were mapped as estimates: whole numbers whose names say so."""
    whole = all(bool((x == np.rint(x)).all()) for x in (y, error))
    n = any(told(names[1], column) >= NAMED for column in ("n", "n_treated", "n_control"))
    if whole and n and bool((y >= 0).all() and (y <= error).all()):
        raise table.error(
            0,
            names[1],
            f"{names[1]!r} as the standard error of {names[0]!r}, whole numbers none of which is "
            "below the other's",
            "standard errors; events among n are form counts (or two_by_two, of two arms)",
        )


ESTIMATES = Form(
    "estimates",
    "a group: an estimate and its standard error, or its variance",
    Estimates,
    ("group", "estimate", "std_error"),
    read,
    instead={"std_error": "variance"},
    also=("effects", "effect_sizes", "effect_size", "generic", "inverse_variance"),
)
