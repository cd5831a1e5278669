"""Priors as people write them in a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import yaml

from partial_pooling.errors import InputError
from partial_pooling.priors.distributions import CHOICES
from partial_pooling.priors.priors import HyperPrior, parse_hyperprior, written

ONE = re.compile(
    r"(?:(?P<variable>mu|tau|μ|τ)\s*[:~=]\s*)?(?P<dist>\w+)\s*(?:\((?P<inside>[^()]*)\))?"
)
ALLOWED = (
    "such as 'Normal(0, 5), HalfCauchy(5)': of mu "
    f"{', '.join(written('mu'))}; of tau {', '.join(written('tau'))}"
)
GREEK = {"μ": "mu", "τ": "tau"}


def prior_of(prior: HyperPrior | Mapping[str, Any] | str) -> HyperPrior:
    """Priors of mu and tau from how they are written.

    Parameters
    ----------
    prior
        A text such as ``"Normal(0, 5), HalfCauchy(5)"``, ``"mu ~ Normal(mu=0, sigma=5), tau ~
        HalfCauchy(beta=5)"`` or a configuration's ``"{mu: {dist: ...}, tau: {...}}"``; or what a
        configuration holds.

    Raises
    ------
    InputError
        It is no such text, or a prior is wrong.
    """
    if isinstance(prior, HyperPrior):
        return prior
    if isinstance(prior, str):
        prior = _read(prior)
    if not isinstance(prior, Mapping):
        raise InputError(f"prior: found {prior!r}; allowed: {ALLOWED}")
    return parse_hyperprior(prior)


def _read(text: str) -> Any:
    if text.lstrip().startswith(("{", "mu:", "prior:")) and "dist" in text:
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError:
            raise InputError(f"prior: found {text!r}; allowed: {ALLOWED}") from None
        return found.get("prior", found) if isinstance(found, dict) else found
    parts = [part for part in re.split(r"[,;]\s*(?![^()]*\))", text.strip()) if part.strip()]
    if len(parts) != 2:
        raise InputError(f"prior: found {text!r}; allowed: {ALLOWED}")
    specs = {}
    for variable, part in zip(CHOICES, parts, strict=True):
        match = ONE.fullmatch(part.strip())
        if match is None or GREEK.get(match["variable"], match["variable"]) not in (None, variable):
            raise InputError(f"prior: found {part.strip()!r} for {variable}; allowed: {ALLOWED}")
        specs[variable] = _spec(variable, match["dist"], match["inside"] or "")
    return specs


def _spec(variable: str, dist: str, inside: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"dist": dist}
    choices = CHOICES[variable]
    names = [each.name for each in fields(choices[dist])] if dist in choices else []
    for place, argument in enumerate(filter(None, map(str.strip, inside.split(",")))):
        name, equals, value = (piece.strip() for piece in argument.rpartition("="))
        if not equals:
            if dist in choices and place >= len(names):
                raise InputError(
                    f"prior.{variable}: found {dist}({inside}); allowed: "
                    f"{', '.join(written(variable))}"
                )
            name = names[place] if place < len(names) else f"parameter {place + 1}"
        try:
            spec[name] = float(value)
        except ValueError:
            raise InputError(
                f"prior.{variable}.{name}: found {value!r}; allowed: a number"
            ) from None
    return spec
