"""A step that is stopped from the terminal, and lines that say how far a run is."""

import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest

from partial_pooling.study.progress import MOST_LINES, ProgressLines, step_in_words

STOPPED = """
import os, signal
from partial_pooling.logs import log_to
with log_to({log!r}):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        {then}
"""


# as a sampler does that ends what it has begun, and as any other step
@pytest.mark.parametrize("then", ['raise RuntimeError("a chain ended after 8 of 11")', "raise"])
def test_a_stopped_step_says_so_in_a_line_and_has_no_traceback(tmp_path, then):
    log = tmp_path / "log.txt"
    program = STOPPED.format(log=str(log), then=then)
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert process.returncode == 130
    assert process.stderr.startswith("partial-pooling: interrupted: finished steps, and fits")
    assert process.stderr.count("\n") == 1
    assert "Traceback" not in log.read_text()


def records_of(steps):
    """What Snakemake logs of as many steps."""
    for job in range(steps):
        for event, more in (
            ("JOB_INFO", {"jobid": job, "rule_name": "work", "wildcards": {"dataset": f"d{job}"}}),
            ("JOB_FINISHED", {"job_id": job}),
            ("PROGRESS", {"done": job + 1, "total": steps}),
        ):
            yield logging.makeLogRecord({"event": SimpleNamespace(name=event), **more})


@pytest.mark.parametrize(("steps", "lines"), [(11, 11), (40, 40), (700, MOST_LINES)])
def test_a_run_has_a_line_a_step_or_tens(steps, lines):
    told = ProgressLines()
    shown = [told.filter(record) for record in records_of(steps)]
    said = [record.msg for record in shown if isinstance(record, logging.LogRecord)]
    assert len(said) == lines
    assert said[-1] == f"{steps} of {steps} steps (100 %) done; d{steps - 1}: work"
    assert said[0].startswith("1 of 11 steps (9 %) done; d0: work") or steps > 11


def test_a_step_is_named_by_its_data_set():
    values = {"model": "centered", "dataset": "schools", "batch": "000"}
    assert step_in_words("sample_posterior", values) == "schools: sample_posterior centered 000"
    assert step_in_words("open_table", {"collection": "c", "table": "t"}) == "c/t: open_table"
    assert step_in_words("write_index", {}) == "write_index"
