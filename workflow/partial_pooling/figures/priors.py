"""Prior and posterior of mu and tau, one over the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from partial_pooling.figures.axes import note
from partial_pooling.figures.curves import body, curve
from partial_pooling.figures.labels import label
from partial_pooling.figures.style import (
    EXACT,
    RAW,
    by_width,
    grid,
    narrowed,
    new_figure,
    styled,
)
from partial_pooling.priors.prior import Location, Scale
from partial_pooling.priors.priors import HyperPrior

if TYPE_CHECKING:
    import xarray as xr

WIDEST = 4.0  # ranges of the posterior that an axis reaches to show more of a wide prior


@styled
def prior_posterior(curves: xr.Dataset, prior: HyperPrior) -> Figure:
    """Draw the prior of mu and tau over their exact posterior.

    Parameters
    ----------
    curves
        The exact posterior's curves (exact.nc).
    prior
        The study's priors.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for mu and one for tau. An improper prior has no density to scale: a note says so.
    """
    figure = new_figure(by_width(3.1, 5.2))
    axes = grid(figure, 1, 2)[0]
    priors: tuple[Location | Scale, ...] = (prior.mu, prior.tau)
    for variable, of, ax in zip(("mu", "tau"), priors, axes, strict=True):
        x, density = curve(curves, variable, "density")
        low, high = _reach(*body(curves, variable), of)
        ax.fill_between(x, 0, density, color=EXACT, alpha=0.25, linewidth=0)
        ax.plot(x, density, color=EXACT, linewidth=1.6)
        shown = density[(x >= low) & (x <= high) & np.isfinite(density)]
        top = float(shown.max())
        if of.is_proper:
            points = np.linspace(low, high, 400)
            points = points[points > 0] if variable == "tau" else points
            height = np.exp(of.log_density(points))
            ax.plot(points, height, color=RAW, linewidth=1.8, linestyle="--")
            top = max(top, min(float(height.max()), 2 * top))
        else:
            note(ax, f"the prior of {'μ' if variable == 'mu' else 'τ'} is flat")
        ax.set_xlim(low, high)
        ax.set_ylim(0, 1.06 * top)
        ax.set_xlabel(label(variable))
        ax.yaxis.set_major_locator(MaxNLocator(3))
    for ax in axes[:: by_width(2, 1)]:
        ax.set_ylabel("density")
    figure.legend(
        handles=[
            Line2D([], [], color=RAW, linewidth=1.8, linestyle="--", label="prior"),
            Patch(color=EXACT, alpha=0.4, label="exact posterior"),
        ],
        loc="outside upper center",
        ncols=2,
    )
    return figure


prior_posterior_narrow = narrowed(prior_posterior)


def _reach(low: float, high: float, prior: Location | Scale) -> tuple[float, float]:
    """Ends of an axis: the posterior's body, and of the prior's what does not flatten it."""
    least, most = prior.support
    if prior.is_proper:
        # not its quantiles, some of which would import SciPy for this alone
        if isinstance(prior, Location):
            start, end = prior.mean - 2 * prior.sd, prior.mean + 2 * prior.sd
        else:
            start, end = 0.0, 2 * max(prior.scales)
        room = (WIDEST - 1) / 2 * (high - low)
        low, high = min(low, max(start, low - room)), max(high, min(end, high + room))
    return max(low, least), min(high, most)
