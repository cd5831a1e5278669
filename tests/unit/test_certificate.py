"""Comparing certificates: equal, different but in agreement, or in conflict."""

import copy
import json

import pandas as pd
import pytest
from synthetic_collection import write_collection

from partial_pooling.__main__ import main
from partial_pooling.files import write_json
from partial_pooling.study.certificate import _joined, certify, compare
from partial_pooling.tables import write_table

FIT = "schools, centered, seed 1, target_accept 0.8"
ONE = {
    "platform": {"machine": "x86_64", "system": "Linux"},
    "versions": {"pymc": "6.4.0"},
    "tables": {"schools/data.csv": "a", "schools/fits.csv": "b"},
    "fits": {
        FIT: {"arrays": {"mu": "c", "tau": "d"}, "means": {"mu": [4.0, 0.3], "tau": [2, 0.4]}}
    },
}


def changed(change):
    """A copy of the certificate with a change."""
    other = copy.deepcopy(ONE)
    change(other)
    return other


def test_a_certificate_equals_itself_bit_for_bit():
    assert compare(ONE, ONE) == (True, ["equal bit for bit: 3 tables and fits"])


def test_a_collection_is_certified_whatever_its_order_and_to_the_last_bit(tmp_path):
    first = write_collection(tmp_path / "a" / "many", 30)
    tables = pd.read_parquet(first / "tables.parquet")
    groups = tables[["table"]].assign(group="x", estimate=1.0)
    fits = pd.read_parquet(first / "fits.parquet")
    second, third = tmp_path / "b" / "many", tmp_path / "c" / "many"
    for folder, change in ((first, 0.0), (second, 0.0), (third, 2**-52)):
        folder.mkdir(parents=True, exist_ok=True)
        order = -1 if folder == second else 1
        changed = groups.assign(estimate=groups["estimate"] + change * (groups.index == 7))
        for name, frame in (("tables", tables), ("groups", changed), ("fits", fits)):
            frame[::order].to_parquet(folder / f"{name}.parquet")
    one, other, changed = (certify([], [], [folder]) for folder in (first, second, third))
    assert compare(one, other) == (True, ["equal bit for bit: 3 tables and fits"])
    equal, lines = compare(one, changed)
    assert not equal and lines == ["1 of 3 tables and fits differ", "many/groups.parquet: differs"]


def test_a_calibration_is_certified_where_there_is_one_of_these_data_and_this_prior(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("partial_pooling.study.certificate.TABLES", {})
    folder = tmp_path / "schools"
    (folder / "calibration").mkdir(parents=True)
    prior = {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfCauchy", "beta": 5.0}}
    of_study = {
        "versions": json.dumps({"pymc": "6.4.0"}),
        "settings": json.dumps({"datasets": {"schools": {"prior": prior}}}),
        "data_sha256": "a",
    }
    write_json(of_study, folder / "provenance.json")
    columns = ["model", "target_accept", "seed", "draws", "variable"]
    write_table(pd.DataFrame(columns=columns), folder / "estimates.csv")
    assert certify([folder], [])["tables"] == {}
    of_calibration = {
        "versions": json.dumps({"pymc": "6.5.0"}),
        "settings": json.dumps({"prior": prior, "family": "normal"}),
        "data_sha256": "a",
    }
    write_json({"provenance": of_calibration}, folder / "calibration" / "summary.json")
    ranks = pd.DataFrame({"model": "m", "simulation": [1, 2], "variable": "mu", "rank": [3, 4]})
    write_table(ranks, folder / "calibration" / "ranks.csv")
    write_table(ranks[["model", "simulation"]], folder / "calibration" / "fits.csv")
    one = certify([folder], [])
    assert set(one["tables"]) == {f"schools/calibration/{name}.csv" for name in ("ranks", "fits")}
    assert one["versions"] == {"pymc": "6.4.0 and 6.5.0"}
    write_table(ranks.assign(rank=[3, 5]), folder / "calibration" / "ranks.csv")
    equal, lines = compare(one, certify([folder], []))
    assert not equal and lines[1] == "schools/calibration/ranks.csv: differs"
    of_other_prior = {"prior": prior | {"tau": {"dist": "HalfFlat"}}, "family": "normal"}
    for stale in (
        {"data_sha256": "b"},
        {"settings": json.dumps(of_other_prior)},
        {"settings": json.dumps({"prior": prior, "family": "student"})},
    ):
        write_json({"provenance": of_calibration | stale}, folder / "calibration" / "summary.json")
        assert certify([folder], []) == {**one, "tables": {}, "versions": {"pymc": "6.4.0"}}


def test_other_versions_are_told_but_equal_numbers_are_equal():
    equal, lines = compare(ONE, changed(lambda c: c["versions"].update(pymc="6.5.0")))
    assert equal
    assert lines[1] == "versions: pymc is 6.4.0 in the first, 6.5.0 in the second"


def test_different_tables_and_missing_fits_are_named():
    def change(certificate):
        certificate["tables"]["schools/fits.csv"] = "x"
        del certificate["fits"][FIT]

    equal, lines = compare(ONE, changed(change))
    assert not equal
    assert lines[0] == "2 of 3 tables and fits differ"
    assert "schools/fits.csv: differs" in lines
    assert f"{FIT}: only in the first" in lines


@pytest.mark.parametrize(
    ("mean", "words"),
    [
        (5.0, "mu differ; means agree within Monte Carlo error (largest distance 2.0 standard"),
        (7.0, "mu differ; means do not agree within Monte Carlo error (largest distance 6.0"),
    ],
)
def test_fits_that_differ_are_held_to_their_monte_carlo_error(mean, words):
    def change(certificate):
        certificate["fits"][FIT]["arrays"]["mu"] = "x"
        certificate["fits"][FIT]["means"]["mu"] = [mean, 0.4]  # hypot(0.3, 0.4) = 0.5

    equal, lines = compare(ONE, changed(change))
    assert not equal
    assert any(words in line for line in lines)


def test_the_command_says_it_with_its_exit_code(tmp_path, capsys):
    one, other = tmp_path / "a.json", tmp_path / "b.json"
    one.write_text(json.dumps(ONE))
    other.write_text(json.dumps(changed(lambda c: c["tables"].update({"schools/data.csv": "x"}))))
    assert main(["compare", str(one), str(one)]) == 0
    assert "equal bit for bit" in capsys.readouterr().out
    assert main(["compare", str(one), str(other)]) == 1
    assert "schools/data.csv: differs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "no certificate (Input should be an object"),
        ("{", "no certificate (Invalid JSON"),
        ("\udcff", "no certificate (Invalid JSON"),
        ({"tables": {}}, "no certificate (tables: Dictionary should have at least 1 item"),
        ({"fits": {FIT: []}}, f"no certificate (fits, {FIT}: Input should be an object"),
        ({"fits": {FIT: {"arrays": {}, "means": {"mu": [1]}}}}, "no certificate (fits, "),
        ({"tables": {"schools/data.csv": 7}}, "no certificate (tables, schools/data.csv: "),
        ({"versions": {"pymc": "6.4.0 and 6.5.0"}}, "of a mixture of versions, pymc 6.4.0 and 6"),
        (None, "No such file or directory; allowed: a certificate.json"),
    ],
)
def test_what_is_no_certificate_or_one_of_nothing_is_refused_in_one_line(
    tmp_path, capsys, content, said
):
    path = tmp_path / "a.json"
    if isinstance(content, dict):
        path.write_text(json.dumps(ONE | content))
    elif content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert main(["compare", str(path), str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"partial-pooling: {path}: {said}")


def test_versions_are_those_of_all_that_sampled_and_graded():
    one, other = ({"pymc": "6.4.0", "numpy": numpy} for numpy in ("2.4", "2.5"))
    assert _joined(map(json.dumps, (one, one))) == one
    assert _joined(map(json.dumps, (other, one))) == {"pymc": "6.4.0", "numpy": "2.4 and 2.5"}
