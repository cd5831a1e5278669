"""Whether the machine has room for a study: memory, disk, folders that can be written.

Asked before anything runs, so that a study too large ends in one line with the number to change.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from partial_pooling.errors import InputError
from partial_pooling.sampling.settings import SamplerSettings
from partial_pooling.study.resources import BASE_MB, MEGABYTE, fit_mb, stored_mb

# Copies of a fit's draws that are held at once at least: nothing is refused that could run.
LEAST_COPIES = 5
LEAST_FREE_MB = 1  # Snakemake's locks and records of a small study
CGROUP = "/sys/fs/cgroup/memory.max"


def check_memory(where: str, groups: int, settings: SamplerSettings, there_mb: float) -> None:
    """Refuse fits that cannot be held in memory.

    Parameters
    ----------
    where
        The key that says how to sample, such as `sampling`.
    groups
        J, the length of theta.
    settings
        What all fits share.
    there_mb
        Memory of the machine.

    Raises
    ------
    InputError
        With the numbers of draws or of chains that would do.
    """
    needed = BASE_MB + LEAST_COPIES * fit_mb(groups, settings)
    if needed <= there_mb:
        return
    a_step = LEAST_COPIES * fit_mb(groups, settings) / (settings.draws + settings.tune)
    steps = max(0.0, (there_mb - BASE_MB) / a_step)
    share = steps / (settings.draws + settings.tune)
    _refuse(where, groups, settings, f"{needed / 1e3:,.0f} GB of memory", there_mb, steps, share)


def check_disk(where: str, groups: int, settings: SamplerSettings, fits: int, free: float) -> None:
    """Refuse fits that do not fit on the disk; parameters as of `check_memory`.

    Parameters
    ----------
    fits
        Number of fits that are not there yet.
    free
        Megabytes.
    """
    needed = fits * stored_mb(groups, settings)
    if needed > free:
        share = free / needed
        steps = share * settings.draws + settings.tune
        _refuse(
            where, groups, settings, f"{needed / 1e3:,.1f} GB on the disk", free, steps, share, fits
        )


def _refuse(
    where: str,
    groups: int,
    settings: SamplerSettings,
    needed: str,
    there_mb: float,
    steps: float,
    share: float,
    fits: int = 1,
) -> None:
    told = f"{fits} fits" if fits > 1 else "a fit"
    draws, chains = int(steps) - settings.tune, int(share * settings.chains)
    allowed = [f"draws up to {draws}"] if draws >= 4 else []
    allowed += [f"chains up to {chains}"] if chains >= 2 else []
    instead = " or ".join(allowed) or "less, or another machine"
    raise InputError(
        f"{where}: found draws {settings.draws}, tune {settings.tune} and chains "
        f"{settings.chains}: {told} of {groups} groups takes {needed}; "
        f"{there_mb / 1e3:,.1f} GB are there; allowed: {instead}"
    )


def memory_there_mb() -> float:
    """Memory of this machine, or of the container or job that this process is in."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no limit
        there = min(there, int(Path(CGROUP).read_text(encoding="ascii")))
    return there / MEGABYTE


def free_mb(folder: Path) -> float:
    """Free space of the disk that holds a folder, or will."""
    while not folder.exists():
        folder = folder.absolute().parent
    return shutil.disk_usage(folder).free / MEGABYTE


def check_not_full(folder: Path) -> None:
    """Refuse a disk with too little free space for Snakemake to begin: it ends in a traceback."""
    free = free_mb(folder)
    if free < LEAST_FREE_MB:
        raise InputError(
            f"{folder.absolute()}: found {free:.1f} MB free on the disk; "
            f"allowed: {LEAST_FREE_MB} MB at least"
        )


def check_writable(folders: Iterable[Path]) -> None:
    """Refuse folders, or folders at any depth in them, in which nothing can be written."""
    for top in folders:
        for folder, _, _ in os.walk(top):
            if not os.access(folder, os.W_OK | os.X_OK):
                raise InputError(
                    f"{folder}: found a folder that cannot be written; allowed: one that can"
                )
