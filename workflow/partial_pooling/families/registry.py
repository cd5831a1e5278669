"""The families, by their names in a configuration."""

from __future__ import annotations

from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL

FAMILIES: dict[str, Family] = {family.name: family for family in (NORMAL,)}
