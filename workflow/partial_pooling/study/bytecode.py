"""Compiled files (`.pyc`) that a full disk cut off: Python would stumble over them for ever."""

from __future__ import annotations

import marshal
import shutil
import sysconfig
from collections.abc import Iterable
from pathlib import Path

HEADER = 16  # bytes before the code
LITTLE = 100e6  # bytes: on a disk with less left a file can have been cut off


def may_be_cut_off(folder: Path) -> bool:
    """Whether the disk that holds a folder is so full that files may have been cut off."""
    return shutil.disk_usage(folder).free < LITTLE


def folders() -> Iterable[Path]:
    """Where the modules lie that steps import: this library, and what is installed."""
    return {Path(__file__).parents[1], Path(sysconfig.get_path("purelib"))}


def remove_cut_off(where: Iterable[Path], since: float) -> list[Path]:
    """Remove compiled files that are not whole; Python makes them anew.

    Parameters
    ----------
    where
        Folders to look through.
    since
        Look at files that were written since then only, in seconds since the epoch.
    """
    removed = []
    for path in (path for folder in where for path in folder.rglob("__pycache__/*.pyc")):
        if path.stat().st_mtime < since:
            continue
        try:
            marshal.loads(path.read_bytes()[HEADER:])
        except (EOFError, ValueError, TypeError):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed
