"""Ctrl-C in the process that plans a run: told in one line, without Snakemake's tracebacks."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from types import FrameType, TracebackType

TOLD = (
    "partial-pooling: interrupted; finished steps are kept, and finished fits of the others: "
    "the same command goes on there"
)
# Seconds in which a signal is the same Ctrl-C: a terminal sends it to every process, uv once more.
SAME = 3.0


class Interruption:
    """A handler of SIGINT, and a filter of what Snakemake says of the steps that it ends."""

    def __init__(self) -> None:
        self._at: float | None = None

    def install(self) -> None:
        """Take the place of Python's own handler; a run that ignores Ctrl-C goes on ignoring it."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self.handle)
            sys.excepthook = self._hook

    def __bool__(self) -> bool:
        """Whether the run was interrupted."""
        return self._at is not None

    def handle(self, signal_number: int, frame: FrameType | None) -> None:
        """Say it once, and let Snakemake end its steps; the next Ctrl-C interrupts that, too."""
        now = time.monotonic()
        if self._at is not None and now - self._at < SAME:
            return
        if not self:
            os.write(2, f"{TOLD}\n".encode())
        self._at = now
        raise KeyboardInterrupt

    def filter(self, record: logging.LogRecord) -> bool:
        """Let nothing pass that follows."""
        return not self

    def _hook(
        self, kind: type[BaseException], error: BaseException, at: TracebackType | None
    ) -> None:
        if not (self and issubclass(kind, KeyboardInterrupt)):
            sys.__excepthook__(kind, error, at)
