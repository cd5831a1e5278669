"""The report's words and tables, on results made up so that every branch is told."""

import itertools
import json
import math
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from scipy import stats
from synthetic_results import (
    BAD,
    FALSE_ALARMS,
    GOOD,
    HOSTILE,
    MISSED,
    SHORT,
    Sampler,
    hostile_groups,
    write_results,
)

from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.families.registry import FAMILIES
from partial_pooling.grading.inference import share_interval
from partial_pooling.grading.parametrization import parametrization as which_parametrization
from partial_pooling.models.snippet import pymc_code
from partial_pooling.report.captions import FIGURES, caption
from partial_pooling.report.figure import figure
from partial_pooling.report.findings import (
    divergence_words,
    error_reduction,
    error_words,
    neck_shares,
    neck_words,
)
from partial_pooling.report.html import Html, Shown, table
from partial_pooling.report.index import write_index
from partial_pooling.report.page import CHAPTERS, SECTIONS, notebook
from partial_pooling.report.results import Results
from partial_pooling.report.section import anchor, opening
from partial_pooling.report.sections import (
    accuracy,
    calibration,
    classical,
    cost,
    funnel,
    lecture,
    likelihood,
    methods,
    model,
    numbers,
    origin,
    parametrization,
    sampling,
    summary,
)
from partial_pooling.report.sections import groups as groups_section
from partial_pooling.words import count, fixed, percent, signed, significant, some_of

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "workflow/notebooks/report.ipynb"
TEMPLATES = ROOT / "workflow/notebooks/templates"
PLAIN = Estimates(("a", "b", "c", "d"), np.array([3.0, 9, 4, 6]), np.array([4.0, 5, 4, 6]))
SITES = Estimates(tuple("abcdef"), np.array([121.0, 135, 128, 142, 131, 138]), np.full(6, 3.0))
NO_MEANS = {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfFlat"}}


def text(html):
    told = BeautifulSoup(html.replace("</p>", " </p>"), "html.parser").get_text()
    return told.replace("\xa0", " ")


def soup(html):
    return BeautifulSoup(html, "html.parser")


def everything(report, without=None):
    sections = [section for section in SECTIONS if section is not without]
    told = [opening(report, section) for section in sections if section is not summary]
    parts = (
        part
        for section in sections
        if section is summary or section.finding(report)
        for part in section.CONTENT
    )
    told += [part(report) for part in parts if callable(part)]
    return "".join([*told, *(figure(report, name) for name in FIGURES)])


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Open results, by default of four plain groups; each kind is written once."""
    written = {}

    def open_study(name=None, **options):
        key = name or repr(options)
        if key not in written:
            options = {"groups": PLAIN, **(STUDIES[name] if name else options)}
            written[key] = write_results(tmp_path_factory.mktemp("results"), **options)
        return Results(written[key])

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
    "prior in other units": {
        "groups": SITES,
        "samplers": {"noncentered": GOOD},
    },
    "two groups": {"groups": hostile_groups(HOSTILE[:2])},
    "a hundred groups": {
        "groups": hostile_groups([f"Centre with a long and tedious name, {k}" for k in range(100)]),
        "seeds": (1,),
        "draws": (500,),
    },
    "groups that differ": {
        "groups": Estimates(("a", "b", "c"), np.array([0.0, 100, 200]), np.array([4.0, 5, 4]))
    },
    "tiny units": {
        "groups": Estimates(("a", "b", "c"), np.array([1e-6, 2e-6, 9e-6]), np.full(3, 2e-6)),
        "prior": {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfCauchy", "beta": 1e-6}},
    },
}


# of a hundred groups each is left out once: ten seconds; the others a second each
QUICK = ("default", "no means", "two groups", "tiny units")
SOME = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in STUDIES]


@pytest.mark.parametrize("name", SOME)
def test_no_study_makes_a_report_say_nan_or_none(study, name):
    told = text(everything(study(name)))
    assert not re.search(r"\b(nan|NaN|inf|None)\b", told)


@pytest.mark.parametrize("name", SOME)
def test_every_figure_has_a_caption_and_alternative_text_of_whole_sentences(study, name):
    report = study(name)
    told = {shown: caption(report, shown) for shown in FIGURES}
    empty = {shown for shown, words in told.items() if words is None}
    shows_nothing = {"no means": {"influence"}, "one of each": {"target_accept"}}
    assert empty == shows_nothing.get(name, set())
    for words in itertools.chain(*(words for words in told.values() if words is not None)):
        assert len(words) > 40
        assert words.endswith(".")
        assert "  " not in words
        assert not words[:1].islower() or words.startswith(("log τ", "z "))


def test_names_of_groups_stay_text(study):
    soup = BeautifulSoup(everything(study(groups=hostile_groups())), "html.parser")
    assert not soup.find("script")
    assert all(image["src"].startswith("data:image/svg+xml;") for image in soup("img"))
    cells = [row.td.get_text() for row in soup.find(id="table-groups").tbody("tr")]
    assert cells == list(HOSTILE)


def test_jupyter_leaves_dollars_in_names_alone():
    assert "mathjax_ignore" in Html("$x$")._repr_html_()


# -- the first screen: two questions, two answers ------------------------------------------------


def test_answer_and_sampler_are_told_apart(study):
    report = study(samplers={"centered": BAD})
    marks = soup(summary.title(report)).select("a.badge")
    assert [mark["class"][1] for mark in marks[:2]] == ["pass", "pass"]
    assert [mark["href"] for mark in marks] == [
        "#methods",
        "#prior",
        "#priors",
        "#influence",
    ]
    assert "Exact: quote these" in text(summary.title(report))
    told = text(summary.sampler(report))
    assert told.startswith("Would a sampler have got it right? centered no, right in 0 of 6 fits.")
    assert "One seed" not in told
    good = text(summary.sampler(study("one of each")))
    assert "centered yes, right in 1 of 1 fit. One seed says little." in good
    half = study(samplers={"centered": GOOD, "marginal": SHORT})
    half.sampling["models"]["centered"]["verdicts"] = {"right": 4, "wrong": 2}
    told = text(summary.sampler(half))
    assert "centered in part, right in 4 of 6 fits; marginal no, right in 0 of 6 fits." in told


def test_a_conflict_stands_before_any_word_of_trust(study):
    report = study("prior in other units")
    mark, *further = soup(summary.title(report)).select("a.badge")
    assert [each["href"] for each in further] == ["#priors", "#influence"]
    assert mark["class"] == ["badge", "fail"]
    assert mark["href"] == "#prior"
    assert mark.get_text().startswith("Prior and data conflict: the prior expects μ within 9.80")
    told = text(summary.title(report))
    assert "quote these" not in told
    assert "agree" not in told


def test_every_mark_of_the_first_screen_opens_a_section(study):
    anchors = {anchor(section) for section in SECTIONS}
    for name in ("default", "prior in other units", "no means"):
        html = summary.title(study(name)) + summary.sampler(study(name))
        assert {link["href"][1:] for link in soup(html)("a")} <= anchors


@pytest.mark.parametrize("name", SOME)
def test_first_screen_needs_no_word_of_the_trade(study, name):
    told = text(summary.title(study(name)) + summary.sampler(study(name)))
    assert not re.search(r"target_accept|gradient|funnel|pooling", told)


# -- sections -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOME)
def test_every_section_opens_with_a_finding_in_whole_sentences(study, name):
    report = study(name)
    for chapter in CHAPTERS:
        for section in chapter.sections:
            told = text(section.finding(report))
            if not told:
                assert section in (calibration, lecture, likelihood)
                assert opening(report, section) == ""
                continue
            assert told.endswith(".")
            assert not told[:1].islower() or told.startswith(("μ", "τ"))
            assert "  " not in told
            assert soup(opening(report, section)).h2["id"] == anchor(section)


def test_sections_of_a_page_have_anchors_of_their_own():
    anchors = [anchor(section) for section in SECTIONS]
    assert len(anchors) == len(set(anchors))


def test_a_finding_of_means_counts_those_within_two_errors(study):
    report = study(samplers={"centered": MISSED})
    rows = report.last.iloc[0]
    z = report.estimates[
        (report.estimates["target_accept"] == report.best["target_accept"])
        & (report.estimates["draws"] == 1000)
        & (report.estimates["seed"] == rows["seed"])
    ]["z"].abs()
    told = numbers.finding(report)
    assert f"Of {len(z)} means of one fit of the centered model" in told
    assert f" {(z <= 2).sum()} lie within two of their" in told


# -- methods ------------------------------------------------------------------------------------


def test_methods_are_told_from_the_settings_of_the_study(study):
    report = study(accepts=(0.8, 0.95), seeds=(1, 2, 3), draws=(500, 1000))
    html = soup(methods.paragraph(report))
    told = " ".join(html.p.get_text().split())
    for said in (
        "4 groups were analysed.",
        "μ ~ Normal(mu=0, sigma=5) and τ ~ HalfCauchy(beta=5).",
        "with a known standard error",
        "pymc 6".replace("pymc", "PyMC"),
        "in the centered and noncentered parametrizations, with 3 seeds, target acceptance 0.8 "
        "and 0.95 and 4 chains of 1,000 draws",
        "with no conflict found.",
    ):
        assert said in told
    conflict = text(methods.paragraph(study("prior in other units")))
    assert "with a conflict found." in conflict
    assert "in its noncentered parametrization, " in conflict
    flat = text(methods.paragraph(study("no means")))
    assert "The priors were flat for μ and flat for τ." in flat


def test_every_reference_is_cited_and_every_citation_has_one(study):
    html = soup(methods.paragraph(study()))
    cited = set(re.findall(r"[A-ZÖ][\w-]+(?: et al\.| and \w+)? \d{4}", html.p.get_text()))
    listed = [item.get_text() for item in html("li")]
    assert len(listed) == len(cited)
    for citation in cited:
        assert methods.REFERENCES[citation] in listed


def verdict_words(report):
    """What the section of verdicts opens with, and goes on with."""
    return text(f"{sampling.finding(report)} {sampling.trust(report)}")


# -- which fit to trust -------------------------------------------------------------------------


def test_a_trusted_setting_comes_with_how_sure_and_what_it_costs(study):
    told = verdict_words(study(samplers={"centered": BAD, "noncentered": GOOD}))
    assert "Use the noncentered model at target_accept 0.8: all 3 fits were right at 1,000" in told
    # three of three: Clopper and Pearson's lower end is 0.025 ** (1 / 3)
    assert f"between {0.025 ** (1 / 3):.0%}".replace("%", " %") in told
    # 4,000 effective draws in 20,001 to 20,003 gradients; then twice as many
    assert "It gives 200 (200 to 200) effective draws per 1,000 gradient" in told
    assert "the most of the settings to trust; next is noncentered at 0.95 with 100" in told
    assert "No setting" not in told


def test_study_of_one_setting_does_not_compare(study):
    told = verdict_words(study("one of each"))
    assert "the one fit was right at 500 draws" in told
    assert (
        "1 seed can say so much: with 500 draws between 2.5 % and 100 % of all seeds are right"
        in told
    )
    assert "next is" not in told
    assert "told apart" not in told


def test_draws_are_asked_for_where_only_draws_lack(study):
    report = study(samplers={"centered": SHORT})
    told = verdict_words(report)
    assert "No setting was right in all its fits" in told
    assert "was seen to err more than its Monte Carlo error admits." in told
    assert "has too few draws" in told
    # 300 effective of 4,000; 11 * 5 criteria less... each as often as it takes: by the table
    needed = report.last["draws_needed"].max()
    assert f"accurate with about {significant(2)(needed)} draws a chain" in told


def test_nothing_is_recommended_where_nothing_is_right(study):
    told = verdict_words(study(samplers={"centered": BAD}))
    assert "No setting was right in all its fits" in told
    assert "0 of 3" in told
    assert "Use the" not in told


@pytest.mark.parametrize(
    ("sampler", "said", "unsaid"),
    [
        (BAD, "Of 6 wrong fits the ordinary checks caught 6.", "missed"),
        (
            BAD,
            "R-hat in 6 fits, bulk ESS in 6 fits, tail ESS in 6 fits, divergences in 6",
            "E-BFMI",
        ),
        (MISSED, "Of 6 wrong fits the ordinary checks caught none and missed 6", "right fit"),
        (FALSE_ALARMS, "Of 6 right fits 3 had an alarm all the same.", "wrong"),
        (GOOD, "Of 6 right fits none had an alarm.", "wrong"),
        (SHORT, "Of 6 fits with too few draws 6 had an alarm.", "wrong"),
    ],
)
def test_alarms_are_held_against_the_exact_answer(study, sampler, said, unsaid):
    report = study(samplers={"centered": sampler})
    told = text(sampling.alarms_words(report))
    assert said in told
    assert unsaid not in told
    cells = [int(cell.get_text()) for cell in soup(sampling.alarms_table(report)).tbody("td")[1:]]
    assert sum(cells) == 6


def test_alarms_table_has_a_column_for_each_pair(study):
    report = study(samplers={"a": BAD, "b": MISSED, "c": SHORT, "d": FALSE_ALARMS, "e": GOOD})
    rows = soup(sampling.alarms_table(report)).tbody("tr")
    rows = [[cell.get_text() for cell in row("td")] for row in rows]
    assert rows == [
        ["a", "6", "0", "0", "0", "0", "0"],
        ["b", "0", "6", "0", "0", "0", "0"],
        ["c", "0", "0", "6", "0", "0", "0"],
        ["d", "0", "0", "0", "0", "3", "3"],
        ["e", "0", "0", "0", "0", "0", "6"],
    ]


def test_medians_stand_in_for_means_that_do_not_exist(study):
    report = study("no means")
    assert math.isnan(report.value("mu"))
    assert "true values: median and 95 % interval" in text(summary.title(report))
    assert "posterior means between" in groups_section.finding(report)  # those of theta exist
    report.exact.loc[report.exact.index.str.startswith("theta["), "mean"] = math.nan
    assert "posterior medians between" in groups_section.finding(report)
    assert "true values: mean and 95 % interval" in text(summary.title(study()))


def test_it_says_what_cannot_be_graded(study):
    told = verdict_words(study("no means"))
    assert "Of μ and τ neither mean nor standard deviation can be graded" in told
    assert "quantiles are." in told
    assert "quantiles are." not in verdict_words(study())


def test_verdict_table_marks_missed_grades_only(study):
    report = study()
    rows = soup(sampling.settings_table(report)).tbody("tr")
    last = rows[-1]
    assert last.find(class_="fail") is None
    assert last.find(class_="pass").get_text() == "3 of 3"
    first = rows[0]
    worst = report.lowest("centered")
    badges = first(class_="fail")
    assert badges[0].get_text() == "0 of 3"
    assert [float(badge.parent["data-value"]) for badge in badges[1:]] == [
        worst["error_mean_max"].max(),
        worst["error_quantile_max"].max(),
        worst["p_honest_min"].min(),
    ]
    heads = [cell.get_text() for cell in soup(sampling.settings_table(report)).thead("th")]
    assert heads[2:9] == [
        "right",
        "wrong",
        "alarm",
        "ESS per 1,000 gradients",
        "error of means ≤\xa00.10",
        "error of sds ≤\xa015\xa0%",
        "error of quantiles ≤\xa04\xa0%",
    ]
    assert heads[9] == "honest p ≥\xa00.0010"
    assert first("td")[3].get_text() == "3"
    # by setting: 150 effective draws in 20,001 to 20,003 gradients
    assert [cell.get_text() for cell in first("td")[4:6]] == ["3", "7.50 7.50 to 7.50"]
    assert [cell.get_text() for cell in last("td")[4:6]] == ["0", "99.99 99.98 to 100.00"]


def test_the_notebook_shows_the_sections_in_their_order():
    # else write it anew, as page.py says
    assert json.loads(NOTEBOOK.read_text(encoding="utf-8")) == json.loads(
        nbformat.writes(notebook())
    )


def test_models_outside_the_study_are_not_mentioned(study):
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    static = [c for c in notebook["cells"] if c["cell_type"] == "markdown"]
    # but where models are weighed against one another
    told = text(everything(study(samplers={"noncentered": GOOD}), without=parametrization))
    told += " ".join("".join(cell["source"]) for cell in static)
    assert not re.search(r"\b(centered|marginal)\b", told, flags=re.IGNORECASE)
    assert "They describe the same posterior" not in told


def test_every_family_is_told_in_words():
    assert set(model.LIKELIHOODS) == set(methods.LIKELIHOODS) == set(FAMILIES)


# -- which parametrization ----------------------------------------------------------------------


def which(report):
    told = "".join(part(report) for part in parametrization.CONTENT)
    return text(opening(report, parametrization) + told)


def test_parametrization_is_chosen_from_the_exact_posterior(study):
    """PLAIN has standard errors of about 5 and a tau below: noncentered in every group."""
    report = study()
    shares = report.verdict["parametrization"]["shares"]
    q = float(report.exact.loc["tau", "q25"])
    own = q**2 / (q**2 + report.groups.std_error**2)
    assert shares["least"] == pytest.approx(own.min(), abs=0.0051)
    assert shares["mean"] == pytest.approx(own.mean(), abs=0.0051)
    assert shares["most"] == pytest.approx(own.max(), abs=0.0051)
    assert own.max() < 0.5
    told = which(report)
    assert f"{percent(shares['least'])} to {percent(shares['most'])}".replace("\xa0", " ") in told
    assert "at most half in every group: noncentered" in told
    assert "Sample the marginal model" in told


def test_groups_that_differ_in_precision_have_no_common_answer(study):
    groups = Estimates(
        ("a", "b", "c", "d"), np.array([0.0, 9, -9, 4]), np.array([0.1, 0.1, 0.1, 90])
    )
    told = which(study(groups=groups))
    assert "more than half in 3 of 4 groups: no one answer suits all" in told
    assert "Of the two, centered, as the most precise groups want it." in told
    precise = Estimates(groups.names, groups.estimate, np.full(4, 0.1))
    assert "more than half in every group: centered." in which(study(groups=precise))


def test_fits_bear_out_or_contradict_what_was_chosen(study):
    ours = "made up: noncentered is chosen"
    both = dict.fromkeys(("centered", "noncentered"), GOOD)
    # equal efficiency
    assert "do not tell the two apart" in which(study(samplers=both)), ours
    # all of one right and none of the other: Fisher's p is 0.1 for three seeds, 0.008 for five
    bad = {"centered": BAD, "noncentered": GOOD}
    assert "do not tell the two apart: at target_accept 0.8 0 of 3 centered" in which(
        study(samplers=bad)
    )
    five = {"seeds": (1, 2, 3, 4, 5)}
    assert (
        "agree, noncentered: at target_accept 0.8 0 of 5 centered fits were right and 5 of 5"
        in (which(study(samplers=bad, **five)))
    )
    assert "say otherwise, centered: at target_accept 0.8 5 of 5 centered" in which(
        study(samplers={"centered": GOOD, "noncentered": BAD}, **five)
    )
    # both right, one with fewer effective draws
    slow = {"centered": replace(GOOD, ess=3600.0), "noncentered": GOOD}
    assert "agree, noncentered" in which(study(samplers=slow, **five))
    one = which(study(samplers={"noncentered": GOOD}))
    assert "do not tell" not in one
    assert "agree" not in one


def test_a_model_that_outdoes_the_recommended_one_is_told(study):
    five = {"seeds": (1, 2, 3, 4, 5)}
    slow, fast = replace(GOOD, ess=3600.0), GOOD
    told = which(study(samplers={"marginal": slow, "partial": fast, "centered": slow}, **five))
    assert f"partial had {fast.ess / 3600:.2g} times as many effective draws a gradient" in told
    assert "as marginal (Welch's t, 5 %, corrected for 2 models)" in told
    assert "A gradient of marginal is of two numbers, one of partial of 6." in told
    for samplers in (
        {"marginal": fast, "partial": slow},
        {"marginal": slow, "partial": slow},
        {"marginal": slow, "partial": BAD},  # efficient or not, it is not right
        {"partial": fast, "centered": slow},
    ):
        assert "times as many effective draws" not in which(study(samplers=samplers, **five))


def test_table_of_parametrizations_is_of_the_middle_target_accept(study):
    report = study(accepts=(0.8, 0.95, 0.99))
    rows = report.last[report.last["target_accept"] == 0.95]
    found = soup(parametrization.measured_table(report))
    for row, name in zip(found.select("tbody tr"), report.models, strict=True):
        mine = rows[rows["model"] == name]
        cells = [cell.get("data-value") for cell in row.find_all("td")]
        assert float(cells[1]) == pytest.approx(mine["ess_per_1000_gradients"].mean())
        assert int(cells[2]) == (mine["verdict"] == "right").sum()
        assert int(cells[3]) == (mine["alarms"] != "").sum()


def test_model_to_copy_has_the_data_prior_and_settings_of_the_study(study):
    report = study(groups=hostile_groups(HOSTILE[:3]), accepts=(0.8, 0.95, 0.99))
    shown = [code.get_text() for code in soup(parametrization.model_to_copy(report)).select("code")]
    assert shown == [
        pymc_code(
            name,
            report.data,
            report.prior,
            FAMILIES[report.family],
            draws=1000,
            target_accept=0.95,
        )
        for name in ("marginal", "partial")
    ]
    assert "<script>" not in parametrization.model_to_copy(report)


def test_weights_by_hand_are_told_as_such():
    table = pd.DataFrame({"group": ["a", "b"], "weight": [0.1, 0.9]})
    told = which_parametrization(table, FAMILIES["normal"], [0.5])
    assert told["by_hand"]
    assert told["weights"] == {"a": 0.5, "b": 0.5}
    each = which_parametrization(table, FAMILIES["normal"], [0.2, 0.3])
    assert each["weights"] == {"a": 0.2, "b": 0.3}
    # what the exact posterior chooses does not depend on the hand
    assert told["shares"] == {"least": 0.1, "mean": 0.5, "most": 0.9}
    assert told["centered_or_noncentered"] == "centered"
    assert told["centered_groups"] == 1
    assert told["recommended"] == "marginal"
    counts = SimpleNamespace(integrates_theta=False)
    chosen = which_parametrization(table, counts, [])
    assert chosen["recommended"] == "partial"
    assert not chosen["by_hand"]
    assert chosen["weights"] == {"a": 0.1, "b": 0.9}


def test_weights_by_hand_are_told_copied_and_not_taken_for_chosen_ones(study):
    report = study(samplers={"centered": GOOD, "partial": GOOD}, accepts=(0.95,))
    told = report.verdict["parametrization"]
    other = Results(report.folder)
    by_hand = dict.fromkeys(told["weights"], 0.25)
    verdict = {
        **report.verdict,
        "parametrization": {**told, "by_hand": True, "weights": by_hand},
    }
    vars(other)["verdict"] = verdict  # in place of what is read once
    assert "as the configuration gives them" in text(parametrization.weights_table(other))
    assert "with τ at its lower quartile" in text(parametrization.weights_table(report))
    assert "as its weight" in text(sampling.models_words(other))
    assert "as its weight" not in text(sampling.models_words(report))
    code = soup(parametrization.model_to_copy(other)).select("code")[1].get_text()
    assert code == pymc_code(
        "partial",
        report.data,
        report.prior,
        FAMILIES[report.family],
        np.full(len(by_hand), 0.25),
        draws=1000,
        target_accept=0.95,
    )


def test_weights_that_were_used_are_shown(study):
    report = study()
    found = soup(parametrization.weights_table(report)).select("tbody tr")
    shown = [row.find_all("td")[2]["data-value"] for row in found]
    assert [float(w) for w in shown] == list(report.verdict["parametrization"]["weights"].values())


# -- funnel and divergences ---------------------------------------------------------------------


def neck_rows(shares, ess=1000.0):
    rows = [{"neck_5": s, "ess_neck_5": ess, "target_accept": 0.8} for s in shares]
    return pd.DataFrame(rows)


def test_neck_is_judged_by_the_effective_draws_of_all_fits():
    interval, chance = neck_shares(neck_rows([0.05, 0.07]), ["5"])["5"]
    exact = stats.binomtest(120, 2000, 0.05)
    bounds = exact.proportion_ci(method="exact")
    np.testing.assert_allclose(interval, [0.06, bounds.low, bounds.high])
    np.testing.assert_allclose(chance, 2 * stats.binom.sf(119, 2000, 0.05))
    # 20 effective draws in one fit, which was stuck, and 1,980 in the other
    rows = neck_rows([0.5, 0.05]).assign(ess_neck_5=[20.0, 1980.0])
    interval, _ = neck_shares(rows, ["5"])["5"]
    np.testing.assert_allclose(interval, share_interval(10 + 99, 2000), rtol=1e-9)


def test_a_neck_never_seen_is_no_agreement():
    _, chance = neck_shares(neck_rows([0.0]), ["5"])["5"]
    np.testing.assert_allclose(chance, 2 * 0.95**1000)
    _, chance = neck_shares(neck_rows([0.0], ess=20), ["5"])["5"]
    assert chance > 0.5  # too few draws to miss it


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0502, "It stays at small τ too long"), (0.0498, "It comes to small τ too seldom")],
)
def test_a_share_is_held_against_exactly_its_percentage(share, said):
    assert said in neck_words(neck_rows([share], ess=1e8), ["5"])


def test_words_about_the_neck_count_fits_and_tests():
    assert "(in one fit; 95 % intervals)" in neck_words(neck_rows([0.05]), ["5"])
    both = neck_rows([0.05, 0.06]).assign(neck_1=0.01, ess_neck_1=100.0)
    told = neck_words(both, ["1", "5"])
    assert "(over 2 fits; 95 % intervals)" in told
    assert "(2 tests, together wrong once in 1,000)" in told


@pytest.mark.parametrize(
    ("neck", "said"),
    [
        (0.0, "It comes to small τ too seldom"),
        (3.0, "It stays at small τ too long"),
        (1.0, "No share is further from the exact one than chance may take it"),
        (1.03, "No share is further from the exact one than chance may take it"),
    ],
)
def test_words_about_the_neck_follow_its_numbers(study, neck, said):
    told = text(funnel.funnel(study(samplers={"centered": Sampler(neck=neck)})))
    judgements = ("too seldom", "τ too long", "than chance")
    assert said in told
    assert sum(words in told for words in judgements) == 1


def test_a_funnel_is_told_of_data_that_have_one(study, eight_schools):
    told = text(funnel.finding(study(groups=eight_schools)))
    # tau from 0.36 to 11 by the exact posterior: sigma = 11 beside it
    low, high = study(groups=eight_schools).value("tau", "q5"), 0.0
    high = study(groups=eight_schools).value("tau", "q95")
    spread = [[(1 / s**2 + 1 / t**2) ** -0.5 for s in eight_schools.std_error] for t in (low, high)]
    factor = np.median(np.divide(spread[1], spread[0]))
    assert f"changes by a factor of {significant(2)(factor)}" in told
    assert "in the plane of θ and log τ a funnel" in told
    assert "reports a divergence" in text(funnel.funnel(study(groups=eight_schools)))
    far = text(funnel.finding(study("groups that differ")))
    assert "no funnel to speak of" in far
    assert "reports a divergence" not in text(funnel.funnel(study("groups that differ")))


def model_verdict(rates, shares=(0.25,) * 4, p=0.5, total=100, change=None, error=(0.0, -0.1, 0.1)):
    names = ("value", "low", "high")
    return {
        "divergences": {
            "target_accept": 0.8,
            "total": total,
            "by_quarter": None if shares is None else list(shares),
            "p_value": p,
            "rate_by_target_accept": rates,
            "rate_change": None if change is None else dict(zip(names, change, strict=True)),
        },
        "log_tau_error": dict(zip(names, error, strict=True)),
    }


BOTH = {"0.8": 0.01, "0.95": 0.0}
FEWER = (-0.01, -0.012, -0.008)
NECK = (0.35, 0.05, 0.07, 0.53)


@pytest.mark.parametrize(
    ("verdict", "said", "unsaid"),
    [
        (model_verdict({"0.8": 0.0}), ["no divergences at target_accept 0.8."], ["any"]),
        (model_verdict({"0.8": 0.0, "0.9": 0.0}), ["at any target_accept."], ["quarter"]),
        (
            model_verdict(BOTH, NECK, 2e-13, change=FEWER),
            [
                "35 %, 5 %, 7 % and 53 % of them lie in the quarters of log τ",
                "(p < 0.0001): not like any draw, and most of them in the highest quarter.",
                "from 1 % at target_accept 0.8 to 0 % at 0.95",
                "interval of the change −1.2 % to −0.8 %): fewer.",
                "no bias is seen, and the interval leaves out any above 0.10.",
            ],
            ["chance may", "vanish"],
        ),
        (model_verdict(BOTH, p=0.2), ["(p = 0.20): chance may make them"], ["not like any"]),
        (model_verdict(BOTH, shares=None, p=None, total=4), ["too few to say"], ["quarters"]),
        (
            model_verdict(BOTH, change=(-0.01, -0.03, 0.01)),
            ["not tell from chance"],
            ["fewer", "more."],
        ),
        (model_verdict(BOTH, change=(0.01, 0.005, 0.02)), ["): more."], ["fewer"]),
        (model_verdict(BOTH, change=(-0.01, None, None)), ["with one seed"], ["fewer"]),
        (
            model_verdict(BOTH, error=(0.27, 0.21, 0.32)),
            ["off by +0.27 exact standard", "(95 % interval over seeds +0.21 to +0.32): a bias."],
            ["no bias"],
        ),
        (model_verdict(BOTH, error=(-0.1, -0.3, 0.1)), ["leaves out any above 0.30."], ["0.10."]),
        (model_verdict(BOTH, error=(None, None, None)), ["The rate"], ["off by"]),
        (model_verdict({"0.8": 0.01}), ["The rate is 1 %."], ["goes"]),
        (model_verdict({"0.8": 0.0, "0.9": 0.02}, total=0), ["0.8 there are none"], ["quarters"]),
    ],
)
def test_words_about_divergences_follow_their_numbers(verdict, said, unsaid):
    told = divergence_words(verdict).replace("\xa0", " ")
    for words in said:
        assert words in told
    for words in unsaid:
        assert words not in told


# -- accuracy, cost, classical estimates --------------------------------------------------------


def errors_of_log_tau(few, many):
    """Estimates of one seed a value, at 100 and at 400 draws."""
    return pd.DataFrame(
        [
            {"model": "m", "variable": "log_tau", "draws": n, "seed": seed, "bias": bias}
            for n, of_count in ((100, few), (400, many))
            for seed, bias in enumerate(of_count)
        ]
    )


def test_error_is_compared_with_what_draws_alone_would_give():
    table = errors_of_log_tau([0.3, 0.3, 0.3, 0.3, 0.3], [0.2, 0.21, 0.2, 0.19, 0.2])
    told = error_words(table, "m").replace("\xa0", " ")
    assert "from 100 to 400 draws" in told.lower()
    assert "from 0.30 to 0.20, a factor of 1.5 (95 % interval over seeds 1." in told
    assert "draws alone would give 2.0: a part of the error does not fall with draws." in told
    four = errors_of_log_tau([0.3] * 4, [0.2, 0.21, 0.2, 0.19])
    assert "does not fall" not in error_words(four, "m")  # too few seeds to show it
    around = errors_of_log_tau([0.3, -0.3, 0.3, -0.3, 0.3], [0.2, -0.21, 0.2, -0.19, 0.2])
    assert "does not fall" not in error_words(around, "m")  # no bias
    right = errors_of_log_tau([0.3, -0.1, 0.2, 0.4], [0.1, 0.2, -0.15, 0.1])
    assert error_words(right, "m").endswith("draws alone would give 2.0.")
    alone = error_words(errors_of_log_tau([0.3], [0.2]), "m")
    assert "interval" not in alone
    assert alone.endswith("a factor of 1.5; draws alone would give 2.0.")
    assert error_words(table[:5], "m") == ""
    assert error_words(table.assign(bias=math.nan), "m") == ""


def test_the_factor_of_errors_has_the_jackknifes_interval():
    few, many = np.array([0.3, -0.1, 0.2, 0.4]), np.array([0.1, 0.2, -0.15, 0.1])
    *_, factor = error_reduction(errors_of_log_tau(few, many), "m")
    rms = lambda x: math.sqrt(np.mean(np.square(x)))  # noqa: E731
    whole = math.log(rms(few) / rms(many))
    left_out = [math.log(rms(np.delete(few, i)) / rms(np.delete(many, i))) for i in range(4)]
    pseudo = 4 * whole - 3 * np.array(left_out)
    bounds = stats.ttest_1samp(pseudo, 0).confidence_interval(0.95)
    np.testing.assert_allclose(factor, [math.exp(whole), *np.exp(bounds)])


def test_accuracy_names_the_largest_errors_and_their_variables(study):
    report = study(samplers={"centered": MISSED})
    told = text(accuracy.accuracy_words(report))
    last = report.estimates[report.estimates["draws"] == 1000]
    worst = last.loc[last["error_mean"].idxmax()]
    symbol = {"mu": "μ", "tau": "τ", "log_tau": "log τ"}.get(
        worst["variable"], worst["variable"].replace("theta", "θ")
    )
    assert "At 1,000 draws a chain estimates are accurate: centered in 0 of 6 fits." in text(
        accuracy.finding(report)
    )
    assert f"error of means {significant(2)(worst['error_mean'])} exact sd ({symbol})" in told
    assert "honest" not in told


def test_what_a_target_accept_costs_is_told_with_its_error(study):
    rows = soup(cost.target_accept_table(study(samplers={"centered": GOOD}))).tbody("tr")
    assert [row("td")[1].get_text() for row in rows] == ["0.80", "0.95"]
    # step sizes 0.501 to 0.503 and 0.401 to 0.403 by seed: the standard error is 0.001 / sqrt(3)
    half = stats.t.ppf(0.975, 2) * 0.001 / math.sqrt(3)
    low, high = significant(2)(0.502 - half), significant(2)(0.502 + half)
    assert rows[0]("td")[2].get_text() == f"0.50 {low} to {high}"
    np.testing.assert_allclose(float(rows[0]("td")[2]["data-value"]), 0.502)
    assert rows[1]("td")[5].get_text().startswith("40,000 ")
    alone = soup(cost.target_accept_table(study("one of each"))).tbody("tr")
    assert alone[0]("td")[6].get_text() == "400"


def test_classical_words_know_whether_tau_is_zero(study):
    told = text(classical.classical_words(study()))
    assert "All 4 classical estimates of τ are exactly 0" in told
    differing = text(classical.classical_words(study("groups that differ")))
    assert "lie between" in differing
    assert "exactly 0" not in differing
    assert "2 degrees of freedom" in classical.finding(study("groups that differ"))
    assert "1 degree of freedom" in classical.finding(study("two groups"))


def test_lecture_is_told_only_of_its_own_data(study, eight_schools):
    assert lecture.compare(study()) == opening(study(), lecture) == ""
    assert "exact is 0.8021392." in lecture.finding(study(groups=eight_schools))
    told = text(lecture.compare(study(groups=eight_schools)))
    assert "0.8021392, exact" in told
    assert "off by −0.0364" in told
    alone = text(lecture.compare(study(groups=eight_schools, samplers={"centered": GOOD})))
    assert "8,571;" not in alone


def test_reproducing_command_checks_out_a_clean_commit_only(study):
    report = study()
    assert "git checkout abc" in text(origin.origin(report))
    report.provenance["git_dirty"] = "true"
    assert "git checkout" not in text(origin.origin(report))
    assert "abc with local changes" in text(origin.origin(report))


def test_origin_names_both_versions_of_what_was_kept(study):
    report = study()
    assert "kept" not in text(origin.origin(report))
    report.provenance["kept"] = '{"nutpie": {"0.17": "0.16.1", "0.18": "0.16.1"}}'
    said = text(origin.origin(report))
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
        _ = Results(tmp_path).verdict


def test_results_are_found_from_a_folder_below(monkeypatch, tmp_path):
    write_results(tmp_path / "results", PLAIN, {"centered": GOOD})
    below = tmp_path / "workflow/notebooks"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert Results.find("results").name == "made up"
    assert Results.find("nowhere").folder == Path("nowhere")


def test_index_shows_every_data_set_with_its_verdict(tmp_path):
    good = write_results(tmp_path / "good", PLAIN, {"centered": GOOD}, name="good_one")
    bad = write_results(tmp_path / "bad", PLAIN, {"centered": BAD}, name="bad_one")
    pairs = [(f"{path.name}/report.html", Results(path)) for path in (good, bad)]
    rows = BeautifulSoup(write_index(pairs, TEMPLATES), "html.parser").tbody("tr")
    assert [row.a["href"] for row in rows] == ["good/report.html", "bad/report.html"]
    assert [[mark["class"][1] for mark in row("strong")] for row in rows] == [
        ["pass", "pass"],
        ["pass", "fail"],
    ]
    assert [row("td")[8].get_text() for row in rows] == ["6 of 6", "0 of 6"]
    assert [row("td")[1].get_text() for row in rows] == ["quote", "quote"]
    assert [row("td")[2].get_text() for row in rows] == ["right centered, 0.8", "none right"]
    assert unescape(str(rows[0].a.string)) == "good one"
