"""What becomes of stores' files: manifests whose files are gone, files that no manifest names.

Draws are kept in `results/fits/`, those of tables of a collection that were opened as studies in
`results/{collection}/fits/`, and a collection's answers in `results/{collection}/store/`.

No step imports this module, so that a change of it samples nothing again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path

from partial_pooling.errors import InputError
from partial_pooling.files import damaged, read_json, seal_of
from partial_pooling.sampling.manifests import read_manifest
from partial_pooling.sampling.store import FOLDER
from partial_pooling.study.contents import write_contents

MANIFESTS = "fits/*/batch-*.json"  # of a data set's folder
BATCHES = "batches/[!.]*.json"  # of a collection's folder: by kind, chunks of its store
STORE = "store"
OF_EARLIER_VERSION = "*/fits/*/batch-*.nc"  # draws of a whole batch in one file
# of `files.replacing`: hidden, with the id of a process and eight random digits; and their seals
TEMPORARY = re.compile(r"\.{1,2}.+\.(\d+)\.[0-9a-f]{8}(\.[A-Za-z0-9]+)*")
BROKEN = ".broken"  # ends the name of a manifest that is set aside
STALE_SECONDS = 3600  # a temporary file lives as long as one fit is written
MEGABYTE = 1e6
# The page of a data set and of a collection, and what tells that it is one.
PAGES = {"report.html": "verdict.json", "index.html": "tables.parquet"}


def set_aside_broken(folders: Iterable[Path]) -> dict[Path, Path]:
    """Hide manifests that name files which are gone, or draws that have lost or gained bytes.

    Snakemake, which sees manifests only, then plans to make these anew. Looks at sizes; damage that
    keeps the size is found when a fit is read. What a run that was killed had hidden is put back
    first, and judged like the others.

    Parameters
    ----------
    folders
        Results folders of data sets and collections.

    Returns
    -------
    dict
        Where each manifest that was hidden lies now, for `put_back`.
    """
    hidden = {}
    for folder in folders:
        put_back({_shown(path): path for path in folder.rglob(f".*{BROKEN}")})
        of_fits = [*folder.glob(MANIFESTS), *folder.glob(f"*/{MANIFESTS}")]
        whole = dict.fromkeys(of_fits, _has_fits)
        whole |= dict.fromkeys(folder.glob(BATCHES), _has_chunks)
        for path in sorted(whole):
            try:
                broken = not whole[path](path)
            except InputError:
                continue  # the step that reads it says so
            if broken:
                hidden[path] = path.rename(path.with_name(f".{path.name}{BROKEN}"))
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
    """List, or remove, files of draws and of tables' answers that no manifest names.

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
    collections = sorted(path.parent for path in results.glob(f"*/{STORE}"))
    if not (results / FOLDER).is_dir() and not collections:
        raise InputError(f"{results}: no fits found; allowed: a folder that Snakemake filled")
    if any((results.absolute().parent / ".snakemake/locks").glob("*")):
        raise InputError(
            f"{results}: locked: a run goes on, whose fits no manifest names yet; allowed: when it "
            "has ended (after one that was killed, run Snakemake with --unlock)"
        )
    lines, size, gone = [], 0, []
    of_draws = (path for folder in (results, *collections) for path in unnamed(folder))
    of_tables = (path for folder in collections for path in _unnamed_chunks(folder))
    for path in (*of_draws, *of_tables):
        size += (of_file := path.stat().st_size)
        lines.append(f"{path}: {of_file / MEGABYTE:.1f} MB")
        if remove:
            path.unlink()
            gone.append(path.relative_to(results).as_posix())
            seal_of(path).unlink(missing_ok=True)
    if gone:
        write_contents(results, without=gone)
    if not lines:
        return ["no file of draws or of tables that no study refers to"]
    told = "removed" if remove else "no study refers to them; `prune --yes` removes them"
    return [*lines, f"{len(lines)} files, {size / MEGABYTE:.1f} MB: {told}"]


def unnamed(results: Path) -> Iterator[Path]:
    """Files of draws that no manifest names: fits, what writing them left over, old batches."""
    manifests = map(read_manifest, results.glob(f"*/{MANIFESTS}"))
    named = {Path(fit.file).name for manifest in manifests for fit in manifest.fits}
    yield from _others(results / FOLDER, "[!.]*.nc", named)
    yield from sorted(results.glob(OF_EARLIER_VERSION))


def _unnamed_chunks(collection: Path) -> Iterator[Path]:
    """Files of a collection's store that no batch names, and what writing them left over."""
    named = {path.name for batch in collection.glob(BATCHES) for path in _chunks(batch)}
    yield from _others(collection / STORE, "[!.]*.parquet", named)


def _others(store: Path, pattern: str, named: Container[str]) -> Iterator[Path]:
    """Whole files of a store that are not named, and stale temporary ones."""
    whole, every = set(store.glob(pattern)), set(store.glob("*"))
    stale = {
        path
        for path in every - whole - {seal_of(one) for one in whole}
        if time.time() - path.stat().st_mtime > STALE_SECONDS
    }
    yield from sorted(path for path in whole if path.name not in named)
    yield from sorted(stale)


def _shown(aside: Path) -> Path:
    return aside.with_name(aside.name.removeprefix(".").removesuffix(BROKEN))


def _has_fits(manifest: Path) -> bool:
    of = read_manifest(manifest)
    return all(_has_size(of.results / fit.file, fit.bytes) for fit in of.fits)


def _has_chunks(manifest: Path) -> bool:
    return all(path.exists() for path in _chunks(manifest))


def _chunks(batch: Path) -> Iterator[Path]:
    """Chunks that a batch of a collection names."""
    store = batch.parent.parent / STORE
    try:
        by_kind = read_json(batch).values()
    except InputError:
        raise
    except (OSError, ValueError, AttributeError) as error:
        raise damaged(batch, error) from None
    return (store / name for names in by_kind for name in names)


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False
