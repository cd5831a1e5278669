"""What surrounds a run changes nothing: settings of the user's, bad input, a disk that is full."""

import copy
import os
import re
import shutil
import subprocess

import pytest
import yaml
from bad_studies import explode
from workflow_project import TINY, copy_project, results_of

pytestmark = pytest.mark.slow


def of_schools(project):
    """Bytes of the results of the study; other tests may have made those of others beside them."""
    results = results_of(project)
    return {name: content for name, content in results.items() if name.startswith("schools/")}


def test_settings_of_compilers_and_of_numpy_change_no_result(finished, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".pytensorrc").write_text("[global]\nfloatX = float32\noptimizer = None\n")
    project = copy_project(tmp_path / "project")
    project.snakemake(
        "--cores",
        "4",
        environment={
            "HOME": str(home),
            "PYTENSOR_FLAGS": "numba__fastmath=False,optimizer_excluding=fusion",
            "NUMBA_OPT": "1",
            "NUMBA_SLP_VECTORIZE": "1",
            "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3",
            "PYTHONHASHSEED": "7",
        },
    )
    assert of_schools(project) == of_schools(finished)
    assert "all as they were written" in project.command("verify").stdout
    # nothing but what Snakemake keeps for itself, which is empty
    written = [path for path in home.rglob("*") if path.is_file() and path.name != ".pytensorrc"]
    assert written == []


def bad(change):
    study = copy.deepcopy(TINY)
    change(study)
    return yaml.safe_dump(study).encode()


OF_SCHOOLS = TINY["datasets"]["schools"]
BAD = {
    "found aliases that stand for more": yaml.safe_dump(TINY).encode() + explode(12),
    "found an anchor that holds itself": yaml.safe_dump(TINY).encode() + b"x: &x [*x]\n",
    "pipe.csv: no file, but something else": bad(
        lambda study: study["datasets"]["schools"].update(path="pipe.csv")
    ),
    "sampling.draws[0]: found 7; allowed": bad(lambda study: study["sampling"].update(draws=[7])),
    "found the names 'Schools' and 'schools'": bad(
        lambda study: study["datasets"].update(Schools=OF_SCHOOLS)
    ),
}


@pytest.mark.parametrize("said", BAD)
def test_bad_input_ends_snakemake_in_one_line_and_leaves_results_alone(finished, said):
    whole = results_of(finished)
    (finished.folder / "bad.yaml").write_bytes(BAD[said])
    pipe = finished.folder / "pipe.csv"
    os.mkfifo(pipe)
    try:
        process = finished.snakemake("--cores", "1", study="bad.yaml", check=False)
    finally:
        pipe.unlink()  # nobody copies a folder with one
    assert process.returncode == 1
    lines = [line for line in process.stderr.splitlines() if "profile" not in line]
    assert len(lines) == 1, process.stderr
    assert re.match(rf"partial-pooling: .*{re.escape(said)}", lines[0])
    assert results_of(finished) == whole


def test_a_study_too_large_for_the_machine_is_refused_before_it_samples(finished):
    whole = results_of(finished)
    study = copy.deepcopy(TINY)
    study["sampling"] |= {"draws": [10_000_000], "chains": 1000}
    process = finished.snakemake(
        "--cores", "1", study=finished.write_study(study, "large.yaml"), check=False
    )
    assert process.returncode == 1
    said = [line for line in process.stderr.splitlines() if line.startswith("partial-pooling: ")]
    assert len(said) == 1
    assert "allowed: draws up to" in said[0]
    assert results_of(finished) == whole
    finished.snakemake("--cores", "4")  # not locked


@pytest.mark.parametrize("megabytes", [5])
def test_a_full_disk_under_the_whole_project_is_recovered_from(finished, tmp_path, megabytes):
    """The library's own compiled files among what is cut off."""
    folder = tmp_path / "small"
    folder.mkdir()
    project = copy_project(tmp_path / "whole")
    size = sum(path.stat().st_size for path in project.folder.rglob("*") if path.is_file())
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size + megabytes * 2**20}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system takes root")
    try:
        small = type(project)(folder)
        shutil.copytree(project.folder, folder, dirs_exist_ok=True)
        small.snakemake("--cores", "2", check=False)
        subprocess.run(["mount", "-o", "remount,size=500m", str(folder)], check=True)
        small.snakemake("--cores", "4")
        assert of_schools(small) == of_schools(finished)
        assert "all as they were written" in small.command("verify").stdout
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
