"""Results on disk: a half-written file never bears the final name; a damaged one is named."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partial_pooling.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there when the block ends without an error.

    The temporary name keeps the ending, which tells Matplotlib and others the format.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{final.stem}.{os.getpid()}{final.suffix}")
    try:
        yield temporary
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(content: Mapping[str, Any], path: str | Path) -> None:
    """Write indented JSON; keys keep their order, NaN is refused."""
    with replacing(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )


def read_table(path: str | Path, **options: Any) -> pd.DataFrame:
    """Read a CSV file that an earlier step wrote.

    Parameters
    ----------
    path
        The file.
    **options
        Passed on to `pandas.read_csv`.

    Raises
    ------
    InputError
        The file is missing or damaged; the message says how to make it anew.
    """
    import pandas as pd

    try:
        table: pd.DataFrame = pd.read_csv(path, **options)
    except (OSError, ValueError) as error:
        raise damaged(path, "a table", error) from None
    return table


def read_dataset(path: str | Path) -> xr.Dataset:
    """Read a NetCDF file that an earlier step wrote, whole; as `read_table` where it fails."""
    import xarray as xr

    try:
        return xr.load_dataset(path, engine="netcdf4")
    except (OSError, ValueError, RuntimeError) as error:
        raise damaged(path, "NetCDF", error) from None


def damaged(path: str | Path, what: str, error: Exception) -> InputError:
    """Say that a result cannot be read, and how to make it anew."""
    reason = "it is missing" if isinstance(error, FileNotFoundError) else str(error)
    return InputError(
        f"{path}: cannot be read as {what} ({reason}); make it anew: delete it, if it is there, "
        "and run Snakemake again"
    )
