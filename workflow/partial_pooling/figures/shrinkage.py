"""The groups given tau: how estimates move together as it shrinks."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from partial_pooling.data.groups import Estimates
from partial_pooling.figures.curves import body
from partial_pooling.figures.labels import escape, label, shorten, units, upright
from partial_pooling.figures.style import (
    EMPIRICAL_BAYES,
    GREY,
    MOST_VECTOR_LINES,
    Array,
    by_width,
    narrowed,
    new_figure,
    styled,
)
from partial_pooling.words import significant

if TYPE_CHECKING:
    import xarray as xr

METHODS = {"ml": "ML", "reml": "REML", "paule_mandel": "PM", "dersimonian_laird": "DL"}
MOST_LABELLED_GROUPS = 12


@styled
def shrinkage(groups: Estimates, curves: xr.Dataset, classical: pd.DataFrame) -> Figure:
    """Draw the conditional mean and sd of every theta against tau (BDA 3rd ed., section 5.5).

    Parameters
    ----------
    groups
        Estimates and standard errors.
    curves
        The exact posterior's curves (exact.nc).
    classical
        The table classical.csv, for the estimates of tau that empirical Bayes plugs in.

    Returns
    -------
    matplotlib.figure.Figure
        Above E[theta | tau, y], below sd[theta | tau, y]; behind them the posterior density of
        tau, its height not to scale.
    """
    tau = curves["at_tau"].to_numpy()
    density = curves["tau_density"].to_numpy()
    tail = float(curves["quantile"].sel(variable="tau", probability=0.975))
    limit = min(1.15 * tail, body(curves, "tau")[1])
    kept = tau <= limit
    means = curves["theta_mean_given_tau"].transpose("group", "at_tau").to_numpy()
    sds = curves["theta_sd_given_tau"].transpose("group", "at_tau").to_numpy()
    few = len(groups) <= MOST_LABELLED_GROUPS
    figure = new_figure(by_width(8.0, 6.4))
    axes = figure.subplots(2, 1, sharex=True)
    norm = mpl.colors.Normalize(groups.estimate.min(), groups.estimate.max())
    ramp = mpl.colormaps["cividis"].resampled(256)(np.linspace(0, 0.82, 256))
    ramp_map = mpl.colors.ListedColormap(ramp)
    plugged = _plugged_in(classical)
    peak = float(np.max(density[kept & np.isfinite(density)]))
    for ax, curves_of, named in (
        (axes[0], means, f"E[θ | τ, y] ({units()})"),
        (axes[1], sds, f"sd[θ | τ, y] ({units()})"),
    ):
        ax.fill_between(
            tau[kept],
            0,
            np.minimum(density[kept] / peak, 1) * 0.92,
            transform=ax.get_xaxis_transform(),
            color="#E3E3E3",
            linewidth=0,
            zorder=0,
        )
        ax.add_collection(
            LineCollection(
                [np.column_stack([tau[kept], line]) for line in curves_of[:, kept]],
                colors=ramp_map(norm(groups.estimate)),
                linewidths=1.8 if few else 1,
                alpha=1 if few else 0.7,
                rasterized=len(groups) > MOST_VECTOR_LINES,
            )
        )
        ax.autoscale_view()
        for value in plugged:
            if value <= limit:
                ax.axvline(value, color=EMPIRICAL_BAYES, linewidth=1.6, linestyle=(0, (3, 2)))
                if few:
                    ax.plot(
                        np.full(len(curves_of), value),
                        [np.interp(value, tau, line) for line in curves_of],
                        linestyle="none",
                        marker="o",
                        markersize=5,
                        color=EMPIRICAL_BAYES,
                        clip_on=False,
                        zorder=5,
                    )
        ax.set_xlim(0, tau[kept][-1])
        ax.set_ylabel(upright(named))
        if few:
            _label_ends(ax, float(tau[kept][-1]), curves_of[:, kept][:, -1], groups.names)
    if not few:
        figure.colorbar(
            mpl.cm.ScalarMappable(norm, ramp_map),
            ax=axes,
            label=f"estimate y of the group ({units()})",
            aspect=40,
            location=by_width("right", "bottom"),
        )
    axes[-1].set_xlabel(label("tau"))
    methods = "; ".join(
        f"{', '.join(names)}: τ = {significant(3)(value)}" for value, names in plugged.items()
    )
    methods = by_width(methods, textwrap.fill(methods, 30))
    figure.legend(
        handles=[
            Patch(color="#E3E3E3", label="posterior density of τ"),
            Line2D(
                [],
                [],
                color=EMPIRICAL_BAYES,
                linestyle=(0, (3, 2)),
                marker="o" if few else "",
                markersize=5,
                label=f"empirical Bayes ({methods})",
            ),
        ],
        loc="outside upper center",
        ncols=by_width(2 if len(methods) < 34 else 1, 1),
    )
    return figure


shrinkage_narrow = narrowed(shrinkage)


def _plugged_in(classical: pd.DataFrame) -> dict[float, list[str]]:
    """The estimates of tau, each with the methods that arrive at it."""
    by_value: dict[float, list[str]] = {}
    taus = classical.set_index("method")["tau"]
    for method, name in METHODS.items():
        value = float(taus.get(method, math.nan))
        if math.isfinite(value):
            by_value.setdefault(float(f"{value:.3g}"), []).append(name)
    return dict(sorted(by_value.items()))


def _label_ends(ax: Axes, x: float, heights: Array, names: Sequence[str]) -> None:
    """Name lines at their right ends, moved apart where they would overlap."""
    low, high = ax.get_ylim()
    gap = 0.058 * (high - low)
    order = np.argsort(heights, kind="stable")
    placed = heights[order].astype(float)
    for _ in range(200):
        for i in range(1, len(placed)):
            lack = gap - (placed[i] - placed[i - 1])
            if lack > 1e-12:
                placed[i] += lack / 2
                placed[i - 1] -= lack / 2
    for position, index in zip(placed, order, strict=True):
        ax.annotate(
            escape(shorten(names[index], 14)),
            (x, float(heights[index])),
            (1.02, float(position)),
            textcoords=ax.get_yaxis_transform(),
            verticalalignment="center",
            annotation_clip=False,
            fontsize=9.5,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": 0},
        )
