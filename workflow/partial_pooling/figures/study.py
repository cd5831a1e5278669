"""All fits of a study: what target_accept does, and what was estimated."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from partial_pooling.figures.axes import (
    axis_from_zero,
    category_axis,
    log_axis,
    model_handles,
    note,
    separate,
)
from partial_pooling.figures.labels import HYPERPARAMETERS, label, upright
from partial_pooling.figures.style import (
    COLOURS,
    EXACT,
    MARKERS,
    MOST_VECTOR_MARKS,
    by_width,
    grid,
    narrowed,
    new_figure,
    styled,
)
from partial_pooling.words import NO_EXACT_MEAN


@styled
def target_accept(fits: pd.DataFrame) -> Figure:
    """Draw step size, divergences and effective sample sizes against target_accept.

    Parameters
    ----------
    fits
        The table fits.csv; its largest draws are used.

    Returns
    -------
    matplotlib.figure.Figure
        Four panels; a point a seed, a line through the means of each model.
    """
    last = fits[fits["draws"] == fits["draws"].max()]
    figure = new_figure(by_width(6.2, 9.6))
    axes = figure.subplots(*by_width((2, 2), (4, 1)), squeeze=False, sharex=True)
    ess_per_gradient = 1000 * last["ess_bulk_min"] / last["gradients"]
    panels = (
        ("step size", "(unconstrained scale)", last["step_size"], "log"),
        ("divergent transitions", "(% of all)", 100 * last["divergence_rate"], "zero"),
        ("bulk ESS", "(smallest of all variables)", last["ess_bulk_min"], "log"),
        ("bulk ESS per 1,000 gradients", "(tuning included)", ess_per_gradient, "log"),
    )
    accepts = np.unique(last["target_accept"])
    gap = float(np.min(np.diff(accepts))) if accepts.size > 1 else 0.1
    models = list(dict.fromkeys(last["model"]))
    for ax, (title, unit, values, scale) in zip(axes.ravel(), panels, strict=True):
        for k, model in enumerate(models):
            of_model = (last["model"] == model).to_numpy()
            x = last["target_accept"][of_model] + gap * 0.12 * (k - (len(models) - 1) / 2)
            y = values[of_model]
            ax.plot(
                x,
                y,
                linestyle="none",
                marker=MARKERS[model],
                markersize=5,
                markeredgewidth=0,
                alpha=0.55,
                color=COLOURS[model],
                rasterized=len(last) > MOST_VECTOR_MARKS // 4,
            )
            mean = y.groupby(x).mean()
            ax.plot(mean.index, mean, color=COLOURS[model], linewidth=1.8)
        ax.set_title(title, loc="left")
        ax.set_ylabel(unit)
        if scale == "log" and (values > 0).any():
            log_axis(ax.yaxis, values)
        else:
            axis_from_zero(ax, values.to_numpy(dtype=float))
        margin = max(0.5 * gap, 0.06 * float(np.ptp(accepts)))
        ax.set_xlim(accepts[0] - margin, accepts[-1] + margin)
        if accepts.size <= 6:
            ax.set_xticks(accepts, [f"{accept:g}" for accept in accepts])
    for ax in axes[-1]:
        ax.set_xlabel("target_accept")
    figure.legend(
        handles=model_handles(models),
        loc="outside upper center",
        ncols=min(len(models), by_width(4, 2)),
    )
    return figure


target_accept_narrow = narrowed(target_accept)


@styled
def estimates(estimates: pd.DataFrame, exact: pd.DataFrame) -> Figure:
    """Draw estimates over seeds against draws, with the exact mean.

    Parameters
    ----------
    estimates
        The table estimates.csv.
    exact
        The table exact.csv.

    Returns
    -------
    matplotlib.figure.Figure
        A row a variable (mu, tau, log tau, theta of the first group), a column for the lowest and
        one for the highest target_accept. Bars are two MCSEs either side of the posterior mean.
    """
    means = exact.set_index("variable")["mean"]
    first = next(name for name in means.index if name.startswith("theta["))
    variables = (*HYPERPARAMETERS, first)
    accepts = sorted({estimates["target_accept"].min(), estimates["target_accept"].max()})
    draws = sorted(estimates["draws"].unique())
    models = list(dict.fromkeys(estimates["model"]))
    seeds = list(dict.fromkeys(estimates["seed"]))
    places = len(models) * len(seeds)
    heavy = places * len(draws) * len(variables) * len(accepts) > MOST_VECTOR_MARKS
    figure = new_figure(0.8 + 1.85 * len(variables) * by_width(1, len(accepts)))
    axes = grid(figure, len(variables), len(accepts), sharex=True, sharey="row")
    for row, variable in zip(axes, variables, strict=True):
        for ax, accept in zip(row, accepts, strict=True):
            cells = estimates[
                (estimates["variable"] == variable) & (estimates["target_accept"] == accept)
            ]
            for k, model in enumerate(models):
                of_model = cells[cells["model"] == model]
                place = k * len(seeds) + of_model["seed"].map(seeds.index)
                marks = ax.errorbar(
                    of_model["draws"].map(draws.index) + 0.8 * ((place + 0.5) / places - 0.5),
                    of_model["mean"],
                    2 * of_model["mcse_mean"],
                    linestyle="none",
                    marker=MARKERS[model],
                    markersize=4 if places <= 16 else 2.5,
                    elinewidth=1.1 if places <= 16 else 0.6,
                    color=COLOURS[model],
                )
                for artist in marks.get_children():
                    artist.set_rasterized(heavy)
            separate(ax, len(draws))
            if math.isfinite(means[variable]):
                ax.axhline(means[variable], color=EXACT, linewidth=1.4, zorder=1.5)
            else:
                note(ax, NO_EXACT_MEAN)
        for ax in row[: by_width(1, None)]:
            ax.set_ylabel(upright(label(variable)))
        row[0].yaxis.set_major_locator(MaxNLocator(5))
    for ax, accept in zip(axes[0], accepts, strict=True):
        ax.set_title(f"target_accept = {accept:g}")
    for ax in axes[-1]:
        category_axis(ax, draws)
        ax.set_xlabel("draws a chain")
    figure.legend(
        handles=[
            Line2D([], [], color=EXACT, linewidth=1.4, label="exact mean"),
            *model_handles(models, ", ± 2 MCSE"),
        ],
        loc="outside upper center",
        ncols=by_width(3, 1),
    )
    return figure


estimates_narrow = narrowed(estimates)
