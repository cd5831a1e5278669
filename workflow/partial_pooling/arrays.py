"""Work on arrays in blocks and on one thread, and sums that leave one out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

type Array = NDArray[np.float64]

BLOCK = 200_000  # numbers to work on at once: fits the cache, bounds the memory
BLAS = ThreadpoolController()


def slices(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` rows, `width` numbers each, of at most BLOCK numbers."""
    size = max(1, BLOCK // width)
    for start in range(0, count, size):
        yield slice(start, start + size)


def one_thread[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Multiply the small matrices of a function on one thread, whatever the machine has.

    Several threads of BLAS wait for each other there, up to 30 times as long, and sum in another
    order: last digits would follow from the number of cores.
    """

    @wraps(function)
    def on_one_thread(*args: P.args, **kwargs: P.kwargs) -> R:
        with BLAS.limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return on_one_thread


def sums_without(values: Array) -> Array:
    """Sum over the last axis without each of its elements in turn, and without subtracting."""
    result = np.zeros_like(values)
    result[..., 1:] = np.cumsum(values[..., :-1], axis=-1)
    result[..., :-1] += np.cumsum(values[..., :0:-1], axis=-1)[..., ::-1]
    return result
