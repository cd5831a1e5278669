"""What a folder of results holds: `results/SHA256SUMS`, a line a file, as `sha256sum` writes it.

It is written whenever Snakemake ends, from the seals of the files: nothing is read again for it.
Its last line is its own seal. What has no seal (logs, benchmarks, a user's own files) is not in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from partial_pooling.errors import InputError
from partial_pooling.files import ALTERED, Seal, damaged, read_seal, replacing, seal_of, sha256_of

NAME = "SHA256SUMS"
HEAD = (
    "# What the steps of the workflow wrote here, with SHA-256 of each file when it was whole.\n"
    "# `uv run partial_pooling verify` holds the files against it; so does `sha256sum --check`.\n"
)
SEAL = "# the lines above: "
NO_RESULTS = {"logs", "benchmarks"}  # folders: what is in them differs from run to run
OTHERS = {NAME, "README.md", "report.zip"}  # of the results folder: no step writes them


def write_contents(results: Path, without: Sequence[str] = ()) -> None:
    """Bring the list up to date, and write seals anew that are gone.

    A file that is missing stays listed as long as its data set's folder is there, so that
    `verification.verify` can miss it; a chunk of a collection's store, as long as a batch names it.

    Parameters
    ----------
    results
        Folder of the results; nothing happens where there are none.
    without
        Files that were removed on purpose, by their paths from there.
    """
    try:
        before = read_contents(results)
    except InputError:
        before = {}
    now = {
        place: sha256
        for place, sha256 in before.items()
        if place not in without and _may_be_there(results, place)
    }
    for path in files_of(results):
        place = path.relative_to(results).as_posix()
        try:
            seal = read_seal(path)
        except (OSError, ValueError):
            if not seal_of(path).exists() and before.get(place) == sha256_of(path):
                _write_seal(path, Seal(before[place], place))
            continue
        if seal.place in (place, ""):
            now[place] = seal.sha256
    if now and (now != before or not (results / NAME).exists()):
        lines = HEAD + "".join(f"{now[place]}  {place}\n" for place in sorted(now))
        with replacing(results / NAME) as temporary:
            temporary.write_text(f"{lines}{SEAL}{_digest(lines.encode())}\n", encoding="utf-8")
        seal_of(results / NAME).unlink()  # its own is within it


def read_contents(results: Path) -> dict[str, str]:
    """Digest of each file that is listed, by its path from the folder of the results.

    Raises
    ------
    InputError
        There is no list, or it is damaged.
    """
    path = results / NAME
    try:
        lines, _, seal = path.read_bytes().rpartition(SEAL.encode())
        if seal != f"{_digest(lines)}\n".encode():
            raise ValueError(ALTERED)
        listed = [line.split("  ", 1) for line in lines.decode().removeprefix(HEAD).splitlines()]
        return {place: sha256 for sha256, place in listed}
    except (OSError, ValueError) as error:
        raise damaged(path, error) from None


def files_of(results: Path) -> Iterator[Path]:
    """Files of a folder of results that a step may have written; no seals, logs or the like."""
    for path in sorted(results.rglob("[!.]*")):
        place = path.relative_to(results)
        if place.as_posix() not in OTHERS and not NO_RESULTS & set(place.parts) and path.is_file():
            yield path


def _may_be_there(results: Path, place: str) -> bool:
    """Whether a file that is listed is there, or is to be missed."""
    folder, _, rest = place.partition("/")
    if not rest or (results / place).exists():
        return True
    kind, _, name = rest.partition("/")
    if kind != "store":
        return (results / folder).is_dir()
    # what was in it may have been made anew in other chunks
    batches = (results / folder).glob("batches/[!.]*.json")
    return any(name in path.read_text(encoding="utf-8", errors="replace") for path in batches)


def _write_seal(path: Path, seal: Seal) -> None:
    seal_of(path).write_text(f"{seal.sha256}  {seal.place}\n", encoding="utf-8")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
