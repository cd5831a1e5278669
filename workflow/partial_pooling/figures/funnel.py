"""The funnel and its neck: log tau against theta, and the left tail of log tau."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from partial_pooling.figures.curves import curve, quantile
from partial_pooling.figures.draws import Fits, diverging_of, draws_of, span, with_divergences
from partial_pooling.figures.labels import escape, label, percent, shorten, units, upright
from partial_pooling.figures.style import (
    COLOURS,
    EXACT,
    GREY,
    HALO,
    by_width,
    narrowed,
    new_figure,
    styled,
)

if TYPE_CHECKING:
    import xarray as xr


@styled
def divergences(fits: Fits, curves: xr.Dataset) -> Figure:
    """Scatter log tau against theta of the first group, divergent transitions in front.

    Parameters
    ----------
    fits
        One fit a model.
    curves
        The exact posterior's curves (exact.nc), for the quantiles that mark the neck.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a model, all with the same axes.
    """
    group = str(next(iter(fits.values()))["posterior"].coords["group"].to_numpy()[0])
    columns = min(len(fits), by_width(2, 1))
    rows = math.ceil(len(fits) / columns)
    figure = new_figure(0.6 + by_width(3.9, 3.2) * rows)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    theta = {model: draws_of(fit, "theta")[0] for model, fit in fits.items()}
    height = {model: draws_of(fit, "log_tau").ravel() for model, fit in fits.items()}
    for ax, (model, fit) in zip(axes, fits.items(), strict=False):
        diverging = diverging_of(fit).ravel()
        few = max(1.0, 20_000 / diverging.size)  # of few draws each is larger and darker
        size, alpha = min(5, 2.2 * few**0.25), min(0.7, 0.22 * few**0.4)
        for kept, style in (
            (~diverging, {"color": COLOURS[model], "markersize": size, "alpha": alpha}),
            (diverging, {"color": EXACT, "markersize": max(4.5, 1.5 * size), "alpha": 0.9}),
        ):
            ax.plot(
                theta[model][kept],
                height[model][kept],
                linestyle="none",
                marker=".",
                markeredgewidth=0,
                rasterized=True,
                **style,
            )
        for p, line in ((0.01, "-"), (0.05, (0, (4, 2)))):
            cut = quantile(curves, "log_tau", p)
            ax.axhline(cut, color=EXACT, linewidth=1, linestyle=line)
            ax.annotate(
                f"exact {percent(p)} quantile",
                (1, cut),
                (-2, -2),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                horizontalalignment="right",
                verticalalignment="top",
                fontsize=9,
                bbox=HALO,
            )
        ax.set_title(with_divergences(model, fit, "\n"), color=COLOURS[model])
    for ax in axes[len(fits) :]:
        ax.set_visible(False)
    low, high = span(theta.values(), 0.0002, 0.9998)
    axes[0].set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    for ax in axes[: len(fits)][-columns:]:
        ax.set_xlabel(f"θ of {escape(shorten(group, 24))} ({units()})")
        ax.tick_params(labelbottom=True)
    for ax in axes[::columns]:
        ax.set_ylabel(upright(label("log_tau")))
    figure.legend(
        handles=[
            Line2D([], [], linestyle="none", marker=".", color=GREY, label="transition"),
            Line2D([], [], linestyle="none", marker=".", color=EXACT, label="divergent transition"),
        ],
        loc="outside upper center",
        ncols=by_width(2, 1),
        markerscale=2,
    )
    return figure


divergences_narrow = narrowed(divergences)


@styled
def funnel_neck(fits: Fits, curves: xr.Dataset) -> Figure:
    """Draw the left tail of log tau, sampled against exact, on a logarithmic scale.

    Parameters
    ----------
    fits
        One fit a model.
    curves
        The exact posterior's curves (exact.nc).

    Returns
    -------
    matplotlib.figure.Figure
        One panel: P(log tau < c) against c, with the exact 1 %, 5 % and 25 % marked.
    """
    figure = new_figure(by_width(4.6, 4.2))
    ax = figure.subplots()
    x, cdf = curve(curves, "log_tau", "cdf")
    lowest = max(float(cdf[cdf > 0].min()), 2e-4)
    for model, fit in fits.items():
        values = np.sort(draws_of(fit, "log_tau").ravel())
        rank = np.unique(np.geomspace(1, values.size, 800).astype(int))
        # P(log tau < c) jumps from (rank - 1) / n to rank / n at each draw
        ax.step(
            values[rank - 1],
            rank / values.size,
            where="post",
            color=COLOURS[model],
            linewidth=1.8,
            label=f"{escape(model)}, sampled",
        )
    ax.plot(x, cdf, color=EXACT, linewidth=1.8, label="exact")
    for p in (0.01, 0.05, 0.25):
        cut = quantile(curves, "log_tau", p)
        ax.plot([cut], [p], marker="o", color=EXACT, markersize=6)
        ax.annotate(
            f"exact {percent(p)}{by_width(f': log τ = {cut:.2f}', '')}".replace("-", "−"),
            (cut, p),
            (-9, 3),
            textcoords="offset points",
            horizontalalignment="right",
            bbox=HALO,
            fontsize=9.5,
        )
    ax.set_yscale("log")
    ax.set_ylim(lowest, 1.15)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda p, _: percent(p)))
    ax.yaxis.set_minor_formatter(NullFormatter())
    right = quantile(curves, "log_tau", 0.95)
    left = quantile(curves, "log_tau", max(lowest, 1e-3))
    ax.set_xlim(left - 0.3 * (right - left), right)
    ax.set_xlabel(f"c (log of τ in {units()})")
    ax.set_ylabel("P(log τ < c)")
    figure.legend(loc="outside upper center", ncols=by_width(3, 1))
    return figure


funnel_neck_narrow = narrowed(funnel_neck)
