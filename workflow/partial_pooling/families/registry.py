"""The families, by their names in a configuration."""

from __future__ import annotations

from partial_pooling.families.binomial import BINOMIAL
from partial_pooling.families.family import Family
from partial_pooling.families.hypergeometric import HYPERGEOMETRIC
from partial_pooling.families.normal import NORMAL
from partial_pooling.families.poisson import POISSON
from partial_pooling.families.student import STUDENT

FAMILIES: dict[str, Family] = {
    family.name: family for family in (NORMAL, STUDENT, BINOMIAL, POISSON, HYPERGEOMETRIC)
}
