"""Every key of the configuration, with its default, what is allowed, and what it means.

What is allowed stands in an annotation, the meaning in the string below it. From there come the
JSON Schema and the tables of config/README.md; after a change here,

    uv run python -m partial_pooling.report.generated

writes both anew, and a test holds them to it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.measures import CORRECTION, MEASURES
from partial_pooling.families.registry import FAMILIES
from partial_pooling.fields import (
    EACH_ONCE,
    EACH_ONCE_IF_ANY,
    TEXT,
    TRUE_OR_FALSE,
    Settings,
    number,
    one_of,
    whole,
)
from partial_pooling.grading.settings import CalibrationSettings
from partial_pooling.models.parametrizations import PARAMETRIZATIONS
from partial_pooling.priors.priors import written
from partial_pooling.sampling.samplers import SAMPLERS
from partial_pooling.sampling.settings import ChainSettings, SamplerSettings

NAME = {
    "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
    "description": "letters, digits, - and _, at most 64, starting with a letter or digit",
}


def plain_path(path: str) -> str:
    """Write a path in one way, so that `./x` and `y/../x` are `x`: no step runs again for it."""
    plain = os.path.normpath(path)
    same = os.path.realpath(plain) == os.path.realpath(path)  # not if `..` comes after a link
    return plain if same else str(Path(path))


class Dist(Settings):
    """A prior distribution; its parameters are checked by `parse_prior`."""

    model_config = ConfigDict(extra="allow")

    dist: Any
    """Name of the distribution."""


class Priors(Settings):
    """Priors of mu and tau. What is missing is told when the data are known, with one to paste."""

    model_config = ConfigDict(json_schema_extra={"required": ["mu", "tau"]})

    mu: Dist = Field(default=Dist(dist=None), description=", ".join(written("mu")))
    tau: Dist = Field(default=Dist(dist=None), description=", ".join(written("tau")))


class Decide(Settings):
    """What is to be decided."""

    above: Annotated[float | None, number()] = None
    """The c of the probabilities that mu, each theta and the theta of a new group are above c, on
    the scale of theta; nothing: no effect, as the measure has it, or 0."""


class DatasetFile(Settings):
    """The file of a data set."""

    path: Annotated[str, TEXT, AfterValidator(plain_path)]
    """CSV file in UTF-8, seen from the folder in which Snakemake runs."""
    form: Annotated[str, one_of(FORMS)] = "estimates"
    """What a row is; the table below has the columns of each."""
    family: Annotated[str | None, one_of(FAMILIES)] = None
    """Likelihood of a group's data; nothing: the form's default, in the table below, or `normal` if
    `measure`, `continuity_correction` or `pooled_sd` ask for estimates."""
    measure: Annotated[str | None, one_of(MEASURES)] = None
    """What the family `normal` estimates from the data of each group; nothing: the form's default,
    in the table below. Estimates are taken as they are: there it says what they are, so that odds
    ratios can be read beside log odds ratios."""
    continuity_correction: Annotated[float, number(ge=0, le=10)] = CORRECTION
    """What a measure of events adds where one of a group's counts is zero: to all four cells of the
    table, to events and others, or to the events of a rate."""
    columns: dict[str, Annotated[str, TEXT]] = Field(default={})
    """Names that the file has for the form's columns, where they differ, such as `{group:
    school}`."""
    pooled_sd: Annotated[bool, TRUE_OR_FALSE] = False
    """For summaries and observations, with the family normal. Use one standard deviation within
    groups, pooled with weights n − 1, in place of each group's own."""
    weights: list[Annotated[float, number(ge=0, le=1)]] = Field(default=[])
    """How far the model `partial` centers each group, 1 wholly and 0 not at all. One number for all
    groups, or one a group in the order of the file; empty: as far as the group's own data speak,
    which depends on tau and so changes from draw to draw."""
    decide: Decide = Decide()
    """Of a study, what is asked: `{above: c}` for the probabilities that mu, each theta and a new
    group's theta are above c, on the scale of theta. Nothing: no effect, as the measure has it (a
    log odds ratio of 0), or 0."""


class Fits(Settings):
    """Which fits of a model there are."""

    sampler: Annotated[str, one_of(SAMPLERS)] = "nutpie"
    """nutpie's NUTS (fast) or PyMC's own."""
    seeds: Annotated[list[Annotated[int, whole(0, 4294967295)]], EACH_ONCE] = Field(
        default=[1, 2, 3, 4, 5]
    )
    """One fit a seed. Appending a seed samples only what is new."""
    draws: Annotated[
        list[Annotated[int, whole(8, 10_000_000)]], EACH_ONCE, AfterValidator(sorted)
    ] = Field(default=[500, 1000, 2000, 5000, 10000])
    """Numbers of kept draws a chain at which each fit is looked at. A fit is sampled once, at the
    largest; the smaller numbers are its first draws. Below 8 R-hat and bulk ESS are not defined."""
    target_accept: Annotated[list[Annotated[float, number(gt=0, lt=1)]], EACH_ONCE] = Field(
        default=[0.8, 0.85, 0.9, 0.95, 0.99]
    )
    """Acceptance rates that tuning of the step size aims at."""


class Sampling(ChainSettings, Fits):
    """How each model is sampled. Every target_accept is combined with every seed."""

    fits_per_batch: Annotated[int, whole(1, 100_000)] = 25
    """Fits that one job samples with one compilation, which costs seconds. 1 gives each fit a job
    of its own. Results do not depend on it."""

    def of_fits(self) -> SamplerSettings:
        """What all fits share: each is sampled once, at the largest number of draws."""
        of_chains = self.model_dump(include=set(ChainSettings.model_fields))
        return SamplerSettings(**of_chains, draws=max(self.draws))


class CollectionSampling(ChainSettings, Fits):
    """How each table of a collection is sampled; the draws are not kept."""

    seeds: Annotated[list[Annotated[int, whole(0, 4294967295)]], EACH_ONCE] = Field(default=[1])
    """A fit a seed, from which, and the table's data, that of the table is derived."""
    draws: Annotated[
        list[Annotated[int, whole(8, 10_000_000)]], EACH_ONCE, AfterValidator(sorted)
    ] = Field(default=[1000])
    """Numbers of kept draws a chain at which each fit is looked at."""
    target_accept: Annotated[list[Annotated[float, number(gt=0, lt=1)]], EACH_ONCE] = Field(
        default=[0.9]
    )
    """Acceptance rates that tuning of the step size aims at."""

    def of_fits(self) -> SamplerSettings:
        """What all fits share: each is sampled once, at the largest number of draws."""
        of_chains = self.model_dump(include=set(ChainSettings.model_fields))
        return SamplerSettings(**of_chains, draws=max(self.draws))


class DatasetKeys(DatasetFile):
    """A data set."""

    model_config = ConfigDict(json_schema_extra={"required": ["path", "prior"]})

    prior: Priors = Priors()
    """Priors of mu and tau, both, as PyMC writes them, in the units of the data. There is no
    default, since none fits every unit."""
    by: Annotated[str | None, TEXT] = None
    """For a collection: the column that names the table of each row. Each table is solved exactly
    and fitted, by itself."""
    models: Annotated[list[Annotated[str, one_of(PARAMETRIZATIONS)]], EACH_ONCE_IF_ANY] = Field(
        default=None  # type: ignore[arg-type]
    )
    """Of a collection, parametrizations to fit to each table; nothing: those of the study, `[]`:
    none, for the exact answers alone."""
    sampling: CollectionSampling = Field(default=CollectionSampling())
    """Of a collection, how each table is sampled: keys as of `sampling` below but fits_per_batch,
    with one seed, one target_accept and 1,000 draws where nothing is said. A table's seed is
    derived from this one and its own data."""


class Thresholds(Settings):
    """What a fit is graded by.

    A fit is right if it is accurate (error_*) and honest (honest_level, tolerance_*); the others
    are the ordinary checks, which raise alarms.
    """

    error_mean: Annotated[float, number(gt=0)] = 0.1
    """Largest error of a mean, in exact posterior standard deviations."""
    error_sd: Annotated[float, number(gt=0)] = 0.15
    """Largest error of a standard deviation, relative to the exact one."""
    error_quantile: Annotated[float, number(gt=0, lt=1)] = 0.04
    """Largest error of the 5, 50 and 95 % quantiles, in probability under the exact posterior."""
    honest_level: Annotated[float, number(gt=0, lt=1)] = 0.001
    """Chance with which the fit of a right sampler may be called wrong, all its tests together
    (Holm)."""
    tolerance_mean: Annotated[float, number(ge=0)] = 0.02
    """Error of a mean that is not held against a fit, in exact standard deviations."""
    tolerance_share: Annotated[float, number(ge=0, lt=0.05)] = 0.01
    """Error of the shares of draws below the exact 5, 50 and 95 % quantiles that is not held
    against a fit."""
    prior_conflict: Annotated[float, number(ge=0, lt=1)] = 0.01
    """Prior and data conflict if the p-value of a check of one against the other is smaller (prior
    predictive, corrected for two checks)."""
    r_hat: Annotated[float, number(ge=1)] = 1.01
    """Alarm above this rank-normalized split R-hat of any variable."""
    ess_bulk: Annotated[float, number(ge=0)] = 400
    """Alarm below this bulk effective sample size of any variable."""
    ess_tail: Annotated[float, number(ge=0)] = 400
    """Alarm below this tail effective sample size of any variable."""
    divergence_rate: Annotated[float, number(ge=0, le=1)] = 0.002
    """Alarm above this share of divergent transitions. The default follows from
    `docs/scorecard.md`."""
    ebfmi: Annotated[float, number(ge=0)] = 0.3
    """Alarm below this E-BFMI of any chain."""
    max_treedepth_rate: Annotated[float, number(ge=0, le=1)] = 0.01
    """Alarm above this share of transitions that reach the largest tree depth."""


class Simulations(Settings):
    """Which simulations of a model there are."""

    simulations: Annotated[int, whole(20, 10_000_000)] = 1000
    """Data sets to simulate from the prior and to fit, for each model; raising it fits only the new
    ones."""
    simulations_per_batch: Annotated[int, whole(1, 10_000_000)] = 250
    """Simulations that one job fits with one compilation, which costs seconds. Results do not
    depend on it."""


class Calibration(CalibrationSettings, Simulations):
    """Simulation-based calibration of each model, by `snakemake calibration`."""

    def of_fits(self) -> CalibrationSettings:
        """What all fits share."""
        return CalibrationSettings(**self.model_dump(include=set(CalibrationSettings.model_fields)))


class Configuration(Settings):
    """What to fit, how to sample it, and what a fit must reach to be trusted."""

    datasets: Annotated[
        dict[Annotated[str, Field(pattern=NAME["pattern"])], DatasetKeys], Field(min_length=1)
    ]
    """Data sets by name. The name becomes a folder in results/."""
    models: Annotated[list[Annotated[str, one_of(PARAMETRIZATIONS)]], EACH_ONCE] = Field(
        default=["centered", "noncentered"]
    )
    """Parametrizations to compare."""
    sampling: Sampling = Sampling()
    thresholds: Thresholds = Thresholds()
    calibration: Calibration = Calibration()


def load_schema() -> dict[str, Any]:
    """JSON Schema of the configuration, without references."""
    referring = Configuration.model_json_schema()
    schema: dict[str, Any] = _whole(referring, referring.pop("$defs"))
    datasets = schema["properties"]["datasets"]
    ((_, dataset),) = datasets.pop("patternProperties").items()
    datasets |= {"propertyNames": NAME, "additionalProperties": dataset}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def _whole(part: Any, definitions: dict[str, Any]) -> Any:
    """A part of a schema with what it refers to in its place, without titles."""
    if isinstance(part, list):
        return list(part)  # one list at two places would be an alias in YAML
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        part = definitions[part["$ref"].rpartition("/")[2]] | {
            key: value for key, value in part.items() if key == "description"
        }
    whole = {key: _whole(value, definitions) for key, value in part.items()}
    if isinstance(whole.get("title"), str):
        del whole["title"]
    if isinstance(whole.get("description"), str):
        whole["description"] = " ".join(whole["description"].split())
    return whole
