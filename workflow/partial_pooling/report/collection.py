"""The results folder of a collection, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.files import intact, read_json
from partial_pooling.grading.grades import FEW, WRONG
from partial_pooling.grading.over_tables import models_of
from partial_pooling.tables import read_parquet

USABLE = "ok"  # status of a table that could be used


@dataclass(frozen=True)
class Collection:
    """One collection's results; nothing is computed anew.

    Parameters
    ----------
    folder
        Such as `results/cochrane`.
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
        return self.tables[self.tables["status"] == USABLE]

    @cached_property
    def worst_error(self) -> pd.Series[float]:
        """Largest error of a quantile over the fits of a table, in probability; by table."""
        fits = read_parquet(self.folder / "fits.parquet", ["table", "error_quantile_max"])
        return fits.groupby("table")["error_quantile_max"].max()

    @cached_property
    def population(self) -> dict[str, Any]:
        """What population.json says of the distribution of tau over tables; empty if nothing."""
        path = self.folder / "population.json"
        return read_json(path) if path.exists() else {}

    @cached_property
    def provenance(self) -> dict[str, str]:
        """Where the tables come from, as their file says."""
        import pyarrow.parquet as pq

        metadata = pq.read_schema(intact(self.folder / "tables.parquet")).metadata or {}
        return {key.decode(): value.decode() for key, value in metadata.items() if key != b"pandas"}

    @property
    def models(self) -> list[str]:
        """The models that were fitted, in the order of the columns; none if exact only."""
        return models_of(self.tables)

    @cached_property
    def badness(self) -> pd.Series[int]:
        """How bad the worst fit of each table is: 2 wrong, 1 too few draws, 0 neither."""
        verdicts = self.tables[[f"{model}_verdict" for model in self.models]]
        grades = verdicts.isin([WRONG]).any(axis=1) * 2
        return grades.where(grades > 0, verdicts.isin([FEW]).any(axis=1) * 1).astype(np.int64)
