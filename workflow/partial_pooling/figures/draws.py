"""Draws of fits as arrays, and made light enough to be drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from partial_pooling.figures.labels import escape, percent
from partial_pooling.figures.style import Array

if TYPE_CHECKING:
    import xarray as xr

type Fits = Mapping[str, xr.DataTree]


def draws_of(fit: xr.DataTree, variable: str) -> Array:
    """Draws: (chain, draw), or for theta (group, chain x draw)."""
    values = fit["posterior"][variable]
    if variable == "theta":
        theta = values.transpose("group", "chain", "draw").to_numpy()
        return np.asarray(theta.reshape(len(theta), -1), dtype=float)
    return np.asarray(values.transpose("chain", "draw").to_numpy(), dtype=float)


def diverging_of(fit: xr.DataTree) -> NDArray[np.bool_]:
    """Which transitions diverged: (chain, draw)."""
    diverging = fit["sample_stats"]["diverging"].transpose("chain", "draw").to_numpy()
    return np.asarray(diverging, dtype=bool)


def with_divergences(model: str, fit: xr.DataTree, separator: str = " ") -> str:
    """A model's name and how many of its transitions diverged."""
    diverging = diverging_of(fit)
    return (
        f"{escape(model)}:{separator}{diverging.sum():,} of {diverging.size:,} diverged "
        f"({percent(float(diverging.mean()))})"
    )


def span(values: Iterable[Array], lower: float, upper: float) -> tuple[float, float]:
    """The range of all values together, from a lower to an upper quantile of each."""
    limits = [np.quantile(part, [lower, upper]) for part in values]
    low, high = (float(v) for v in (min(p[0] for p in limits), max(p[1] for p in limits)))
    return (low, high) if high > low else (low - 1, high + 1)


def smooth_density(values: Array, low: float, high: float) -> tuple[Array, Array]:
    """Gaussian kernel density on a grid, reflected at both ends of the range.

    Values beyond the range count in the scale, which ArviZ's estimate refuses.
    """
    bins = 256
    counts, edges = np.histogram(values, bins=bins, range=(low, high))
    width = (high - low) / bins
    quartiles = np.quantile(values, [0.25, 0.75])
    scale = min(float(np.std(values)), float(quartiles[1] - quartiles[0]) / 1.34)
    bandwidth = max(0.9 * scale * values.size**-0.2 / width, 0.5)
    reach = min(math.ceil(4 * bandwidth), bins - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / bandwidth) ** 2)
    smooth = np.convolve(np.pad(counts, reach, mode="symmetric"), kernel / kernel.sum(), "valid")
    return (edges[1:] + edges[:-1]) / 2, smooth / (values.size * width)


def envelope(values: Array, bins: int) -> tuple[Array, Array]:
    """Positions and values of a line that keeps the extremes of each of `bins` stretches."""
    if values.size <= 2 * bins:
        return np.arange(values.size, dtype=float), values
    starts = np.linspace(0, values.size, bins, endpoint=False).astype(int)
    y = np.column_stack([np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)])
    x = np.append(starts[1:], values.size) / 2 + starts / 2
    return np.repeat(x, 2), y.ravel()


def thin(size: int, most: int) -> NDArray[np.intp]:
    """Positions of at most about twice `most` of `size` draws, evenly spaced."""
    return np.arange(0, size, max(1, size // most))


def fade(lines: int) -> float:
    """Opacity at which so many lines can be told apart."""
    return max(0.15, min(0.9, 4 / lines))
