"""The page of a collection says what its Parquet files say, and executes no name."""

import json
import re

import numpy as np
import pytest
from synthetic_collection import HOSTILE, tables, write_collection

from partial_pooling.report import collection_page
from partial_pooling.report.collection import Collection
from partial_pooling.report.collection_page import (
    page_data,
    render_collection,
    rounded,
    script_json,
    selection,
    selection_words,
)


@pytest.fixture
def collection(tmp_path):
    return Collection(write_collection(tmp_path / "all_trials", tables(40, bad=2)))


def test_page_holds_every_name_as_data_and_none_as_markup(collection, pytestconfig):
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    page = render_collection(collection, {}, {"table-00001"}, templates)
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    columns = json.loads(data)["columns"]
    assert columns["name"][: len(HOSTILE)] == list(HOSTILE)
    assert columns["report"] == [0, 1] + [0] * 38
    assert "<" not in data
    assert "alert(1)</script>" not in page
    assert page.count("<script") == 3
    assert "default-src 'none'" in page
    assert collection.provenance["data_sha256"] in page
    assert not re.search(r"""(?:src|href)=["']https?:""", page)


def test_rows_hold_the_numbers_of_the_tables(collection):
    columns = page_data(collection, collection.tables, set())["columns"]
    frame = collection.tables
    for variable in ("mu", "tau", "theta_new"):
        width = (frame[f"{variable}_q97.5"] - frame[f"{variable}_q2.5"]).iloc[:38]
        for end, q in (("low", "2.5"), ("mid", "50"), ("high", "97.5")):
            shown = np.array(columns[f"{variable}_{end}"][:38])
            assert np.all(np.abs(shown - frame[f"{variable}_q{q}"].iloc[:38]) <= width / 1000)
    assert columns["mu_mid"][38:] == [None, None]
    assert columns["status"][:38] == [""] * 38
    assert columns["status"][38].endswith("one group")
    wrong = frame["centered_verdict"].eq("wrong") | frame["noncentered_verdict"].eq("wrong")
    assert [bad == 2 for bad in columns["badness"]] == list(wrong)
    verdicts = [collection_page.VERDICTS[place] for place in columns["verdict_0"]]
    assert verdicts == list(frame["centered_verdict"])
    error = collection.worst_error[frame["table"].iloc[9]]
    assert columns["error"][9] == pytest.approx(error, abs=1e-3)


def test_too_many_tables_leave_the_worst_in_the_order_of_the_file(collection, monkeypatch):
    monkeypatch.setattr(collection_page, "MOST_TABLES", 12)
    shown = selection(collection)
    assert len(shown) == 12
    assert list(shown.index) == sorted(shown.index)
    left = collection.badness.drop(shown.index)
    assert left.max() <= collection.badness.loc[shown.index].min()
    assert selection_words(12, 40).startswith("12 of 40 tables")
    assert "tables.parquet has all" in selection_words(12, 40)


def test_exact_only_collections_have_a_page(tmp_path, pytestconfig):
    frame = tables(5, models=())
    collection = Collection(write_collection(tmp_path / "exact", frame))
    assert collection.models == []
    assert collection.badness.tolist() == [0] * 5
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    assert "worst fits first</option>" not in render_collection(collection, {}, set(), templates)


def test_numbers_are_rounded_by_their_intervals_and_missing_ones_are_null():
    values, width = np.array([0.123456, 1234.567, np.nan, 5.12345]), np.array([0.5, 300, 1, 0])
    assert rounded(values, width) == [0.1235, 1234.6, None, 5.123]


def test_data_cannot_end_the_script_that_holds_them():
    content = {"name": "</script><!-- \u2028 é"}
    text = script_json(content)
    assert "<" not in text and "\u2028" not in text
    assert json.loads(text) == content
