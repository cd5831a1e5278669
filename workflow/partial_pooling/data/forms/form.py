"""What a form of input must tell.

A further one is a file beside this and its name in `registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from partial_pooling.data.groups import Groups
from partial_pooling.data.table import Table


@dataclass(frozen=True)
class Form:
    """A form of input.

    Attributes
    ----------
    name
        As in a configuration.
    row
        What a row is, in words.
    kind
        What its groups are.
    columns
        The columns it needs. The first names the group; the others hold numbers.
    read
        From a table, the names that it has for the columns, and the options, to groups.
    options
        Names of the options that it takes.
    also
        What people call it otherwise, for the line that refuses such a word.
    instead
        Columns that may stand in place of one of `columns`: `read` is told by an option of that
        name.
    """

    name: str
    row: str
    kind: type[Groups]
    columns: tuple[str, ...]
    read: Callable[..., Groups]
    options: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    instead: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> tuple[str, ...]:
        """All columns that a file may have: `columns`, and what may stand in place of one."""
        return (*self.columns, *self.instead.values())

    def __call__(self, table: Table, names: list[str], **options: bool) -> Groups:
        """Bring a table to groups; options that the form does not take are left aside."""
        takes = (*self.options, *self.instead.values())
        return self.read(table, *names, **{name: options.get(name, False) for name in takes})
