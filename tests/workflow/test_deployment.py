"""The workflow elsewhere: moved, checked out afresh beside results, and as a module of another."""

import os
import shutil
import time

import pytest
from workflow_project import LECTURE, TINY, Project, copy_project

pytestmark = pytest.mark.slow

MODULE = """
configfile: "config/config.yaml"

module pooling:
    snakefile: "{snakefile}"
    config: config

use rule * from pooling
"""


def test_a_moved_folder_reruns_nothing(finished, tmp_path):
    moved = Project(tmp_path / "elsewhere" / "project")
    shutil.copytree(finished.folder, moved.folder)
    assert moved.planned() == {}


def test_a_fresh_checkout_beside_results_reruns_nothing(finished, tmp_path):
    """All files of the project are newer than all results."""
    project = copy_project(tmp_path)
    shutil.copytree(finished.results, project.results, dirs_exist_ok=True)
    shutil.copytree(finished.folder / ".snakemake", tmp_path / ".snakemake")
    now = time.time() + 60
    for path in tmp_path.rglob("*"):
        if path.is_file() and not {"results", ".snakemake"} & set(path.parts):
            os.utime(path, (now, now))
    assert project.planned() == {}


def test_a_study_of_another_folder_uses_the_workflow_as_a_module(finished, tmp_path):
    study = TINY | {"datasets": {"other": {"path": "my.csv", "prior": LECTURE}}}
    study["models"] = ["noncentered"]
    study["sampling"] = study["sampling"] | {"seeds": [1], "fits_per_batch": 2}
    (tmp_path / "config").mkdir()
    Project(tmp_path).write_study(study, "config/config.yaml")
    shutil.copy(finished.folder / "config" / "datasets" / "eight_schools.csv", tmp_path / "my.csv")
    snakefile = finished.folder / "workflow" / "Snakefile"
    (tmp_path / "Snakefile").write_text(MODULE.format(snakefile=snakefile))
    user = Project(tmp_path)
    environment = {"PYTHONPATH": str(finished.folder / "workflow")}
    user.snakemake("--cores", "2", study="config/config.yaml", environment=environment)
    assert (user.results / "index.html").exists()
    # the same data, prior and settings: the same numbers as where the workflow lies
    for name in ("data.csv", "exact.csv"):
        there = finished.results / "schools" / name
        assert (user.results / "other" / name).read_bytes() == there.read_bytes()
    again = user.snakemake("--cores", "2", study="config/config.yaml", environment=environment)
    assert "Nothing to be done" in again.stdout + again.stderr
