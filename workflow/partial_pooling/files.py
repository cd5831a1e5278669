"""Results on disk: a half-written file never bears the final name; a damaged one is named."""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partial_pooling.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

RESULTS = "results"  # the folder in which Snakemake puts them
ALTERED = "its content is not what was written"


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there when the block ends without an error.

    The temporary name keeps the ending, which tells Matplotlib and others the format; processes on
    several nodes have names of their own. A hidden file beside it, its seal, gets the digest of the
    content and the place of the file in the results, for `intact` to check.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    unique = f"{os.getpid()}.{secrets.token_hex(4)}"
    temporary = final.with_name(f".{final.stem}.{unique}{final.suffix}")
    seal = seal_of(temporary)
    try:
        yield temporary
        seal.write_text(f"{sha256_of(temporary)}  {place_of(final)}\n", encoding="utf-8")
        seal.replace(seal_of(final))
        temporary.replace(final)
    finally:
        for path in (temporary, seal):
            path.unlink(missing_ok=True)


def intact(path: str | Path) -> Path:
    """Give a path back, if the file is the one that the step that made it wrote there.

    A file without a seal beside it, such as a user's own, is taken as it is.

    Raises
    ------
    InputError
        The file is missing, was truncated or overwritten, or is another file with its seal.
    """
    check(path)
    return Path(path)


def check(path: str | Path) -> str:
    """Digest of a file's content, after the check of `intact`: the content is read once."""
    path = Path(path)
    try:
        found = sha256_of(path)
    except OSError as error:
        raise damaged(path, error) from None
    try:
        seal = read_seal(path)
    except FileNotFoundError:
        return found
    except (OSError, ValueError) as error:
        raise damaged(path, error) from None
    if found != seal.sha256:
        raise damaged(path, ALTERED)
    if not is_at(path, seal.place):
        raise damaged(path, f"it was written as {seal.place}")
    return found


@dataclass(frozen=True)
class Seal:
    """What was written of a file when it was whole.

    Attributes
    ----------
    sha256
        Digest of its content.
    place
        Its path from the folder of the results: data set, model and batch are in it. Empty for a
        file of an earlier version, of which it was not written.
    """

    sha256: str
    place: str


def seal_of(path: Path) -> Path:
    """Where the seal of a file lies."""
    return path.with_name(f".{path.name}.sha256")


def read_seal(path: Path) -> Seal:
    """Seal of a file."""
    sha256, _, place = seal_of(path).read_text(encoding="utf-8").removesuffix("\n").partition("  ")
    return Seal(sha256, place)


def place_of(path: Path) -> str:
    """Path of a file from the folder called results; outside of any, its name."""
    parts = _parts(path)
    inside = [i for i, part in enumerate(parts[:-1]) if part == RESULTS]
    return "/".join(parts[inside[-1] + 1 :] if inside else parts[-1:])


def is_at(path: Path, place: str) -> bool:
    """Whether a file lies where it was written, in whichever folder the results are now."""
    parts = Path(place).parts
    return _parts(path)[-len(parts) :] == parts if parts else True


def _parts(path: Path) -> tuple[str, ...]:
    """Parts of a path from the root on, `..` resolved but no link."""
    return Path(os.path.normpath(path.absolute())).parts


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


def not_a_file(path: str | Path) -> str:
    """What is wrong with a path that should be a file; nothing if it is one.

    Of a pipe, whose content would be waited for, it is said, and of a name longer than any.
    """
    if os.path.isfile(path):  # noqa: PTH113 (Path.is_file raises for a name that is too long)
        return ""
    there = os.path.exists(path)  # noqa: PTH110
    return "no file, but something else" if there else "no such file"


def damaged(path: str | Path, reason: Exception | str) -> InputError:
    """Say that a result cannot be read, and how to make it anew."""
    if isinstance(reason, FileNotFoundError):
        return InputError(f"{path}: it is missing; run Snakemake to make it")
    return InputError(
        f"{path}: damaged ({reason}); to make it anew, delete it and run Snakemake again"
    )
