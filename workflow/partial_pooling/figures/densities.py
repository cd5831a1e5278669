"""Draws as histograms, under the exact densities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from partial_pooling.figures.curves import body, curve
from partial_pooling.figures.draws import Fits, draws_of
from partial_pooling.figures.labels import HYPERPARAMETERS, escape, label
from partial_pooling.figures.style import (
    COLOURS,
    EXACT,
    GREY,
    by_width,
    grid,
    narrowed,
    new_figure,
    styled,
)

if TYPE_CHECKING:
    import xarray as xr


@styled
def densities(fits: Fits, curves: xr.Dataset) -> Figure:
    """Draw the exact densities of mu, tau and log tau over each model's histogram.

    Parameters
    ----------
    fits
        One fit a model.
    curves
        The exact posterior's curves (exact.nc).

    Returns
    -------
    matplotlib.figure.Figure
        A row a model, a column a variable. Axes reach to the exact 0.05 % and 99.95 % quantiles,
        less far where tails are heavy; draws beyond them still count in the histogram's scale.
    """
    figure = new_figure(0.8 + by_width(2.1, 4.8) * len(fits))
    axes = grid(figure, len(fits), len(HYPERPARAMETERS), sharex="col", sharey="col")
    for column, variable in zip(axes.T, HYPERPARAMETERS, strict=True):
        x, density = curve(curves, variable, "density")
        low, high = body(curves, variable)
        for (model, fit), ax in zip(fits.items(), column, strict=True):
            values = draws_of(fit, variable).ravel()
            counts, edges = np.histogram(values, bins=50, range=(low, high))
            height = counts / (values.size * np.diff(edges))
            ax.stairs(height, edges, fill=True, color=COLOURS[model], alpha=0.55)
            ax.plot(x, density, color=EXACT, linewidth=1.6)
            ax.set_xlim(low, high)
            ax.set_ylim(bottom=0)
            ax.yaxis.set_major_locator(MaxNLocator(3))
        column[-1].set_xlabel(label(variable))
        # a chain that was stuck piles its draws up in one bin, which must not flatten the curve
        peak = float(np.max(density[np.isfinite(density)]))
        column[0].set_ylim(top=min(column[0].get_ylim()[1], 2 * peak))
    for model, row in zip(fits, axes, strict=True):
        for ax in row[: by_width(1, None)]:
            ax.set_ylabel("density")
            ax.set_title(escape(model), color=COLOURS[model], loc="left")
    figure.legend(
        handles=[
            Line2D([], [], color=EXACT, linewidth=1.6, label="exact posterior"),
            Patch(color=GREY, alpha=0.55, label="draws of the model"),
        ],
        loc="outside upper center",
        ncols=by_width(2, 1),
    )
    return figure


densities_narrow = narrowed(densities)
