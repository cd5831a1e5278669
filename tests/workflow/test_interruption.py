"""Nothing is lost and nothing half-written: runs that are killed, stopped, or not alone."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from workflow_project import (
    TINY,
    copy_project,
    kill,
    processes_in,
    results_of,
    start,
    victims_of,
)

from partial_pooling.study.certificate import compare
from partial_pooling.study.interruption import TOLD

pytestmark = pytest.mark.slow

MOMENTS = 5
# Whom a kill strikes (Snakemake, a step, the kernel of the notebook, or every process), and what is
# taken away before, so that it has something to do.
KINDS = {
    "snakemake": "*",
    "sample_posterior": "**/fits",
    "all": "*",
    "diagnose_fits": "schools/diagnostics",
    "ipykernel": "schools/report.*",
}
SNAKEMAKE = [sys.executable, "-m", "snakemake"]


def certificate_of(project):
    """The certificate of a finished project."""
    project.snakemake("--cores", "4", "certificate")
    return json.loads((project.results / "certificate.json").read_text())


def test_killed_at_random_moments_the_run_completes_bit_for_bit(finished, tmp_path):
    whole = results_of(finished)
    project = copy_project(tmp_path)
    rng = random.Random(7)
    for number in range(MOMENTS):
        kind, removed = list(KINDS.items())[number % len(KINDS)]
        for path in sorted(project.results.glob(removed)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        process = start(project)
        if kind in ("snakemake", "all"):
            time.sleep(rng.uniform(2, 14))
        victims = victims_of(kind, process, project.folder)
        if kind not in ("snakemake", "all"):
            time.sleep(rng.uniform(0, 0.8))
            assert victims, kind
        kill(victims)
        process.wait(timeout=300)  # if Snakemake lives it finishes what it can
        kill(processes_in(project.folder))  # orphans
        # no final name holds a half-written file
        for name, content in results_of(project).items():
            assert content == whole[name], name
        # the README's recovery
        project.snakemake("--unlock")
    project.snakemake("--cores", "4")
    assert results_of(project) == whole
    equal, lines = compare(certificate_of(finished), certificate_of(project))
    assert equal, lines
    # nor is anything left over
    assert "all as they were written" in project.command("verify").stdout


def test_a_batch_that_was_killed_goes_on_at_the_fit_where_it_stood(tmp_path):
    project = copy_project(tmp_path)
    # so long that the batch's fits come one after another, not all between two looks
    project.write_study(TINY | {"sampling": TINY["sampling"] | {"draws": [100, 20000]}})
    manifest = "results/schools/fits/centered/batch-000.json"
    process = start(project, manifest)
    while process.poll() is None and not list(project.results.glob("fits/[!.]*.nc")):
        time.sleep(0.02)
    kill(processes_in(project.folder))
    process.wait()
    made = {path: path.stat().st_ino for path in project.results.glob("fits/[!.]*.nc")}
    assert 0 < len(made) < 4
    project.snakemake("--unlock")
    project.snakemake("--cores", "2", manifest)
    log = project.results / "schools/logs/sample_posterior/centered/batch-000.log"
    assert f"{len(made)} of 4 fits found in the store" in log.read_text()
    assert {path: path.stat().st_ino for path in made} == made
    assert len(list(project.results.glob("fits/[!.]*.nc"))) == 4


def test_control_c_ends_within_seconds_and_leaves_no_process(tmp_path):
    project = copy_project(tmp_path)
    process = start(project, output=subprocess.PIPE)
    assert victims_of("sample_posterior", process, project.folder)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert said.endswith(f"{TOLD}\n")
    assert not re.search("Traceback|Exception|Error", said)
    deadline = time.monotonic() + 5
    while processes_in(project.folder) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_in(project.folder) == []
    project.snakemake("--cores", "4", "results/schools/exact.csv")  # not locked


def test_a_second_run_in_the_same_folder_is_told_so(tmp_path):
    project = copy_project(tmp_path)
    process = start(project)
    while process.poll() is None and not list(project.folder.glob(".snakemake/locks/*")):
        time.sleep(0.05)
    second = project.snakemake("--cores", "1", check=False)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=20)
    assert second.returncode == 1
    assert "cannot be locked" in second.stdout + second.stderr
