"""A table of a CSV file with all that solving it needs to know: its form, family and measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from partial_pooling.answer.grid import Grid, cut
from partial_pooling.data.collection import Member, read_collection
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.data.guess import guess
from partial_pooling.data.measures import CORRECTION, MEASURES, Measure, estimates_of
from partial_pooling.data.reading import read_groups
from partial_pooling.errors import InputError
from partial_pooling.families.family import Family
from partial_pooling.families.registry import FAMILIES, families_of
from partial_pooling.limits import ANY, SCALE, is_any, is_scale
from partial_pooling.study.checking import check
from partial_pooling.study.likelihood import family_and_measure, reading
from partial_pooling.study.settings import DatasetKeys

NAME = "data"  # what a configuration of this table alone calls it
SHOWN = 40  # rows that are printed


@dataclass(frozen=True, eq=False)
class Data:
    """Groups, and how to read them.

    Attributes
    ----------
    groups
        What the file holds, as the family takes it.
    keys
        How it was read: the keys of a data set in a study, family and measure settled.
    source
        The file, or where else the groups come from.
    notes
        What to look at before an answer is believed, a sentence each.
    columns
        Names that the file has for the form's columns.
    """

    groups: Groups
    keys: DatasetKeys
    source: str
    notes: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def family(self) -> Family:
        """The groups' likelihood."""
        return FAMILIES[self.keys.family or ""]

    @property
    def measure(self) -> Measure | None:
        """What theta is, if it is known."""
        return MEASURES[self.keys.measure] if self.keys.measure else None

    @property
    def estimates(self) -> Estimates:
        """The groups as estimates with standard errors; of other data a normal approximation."""
        return estimates_of(self.groups)

    def told(self) -> str:
        """Say in words what the data are and which likelihood takes them."""
        family, keys = self.family, self.keys
        taken = ", ".join(f"{c} = {name}" for c, name in self.columns.items() if c != name)
        theta = self.measure.label if self.measure else ""
        how = (
            "estimates with known standard errors"
            if keys.form == "estimates"
            else "estimates with standard errors made from the data"
            if family.on_estimates
            else "the likelihood of the data as they are"
        )
        return (
            f"{self.source}: {len(self)} groups, form {keys.form}"
            + (f" ({taken})" if taken else "")
            + f"\nFamily {family.name}: {how}"
            + f"; θ: {theta or 'in the units of the data'}"
        )

    def grid(self) -> Grid:
        """The first groups with their estimates."""
        columns = {
            each.name: getattr(self.groups, each.name)
            for each in fields(self.groups)
            if each.name != "names"
        }
        rows = [
            [cut(name, 32), *(f"{values[j]:g}" for values in columns.values())]
            for j, name in enumerate(self.groups.names[:SHOWN])
        ]
        return Grid(["group", *columns], rows)

    def __repr__(self) -> str:
        more = len(self) - SHOWN
        parts = [self.told(), *self.notes, "", self.grid().text()]
        return "\n".join([*parts, *([f"... {more:,} more"] if more > 0 else [])])

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(self.told()).replace(chr(10), '<br>')}</p>{self.grid().html()}"


def read_table(
    path: str | Path,
    form: str | None = None,
    columns: Mapping[str, str] | None = None,
    *,
    family: str | None = None,
    measure: str | None = None,
    pooled_sd: bool = False,
    continuity_correction: float = CORRECTION,
) -> Data:
    """Read a CSV file of groups; what is not said of it is guessed from its columns.

    Parameters
    ----------
    path
        CSV file in UTF-8, with a header.
    form
        What a row is: estimates, summaries, observations, counts, rates, two_by_two, two_means or
        correlations. Guessed by default.
    columns
        Names that the file has for the form's columns, such as ``{"estimate": "yi"}``; those that
        are left out are guessed.
    family, measure, pooled_sd, continuity_correction
        As in a study's configuration.

    Returns
    -------
    Data
        Prints what was guessed.

    Raises
    ------
    InputError
        The file cannot be used; the message names file, line and column.

    Examples
    --------
    >>> len(read_table("config/datasets/eight_schools.csv"))
    8
    """
    keys, taken, notes = _settled(
        path, form, columns, None, family, measure, pooled_sd, continuity_correction
    )
    try:
        groups = read_groups(path, **reading(keys))
    except InputError as error:
        if form is not None:
            raise
        raise InputError(f"{error} (form {keys.form} is a guess; say otherwise by form)") from None
    return Data(groups, keys, str(path), notes, taken)


def read_tables(
    path: str | Path,
    by: str,
    form: str | None = None,
    columns: Mapping[str, str] | None = None,
    *,
    family: str | None = None,
    measure: str | None = None,
) -> tuple[dict[str, Data], dict[str, str]]:
    """Read a CSV file of many tables, of which a column names that of each row.

    Parameters
    ----------
    by
        The column that names the table.
    path, form, columns, family, measure
        As of `read_table`; the family is `normal` by default, as of a collection.

    Returns
    -------
    tables, unusable
        By name: the tables, and why others cannot be used.
    """
    keys, taken, notes = _settled(path, form, columns, by, family, measure, False, CORRECTION)
    members = read_collection(path, by, **reading(keys))
    tables = {
        member.name: Data(member.groups, keys, f"{path}, {by} {member.name}", notes, taken)
        for member in members
        if member.groups is not None
    }
    return tables, {m.name: m.status for m in members if not _usable(m)}


def from_arrays(
    estimate: ArrayLike,
    std_error: ArrayLike,
    names: list[str] | None = None,
    measure: str | None = None,
) -> Data:
    """Take estimates and their standard errors from arrays.

    Parameters
    ----------
    estimate, std_error
        Shape (J,), J >= 2, in the same units.
    names
        Of the groups; 1, 2, ... by default.
    measure
        What the estimates are, such as `log_odds_ratio`.

    Raises
    ------
    InputError
        Shapes differ, or a number is none that can be computed with.
    """
    y, sigma = (np.asarray(values, dtype=float) for values in (estimate, std_error))
    if y.ndim != 1 or y.shape != sigma.shape or y.size < 2:
        raise InputError(
            f"estimate, std_error: found shapes {y.shape} and {sigma.shape}; "
            "allowed: one shape (J,), J at least 2"
        )
    labels = tuple(str(name) for name in (names if names is not None else range(1, y.size + 1)))
    if len(labels) != y.size or len(set(labels)) != y.size:
        raise InputError(f"names: found {len(set(labels))}; allowed: {y.size}, no two alike")
    for which, values, accept, allowed in (
        ("estimate", y, is_any, ANY),
        ("std_error", sigma, is_scale, SCALE),
    ):
        for name, value in zip(labels, values, strict=True):
            if not (np.isfinite(value) and accept(float(value))):
                raise InputError(f"{which} of {name!r}: found {value:g}; allowed: {allowed}")
    settings = {"form": "estimates", "measure": measure}
    return Data(Estimates(labels, y, sigma), _keys("arrays", settings), "arrays")


def _usable(member: Member) -> bool:
    return member.groups is not None


def _settled(
    path: str | Path,
    form: str | None,
    columns: Mapping[str, str] | None,
    by: str | None,
    family: str | None,
    measure: str | None,
    pooled_sd: bool,
    continuity_correction: float,
) -> tuple[DatasetKeys, dict[str, str], tuple[str, ...]]:
    if form is not None:  # the line that refuses an unknown one is that of a study
        _keys(path, {"form": form})
    guessed = guess(path, form, columns, by)
    if by and family is None:  # as a collection has it
        family = next(f for f in families_of(guessed.form) if FAMILIES[f].on_estimates)
    settings = {
        "form": guessed.form,
        "columns": guessed.renamed,
        "family": family,
        "measure": measure or guessed.measure,
        "pooled_sd": pooled_sd,
        "continuity_correction": continuity_correction,
    }
    return _keys(path, settings), guessed.columns, guessed.notes


def _keys(path: str | Path, settings: Mapping[str, Any]) -> DatasetKeys:
    """The keys of a data set in a study, checked as there."""
    given = {key: value for key, value in settings.items() if value is not None}
    config = {"datasets": {NAME: {"path": str(path), "prior": {}, **given}}}
    try:
        keys = check(config).datasets[NAME]
        family, of_theta = family_and_measure(keys, f"datasets.{NAME}")
    except InputError as error:
        raise InputError(str(error).replace(f"datasets.{NAME}.", "")) from None
    return keys.model_copy(update={"family": family, "measure": of_theta})
