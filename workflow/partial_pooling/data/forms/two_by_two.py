"""Form `two_by_two`: a row a group, events in a treated and in a control arm."""

from __future__ import annotations

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
) -> TwoByTwo:
    """Take the counts as they are; cells of zero are legal."""
    names = table.unique_names(group)
    treated, control = table.counts(n_treated, 1), table.counts(n_control, 1)
    return TwoByTwo(
        names,
        table.counts(events_treated, 0, n_treated),
        treated,
        table.counts(events_control, 0, n_control),
        control,
    )


TWO_BY_TWO = Form(
    "two_by_two",
    "a group: events in a treated and in a control arm",
    TwoByTwo,
    ("group", "events_treated", "n_treated", "events_control", "n_control"),
    read,
)
