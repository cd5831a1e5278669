"""What people give by mistake ends in one line, at once, and is not read for what it is not."""

import os
import re
from pathlib import Path

import pytest
from bad_studies import SECONDS, run

from partial_pooling.__main__ import main
from partial_pooling.data.reading import read_groups
from partial_pooling.errors import InputError
from partial_pooling.priors.priors import as_number
from partial_pooling.study.checking import check
from partial_pooling.study.file import read_file


def test_a_hundred_bad_studies_end_in_one_line_each():
    kinds, failed, slowest = run(range(100))
    assert failed == []
    assert len(kinds) > 40
    assert slowest < SECONDS


@pytest.mark.slow
def test_a_thousand_bad_studies_end_in_one_line_each():
    _, failed, slowest = run(range(100, 1100))
    assert failed == []
    assert slowest < SECONDS


def test_a_good_study_is_said_to_be_one(tmp_path, capsys):
    assert main(["check", "config/config.yaml"]) == 0
    assert capsys.readouterr().out == "config/config.yaml: a study of eight_schools\n"


def test_tables_that_cannot_be_used_are_counted_and_end_no_check(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"T{t},{g},{g},{0 if t % 3 == 2 else 1}\n" for t in range(9) for g in range(2)]
    Path("many.csv").write_text("review,group,estimate,std_error\n" + "".join(rows))
    prior = "{mu: {dist: Flat}, tau: {dist: HalfNormal, sigma: 1}}"
    Path("my.yaml").write_text(
        f"datasets: {{reviews: {{path: many.csv, by: review, prior: {prior}}}}}\n"
    )
    assert main(["check", "my.yaml"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "my.yaml: a study of reviews",
        "reviews: 3 of 9 tables cannot be used; the first, 'T2': line 6, column std_error: "
        "found 0; allowed: a finite number above 0 (from 1e-50 to 1e50)",
    ]


CSV = "group,estimate,std_error\na,1,2\nb,3,4\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CSV.encode("utf-16"), "found UTF-16; allowed: a text file saved as UTF-8"),
        (b"PK\x03\x04\x14\x00\xff", "found a workbook of a spreadsheet (xlsx, ods) or an archive"),
        (CSV.encode() + "é,1,2".encode("latin-1"), "byte 37 is not UTF-8 (Latin-1?)"),
        (CSV.replace(",", "\t").encode(), "line 1: found tabs; allowed: commas between columns"),
        (CSV.encode() + b"c,5,6,\n", "found 4 cells; allowed: 3, as in the header (commas at the"),
        (CSV.encode() + b"c,5,6,5\n", "allowed: 3, as in the header (decimal commas? write points"),
        (CSV.encode() + "é,1,2\ne\u0301,1,2".encode(), r"(first on line 4 as '\xe9', which looks"),
    ],
)
def test_a_file_that_is_no_such_csv_is_told_what_it_is(tmp_path, content, said):
    file = tmp_path / "d.csv"
    file.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_groups(file)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "text", ["1e3", "1E+3", "1e-3", "1.5e-7", "-2e9", "1e300", "12", "0.1e1", "1.0e3"]
)
def test_the_number_that_a_line_says_to_write_is_read_as_that_number(tmp_path, text):
    said = as_number(text)
    number = said.removeprefix(" (text; write ").removesuffix(")")
    file = tmp_path / "study.yaml"
    file.write_text(f"a: {number}\n")
    assert read_file(file) == {"a": float(text)}


def test_a_bad_study_is_refused_before_snakemake_starts(tmp_path, capsys, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execv", lambda *command: started.append(command))
    (tmp_path / "bad.yaml").write_text("datasets: {x: {path: none.csv}}\n")
    for name in ("bad.yaml", "none.yaml"):
        assert main(["run", str(tmp_path / name)]) == 1
        assert re.fullmatch("partial-pooling: .*allowed: .*\n", capsys.readouterr().err)
    assert not started
    (tmp_path / "changed.yaml").write_text("models: [centered]\n")
    for name in ("config/config.yaml", str(tmp_path / "changed.yaml")):
        main(["run", name])
        assert started.pop()[1][-2:] == ["--configfile", name]


def test_names_that_one_folder_could_stand_for_are_refused():
    from partial_pooling.study.configuration import read_study

    of = {"path": "config/datasets/eight_schools.csv"}
    with pytest.raises(InputError, match="found the names 'x' and 'X', which are one folder"):
        read_study({"datasets": {"x": of, "X": of}})
    for name in ("x\n", "SHA256SUMS", "logs"):
        with pytest.raises(InputError, match="found the name"):
            read_study({"datasets": {name: of}})
    with pytest.raises(InputError, match=r"columns: found 'y' for two columns of the form"):
        read_study({"datasets": {"x": of | {"columns": {"estimate": "y", "std_error": "y"}}}})


WHOLE = ("tune", "chains", "max_treedepth", "fits_per_batch", "seeds", "draws")


@pytest.mark.parametrize("key", WHOLE)
def test_whole_numbers_with_a_point_are_whole_numbers(key):
    value = [10.0] if key in ("seeds", "draws") else 10.0
    of = {"path": "x.csv"}
    sampling = getattr(check({"datasets": {"x": of}, "sampling": {key: value}}).sampling, key)
    assert repr(sampling) == ("[10]" if key in ("seeds", "draws") else "10")
