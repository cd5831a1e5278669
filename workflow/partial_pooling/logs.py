"""What a step prints goes to its log file; why it failed goes to the terminal too."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from partial_pooling.errors import InputError

LOGGER = logging.getLogger("partial_pooling")
TERMINAL: list[int] = []  # where what is `told` goes beside the log
INTERRUPTED = (
    "interrupted: finished steps, and fits of this one, are kept; the same command goes on there"
)
LITTLE = 2**20  # bytes: a disk with less than this left is full


@contextmanager
def log_to(path: str | Path) -> Iterator[None]:
    """Send all output of this process to a file, and end with exit code 1 on an error.

    The error is told in one line on the terminal as well, since a full disk has no room for
    logs. The file keeps the traceback, unless the error is an `InputError`, which has said it all.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    terminal = os.dup(2)
    TERMINAL[:] = [terminal]
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    logging.basicConfig(stream=sys.stderr, format="%(message)s", force=True)
    LOGGER.setLevel(logging.INFO)
    stopped: list[int] = []

    def stop(signal_number: int, frame: object) -> None:
        stopped.append(signal_number)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, stop)
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if stopped or isinstance(error, KeyboardInterrupt):
            # a sampler that is stopped may end with an error of its own; the terminal has a line of
            # the process that plans the run
            with suppress(OSError):
                sys.stderr.write(f"{INTERRUPTED}\n")
                sys.stderr.flush()
            os._exit(128 + signal.SIGINT)
        line = f"partial-pooling: {_in_one_line(error, Path(path))}\n"
        os.write(terminal, line.encode("utf-8", "backslashreplace"))
        with suppress(OSError):  # the log may have no room
            sys.stderr.write(line if isinstance(error, InputError) else traceback.format_exc())
            sys.stderr.flush()
        # not sys.exit: closing streams on a full disk would raise again
        os._exit(1)
    finally:
        signal.signal(signal.SIGINT, before)


def tell(line: str) -> None:
    """Say how far a long step is, in its log and on the terminal."""
    LOGGER.info(line)
    for terminal in TERMINAL:
        os.write(terminal, f"partial-pooling: {line}\n".encode("utf-8", "backslashreplace"))


def _in_one_line(error: Exception, log: Path) -> str:
    if isinstance(error, InputError):
        return str(error)
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or shutil.disk_usage(log.parent).free < LITTLE:
        return (
            f"no space left on the disk that holds {log.parent}; make room and run Snakemake "
            "again: finished steps are kept"
        )
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first} (the traceback is in {log})"
