"""The exact posterior's stored curves (exact.nc), as figures read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from partial_pooling.figures.style import Array

if TYPE_CHECKING:
    import xarray as xr


def curve(curves: xr.Dataset, variable: str, name: str) -> tuple[Array, Array]:
    """Points of a variable and its exact density or cdf there."""
    of_variable = curves.sel(variable=variable)
    return of_variable["value"].to_numpy(), of_variable[name].to_numpy()


def quantile(curves: xr.Dataset, variable: str, p: float) -> float:
    """An exact quantile, interpolated between the points of the stored CDF."""
    x, cdf = curve(curves, variable, "cdf")
    return float(np.interp(p, cdf, x))


def body(curves: xr.Dataset, variable: str) -> tuple[float, float]:
    """The range that shows a variable's density, far tails left out (Tukey's fences, wide)."""
    x, _ = curve(curves, variable, "density")
    quartiles = curves["quantile"].sel(variable=variable, probability=[0.25, 0.75])
    lower, upper = (float(value) for value in quartiles.to_numpy())
    fence = 6 * (upper - lower)
    return max(float(x[0]), lower - fence), min(float(x[-1]), upper + fence)
