"""Results on disk: a half-written file never bears the final name; a damaged one is named."""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partial_pooling.errors import InputError

if TYPE_CHECKING:
    import xarray as xr


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there when the block ends without an error.

    The temporary name keeps the ending, which tells Matplotlib and others the format; processes on
    several nodes have names of their own. A hidden file beside it gets the digest of the content,
    for `intact` to check.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    unique = f"{os.getpid()}.{secrets.token_hex(4)}"
    temporary = final.with_name(f".{final.stem}.{unique}{final.suffix}")
    seal = seal_of(temporary)
    try:
        yield temporary
        seal.write_text(sha256_of(temporary) + "\n", encoding="ascii")
        seal.replace(seal_of(final))
        temporary.replace(final)
    finally:
        for path in (temporary, seal):
            path.unlink(missing_ok=True)


def intact(path: str | Path) -> Path:
    """Give a path back, if the file's content is what the step that made it wrote.

    A file without a digest beside it, such as a user's own, is taken as it is.

    Raises
    ------
    InputError
        The file is missing, or was truncated or overwritten.
    """
    path = Path(path)
    try:
        written = sealed(path)
        found = sha256_of(path)
    except FileNotFoundError as error:
        if path.exists():
            return path
        raise damaged(path, error) from None
    except (OSError, ValueError) as error:
        raise damaged(path, error) from None
    if found != written:
        raise damaged(path, "its content is not what was written")
    return path


def seal_of(path: Path) -> Path:
    """Where the digest of a file's content stands."""
    return path.with_name(f".{path.name}.sha256")


def sealed(path: Path) -> str:
    """Digest of a file's content when it was written."""
    return seal_of(path).read_text(encoding="ascii").strip()


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(content: Mapping[str, Any], path: str | Path) -> None:
    """Write indented JSON; keys keep their order, NaN is refused."""
    with replacing(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )


def number_or_null(value: float) -> float | None:
    """Write NaN, which JSON does not have, as null."""
    return None if math.isnan(value) else float(value)


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON file that an earlier step wrote, if it is `intact`."""
    content: dict[str, Any] = json.loads(intact(path).read_text(encoding="utf-8"))
    return content


def read_dataset(path: str | Path) -> xr.Dataset:
    """Read a NetCDF file that an earlier step wrote, whole, if it is `intact`."""
    import xarray as xr

    return xr.load_dataset(intact(path), engine="netcdf4")


def damaged(path: str | Path, reason: Exception | str) -> InputError:
    """Say that a result cannot be read, and how to make it anew."""
    if isinstance(reason, FileNotFoundError):
        return InputError(f"{path}: it is missing; run Snakemake to make it")
    return InputError(
        f"{path}: damaged ({reason}); to make it anew, delete it and run Snakemake again"
    )
