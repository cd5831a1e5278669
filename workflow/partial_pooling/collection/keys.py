"""What tells a table from others: its data, neither its name nor its place."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace

import numpy as np

from partial_pooling.data.groups import Groups

SEEDS = 2**32


def data_digest(groups: Groups) -> str:
    """Digest of the numbers of a table, in the order of its groups: hexadecimal digits."""
    content = hashlib.sha256(type(groups).__name__.encode())
    for field in fields(groups):
        if field.name != "names":
            content.update(np.ascontiguousarray(getattr(groups, field.name), dtype="<f8").tobytes())
    return content.hexdigest()


def seed_of(seed: int, data: str) -> int:
    """The sampler's seed for a table, from the configured seed and the digest of its data.

    A study of the table with this seed has the same draws.
    """
    content = hashlib.sha256(f"{seed} {data}".encode()).digest()
    return int.from_bytes(content[:4], "little") % SEEDS


def anonymous(groups: Groups) -> Groups:
    """The groups with numbers for names, so that what is kept of them depends on data alone."""
    return replace(groups, names=tuple(map(str, range(len(groups)))))
