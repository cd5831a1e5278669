"""Work on arrays in blocks, and sums that leave one out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]

BLOCK = 200_000  # numbers to work on at once: fits the cache, bounds the memory


def slices(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` rows, `width` numbers each, of at most BLOCK numbers."""
    size = max(1, BLOCK // width)
    for start in range(0, count, size):
        yield slice(start, start + size)


def sums_without(values: Array) -> Array:
    """Sum over the last axis without each of its elements in turn, and without subtracting."""
    result = np.zeros_like(values)
    result[..., 1:] = np.cumsum(values[..., :-1], axis=-1)
    result[..., :-1] += np.cumsum(values[..., :0:-1], axis=-1)[..., ::-1]
    return result
