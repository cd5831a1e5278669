"""A study that this machine cannot hold is refused with the number that would do."""

import os
import py_compile
import re
import subprocess
import sys

import pytest

from partial_pooling.errors import InputError
from partial_pooling.sampling.settings import SamplerSettings
from partial_pooling.study import room
from partial_pooling.study.bytecode import remove_cut_off
from partial_pooling.study.resources import BASE_MB, stored_mb


def settings(**changed):
    return SamplerSettings(**{"draws": 10_000, "tune": 1000, "chains": 4} | changed)


@pytest.mark.parametrize("changed", [{"chains": 1000}, {"draws": 10_000_000}])
def test_what_memory_cannot_hold_is_refused_and_what_the_line_allows_is_not(changed):
    room.check_memory("sampling", 8, settings(), 4000)
    with pytest.raises(InputError, match=r"^sampling: found draws .*GB of memory.*allowed: ") as no:
        room.check_memory("sampling", 8, settings(**changed), 4000)
    for key, most in re.findall(r"(draws|chains) up to (\d+)", str(no.value)):
        room.check_memory("sampling", 8, settings(**changed | {key: int(most)}), 4000)
        with pytest.raises(InputError):
            room.check_memory("sampling", 8, settings(**changed | {key: int(most) + 2}), 4000)


def test_what_the_disk_cannot_hold_is_refused_and_what_the_line_allows_is_not():
    needed = 25 * stored_mb(8, settings())
    room.check_disk("sampling", 8, settings(), 25, needed + 1)
    with pytest.raises(InputError, match=r"25 fits of 8 groups takes .*GB on the disk") as refused:
        room.check_disk("sampling", 8, settings(), 25, needed / 2)
    assert "draws up to 5000 or chains up to 2" in str(refused.value)
    room.check_disk("sampling", 8, settings(draws=5000), 25, needed / 2 + 1)


def test_where_nothing_would_do_it_says_so():
    with pytest.raises(InputError, match="allowed: less, or another machine"):
        room.check_memory("sampling", 8, settings(), BASE_MB)


def test_memory_and_disk_of_this_machine_are_numbers(tmp_path):
    assert 100 < room.memory_there_mb() < 1e8
    assert room.free_mb(tmp_path / "not/there") == pytest.approx(room.free_mb(tmp_path), rel=0.1)


def test_a_disk_too_full_to_begin_is_refused(tmp_path, monkeypatch):
    room.check_not_full(tmp_path)
    monkeypatch.setattr(room, "free_mb", lambda folder: 0.5)
    with pytest.raises(InputError, match=rf"^{tmp_path}: found 0.5 MB free .* allowed: 1 MB at"):
        room.check_not_full(tmp_path)


def test_a_folder_at_any_depth_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    deep = tmp_path / "results/schools/figures"
    deep.mkdir(parents=True)
    room.check_writable([tmp_path / "results", tmp_path / "none"])
    can = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(deep) and can(path, mode))
    with pytest.raises(InputError, match=f"^{deep}: found a folder that cannot be written"):
        room.check_writable([tmp_path / "results"])


def test_a_compiled_file_that_was_cut_off_is_removed_and_python_goes_on(tmp_path):
    for name in ("one", "other"):
        (tmp_path / f"{name}.py").write_text("x = [1, 2, 3]\n")
        py_compile.compile(str(tmp_path / f"{name}.py"))
    cut, whole = sorted((tmp_path / "__pycache__").glob("*.pyc"))
    cut.write_bytes(cut.read_bytes()[:60])
    command = [sys.executable, "-c", "import one"]
    failed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "EOFError" in failed.stderr
    assert remove_cut_off([tmp_path], cut.stat().st_mtime + 1) == []
    assert remove_cut_off([tmp_path], 0) == [cut]
    assert whole.exists()
    subprocess.run(command, cwd=tmp_path, check=True)
