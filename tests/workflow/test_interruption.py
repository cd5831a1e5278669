"""Nothing is lost and nothing half-written: runs that are killed, stopped, starved and damaged."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from workflow_project import copy_project

from partial_pooling.certificate import compare

pytestmark = pytest.mark.slow

MOMENTS = 20
# Whom a kill strikes (Snakemake, a step, the kernel of the notebook, or every process), and what is
# taken away before, so that it has something to do.
KINDS = {
    "snakemake": "*",
    "sample_posterior": "schools/fits",
    "all": "*",
    "diagnose_fits": "schools/diagnostics",
    "ipykernel": "schools/report.*",
}
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
COMPARED = {".csv", ".json", ".svg", ".png", ".html", ".nc", ".ipynb"}
# what these hold is not a result: durations, and (of the log) times
NOT_RESULTS = {"logs", "benchmarks"}


def start(project, *arguments):
    """Start Snakemake in a process group of its own."""
    environment = os.environ | {"PYTHONPATH": str(project.folder / "workflow")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "snakemake",
            "--configfile",
            "tiny.yaml",
            "--cores",
            "4",
            *arguments,
        ],
        cwd=project.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def processes_in(folder):
    """Ids of the processes that work in a folder, children of children included."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve().is_relative_to(folder):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def results_of(project):
    """Bytes of every result there is."""
    found = {}
    for path in project.results.rglob("*"):
        name = path.relative_to(project.results)
        a_result = not NOT_RESULTS & set(name.parts) and name.name != "certificate.json"
        if a_result and path.suffix in COMPARED and not name.name.startswith("."):
            found[str(name)] = path.read_bytes()
    return found


def certificate_of(project):
    """The certificate of a finished project."""
    project.snakemake("--cores", "4", "certificate")
    return json.loads((project.results / "certificate.json").read_text())


def command_of(process):
    """The command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def victims_of(kind, process, folder):
    """Wait for the processes of a kind to be there; empty if the run ended before."""
    if kind == "snakemake":
        return [process.pid]
    while process.poll() is None:
        alive = processes_in(folder)
        # a step's script runs under a name that ends like it
        found = [one for one in alive if kind == "all" or kind in command_of(one)]
        if found:
            return found
        time.sleep(0.05)
    return []


def test_killed_at_random_moments_the_run_completes_bit_for_bit(finished, tmp_path):
    whole = results_of(finished)
    project = copy_project(tmp_path)
    rng = random.Random(7)
    for number in range(MOMENTS):
        kind, removed = list(KINDS.items())[number % len(KINDS)]
        for path in project.results.glob(removed):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        process = start(project)
        if kind in ("snakemake", "all"):
            time.sleep(rng.uniform(2, 14))
        victims = victims_of(kind, process, project.folder)
        if kind not in ("snakemake", "all"):
            time.sleep(rng.uniform(0, 0.8))
            assert victims, kind
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        process.wait(timeout=300)  # if Snakemake lives it finishes what it can
        for orphan in processes_in(project.folder):
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGKILL)
        # no final name holds a half-written file
        for name, content in results_of(project).items():
            assert content == whole[name], name
        # the README's recovery
        project.snakemake("--unlock")
    project.snakemake("--cores", "4")
    assert results_of(project) == whole
    equal, lines = compare(certificate_of(finished), certificate_of(project))
    assert equal, lines


def test_control_c_ends_within_seconds_and_leaves_no_process(tmp_path):
    project = copy_project(tmp_path)
    process = start(project)
    assert victims_of("sample_posterior", process, project.folder)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=20)
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


@pytest.fixture
def small_disk(tmp_path):
    """A project whose results lie on a file system of 1.5 MB."""
    project = copy_project(tmp_path)
    shutil.rmtree(project.results)
    project.results.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(project.results)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small file system takes root")
    yield project
    subprocess.run(["umount", "-l", str(project.results)], check=True)


def test_a_full_disk_is_said_in_one_line_and_loses_nothing(finished, small_disk):
    process = small_disk.snakemake("--cores", "2", check=False)
    assert process.returncode == 1
    lines = [line for line in process.stderr.splitlines() if line.startswith("partial-pooling:")]
    lines = [line for line in lines if "; its log: " not in line]  # names the steps that failed
    assert lines
    assert all("no space left on the disk" in line for line in lines)
    assert "Traceback" not in process.stderr
    whole = results_of(finished)
    made = results_of(small_disk)
    assert "schools/data.csv" in made
    for name, content in made.items():
        assert content == whole[name], name
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk.results)], check=True)
    small_disk.snakemake("--cores", "4")
    assert results_of(small_disk) == whole


def test_results_that_cannot_be_written_are_refused_at_once(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk.results)], check=True)
    process = small_disk.snakemake("--cores", "1", check=False)
    assert process.returncode == 1
    assert "results: found a folder that cannot be written" in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize(
    ("damaged", "remake"),
    [
        ("fits/centered/batch-000.nc", "diagnose_fits"),
        ("diagnostics/centered/batch-000.estimates.csv", "collect_diagnostics"),
        ("estimates.csv", "plot_study"),
        ("exact.nc", "plot_groups"),
        ("figures/forest.svg", "render_report"),
    ],
)
def test_a_damaged_file_is_named_with_how_to_make_it_anew(finished, damaged, remake):
    whole = results_of(finished)
    path = finished.results / "schools" / damaged
    path.write_bytes(path.read_bytes()[: 20 if path.suffix == ".csv" else 3000])
    process = finished.snakemake("--cores", "2", "--forcerun", remake, check=False)
    assert process.returncode == 1
    said = [line for line in process.stderr.splitlines() if line.startswith("partial-pooling:")]
    assert any(damaged in line and "make it anew" in line for line in said), process.stderr
    # what it says helps
    path.unlink()
    finished.snakemake("--cores", "4")
    assert results_of(finished) == whole


PAGES = {"render_report": 1, "write_index": 1}
OF_STUDY = {"collect_diagnostics": 1, "plot_study": 1, **PAGES}
OF_FIT = {"diagnose_fits": 1, "plot_fits": 1, **OF_STUDY}
OF_EXACT = {"solve_exact": 1, "plot_groups": 1, "plot_fits": 1, "plot_study": 1, **PAGES}


@pytest.mark.parametrize(
    ("name", "remade"),
    [
        (
            "data.csv",
            {"prepare_data": 1, **OF_EXACT, **OF_FIT, "diagnose_fits": 2, "sample_posterior": 2},
        ),
        ("exact.csv", OF_EXACT),
        ("exact.nc", OF_EXACT),
        ("heterogeneity.json", OF_EXACT),
        ("fits/centered/batch-000.nc", {"sample_posterior": 1, **OF_FIT}),
        ("diagnostics/noncentered/batch-000.fits.csv", OF_FIT),
        ("estimates.csv", OF_STUDY),
        ("verdict.json", OF_STUDY),
        ("figures/forest.svg", {"plot_groups": 1, **PAGES}),
        ("figures/traces.png", {"plot_fits": 1, **PAGES}),
        ("figures/error.svg", {"plot_study": 1, **PAGES}),
        ("report.html", PAGES),
        ("report.ipynb", PAGES),
        ("../index.html", {"write_index": 1}),
    ],
)
def test_deleting_a_result_remakes_it_and_what_depends_on_it_and_nothing_else(
    finished, name, remade
):
    path = finished.results / "schools" / name
    aside = finished.folder / "aside"
    path.rename(aside)
    planned = finished.planned()
    aside.rename(path)
    assert {rule: jobs for rule, jobs in planned.items() if rule not in ("all", "total")} == remade


@pytest.mark.parametrize(
    "name", ["figures/forest.svg", "verdict.json", "report.html", "fits/centered/batch-000.nc"]
)
def test_what_was_deleted_comes_back_bit_for_bit(finished, name):
    whole = results_of(finished)
    (finished.results / "schools" / name).unlink()
    finished.snakemake("--cores", "4")
    assert results_of(finished) == whole
