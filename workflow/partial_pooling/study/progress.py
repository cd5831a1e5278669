"""Lines that say how far a run is: one a step, or a few tens for a run of many steps.

Snakemake tells of a finished step in three lines, without its data set. Here its records are read
by the names of their events; nothing of Snakemake is imported.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from copy import copy

MOST_LINES = 40  # of a run
LONGEST_SILENCE = 60.0  # seconds


class ProgressLines:
    """A filter of a handler of Snakemake's log, which puts a line of its own in place of three.

    Parameters
    ----------
    tables
        From a collection to how many of its tables are done, in words: what its batches say
        themselves is not seen where they run on a cluster.
    """

    def __init__(self, tables: Callable[[str], str]) -> None:
        self._tables = tables
        self._steps: dict[int, tuple[str, str]] = {}  # in words, and a batch's collection
        self._last = "", ""
        self._told = 0.0
        self._at = time.monotonic()

    def filter(self, record: logging.LogRecord) -> bool | logging.LogRecord:
        """Let a record pass, drop it, or give one to show in its place."""
        event = getattr(getattr(record, "event", None), "name", "")
        if event == "JOB_INFO":
            wildcards = record.__dict__["wildcards"] or {}
            self._steps[record.__dict__["jobid"]] = (
                step_in_words(record.__dict__["rule_name"], wildcards),
                str(wildcards.get("collection", "")) if "batch" in wildcards else "",
            )
        elif event == "JOB_FINISHED":
            self._last = self._steps.pop(record.__dict__["job_id"], ("", ""))
            return False
        elif event == "PROGRESS":
            return self._progress(record, record.__dict__["done"], record.__dict__["total"])
        # how Snakemake chooses among steps
        return not str(record.msg).startswith(("Select jobs to execute", "Execute "))

    def _progress(
        self, record: logging.LogRecord, done: int, total: int
    ) -> bool | logging.LogRecord:
        now, lines = time.monotonic(), MOST_LINES * done / total
        due = total <= MOST_LINES or int(lines) > int(self._told) or done == total
        if not due and now - self._at < LONGEST_SILENCE:
            return False
        self._told, self._at = lines, now
        shown = copy(record)
        shown.__dict__["event"] = None
        share = f"{100 * done // total} %"
        step, collection = self._last
        told = [f"{done:,} of {total:,} steps ({share}) done", step]
        told += [self._tables(collection)] if collection else []
        shown.msg = "; ".join(filter(None, told))
        return shown


def step_in_words(rule: str, wildcards: Mapping[str, str] | None) -> str:
    """Say which step a job is: its data set first.

    Examples
    --------
    >>> step_in_words("sample_posterior", {"dataset": "schools", "model": "centered"})
    'schools: sample_posterior centered'
    """
    values = {name: str(value) for name, value in (wildcards or {}).items()}
    whose = "/".join(
        values.pop(name) for name in ("dataset", "collection", "table") if name in values
    )
    step = " ".join([rule, *values.values()])
    return f"{whose}: {step}" if whose else step
