"""Reading groups: what each form becomes, and what is refused with which words."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import (
    Correlations,
    Counts,
    Estimates,
    Rates,
    Summaries,
    TwoByTwo,
    TwoMeans,
)
from partial_pooling.data.reading import read_data, read_groups, write_groups
from partial_pooling.errors import InputError

DATASETS = Path(__file__).parents[2] / "config" / "datasets"


def test_eight_schools_are_the_lectures():
    groups = read_groups(DATASETS / "eight_schools.csv")
    assert groups.names == tuple("ABCDEFGH")
    assert groups.estimate.tolist() == [28, 8, -3, 7, -1, 1, 18, 12]
    assert groups.std_error.tolist() == [15, 10, 16, 11, 9, 11, 10, 18]


def test_summaries_are_taken_as_they_are_and_divided_by_root_n_as_estimates(tmp_path):
    file = tmp_path / "s.csv"
    file.write_text("school,average,spread,pupils\nx,10,6,9\ny,20,8,16\n")
    columns = {"group": "school", "mean": "average", "sd": "spread", "n": "pupils"}
    groups = read_groups(file, "summaries", columns)
    assert (groups.mean.tolist(), groups.sd.tolist(), groups.n.tolist()) == (
        [10, 20],
        [6, 8],
        [9, 16],
    )
    groups = read_groups(file, "summaries", columns, measure="mean")
    assert groups.estimate.tolist() == [10, 20]
    assert groups.std_error.tolist() == [2, 2]


def test_pooled_sd_weighs_by_degrees_of_freedom(tmp_path):
    file = tmp_path / "s.csv"
    file.write_text("group,mean,sd,n\nx,10,6,9\ny,20,8,16\n")
    pooled = ((8 * 36 + 15 * 64) / 23) ** 0.5
    groups = read_groups(file, "summaries", pooled_sd=True, measure="mean")
    np.testing.assert_allclose(groups.std_error, [pooled / 3, pooled / 4], rtol=1e-15)


def test_observations_become_summaries(tmp_path):
    file = tmp_path / "o.csv"
    file.write_text("group,value\nb,1\na,10\nb,3\na,14\nb,5\n")
    groups = read_groups(file, "observations")
    assert groups.names == ("b", "a")
    np.testing.assert_allclose(groups.mean, [3, 12])
    np.testing.assert_allclose(groups.sd, [2, 8**0.5])
    assert groups.n.tolist() == [3, 2]


def test_pooled_observations_agree_with_their_summaries(tmp_path):
    rng = np.random.default_rng(3)
    samples = {name: rng.normal(5, 2, n) for name, n in (("a", 4), ("b", 9), ("c", 30))}
    raw, short = tmp_path / "o.csv", tmp_path / "s.csv"
    raw.write_text(
        "group,value\n" + "".join(f"{g},{v!r}\n" for g, s in samples.items() for v in s.tolist())
    )
    short.write_text(
        "group,mean,sd,n\n"
        + "".join(f"{g},{s.mean()},{s.std(ddof=1)},{len(s)}\n" for g, s in samples.items())
    )
    for pooled in (False, True):
        one, other = (
            read_groups(raw, "observations", pooled_sd=pooled),
            read_groups(short, "summaries", pooled_sd=pooled),
        )
        np.testing.assert_allclose(one.sd, other.sd, rtol=1e-12)


def test_simulated_reviews_are_what_their_generator_makes():
    simulate = runpy.run_path(str(DATASETS / "simulate_restaurant_reviews.py"))["simulate"]
    assert (DATASETS / "restaurant_reviews.csv").read_text() == simulate()


@given(st.lists(st.tuples(st.floats(-1e50, 1e50), st.floats(1e-50, 1e50)), min_size=2, max_size=9))
def test_writing_and_reading_gives_back_every_bit(tmp_path_factory, rows):
    file = tmp_path_factory.mktemp("groups") / "data.csv"
    estimate, std_error = np.array(rows).T
    names = tuple(f'{i}, "quoted" ŷ' for i in range(len(rows)))
    write_groups(Estimates(names, estimate, std_error), file)
    again = read_groups(file)
    assert again.names == names
    assert again.estimate.tobytes() == estimate.tobytes()
    assert again.std_error.tobytes() == std_error.tobytes()


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffgroup,estimate,std_error\na,1,2\nb,3,4\n",
        "group,estimate,std_error\r\na,1,2\r\nb,3,4\r\n",
        "group,estimate,std_error\na,1,2\nb,3,4\n\n  ,,\n",
        'group, estimate, std_error\n"a", 1, 2\n"b", 3, 4\n',
        "extra,std_error,group,estimate\n?,2,a,1\n!,4,b,3\n",
        "group,estimate,std_error\na,+1.,.2e1\nb,3E0,4",
    ],
    ids=["BOM", "CRLF", "trailing blanks", "quotes and spaces", "other columns", "number styles"],
)
def test_harmless_styles_of_csv_are_read(tmp_path, content):
    file = tmp_path / "d.csv"
    file.write_bytes(content.encode())
    groups = read_groups(file)
    assert groups.names == ("a", "b")
    assert groups.estimate.tolist() == [1, 3]
    assert groups.std_error.tolist() == [2, 4]


def test_no_break_spaces_of_spreadsheets_are_spaces(tmp_path):
    file = tmp_path / "d.csv"
    file.write_text(
        "group,std\u00a0error,estimate\nward\u00a01,2,1\nward\u202f2,4,3\nward\u20073,2,2\n"
    )
    for named in ("std error", "std\u00a0error"):
        groups = read_groups(file, columns={"std_error": named})
        assert groups.names == ("ward 1", "ward 2", "ward 3")


# of each kind of data, with what its form must keep: zero cells, sizes near the limits, any float
KINDS = [
    Estimates(("a", "b"), np.array([0.1, -1e50]), np.array([1e-50, 1 / 3])),
    Summaries(("a", "b"), np.array([0.1, 2]), np.array([1 / 3, 4]), np.array([2, 1e15])),
    Counts(("a", "b"), np.array([0.0, 7]), np.array([1.0, 7])),
    Rates(("a", "b"), np.array([0.0, 1e15]), np.array([1 / 3, 1e-50])),
    TwoByTwo(("a", "b"), *np.array([[0.0, 5], [3, 5], [0, 0], [4, 1]])),
    TwoMeans(("a", "b"), *np.array([[0.1, 2], [3, 1 / 3], [2, 3], [-0.1, 2], [7, 8], [2, 9]])),
    Correlations(("a", "b"), np.array([-0.999, 1 / 3]), np.array([4.0, 9])),
]


@pytest.mark.parametrize("groups", KINDS, ids=lambda groups: type(groups).__name__)
def test_every_kind_of_data_is_written_and_read_without_a_word_of_what_it_is(tmp_path, groups):
    write_groups(groups, tmp_path / "data.csv")
    again = read_data(tmp_path / "data.csv")
    assert type(again) is type(groups)
    assert again.names == groups.names
    for column in vars(groups):
        if column != "names":
            assert getattr(again, column).tobytes() == getattr(groups, column).tobytes()


def test_every_form_has_a_kind_that_is_tried_here():
    assert {form.kind for form in FORMS.values()} == {type(groups) for groups in KINDS}


EST, SUM, OBS, COUNTS, RATES, TABLES, MEANS, CORR = FORMS
HEAD = {name: ",".join(form.columns) + "\n" for name, form in FORMS.items()}
REFUSED = [
    # form, content below (or with) the header, what the one line says
    (EST, "", "found no header"),
    (EST, HEAD[EST], "found no rows"),
    (EST, HEAD[EST] + "a,1,2\n", "found 1 group; allowed: 2 or more"),
    (EST, "group,estimate\na,1\n", "line 1: column std_error is missing"),
    (EST, "group,estimate,std_error,estimate\na,1,2,3\n", "column estimate is there twice"),
    (EST, "group;estimate;std_error\na;1;2\n", "line 1: found semicolons; allowed: commas"),
    (EST, HEAD[EST] + "a,1,2\nb,x,2\n", "line 3, column estimate: found 'x'; allowed: a finite"),
    (EST, HEAD[EST] + "a,1,2\nb,,2\n", "line 3, column estimate: found a blank"),
    (EST, HEAD[EST] + "a,nan,2\nb,1,2\n", "line 2, column estimate: found 'nan'"),
    (EST, HEAD[EST] + "a,inf,2\nb,1,2\n", "line 2, column estimate: found 'inf'"),
    (EST, HEAD[EST] + "a,1e999,2\nb,1,2\n", "line 2, column estimate: found 1e999"),
    (EST, HEAD[EST] + "a,1_0,2\nb,1,2\n", "line 2, column estimate: found '1_0'"),
    (
        EST,
        HEAD[EST] + "a,1,0\nb,1,2\n",
        "column std_error: found 0; allowed: a finite number above",
    ),
    (EST, HEAD[EST] + "a,1,-2\nb,1,2\n", "line 2, column std_error: found -2"),
    (EST, HEAD[EST] + 'a,"1,5",2\nb,1,2\n', "found '1,5' (a decimal comma? write a point)"),
    (EST, HEAD[EST] + "a,1,5,2\nb,1,2\n", "line 2: found 4 cells; allowed: 3"),
    (EST, HEAD[EST] + "a,1\nb,1,2\n", "line 2: found 2 cells; allowed: 3"),
    (
        EST,
        HEAD[EST] + "a,1,2\na,3,4\n",
        "line 3, column group: found 'a' again (first on line 2); allowed: each group once a table",
    ),
    (EST, HEAD[EST] + "a,1,2\n ,3,4\n", "line 3, column group: found a blank; allowed: a group's"),
    (EST, HEAD[EST] + "a,1,2\n\x1b[2J,3,4\n", "allowed: a name of printable characters"),
    (EST, HEAD[EST] + 'a,1,2\n"b,3,4\n', "allowed: comma-separated values"),
    (EST, HEAD[EST] + "a,1e308,2\nb,1,2\n", "line 2, column estimate: found 1e308; allowed: a fin"),
    (EST, HEAD[EST] + "a,1,2\nb,-1e51,2\n", "line 3, column estimate: found -1e51; allowed: a fin"),
    (
        EST,
        HEAD[EST] + "a,1,5e-324\nb,1,2\n",
        "line 2, column std_error: found 5e-324; allowed: a finite number above 0 (from 1e-50 to",
    ),
    (EST, HEAD[EST] + "a,1,2\nb,1,1e300\n", "line 3, column std_error: found 1e300"),
    (SUM, HEAD[SUM] + "a,1,1e300,9\nb,1,2,3\n", "line 2, column sd: found 1e300"),
    (SUM, HEAD[SUM] + "a,1e300,1,9\nb,1,2,3\n", "line 2, column mean: found 1e300"),
    (SUM, HEAD[SUM] + "a,1,1,1e300\nb,1,2,3\n", "line 2, column n: found 1e300; allowed: a whole"),
    (
        OBS,
        HEAD[OBS] + "a,1\na,2\nb,1e308\nb,-1e308\n",
        "line 4, column value: found 1e308; allowed: a finite number (from -1e50 to 1e50)",
    ),
    (
        OBS,
        HEAD[OBS] + "a,1\na,2\nb,0\nb,1e-60\n",
        "line 4, column value: found an sd of 7.07107e-61 for 'b'; allowed: a finite number above",
    ),
    (
        SUM,
        HEAD[SUM] + "a,1,2,1\nb,1,2,3\n",
        "line 2, column n: found 1; allowed: a whole number, 2",
    ),
    (SUM, HEAD[SUM] + "a,1,2,2.5\nb,1,2,3\n", "line 2, column n: found 2.5"),
    (SUM, HEAD[SUM] + "a,1,0,2\nb,1,2,3\n", "line 2, column sd: found 0"),
    (OBS, HEAD[OBS] + "a,1\na,2\nb,3\n", "line 4, column group: found one observation of 'b'"),
    (OBS, HEAD[OBS] + "a,1\na,1\nb,3\nb,4\n", "line 2, column value: found an sd of 0 for 'a'"),
    (OBS, HEAD[OBS] + "a,1\na,2\n", "found 1 group"),
    (
        COUNTS,
        HEAD[COUNTS] + "a,0,3\nb,5,4\n",
        "line 3, column events: found 5; allowed: at most n, which is 4",
    ),
    (
        COUNTS,
        HEAD[COUNTS] + "a,0,3\nb,1234567,1234566\n",
        "line 3, column events: found 1234567; allowed: at most n, which is 1234566",
    ),
    (COUNTS, HEAD[COUNTS] + "a,-1,3\nb,5,9\n", "line 2, column events: found -1; allowed: a whole"),
    (COUNTS, HEAD[COUNTS] + "a,1,3\nb,0.5,4\n", "line 3, column events: found 0.5; allowed: a w"),
    (COUNTS, HEAD[COUNTS] + "a,0,0\nb,1,4\n", "line 2, column n: found 0; allowed: a whole number"),
    (COUNTS, HEAD[COUNTS] + "a,0,2.5\nb,1,4\n", "line 2, column n: found 2.5; allowed: a whole"),
    (COUNTS, HEAD[COUNTS] + "a,0,1e16\nb,1,4\n", "line 2, column n: found 1e16; allowed: a whole"),
    (COUNTS, HEAD[COUNTS] + "a,0,2\na,1,4\n", "line 3, column group: found 'a' again"),
    (RATES, HEAD[RATES] + "a,0,0\nb,1,2\n", "line 2, column exposure: found 0; allowed: a finite"),
    (RATES, HEAD[RATES] + "a,0,-3\nb,1,2\n", "line 2, column exposure: found -3; allowed: a fin"),
    (RATES, HEAD[RATES] + "a,1.5,3\nb,1,2\n", "line 2, column events: found 1.5; allowed: a whole"),
    (RATES, HEAD[RATES] + "a,-2,3\nb,1,2\n", "line 2, column events: found -2; allowed: a whole"),
    (
        TABLES,
        HEAD[TABLES] + "a,0,3,0,4\nb,5,4,1,9\n",
        "line 3, column events_treated: found 5; allowed: at most n_treated, which is 4",
    ),
    (
        TABLES,
        HEAD[TABLES] + "a,0,3,0,4\nb,1,4,10,9\n",
        "line 3, column events_control: found 10; allowed: at most n_control, which is 9",
    ),
    (TABLES, HEAD[TABLES] + "a,0,0,0,4\nb,1,4,1,9\n", "line 2, column n_treated: found 0; allowed"),
    (TABLES, HEAD[TABLES] + "a,0,3,0,0\nb,1,4,1,9\n", "line 2, column n_control: found 0; allowed"),
    (
        TABLES,
        HEAD[TABLES] + "a,.5,3,0,4\nb,1,4,1,9\n",
        "column events_treated: found .5; allowed",
    ),
    (
        MEANS,
        HEAD[MEANS] + "a,1,2,1,1,2,3\nb,1,2,3,1,2,3\n",
        "column n_treated: found 1; allow",
    ),
    (
        MEANS,
        HEAD[MEANS] + "a,1,2,3,1,2,1\nb,1,2,3,1,2,3\n",
        "column n_control: found 1; allow",
    ),
    (
        MEANS,
        HEAD[MEANS] + "a,1,0,3,1,2,3\nb,1,2,3,1,2,3\n",
        "column sd_treated: found 0; allow",
    ),
    (
        MEANS,
        HEAD[MEANS] + "a,1,2,3,1,0,3\nb,1,2,3,1,2,3\n",
        "column sd_control: found 0; allow",
    ),
    (
        MEANS,
        HEAD[MEANS] + "a,x,2,3,1,2,3\nb,1,2,3,1,2,3\n",
        "column mean_treated: found 'x'",
    ),
    (CORR, HEAD[CORR] + "a,1,9\nb,0,9\n", "line 2, column r: found 1; allowed: a number above -1"),
    (
        CORR,
        HEAD[CORR] + "a,0,9\nb,-1.2,9\n",
        "line 3, column r: found -1.2; allowed: a number a",
    ),
    (
        CORR,
        HEAD[CORR] + "a,0,3\nb,0.2,9\n",
        "line 2, column n: found 3; allowed: a whole number",
    ),
]


@pytest.mark.parametrize(("form", "content", "words"), REFUSED)
def test_bad_files_are_refused_in_one_line(tmp_path, form, content, words):
    file = tmp_path / "d.csv"
    file.write_bytes(content.encode())
    with pytest.raises(InputError) as error:
        read_groups(file, form)
    message = str(error.value)
    assert message.startswith(str(file))
    assert words in message
    assert "allowed" in message
    assert "\n" not in message


def test_latin_1_and_missing_files_are_refused_with_a_hint(tmp_path):
    file = tmp_path / "d.csv"
    file.write_bytes("group,estimate,std_error\né,1,2\nb,3,4\n".encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8"):
        read_groups(file)
    with pytest.raises(InputError, match="no such file"):
        read_groups(tmp_path / "none.csv")
    with pytest.raises(InputError, match="allowed: a CSV file"):
        read_groups(tmp_path)
