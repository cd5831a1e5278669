"""The report's words and tables, on results made up so that every branch is told."""

import itertools
import json
import math
import re
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from synthetic_results import (
    BAD,
    FALSE_ALARMS,
    GOOD,
    HOSTILE,
    Sampler,
    hostile_groups,
    write_results,
)

from partial_pooling.captions import FIGURES, caption
from partial_pooling.data import Groups
from partial_pooling.errors import InputError
from partial_pooling.findings import divergence_words, error_words, neck_finding
from partial_pooling.html import Html, Shown, table
from partial_pooling.report import Report, write_index
from partial_pooling.words import count, fixed, percent, signed, significant, some_of

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "workflow/notebooks/report.ipynb"
TEMPLATES = ROOT / "workflow/notebooks/templates"
PLAIN = Groups(("a", "b", "c", "d"), np.array([3.0, 9, 4, 6]), np.array([4.0, 5, 4, 6]))
NO_MEANS = {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfFlat"}}
CALLS = [
    call.removeprefix("report.").removesuffix("()")
    for call in re.findall(r"report\.\w+\(\)", NOTEBOOK.read_text(encoding="utf-8"))
]


def text(html):
    told = BeautifulSoup(html.replace("</p>", " </p>"), "html.parser").get_text()
    return told.replace("\xa0", " ")


def everything(report):
    parts = [getattr(report, call)() for call in CALLS]
    return "".join([*parts, *(report.figure(name) for name in FIGURES)])


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Open results, by default of four plain groups; each kind is written once."""
    written = {}

    def open_study(name=None, **options):
        key = name or repr(options)
        if key not in written:
            options = {"groups": PLAIN, **(STUDIES[name] if name else options)}
            written[key] = write_results(tmp_path_factory.mktemp("results"), **options)
        return Report(written[key])

    return open_study


STUDIES = {
    "default": {},
    "one of each": {
        "samplers": {"centered": GOOD},
        "accepts": (0.9,),
        "seeds": (7,),
        "draws": (500,),
    },
    "none trusted": {"samplers": {"centered": BAD, "marginal": BAD}},
    "no means": {"groups": hostile_groups(HOSTILE[:3]), "prior": NO_MEANS},
    "two groups": {"groups": hostile_groups(HOSTILE[:2])},
    "a hundred groups": {
        "groups": hostile_groups([f"Centre with a long and tedious name, {k}" for k in range(100)]),
        "drop_probability_largest": True,
        "seeds": (1,),
        "draws": (500,),
    },
    "groups that differ": {
        "groups": Groups(("a", "b", "c"), np.array([0.0, 100, 200]), np.array([4.0, 5, 4]))
    },
    "tiny units": {
        "groups": Groups(("a", "b", "c"), np.array([1e-6, 2e-6, 9e-6]), np.full(3, 2e-6)),
        "prior": {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfCauchy", "beta": 1e-6}},
    },
}


@pytest.mark.parametrize("name", STUDIES)
def test_no_study_makes_a_report_say_nan_or_none(study, name):
    told = text(everything(study(name)))
    assert not re.search(r"\b(nan|NaN|inf|None)\b", told)


@pytest.mark.parametrize("name", STUDIES)
def test_every_figure_has_a_caption_and_alternative_text_of_whole_sentences(study, name):
    report = study(name)
    for words in itertools.chain(*(caption(report, figure) for figure in FIGURES)):
        assert len(words) > 40
        assert words.endswith(".")
        assert "  " not in words
        assert not words[:1].islower() or words.startswith(("log τ", "z "))


def test_names_of_groups_stay_text(study):
    soup = BeautifulSoup(everything(study(groups=hostile_groups())), "html.parser")
    assert not soup.find("script")
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in soup("img"))
    cells = [row.td.get_text() for row in soup.find(id="table-groups").tbody("tr")]
    assert cells == list(HOSTILE)


def test_jupyter_leaves_dollars_in_names_alone():
    assert "mathjax_ignore" in Html("$x$")._repr_html_()


# -- which fit to trust -------------------------------------------------------------------------


def test_single_trusted_setting_is_the_only_one(study):
    told = text(study().trust())
    assert "Use the noncentered model at target_accept 0.95" in told
    assert "the only one of 4 settings that passed" in told
    assert "No setting" not in told


def test_best_of_several_trusted_settings_is_the_cheapest(study):
    told = text(study(samplers={"centered": GOOD}).trust())
    assert "the most of the 2 settings that passed (of 2)" in told
    assert "only" not in told


def test_study_of_one_setting_does_not_compare(study):
    told = text(study("one of each").trust())
    assert "the only setting of the study" in told
    assert "The one fit passed" in told
    assert "raised an alarm in no fit." in told


def test_nothing_is_recommended_where_nothing_passed(study):
    report = study(samplers={"centered": BAD})
    told = text(report.trust())
    assert "No setting passed every check" in told
    assert "Use the" not in told
    assert 'class="badge fail"' in report.verdict_badge()


@pytest.mark.parametrize(
    ("sampler", "said", "unsaid"),
    [
        (BAD, "Every fit that was wrong had raised an alarm.", "nobody would have known"),
        (Sampler(bias=9), "6 wrong fits raised no alarm", "Every fit that was wrong"),
        (FALSE_ALARMS, "In 3 fits there was an alarm though", "that was wrong"),
        (GOOD, "raised an alarm in none of the 6 fits", "though the means were right"),
    ],
)
def test_alarms_are_held_against_the_exact_answer(study, sampler, said, unsaid):
    told = text(study(samplers={"centered": sampler}).trust())
    assert said in told
    assert unsaid not in told


def test_medians_stand_in_for_means_that_do_not_exist(study):
    report = study("no means")
    assert math.isnan(report.value("mu"))
    assert "Common mean μ: median" in text(report.title())
    assert "no mean" in text(report.answer())
    assert "means lie between" in text(report.answer())  # those of theta exist
    report.exact.loc[report.exact.index.str.startswith("theta["), "mean"] = math.nan
    assert "medians lie between" in text(report.answer())
    assert "no mean" not in text(study().answer())


def test_fits_are_not_held_against_means_that_do_not_exist(study):
    report = study("no means")
    assert "Held against the exact answer" in text(report.trust())
    report.estimates["z"] = math.nan
    assert "Held against the exact answer" not in text(report.trust())
    assert "so there is no z" in text(report.accuracy_words())


def test_verdict_table_marks_failed_checks_only(study):
    rows = BeautifulSoup(study().settings_table(), "html.parser").tbody("tr")
    last = rows[-1]
    assert last.find(class_="fail") is None
    assert last.find(class_="pass").get_text() == "3 of 3"
    first = rows[0]
    assert [badge.get_text() for badge in first(class_="fail")][:4] == [
        "0 of 3",
        "1.060",
        "150",
        "150",
    ]
    assert first("td")[3]["data-value"] == "1.06"


def test_models_outside_the_study_are_not_mentioned(study):
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    static = [c for c in notebook["cells"] if c["cell_type"] == "markdown"]
    told = text(everything(study(samplers={"noncentered": GOOD})))
    told += " ".join("".join(cell["source"]) for cell in static)
    assert not re.search(r"\b(centered|marginal)\b", told, flags=re.IGNORECASE)
    assert "They describe the same posterior" not in told


# -- funnel and divergences ---------------------------------------------------------------------


def neck_rows(share, mcse, ess=1000.0, seeds=2):
    row = {"neck_5": share, "mcse_neck_5": mcse, "ess_bulk_min": ess}
    return pd.DataFrame([row] * seeds)


@pytest.mark.parametrize(
    ("rows", "finding"),
    [
        (neck_rows(0.05, 0.002), "agrees"),
        (neck_rows(0.02, 0.002), "seldom"),
        (neck_rows(0.09, 0.002), "often"),
        (neck_rows(0.055, 0.0024), "unclear"),
        (neck_rows(0.0, 0.0), "seldom"),
        (neck_rows(0.0, 0.0, ess=20), "agrees"),  # too few draws to miss the neck
        (neck_rows(0.05, math.nan), "unclear"),
    ],
)
def test_neck_is_judged_in_standard_errors(rows, finding):
    assert neck_finding(rows, "5") == finding


@pytest.mark.parametrize(
    ("neck", "said"),
    [
        (0.0, "It reaches the neck too seldom."),
        (3.0, "It stays in the neck too long."),
        (1.0, "That agrees with the exact posterior"),
        (1.06, "these fits cannot tell"),
    ],
)
def test_words_about_the_neck_follow_its_numbers(study, neck, said):
    told = text(study(samplers={"centered": Sampler(neck=neck)}).funnel())
    judgements = ("too seldom", "too long", "That agrees", "cannot tell")
    assert said in told
    assert sum(words in told for words in judgements) == 1


def model_verdict(rates, rank=0.5, total=100, bias=0.0, error=0.1):
    return {
        "divergences": {
            "at_lowest_target_accept": total,
            "mean_rank_of_log_tau": rank,
            "rate_by_target_accept": rates,
        },
        "log_tau_by_target_accept": {"0.8": {"bias": bias, "std_error": error}},
    }


BOTH = {"0.8": 0.01, "0.95": 0.0}
STAYING = {"0.8": 0.01, "0.95": 0.002}


@pytest.mark.parametrize(
    ("verdict", "said", "unsaid"),
    [
        (model_verdict({"0.8": 0.0}), ["no divergences at target_accept 0.8."], ["any"]),
        (model_verdict({"0.8": 0.0, "0.9": 0.0}), ["at any target_accept."], ["rank"]),
        (model_verdict(BOTH), ["vanish.", "no bias", "are false alarms."], ["are real", "not"]),
        (
            model_verdict(STAYING, rank=0.1, bias=0.5),
            ["gather in the neck", "do not vanish", "they matter", "are real."],
            ["false alarms"],
        ),
        (model_verdict(STAYING), ["scattered", "do not vanish"], ["All three"]),
        (model_verdict(STAYING, rank=0.3), ["lean towards the neck"], ["All three"]),
        (model_verdict(BOTH, rank=0.8), ["lean towards the wide part"], ["All three"]),
        (model_verdict(BOTH, total=4), ["too few to say"], ["All three", "scattered"]),
        (model_verdict(BOTH, bias=-0.3), ["off by −0.30", "cannot tell"], ["All three"]),
        (model_verdict(BOTH, bias=None, error=None), ["vanish."], ["off by", "All three"]),
        (model_verdict({"0.8": 0.01}), ["the rate is 1 %"], ["vanish", "All three"]),
        (model_verdict({"0.8": 0.01, "0.9": 0.02}), ["do not become fewer"], ["vanish"]),
        (model_verdict({"0.8": 0.0, "0.9": 0.02}, rank=None), ["do not become"], ["rank"]),
    ],
)
def test_words_about_divergences_follow_their_numbers(verdict, said, unsaid):
    told = divergence_words(verdict).replace("\xa0", " ")
    for words in said:
        assert words in told
    for words in unsaid:
        assert words not in told


# -- accuracy, cost, classical estimates --------------------------------------------------------


def test_error_is_compared_with_what_draws_alone_would_give():
    table = pd.DataFrame(
        {"model": "m", "variable": "log_tau", "draws": [100, 400], "rmse": [0.3, 0.2]}
    )
    told = error_words(table, "m")
    assert "from 0.30 to 0.20, a factor of 1.5; draws alone would give 2.0." in told
    assert error_words(table[:1], "m") == ""
    assert error_words(table.assign(rmse=math.nan), "m") == ""


def test_accuracy_counts_errors_and_corrects_for_their_number(study):
    told = text(study(samplers={"centered": BAD}).accuracy_words())
    # 4 thetas, mu, tau, log tau; 2 target_accepts; 3 seeds
    assert "of 42 means" in told
    assert "100 % are more than 2 MCSE" in told
    assert "stays below 3.2 in at least 95 %" in told


def test_one_target_accept_is_not_compared(study):
    assert "nothing to compare" in text(study(accepts=(0.9,)).target_accept_words())
    told = text(study().target_accept_words())
    assert "from target_accept 0.8 to 0.95 the step size goes from 0.50 to 0.40" in told


def test_classical_words_know_whether_tau_is_zero(study):
    told = text(study().classical_words())
    assert "All 4 classical estimates of τ are exactly 0" in told
    differing = text(study("groups that differ").classical_words())
    assert "lie between" in differing
    assert "exactly 0" not in differing
    assert "2 degrees of freedom" in differing
    assert "1 degree of freedom" in text(study("two groups").classical_words())


def test_largest_group_is_told_only_where_it_was_computed(study):
    assert "largest θ" in text(study().answer())
    assert "largest θ" not in text(study(drop_probability_largest=True).answer())


def test_lecture_is_told_only_of_its_own_data(study, eight_schools):
    assert study().lecture() == ""
    told = text(study(groups=eight_schools).lecture())
    assert "0.8021392, exact" in told
    assert "off by −0.0364" in told
    alone = text(study(groups=eight_schools, samplers={"centered": GOOD}).lecture())
    assert "8,571" not in alone


def test_reproducing_command_checks_out_a_clean_commit_only(study):
    report = study()
    assert "git checkout abc" in text(report.origin())
    report.provenance["git_dirty"] = "true"
    assert "git checkout" not in text(report.origin())
    assert "abc with local changes" in text(report.origin())


def test_origin_names_both_versions_of_what_was_kept(study):
    report = study()
    assert "kept" not in text(report.origin())
    report.provenance["kept"] = '{"nutpie": {"0.17": "0.16.1", "0.18": "0.16.1"}}'
    said = text(report.origin())
    assert "kept of nutpie" in said
    assert "what 0.16.1 made, under 0.17" in said
    assert "what 0.16.1 made, under 0.18" in said


# -- pieces -------------------------------------------------------------------------------------


def test_numbers_read_as_people_write_them():
    assert [percent(x) for x in (0, 1, 0.0996, 0.363, 0.00054)] == [
        f"{n}\xa0%" for n in ("0", "100", "10", "36", "0.054")
    ]
    assert [significant(2)(x) for x in (0.8, 25, 1234, -0.0123)] == [
        "0.80",
        "25",
        "1,200",
        "−0.012",
    ]
    assert fixed(1)(-0.04) == "0.0"
    assert signed(-0.001, fixed(1)) == "+0.0"
    assert count(1, "seed") == "1 seed"
    assert some_of(0, 3, "fit") == "none of the 3 fits"


def test_table_keeps_full_precision_beside_rounded_text():
    frame = pd.DataFrame({"name": ["<b>"], "x": [1 / 3], "y": [math.nan]})
    frame["z"] = [Shown(2.0, Html("<i>two</i>"))]
    cells = BeautifulSoup(table(frame, {"x": fixed(1)}, "c", "n"), "html.parser")("td")
    assert [cell.get_text() for cell in cells] == ["<b>", "0.3", "–", "two"]
    assert [cell.get("data-value") for cell in cells] == [None, repr(1 / 3), "", "2.0"]


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"verdict\.json: it is missing; run Snakemake"):
        _ = Report(tmp_path).verdict


def test_results_are_found_from_a_folder_below(monkeypatch, tmp_path):
    write_results(tmp_path / "results", PLAIN, {"centered": GOOD})
    below = tmp_path / "workflow/notebooks"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert Report.find("results").name == "made up"


def test_index_shows_every_data_set_with_its_verdict(tmp_path):
    good = write_results(tmp_path / "good", PLAIN, {"centered": GOOD}, name="good_one")
    bad = write_results(tmp_path / "bad", PLAIN, {"centered": BAD}, name="bad_one")
    pairs = [(f"{path.name}/report.html", Report(path)) for path in (good, bad)]
    rows = BeautifulSoup(write_index(pairs, TEMPLATES), "html.parser").tbody("tr")
    assert [row.a["href"] for row in rows] == ["good/report.html", "bad/report.html"]
    assert [row.strong["class"][1] for row in rows] == ["pass", "fail"]
    assert [row("td")[2].get_text() for row in rows] == ["6 of 6", "0 of 6"]
    assert unescape(str(rows[0].a.string)) == "good one"
