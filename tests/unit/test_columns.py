"""docs/columns.md explains every column of every table that is written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from distinct_results import write_distinct_results

from partial_pooling.report.columns.file import expanded
from partial_pooling.report.columns.page import FILES, columns_text
from partial_pooling.report.generated import generated

BY_NAME = {Path(file.name).name: file for file in FILES if "calibration" not in file.name}


def test_the_page_is_made_of_what_is_written_in_one_place():
    path = next(path for path in generated() if path.name == "columns.md")
    assert path.read_text(encoding="utf-8") == columns_text()


def test_every_column_of_a_study_is_explained(tmp_path):
    folder = write_distinct_results(tmp_path)
    found = {path.name: set(pd.read_csv(path, nrows=1)) for path in folder.glob("*.csv")}
    assert {"exact.csv", "estimates.csv", "fits.csv", "accuracy.csv", "classical.csv"} <= {*found}
    for name, columns in found.items():
        known = {each for key in BY_NAME[name].columns for each in key.split(", ")}
        assert columns <= known, name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_meaning_is_a_sentence(file):
    for column, meaning in file.columns.items():
        assert column and meaning[-1] == "." and "|" not in meaning


def test_a_key_stands_for_its_columns():
    assert expanded("a{1,2}_{x,y}") == ["a1_x", "a1_y", "a2_x", "a2_y"]
    assert len(set(np.concatenate([[*file.columns] for file in FILES]))) > 100
