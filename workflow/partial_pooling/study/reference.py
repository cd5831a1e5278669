"""What editors and readers are told of the settings: the JSON Schema, the tables of keys.

    uv run python -m partial_pooling.study.reference

writes both from the models of `study.settings`; the prose of config/README.md stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from partial_pooling.study.configuration import as_yaml, describe
from partial_pooling.study.settings import load_schema

ROOT = Path(__file__).parents[3]
HEAD = "# Written by `python -m partial_pooling.study.reference`; edit study/settings.py instead.\n"
TABLE_OF_KEYS = re.compile(r"\| [^|]+ \| meaning \| default \| allowed \|")


def schema_text() -> str:
    """The JSON Schema of the configuration, in YAML."""
    text = yaml.safe_dump(
        load_schema(), sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
    return HEAD + text


def with_tables(text: str) -> str:
    """A text with its tables of keys as the models have them.

    The rows of `### `part`` stand below headers that end in meaning, default and allowed; a key
    keeps its place, and one without a row gets it below the part's last.
    """
    head, *chapters = re.split(r"^(?=###? )", text, flags=re.MULTILINE)
    for i, chapter in enumerate(chapters):
        part = re.match(r"### `(\w+)`", chapter)
        if part:
            chapters[i] = _with_rows(chapter, _rows(part[1]))
    return "".join([head, *chapters])


def _with_rows(chapter: str, rows: dict[str, str]) -> str:
    lines: list[str] = []
    last, in_table = 0, False
    for line in chapter.splitlines(keepends=True):
        key = re.match(r"\| `(\w+)` \|", line)
        in_table = bool(TABLE_OF_KEYS.match(line)) or (in_table and line.startswith("|"))
        if in_table and key:
            if key[1] not in rows:
                continue
            line = rows.pop(key[1])
        lines.append(line)
        last = len(lines) if in_table else last
    return "".join([*lines[:last], *rows.values(), *lines[last:]])


def _rows(part: str) -> dict[str, str]:
    """Rows of the keys of one part of the configuration."""
    schema = load_schema()["properties"][part]
    schema = schema.get("additionalProperties") or schema
    keys = schema.get("properties", {part: schema})
    required = schema.get("required", [])
    return {key: _row(key, field, key in required) for key, field in keys.items()}


def _row(key: str, field: Mapping[str, Any], required: bool) -> str:
    default = "required" if required else f"`{as_yaml(field['default'])}`"
    once = ", each once" if field.get("uniqueItems") else ""
    return f"| `{key}` | {field['description']} | {default} | {describe(field)}{once} |\n"


if __name__ == "__main__":
    for path, text in (
        (ROOT / "workflow/schemas/config.schema.yaml", schema_text()),
        (ROOT / "config/README.md", with_tables((ROOT / "config/README.md").read_text("utf-8"))),
    ):
        path.write_text(text, encoding="utf-8")
