"""The form of a file, guessed from its columns; columns that stand in place of others."""

import numpy as np
import pytest

from partial_pooling.data.guess import guess
from partial_pooling.data.reading import read_groups
from partial_pooling.data.roles import told
from partial_pooling.errors import InputError
from partial_pooling.study.configuration import read_study

PRIOR = {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfNormal", "sigma": 1}}


def written(tmp_path, header, *rows):
    path = tmp_path / "data.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


# Headers of the R packages metafor, metadat and meta, of spreadsheets, and of no help at all.
FILES = [
    ("study,yi,vi", ["a,0.3,0.04", "b,-0.1,0.09"], "estimates", "study yi vi"),
    ("studlab,TE,seTE", ["a,0.3,0.2", "b,-0.1,0.3"], "estimates", "studlab TE seTE"),
    ("id,se,effect", ["1,0.2,2", "2,0.3,5"], "estimates", "id effect se"),
    ("School,Effect,SD", ["A,28,15", "B,-8,10"], "estimates", "School Effect SD"),
    ("a,b,c", ["x,0.31,0.2", "y,-0.12,0.3"], "estimates", "a b c"),
    ("study,ai,n1i,ci,n2i", ["a,1,10,2,9", "b,0,8,3,8"], "two_by_two", "study ai n1i ci n2i"),
    ("study,ai,bi,ci,di", ["a,1,9,2,7", "b,0,8,3,5"], "two_by_two", "study ai bi ci di"),
    (
        "studlab,event.e,n.e,event.c,n.c",
        ["a,1,10,2,9", "b,0,8,3,8"],
        "two_by_two",
        "studlab event.e n.e event.c n.c",
    ),
    (
        "Trial,nPlacebo,deaths Placebo,nDrug,deaths Drug",
        ["a,10,1,9,2", "b,8,0,8,3"],
        "two_by_two",
        "Trial,deaths Drug,nDrug,deaths Placebo,nPlacebo",
    ),
    (
        "study,m1i,sd1i,n1i,m2i,sd2i,n2i",
        ["a,5,2,10,4,2.5,9", "b,6,1,8,7,1.5,12"],
        "two_means",
        "study m1i sd1i n1i m2i sd2i n2i",
    ),
    ("author,ri,ni", ["a,0.2,30", "b,-0.1,50"], "correlations", "author ri ni"),
    ("site,cases,person_years", ["a,3,200.5", "b,0,90"], "rates", "site cases person_years"),
    ("site,xi,ti", ["a,3,200.5", "b,0,90"], "rates", "site xi ti"),
    ("clinic,deaths,patients", ["a,3,20", "b,0,9"], "counts", "clinic deaths patients"),
    ("litter,died,born", ["1,3,20", "2,0,9"], "counts", "litter died born"),
    ("country,mean,sd,n", ["a,3.5,2,20", "b,2.5,1,9"], "summaries", "country mean sd n"),
    ("school,score", ["a,3", "a,5", "b,4", "b,6"], "observations", "school score"),
]


@pytest.mark.parametrize(("header", "rows", "form", "names"), FILES, ids=[f[0] for f in FILES])
def test_a_form_is_guessed_from_names_and_values(tmp_path, header, rows, form, names):
    found = guess(written(tmp_path, header, *rows))
    expected = names.split("," if "," in names else None)
    assert (found.form, list(found.columns.values())) == (form, expected)


def test_a_wrong_cell_of_a_named_column_is_told_as_such(tmp_path):
    path = written(tmp_path, "study,estimate,std_error", "a,1,", "b,2,3")
    found = guess(path)
    assert found.form == "estimates"
    with pytest.raises(InputError, match="line 2, column std_error: found a blank"):
        read_groups(path, found.form, found.renamed)


def test_what_is_left_aside_and_what_sounds_like_a_ratio_is_said(tmp_path):
    path = written(tmp_path, "study,or,se,year", "a,1.2,0.2,1999", "b,0.8,0.3,2004")
    notes = " ".join(guess(path).notes)
    assert "or sounds like a ratio" in notes
    assert "Left aside: year. There is no meta-regression here" in notes
    path = written(tmp_path, "study,log_or,se", "a,0.2,0.2", "b,-0.2,0.3")
    assert guess(path).notes == ()


def test_a_file_without_a_header_does_not_lose_its_first_group(tmp_path):
    path = written(tmp_path, "A,0.1,0.2", "B,0.3,0.3", "C,0.2,0.1")
    with pytest.raises(InputError, match=r"line 1: found A, 0.1, 0.2, a row of data"):
        guess(path)
    year = written(tmp_path, "school,2019,se", "A,0.1,0.2", "B,0.3,0.3")
    assert guess(year).columns["estimate"] == "2019"
    years = written(tmp_path, "school,2019,2020", "A,0.1,0.2", "B,0.3,0.3")
    assert guess(years, "estimates", {"std_error": "2020"}).columns["estimate"] == "2019"


def test_no_form_fits_a_file_of_text(tmp_path):
    with pytest.raises(InputError, match="which are not the columns of any form; allowed: est"):
        guess(written(tmp_path, "a,b", "x,y", "z,w"))


@pytest.mark.parametrize(
    ("name", "column", "sure"),
    [
        ("std_error", "std_error", 4),
        ("sei", "std_error", 3),
        ("se.effect", "std_error", 2),
        ("events_control", "events_treated", -1),
        ("cases.vaccinated", "events_treated", 3),
        ("year", "n", 0),
    ],
)
def test_how_sure_a_name_is(name, column, sure):
    assert told(name, column) == sure


def test_variances_are_taken_in_place_of_standard_errors(tmp_path):
    path = written(tmp_path, "group,estimate,variance", "a,1,0.04", "b,2,9")
    assert np.allclose(read_groups(path).std_error, [0.2, 3], rtol=1e-15)
    path = written(tmp_path, "group,estimate,vi", "a,1,0.04", "b,2,0")
    with pytest.raises(InputError, match="line 3, column vi: found 0"):
        read_groups(path, columns={"variance": "vi"})
    both = {"path": str(path), "prior": PRIOR, "columns": {"variance": "vi", "std_error": "vi"}}
    with pytest.raises(InputError, match="columns: found both std_error and variance"):
        read_study({"datasets": {"x": both}})


@pytest.mark.parametrize(
    ("named", "taken"), [("Sampling variance", "std_error"), ("se", "variance")]
)
def test_a_variance_mapped_as_a_standard_error_is_refused_and_so_the_reverse(
    tmp_path, named, taken
):
    path = written(tmp_path, f"group,estimate,{named}", "a,1,0.04", "b,2,9")
    with pytest.raises(InputError, match=rf"column {named}: found .* as {taken}, and its name"):
        read_groups(path, columns={taken: named})


def test_others_are_taken_in_place_of_totals(tmp_path):
    header = "group,events_treated,nonevents_treated,events_control,n_control"
    groups = read_groups(written(tmp_path, header, "a,1,9,2,7", "b,0,8,3,5"), "two_by_two")
    assert groups.n_treated.tolist() == [10, 8]
    assert groups.n_control.tolist() == [7, 5]
    with pytest.raises(
        InputError, match="line 3, column nonevents_treated: found an arm of nobody"
    ):
        read_groups(written(tmp_path, header, "a,1,9,2,7", "b,0,0,3,5"), "two_by_two")


def test_counts_mapped_as_estimates_are_refused(tmp_path):
    columns = {"estimate": "deaths", "std_error": "patients"}
    path = written(tmp_path, "group,deaths,patients", "a,1,20", "b,0,30")
    with pytest.raises(InputError, match=r"column patients: .* form counts"):
        read_groups(path, columns=columns)
    path = written(tmp_path, "group,deaths,patients", "a,1.5,20", "b,0,30")
    assert len(read_groups(path, columns=columns)) == 2


@pytest.mark.parametrize(
    ("word", "serving"),
    [("binary", "counts (group, events, n) or two_by_two"), ("estimate", "did you mean estimates")],
)
def test_a_form_by_another_word_is_told_the_one_that_serves(word, serving):
    with pytest.raises(InputError) as error:
        read_study({"datasets": {"x": {"path": "x.csv", "form": word, "prior": PRIOR}}})
    assert serving in str(error.value)
