"""Form `two_by_two`: a row a group, events in a treated and in a control arm."""

from __future__ import annotations

import numpy as np

from partial_pooling.data.forms.form import Form
from partial_pooling.data.groups import TwoByTwo
from partial_pooling.data.table import Table


def read(
    table: Table,
    group: str,
    events_treated: str,
    n_treated: str,
    events_control: str,
    n_control: str,
    *,
    nonevents_treated: bool,
    nonevents_control: bool,
) -> TwoByTwo:
    """Take the counts as they are; cells of zero are legal."""
    names = table.unique_names(group)
    arms = []
    for events, n, others in (
        (events_treated, n_treated, nonevents_treated),
        (events_control, n_control, nonevents_control),
    ):
        if others:
            arms += [count := table.counts(events, 0), count + table.counts(n, 0)]
            for row in np.flatnonzero(arms[-1] == 0):
                raise table.error(int(row), n, "an arm of nobody", "1 or more in all")
        else:
            total = table.counts(n, 1)
            arms += [table.counts(events, 0, n), total]
    return TwoByTwo(names, *arms)


TWO_BY_TWO = Form(
    "two_by_two",
    "a group: events in a treated and in a control arm",
    TwoByTwo,
    ("group", "events_treated", "n_treated", "events_control", "n_control"),
    read,
    instead={"n_treated": "nonevents_treated", "n_control": "nonevents_control"},
    also=(
        "binary",
        "dichotomous",
        "2x2",
        "odds_ratio",
        "risk_ratio",
        "log_odds_ratio",
        "two_arm",
        "trials",
    ),
)
