"""What stands in the results is what was written there, or `verify` names it."""

import json
import random
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from partial_pooling.__main__ import main
from partial_pooling.errors import InputError
from partial_pooling.files import replacing, seal_of, write_json
from partial_pooling.study.contents import NAME, write_contents
from partial_pooling.study.housekeeping import sweep
from partial_pooling.study.provenance import versions
from partial_pooling.study.verification import verify

# a file of every kind that a study, its calibration and a collection write
PLACES = """
index.html certificate.json fits/00aa.nc fits/00ab.nc
schools/data.csv schools/exact.csv schools/exact.nc schools/weights.csv schools/agreement.json
schools/fits/centered/batch-000.json schools/diagnostics/centered/batch-000.fits.csv
schools/estimates.csv schools/verdict.json schools/kept.json
schools/figures/forest.svg schools/figures/forest.png schools/report.html schools/report.ipynb
schools/calibration/centered/batch-000.ranks.csv schools/calibration/power.csv
schools/calibration/calibration_ecdf.png
trials/index.html trials/tables.parquet trials/store/exact-00.parquet trials/batches/000.json
trials/population.json trials/one/report.html
""".split()
TABLES = pd.DataFrame({"table": ["one"]}).to_parquet()


@pytest.fixture
def results(tmp_path):
    """A folder of results, as a run leaves it."""
    folder, rng = tmp_path / "results", random.Random(7)
    for place in PLACES:
        with replacing(folder / place) as temporary:
            temporary.write_bytes(
                TABLES if place == "trials/tables.parquet" else rng.randbytes(300)
            )
    write_json({}, folder / "schools/kept.json")
    write_json({"versions": json.dumps(versions())}, folder / "schools/provenance.json")
    (folder / "schools/logs").mkdir()
    (folder / "schools/logs/solve_exact.log").touch()
    (folder / "README.md").touch()
    write_contents(folder)
    return folder


def found_in(results):
    """Paths that `verify` names, each once."""
    right, lines = verify(results)
    named = [line.partition(":")[0] for line in lines[:-1] if not line.startswith("to delete")]
    assert right == (not named)
    return [str(Path(name).relative_to(results)) for name in named]


def test_a_whole_study_is_right_wherever_it_lies_and_sha256sum_agrees(results):
    right, lines = verify(results)
    assert right, lines
    assert lines == [f"{len(PLACES) + 1} files, 0.0 MB: all as they were written"]
    moved = results.rename(results.with_name("archive"))
    assert verify(moved)[0]
    subprocess.run(["sha256sum", "--check", "--quiet", NAME], cwd=moved, check=True)


def test_one_bit_flipped_in_any_file_or_seal_is_found_and_nothing_else_is_named(results):
    rng = random.Random(11)
    files = [path for path in results.rglob("*") if path.is_file()]
    files = [path for path in files if path.stat().st_size]  # the log and README.md are empty here
    assert len(files) == 2 * (len(PLACES) + 1) + 1
    for path in files:
        whole = path.read_bytes()
        for _ in range(3 if path.suffix == ".sha256" else 1):  # a seal has several parts
            bit = rng.randrange(8 * len(whole))
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            path.write_bytes(flipped)
            assert found_in(results) == [str(path.relative_to(results))], bit
        path.write_bytes(whole)
    assert verify(results)[0]


def test_missing_and_foreign_files_are_found_with_what_to_do(results, capsys):
    gone = ("schools/figures/forest.png", "fits/00aa.nc", "certificate.json")
    for place in gone:
        (results / place).unlink()
    (results / "schools/own.csv").write_text("a user's")
    (results / "schools/figures/.hidden").touch()
    other = results / "schools/calibration/power.csv"
    for move in (lambda path: path, seal_of):  # whole, with its seal, and another's
        shutil.copy(move(other), move(results / "schools/accuracy.csv"))
    foreign = ("schools/accuracy.csv", "schools/own.csv", "schools/figures/.hidden")
    assert sorted(found_in(results)) == sorted([*gone, *foreign])
    assert main(["verify", str(results)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any("fits/00aa.nc: missing; run Snakemake" in line for line in lines)
    assert any("made anew: this fit, by sampling" in line for line in lines)
    assert any("accuracy.csv: foreign: it was written as schools/calibr" in line for line in lines)
    assert lines[-2].startswith("to delete: ")
    assert all(f"{results}/{place}" in lines[-2] for place in foreign)
    write_contents(results)  # a run that did not make them anew: they are missed still
    assert sorted(found_in(results)) == sorted([*gone, *foreign])
    shutil.rmtree(results / "schools")  # on purpose
    write_contents(results)
    assert sorted(found_in(results)) == ["certificate.json", "fits/00aa.nc"]


def test_a_chunk_that_is_lost_is_missed_while_a_batch_names_it(results):
    chunk, batch = results / "trials/store/exact-00.parquet", results / "trials/batches/000.json"
    write_json({"exact": [chunk.name]}, batch)
    chunk.unlink()
    seal_of(chunk).unlink()
    write_contents(results)
    assert found_in(results) == ["trials/store/exact-00.parquet"]
    # what was in it is made anew, and cut into other chunks
    write_json({"exact": ["exact-01.parquet"]}, batch)
    write_contents(results)
    assert verify(results)[0]


def test_results_without_hidden_files_are_held_against_the_list(results, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(results, copy, ignore=shutil.ignore_patterns(".*"))
    right, lines = verify(copy)
    assert right
    assert lines[0].startswith("no seals are there")
    whole = (copy / "index.html").read_bytes()
    (copy / "index.html").write_bytes(whole[:-1])
    assert not verify(copy)[0]
    (copy / "index.html").write_bytes(whole)
    (copy / NAME).unlink()
    assert not verify(copy)[0]


def test_a_seal_that_is_gone_is_missed_and_the_next_run_writes_it(results):
    seal = seal_of(results / "schools/exact.csv")
    content = seal.read_bytes()
    seal.unlink()
    assert found_in(results) == ["schools/exact.csv"]
    write_contents(results)
    assert verify(results)[0]
    assert seal.read_bytes() == content


def test_what_a_killed_run_left_is_named_and_swept(results):
    left = results / "fits/.00ac.4194305.0a1b2c3d.nc"  # no process has so large an id
    left.touch()
    seal_of(left).touch()
    assert sorted(found_in(results)) == [
        "fits/..00ac.4194305.0a1b2c3d.nc.sha256",
        "fits/.00ac.4194305.0a1b2c3d.nc",
    ]
    with replacing(results / "index.html") as temporary:
        temporary.touch()
        sweep(results)
        assert temporary.exists()  # this process lives
        temporary.write_text("anew")
    assert found_in(results) == ["index.html"]  # until the run ends
    write_contents(results)
    assert verify(results)[0]


def test_results_of_other_versions_are_named_unless_they_were_kept(results):
    path = results / "schools/provenance.json"
    write_json({"versions": json.dumps(versions() | {"pymc": "5.0.1"})}, path)
    write_contents(results)
    _, lines = verify(results)
    assert f"{path}: of other versions: pymc 5.0.1, not {versions()['pymc']}; " in lines[0]
    assert main(["keep", str(results)]) == 0
    assert verify(results)[0]


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(InputError, match="found no results; allowed: a folder that Snakemake"):
        verify(tmp_path)
