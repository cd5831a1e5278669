"""Adapter of rule score."""

from pathlib import Path
from typing import Any

import pandas as pd

from partial_pooling.grading.scorecard import Scorecard, cells_of
from partial_pooling.logs import log_to
from partial_pooling.tables import read_parquet, write_table


def main(job: Any) -> None:
    files = zip(job.input.tables, job.input.fits, job.params.chains, strict=True)
    cells = [
        cells_of(read_parquet(Path(tables)), read_parquet(Path(fits)), chains)
        for tables, fits, chains in files
    ]
    for name, table in Scorecard(pd.concat(cells, ignore_index=True)).tables().items():
        write_table(table, job.output[name])


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
