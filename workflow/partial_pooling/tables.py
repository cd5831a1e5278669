"""Tables on disk. A module of its own, for who imports it rests on Pandas: sampling does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from partial_pooling.files import damaged, intact, replacing


def read_table(path: str | Path, **options: Any) -> pd.DataFrame:
    """Read a CSV file that an earlier step wrote, if it is `intact`.

    Parameters
    ----------
    path
        The file.
    **options
        Passed on to `pandas.read_csv`.
    """
    table: pd.DataFrame = pd.read_csv(intact(path), **options)
    return table


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV at full precision."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False)


def read_parquet(path: str | Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file that an earlier step wrote, if it is `intact`.

    Parameters
    ----------
    path
        The file.
    columns
        Which to read; by default all.
    """
    table: pd.DataFrame = pd.read_parquet(intact(path), columns=columns)
    return table


def read_metadata(path: str | Path) -> dict[str, str]:
    """What a Parquet file says of itself beside its columns, if it is `intact` and one."""
    import pyarrow.parquet as pq

    intact(path)
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, ValueError) as error:  # pyarrow's own are these too
        raise damaged(path, error) from None
    return {key.decode(): value.decode() for key, value in metadata.items() if key != b"pandas"}
