"""What editors and readers are told of the settings: the JSON Schema, the tables of keys.

Both come from the models of `study.settings`; the prose of config/README.md stays.
`report.generated` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import Estimates
from partial_pooling.data.measures import MEASURES, measures_of
from partial_pooling.families.registry import families_of
from partial_pooling.priors.priors import written
from partial_pooling.study.checking import describe
from partial_pooling.study.configuration import as_yaml
from partial_pooling.study.settings import load_schema

HEAD = "# Written by `python -m partial_pooling.report.generated`; edit study/settings.py.\n"
# a row of three cells, and one of four
PRIOR = re.compile(r"^\| `(mu|tau)` \|[^|\n]*\|(?=[^|\n]*\|$)", flags=re.MULTILINE)
KEY = re.compile(r"^\| `(\w+)` (?:\|[^|\n]*){3}\|\n", flags=re.MULTILINE)


FORMS_TABLE = re.compile(r"(^\| form \|.*\n\| ---.*\n)(?:\|.*\n)*", flags=re.MULTILINE)
MEASURES_TABLE = re.compile(r"(^\| measure \|.*\n\| ---.*\n)(?:\|.*\n)*", flags=re.MULTILINE)


def schema_text() -> str:
    """The JSON Schema of the configuration, in YAML."""
    text = yaml.safe_dump(
        load_schema(), sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
    return HEAD + text


def with_tables(text: str) -> str:
    """Write the rows of a text's tables anew: of keys, of forms, of measures.

    Those of keys stand below ### `part`. A key without a row gets one on top of the part's first
    table.
    """

    def write(chapter: str) -> str:
        part = re.match(r"### `(\w+)`", chapter)
        rows = _rows(part[1]) if part else {}
        chapter = KEY.sub(lambda row: rows.pop(row[1], ""), chapter)
        head = re.compile(r"^\| ---.*\n", flags=re.MULTILINE)
        return head.sub(lambda line: line[0] + "".join(rows.values()), chapter, count=1)

    def write_prior(row: re.Match[str]) -> str:
        choices = ", ".join(f"`{choice}`" for choice in written(row[1]))
        return f"| `{row[1]}` | {choices} |"

    text = PRIOR.sub(write_prior, text)
    text = "".join(map(write, re.split(r"(?m)^(?=###? )", text)))
    text = FORMS_TABLE.sub(lambda head: head[1] + "".join(map(_form, FORMS)), text)
    return MEASURES_TABLE.sub(lambda head: head[1] + "".join(map(_measure, MEASURES)), text)


def _form(name: str) -> str:
    """Row of a form of input: its columns, families and measures, each default first."""
    form = FORMS[name]
    measures = measures_of(name) if form.kind is not Estimates else []
    columns = ", ".join(
        f"`{column}`" + (f" (or `{form.instead[column]}`)" if column in form.instead else "")
        for column in form.columns
    )
    cells = [_quoted([name]), form.row, columns, _quoted(families_of(name))]
    return f"| {' | '.join([*cells, _quoted(measures) or 'any, none by default'])} |\n"


def _measure(name: str) -> str:
    """Row of an effect measure."""
    measure = MEASURES[name]
    forms = [form.name for form in FORMS.values() if form.kind is measure.kind]
    told = measure.told.format(correction="`continuity_correction`") or "as it is"
    reading = measure.reading.name if measure.reading else "–"
    label = measure.label or "mean, in the units of the data"
    return f"| {_quoted([name])} | {_quoted(forms)} | {label} | {reading} | {told} |\n"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _rows(part: str) -> dict[str, str]:
    """Rows of the keys of one part of the configuration."""
    schema = load_schema()["properties"][part]
    schema = schema.get("additionalProperties") or schema
    keys = schema.get("properties", {part: schema})
    required = schema.get("required", [])
    return {key: _row(key, field, key in required) for key, field in keys.items()}


def _row(key: str, field: Mapping[str, Any], required: bool) -> str:
    default = "required" if required else f"`{as_yaml(field.get('default', {}))}`"
    once = ", each once" if field.get("uniqueItems") else ""
    return f"| `{key}` | {field['description']} | {default} | {describe(field)}{once} |\n"
