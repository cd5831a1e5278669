"""What editors and readers are told of the settings: the JSON Schema, the tables of keys.

Both come from the models of `study.settings`; the prose of config/README.md stays.
`report.generated` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from partial_pooling.priors.priors import written
from partial_pooling.study.configuration import as_yaml, describe
from partial_pooling.study.settings import load_schema

HEAD = "# Written by `python -m partial_pooling.report.generated`; edit study/settings.py.\n"
# a row of three cells, and one of four
PRIOR = re.compile(r"^\| `(mu|tau)` \|[^|\n]*\|(?=[^|\n]*\|$)", flags=re.MULTILINE)
KEY = re.compile(r"^\| `(\w+)` (?:\|[^|\n]*){3}\|\n", flags=re.MULTILINE)


def schema_text() -> str:
    """The JSON Schema of the configuration, in YAML."""
    text = yaml.safe_dump(
        load_schema(), sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
    return HEAD + text


def with_tables(text: str) -> str:
    """Write the rows of a text's tables of keys anew, each where it stands below ### `part`.

    A key without a row gets one on top of the part's first table.
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
    return "".join(map(write, re.split(r"(?m)^(?=###? )", text)))


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
