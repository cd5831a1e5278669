"""A configuration held against its model (`study.settings`): its first fault, in one line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from partial_pooling.data.forms.registry import FORMS, serving
from partial_pooling.errors import InputError
from partial_pooling.priors.priors import as_number, did_you_mean
from partial_pooling.study.settings import NAME, Configuration, load_schema

# Keys of earlier versions, and what does their work now.
REPLACED = {
    "thresholds.z": "error_mean, error_sd, error_quantile (is the answer good enough?) and "
    "honest_level (does the fit err more than it admits?)",
    "thresholds.divergences": "divergence_rate, a share of the transitions",
    "thresholds.max_treedepth_hits": "max_treedepth_rate, a share of the transitions",
}

LIMITS = {
    "minimum": "from",
    "exclusiveMinimum": "above",
    "maximum": "to",
    "exclusiveMaximum": "below",
}
# Faults of a key, not of its value, and how much of pydantic's path to them is no place.
NOT_THERE = {"missing": -1, "extra_forbidden": -1, "string_pattern_mismatch": -2}


def check(config: Mapping[str, Any]) -> Configuration:
    """Hold a configuration against its model; raise InputError at the first fault."""
    _check_plain(config, "")
    try:
        return Configuration.model_validate(config)
    except ValidationError as error:
        raise InputError(_one_line(min(error.errors(), key=_order), config)) from None


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


def _path(error: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Where the fault lies: of a key that is missing, unknown or misnamed, what should hold it."""
    path: tuple[str | int, ...] = error["loc"]
    return path[: NOT_THERE.get(error["type"])]


def _order(error: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Of several faults the first is told: of an unknown key before one that is missing."""
    return [*map(str, _path(error))], error["type"] != "extra_forbidden"


def _one_line(error: Mapping[str, Any], config: Any) -> str:
    path, kind = _path(error), error["type"]
    found, allowed = config, load_schema()
    for part in path:
        found = found[part]
        if isinstance(part, int):
            allowed = allowed["items"]
        else:
            others = allowed.get("additionalProperties")
            allowed = allowed.get("properties", {}).get(part, others)
    key, whole, name = _key(path), _key(error["loc"]), error["loc"][-1]
    if kind == "extra_forbidden":
        if whole in REPLACED:
            return f"{whole}: no longer a key; allowed in its place: {REPLACED[whole]}"
        names = list(allowed["properties"])
        return f"{whole}: unknown key{did_you_mean(name, names)}; allowed: {', '.join(names)}"
    if kind == "missing":
        return f"{whole}: missing; allowed: {describe(allowed['properties'][name]) or 'a name'}"
    if kind == "string_pattern_mismatch":
        return f"{key}: found the name {error['input']!r}; allowed: {NAME['description']}"
    if kind == "twice":
        twice = next(item for i, item in enumerate(found) if item in found[:i])
        return f"{key}: found {_show(twice)} twice; allowed: each once"
    if kind in ("too_short", "string_too_short"):
        return f"{key}: found nothing; allowed: {describe(allowed)}"
    hint = did_you_mean(found, allowed["enum"]) if "enum" in allowed else ""
    if path[-1:] == ("form",) and (serving_it := serving(found)):
        takes = " or ".join(f"{name} ({', '.join(FORMS[name].columns)})" for name in serving_it)
        hint = f"; such data are {takes}"
    if isinstance(found, str) and allowed.get("type") in ("number", "integer"):
        hint = as_number(found)
    return f"{key}: found {_show(found)}{hint}; allowed: {describe(allowed)}"


def describe(schema: Mapping[str, Any]) -> str:
    """Say in words which values a part of the schema allows."""
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    match schema.get("type"):
        case "array":
            filled = ", not empty" if schema.get("minItems") else ""
            return f"a list{filled}, each item {describe(schema['items'])}"
        case "object":
            return "keys with values"
        case "boolean":
            return "true or false"
        case "string":
            return "text"
        case "integer" | "number" as kind:
            kinds = {"integer": "a whole number", "number": "a number"}
            limits = [f"{word} {schema[key]}" for key, word in LIMITS.items() if key in schema]
            last_open = len(limits) == 2 and "exclusiveMaximum" in schema
            return " ".join([kinds[kind], (" and " if last_open else " ").join(limits)]).strip()
    return ""


def _key(path: Any) -> str:
    key = ""
    for part in path:
        key += f"[{part}]" if isinstance(part, int) and key else f".{part}" if key else str(part)
    return key or "the configuration"


def _show(value: Any) -> str:
    return "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
