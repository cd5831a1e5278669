"""A step that is stopped from the terminal, and lines that say how far a run is."""

import logging
import subprocess
import sys
from types import SimpleNamespace

import pytest

from partial_pooling.study.interruption import TOLD
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
def test_a_stopped_step_says_so_in_its_log_and_has_no_traceback(tmp_path, then):
    log = tmp_path / "log.txt"
    program = STOPPED.format(log=str(log), then=then)
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert process.returncode == 130
    assert process.stderr == ""  # of the run's process; a step is one of many
    assert log.read_text().startswith("interrupted: finished steps, and fits of this one, are kept")
    assert "Traceback" not in log.read_text()


INTERRUPTED = """
import logging, os, signal
from partial_pooling.study.interruption import Interruption
stop = Interruption()
stop.install()
record = logging.makeLogRecord({})
print(bool(stop), stop.filter(record), flush=True)
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    os.kill(os.getpid(), signal.SIGINT)  # the same Ctrl-C, by way of uv
    print(bool(stop), stop.filter(record), flush=True)
    raise
"""


def test_an_interrupted_run_says_so_once_and_shows_nothing_more():
    program = [sys.executable, "-c", INTERRUPTED]
    process = subprocess.run(program, capture_output=True, text=True)
    assert process.stdout == "False True\nTrue False\n"
    assert process.stderr == f"{TOLD}\n"
    assert process.returncode != 0


def test_a_run_in_the_background_ignores_control_c_as_its_shell_says():
    ignoring = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    program = [sys.executable, "-c", f"{ignoring}{INTERRUPTED}"]
    process = subprocess.run(program, capture_output=True, text=True)
    assert (process.stdout, process.stderr, process.returncode) == ("False True\n", "", 0)


def records_of(steps, of=lambda job: {"dataset": f"d{job}"}):
    """What Snakemake logs of as many steps."""
    for job in range(steps):
        for event, more in (
            ("JOB_INFO", {"jobid": job, "rule_name": "work", "wildcards": of(job)}),
            ("JOB_FINISHED", {"job_id": job}),
            ("PROGRESS", {"done": job + 1, "total": steps}),
        ):
            yield logging.makeLogRecord({"event": SimpleNamespace(name=event), **more})


@pytest.mark.parametrize(("steps", "lines"), [(11, 11), (40, 40), (700, MOST_LINES)])
def test_a_run_has_a_line_a_step_or_tens(steps, lines):
    told = ProgressLines(str)
    shown = [told.filter(record) for record in records_of(steps)]
    said = [record.msg for record in shown if isinstance(record, logging.LogRecord)]
    assert len(said) == lines
    assert said[-1] == f"{steps} of {steps} steps (100 %) done; d{steps - 1}: work"
    assert said[0].startswith("1 of 11 steps (9 %) done; d0: work") or steps > 11


def test_a_batch_of_tables_says_how_many_are_done_when_it_ends():
    """On a cluster nothing else does."""
    at_the_end = iter([3, 9])
    told = ProgressLines(lambda collection: f"{next(at_the_end)} of 9 tables of {collection}")
    batches = records_of(2, lambda job: {"collection": "c", "batch": f"000{job}"})
    steps = records_of(1, lambda job: {"collection": "c"})
    shown = [told.filter(record) for record in (*batches, *steps)]
    assert [record.msg for record in shown if isinstance(record, logging.LogRecord)] == [
        "1 of 2 steps (50 %) done; c: work 0000; 3 of 9 tables of c",
        "2 of 2 steps (100 %) done; c: work 0001; 9 of 9 tables of c",
        "1 of 1 steps (100 %) done; c: work",
    ]


def test_a_step_is_named_by_its_data_set():
    values = {"model": "centered", "dataset": "schools", "batch": "000"}
    assert step_in_words("sample_posterior", values) == "schools: sample_posterior centered 000"
    assert step_in_words("open_table", {"collection": "c", "table": "t"}) == "c/t: open_table"
    assert step_in_words("write_index", {}) == "write_index"
