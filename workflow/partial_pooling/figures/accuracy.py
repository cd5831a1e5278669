"""Errors of a study's estimates: in Monte Carlo standard errors, and as they are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from partial_pooling.figures.axes import apart, category_axis, log_axis, note, separate
from partial_pooling.figures.labels import (
    HYPERPARAMETERS,
    THOUSANDS,
    escape,
    percent,
    units,
    upright,
)
from partial_pooling.figures.style import (
    COLOURS,
    EXACT,
    GREY,
    MOST_VECTOR_MARKS,
    WIDTH,
    by_line,
    by_width,
    grid,
    narrowed,
    new_figure,
    shades,
    styled,
)
from partial_pooling.words import NO_EXACT_MEAN, SYMBOLS

SHAPES = "os^Dv"  # of the target_accepts


@styled
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
    figure = new_figure(0.9 + 2.6 * len(models))
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
                color=COLOURS[model],
                rasterized=len(defined) > MOST_VECTOR_MARKS,
            )
        if len(cells):
            counts, edges = np.histogram(np.clip(cells["z"], -limit, limit), 40, (-limit, limit))
            beside.stairs(
                counts / (len(cells) * np.diff(edges)),
                edges,
                fill=True,
                orientation="horizontal",
                color=COLOURS[model],
                alpha=0.65,
            )
            beyond = float(np.mean(cells["z"].abs() > 2))
            over.set_title(
                by_line(
                    f"{escape(model)}: |z| > 2 in {percent(beyond)} of {len(cells):,}",
                    "(N(0, 1): 4.6 %)",
                ),
                color=COLOURS[model],
                loc="left",
                fontsize=by_width(11, 9.5),
            )
        else:
            over.set_title(escape(model), color=COLOURS[model], loc="left")
        missing = [SYMBOLS[v] for v in HYPERPARAMETERS if v not in set(cells["variable"])]
        if missing:
            note(over, f"no z for {', '.join(missing)}: no exact mean")
        beside.plot(np.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi), grid, color=EXACT, lw=1.5)
        beside.xaxis.set_major_locator(NullLocator())
        beside.set_xlim(left=0)
        over.set_ylim(-limit, limit)
        over.set_ylabel("z")
        category_axis(over, draws)
        separate(over, len(draws))
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
        ncols=by_width(6, 3),
        columnspacing=1.2,
        handletextpad=0.4,
    )
    return figure


z_scores_narrow = narrowed(z_scores)


@styled
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
    figure = (
        new_figure(1.2 + 4.6 * len(models))
        if by_width(False, True)
        else new_figure(5.8, WIDTH + 1.4 * max(len(models) - 3, 0))
    )
    axes = grid(figure, len(variables), len(models), sharex=True, sharey="row")
    draws = np.array(sorted(accuracy["draws"].unique()), dtype=float)
    for row, variable in zip(axes, variables, strict=True):
        of_variable = accuracy[(accuracy["variable"] == variable) & (accuracy["rmse"] > 0)]
        start = of_variable.loc[of_variable["draws"] == draws[0], "rmse"]
        guide = float(start.min()) * np.sqrt(draws[0] / draws) if len(start) else np.empty(0)
        for ax, model in zip(row, models, strict=True):
            cells = of_variable[of_variable["model"] == model]
            for accept, shade, shape in _looks(accepts, COLOURS[model]):
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
                note(ax, NO_EXACT_MEAN)
            if len(of_variable):
                log_axis(ax.yaxis, np.append(of_variable["rmse"], guide))
            log_axis(ax.xaxis, draws, THOUSANDS, apart(draws, by_width(6.0 / len(models), 2.6)))
        for ax in row[: by_width(1, None)]:
            ax.set_ylabel(
                upright(
                    "RMSE of mean log τ" if variable == "log_tau" else f"RMSE of mean μ ({units()})"
                )
            )
    for ax, model in zip(axes[0], models, strict=True):
        ax.set_title(escape(model), color=COLOURS[model])
    for ax in axes[-1]:
        ax.set_xlabel("draws a chain")
    figure.legend(
        handles=[
            Line2D([], [], color=EXACT, linestyle=(0, (4, 2)), label="∝ 1/√draws"),
            *(
                Line2D([], [], color=shade, marker=shape, label=f"{accept:g}")
                for accept, shade, shape in _looks(accepts, GREY)
            ),
        ],
        title=f"a line a target_accept; error over {seeds} seed{'s' if seeds > 1 else ''}",
        loc="outside upper center",
        ncols=min(
            len(accepts) + 1 if len(accepts) < 6 else math.ceil((len(accepts) + 1) / 2),
            by_width(len(accepts) + 1, 3),
        ),
        columnspacing=1.2,
    )
    return figure


error_narrow = narrowed(error)


def _looks(accepts: Sequence[float], colour: str) -> Iterator[tuple[float, Any, str]]:
    """Each target_accept with its shade of a colour and its marker."""
    return zip(accepts, shades(colour, len(accepts)), itertools.cycle(SHAPES), strict=False)
