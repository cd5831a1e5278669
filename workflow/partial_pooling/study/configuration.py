"""A study as the configuration describes it: checked, with defaults filled in, typed.

The JSON Schema says each key's meaning, default and allowed values; this module turns its
verdict into one line, and checks what a schema cannot: priors and the data files themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import Groups
from partial_pooling.data.reading import read_groups
from partial_pooling.errors import InputError
from partial_pooling.models.parametrizations import PARAMETRIZATIONS
from partial_pooling.priors.distributions import CHOICES
from partial_pooling.priors.priors import (
    HyperPrior,
    did_you_mean,
    parse_hyperprior,
    parse_prior,
    prior_to_offer,
)

# Keys of earlier versions, and what does their work now.
REPLACED = {
    "thresholds.z": "error_mean, error_sd, error_quantile (is the answer good enough?) and "
    "honest_level (does the fit err more than it admits?)",
    "thresholds.divergences": "divergence_rate, a share of the transitions",
    "thresholds.max_treedepth_hits": "max_treedepth_rate, a share of the transitions",
}

RESERVED = ("fits", "logs", "benchmarks")  # folders of results/ that are no data set's

SCHEMA_FILE = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"


@dataclass(frozen=True)
class Dataset:
    """One data set of a study; the attributes are the configuration's keys."""

    path: str
    form: str
    columns: dict[str, str]
    pooled_sd: bool
    prior: HyperPrior


@dataclass(frozen=True)
class Sampling:
    """How every model is sampled; the attributes are the configuration's keys."""

    sampler: str
    seeds: list[int]
    draws: list[int]
    target_accept: list[float]
    tune: int
    chains: int
    max_treedepth: int
    fits_per_batch: int


@dataclass(frozen=True)
class Calibration:
    """How every model is calibrated; the attributes are the configuration's keys."""

    simulations: int
    simulations_per_batch: int
    ranked_draws: int
    draws: int
    tune: int
    chains: int
    target_accept: float
    max_treedepth: int


@dataclass(frozen=True)
class Study:
    """A checked configuration; `groups` is what the data sets' files hold."""

    datasets: dict[str, Dataset]
    models: list[str]
    sampling: Sampling
    thresholds: dict[str, float]
    calibration: Calibration
    groups: dict[str, Groups] = field(compare=False)

    def settings(self, dataset: str) -> dict[str, Any]:
        """Write the study of one data set as a configuration, in plain values."""
        of_dataset = {
            **vars(self.datasets[dataset]),
            "prior": self.datasets[dataset].prior.as_dict(),
        }
        return {
            "datasets": {dataset: of_dataset},
            "models": self.models,
            "sampling": vars(self.sampling),
            "thresholds": self.thresholds,
        }

    def check_calibration(self, dataset: str) -> None:
        """Raise InputError if there is no prior distribution to simulate this data set from."""
        prior = self.datasets[dataset].prior
        for variable, of_variable in (("mu", prior.mu), ("tau", prior.tau)):
            if not of_variable.is_proper:
                raise InputError(
                    f"datasets.{dataset}.prior.{variable}: found {of_variable.dist}, which is "
                    "improper: there is no distribution to simulate from; "
                    "allowed for calibration: a proper prior"
                )


def load_schema() -> dict[str, Any]:
    """Read the JSON Schema of the configuration; `models` takes its names from the registry."""
    schema: dict[str, Any] = yaml.safe_load(SCHEMA_FILE.read_text(encoding="utf-8"))
    schema["properties"]["models"]["items"]["enum"] = list(PARAMETRIZATIONS)
    return schema


def read_study(config: Mapping[str, Any]) -> Study:
    """Check a configuration and the data files that it names.

    Parameters
    ----------
    config
        The configuration as loaded from YAML. Keys that are left out take the schema's defaults.

    Raises
    ------
    InputError
        At the first fault, in one line that names the key (or file, line and column), what was
        found and what is allowed.
    """
    schema = load_schema()
    check(config, schema)
    full = with_defaults(config, schema)
    for name, spec in full["datasets"].items():
        _check_dataset(name, spec)
    groups = {
        name: read_groups(spec["path"], spec["form"], spec["columns"], spec["pooled_sd"])
        for name, spec in full["datasets"].items()
    }
    datasets = {name: _dataset(name, spec, groups[name]) for name, spec in full["datasets"].items()}
    sampling = full["sampling"]
    return Study(
        datasets=datasets,
        models=full["models"],
        sampling=Sampling(
            **{
                **sampling,
                "draws": sorted(int(n) for n in sampling["draws"]),
                "target_accept": [float(accept) for accept in sampling["target_accept"]],
            }
        ),
        thresholds=full["thresholds"],
        calibration=_calibration(full["calibration"]),
        groups=groups,
    )


def refuse_doubled_keys(path: str | Path) -> None:
    """Refuse a configuration file with a key twice, of which a YAML loader keeps the last.

    Raises
    ------
    InputError
        A key stands twice; the message names file, line and key.
    """
    nodes = [yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)]
    seen = set()  # an alias makes a node a part of several
    while nodes:
        node = nodes.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
            continue
        lines: dict[str, int] = {}
        for key, value in node.value:
            nodes.append(value)
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if key.value in lines:
                raise InputError(
                    f"{path}, line {line}: found the key {key.value!r} again "
                    f"(first on line {lines[key.value]}); allowed: each key once"
                )
            lines[key.value] = line


def with_defaults(value: Any, schema: Mapping[str, Any]) -> Any:
    """Fill in what is left out from the defaults of a JSON Schema, at every depth."""
    if not isinstance(value, Mapping):
        return value
    filled = dict(value)
    for key, part in schema.get("properties", {}).items():
        if key in filled or "default" in part:
            filled[key] = with_defaults(filled.get(key, part.get("default")), part)
    others = schema.get("additionalProperties")
    if isinstance(others, Mapping):
        known = schema.get("properties", {})
        filled |= {k: with_defaults(v, others) for k, v in filled.items() if k not in known}
    return filled


def check(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Hold a configuration against the schema; raise InputError at the first fault.

    Missing priors are left to `read_study`: the line about them needs the data.
    """
    from jsonschema import Draft202012Validator

    _check_plain(config, "")
    errors = sorted(
        (e for e in Draft202012Validator(schema).iter_errors(config) if not _lacks_prior(e)),
        key=lambda error: list(map(str, error.path)),
    )
    if errors:
        raise InputError(_one_line(errors[0]))


def _lacks_prior(error: Any) -> bool:
    """Whether a required prior is missing, of a data set or of mu or tau in it."""
    if error.validator != "required":
        return False
    depth = len(error.absolute_path)
    in_dataset = depth in (2, 3) and error.absolute_path[0] == "datasets"
    return in_dataset and (depth == 3 or "path" in error.instance)


def _check_dataset(name: str, spec: dict[str, Any]) -> None:
    """Check what can be checked of a data set before its file is read."""
    where = f"datasets.{name}"
    if name.lower() in RESERVED:
        raise InputError(
            f"datasets: found the name {name!r}, which is a folder of results/ itself; "
            f"allowed: a name other than {', '.join(RESERVED)}"
        )
    form = spec["form"]
    for column in spec["columns"]:
        allowed = FORMS[form].columns
        if column not in allowed:
            raise InputError(
                f"{where}.columns.{column}: unknown column{did_you_mean(column, allowed)}; "
                f"allowed for form {form}: {', '.join(allowed)}"
            )
    if spec["pooled_sd"] and form == "estimates":
        raise InputError(
            f"{where}.pooled_sd: found true; allowed for form estimates: false, "
            "since its standard errors are given"
        )
    for variable, of_variable in spec.get("prior", {}).items():
        parse_prior(variable, of_variable, f"{where}.prior.{variable}")


def _dataset(name: str, spec: dict[str, Any], groups: Groups) -> Dataset:
    where = f"datasets.{name}.prior"
    given = spec.get("prior", {})
    missing = [variable for variable in CHOICES if variable not in given]
    if missing:
        offer = prior_to_offer(groups.estimate, groups.std_error).as_dict()
        key, text = where, _as_yaml({"prior": offer})
        if len(missing) == 1:
            key, text = f"{where}.{missing[0]}", _as_yaml({missing[0]: offer[missing[0]]})
        raise InputError(
            f"{key}: missing; allowed: a prior of {' and '.join(missing)}, "
            f"such as {text} for data on this scale"
        )
    prior = parse_hyperprior(given, where)
    prior.check_proper_posterior(len(groups), where)
    return Dataset(**{**spec, "prior": prior})


def _as_yaml(setting: dict[str, Any]) -> str:
    """One key with its value, to paste into a configuration: `key: {a: 1, b: {c: 2}}`."""
    text = yaml.safe_dump(_plain(setting), default_flow_style=True, sort_keys=False, width=10**6)
    return text.strip()[1:-1]


def _plain(value: Any) -> Any:
    """Whole numbers without a decimal point, at every depth, where that is shorter to read."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return int(value)
    return value


def _calibration(spec: dict[str, Any]) -> Calibration:
    kept = spec["chains"] * spec["draws"]
    if spec["ranked_draws"] > kept:
        raise InputError(
            f"calibration.ranked_draws: found {spec['ranked_draws']}; "
            f"allowed: at most chains times draws, which is {kept}"
        )
    return Calibration(**{**spec, "target_accept": float(spec["target_accept"])})


def _check_plain(value: Any, key: str) -> None:
    """Refuse what YAML can hold and a configuration cannot: keys that are not text, NaN."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            if not isinstance(name, str):
                raise InputError(
                    f"{_key([*filter(None, [key]), name])}: found the key {name!r}; "
                    "allowed: text (put it in quotes)"
                )
            _check_plain(part, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for i, part in enumerate(value):
            _check_plain(part, f"{key}[{i}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{key}: found {value}; allowed: a finite number")


def _one_line(error: Any) -> str:
    key = _key(error.absolute_path)
    found, allowed = error.instance, error.schema
    if error.validator == "additionalProperties":
        known = list(allowed["properties"])
        unknown = next(name for name in found if name not in known)
        if (replaced := _key([*error.absolute_path, unknown])) in REPLACED:
            return f"{replaced}: no longer a key; allowed in its place: {REPLACED[replaced]}"
        return (
            f"{_key([*error.absolute_path, unknown])}: unknown key{did_you_mean(unknown, known)}; "
            f"allowed: {', '.join(known)}"
        )
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in found)
        expected = describe(allowed.get("properties", {}).get(missing, {})) or "a name"
        return f"{_key([*error.absolute_path, missing])}: missing; allowed: {expected}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{key}: found the name {found!r}; allowed: {allowed['description']}"
    if error.validator == "uniqueItems":
        twice = next(item for i, item in enumerate(found) if item in found[:i])
        return f"{key}: found {_show(twice)} twice; allowed: each once"
    if error.validator in ("minItems", "minProperties", "minLength"):
        return f"{key}: found nothing; allowed: {describe(allowed)}"
    hint = did_you_mean(found, allowed["enum"]) if "enum" in allowed else ""
    if isinstance(found, str) and allowed.get("type") in ("number", "integer"):
        hint = " (text; write 1.0e-3 for 1e-3)" if "e" in found.lower() else " (text)"
    return f"{key}: found {_show(found)}{hint}; allowed: {describe(allowed)}"


def describe(schema: Mapping[str, Any]) -> str:
    """Say in words which values a part of the schema allows."""
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    match schema.get("type"):
        case "array":
            return f"a list, not empty, each item {describe(schema['items'])}"
        case "object":
            return "keys with values"
        case "boolean":
            return "true or false"
        case "string":
            return "text"
        case "integer" | "number" as kind:
            return " ".join(
                ["a whole number" if kind == "integer" else "a number", *_limits(schema)]
            )
    return ""


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    limits = [
        f"{words} {schema[key]}"
        for key, words in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if key in schema
    ]
    if "exclusiveMaximum" in schema and len(limits) == 2:
        limits.insert(1, "and")
    yield from limits


def _key(path: Any) -> str:
    key = ""
    for part in path:
        key += f"[{part}]" if isinstance(part, int) and key else f".{part}" if key else str(part)
    return key or "the configuration"


def _show(value: Any) -> str:
    return "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
