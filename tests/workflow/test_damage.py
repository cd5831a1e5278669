"""Nothing is lost and nothing wrong is read: full disks, damaged files, deleted files."""

import os
import shutil
import subprocess

import pytest
from workflow_project import copy_project, results_of

pytestmark = pytest.mark.slow


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


def one_of(project, name):
    """A result by its path from the data set's folder, which may be a pattern."""
    folder, _, pattern = f"schools/{name}".replace("schools/../", "").rpartition("/")
    return min((project.results / folder).glob(pattern))


def times_of(project):
    """When each file of the results was last changed."""
    files = (path for path in project.results.rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in files}


@pytest.mark.parametrize(
    ("damaged", "remake"),
    [
        ("fits/centered/batch-000.json", "diagnose_fits"),
        ("../fits/[!.]*.nc", "diagnose_fits"),
        ("diagnostics/centered/batch-000.estimates.csv", "collect_diagnostics"),
        ("estimates.csv", "plot_study"),
        ("exact.nc", "plot_groups"),
        ("figures/forest.svg", "render_report"),
    ],
)
def test_a_damaged_file_is_named_with_how_to_make_it_anew(finished, damaged, remake):
    whole = results_of(finished)
    path = one_of(finished, damaged)
    content = path.read_bytes()
    if damaged.startswith("../fits"):  # keeps its size: a shorter fit is made anew unasked
        content = content[:1000] + bytes([content[1000] ^ 1]) + content[1001:]
    else:
        content = content[: 20 if path.suffix in (".csv", ".json") else 3000]
    path.write_bytes(content)
    process = finished.snakemake("--cores", "2", "--forcerun", remake, check=False)
    assert process.returncode == 1
    said = [line for line in process.stderr.splitlines() if line.startswith("partial-pooling:")]
    assert any(path.name in line and "make it anew" in line for line in said), process.stderr
    # what it says helps
    path.unlink()
    finished.snakemake("--cores", "4")
    assert results_of(finished) == whole


PAGES = {"render_report": 1, "write_index": 1}
OF_STUDY = {"collect_diagnostics": 1, "plot_study": 1, **PAGES}
OF_FIT = {"diagnose_fits": 1, "plot_fits": 1, **OF_STUDY}
OF_EXACT = {"solve_exact": 1, "plot_groups": 1, "plot_fits": 1, **OF_STUDY}


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
        ("fits/centered/batch-000.json", {"sample_posterior": 1, **OF_FIT}),
        ("../fits/[!.]*.nc", {"sample_posterior": 1, **OF_FIT}),
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
    path = one_of(finished, name)
    aside = finished.folder / "aside"
    path.rename(aside)
    before = times_of(finished)
    planned = finished.planned()
    assert times_of(finished) == before
    aside.rename(path)
    assert {rule: jobs for rule, jobs in planned.items() if rule not in ("all", "total")} == remade


@pytest.mark.parametrize(
    "name", ["figures/forest.svg", "verdict.json", "report.html", "../fits/[!.]*.nc"]
)
def test_what_was_deleted_comes_back_bit_for_bit(finished, name):
    whole = results_of(finished)
    one_of(finished, name).unlink()
    finished.snakemake("--cores", "4")
    assert results_of(finished) == whole
