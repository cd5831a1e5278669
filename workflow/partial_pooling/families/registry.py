"""The families, by their names in a configuration."""

from __future__ import annotations

from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL

FAMILIES: dict[str, Family] = {family.name: family for family in (NORMAL,)}


def families_of(form: str) -> list[str]:
    """Names of the families that take a form, its default first.

    A likelihood of the data as they are comes before one of estimates made from them.
    """
    taking = [family for family in FAMILIES.values() if form in family.forms]
    return [family.name for family in sorted(taking, key=lambda family: family.on_estimates)]
