"""A study as its configuration describes it: checked, with defaults filled in, typed.

`study.settings` says each key's meaning, default and allowed values, `study.checking` holds a
configuration against it; this module checks what they cannot: priors and the data files themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml
from pydantic import InstanceOf

from partial_pooling.data.collection import Member, read_collection
from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import Groups
from partial_pooling.data.measures import MEASURES, estimates_of
from partial_pooling.data.reading import read_groups
from partial_pooling.errors import InputError
from partial_pooling.families.registry import FAMILIES
from partial_pooling.grading.settings import POSTERIOR
from partial_pooling.models.parametrizations import check_family
from partial_pooling.priors.distributions import CHOICES
from partial_pooling.priors.named import WEAK, named_priors
from partial_pooling.priors.priors import (
    HyperPrior,
    did_you_mean,
    parse_hyperprior,
    parse_prior,
)
from partial_pooling.study.checking import check
from partial_pooling.study.likelihood import family_and_measure, reading
from partial_pooling.study.settings import (
    Calibration,
    CollectionSampling,
    DatasetFile,
    DatasetKeys,
    Sampling,
)

# what stands in results/ and is no data set's
RESERVED = ("fits", "logs", "benchmarks", "scorecard", "sha256sums")


class Dataset(DatasetFile):
    """A data set of a study; its family is settled, and its measure if it has one."""

    family: str
    prior: InstanceOf[HyperPrior]

    @property
    def above(self) -> float:
        """The c that decides: as configured, else where there is no effect, else 0."""
        null = MEASURES[self.measure].null if self.measure else None
        return next((float(c) for c in (self.decide.above, null) if c is not None), 0.0)


class Collection(Dataset):
    """A data set of many tables, one a value of column `by`."""

    by: str
    models: list[str]
    sampling: CollectionSampling


@dataclass(frozen=True)
class Study:
    """A checked configuration.

    Attributes
    ----------
    datasets, collections
        Data sets of one table, and those of many.
    models, sampling, thresholds, calibration
        As configured.
    groups
        What the files of the data sets hold.
    members
        The tables of each collection.
    """

    datasets: dict[str, Dataset]
    collections: dict[str, Collection]
    models: list[str]
    sampling: Sampling
    thresholds: dict[str, float]
    calibration: Calibration
    groups: dict[str, Groups] = field(compare=False)
    members: dict[str, list[Member]] = field(compare=False)

    def dataset(self, name: str) -> Dataset:
        """A data set of one table: a study, or `collection/table`, a table opened as one.

        Raises
        ------
        InputError
            A collection has no such table, or it cannot be used.
        """
        return self.datasets[name] if name in self.datasets else self.collections[_of(name)[0]]

    def groups_of(self, name: str) -> Groups:
        """The groups of a data set of one table (see `dataset`)."""
        return self.groups[name] if name in self.groups else self.member(name)[1]

    def member(self, name: str) -> tuple[Member, Groups]:
        """A table of a collection, by `collection/table`, and its groups (see `dataset`)."""
        collection, path = _of(name)
        member = self._by_path[collection].get(path)
        if member is None:
            raise InputError(
                f"results/{collection}: found no table {path!r}; "
                f"allowed: a path of results/{collection}/tables.parquet"
            )
        if member.groups is None:
            raise InputError(
                f"{self.collections[collection].path}, table {member.name!r}: {member.status}"
            )
        return member, member.groups

    @cached_property
    def _by_path(self) -> dict[str, dict[str, Member]]:
        return {
            name: {member.path: member for member in members}
            for name, members in self.members.items()
        }

    def settings(self, dataset: str) -> dict[str, Any]:
        """Write the study of one data set as a configuration, in plain values."""
        of = self.dataset(dataset)
        of_file = of.model_dump(exclude={"prior", "models", "sampling"}, exclude_none=True)
        of_dataset = of_file | {"prior": of.prior.as_dict()}
        if dataset not in self.datasets:
            of_dataset["table"] = self.member(dataset)[0].name
        return {
            "datasets": {dataset: of_dataset},
            "models": self.models,
            "sampling": self.sampling.model_dump(),
            "thresholds": self.thresholds,
        }

    def check_calibration(self, dataset: str) -> None:
        """Raise InputError if there is no distribution to draw the truths of this data set from."""
        of = self.dataset(dataset)
        prior = of.prior
        if self.calibration.truths == POSTERIOR:
            if of.family != "normal":
                raise InputError(
                    f"calibration.truths: found posterior with data set {dataset}, whose family is "
                    f"{of.family}; allowed: prior, or the normal family"
                )
            return
        for variable, of_variable in (("mu", prior.mu), ("tau", prior.tau)):
            if not of_variable.is_proper:
                raise InputError(
                    f"datasets.{dataset}.prior.{variable}: found {of_variable.dist}, which is "
                    "improper: there is no distribution to simulate from; "
                    "allowed for calibration: a proper prior, or calibration.truths: posterior"
                )


def read_study(config: Mapping[str, Any]) -> Study:
    """Check a configuration and the data files that it names.

    Parameters
    ----------
    config
        The configuration as loaded from YAML. Keys that are left out take their defaults.

    Raises
    ------
    InputError
        At the first fault, in one line that names the key (or file, line and column), what was
        found and what is allowed.
    """
    checked = check(config)
    _check_told_apart(checked.sampling.target_accept)
    _check_folders(list(checked.datasets))
    settled = {name: _settled(name, keys) for name, keys in checked.datasets.items()}
    many = {name: keys for name, keys in settled.items() if keys.by}
    settled = {name: keys for name, keys in settled.items() if not keys.by}
    for keys in (*settled.values(), *many.values()):
        models = keys.models if "models" in keys.model_fields_set else checked.models
        for model in models:
            check_family(model, FAMILIES[keys.family or ""])
    groups = {name: read_groups(keys.path, **reading(keys)) for name, keys in settled.items()}
    members = {
        name: read_collection(keys.path, keys.by or "", **reading(keys))
        for name, keys in many.items()
    }
    datasets = {
        name: Dataset(**_keys(keys), prior=_prior(name, keys, groups[name]))
        for name, keys in settled.items()
    }
    collections = {
        name: _collection(name, keys, members[name], checked.models) for name, keys in many.items()
    }
    calibration = checked.calibration
    kept = calibration.chains * calibration.draws
    if calibration.ranked_draws > kept:
        raise InputError(
            f"calibration.ranked_draws: found {calibration.ranked_draws}; "
            f"allowed: at most chains times draws, which is {kept}"
        )
    thresholds = checked.thresholds.model_dump()
    return Study(
        datasets,
        collections,
        checked.models,
        checked.sampling,
        thresholds,
        calibration,
        groups,
        members,
    )


def _check_told_apart(target_accepts: list[float]) -> None:
    """Refuse target_accepts that are alike where they are written: names and tables of fits."""
    first: dict[str, float] = {}
    for accept in target_accepts:
        other = first.setdefault(f"{accept:g}", accept)
        if other != accept:
            raise InputError(
                f"sampling.target_accept: found {other!r} and {accept!r}; "
                "allowed: numbers that differ in their first six digits"
            )


def _check_folders(names: list[str]) -> None:
    """Refuse names of data sets whose folders some file systems take for one."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name.casefold(), name)
        if other != name:
            raise InputError(
                f"datasets: found the names {other!r} and {name!r}, which are one folder where "
                "upper and lower case are alike; allowed: names that differ in letters"
            )


def _settled(name: str, keys: DatasetKeys) -> DatasetKeys:
    """Check what can be checked of a data set before its file is read; settle its likelihood."""
    where = f"datasets.{name}"
    if name.lower() in RESERVED:
        raise InputError(
            f"datasets: found the name {name!r}, which stands in results/ already; "
            f"allowed: a name other than {', '.join(RESERVED)}"
        )
    form = FORMS[keys.form]
    allowed = form.known
    for column in keys.columns:
        if column not in allowed:
            raise InputError(
                f"{where}.columns.{column}: unknown column{did_you_mean(column, allowed)}; "
                f"allowed for form {keys.form}: {', '.join(allowed)}"
            )
    for column, other in form.instead.items():
        if column in keys.columns and other in keys.columns:
            raise InputError(
                f"{where}.columns: found both {column} and {other}; allowed: one of them"
            )
    named = [keys.columns.get(column, column) for column in form.columns]
    for column in keys.columns:
        if named.count(keys.columns[column]) > 1:
            raise InputError(
                f"{where}.columns: found {keys.columns[column]!r} for two columns of the form "
                f"{keys.form}; allowed: another for each of {', '.join(form.columns)}"
            )
    of_collection = sorted({"models", "sampling"} & keys.model_fields_set)
    if of_collection and not keys.by:
        raise InputError(
            f"{where}.{of_collection[0]}: found it without by; allowed for a collection, whose "
            "tables the column `by` names (for a study: the same key beside datasets)"
        )
    if keys.by and keys.decide.above is not None:
        raise InputError(
            f"{where}.decide: found it with by; allowed for a study (tables of a collection have "
            "p_mu_above_0)"
        )
    if keys.by and keys.by in [keys.columns.get(column, column) for column in allowed]:
        raise InputError(
            f"{where}.by: found {keys.by!r}, a column of the form {keys.form}; "
            "allowed: another column, which names the table"
        )
    family, measure = family_and_measure(keys, where)
    for variable, of_variable in _given_priors(keys).items():
        parse_prior(variable, of_variable, f"{where}.prior.{variable}")
    return keys.model_copy(update={"family": family, "measure": measure})


def _given_priors(keys: DatasetKeys) -> dict[str, Any]:
    return keys.prior.model_dump(exclude_unset=True)


def _of(name: str) -> tuple[str, str]:
    """Collection and table of `collection/table`."""
    collection, _, path = name.partition("/")
    return collection, path


def _keys(keys: DatasetKeys) -> dict[str, Any]:
    return keys.model_dump(exclude={"prior", "by", "models", "sampling"}, exclude_none=True)


def _collection(
    name: str, keys: DatasetKeys, members: list[Member], models: list[str]
) -> Collection:
    usable = [member.groups for member in members if member.groups]
    return Collection(
        **_keys(keys),
        prior=_prior(name, keys, max(usable, key=len), "one for all tables"),
        by=keys.by or "",
        models=keys.models if "models" in keys.model_fields_set else models,
        sampling=keys.sampling,
    )


def _prior(
    name: str, keys: DatasetKeys, groups: Groups, more_weights: str | None = None
) -> HyperPrior:
    """The prior of a data set, held against its groups, or those of its largest table."""
    where = f"datasets.{name}.prior"
    given = _given_priors(keys)
    missing = [variable for variable in CHOICES if variable not in given]
    if missing:
        normal = estimates_of(groups)
        named = named_priors(normal.estimate, normal.std_error, keys.measure)
        offer = named.priors[WEAK].as_dict()
        key, text = where, as_yaml({"prior": offer})[1:-1]
        if len(missing) == 1:
            key, text = f"{where}.{missing[0]}", as_yaml({missing[0]: offer[missing[0]]})[1:-1]
        raise InputError(
            f"{key}: missing; allowed: a prior of {' and '.join(missing)}, "
            f"such as {text} for data on this scale"
        )
    prior = parse_hyperprior(given, where)
    assert keys.family is not None  # settled before
    FAMILIES[keys.family].check_proper_posterior(groups, prior, where)
    allowed = (0, 1) if more_weights else (0, 1, len(groups))
    if len(keys.weights) not in allowed:
        more = more_weights or f"one, or one for each of {len(groups)} groups"
        raise InputError(
            f"datasets.{name}.weights: found {len(keys.weights)} numbers; allowed: {more}"
        )
    return prior


def as_yaml(value: Any) -> str:
    """A value in one line, to paste into a configuration: `{a: 1, b: [c, d]}`."""
    text = yaml.safe_dump(_plain(value), default_flow_style=True, sort_keys=False, width=10**6)
    return text.removesuffix("...\n").strip()


def _plain(value: Any) -> Any:
    """Whole numbers without a decimal point, at every depth, where that is shorter to read."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return int(value)
    return value
