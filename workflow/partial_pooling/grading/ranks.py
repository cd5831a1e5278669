"""All simulations of a calibration: the ranks of the truth, by model and for the exact control.

Ranks are integers from 0 to L, uniform if the sampler is right. The exact control, the truth's
position in the exact CDF, is cut into the same L + 1 ranks, so that all stand the same tests.

`tau` has the ranks of `log_tau` and is not tested twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

EXACT = "exact"


@dataclass(frozen=True, eq=False)
class Calibration:
    """All simulations of a data set.

    Attributes
    ----------
    ranks
        Rows of every batch's ranks, with model.
    fits
        Rows of every batch's fits, with model.
    ranked_draws
        L.
    """

    ranks: pd.DataFrame
    fits: pd.DataFrame
    ranked_draws: int

    @property
    def models(self) -> list[str]:
        """Names of the models, in order of appearance."""
        return list(dict.fromkeys(self.fits["model"]))

    @property
    def sources(self) -> list[str]:
        """The models and the exact control."""
        return [*self.models, EXACT]

    @property
    def different(self) -> int:
        """Number of different ranks, L + 1."""
        return self.ranked_draws + 1

    @property
    def variables(self) -> list[str]:
        """Tested variables: all but tau, whose ranks are those of log_tau."""
        return [name for name in dict.fromkeys(self.ranks["variable"]) if name != "tau"]

    def ranked(self, thinned_only: bool = False) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each source that has ranks, with its table; of thinned fits, the models alone."""
        for source in self.models if thinned_only else self.sources:
            table = self.rank_table(source, thinned_only)
            if len(table):
                yield source, table

    def exact_positions(self) -> pd.DataFrame:
        """The truth's position in the exact CDF: a row a simulation, a column a variable."""
        rows = self.ranks.drop_duplicates(["simulation", "variable"])
        table = rows.pivot(index="simulation", columns="variable", values="exact_cdf")
        return table.reindex(columns=self.variables).sort_index()

    def rank_table(self, source: str, thinned_only: bool = False) -> pd.DataFrame:
        """Ranks of a model, or of the exact control: a row a simulation, a column a variable."""
        if source == EXACT:
            rows = self.ranks.drop_duplicates(["simulation", "variable"])
            position = np.floor(rows["exact_cdf"] * self.different).astype(int)
            rows = rows.assign(rank=position.clip(0, self.ranked_draws))
        else:
            rows = self.ranks[self.ranks["model"] == source]
            if thinned_only:
                fits = self.fits[(self.fits["model"] == source) & self.fits["thinned"]]
                rows = rows[rows["simulation"].isin(fits["simulation"])]
        table = rows.pivot(index="simulation", columns="variable", values="rank")
        return table.reindex(columns=self.variables).sort_index()
