"""Figures of fits, of a study and of its groups: tables and draws in, Matplotlib figures out.

Every figure keeps to the same code: a model has one colour and one marker everywhere, what is
exact is black, and what comes from elsewhere is grey. The colours are those of Okabe and Ito
(2008), which readers with colour-vision deficiencies can tell apart; markers tell models apart in
print. Text of the user (names of groups and models) never reaches Matplotlib's mathtext.

The functions touch no file but `save`, which writes a figure as SVG and PNG.
"""

from __future__ import annotations

import functools
import math
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

from partial_pooling.data.groups import Groups
from partial_pooling.files import replacing
from partial_pooling.words import fixed, significant

if TYPE_CHECKING:
    import xarray as xr

type Array = NDArray[np.float64]
type Fits = Mapping[str, xr.DataTree]

# Okabe and Ito (2008), Color Universal Design. Black is kept for what is exact.
COLOURS = {"centered": "#D55E00", "noncentered": "#0072B2", "marginal": "#009E73"}
FURTHER_COLOURS = ("#CC79A7", "#E69F00", "#56B4E9", "#8A6D00")
MARKERS = {"centered": "o", "noncentered": "s", "marginal": "^"}
FURTHER_MARKERS = ("D", "v", "P", "X")
EXACT = "#000000"
RAW = "#A65900"  # estimates as they are
GREY = "#767676"

WIDTH = 7.0  # inches: 11 pt text is 17 px high where a figure is shown 800 px wide
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.labelsize": 10.5,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.edgecolor": "#444444",
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "figure.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
    "axes.unicode_minus": True,
    "svg.hashsalt": "partial-pooling",
    "svg.fonttype": "path",
}
RASTER_DPI = 140  # of heavy layers within an SVG
PNG_DPI = 150

LABELS = {
    "mu": "μ (data units)",
    "tau": "τ (data units)",
    "log_tau": "log τ (τ in data units)",
    "theta": "θ (data units)",
}
SYMBOLS = {"mu": "μ", "tau": "τ", "log_tau": "log τ"}
EXTENT = {"tau": (0, 0.9995), "theta": (0.0005, 0.9995)}  # of the axes of traces, quantiles
HYPERPARAMETERS = ("mu", "tau", "log_tau")
METHODS = {"ml": "ML", "reml": "REML", "paule_mandel": "PM", "dersimonian_laird": "DL"}
MOST_LABELLED_GROUPS = 12
MOST_RANKED_GROUPS = 8  # of calibration's histograms
MOST_NAMED_GROUPS = 100  # with a row of their own in the forest plot
MOST_TRACED_GROUPS = 100
# beyond these numbers a layer of an SVG is a raster
MOST_VECTOR_LINES = 24
MOST_VECTOR_MARKS = 1200


# -- fits --------------------------------------------------------------------------------------


def _styled[**P](draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw under this module's style, and lay the figure out once and for all."""

    @functools.wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            figure = draw(*args, **kwargs)
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        return figure

    return styled


@_styled
def traces(fits: Fits) -> Figure:
    """Draw the density and the trace of mu, tau, log tau and theta, a column a model.

    Parameters
    ----------
    fits
        One fit a model: trees with group `posterior` (chain, draw, group).

    Returns
    -------
    matplotlib.figure.Figure
        Left: densities, a line a chain (for theta: a line a group). Right: draws of all chains
        over iterations, a shade a chain (theta: a shade a group), thinned so that single
        excursions can be seen. Of more than `MOST_TRACED_GROUPS` groups as many are drawn, evenly
        spaced. Ranges leave out the outermost 0.05 % of the draws of tau and theta, which may be
        far out.
    """
    models = list(fits)
    variables = ("mu", "tau", "log_tau", "theta")
    figure = _figure(8.2, WIDTH + 1.9 * max(len(models) - 2, 0))
    axes = figure.subplots(
        len(variables),
        1 + len(models),
        squeeze=False,
        sharey="row",
        width_ratios=[0.75] + [1] * len(models),
    )
    for row, variable in zip(axes, variables, strict=True):
        series = {model: _series(fit, variable) for model, fit in fits.items()}
        label = LABELS[variable]
        if variable == "theta":
            of = len(series[models[0]])
            drawn = np.linspace(0, of - 1, min(of, MOST_TRACED_GROUPS)).astype(int)
            series = {model: values[drawn] for model, values in series.items()}
            label = ("all " if len(drawn) == of else f"{len(drawn)} of {of:,} ") + label
        low, high = _span(series.values(), *EXTENT.get(variable, (0, 1)))
        if variable == "tau":
            low = min(low, max(0.0, low - 0.02 * (high - low)))
        for model, ax in zip(models, row[1:], strict=True):
            lines = series[model]
            most = 600 // max(2, len(models)) if variable != "theta" else max(50, 500 // len(lines))
            for values, shade in zip(lines, _shades(colour(model), len(lines)), strict=True):
                x, density = _smooth_density(values, low, high)
                row[0].plot(
                    density,
                    x,
                    color=colour(model),
                    linewidth=1,
                    alpha=_fade(len(lines)),
                    rasterized=len(lines) > MOST_VECTOR_LINES,
                )
                chains = values.reshape(-1, fits[model]["posterior"].sizes["draw"])
                for chain in chains:
                    kept = _thin(chain.size, most)
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
            ax.xaxis.set_major_formatter(_thousands())
            ax.tick_params(labelbottom=variable == "theta")
        row[0].set_ylim(low, high)
        row[0].set_ylabel(label)
        row[0].set_xlim(left=0)
        row[0].xaxis.set_major_locator(NullLocator())
    axes[0, 0].set_title("density")
    axes[-1, 0].set_xlabel("density")
    for model, top, bottom in zip(models, axes[0, 1:], axes[-1, 1:], strict=True):
        top.set_title(escape(model), color=colour(model))
        bottom.set_xlabel("iteration")
    return figure


@_styled
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
    figure = _figure(0.5 + 2.15 * len(fits))
    axes = figure.subplots(len(fits), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    low, high = _span([_series(fit, "log_tau") for fit in fits.values()], 0, 1)
    for (model, fit), ax in zip(fits.items(), axes, strict=True):
        values = _series(fit, "log_tau")
        chains, draws = values.shape
        x, y = _envelope(values.ravel(), 1400)
        ax.plot(x + 1, y, color=colour(model), linewidth=0.5, rasterized=True)
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
                bbox=_halo(),
            )
        diverging = _diverging(fit).ravel()
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
        ax.set_ylabel(LABELS["log_tau"])
        ax.set_title(_with_divergences(model, fit), color=colour(model), loc="left")
        ax.xaxis.set_major_formatter(_thousands())
    axes[-1].set_xlabel("iteration, chains joined end to end; ticks below: divergent transitions")
    return figure


@_styled
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
    figure = _figure(4.2)
    ax = figure.subplots()
    late = [value for value in (exact_mean, quoted) if value is not None and math.isfinite(value)]
    for model, fit in fits.items():
        values = _series(fit, "log_tau").ravel()
        n = np.unique(np.linspace(1, values.size, 800).astype(int))
        mean = np.cumsum(values)[n - 1] / n
        half = 2 * mcse.get(model, math.nan) * np.sqrt(values.size / n)
        ax.fill_between(n, mean - half, mean + half, color=colour(model), alpha=0.18, linewidth=0)
        ax.plot(n, mean, color=colour(model), linewidth=1.8, label=escape(model))
        settled = n > 0.04 * values.size
        for edge in (mean, mean - half, mean + half):
            late += [float(v) for v in edge[settled] if _finite(v)]
    if quoted is not None:
        ax.axhline(quoted, color=GREY, linewidth=1.6, linestyle=(0, (4, 2)), zorder=1.5)
        _legend_line(ax, GREY, f"{quoted:.7g}, quoted in the lecture", linestyle=(0, (4, 2)))
    if _finite(exact_mean):
        ax.axhline(exact_mean, color=EXACT, linewidth=2, zorder=2.5)
        _legend_line(ax, EXACT, f"{fixed(7)(exact_mean)}, exact", linewidth=2)
    else:
        _note(ax, "the exact mean of log τ does not exist")
    pad = 0.1 * (max(late) - min(late)) or 0.5
    ax.set_ylim(min(late) - pad, max(late) + pad)
    ax.set_xlim(0, values.size)
    ax.xaxis.set_major_formatter(_thousands())
    ax.set_xlabel("iteration, chains joined end to end")
    ax.set_ylabel("mean of log τ so far")
    figure.legend(loc="outside upper center", ncols=2)
    return figure


@_styled
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
    columns = min(len(fits), 2)
    rows = math.ceil(len(fits) / columns)
    figure = _figure(0.6 + 3.9 * rows)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    theta = {model: _series(fit, "theta")[0] for model, fit in fits.items()}
    height = {model: _series(fit, "log_tau").ravel() for model, fit in fits.items()}
    for ax, (model, fit) in zip(axes, fits.items(), strict=False):
        diverging = _diverging(fit).ravel()
        few = max(1.0, 20_000 / diverging.size)  # of few draws each is larger and darker
        size, alpha = min(5, 2.2 * few**0.25), min(0.7, 0.22 * few**0.4)
        for kept, style in (
            (~diverging, {"color": colour(model), "markersize": size, "alpha": alpha}),
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
                f"exact {_percent(p)} quantile",
                (1, cut),
                (-2, -2),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                horizontalalignment="right",
                verticalalignment="top",
                fontsize=9,
                bbox=_halo(),
            )
        ax.set_title(_with_divergences(model, fit, "\n"), color=colour(model))
    for ax in axes[len(fits) :]:
        ax.set_visible(False)
    low, high = _span(theta.values(), 0.0002, 0.9998)
    axes[0].set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    for ax in axes[: len(fits)][-columns:]:
        ax.set_xlabel(f"θ of {escape(shorten(group, 24))} (data units)")
        ax.tick_params(labelbottom=True)
    for ax in axes[::columns]:
        ax.set_ylabel(LABELS["log_tau"])
    figure.legend(
        handles=[
            Line2D([], [], linestyle="none", marker=".", color=GREY, label="transition"),
            Line2D([], [], linestyle="none", marker=".", color=EXACT, label="divergent transition"),
        ],
        loc="outside upper center",
        ncols=2,
        markerscale=2,
    )
    return figure


@_styled
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
    figure = _figure(0.8 + 2.1 * len(fits))
    axes = figure.subplots(
        len(fits), len(HYPERPARAMETERS), squeeze=False, sharex="col", sharey="col"
    )
    for column, variable in zip(axes.T, HYPERPARAMETERS, strict=True):
        x, density = curve(curves, variable, "density")
        low, high = _body(curves, variable)
        for (model, fit), ax in zip(fits.items(), column, strict=True):
            values = _series(fit, variable).ravel()
            counts, edges = np.histogram(values, bins=50, range=(low, high))
            height = counts / (values.size * np.diff(edges))
            ax.stairs(height, edges, fill=True, color=colour(model), alpha=0.55)
            ax.plot(x, density, color=EXACT, linewidth=1.6)
            ax.set_xlim(low, high)
            ax.set_ylim(bottom=0)
            ax.yaxis.set_major_locator(MaxNLocator(3))
        column[-1].set_xlabel(LABELS[variable])
        # a chain that was stuck piles its draws up in one bin, which must not flatten the curve
        peak = float(np.max(density[np.isfinite(density)]))
        column[0].set_ylim(top=min(column[0].get_ylim()[1], 2 * peak))
    for model, ax in zip(fits, axes[:, 0], strict=True):
        ax.set_ylabel("density")
        ax.set_title(escape(model), color=colour(model), loc="left")
    figure.legend(
        handles=[
            Line2D([], [], color=EXACT, linewidth=1.6, label="exact posterior"),
            Patch(color=GREY, alpha=0.55, label="draws of the model"),
        ],
        loc="outside upper center",
        ncols=3,
    )
    return figure


@_styled
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
    figure = _figure(4.6)
    ax = figure.subplots()
    x, cdf = curve(curves, "log_tau", "cdf")
    lowest = max(float(cdf[cdf > 0].min()), 2e-4)
    for model, fit in fits.items():
        values = np.sort(_series(fit, "log_tau").ravel())
        rank = np.unique(np.geomspace(1, values.size, 800).astype(int))
        # P(log tau < c) jumps from (rank - 1) / n to rank / n at each draw
        ax.step(
            values[rank - 1],
            rank / values.size,
            where="post",
            color=colour(model),
            linewidth=1.8,
            label=f"{escape(model)}, sampled",
        )
    ax.plot(x, cdf, color=EXACT, linewidth=1.8, label="exact")
    for p in (0.01, 0.05, 0.25):
        cut = quantile(curves, "log_tau", p)
        ax.plot([cut], [p], marker="o", color=EXACT, markersize=6)
        ax.annotate(
            f"exact {_percent(p)}: log τ = {cut:.2f}".replace("-", "−"),
            (cut, p),
            (-9, 3),
            textcoords="offset points",
            horizontalalignment="right",
            bbox=_halo(),
            fontsize=9.5,
        )
    ax.set_yscale("log")
    ax.set_ylim(lowest, 1.15)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda p, _: _percent(p)))
    ax.yaxis.set_minor_formatter(NullFormatter())
    right = quantile(curves, "log_tau", 0.95)
    left = quantile(curves, "log_tau", max(lowest, 1e-3))
    ax.set_xlim(left - 0.3 * (right - left), right)
    ax.set_xlabel("c (log of τ in data units)")
    ax.set_ylabel("P(log τ < c)")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


# -- study -------------------------------------------------------------------------------------


@_styled
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
    figure = _figure(6.2)
    axes = figure.subplots(2, 2, sharex=True)
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
                marker=marker(model),
                markersize=5,
                markeredgewidth=0,
                alpha=0.55,
                color=colour(model),
                rasterized=len(last) > MOST_VECTOR_MARKS // 4,
            )
            mean = y.groupby(x).mean()
            ax.plot(mean.index, mean, color=colour(model), linewidth=1.8)
        ax.set_title(f"{title}", loc="left")
        ax.set_ylabel(unit)
        if scale == "log" and (values > 0).any():
            _log_axis(ax.yaxis, values)
        else:
            _axis_from_zero(ax, values.to_numpy(dtype=float))
        margin = max(0.5 * gap, 0.06 * float(np.ptp(accepts)))
        ax.set_xlim(accepts[0] - margin, accepts[-1] + margin)
        if accepts.size <= 6:
            ax.set_xticks(accepts, [f"{accept:g}" for accept in accepts])
    for ax in axes[-1]:
        ax.set_xlabel("target_accept")
    figure.legend(
        handles=_model_handles(models, "line"), loc="outside upper center", ncols=len(models)
    )
    return figure


@_styled
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
    figure = _figure(0.8 + 1.85 * len(variables))
    axes = figure.subplots(len(variables), len(accepts), squeeze=False, sharex=True, sharey="row")
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
                    marker=marker(model),
                    markersize=4 if places <= 16 else 2.5,
                    elinewidth=1.1 if places <= 16 else 0.6,
                    color=colour(model),
                )
                for artist in marks.get_children():
                    artist.set_rasterized(heavy)
            _separate(ax, len(draws))
            if _finite(means[variable]):
                ax.axhline(means[variable], color=EXACT, linewidth=1.4, zorder=1.5)
            else:
                _note(ax, "the exact mean does not exist")
        row[0].set_ylabel(_label(variable))
        row[0].yaxis.set_major_locator(MaxNLocator(5))
    for ax, accept in zip(axes[0], accepts, strict=True):
        ax.set_title(f"target_accept = {accept:g}")
    for ax in axes[-1]:
        _category_axis(ax, draws)
        ax.set_xlabel("draws a chain")
    figure.legend(
        handles=[
            Line2D([], [], color=EXACT, linewidth=1.4, label="exact mean"),
            *_model_handles(models, "bar", ", ± 2 MCSE"),
        ],
        loc="outside upper center",
        ncols=3,
    )
    return figure


@_styled
def z_scores(estimates: pd.DataFrame) -> Figure:
    """Draw z = (estimate - exact) / MCSE of all seeds and draws beside N(0, 1).

    Parameters
    ----------
    estimates
        The table estimates.csv, graded.

    Returns
    -------
    matplotlib.figure.Figure
        A row a model; left z of mu, tau and log tau over seeds and target_accepts against draws,
        right their distribution. Values beyond the axis stand at its edge.
    """
    models = list(dict.fromkeys(estimates["model"]))
    draws = sorted(estimates["draws"].unique())
    shown = estimates[estimates["variable"].isin(HYPERPARAMETERS)]
    defined = shown[np.isfinite(shown["z"])]
    limit = min(max(5.0, 1.1 * float(defined["z"].abs().max())) if len(defined) else 5.0, 12.0)
    figure = _figure(0.9 + 2.6 * len(models))
    axes = figure.subplots(len(models), 2, squeeze=False, sharey=True, width_ratios=[3, 1])
    grid = np.linspace(-limit, limit, 241)
    dodge = dict(zip(HYPERPARAMETERS, (-0.25, 0.0, 0.25), strict=True))
    shapes = dict(zip(HYPERPARAMETERS, "o^D", strict=True))
    for (over, beside), model in zip(axes, models, strict=True):
        cells = defined[defined["model"] == model]
        for ax in (over, beside):
            ax.axhspan(-4, 4, color="#F1F1F1", linewidth=0, zorder=0)
            ax.axhspan(-2, 2, color="#DCDCDC", linewidth=0, zorder=0)
            ax.axhline(0, color=GREY, linewidth=0.8, zorder=0.5)
            ax.grid(visible=False)
        for variable in HYPERPARAMETERS:
            of_variable = cells[cells["variable"] == variable]
            z = of_variable["z"].to_numpy()
            # a fixed spread by rank within the cell keeps points apart and bytes equal
            order = of_variable.groupby("draws").cumcount().to_numpy()
            spread = 0.2 * ((order * 0.618034) % 1 - 0.5)
            over.plot(
                of_variable["draws"].map(draws.index) + dodge[variable] + spread,
                np.clip(z, -0.97 * limit, 0.97 * limit),
                linestyle="none",
                marker=shapes[variable],
                markersize=4,
                markeredgewidth=0,
                alpha=0.65,
                color=colour(model),
                rasterized=len(defined) > MOST_VECTOR_MARKS,
            )
        if len(cells):
            counts, edges = np.histogram(np.clip(cells["z"], -limit, limit), 40, (-limit, limit))
            beside.stairs(
                counts / (len(cells) * np.diff(edges)),
                edges,
                fill=True,
                orientation="horizontal",
                color=colour(model),
                alpha=0.65,
            )
            beyond = float(np.mean(cells["z"].abs() > 2))
            over.set_title(
                f"{escape(model)}: |z| > 2 in {_percent(beyond)} of {len(cells):,} "
                "(N(0, 1): 4.6 %)",
                color=colour(model),
                loc="left",
            )
        else:
            over.set_title(escape(model), color=colour(model), loc="left")
        missing = [SYMBOLS[v] for v in HYPERPARAMETERS if v not in set(cells["variable"])]
        if missing:
            _note(over, f"no z for {', '.join(missing)}: no exact mean")
        beside.plot(np.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi), grid, color=EXACT, lw=1.5)
        beside.xaxis.set_major_locator(NullLocator())
        beside.set_xlim(left=0)
        over.set_ylim(-limit, limit)
        over.set_ylabel("z")
        _category_axis(over, draws)
        _separate(over, len(draws))
    for ax in axes[:-1, 0]:
        ax.tick_params(labelbottom=False)
    axes[-1, 0].set_xlabel("draws a chain")
    axes[-1, 1].set_xlabel("density")
    figure.legend(
        handles=[
            *(
                Line2D([], [], linestyle="none", marker=shapes[v], color=GREY, label=SYMBOLS[v])
                for v in HYPERPARAMETERS
            ),
            Patch(color="#DCDCDC", label="± 2"),
            Patch(color="#F1F1F1", label="± 4"),
            Line2D([], [], color=EXACT, linewidth=1.5, label="N(0, 1)"),
        ],
        loc="outside upper center",
        ncols=6,
        columnspacing=1.2,
        handletextpad=0.4,
    )
    return figure


@_styled
def error(accuracy: pd.DataFrame) -> Figure:
    """Draw the root mean squared error over seeds against draws.

    Parameters
    ----------
    accuracy
        The table accuracy.csv: model, target_accept, draws, variable, seeds, rmse.

    Returns
    -------
    matplotlib.figure.Figure
        A row for log tau and one for mu, a column a model, a line a target_accept, both axes
        logarithmic. The dashed guide falls as 1 / sqrt(draws); it is the same in all panels of a
        row.
    """
    models = list(dict.fromkeys(accuracy["model"]))
    accepts = sorted(accuracy["target_accept"].unique())
    seeds = int(accuracy["seeds"].max())
    variables = ("log_tau", "mu")
    figure = _figure(5.8, WIDTH + 1.4 * max(len(models) - 3, 0))
    axes = figure.subplots(len(variables), len(models), squeeze=False, sharex=True, sharey="row")
    draws = np.array(sorted(accuracy["draws"].unique()), dtype=float)
    for row, variable in zip(axes, variables, strict=True):
        of_variable = accuracy[(accuracy["variable"] == variable) & (accuracy["rmse"] > 0)]
        start = of_variable.loc[of_variable["draws"] == draws[0], "rmse"]
        guide = float(start.min()) * np.sqrt(draws[0] / draws) if len(start) else np.empty(0)
        for ax, model in zip(row, models, strict=True):
            cells = of_variable[of_variable["model"] == model]
            for accept, shade, shape in zip(
                accepts,
                _shades(colour(model), len(accepts)),
                _cycle("os^Dv", len(accepts)),
                strict=True,
            ):
                line = cells[cells["target_accept"] == accept].sort_values("draws")
                ax.plot(
                    line["draws"],
                    line["rmse"],
                    color=shade,
                    marker=shape,
                    markersize=4.5,
                    linewidth=1.4,
                )
            if len(guide):
                ax.plot(draws, guide, color=EXACT, linewidth=1.3, linestyle=(0, (4, 2)), zorder=1.5)
            if cells.empty:
                _note(ax, "the exact mean does not exist")
            if len(of_variable):
                _log_axis(ax.yaxis, np.append(of_variable["rmse"], guide))
            _log_axis(ax.xaxis, draws, _thousands(), _apart(draws, 6.0 / len(models)))
        row[0].set_ylabel(
            "RMSE of mean log τ" if variable == "log_tau" else "RMSE of mean μ (data units)"
        )
    for ax, model in zip(axes[0], models, strict=True):
        ax.set_title(escape(model), color=colour(model))
    for ax in axes[-1]:
        ax.set_xlabel("draws a chain")
    figure.legend(
        handles=[
            Line2D([], [], color=EXACT, linestyle=(0, (4, 2)), label="∝ 1/√draws"),
            *(
                Line2D([], [], color=shade, marker=shape, label=f"{accept:g}")
                for accept, shade, shape in zip(
                    accepts,
                    _shades(GREY, len(accepts)),
                    _cycle("os^Dv", len(accepts)),
                    strict=True,
                )
            ),
        ],
        title=f"a line a target_accept; error over {seeds} seed{'s' if seeds > 1 else ''}",
        loc="outside upper center",
        ncols=len(accepts) + 1 if len(accepts) < 6 else math.ceil((len(accepts) + 1) / 2),
        columnspacing=1.2,
    )
    return figure


# -- groups ------------------------------------------------------------------------------------


@_styled
def forest(groups: Groups, exact: pd.DataFrame, classical: pd.DataFrame) -> Figure:
    """Draw each group's estimate unpooled, partially pooled and completely pooled.

    Parameters
    ----------
    groups
        Estimates and standard errors.
    exact
        The table exact.csv.
    classical
        The table classical.csv, for complete pooling.

    Returns
    -------
    matplotlib.figure.Figure
        A row a group, and one for the theta of a new group; of more than `MOST_NAMED_GROUPS`
        the rows lie close together, without names, in the order of the pooled estimates. Bars are
        95 % intervals. Where a posterior mean does not exist the median stands for it.
    """
    table = exact.set_index("variable")
    rows = [*(f"theta[{name}]" for name in groups.names), "theta_new"]
    pooled = table.loc[rows]
    defined = bool(np.isfinite(pooled["mean"]).all())
    centre = pooled["mean"] if defined else pooled["q50"]
    named = len(groups) <= MOST_NAMED_GROUPS
    labels = [*(escape(shorten(name)) for name in groups.names if named), "new group"]
    if named:
        y = np.arange(len(groups), dtype=float)
    else:
        y = np.empty(len(groups))
        y[np.argsort(-centre.iloc[:-1])] = np.linspace(0, 24, len(groups))
    last = float(y.max()) + 1.4
    step = 0.42 if len(groups) <= 20 else 0.26
    figure = _figure(1.75 + step * (last + 0.6))
    ax = figure.subplots()
    complete = (
        classical.set_index("method")[["mu", "mu_std_error"]].loc["complete_pooling"].to_numpy()
    )
    mean, half = float(complete[0]), 1.96 * float(complete[1])
    ax.axvspan(mean - half, mean + half, color="#E3E3E3", linewidth=0, zorder=0)
    ax.axvline(mean, color=GREY, linewidth=1.5, zorder=1)

    def rows_of(x: ArrayLike, y: ArrayLike, half: ArrayLike, width: float, **style: Any) -> None:
        alone = named or np.size(y) == 1
        ax.errorbar(
            x,
            y,
            xerr=half,
            linestyle="none",
            marker="o",
            markersize=5.5 if alone else 1,
            elinewidth=width if alone else 0.5,
            ecolor=(style["color"], 1 if alone else min(0.8, 300 / len(groups))),
            rasterized=not alone,
            **style,
        )

    apart = 0.16 if named else 0
    hollow = "white" if named else RAW
    rows_of(
        groups.estimate,
        y - apart,
        1.96 * groups.std_error,
        1.2,
        color=RAW,
        markerfacecolor=hollow,
        zorder=2,
    )
    halves = np.array([centre - pooled["q2.5"], pooled["q97.5"] - centre])
    rows_of(centre.iloc[:-1], y + apart, halves[:, :-1], 2, color=EXACT, zorder=3)
    rows_of(centre.iloc[-1:], [last], halves[:, -1:], 2, color=EXACT, zorder=3)
    ax.axhline(last - 0.7, color=GREY, linewidth=0.8)
    # A bar far wider than the others runs out of the axes, so that it does not flatten them.
    raw = 1.96 * groups.std_error
    shown = np.minimum(raw, 4 * np.median(raw))
    low = float(min(np.min(groups.estimate - shown), pooled["q2.5"].iloc[:-1].min()))
    high = float(max(np.max(groups.estimate + shown), pooled["q97.5"].iloc[:-1].max()))
    new_low, new_high = (float(pooled[q].iloc[-1]) for q in ("q2.5", "q97.5"))
    reach = 0.5 * (high - low)
    if new_low < low - reach or new_high > high + reach:
        labels[-1] += f"\n{significant(3)(new_low)} to {significant(3)(new_high)}"
    low, high = max(low - reach, min(low, new_low)), min(high + reach, max(high, new_high))
    out = (groups.estimate - raw < low) | (groups.estimate + raw > high)
    if named:
        for i in np.flatnonzero(out):
            labels[i] += f" (±{significant(3)(raw[i])})"
    ax.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    ax.set_yticks([*(y if named else []), last], labels, fontsize=10.5 if len(groups) <= 20 else 9)
    if not named:
        ax.set_ylabel(
            f"{len(groups):,} groups, by exact posterior {'mean' if defined else 'median'}"
        )
        ax.yaxis.set_label_coords(-0.02, 0.55)
    ax.set_ylim(last + 0.6, -0.6)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("θ (data units)")
    statistic = "mean" if defined else "median (not every mean exists)"
    figure.legend(
        handles=[
            Line2D(
                [],
                [],
                color=RAW,
                marker="o",
                markerfacecolor=hollow,
                label="estimate, no pooling",
            ),
            Line2D([], [], color=EXACT, marker="o", lw=2, label=f"exact posterior {statistic}"),
            (Patch(color="#E3E3E3", label="complete pooling")),
        ],
        loc="outside upper center",
        ncols=3 if defined else 2,
        title="bars and band: 95 % intervals",
        columnspacing=1.2,
        handlelength=1.6,
    )
    return figure


@_styled
def shrinkage(groups: Groups, curves: xr.Dataset, classical: pd.DataFrame) -> Figure:
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
    limit = min(1.15 * tail, _body(curves, "tau")[1])
    kept = tau <= limit
    means = curves["theta_mean_given_tau"].transpose("group", "at_tau").to_numpy()
    sds = curves["theta_sd_given_tau"].transpose("group", "at_tau").to_numpy()
    few = len(groups) <= MOST_LABELLED_GROUPS
    figure = _figure(8.0)
    axes = figure.subplots(2, 1, sharex=True)
    norm = mpl.colors.Normalize(groups.estimate.min(), groups.estimate.max())
    ramp = mpl.colormaps["cividis"].resampled(256)(np.linspace(0, 0.82, 256))
    ramp_map = mpl.colors.ListedColormap(ramp)
    plugged = _plugged_in(classical)
    peak = float(np.max(density[kept & np.isfinite(density)]))
    for ax, curves_of, label in (
        (axes[0], means, "E[θ | τ, y] (data units)"),
        (axes[1], sds, "sd[θ | τ, y] (data units)"),
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
                ax.axvline(value, color=COLOURS["marginal"], linewidth=1.6, linestyle=(0, (3, 2)))
                if few:
                    ax.plot(
                        np.full(len(curves_of), value),
                        [np.interp(value, tau, line) for line in curves_of],
                        linestyle="none",
                        marker="o",
                        markersize=5,
                        color=COLOURS["marginal"],
                        clip_on=False,
                        zorder=5,
                    )
        ax.set_xlim(0, tau[kept][-1])
        ax.set_ylabel(label)
        if few:
            _label_ends(ax, float(tau[kept][-1]), curves_of[:, kept][:, -1], groups.names)
    if not few:
        figure.colorbar(
            mpl.cm.ScalarMappable(norm, ramp_map),
            ax=axes,
            label="estimate y of the group (data units)",
            aspect=40,
        )
    axes[-1].set_xlabel(LABELS["tau"])
    methods = "; ".join(
        f"{', '.join(names)}: τ = {significant(3)(value)}" for value, names in plugged.items()
    )
    figure.legend(
        handles=[
            Patch(color="#E3E3E3", label="posterior density of τ"),
            Line2D(
                [],
                [],
                color=COLOURS["marginal"],
                linestyle=(0, (3, 2)),
                marker="o" if few else "",
                markersize=5,
                label=f"empirical Bayes ({methods})",
            ),
        ],
        loc="outside upper center",
        ncols=2 if len(methods) < 34 else 1,
    )
    return figure


# -- calibration -------------------------------------------------------------------------------


@_styled
def calibration_ecdf(ecdf: pd.DataFrame) -> Figure:
    """Draw the ECDF of ranks minus the uniform one, with its simultaneous band.

    Parameters
    ----------
    ecdf
        The table ecdf.csv of a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        A row for mu, log tau and all theta together (a line a group), a column a model and one for
        the exact control, all with the same axes.
    """
    sources = list(dict.fromkeys(ecdf["source"]))
    figure = _figure(6.6, WIDTH + 1.9 * max(len(sources) - 3, 0))
    axes = figure.subplots(3, len(sources), squeeze=False, sharex=True, sharey=True)
    for row, variable in zip(axes, ("mu", "log_tau", "theta"), strict=True):
        for ax, source in zip(row, sources, strict=True):
            of_source = ecdf[
                (ecdf["source"] == source) & ecdf["variable"].str.match(rf"{variable}(\[|$)")
            ]
            lines = [line for _, line in of_source.groupby("variable", sort=False)]
            band = lines[0]
            ax.fill_between(
                band["position"], band["lower"], band["upper"], color="#DCDCDC", linewidth=0
            )
            ax.axhline(0, color=GREY, linewidth=0.8)
            for line in lines:
                ax.plot(
                    line["position"],
                    line["difference"],
                    color=_source_colour(source),
                    linewidth=1.7 if len(lines) == 1 else 0.9,
                    alpha=1 if len(lines) == 1 else _fade(len(lines)),
                    rasterized=len(lines) > MOST_VECTOR_LINES,
                )
        row[0].set_ylabel("all θ" if variable == "theta" else SYMBOLS[variable])
    _name_sources(axes[0], sources)
    for ax in axes[-1]:
        ax.set_xlim(0, 1)
        ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    figure.supxlabel("rank of the truth, 0 to 1", fontsize=10.5)
    figure.supylabel("ECDF of ranks minus uniform", fontsize=10.5)
    figure.legend(
        handles=[Patch(color="#DCDCDC", label="holds 95 % of uniform curves, whole")],
        loc="outside upper center",
    )
    return figure


@_styled
def calibration_ranks(histogram: pd.DataFrame) -> Figure:
    """Draw the histogram of ranks of every variable.

    Parameters
    ----------
    histogram
        The table histogram.csv of a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        A row a variable (mu, log tau and the first `MOST_RANKED_GROUPS` groups), a column a model
        and one for the exact control. Counts are drawn relative to those of uniform ranks.
    """
    sources = list(dict.fromkeys(histogram["source"]))
    variables = list(dict.fromkeys(histogram["variable"]))[: 2 + MOST_RANKED_GROUPS]
    figure = _figure(1.0 + 0.78 * len(variables), WIDTH + 1.9 * max(len(sources) - 3, 0))
    axes = figure.subplots(len(variables), len(sources), squeeze=False, sharex=True, sharey=True)
    for row, variable in zip(axes, variables, strict=True):
        for ax, source in zip(row, sources, strict=True):
            bins = histogram[(histogram["source"] == source) & (histogram["variable"] == variable)]
            edges = np.append(bins["left"], bins["right"].iloc[-1])
            ratio = {
                name: (bins[name] / bins["expected"]).to_numpy()
                for name in ("count", "lower", "upper")
            }
            ax.stairs(ratio["upper"], edges, baseline=ratio["lower"], fill=True, color="#DCDCDC")
            ax.axhline(1, color=GREY, linewidth=0.8)
            ax.stairs(ratio["count"], edges, color=_source_colour(source), linewidth=1.3)
            ax.grid(visible=False)
        name = variable.removeprefix("theta[").removesuffix("]")
        row[0].set_ylabel(
            SYMBOLS.get(variable, f"θ {escape(shorten(name, 12))}"),
            rotation=0,
            horizontalalignment="right",
            verticalalignment="center",
        )
    axes[0, 0].set_ylim(0)
    _name_sources(axes[0], sources)
    for ax in axes[-1]:
        ax.set_xlim(0, 1)
        ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    figure.supxlabel("rank of the truth, 0 to 1", fontsize=10.5)
    figure.supylabel("count of ranks, relative to uniform", fontsize=10.5)
    figure.legend(
        handles=[
            Line2D([], [], color=GREY, linewidth=0.8, label="uniform"),
            Patch(color="#DCDCDC", label="holds at least 95 % of uniform histograms, whole"),
        ],
        loc="outside upper center",
        ncols=2,
    )
    return figure


@_styled
def calibration_coverage(coverage: pd.DataFrame) -> Figure:
    """Draw how often central intervals hold the truth, less their nominal probability.

    Parameters
    ----------
    coverage
        The table coverage.csv of a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for mu, log tau and the mean over all theta; a line a model and one for the exact
        control. Bars of mu and log tau are 95 % intervals.
    """
    sources = list(dict.fromkeys(coverage["source"]))
    figure = _figure(3.6)
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    for ax, variable in zip(axes, ("mu", "log_tau", "theta"), strict=True):
        ax.axhline(0, color=GREY, linewidth=0.8)
        for k, source in enumerate(sources):
            of_source = coverage[
                (coverage["source"] == source)
                & coverage["variable"].str.match(rf"{variable}(\[|$)")
            ]
            rows = of_source.groupby("nominal")[["coverage", "lower", "upper"]].mean()
            shift = 0.012 * (k - (len(sources) - 1) / 2)
            nominal = rows.index.to_numpy(dtype=float)
            style: dict[str, Any] = {
                "color": _source_colour(source),
                "marker": "*" if source == "exact" else marker(source),
                "markersize": 4.5,
                "linewidth": 1.2,
            }
            excess = 100 * (rows["coverage"] - nominal)
            if variable == "theta":
                ax.plot(nominal + shift, excess, **style)
            else:
                bars = 100 * np.abs(
                    [rows["coverage"] - rows["lower"], rows["upper"] - rows["coverage"]]
                )
                ax.errorbar(nominal + shift, excess, bars, elinewidth=0.8, **style)
        ax.set_title("mean of all θ" if variable == "theta" else SYMBOLS[variable])
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    axes[0].set_ylabel("coverage less nominal\n(percentage points)")
    axes[1].set_xlabel("nominal probability of the central interval (%)")
    figure.legend(handles=_source_handles(sources), loc="outside upper center", ncols=len(sources))
    return figure


@_styled
def calibration_by_tau(by_tau: pd.DataFrame) -> Figure:
    """Draw where, in terms of the simulated tau, each model fails.

    Parameters
    ----------
    by_tau
        The table by_tau.csv of a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        Above, the error of the mean of log tau in exact posterior standard deviations, with two
        standard errors either side; below, shares of fits too poor to thin, and of fits with
        divergences.
    """
    models = list(dict.fromkeys(by_tau["model"]))
    figure = _figure(5.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    above.axhline(0, color=EXACT, linewidth=1.2, zorder=1.5)
    for k, model in enumerate(models):
        cells = by_tau[by_tau["model"] == model]
        place = np.arange(len(cells)) + 0.5 * ((k + 0.5) / len(models) - 0.5)
        above.errorbar(
            place,
            cells["error"],
            2 * cells["error_se"],
            color=colour(model),
            marker=marker(model),
            markersize=5,
            linestyle="none",
        )
        line: dict[str, Any] = {"color": colour(model), "marker": marker(model), "markersize": 4.5}
        below.plot(place, 100 * (1 - cells["thinned"]), **line)
        below.plot(place, 100 * cells["divergent"], linestyle=":", markerfacecolor="white", **line)
    labels = [
        f"< {cell['tau_high']:.2g}"
        if number == 0
        else f"> {cell['tau_low']:.2g}"
        if number == len(cells) - 1
        else f"{cell['tau_low']:.2g} to\n{cell['tau_high']:.2g}"
        for number, cell in enumerate(cells.to_dict("records"))
    ]
    below.set_xticks(range(len(labels)), labels, fontsize=9)
    below.set_xlabel("true τ (data units), equally many simulations each")
    above.set_ylabel("mean log τ − exact\n(exact posterior sd)")
    below.set_ylabel("% of fits")
    below.set_ylim(-4, 104)
    for ax in (above, below):
        _separate(ax, len(labels))
    below.set_xlim(-0.5, len(labels) - 0.5)
    figure.legend(
        handles=[
            *_model_handles(models, "line"),
            Line2D([], [], color=GREY, label="too poor to thin"),
            Line2D([], [], color=GREY, linestyle=":", label="with divergences"),
        ],
        loc="outside upper center",
        ncols=len(models) + 2,
        columnspacing=1.2,
    )
    return figure


@_styled
def calibration_power(power: pd.DataFrame) -> Figure:
    """Draw how often a number of simulations shows that ranks are not uniform.

    Parameters
    ----------
    power
        The table power.csv of a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        A line a model, one for the exact control, by the band of the ECDF (solid) and by the
        chi-square test of rank histograms (dashed), all variables taken together.
    """
    sources = list(dict.fromkeys(power["source"]))
    figure = _figure(3.9)
    ax = figure.subplots()
    counts = np.array(sorted(power["simulations"].unique()), dtype=float)
    ax.axhline(5, color=GREY, linewidth=0.8)
    for source in sources:
        for test, line in (("ecdf", "-"), ("histogram", (0, (4, 2)))):
            curve = power[
                (power["source"] == source) & (power["variable"] == "any") & (power["test"] == test)
            ].sort_values("simulations")
            ax.plot(
                curve["simulations"],
                100 * curve["power"],
                color=_source_colour(source),
                linestyle=line,
                marker="*" if source == "exact" else marker(source),
                markersize=5,
                linewidth=1.5,
            )
    ax.set_ylim(-3, 103)
    _log_axis(ax.xaxis, counts, _thousands(), counts if len(counts) <= 10 else None)
    ax.set_xlabel("simulations")
    ax.set_ylabel("% of subsets that show\nranks not uniform")
    ax.annotate(
        "5 %: nominal rate of false alarms",
        (counts[-1], 5),
        (0, 3),
        textcoords="offset points",
        horizontalalignment="right",
        fontsize=9.5,
    )
    figure.legend(
        handles=[
            *_source_handles(sources),
            Line2D([], [], color=GREY, label="band of the ECDF"),
            Line2D([], [], color=GREY, linestyle=(0, (4, 2)), label="histogram's χ²"),
        ],
        loc="outside upper center",
        ncols=3,
        columnspacing=1.2,
    )
    return figure


def _source_colour(source: str) -> str:
    return EXACT if source == "exact" else colour(source)


def _source_handles(sources: Sequence[str]) -> list[Line2D]:
    models = [source for source in sources if source != "exact"]
    control = Line2D([], [], color=EXACT, marker="*", markersize=5.5, label="exact control")
    return [*_model_handles(models, "line"), control]


def _name_sources(axes: Iterable[Axes], sources: Sequence[str]) -> None:
    for ax, source in zip(axes, sources, strict=True):
        title = "exact control" if source == "exact" else escape(source)
        ax.set_title(title, color=_source_colour(source))


# -- files and text ----------------------------------------------------------------------------


def save(figure: Figure, svg: str | Path, png: str | Path | None = None) -> None:
    """Write a figure as SVG, and PNG if asked for; equal figures give equal bytes."""
    width, height = figure.get_size_inches()
    raster = RASTER_DPI * min(1.0, math.sqrt(WIDTH * 8 / (width * height)))
    with mpl.rc_context(STYLE):
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", dpi=raster, metadata={"Date": None})
        if png is not None:
            with replacing(png) as temporary:
                figure.savefig(temporary, format="png", dpi=PNG_DPI)


def escape(text: str) -> str:
    r"""Keep Matplotlib from reading a user's text as mathematics.

    Examples
    --------
    >>> print(escape("$5 to $10"))
    \$5 to \$10
    """
    return text.replace("$", r"\$")


def shorten(name: str, length: int = 28) -> str:
    """Shorten a long name in the middle, since names often differ at their ends.

    Examples
    --------
    >>> shorten("Centre for Applied Examples, ward 17", 20)
    'Centre for … ward 17'
    """
    if len(name) <= length:
        return name
    tail = (length - 1) * 9 // 20
    return f"{name[: length - 1 - tail]}…{name[-tail:]}"


def colour(model: str) -> str:
    """The one colour of a model; further models have one by their name."""
    return COLOURS.get(model) or FURTHER_COLOURS[_slot(model, len(FURTHER_COLOURS))]


def marker(model: str) -> str:
    """The one marker of a model."""
    return MARKERS.get(model) or FURTHER_MARKERS[_slot(model, len(FURTHER_MARKERS))]


def _slot(name: str, slots: int) -> int:
    return zlib.crc32(name.encode()) % slots


def curve(curves: xr.Dataset, variable: str, name: str) -> tuple[Array, Array]:
    """Points of a variable and its exact density or cdf there."""
    of_variable = curves.sel(variable=variable)
    return of_variable["value"].to_numpy(), of_variable[name].to_numpy()


def quantile(curves: xr.Dataset, variable: str, p: float) -> float:
    """An exact quantile, interpolated between the points of the stored CDF."""
    return float(np.interp(p, *_reversed_curve(curves, variable)))


def _body(curves: xr.Dataset, variable: str) -> tuple[float, float]:
    """The range that shows a variable's density, far tails left out (Tukey's fences, wide)."""
    x, _ = curve(curves, variable, "density")
    quartiles = curves["quantile"].sel(variable=variable, probability=[0.25, 0.75])
    lower, upper = (float(value) for value in quartiles.to_numpy())
    fence = 6 * (upper - lower)
    return max(float(x[0]), lower - fence), min(float(x[-1]), upper + fence)


def _reversed_curve(curves: xr.Dataset, variable: str) -> tuple[Array, Array]:
    x, cdf = curve(curves, variable, "cdf")
    return cdf, x


def _label(variable: str) -> str:
    if variable in LABELS:
        return LABELS[variable]
    name = variable.removeprefix("theta[").removesuffix("]")
    return f"θ of {escape(shorten(name, 12))} (data units)"


# -- pieces of figures -------------------------------------------------------------------------


def _figure(height: float, width: float = WIDTH) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def _series(fit: xr.DataTree, variable: str) -> Array:
    """Draws: (chain, draw), or for theta (group, chain x draw)."""
    values = fit["posterior"][variable]
    if variable == "theta":
        theta = values.transpose("group", "chain", "draw").to_numpy()
        return np.asarray(theta.reshape(len(theta), -1), dtype=float)
    return np.asarray(values.transpose("chain", "draw").to_numpy(), dtype=float)


def _diverging(fit: xr.DataTree) -> NDArray[np.bool_]:
    diverging = fit["sample_stats"]["diverging"].transpose("chain", "draw").to_numpy()
    return np.asarray(diverging, dtype=bool)


def _with_divergences(model: str, fit: xr.DataTree, separator: str = " ") -> str:
    diverging = _diverging(fit)
    return (
        f"{escape(model)}:{separator}{diverging.sum():,} of {diverging.size:,} diverged "
        f"({_percent(float(diverging.mean()))})"
    )


def _span(values: Iterable[Array], lower: float, upper: float) -> tuple[float, float]:
    limits = [np.quantile(part, [lower, upper]) for part in values]
    low, high = (float(v) for v in (min(p[0] for p in limits), max(p[1] for p in limits)))
    return (low, high) if high > low else (low - 1, high + 1)


def _smooth_density(values: Array, low: float, high: float) -> tuple[Array, Array]:
    """Gaussian kernel density on a grid, reflected at both ends of the range."""
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


def _envelope(values: Array, bins: int) -> tuple[Array, Array]:
    """Positions and values of a line that keeps the extremes of each of `bins` stretches."""
    if values.size <= 2 * bins:
        return np.arange(values.size, dtype=float), values
    starts = np.linspace(0, values.size, bins, endpoint=False).astype(int)
    y = np.column_stack([np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)])
    x = np.append(starts[1:], values.size) / 2 + starts / 2
    return np.repeat(x, 2), y.ravel()


def _thin(size: int, most: int) -> NDArray[np.intp]:
    return np.arange(0, size, max(1, size // most))


def _fade(lines: int) -> float:
    return max(0.15, min(0.9, 4 / lines))


def _shades(of: str, count: int) -> list[tuple[float, float, float]]:
    """`count` shades of a colour, light to dark; the colour itself if one."""
    base = np.array(to_rgb(of))
    steps = np.linspace(-0.45, 0.35, count) if count > 1 else np.zeros(1)
    mixed = (base + (1 - base) * -s if s < 0 else base * (1 - s) for s in map(float, steps))
    return [(float(red), float(green), float(blue)) for red, green, blue in mixed]


def _cycle(items: str, count: int) -> list[str]:
    return [items[k % len(items)] for k in range(count)]


def _halo() -> dict[str, Any]:
    return {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.2}


def _note(ax: Axes, text: str) -> None:
    ax.text(
        0.5,
        0.03,
        text,
        transform=ax.transAxes,
        horizontalalignment="center",
        fontsize=9.5,
        fontstyle="italic",
        bbox=_halo(),
    )


def _legend_line(ax: Axes, color: str, label: str, **style: Any) -> None:
    ax.plot([], [], color=color, label=label, **style)


def _model_handles(models: Sequence[str], kind: str, suffix: str = "") -> list[Line2D]:
    return [
        Line2D(
            [],
            [],
            color=colour(model),
            marker=marker(model),
            markersize=5.5,
            linestyle="-" if kind in ("line", "bar") else "none",
            label=escape(model) + suffix,
        )
        for model in models
    ]


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2g} %" if fraction < 0.995 else f"{100 * fraction:.0f} %"


def _thousands() -> FuncFormatter:
    return FuncFormatter(lambda value, _: f"{value:,.0f}")


def _category_axis(ax: Axes, draws: Sequence[int]) -> None:
    crowded = len(draws) > 6
    ax.set_xticks(
        range(len(draws)),
        [f"{n:,}" for n in draws],
        rotation=45 if crowded else 0,
        fontsize=9,
    )
    ax.set_xlim(-0.5, len(draws) - 0.5)


def _separate(ax: Axes, categories: int) -> None:
    ax.grid(visible=False, axis="x")
    for k in range(categories - 1):
        ax.axvline(k + 0.5, color="#D0D0D0", linewidth=0.8, zorder=0.5)


def _log_axis(
    axis: Any,
    values: ArrayLike,
    formatter: FuncFormatter | None = None,
    ticks: ArrayLike | None = None,
) -> None:
    """Scale an axis logarithmically, with plain numbers at 1, 2 and 5 of each decade."""
    positive = np.asarray(values, dtype=float)
    positive = positive[np.isfinite(positive) & (positive > 0)]
    axis._set_axes_scale("log")
    low, high = math.log10(positive.min()), math.log10(positive.max())
    pad = max(0.06 * (high - low), 0.04 if high - low > 0.3 else 0.2)
    low, high = low - pad, high + pad
    if ticks is None:
        fine = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
        steps = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), fine)
        decades = range(math.floor(low), math.ceil(high) + 1)
        for of_decade in steps:
            ticks = np.array([step * 10.0**d for d in decades for step in of_decade])
            ticks = ticks[(ticks >= 10**low) & (ticks <= 10**high)]
            if len(ticks) >= (3 if of_decade != fine else 0):
                break
    axis.set_ticks(ticks)
    axis.set_major_formatter(formatter or FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_locator(NullLocator())
    if axis.axis_name == "x":
        axis.axes.set_xlim(10**low, 10**high)
    else:
        axis.axes.set_ylim(10**low, 10**high)


def _apart(draws: Array, width: float) -> Array:
    """The draws whose labels have room on a logarithmic axis `width` inches wide."""
    room = 0.6 / width * max(math.log10(draws[-1] / draws[0]), 0.1)
    kept = [float(draws[-1])]
    for value in draws[-2::-1]:
        if math.log10(kept[-1] / value) >= room:
            kept.append(float(value))
    return np.array(kept[::-1])


def _axis_from_zero(ax: Axes, values: Array) -> None:
    """Scale the y axis from 0; logarithmically beyond the smallest value if they differ much."""
    positive = values[values > 0]
    if not positive.size or positive.max() < 30 * positive.min():
        ax.set_ylim(0, max(float(values.max()) * 1.08, 0.1))
        return
    lowest = math.floor(math.log10(positive.min()))
    ax.set_yscale("symlog", linthresh=10.0**lowest, linscale=0.6)
    decades = range(lowest, math.ceil(math.log10(positive.max())) + 1)
    ax.set_yticks([0, *(10.0**d for d in decades)])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylim(0, float(positive.max()) * 1.5)


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


def _plugged_in(classical: pd.DataFrame) -> dict[float, list[str]]:
    """The estimates of tau, each with the methods that arrive at it."""
    by_value: dict[float, list[str]] = {}
    taus = classical.set_index("method")["tau"]
    for method, name in METHODS.items():
        value = float(taus.get(method, math.nan))
        if _finite(value):
            by_value.setdefault(float(f"{value:.3g}"), []).append(name)
    return dict(sorted(by_value.items()))


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
