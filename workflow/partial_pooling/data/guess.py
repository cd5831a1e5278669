"""Which form of input a CSV file has, guessed from the names of its columns and what they hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.data.forms.form import Form
from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import Estimates
from partial_pooling.data.measures import MEASURES
from partial_pooling.data.roles import ARMS, NAMED, tokens, told
from partial_pooling.data.table import Table, read_csv, with_spaces
from partial_pooling.errors import InputError

NEVER = -100.0  # of a column that cannot be it
NO_REGRESSION = (
    "There is no meta-regression here: groups differ by chance alone. For covariates use "
    "rma(mods=) of the R package metafor, or write the regression in PyMC or Bambi."
)
# Words for measures of estimates, as columns are called.
MEASURED = {
    "log_odds_ratio": "log odds ratio; lor; lnor; logor",
    "log_risk_ratio": "log risk ratio; log relative risk; lnrr; logrr",
    "log_hazard_ratio": "log hazard ratio; lnhr; loghr",
    "risk_difference": "risk difference; rd",
    "std_mean_difference": "std mean difference; standardized mean difference; smd; hedges g",
    "mean_difference": "mean difference; md",
    "fisher_z": "fisher z; fishers z",
}
RATIOS = ("or", "rr", "hr", "ratio")


@dataclass(frozen=True)
class Guess:
    """What a file holds.

    Attributes
    ----------
    form
        A key of `FORMS`.
    columns
        Names that the file has for the form's columns, all of them.
    measure
        What estimates are, where the name of their column says so.
    notes
        What to look at before the answer is believed, a sentence each.
    """

    form: str
    columns: dict[str, str]
    measure: str | None
    notes: tuple[str, ...]

    @property
    def renamed(self) -> dict[str, str]:
        """The columns whose names differ, as a configuration has them."""
        return {column: name for column, name in self.columns.items() if column != name}


def guess(
    path: str | Path,
    form: str | None = None,
    columns: Mapping[str, str] | None = None,
    by: str | None = None,
) -> Guess:
    """Guess the form of a file, and which column is which.

    Every form is tried: names count most, what the cells hold decides where they say nothing.

    Parameters
    ----------
    path
        CSV file in UTF-8, with a header.
    form
        The form, if it is known.
    columns
        Columns of the form that are known, with their names in the file.
    by
        Column that names the table of each row, which no form takes.

    Raises
    ------
    InputError
        The file cannot be read, has no header, or no form fits it.
    """
    table = read_csv(Path(path), _named)
    by = with_spaces(by) if by else None
    if by and by not in table.cells:
        raise InputError(
            f"{path}, line 1: column {by} is missing; found {', '.join(table.cells)}; "
            "allowed for by: one of these"
        )
    given = {column: with_spaces(name) for column, name in (columns or {}).items()}
    _check_given(table, form, given)
    files = [_File(table, name, by) for name in table.cells if name != by]
    tried = [
        found
        for each in ([FORMS[form]] if form else FORMS.values())
        for wanted in _variants(each)
        if (found := _assigned(each, wanted, files, given)) is not None
    ]
    if not tried:
        known = f"form {form}" if form else "any form"
        wanted_columns = (
            ", ".join(FORMS[form].columns)
            if form
            else "; ".join(f"{name} ({', '.join(f.columns)})" for name, f in FORMS.items())
        )
        raise InputError(
            f"{path}, line 1: found {', '.join(table.cells)}, which are not the columns of "
            f"{known}; allowed: {wanted_columns}"
        )
    best = max(tried, key=lambda found: found[0])
    _, chosen, names, sure = best
    others = [name for column, name in names.items() if column != "group"]
    if _numbers(others) is not None and not set(others) & set(given.values()):
        raise InputError(
            f"{path}, line 1: found {', '.join(table.cells)}, a row of data where names of columns "
            "are expected; allowed: a header such as group,estimate,std_error"
        )
    return Guess(chosen, names, _measure(chosen, names), tuple(_notes(files, chosen, names, sure)))


class _File:
    """A column of the file: what its cells can be."""

    def __init__(self, table: Table, name: str, by: str | None) -> None:
        self.name = name
        self.place = list(table.cells).index(name)
        cells = table.cells[name]
        keys = list(zip(table.cells[by], cells, strict=True)) if by else cells
        self.distinct = len(set(keys)) == len(keys)
        self.values = _numbers(cells)
        self.whole = self.values is not None and bool((self.values == np.rint(self.values)).all())

    def can_be(self, column: str) -> float:
        """How well the cells suit a column of a form whose name says nothing; NEVER if not."""
        if column == "group":
            return 1.5 if self.values is None else 0.7 if self.whole and self.distinct else NEVER
        x = self.values
        if x is None:
            return NEVER
        role, _, arm = column.rpartition("_")
        role = role if arm in ARMS else column
        fits = {
            "events": self.whole and bool((x >= 0).all()),
            "nonevents": self.whole and bool((x >= 0).all()),
            "n": self.whole and bool((x >= 1).all()),
            "r": bool((np.abs(x) < 1).all()),
            "estimate": True,
            "mean": True,
            "value": True,
        }.get(role, bool((x > 0).all()))
        if not fits:
            return NEVER
        if role == "n":  # the larger of two columns of counts
            return 0.5 + 0.1 * float(x.mean() / (1 + x.mean()))
        # counts are seldom estimates, and what lies between -1 and 1 is seldom a correlation
        weak = (role in ("estimate", "mean") and self.whole and (x >= 0).all()) or role in (
            "exposure",
            "r",
            "variance",
            "nonevents",
        )
        return 0.2 if weak else 0.5


def _named(header: list[str]) -> list[str]:
    return [name for name in header if name] or ["group"]


def _numbers(cells: list[str]) -> Array | None:
    try:
        values = np.array([float(cell) for cell in cells])
    except ValueError:
        return None
    return values if bool(np.isfinite(values).all()) else None


def _check_given(table: Table, form: str | None, given: Mapping[str, str]) -> None:
    known = {c for each in ([FORMS[form]] if form else FORMS.values()) for c in each.known}
    for column, name in given.items():
        if column not in known:
            raise InputError(
                f"columns: found {column}; allowed: {', '.join(sorted(known))} (of a form)"
            )
        if name not in table.cells:
            raise InputError(
                f"{table.path}, line 1: column {name} is missing; found {', '.join(table.cells)}"
            )


def _variants(form: Form) -> Iterator[tuple[str, ...]]:
    """The columns of a form, with each choice of those that may stand in place of others."""
    yield from itertools.product(
        *((c, form.instead[c]) if c in form.instead else (c,) for c in form.columns)
    )


type _Found = tuple[float, str, dict[str, str], dict[str, float]]


def _assigned(
    form: Form, wanted: tuple[str, ...], files: list[_File], given: Mapping[str, str]
) -> _Found | None:
    """The best way to take a form's columns from the file: its score, and how sure each name is."""
    from scipy.optimize import linear_sum_assignment

    if len(files) < len(wanted) or not set(given) <= set(wanted):
        return None
    names = np.array([[told(file.name, column) for file in files] for column in wanted])
    scores = np.empty_like(names)
    for i, column in enumerate(wanted):
        for j, file in enumerate(files):
            score = file.can_be(column)
            if names[i, j] >= NAMED or given.get(column) == file.name:
                # a name counts though a cell be wrong, for reading to say which
                score = names[i, j] - (score == NEVER)
            elif score > NEVER:
                score += names[i, j]
            if column == "group" and score > NEVER:
                score -= file.distinct == (form.name == "observations")
            if given.get(column, file.name) != file.name:
                score = NEVER
            # of equals, in the order of the file
            scores[i, j] = score - 0.01 * abs(i / len(wanted) - j / len(files))
    rows, chosen = linear_sum_assignment(scores, maximize=True)
    if (scores[rows, chosen] < NEVER / 2).any():
        return None
    taken = {wanted[i]: files[j].name for i, j in zip(rows, chosen, strict=True)}
    sure = {wanted[i]: float(names[i, j]) for i, j in zip(rows, chosen, strict=True)}
    # of the numbers, since every form has a group; more columns that are told explain more
    score = float(scores[rows, chosen][1:].mean()) + 0.02 * len(wanted)
    return score + 0.1 * float(scores[0, chosen[0]]), form.name, taken, sure


def _measure(form: str, names: Mapping[str, str]) -> str | None:
    """What estimates are, by the name of their column."""
    if FORMS[form].kind is not Estimates:
        return None
    words = " ".join(tokens(names["estimate"]))
    for measure, called in MEASURED.items():
        if measure in MEASURES and words in called.split("; "):
            return measure
    return None


def _notes(
    files: list[_File], form: str, names: Mapping[str, str], sure: Mapping[str, float]
) -> Iterator[str]:
    by_values = [column for column, s in sure.items() if s < 1 and column != "group"]
    if by_values:
        taken = ", ".join(f"{names[column]} as {column}" for column in by_values)
        yield f"By their values alone: {taken}. Say otherwise with --columns or --form."
    if FORMS[form].kind is Estimates:
        words = tokens(names["estimate"])
        if set(words) & set(RATIOS) and not set(words) & {"log", "ln"}:
            yield (
                f"{names['estimate']} sounds like a ratio: estimates are taken as they are, and "
                "those of ratios should be their logs, with the standard errors of the logs."
            )
    aside = [file.name for file in files if file.name not in names.values()]
    if aside:
        yield f"Left aside: {', '.join(aside)}. {NO_REGRESSION}"
