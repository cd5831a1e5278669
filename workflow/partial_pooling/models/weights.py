"""The file of weights that the exact posterior, or a hand, hands to the sampler."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.files import intact, replacing


def write_weights(names: Sequence[str], weights: Array, suggested: Array, path: str | Path) -> None:
    """Write `group,weight,suggested`: the weights to use, and those that the rule chooses."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("group", "weight", "suggested"))
        writer.writerows(
            (name, f"{w:g}", f"{s:g}") for name, w, s in zip(names, weights, suggested, strict=True)
        )


def read_weights(path: str | Path) -> Array:
    """Read the weights of J groups, shape (J,)."""
    with intact(path).open(encoding="utf-8", newline="") as file:
        return np.array([float(row["weight"]) for row in csv.DictReader(file)])
