"""How often each check of a sampler is right: shares, characteristics, maps."""

from __future__ import annotations

import itertools
import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from partial_pooling.figures.axes import note
from partial_pooling.figures.plane import over_plane
from partial_pooling.figures.style import (
    COLOURS,
    EXACT,
    GREY,
    HALO,
    Array,
    by_line,
    by_width,
    grid,
    narrowed,
    new_figure,
    styled,
)
from partial_pooling.grading.checks import CHECKS, SCORE_WORDS
from partial_pooling.grading.over_tables import GROUPS, RATIOS
from partial_pooling.words import TAU_TO_ERROR

WORDS = {check.name: check.short for check in CHECKS}
CAUGHT, FALSE_ALARM = COLOURS["noncentered"], COLOURS["centered"]
TITLES = {"accurate": "Fits that are not accurate", "honest": "Fits that err more than they admit"}
SHOWN = ("usual", "divergences_any", "diagnose", "alarms")  # over numbers of draws
LINES = ("-", "--", "-.", ":")


@styled
def caught_and_false(checks: pd.DataFrame) -> Figure:
    """Draw for each check the shares of bad and of good fits that it stops at.

    Parameters
    ----------
    checks
        Of `Scorecard.checks`.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a truth, over all variables and numbers of draws; bars are 95 % intervals.
    """
    figure = new_figure(8.6)
    for ax, (truth, title) in zip(figure.subplots(2, sharex=True), TITLES.items(), strict=True):
        rows = checks[
            (checks["truth"] == truth) & (checks["part"] == "all") & (checks["draws"] == "all")
        ]
        place = np.arange(len(rows))[::-1]
        for name, colour, marker, up, words in (
            ("caught", CAUGHT, "o", 0.15, "of these, caught"),
            ("false_alarm", FALSE_ALARM, "s", -0.15, "of the others, false alarms"),
        ):
            share, ends = _in_percent(rows, name)
            ax.errorbar(
                share,
                place + up,
                xerr=ends,
                fmt=marker,
                color=colour,
                markersize=4,
                elinewidth=1.4,
                label=words if truth == "accurate" else None,
            )
        names = [WORDS[name] for name in rows["check"]]
        ax.set_yticks(place, names, fontsize=by_width(None, 8.5))
        number, others = int(rows["bad"].iloc[0]), int(rows["good"].iloc[0])
        told = f"{title}: {number:,} of {number + others:,}"
        ax.set_title(by_width(told, textwrap.fill(told, 18)), loc="left")
        ax.set_xlim(-2, 102)
        ax.xaxis.set_major_formatter("{x:.0f} %")
    figure.legend(loc="outside upper center", ncols=by_width(2, 1))
    return figure


@styled
def characteristics(roc: pd.DataFrame, areas: pd.DataFrame) -> Figure:
    """Draw the receiver operating characteristic of each check as a number.

    Parameters
    ----------
    roc, areas
        Of the scorecard.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a truth; the legends have the areas.
    """
    figure = new_figure(by_width(9.4, 11.6))
    for ax, (truth, title) in zip(figure.subplots(2), TITLES.items(), strict=True):
        ax.set_title(title, loc="left")
        ax.plot([0, 100], [0, 100], color=GREY, linewidth=0.8)
        mine = roc[roc["truth"] == truth]
        if mine.empty:
            note(ax, "all fits are alike")
            continue
        area = areas[
            (areas["truth"] == truth) & (areas["part"] == "all") & (areas["draws"] == "all")
        ].set_index("score")["area"]
        styles = itertools.product(LINES[:2], [*COLOURS.values()][:4])
        for (name, words), (line, colour) in zip(SCORE_WORDS.items(), styles, strict=False):
            rows = mine[mine["score"] == name]
            ax.plot(
                100 * rows["false_alarm"],
                100 * rows["caught"],
                color=colour,
                linestyle=line,
                label=f"{words}: {area[name]:.2f}",
            )
        ax.set_xlabel("false alarms (%)")
        ax.set_ylabel("caught (%)")
        ax.set_xlim(0, 100)
        ax.set_ylim(0, 101)
        beside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)}
        below = {"loc": "upper left", "bbox_to_anchor": (0, -0.16), "fontsize": 9}
        ax.legend(title="area", **by_width(beside, below))
    return figure


@styled
def over_draws(checks: pd.DataFrame) -> Figure:
    """Draw how caught and false alarms change with the number of draws.

    Parameters
    ----------
    checks
        Of `Scorecard.checks`.

    Returns
    -------
    matplotlib.figure.Figure
        A row a truth; left caught, right false alarms, with 95 % intervals.
    """
    figure = new_figure(by_width(6.4, 10.4))
    panels = grid(figure, 2, 2, sharex=True, sharey=True)
    for row, truth in zip(panels, TITLES, strict=True):
        rows = checks[
            (checks["truth"] == truth) & (checks["part"] == "all") & (checks["draws"] != "all")
        ]
        for ax, column in zip(row, ("caught", "false_alarm"), strict=True):
            for k, (name, colour) in enumerate(
                zip(SHOWN, (*[*COLOURS.values()][:3], EXACT), strict=True)
            ):
                mine = rows[rows["check"] == name]
                draws = mine["draws"].astype(float).to_numpy() * 1.02 ** (k - 1.5)
                share, ends = _in_percent(mine, column)
                ax.errorbar(
                    draws,
                    share,
                    yerr=ends,
                    color=colour,
                    linestyle=LINES[k],
                    elinewidth=1,
                    label=WORDS[name] if ax is panels[0, 0] else None,
                )
            ax.set_xscale("log")
            ax.minorticks_off()
            numbers = sorted(rows["draws"].astype(int).unique())
            ax.set_xticks(numbers, [f"{n:,}" for n in numbers])
            ax.set_ylim(-2, 102)
            ax.yaxis.set_major_formatter("{x:.0f} %")
        row[0].set_title(f"Not {truth}: caught", loc="left", fontsize=10)
        row[1].set_title(f"{truth.capitalize()}: false alarms", loc="left", fontsize=10)
    for ax in panels[-1]:
        ax.set_xlabel("draws a chain")
    figure.legend(loc="outside upper center", ncols=by_width(2, 1))
    return figure


@styled
def maps_accurate(maps: pd.DataFrame) -> Figure:
    """Draw where each check finds fits that are not accurate.

    Parameters
    ----------
    maps
        Of `Scorecard.maps`.

    Returns
    -------
    matplotlib.figure.Figure
        A row a check; left caught, right false alarms, by number of groups and tau over error.
    """
    return _maps(maps, "accurate")


@styled
def maps_honest(maps: pd.DataFrame) -> Figure:
    """Draw where each check finds fits that err more than they admit (see `maps_accurate`)."""
    return _maps(maps, "honest")


def _maps(maps: pd.DataFrame, truth: str) -> Figure:
    rows = maps[maps["truth"] == truth]
    figure = new_figure(0.8 + 1.9 * len(CHECKS))
    panels = figure.subplots(len(CHECKS), 2, squeeze=False, sharex=True, sharey=True)
    for (left, right), check in zip(panels, CHECKS, strict=True):
        mine = rows[rows["check"] == check.name]
        _cells(left, mine, "caught", CAUGHT)
        _cells(right, mine, "false_alarm", FALSE_ALARM)
        left.set_title(by_line(f"{check.short}:", "caught"), loc="left", fontsize=9.5)
        right.set_title("false alarms", loc="left", fontsize=9.5)
        left.set_ylabel("groups")
    for ax in panels[-1]:
        ax.set_xlabel(by_width(TAU_TO_ERROR, "τ / error"))
    return figure


caught_and_false_narrow = narrowed(caught_and_false)
characteristics_narrow = narrowed(characteristics)
over_draws_narrow = narrowed(over_draws)
maps_accurate_narrow = narrowed(maps_accurate)
maps_honest_narrow = narrowed(maps_honest)


def _cells(ax: Axes, rows: pd.DataFrame, share: str, colour: str) -> None:
    values = np.full((len(GROUPS) - 1, len(RATIOS) - 1), np.nan)
    for _, cell in rows.dropna(subset=share).iterrows():
        x, y = int(cell["ratio"]), int(cell["groups"])
        values[y, x] = cell[share]
        ax.text(
            *(x, y, f"{100 * values[y, x]:.0f}"),
            horizontalalignment="center",
            verticalalignment="center",
            fontsize=by_width(8, 7),
            bbox=HALO if values[y, x] > 0.5 else None,
        )
    over_plane(ax, values, colour)
    # a map is far from the last one's edge
    ax.tick_params(labelsize=by_width(8, 7), labelbottom=True)


def _in_percent(rows: pd.DataFrame, name: str) -> tuple[Array, Array]:
    """Shares, and the lengths of their intervals to both sides, shape (2, rows)."""
    share = 100 * rows[name].to_numpy()
    ends = 100 * rows[[f"{name}_low", f"{name}_high"]].to_numpy().T
    return share, np.abs(ends - share)
