"""The results folder of a collection, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from partial_pooling.data.collection import OK
from partial_pooling.files import read_json
from partial_pooling.grading.grades import FAILED, FEW, RIGHT, WRONG
from partial_pooling.grading.over_tables import ENDING, models_of
from partial_pooling.tables import read_metadata, read_parquet

WORST_FIRST = (FAILED, WRONG, FEW, RIGHT)
OF_FITS = ["table", "model", "draws", "verdict", "alarms", "error_quantile_max"]


@dataclass(frozen=True)
class Collection:
    """One collection's results; nothing is computed anew.

    Parameters
    ----------
    folder
        Such as `results/cochrane`, with tables.parquet, fits.parquet and population.json.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Name of the collection, as people read it."""
        return self.folder.name.replace("_", " ")

    @cached_property
    def tables(self) -> pd.DataFrame:
        """One row a table."""
        return read_parquet(self.folder / "tables.parquet")

    @cached_property
    def usable(self) -> pd.DataFrame:
        """Rows of the tables that could be used."""
        return self.tables[self.tables["status"] == OK]

    @property
    def models(self) -> list[str]:
        """The models that were fitted, in the order of the columns; none if exact only."""
        return models_of(self.tables)

    @cached_property
    def fits(self) -> pd.DataFrame:
        """One row a fit at its most draws, columns `OF_FITS`; none if exact only."""
        if not self.models:
            return pd.DataFrame({name: pd.Series(dtype=object) for name in OF_FITS})
        fits = read_parquet(self.folder / "fits.parquet", OF_FITS)
        last: pd.DataFrame = fits[fits["draws"] == fits["draws"].max()]
        return last

    @cached_property
    def worst_error(self) -> pd.Series[float]:
        """Largest error of a quantile over the fits of each table, in probability; by row."""
        errors = self.fits.groupby("table")["error_quantile_max"].max()
        return self.tables["table"].map(errors).astype(float)

    @cached_property
    def worst_first(self) -> pd.Series[int]:
        """Rank of each table from 0: by its worst verdict, then by its error; by row.

        Tables without a fit come last, in the order of the file.
        """
        if not self.models:
            return pd.Series(range(len(self.tables)), index=self.tables.index)
        verdicts = self.tables[[f"{model}{ENDING}" for model in self.models]]
        severity = verdicts.apply(
            lambda column: column.map({name: k for k, name in enumerate(WORST_FIRST)})
        ).min(axis=1)
        keys = pd.DataFrame({"severity": severity, "error": -self.worst_error})
        order = keys.sort_values(["severity", "error"], kind="stable", na_position="last").index
        return pd.Series(range(len(order)), index=order).reindex(self.tables.index)

    @cached_property
    def population(self) -> dict[str, Any]:
        """What population.json says of the distribution of tau over tables; empty if nothing."""
        path = self.folder / "population.json"
        return read_json(path) if path.exists() else {}

    @cached_property
    def provenance(self) -> dict[str, str]:
        """Where the tables come from, as their file says."""
        return read_metadata(self.folder / "tables.parquet")
