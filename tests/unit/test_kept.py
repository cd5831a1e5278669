"""What counts as what after upgrades, and how it is said."""

import json
import os

import netCDF4
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import partial_pooling.study.kept as module
from partial_pooling.__main__ import main
from partial_pooling.errors import InputError
from partial_pooling.files import intact, replacing, sha256_of, write_json
from partial_pooling.study.kept import counted_versions, keep, provenance_of_kept, read_kept
from partial_pooling.study.verification import verify


@pytest.fixture
def install(monkeypatch):
    """Set the versions that are installed."""

    def install(**found):
        monkeypatch.setattr(module, "versions", lambda: dict(found))

    return install


def made(folder, **found):
    """Write what collect_diagnostics would write with these versions."""
    origin = {"versions": json.dumps(found), "git_commit": "abc"}
    write_json({**origin, **provenance_of_kept(folder)}, folder / "provenance.json")


def test_without_keeping_every_version_counts_as_itself(tmp_path, install):
    install(nutpie="2", numpy="1")
    made(tmp_path / "a", nutpie="1", numpy="1")
    assert counted_versions(tmp_path / "a") == {"nutpie": "2", "numpy": "1"}
    assert provenance_of_kept(tmp_path / "a") == {}


def test_through_many_upgrades_results_count_as_made_by_what_made_them(tmp_path, install):
    folder = tmp_path / "a"
    made(folder, nutpie="1", numpy="1")
    for step, version in enumerate(["2", "3", "4"]):
        install(nutpie=version, numpy="1")
        assert counted_versions(folder)["nutpie"] == version
        keep(tmp_path)
        assert counted_versions(folder) == {"nutpie": "1", "numpy": "1"}
        if step != 1:  # tables made anew with what is installed, from fits that were kept
            made(folder, nutpie=version, numpy="1")
            assert counted_versions(folder) == {"nutpie": "1", "numpy": "1"}
    assert read_kept(folder) == {"nutpie": {"2": "1", "3": "1", "4": "1"}}


def test_collections_and_their_opened_tables_are_kept_too(tmp_path, install):
    made(tmp_path / "many" / "one", nutpie="1")
    rows = pa.table({"table": ["one"]})
    path = tmp_path / "many" / "tables.parquet"
    pq.write_table(rows.replace_schema_metadata({"versions": json.dumps({"nutpie": "2"})}), path)
    install(nutpie="3")
    keep(tmp_path)
    assert counted_versions(tmp_path / "many") == {"nutpie": "2"}
    assert counted_versions(tmp_path / "many" / "one") == {"nutpie": "1"}


def test_a_collection_that_cannot_be_read_is_damaged_and_none_of_its_versions_are_guessed(tmp_path):
    path = tmp_path / "results" / "many" / "tables.parquet"
    with replacing(path) as temporary:  # whole, and no Parquet
        temporary.write_bytes(b"PAR1 and then nothing of the kind PAR1")
    with pytest.raises(InputError, match=r"many/tables.parquet: damaged \("):
        keep(path.parents[1])
    assert not [line for line in verify(path.parents[1])[1] if "of other versions" in line]


def test_what_was_not_kept_is_forgotten(tmp_path, install):
    folder = tmp_path / "a"
    made(folder, nutpie="1")
    install(nutpie="2")
    keep(tmp_path)
    install(nutpie="3")
    made(folder, nutpie="3")  # the upgrade to 3 was not kept: all is made anew
    install(nutpie="4")
    keep(tmp_path)
    assert counted_versions(folder) == {"nutpie": "3"}
    install(nutpie="1")  # going back: not what made the results of now
    assert counted_versions(folder) == {"nutpie": "1"}
    keep(tmp_path)
    assert counted_versions(folder) == {"nutpie": "3"}


def test_each_data_set_counts_as_made_by_its_own_versions(tmp_path, install):
    made(tmp_path / "a", nutpie="1")
    made(tmp_path / "b", nutpie="2")
    made(tmp_path / "c", nutpie="3")
    (tmp_path / "logs").mkdir()
    (tmp_path / "index.html").touch()
    install(nutpie="3")
    assert keep(tmp_path) == [
        f"{tmp_path}/a: kept what was made with nutpie 1 under 3",
        f"{tmp_path}/b: kept what was made with nutpie 2 under 3",
        f"{tmp_path}/c: made or kept with the versions installed now",
    ]
    counted = [counted_versions(tmp_path / name)["nutpie"] for name in "abc"]
    assert counted == ["1", "2", "3"]
    assert not (tmp_path / "c" / "kept.json").exists()


def test_keeping_twice_is_keeping_once(tmp_path, install):
    made(tmp_path / "a", nutpie="1")
    install(nutpie="2")
    keep(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    assert keep(tmp_path) == [f"{tmp_path}/a: made or kept with the versions installed now"]
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before


def test_provenance_names_both_versions_and_keeps_its_time_and_all_else(tmp_path, install):
    path = tmp_path / "a" / "provenance.json"
    made(tmp_path / "a", nutpie="1", numpy="1")
    before, time = json.loads(path.read_text()), path.stat().st_mtime_ns
    install(nutpie="2", numpy="1")
    keep(tmp_path)
    after = json.loads(intact(path).read_text())
    assert json.loads(after.pop("kept")) == {"nutpie": {"2": "1"}}
    assert after == before
    assert path.stat().st_mtime_ns == time


def test_of_an_interrupted_study_the_latest_fit_of_its_data_says_what_made_it(tmp_path, install):
    data = tmp_path / "a" / "data.csv"
    data.parent.mkdir()
    data.write_text("group,estimate,std_error\n")
    (tmp_path / "fits").mkdir()
    for time, (of_data, version) in enumerate([(data, "0"), (data, "1"), (__file__, "5")]):
        path = tmp_path / "fits" / f"{version}.nc"
        with netCDF4.Dataset(path, "w") as file:
            file.versions = json.dumps({"nutpie": version})
            file.data_sha256 = sha256_of(of_data)
        os.utime(path, (time, time))
    (tmp_path / "fits" / ".1.17.00ff.nc").write_bytes(b"half")  # being written
    install(nutpie="2")
    keep(tmp_path)
    assert counted_versions(tmp_path / "a") == {"nutpie": "1"}
    (tmp_path / "a" / "kept.json").unlink()
    (tmp_path / "fits" / "9.nc").write_bytes(b"half")
    with pytest.raises(InputError, match=r"9.nc: damaged"):
        keep(tmp_path)


def test_a_library_that_was_not_recorded_counts_as_installed(tmp_path, install):
    made(tmp_path / "a", nutpie="1")
    install(nutpie="2", llvmlite="5")
    keep(tmp_path)
    assert counted_versions(tmp_path / "a") == {"nutpie": "1", "llvmlite": "5"}


def test_no_results_and_damaged_ones_are_told_in_one_line(tmp_path, install, capsys):
    install(nutpie="2")
    assert main(["keep", str(tmp_path / "none")]) == 1
    assert "none: no results found; allowed: a folder that Snakemake filled" in (
        capsys.readouterr().err
    )
    made(tmp_path / "a", nutpie="1")
    (tmp_path / "a" / "provenance.json").write_text("{}")
    assert main(["keep", str(tmp_path)]) == 1
    assert "provenance.json: damaged" in capsys.readouterr().err
    made(tmp_path / "a", nutpie="1")
    assert main(["keep", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/a: kept what was made with nutpie 1 under 2\n"
