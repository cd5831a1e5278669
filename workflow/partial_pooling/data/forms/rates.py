"""Form `rates`: a row a group, events during an exposure, such as person-years."""

from __future__ import annotations

from partial_pooling.data.forms.form import Form
from partial_pooling.data.groups import Rates
from partial_pooling.data.table import Table
from partial_pooling.limits import SCALE, is_scale


def read(table: Table, group: str, events: str, exposure: str) -> Rates:
    """Take the numbers as they are; no events are legal."""
    names = table.unique_names(group)
    return Rates(names, table.counts(events, 0), table.numbers(exposure, SCALE, is_scale))


RATES = Form(
    "rates",
    "a group: events during an exposure, such as person-years",
    Rates,
    ("group", "events", "exposure"),
    read,
    also=("poisson", "incidence", "person_time", "person_years", "incidence_rates", "rate"),
)
