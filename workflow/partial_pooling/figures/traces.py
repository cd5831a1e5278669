"""Draws over iterations: traces, log tau with its divergences, the mean of log tau so far."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from partial_pooling.figures.axes import note
from partial_pooling.figures.draws import (
    Fits,
    diverging_of,
    draws_of,
    envelope,
    fade,
    smooth_density,
    span,
    thin,
    with_divergences,
)
from partial_pooling.figures.labels import THOUSANDS, escape, label, upright
from partial_pooling.figures.style import (
    COLOURS,
    EXACT,
    GREY,
    HALO,
    MOST_VECTOR_LINES,
    WIDTH,
    by_line,
    by_width,
    grid,
    narrowed,
    new_figure,
    shades,
    styled,
)
from partial_pooling.words import fixed, symbol, to_errors

EXTENT = {"tau": (0, 0.9995), "theta": (0.0005, 0.9995)}  # of the axes of traces, quantiles
MOST_TRACED_GROUPS = 100


@styled
def traces(fits: Fits) -> Figure:
    """Draw the density and the trace of mu, tau, log tau and theta, a column a model.

    Parameters
    ----------
    fits
        One fit a model: trees with group `posterior` (chain, draw, group).

    Returns
    -------
    matplotlib.figure.Figure
        First densities, a line a chain (for theta: a line a group), then draws of all chains
        over iterations, a shade a chain (theta: a shade a group), thinned so that single
        excursions can be seen. Of more than `MOST_TRACED_GROUPS` groups as many are drawn, evenly
        spaced. Ranges leave out the outermost 0.05 % of the draws of tau and theta, which may be
        far out.
    """
    models = list(fits)
    variables = ("mu", "tau", "log_tau", "theta")
    figure = (
        new_figure(5.2 * (1 + len(models)))
        if by_width(False, True)
        else new_figure(8.2, WIDTH + 1.9 * max(len(models) - 2, 0))
    )
    axes = grid(
        figure,
        len(variables),
        1 + len(models),
        sharey="row",
        width_ratios=[0.75] + [1] * len(models),
    )
    for row, variable in zip(axes, variables, strict=True):
        series = {model: draws_of(fit, variable) for model, fit in fits.items()}
        named = by_width(label, symbol)(variable)
        if variable == "theta":
            of = len(series[models[0]])
            drawn = np.linspace(0, of - 1, min(of, MOST_TRACED_GROUPS)).astype(int)
            series = {model: values[drawn] for model, values in series.items()}
            named = ("all " if len(drawn) == of else f"{len(drawn)} of {of:,} ") + named
        low, high = span(series.values(), *EXTENT.get(variable, (0, 1)))
        if variable == "tau":
            low = min(low, max(0.0, low - 0.02 * (high - low)))
        for model, ax in zip(models, row[1:], strict=True):
            lines = series[model]
            most = (
                by_width(600, 400) // max(2, len(models))
                if variable != "theta"
                else max(50, 500 // len(lines))
            )
            for values, shade in zip(lines, shades(COLOURS[model], len(lines)), strict=True):
                x, density = smooth_density(values, low, high)
                row[0].plot(
                    density,
                    x,
                    color=COLOURS[model],
                    linewidth=1,
                    alpha=fade(len(lines)),
                    rasterized=len(lines) > MOST_VECTOR_LINES,
                )
                chains = values.reshape(-1, fits[model]["posterior"].sizes["draw"])
                for chain in chains:
                    kept = thin(chain.size, most)
                    ax.plot(
                        kept + 1,
                        chain[kept],
                        color=shade,
                        linewidth=0.4,
                        antialiased=False,  # few colours: a third of the bytes
                        rasterized=True,
                    )
            ax.set_xlim(0, chains.shape[1])
            ax.xaxis.set_major_locator(MaxNLocator(2, prune="upper"))
            ax.xaxis.set_major_formatter(THOUSANDS)
            ax.tick_params(labelbottom=variable == "theta")
        row[0].set_ylim(low, high)
        for ax in row[: by_width(1, None)]:
            ax.set_ylabel(upright(named))
        row[0].set_xlim(left=0)
        row[0].xaxis.set_major_locator(NullLocator())
    axes[0, 0].set_title("density")
    axes[-1, 0].set_xlabel("density")
    for model, top, bottom in zip(models, axes[0, 1:], axes[-1, 1:], strict=True):
        top.set_title(escape(model), color=COLOURS[model])
        bottom.set_xlabel("iteration")
    return figure


@styled
def log_tau(fits: Fits) -> Figure:
    """Draw log tau over iterations, chains joined end to end, divergent transitions below.

    Parameters
    ----------
    fits
        One fit a model.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a model on the same axes. The line spans the smallest and the largest value of
        each stretch of iterations, so that no excursion is lost.
    """
    figure = new_figure(0.5 + by_width(2.15, 1.8) * len(fits))
    axes = figure.subplots(len(fits), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    low, high = span([draws_of(fit, "log_tau") for fit in fits.values()], 0, 1)
    for (model, fit), ax in zip(fits.items(), axes, strict=True):
        values = draws_of(fit, "log_tau")
        chains, draws = values.shape
        x, y = envelope(values.ravel(), 1400)
        ax.plot(x + 1, y, color=COLOURS[model], linewidth=0.5, rasterized=True)
        for chain in range(1, chains):
            ax.axvline(
                chain * draws,
                color=EXACT if chain == 1 else GREY,
                linewidth=1.6 if chain == 1 else 0.8,
                linestyle="-" if chain == 1 else ":",
            )
        if chains > 1:
            ax.annotate(
                "first chain ends",
                (draws, 1),
                (4, -2),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                verticalalignment="top",
                fontsize=9.5,
                bbox=HALO,
            )
        diverging = diverging_of(fit).ravel()
        floor = low - 0.09 * (high - low)
        ax.plot(
            np.flatnonzero(diverging) + 1,
            np.full(diverging.sum(), floor),
            linestyle="none",
            marker="|",
            markersize=7,
            markeredgewidth=0.6,
            color=EXACT,
            rasterized=True,
        )
        ax.set_ylim(low - 0.17 * (high - low), high + 0.12 * (high - low))
        ax.set_xlim(0, values.size)
        ax.set_ylabel(upright(label("log_tau")))
        title = with_divergences(model, fit, by_width(" ", "\n"))
        ax.set_title(title, color=COLOURS[model], loc="left")
        ax.xaxis.set_major_locator(MaxNLocator(by_width(9, 4)))
        ax.xaxis.set_major_formatter(THOUSANDS)
    axes[-1].set_xlabel(
        by_line("iteration, chains joined end to end;", "ticks below: divergent transitions")
    )
    return figure


@styled
def cumulative_mean(
    fits: Fits, mcse: Mapping[str, float], exact_mean: float, quoted: float | None = None
) -> Figure:
    """Draw the mean of log tau over the draws so far, chains joined as in the lecture.

    Parameters
    ----------
    fits
        One fit a model.
    mcse
        The MCSE of each model's mean of log tau over the whole run. The band is two of them
        either side, widened for the first n of N draws by sqrt(N / n).
    exact_mean
        The exact posterior mean of log tau; NaN where it does not exist.
    quoted
        A value quoted from elsewhere, to be shown in grey.

    Returns
    -------
    matplotlib.figure.Figure
        One panel.
    """
    figure = new_figure(by_width(4.2, 3.8))
    ax = figure.subplots()
    late = [value for value in (exact_mean, quoted) if value is not None and math.isfinite(value)]
    for model, fit in fits.items():
        values = draws_of(fit, "log_tau").ravel()
        n = np.unique(np.linspace(1, values.size, by_width(800, 400)).astype(int))
        mean = np.cumsum(values)[n - 1] / n
        half = 2 * mcse.get(model, math.nan) * np.sqrt(values.size / n)
        ax.fill_between(n, mean - half, mean + half, color=COLOURS[model], alpha=0.18, linewidth=0)
        ax.plot(n, mean, color=COLOURS[model], linewidth=1.8, label=escape(model))
        settled = n > 0.04 * values.size
        for edge in (mean, mean - half, mean + half):
            late += [float(v) for v in edge[settled] if math.isfinite(v)]
    if quoted is not None:
        ax.axhline(quoted, color=GREY, linewidth=1.6, linestyle=(0, (4, 2)), zorder=1.5)
        ax.plot(
            [], [], color=GREY, label=f"{quoted:.7g}, quoted in the lecture", linestyle=(0, (4, 2))
        )
    # beside a quoted value as many digits as that has; else as many as the draws tell
    exact_form = fixed(7) if quoted is not None else to_errors(mcse.values())
    if math.isfinite(exact_mean):
        ax.axhline(exact_mean, color=EXACT, linewidth=2, zorder=2.5)
        ax.plot([], [], color=EXACT, label=f"{exact_form(exact_mean)}, exact", linewidth=2)
    else:
        note(ax, "the exact mean of log τ does not exist")
    pad = 0.1 * (max(late) - min(late)) or 0.5
    ax.set_ylim(min(late) - pad, max(late) + pad)
    ax.set_xlim(0, values.size)
    ax.xaxis.set_major_locator(MaxNLocator(by_width(9, 4)))
    ax.xaxis.set_major_formatter(THOUSANDS)
    ax.set_xlabel("iteration, chains joined end to end")
    ax.set_ylabel("mean of log τ so far")
    figure.legend(loc="outside upper center", ncols=by_width(2, 1))
    return figure


traces_narrow = narrowed(traces)
log_tau_narrow = narrowed(log_tau)
cumulative_mean_narrow = narrowed(cumulative_mean)
