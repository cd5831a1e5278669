"""The results folder of one data set, as tables."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.data.measures import MEASURES, Measure, ReadingScale, estimates_of
from partial_pooling.data.reading import read_data
from partial_pooling.families.normal import NORMAL
from partial_pooling.families.registry import FAMILIES
from partial_pooling.files import read_json
from partial_pooling.grading.grades import ALARM, HONEST, RIGHT
from partial_pooling.priors.priors import HyperPrior, parse_hyperprior
from partial_pooling.study.calibrated import calibration_of
from partial_pooling.tables import read_table
from partial_pooling.words import Format, at_scale, significant


@dataclass(frozen=True)
class Results:
    """One data set's results; nothing is sampled and no fit is opened.

    Parameters
    ----------
    folder
        Such as `results/eight_schools`.
    """

    folder: Path

    @classmethod
    def find(cls, folder: str | Path) -> Self:
        """Open a results folder, relative to here or to a folder above.

        So a notebook runs from the folder in which it lies as well as from the workflow's.
        """
        path = Path(folder)
        for above in (Path(), *Path.cwd().parents):
            if (above / path / "provenance.json").exists():
                return cls(above / path)
        return cls(path)

    # -- files ------------------------------------------------------------------------------

    @cached_property
    def data(self) -> Groups:
        """The data, as their family takes them."""
        return read_data(self.folder / "data.csv")

    @cached_property
    def groups(self) -> Estimates:
        """The data; those of a family that takes other data as their normal approximation."""
        return estimates_of(self.data)

    @cached_property
    def given(self) -> Groups:
        """The data as they were given, before an effect measure brought them to estimates."""
        return read_data(self.folder / "given.csv")

    @cached_property
    def exact(self) -> pd.DataFrame:
        """Exact means, sds and quantiles, by variable."""
        return self._csv("exact.csv").set_index("variable")

    @cached_property
    def fits(self) -> pd.DataFrame:
        """One row a cell."""
        fits = self._csv("fits.csv")
        return fits.assign(
            alarms=fits["alarms"].astype(object).fillna("")
        )  # nothing, where none was raised

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """One row a cell and variable."""
        return self._csv("estimates.csv")

    @cached_property
    def accuracy(self) -> pd.DataFrame:
        """One row a setting, number of draws and variable, over seeds."""
        return self._csv("accuracy.csv")

    @cached_property
    def classical(self) -> pd.DataFrame:
        """Classical estimates, by method."""
        return self._csv("classical.csv").set_index("method")

    @cached_property
    def classical_theta(self) -> pd.DataFrame:
        """Classical estimates of each theta, by method and group."""
        return self._csv("classical_theta.csv").set_index(["method", "group"])

    @cached_property
    def heterogeneity(self) -> dict[str, Any]:
        """Cochran's Q and what comes with it."""
        return self._json("heterogeneity.json")

    @cached_property
    def likelihoods(self) -> pd.DataFrame:
        """The exact likelihood and the normal approximation of the data; empty if they have one."""
        both = self._csv("likelihoods.csv")
        return both.assign(note=both["note"].astype(object).fillna(""))

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """Probabilities to be above c, by variable."""
        return self._csv("decisions.csv").set_index("variable")

    @property
    def above(self) -> float:
        """The c of the decision, on the scale of theta."""
        return float(self.decisions["above"].iloc[0])

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """Ranks of the groups, by group."""
        return self._csv("ranks.csv").set_index("group")

    @cached_property
    def influence(self) -> pd.DataFrame:
        """The posterior without each group, by group."""
        return _with_reasons(self._csv("influence.csv").set_index("group"))

    @cached_property
    def loo(self) -> pd.DataFrame:
        """Leave-one-out from draws beside the exact, by group."""
        return self._csv("loo.csv").set_index("group")

    @cached_property
    def sensitivity(self) -> pd.DataFrame:
        """How the posterior moves with its parts."""
        table = _with_reasons(self._csv("sensitivity.csv"))
        return table.assign(diagnosis=table["diagnosis"].astype(object).fillna(""))

    @cached_property
    def priors(self) -> pd.DataFrame:
        """The same data under other priors, by name, the study's own first."""
        table = _with_reasons(self._csv("priors.csv").set_index("name"))
        return table.assign(source=table["source"].astype(object).fillna(""))

    @cached_property
    def atlas(self) -> pd.DataFrame:
        """The decision over a thousand priors; empty where it was not computed."""
        return self._csv("atlas.csv")

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """Classical intervals."""
        table = self._csv("intervals.csv")
        return table.assign(tau_by=table["tau_by"].astype(object).fillna(""))

    @cached_property
    def fit(self) -> dict[str, Any]:
        """Evidence for tau = 0, and posterior predictive checks."""
        return self._json("fit.json")

    @cached_property
    def verdict(self) -> dict[str, Any]:
        """What verdict.json says."""
        return self._json("verdict.json")

    @property
    def agreement(self) -> dict[str, Any]:
        """What the checks of prior against data found."""
        agreement: dict[str, Any] = self.verdict["answer"]["agreement"]
        return agreement

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """What provenance.json says."""
        return self._json("provenance.json")

    @cached_property
    def calibrated(self) -> dict[str, Any] | None:
        """What calibration/summary.json says; none where these data were not calibrated."""
        return calibration_of(self.folder, self.provenance)

    def _csv(self, name: str) -> pd.DataFrame:
        # a group may be called NA, or 7
        names = dict.fromkeys(("variable", "group"), str)
        return read_table(self.folder / name, dtype=names, keep_default_na=False, na_values=[""])

    def _json(self, name: str) -> dict[str, Any]:
        return read_json(self.folder / name)

    # -- the study --------------------------------------------------------------------------

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The study's settings, as in a configuration, with one data set."""
        settings: dict[str, Any] = json.loads(self.provenance["settings"])
        return settings

    @property
    def name(self) -> str:
        """Name of the data set, as people read it."""
        return str(next(iter(self.settings["datasets"]))).replace("_", " ")

    @property
    def dataset(self) -> dict[str, Any]:
        """The keys of the data set."""
        (dataset,) = self.settings["datasets"].values()
        return dict(dataset)

    @property
    def prior(self) -> HyperPrior:
        """The priors of mu and tau."""
        return parse_hyperprior(self.dataset["prior"])

    @property
    def family(self) -> str:
        """Name of the groups' likelihood."""
        return str(self.dataset.get("family", NORMAL.name))

    @property
    def approximated(self) -> bool:
        """Whether `groups`, and classical estimates, are of a normal approximation of the data."""
        return not FAMILIES[self.family].on_estimates

    @property
    def measure(self) -> Measure | None:
        """What theta is, if the study says it."""
        name = self.dataset.get("measure")
        return MEASURES[name] if name else None

    @property
    def models(self) -> list[str]:
        """The models, in the order of the study."""
        return list(self.sampling["models"])

    @property
    def draws(self) -> int:
        """The largest number of draws a chain."""
        return int(self.sampling["draws"])

    @property
    def transitions(self) -> int:
        """Draws of all chains of a fit."""
        return self.draws * int(self.settings["sampling"]["chains"])

    @property
    def best(self) -> dict[str, Any]:
        """The setting to use, or that is nearest to one."""
        best: dict[str, Any] = self.sampling["recommendation"]
        return best

    @property
    def sampling(self) -> dict[str, Any]:
        """What verdict.json says of sampling."""
        sampling: dict[str, Any] = self.verdict["sampling"]
        return sampling

    def threshold(self, key: str) -> float:
        """A threshold of the study."""
        return float(self.sampling["thresholds"][key])

    @property
    def graded(self) -> bool:
        """Whether fits could be held against an exact answer."""
        return HONEST in self.sampling["rests_on"]["checks"]

    @property
    def good(self) -> str:
        """What a fit is that its verdict does not hold anything against."""
        return RIGHT if self.graded else f"without {ALARM}"

    # -- rows -------------------------------------------------------------------------------

    @cached_property
    def last(self) -> pd.DataFrame:
        """Rows of `fits` at the largest number of draws."""
        return self.fits[self.fits["draws"] == self.draws]

    @cached_property
    def shown(self) -> pd.DataFrame:
        """Rows of `last` of the fits that figures show: first seed, first target_accept."""
        sampling = self.settings["sampling"]
        rows = self.last[
            (self.last["seed"] == sampling["seeds"][0])
            & (self.last["target_accept"] == sampling["target_accept"][0])
        ]
        by_model: pd.DataFrame = rows.set_index("model")
        return by_model

    def lowest(self, model: str) -> pd.DataFrame:
        """Rows of `last` of a model at the lowest target_accept."""
        rows = self.last[self.last["model"] == model]
        lowest: pd.DataFrame = rows[rows["target_accept"] == rows["target_accept"].min()]
        return lowest

    # -- exact values, in the units of the data ---------------------------------------------

    @cached_property
    def theta(self) -> pd.DataFrame:
        """Rows of `exact` of the groups' thetas; `centre` is the mean, or else the median."""
        rows: pd.DataFrame = self.exact.loc[[f"theta[{name}]" for name in self.groups.names]]
        return rows.assign(centre=rows[self.centre])

    @property
    def centre(self) -> str:
        """Column of `exact` that stands for a theta: the mean, or the median if none exists."""
        theta = self.exact[self.exact.index.str.startswith("theta[")]
        return "mean" if bool(np.isfinite(theta["mean"]).all()) else "q50"

    def value(self, variable: str, column: str = "mean") -> float:
        """An exact value; NaN where it does not exist."""
        return float(self.exact[column].to_numpy()[self.exact.index.get_loc(variable)])

    @cached_property
    def scale(self) -> float:
        """The median standard error, in the units of the data."""
        return float(np.median(self.groups.std_error))

    @cached_property
    def units(self) -> Format:
        """Format a number in the units of the data."""
        return at_scale(self.scale)

    def finely(self, deviation: float) -> str:
        """Write a standard deviation in the units of the data; a small one by its own scale."""
        return at_scale(min(self.scale, deviation) if deviation > 0 else self.scale)(deviation)

    def column(self, deviations: pd.Series[float]) -> Format:
        """Format a column of standard deviations, evenly and by the smallest."""
        least = float(deviations.min())
        return at_scale(min(self.scale, least) if least > 0 else self.scale)

    def scale_of(self, variable: str) -> float:
        """The scale by which a variable is written: tau, which may be small, by its own."""
        return min(self.scale, self.value("tau", "q50")) if variable == "tau" else self.scale

    def in_units(self, variable: str, column: str = "mean", form: Format | None = None) -> str:
        """An exact value as people read it, in a format if not by its own scale."""
        return (form or at_scale(self.scale_of(variable)))(self.value(variable, column))

    def interval(self, variable: str, form: Format | None = None) -> str:
        """The central 95 % interval."""
        return " to ".join(self.in_units(variable, column, form) for column in ("q2.5", "q97.5"))

    def centre_in_words(self, variable: str, form: Format | None = None) -> str:
        """Name and value of the exact mean, or of the median where no mean exists."""
        if math.isfinite(self.value(variable)):
            return f"mean {self.in_units(variable, 'mean', form)}"
        return f"median {self.in_units(variable, 'q50', form)}"

    # -- exact values, on the scale on which people read theta ------------------------------

    @property
    def reading(self) -> ReadingScale | None:
        """The scale on which people read theta, if it is another than the model's."""
        return self.measure.reading if self.measure else None

    def values_read(self, variable: str) -> list[float]:
        """Median and ends of the 95 % interval of a variable; these stay what they are there."""
        assert self.reading is not None
        quantiles = [self.value(variable, column) for column in ("q50", "q2.5", "q97.5")]
        return [float(value) for value in self.reading.read(np.array(quantiles))]

    def read(self, variable: str, form: Format | None = None) -> tuple[str, str]:
        """The same in words."""
        values = self.values_read(variable)
        median, low, high = map(form or significant(3), values)
        return median, f"{low} to {high}"

    def as_read(self, variable: str, form: Format | None = None) -> str:
        """The same in one phrase."""
        return "{} ({})".format(*self.read(variable, form))


def _with_reasons(table: pd.DataFrame) -> pd.DataFrame:
    """Why a row has no numbers, empty where it has."""
    return table.assign(reason=table["reason"].astype(object).fillna(""))
