"""Where results come from is recorded, and damage to them noticed; floors of the library."""

import json
import os

import pytest

from partial_pooling.errors import InputError
from partial_pooling.files import intact, replacing, seal_of, sha256_of, write_json
from partial_pooling.study import environment
from partial_pooling.study.environment import FLAGS, of_steps, recorded
from partial_pooling.study.provenance import provenance


def test_provenance_holds_no_date_or_path(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("group,estimate,std_error\n")
    first = provenance(data, {"seed": 1})
    assert first == provenance(data, {"seed": 1})
    assert set(first) == {
        *("data_sha256", "settings", "versions", "environment", "git_commit", "git_dirty")
    }
    assert str(tmp_path) not in str(first)


def test_replacing_leaves_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "deep" / "a.json"
    write_json({"x": 1}, path)
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert json.loads(path.read_text()) == {"x": 1}
    assert sorted(file.name for file in path.parent.iterdir()) == [".a.json.sha256", "a.json"]


def test_a_file_is_intact_until_a_byte_of_it_changes(tmp_path):
    path = tmp_path / "a.json"
    write_json({"x": 1}, path)
    assert intact(path) == path
    content = path.read_bytes()
    for harm in (content[:-1], content.replace(b"1", b"2"), b""):
        path.write_bytes(harm)
        with pytest.raises(InputError, match=r"a.json: damaged .* delete it and run Snakemake"):
            intact(path)
    path.unlink()
    with pytest.raises(InputError, match=r"a.json: it is missing; run Snakemake"):
        intact(path)
    own = tmp_path / "own.csv"
    own.write_text("a user's own file has no digest")
    assert intact(own) == own


def swap(one, other):
    """Exchange two files, each with its seal."""
    for move in (lambda path: path, seal_of):
        content = move(one).read_bytes()
        move(one).write_bytes(move(other).read_bytes())
        move(other).write_bytes(content)


def test_two_files_swapped_with_their_seals_are_refused_and_a_moved_folder_is_not(tmp_path):
    folder = tmp_path / "results/schools/diagnostics"
    one, other = (folder / model / "batch-000.fits.csv" for model in ("centered", "noncentered"))
    for path in (one, other):
        write_json({"model": path.parent.name}, path)
    swap(one, other)
    for path in (one, other):
        with pytest.raises(InputError, match=r"damaged \(it was written as schools/diagnostics/"):
            intact(path)
    swap(one, other)
    moved = (tmp_path / "results").rename(tmp_path / "archive")
    assert intact(moved / one.relative_to(tmp_path / "results"))


def test_a_seal_of_an_earlier_version_has_no_place(tmp_path):
    path = tmp_path / "a.json"
    write_json({}, path)
    seal_of(path).write_text(sha256_of(path) + "\n")
    assert intact(path) == path


def test_steps_run_with_the_default_settings_of_what_compiles_models(tmp_path, monkeypatch):
    users = {
        "PYTENSOR_FLAGS": "floatX=float32,numba__fastmath=False,base_compiledir=/elsewhere",
        "PYTENSORRC": "/home/user/.pytensorrc",
        "NUMBA_OPT": "0",
        "NUMBA_DISABLE_JIT": "1",
        "NPY_DISABLE_CPU_FEATURES": "AVX2",
        "PYTHONOPTIMIZE": "2",
        "NUMBA_NUM_THREADS": "2",
        "HOME": "/home/user",
    }
    monkeypatch.chdir(tmp_path)
    steps = of_steps(users, "/caches")
    assert steps["PYTENSOR_FLAGS"] == f"{FLAGS},base_compiledir=/caches/pytensor"
    assert steps["PYTENSORRC"] == os.devnull
    assert {"HOME", "NUMBA_NUM_THREADS"} == set(steps) & set(users) - {
        *("PYTENSOR_FLAGS", "PYTENSORRC")
    }
    assert recorded(steps) == {"PYTENSOR_FLAGS": FLAGS}
    assert "floatX=float64" in FLAGS
    assert "numba__fastmath=False" in FLAGS
    assert recorded(users)["NUMBA_OPT"] == "0"
    (tmp_path / ".numba_config.yaml").touch()
    with pytest.raises(InputError, match=r"\.numba_config\.yaml: found settings of numba"):
        of_steps(users, "/caches")


def test_steps_write_compiled_files_unless_the_disk_is_nearly_full(monkeypatch):
    users = {"PYTHONDONTWRITEBYTECODE": "1"}
    monkeypatch.setattr(environment, "may_be_cut_off", lambda folder: False)
    assert "PYTHONDONTWRITEBYTECODE" not in of_steps(users, "/caches")
    monkeypatch.setattr(environment, "may_be_cut_off", lambda folder: True)
    assert of_steps({}, "/caches")["PYTHONDONTWRITEBYTECODE"] == "1"
