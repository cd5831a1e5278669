"""What a decision needs: ranks of the groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from partial_pooling.figures.labels import escape, shorten
from partial_pooling.figures.style import EXACT, new_figure, styled
from partial_pooling.words import percent

MOST_WRITTEN = 12  # groups of which each probability is written into its cell


@styled
def ranks(ranks: pd.DataFrame) -> Figure:
    """Draw the probability of each group's rank, the groups in the order of their expected ranks.

    Parameters
    ----------
    ranks
        The table ranks.csv.

    Returns
    -------
    matplotlib.figure.Figure
        A row a group, a column a rank, the darker the more probable; of more groups than each rank
        is known of, their expected ranks alone, if those are known.
    """
    table = ranks.sort_values("expected_rank", kind="stable")
    names = [escape(shorten(str(name))) for name in table["group"]]
    chance = table[[c for c in table if str(c).startswith("rank_")]].to_numpy(dtype=float)
    count = len(table)
    if not chance.size:
        figure = new_figure(4.0)
        ax = figure.subplots()
        ax.plot(table["expected_rank"].to_numpy(), np.arange(count), color=EXACT, linewidth=1.5)
        ax.set_ylim(count - 0.5, -0.5)
        ax.set_ylabel(f"{count:,} groups, in this order")
        ax.set_xlabel("expected rank of θ, 1 the largest")
        return figure
    figure = new_figure(1.3 + (0.36 if count <= 20 else 0.22) * count)
    ax = figure.subplots()
    top = float(chance.max())
    mesh = ax.pcolormesh(chance, cmap="Greys", vmin=0, vmax=top, edgecolors="white", linewidth=0.5)
    if count <= MOST_WRITTEN:
        for (row, column), value in np.ndenumerate(chance):
            ax.text(
                column + 0.5,
                row + 0.5,
                percent(value) if value >= 0.005 else "",
                ha="center",
                va="center",
                fontsize=8.5,
                color="white" if value > 0.6 * top else "black",
            )
    else:
        figure.colorbar(mesh, ax=ax, label="probability", aspect=40)
    middle = np.arange(count) + 0.5
    ax.plot(
        table["expected_rank"] - 0.5,
        middle,
        linestyle="none",
        marker="|",
        markersize=12,
        markeredgewidth=2,
        color="#D55E00",
        label="expected rank",
    )
    ax.set_yticks(middle, names, fontsize=10 if count <= 20 else 8)
    shown = np.arange(0, count, 1 if count <= 20 else 5)
    ax.set_xticks(shown + 0.5, [str(rank + 1) for rank in shown])
    ax.set_xlabel("rank of θ, 1 the largest")
    ax.set_ylim(count, 0)
    ax.grid(visible=False)
    ax.tick_params(length=0)
    figure.legend(loc="outside upper right")
    return figure
