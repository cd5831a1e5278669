"""What becomes of the store's files: manifests whose fits are gone, fits that no manifest names.

No step imports this module, so that a change of it samples nothing again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from partial_pooling.errors import InputError
from partial_pooling.files import seal_of
from partial_pooling.sampling.manifests import read_manifest
from partial_pooling.sampling.store import FOLDER
from partial_pooling.study.contents import write_contents

MANIFESTS = "fits/*/batch-*.json"  # of a data set's folder
OF_EARLIER_VERSION = "*/fits/*/batch-*.nc"  # draws of a whole batch in one file
# of `files.replacing`: hidden, with the id of a process and eight random digits; and their seals
TEMPORARY = re.compile(r"\.{1,2}.+\.(\d+)\.[0-9a-f]{8}(\.[A-Za-z0-9]+)*")
STALE_SECONDS = 3600  # a temporary file lives as long as one fit is written
MEGABYTE = 1e6
# The page of a data set and of a collection, and what tells that it is one.
PAGES = {"report.html": "verdict.json", "index.html": "tables.parquet"}


def set_aside_broken(folders: Iterable[Path]) -> dict[Path, Path]:
    """Hide manifests that name fits which are gone, or have lost or gained bytes.

    Snakemake, which sees manifests only, then plans to make these anew. Looks at sizes; damage that
    keeps the size is found when a fit is read.

    Parameters
    ----------
    folders
        Results folders of data sets.

    Returns
    -------
    dict
        Where each manifest that was hidden lies now, for `put_back`.
    """
    hidden = {}
    for path in (path for folder in folders for path in sorted(folder.glob(MANIFESTS))):
        try:
            manifest = read_manifest(path)
        except InputError:
            continue  # the step that reads it says so
        if not all(_has_size(manifest.results / fit.file, fit.bytes) for fit in manifest.fits):
            hidden[path] = path.rename(path.with_name(f".{path.name}.broken"))
    return hidden


def put_back(hidden: Mapping[Path, Path]) -> None:
    """Put back what was set aside, but for what was made anew: a dry run changes nothing."""
    for path, aside in hidden.items():
        if path.exists():
            aside.unlink(missing_ok=True)
        elif aside.exists():
            aside.rename(path)


def results_beside(folder: Path, covered: Iterable[str]) -> list[str]:
    """Names of data sets and collections whose pages lie in a results folder, but for `covered`.

    Parameters
    ----------
    folder
        The results folder.
    covered
        Names that the present configuration has.
    """
    pages = {
        path.parent.name
        for page, needs in PAGES.items()
        for path in folder.glob(f"*/{page}")
        if (path.parent / needs).exists()
    }
    return sorted(pages - set(covered))


def is_temporary(path: Path) -> bool:
    """Whether a file is what writing left over, or is being written."""
    return TEMPORARY.fullmatch(path.name) is not None


def sweep(results: Path) -> None:
    """Remove what processes left over that were killed while they wrote.

    Called where no other run works in the folder. A job of a cluster that outlived its run may
    write still; it is made again by the run that sweeps.
    """
    for path in results.rglob(".*"):
        found = TEMPORARY.fullmatch(path.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            path.unlink(missing_ok=True)


def prune(results: Path, *, remove: bool) -> list[str]:
    """List, or remove, files of draws that no manifest names.

    Parameters
    ----------
    results
        The results folder of one or more studies.
    remove
        Whether to remove them.

    Returns
    -------
    list of str
        A line a file, and their number and size.

    Raises
    ------
    InputError
        There are no results, a manifest is damaged, or a run is going on.
    """
    if not (results / FOLDER).is_dir():
        raise InputError(f"{results}: no fits found; allowed: a folder that Snakemake filled")
    if any((results.absolute().parent / ".snakemake/locks").glob("*")):
        raise InputError(
            f"{results}: locked: a run goes on, whose fits no manifest names yet; allowed: when it "
            "has ended (after one that was killed, run Snakemake with --unlock)"
        )
    lines, size, gone = [], 0, []
    for path in unnamed(results):
        size += (of_file := path.stat().st_size)
        lines.append(f"{path}: {of_file / MEGABYTE:.1f} MB")
        if remove:
            path.unlink()
            gone.append(path.relative_to(results).as_posix())
            seal_of(path).unlink(missing_ok=True)
    if gone:
        write_contents(results, without=gone)
    if not lines:
        return ["no file of draws that no study refers to"]
    told = "removed" if remove else "no study refers to them; `prune --yes` removes them"
    return [*lines, f"{len(lines)} files, {size / MEGABYTE:.1f} MB: {told}"]


def unnamed(results: Path) -> Iterator[Path]:
    """Files of draws that no manifest names: fits, what writing them left over, old batches."""
    manifests = map(read_manifest, results.glob(f"*/{MANIFESTS}"))
    named = {Path(fit.file).name for manifest in manifests for fit in manifest.fits}
    store = set((results / FOLDER).iterdir())
    fits = set((results / FOLDER).glob("[!.]*.nc"))
    stale = {
        path
        for path in store - fits - {seal_of(fit) for fit in fits}
        if time.time() - path.stat().st_mtime > STALE_SECONDS
    }
    yield from sorted(path for path in fits if path.name not in named)
    yield from sorted(stale)
    yield from sorted(results.glob(OF_EARLIER_VERSION))


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False
