"""The exact answer of one table, or under priors side by side, as objects that print well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from partial_pooling.answer.data import SHOWN, Data
from partial_pooling.answer.grid import Grid, cut, filled
from partial_pooling.classical.estimates import Heterogeneity, heterogeneity
from partial_pooling.exact.face import Posterior
from partial_pooling.files import number_or_null
from partial_pooling.grading.agreement import conflicts, prior_data_agreement
from partial_pooling.priors.priors import HyperPrior
from partial_pooling.report.agreement import agreement_words
from partial_pooling.study.settings import Thresholds
from partial_pooling.words import Format, at_scale, even, fixed, percent, significant

if TYPE_CHECKING:
    import pandas as pd

CONFLICT = float(Thresholds().prior_conflict)
NAMES = {"mu": "μ, mean of all groups", "tau": "τ, sd between groups", "theta_new": "a new group"}
NAME_LENGTH = 32  # of a group in a terminal


class Marginal(NamedTuple):
    """The posterior of one variable: mean and sd (nan where none exists), median, 95 % interval."""

    mean: float
    sd: float
    median: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Answer:
    """The exact posterior of one table.

    Attributes
    ----------
    data
        The table.
    prior
        Priors of mu and tau.
    posterior
        The whole posterior: cdf, density, quantiles of every variable, P(largest), ...
    """

    data: Data
    prior: HyperPrior
    posterior: Posterior

    @cached_property
    def marginals(self) -> dict[str, Marginal]:
        """By variable: mu, tau, log_tau, theta[<group>], theta_new."""
        variables = self.posterior.variables
        mean, sd = self.posterior.moments(variables)
        quantiles = self.posterior.quantiles(variables, np.array([0.5, 0.025, 0.975]))
        return {
            variable: Marginal(float(mean[k]), float(sd[k]), *map(float, quantiles[k]))
            for k, variable in enumerate(variables)
        }

    @property
    def mu(self) -> Marginal:
        """Mean of the population of groups."""
        return self.marginals["mu"]

    @property
    def tau(self) -> Marginal:
        """Standard deviation of the population of groups."""
        return self.marginals["tau"]

    @property
    def new_group(self) -> Marginal:
        """Theta of a further group of the same population."""
        return self.marginals["theta_new"]

    @property
    def groups(self) -> dict[str, Marginal]:
        """Theta of each group, pooled, by name."""
        return {name: self.marginals[f"theta[{name}]"] for name in self.data.groups.names}

    @cached_property
    def heterogeneity(self) -> Heterogeneity:
        """Cochran's Q and I^2, of the estimates or their normal approximation."""
        return heterogeneity(self.data.estimates)

    @property
    def i_squared(self) -> float:
        """Share of the variation of the estimates beyond their standard errors."""
        return self.heterogeneity.i_squared

    @cached_property
    def agreement(self) -> dict[str, Any]:
        """Checks of prior against data, as in a study's agreement.json."""
        return prior_data_agreement(self.data.estimates, self.prior).as_dict()

    @property
    def conflict(self) -> list[str]:
        """What of prior and data conflicts: `location`, `spread`, both or neither."""
        return conflicts(self.agreement, CONFLICT)

    # -- for machines ----------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON: full precision, null where a moment does not exist."""
        return {
            "source": self.data.source,
            "form": self.data.keys.form,
            "columns": dict(self.data.columns),
            "family": self.data.family.name,
            "measure": self.data.keys.measure,
            "notes": list(self.data.notes),
            "prior": self.prior.as_dict(),
            "variables": {
                variable: {key: number_or_null(value) for key, value in marginal._asdict().items()}
                for variable, marginal in self.marginals.items()
            },
            "heterogeneity": asdict(self.heterogeneity),
            "agreement": self.agreement,
            "conflict": self.conflict,
        }

    def to_rows(self) -> list[dict[str, Any]]:
        """A row a variable: variable, mean, sd, median, low, high."""
        return [{"variable": v, **marginal._asdict()} for v, marginal in self.marginals.items()]

    def to_frame(self) -> pd.DataFrame:
        """`to_rows` as a table of pandas."""
        import pandas as pd

        return pd.DataFrame(self.to_rows())

    # -- for people ------------------------------------------------------------------------

    @property
    def scale(self) -> float:
        """By which numbers in the units of theta are written: the median standard error.

        A tenth of it where tau is so small that it would be lost.
        """
        error = float(np.median(self.data.estimates.std_error))
        return error if self.tau.median > error / 10 else error / 10

    @property
    def units(self) -> Format:
        """Format of numbers in the units of theta."""
        return at_scale(self.scale)

    def read(self, variable: str) -> list[float]:
        """Median and 95 % interval on the scale on which people read theta; empty if none."""
        reading = self.data.measure.reading if self.data.measure else None
        if reading is None or variable == "tau":
            return []
        of = self.marginals[variable]
        return [float(end) for end in reading.read(np.array([of.median, of.low, of.high]))]

    def grids(self) -> list[Grid]:
        """Two tables: the population, and each group."""
        measure, groups, form = self.data.measure, self.data.estimates, self.units
        read = [f"as {measure.reading.name}"] if measure and measure.reading else []
        shown = [*NAMES, *(f"theta[{name}]" for name in groups.names[:SHOWN])]
        form_read = even(3).of(value for variable in shown for value in self.read(variable))

        def cells(variable: str) -> list[str]:
            of = self.marginals[variable]
            numbers = [form(of.mean) if np.isfinite(of.mean) else "–", form(of.median)]
            numbers.append(f"{form(of.low)} to {form(of.high)}")
            return [*numbers, *([in_brackets(self.read(variable), form_read)] if read else [])]

        population = [[NAMES[variable], *cells(variable)] for variable in NAMES]
        rows = [
            [
                cut(name, NAME_LENGTH),
                form(groups.estimate[j]),
                form(groups.std_error[j]),
                *cells(f"theta[{name}]"),
            ]
            for j, name in enumerate(groups.names[:SHOWN])
        ]
        numbers = ["mean", "median", "95 % interval", *read]
        approximated = "" if self.data.family.on_estimates else "~"
        return [
            Grid(["", *numbers], population),
            Grid(["group", f"{approximated}estimate", "std_error", *numbers], rows),
        ]

    def words(self) -> list[str]:
        """What else there is to say: heterogeneity, and whether prior and data agree."""
        of, about = self.heterogeneity, "" if self.data.family.on_estimates else "~ and these: "
        lines = [
            f"I² {percent(of.i_squared)} (Cochran's Q {fixed(1)(of.q)} on "
            f"{of.degrees_of_freedom}, p {_p(of.p_value)})",
            ("Prior and data conflict. " if self.conflict else "")
            + agreement_words(self.agreement, CONFLICT, self.units),
        ]
        if about:
            lines.insert(
                1, "~ estimates, their standard errors and I² are of a normal approximation"
            )
        return lines

    def head(self) -> list[str]:
        """What was solved."""
        prior = f"Prior: μ ~ {self.prior.mu}, τ ~ {self.prior.tau}"
        return [*self.data.told().split("\n"), prior, *self.data.notes]

    def __repr__(self) -> str:
        population, groups = self.grids()
        more = len(self.data) - SHOWN
        parts = [*filled(self.head()), "", population.text(), "", groups.text()]
        parts += [f"... {more:,} more"] if more > 0 else []
        return "\n".join([*parts, "", *filled(self.words())])

    def _repr_html_(self) -> str:
        population, groups = self.grids()
        head, words = ("<br>".join(map(escape, lines)) for lines in (self.head(), self.words()))
        return f"<p>{head}</p>{population.html()}{groups.html()}<p>{words}</p>"


@dataclass(frozen=True, eq=False)
class Comparison:
    """One table under priors side by side.

    Attributes
    ----------
    answers
        By the name of the prior.
    reason
        Why these priors, a sentence; empty if they were given.
    from_data
        Whether the priors were made from the data, with which they then cannot conflict.
    """

    answers: dict[str, Answer]
    reason: str = ""
    from_data: bool = False

    def __getitem__(self, name: str) -> Answer:
        return self.answers[name]

    def grid(self) -> Grid:
        """A column a prior."""
        answers = list(self.answers.values())
        first, groups = answers[0], answers[0].data.groups.names[:SHOWN]
        form = at_scale(min(answer.scale for answer in answers))
        rows = [
            ["prior of μ", *(str(answer.prior.mu) for answer in answers)],
            ["prior of τ", *(str(answer.prior.tau) for answer in answers)],
        ]
        variables = {**NAMES, **{f"theta[{name}]": cut(name, NAME_LENGTH) for name in groups}}
        for variable, name in variables.items():
            shown = [answer.marginals[variable] for answer in answers]
            rows.append([name, *(in_brackets((m.median, m.low, m.high), form) for m in shown)])
            if variable == "mu" and first.data.measure and first.data.measure.reading:
                read = [answer.read("mu") for answer in answers]
                form_read = even(3).of(value for values in read for value in values)
                cells = (in_brackets(values, form_read) for values in read)
                rows.append([f"   as {first.data.measure.reading.name}", *cells])
        rows.append(["prior and data", *(self._agree(answer) for answer in answers)])
        return Grid(["median (95 % interval)", *self.answers], rows)

    def _agree(self, answer: Answer) -> str:
        if self.from_data:
            return "made from the data"
        return "conflict: " + ", ".join(answer.conflict) if answer.conflict else "no conflict"

    def head(self) -> list[str]:
        """What was solved, and under which priors."""
        first = next(iter(self.answers.values()))
        why = f"No prior was given. Three on the {self.reason}." if self.reason else ""
        return [*first.data.told().split("\n"), *first.data.notes, *([why] if why else [])]

    def words(self) -> list[str]:
        """What the estimates say, whatever the prior."""
        first = next(iter(self.answers.values()))
        return [first.words()[0]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, by the name of the prior."""
        answers = {name: answer.to_dict() for name, answer in self.answers.items()}
        return {"reason": self.reason, "from_data": self.from_data, "answers": answers}

    def to_rows(self) -> list[dict[str, Any]]:
        """A row a prior and variable."""
        return [
            {"prior": name, **row}
            for name, answer in self.answers.items()
            for row in answer.to_rows()
        ]

    def __repr__(self) -> str:
        first = next(iter(self.answers.values()))
        more = len(first.data) - SHOWN
        parts = [*filled(self.head()), "", self.grid().text()]
        parts += [f"... {more:,} groups more"] if more > 0 else []
        return "\n".join([*parts, "", *filled(self.words())])

    def _repr_html_(self) -> str:
        head, words = ("<br>".join(map(escape, lines)) for lines in (self.head(), self.words()))
        return f"<p>{head}</p>{self.grid().html()}<p>{words}</p>"


def in_brackets(values: Sequence[float], form: Format) -> str:
    """A median with its interval in brackets; empty if there is none."""
    if not values:
        return ""
    median, low, high = map(form, values)
    return f"{median} ({low} to {high})"


def _p(chance: float) -> str:
    return "< 0.0001" if chance < 1e-4 else f"= {significant(2)(chance)}"
