"""What a setting can be: the base of all models of settings, and the kinds of their values.

A setting is a field of such a model: its annotation says what is allowed, the string below it what
it means. The JSON Schema, the tables of config/README.md and the lines about faults come from that
(`study.reference`, `study.configuration`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, GetPydanticSchema
from pydantic_core import PydanticCustomError, core_schema


class Settings(BaseModel):
    """Settings by name, checked; unknown ones are refused."""

    # Descriptions are strings below fields, which do not count in a rule's digest of its code.
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def whole(least: int, greatest: int) -> GetPydanticSchema:
    """Whole numbers within limits; 1000.0 is one, true is none."""
    return _kind(
        core_schema.no_info_before_validator_function(
            lambda found: int(found) if isinstance(found, float) and found.is_integer() else found,
            core_schema.int_schema(strict=True, ge=least, le=greatest),
        )
    )


def number(**limits: float) -> GetPydanticSchema:
    """Numbers within limits `ge`, `gt`, `le`, `lt`; those written as whole ones stay so."""

    def check(found: Any, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
        handler(found)
        return found

    numbers = core_schema.float_schema(strict=True, **limits)  # type: ignore[arg-type]
    return _kind(core_schema.no_info_wrap_validator_function(check, numbers))


def one_of(words: Iterable[str]) -> GetPydanticSchema:
    """One of these words."""
    return _kind(core_schema.literal_schema(list(words)))


def _kind(schema: core_schema.CoreSchema) -> GetPydanticSchema:
    return GetPydanticSchema(lambda source, handler: schema)


def _each_once(least: int) -> GetPydanticSchema:
    """Lists of at least so many items, no two alike."""
    return GetPydanticSchema(
        lambda source, handler: _list_of_distinct(source, handler, least),
        lambda schema, handler: {**handler(schema), "uniqueItems": True},
    )


def _list_of_distinct(source: Any, handler: Any, least: int) -> core_schema.CoreSchema:
    def check(found: Any) -> Any:
        items = [(isinstance(i, bool), i) for i in found] if isinstance(found, list) else []
        if any(item in items[:i] for i, item in enumerate(items)):
            raise PydanticCustomError("twice", "an item stands twice")
        return found

    items = {**handler(source), "strict": True, "min_length": least}
    return core_schema.no_info_before_validator_function(check, items)


TEXT = _kind(core_schema.str_schema(strict=True, min_length=1))
TRUE_OR_FALSE = _kind(core_schema.bool_schema(strict=True))
EACH_ONCE = _each_once(1)
EACH_ONCE_IF_ANY = _each_once(0)
