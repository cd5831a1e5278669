"""The page of a collection: what it holds, what it says, and that names are only ever text."""

import json
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from synthetic_collection import BAD, MODELS, NAMES, write_collection

from partial_pooling.data.measures import MEASURES, null_of
from partial_pooling.figures.collection import mu_over_tables
from partial_pooling.figures.labels import on_measure
from partial_pooling.report import collection_rows
from partial_pooling.report.collection import Collection
from partial_pooling.report.collection_page import collection_page, selection, summary
from partial_pooling.report.collection_rows import page_data, shown
from partial_pooling.report.collection_words import priors
from partial_pooling.report.html import Html
from partial_pooling.report.index import write_index

COMMAND = ("uv run snakemake results/many_trials/", "/report.html --cores 4")


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collection") / "many_trials"
    return Collection(write_collection(folder, 60))


@pytest.fixture(scope="module")
def exact_only(tmp_path_factory):
    return Collection(write_collection(tmp_path_factory.mktemp("exact") / "x", 30, models=()))


@pytest.fixture(scope="module")
def html(collection, pytestconfig):
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    figures = {"mu_over_tables": Html("<figure></figure>")}
    return collection_page(collection, figures, {"t-00002"}, COMMAND, "log_risk_ratio", templates)


def test_page_holds_every_number_of_every_table(collection):
    data = json.loads(page_data(collection, {"t-00002"}, COMMAND))
    columns, tables = data["columns"], collection.tables
    assert columns["name"] == list(tables["table"])
    assert columns["path"] == list(tables["path"])
    assert columns["groups"] == list(tables["groups"])
    assert columns["status"] == [None if s == "ok" else BAD for s in tables["status"]]
    assert np.flatnonzero(columns["report"]).tolist() == [2]
    sd = tables["mu_sd"].to_numpy()
    for key, name in {"mu": "mu_mean", "mu_low": "mu_q2.5", "mu_high": "mu_q97.5"}.items():
        error = np.abs(np.array(columns[key], dtype=float) - tables[name])
        assert np.nanmax(error / sd) <= 0.05
        assert np.isnan(error).sum() == 6
    pairs = {"tau": "tau_q50", "tau_low": "tau_q2.5", "tau_high": "tau_q97.5", "i2": "i2"}
    for key, name in (
        pairs | {"positive": "p_mu_above_0", "typical_error": "typical_error"}
    ).items():
        np.testing.assert_allclose(np.array(columns[key], dtype=float), tables[name], rtol=6e-3)
    for model in MODELS:
        words = np.array(data["words"])
        assert list(words[data["verdicts"][model]]) == list(tables[f"{model}_verdict"])
        assert list(words[data["alarms"][model]]) == list(tables[f"{model}_alarms"])


def test_estimate_without_a_mean_is_its_median(exact_only):
    exact_only.tables["mu_q50"] = exact_only.tables["mu_mean"] + 1
    exact_only.tables.loc[0, "mu_mean"] = np.inf
    shown_mu = json.loads(page_data(exact_only, set(), COMMAND))["columns"]["mu"][0]
    assert shown_mu == pytest.approx(exact_only.tables.loc[0, "mu_q50"], abs=0.02)


def test_worst_fits_come_first(collection):
    order = collection.tables.assign(
        rank=collection.worst_first, error=collection.worst_error
    ).sort_values("rank")
    verdicts = order[[f"{model}_verdict" for model in MODELS]]
    grade = np.select(
        [(verdicts == word).any(axis=1) for word in ("wrong", "too few draws", "right")],
        [0, 1, 2],
        3,
    )
    assert (np.diff(grade) >= 0).all()
    assert set(grade) == {0, 1, 2, 3}
    for each in (0, 1, 2):
        assert (np.diff(order["error"][grade == each]) <= 0).all()


def test_large_collection_shows_its_worst_fits_and_says_so(
    collection, exact_only, monkeypatch, pytestconfig
):
    assert selection(collection) == ""
    monkeypatch.setattr(collection_rows, "MOST_TABLES", 7)
    rows = shown(collection)
    assert set(rows.index) == set(collection.worst_first.nsmallest(7).index)
    assert rows.index.is_monotonic_increasing
    ranks = json.loads(page_data(collection, set(), COMMAND))["columns"]["worst"]
    assert sorted(ranks) == list(range(7))
    assert selection(collection).startswith(
        "The page has 7 of 60 tables, those with the worst fits; tables.parquet"
    )
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    page = BeautifulSoup(
        collection_page(collection, {}, set(), COMMAND, None, templates), "html.parser"
    )
    assert page.select_one(".summary p:last-child").text == selection(collection)  # above the rows
    assert list(shown(exact_only).index) == list(range(7))
    assert "the first of the file" in selection(exact_only)


def test_hostile_names_are_data(html):
    page = BeautifulSoup(html, "html.parser")
    assert len(page("script")) == 3
    data = json.loads(page.find("script", type="application/json").string)
    assert data["columns"]["name"][: len(NAMES)] == list(NAMES)
    assert "<" not in page.find("script", type="application/json").string
    policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'")
    assert not re.search(r'(?:src|href)="(?!data:|#)', html.partition('id="data"')[0])


def test_summary_counts(collection):
    text = BeautifulSoup(summary(collection), "html.parser").get_text("\n").replace("\xa0", " ")
    usable = collection.tables[collection.tables["status"] == "ok"]
    assert "54 of the 60 tables could be used" in text
    without = sum(low > 0 or high < 0 for low, high in usable[["mu_q2.5", "mu_q97.5"]].to_numpy())
    assert f"without 0 in {100 * without / 54:.0f} % of them" in text
    verdict, alarms = usable["centered_verdict"], usable["centered_alarms"]
    wrong, caught = (verdict == "wrong").sum(), ((verdict == "wrong") & (alarms != "")).sum()
    right, false = (verdict == "right").sum(), ((verdict == "right") & (alarms != "")).sum()
    few = (verdict == "too few draws").sum()
    assert 0 < caught < wrong and 0 < few == 54 - right - wrong
    assert f": {right} of the 54 fits right, {few} with too few draws, {wrong} wrong, " in text
    assert f" {wrong} wrong, of which alarms caught {caught}" in text
    assert f"{false} false alarm" in text


def test_what_is_no_comparison_has_no_value_of_no_effect(collection, pytestconfig):
    assert "without" not in summary(collection, null_of("log_rate"))
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    for measure, asked in (("log_odds_ratio", ["interval of μ without 0"]), ("log_rate", [])):
        page = collection_page(collection, {}, set(), COMMAND, measure, templates)
        options = BeautifulSoup(page, "html.parser").select('option[value="apart"]')
        assert [option.text for option in options] == asked
    shown = collection.tables.assign(
        **{
            name: collection.tables[name] - 100
            for name in ("mu_mean", "mu_q2.5", "mu_q50", "mu_q97.5")
        }
    )
    far = Collection(collection.folder)
    vars(far)["tables"] = shown
    data = [json.loads(page_data(far, set(), COMMAND, null_of(m))) for m in (None, "log_rate")]
    assert [of["null"] for of in data] == [0, None]
    assert data[0]["scale"][1] == 0
    assert data[1]["scale"][1] < -50
    colours = []
    for name in ("log_odds_ratio", "log_rate"):
        with on_measure(MEASURES[name]):
            grey, black = mu_over_tables(collection.usable).axes[0].collections[:2]
        colours.append((len(grey.get_segments()) > 0, len(black.get_segments()) > 0))
    assert colours == [(True, True), (False, True)]


def test_failed_fits_are_told_and_not_judged(tmp_path):
    collection = Collection(write_collection(tmp_path / "x", 40))
    collection.fits.loc[collection.fits["table"] == NAMES[0], ["verdict", "alarms"]] = (
        "failed",
        "",
    )
    assert str(summary(collection)).count("; 1 could not be sampled") == 2


def test_priors_are_lines_to_paste():
    found = {
        "prior": {"dist": "HalfStudentT", "nu": 100.0, "sigma": 0.312},
        "line": "tau: {dist: HalfStudentT, nu: 100, sigma: 0.312}",
        "interval": {"sigma": [0.3, 0.5], "nu": [2.0, None]},
        "at_boundary": ["nu"],
    }
    page = BeautifulSoup(priors({"half_student": found}), "html.parser")
    assert page.find("pre").get_text() == found["line"]
    text = page.get_text().replace("\xa0", " ")
    assert "sigma 0.30 to 0.50 and nu 2.0 to any" in text
    assert "No tail heavier than a half-normal's is seen" in text
    log_normal = {
        "prior": {"dist": "LogNormal", "mu": -1.0, "sigma": 0.1},
        "line": "",
        "interval": {},
        "at_boundary": ["mu", "sigma"],
    }
    told = priors({"log_normal": log_normal})
    assert "The estimate of mu lies at the end of what was looked at." in told
    assert "One τ for all tables fits as well." in told
    assert "Fewer than 3 tables" in priors({})


def test_exact_only_collections_have_a_page_without_verdicts(exact_only, pytestconfig):
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    page = collection_page(exact_only, {}, set(), COMMAND, None, templates)
    assert "worst fits first</option>" not in page
    assert "Verdicts" not in page
    assert list(exact_only.worst_first) == list(range(30))


def test_page_says_in_which_units_mu_is(html):
    assert "in log risk ratio" in html


def test_collection_of_no_usable_table_has_a_summary(tmp_path):
    empty = Collection(write_collection(tmp_path / "x", 4, bad=1))
    assert "None of the 4 tables could be used; the others say why" in summary(empty)


def test_index_has_a_row_for_a_collection(collection, exact_only, pytestconfig):
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    pairs = [("many_trials/index.html", collection), ("x/index.html", exact_only)]
    page = BeautifulSoup(write_index([], templates, pairs), "html.parser")
    first, second = page.tbody("tr")
    assert first.a["href"] == "many_trials/index.html"
    cells = [cell.get_text(" ", strip=True).replace("\xa0", " ") for cell in first("td")]
    usable = collection.usable
    wrong = [(usable[f"{model}_verdict"] == "wrong").sum() for model in MODELS]
    assert cells[1:3] == ["60", "6"]
    assert cells[3].startswith(f"{usable['tau_q50'].median():.2g} (")
    assert cells[4] == f"{wrong[0]} of 54 centered {wrong[1]} of 54 noncentered"
    assert second("td")[4].get_text() == "exact only"


def test_long_index_can_be_searched(collection, pytestconfig):
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    table = 'data-name="collections" data-stacks'
    long = write_index([], templates, [("a", collection)] * 30)
    assert f"{table} data-searchable data-hint=name data-long>" in long
    assert f"{table}>" in write_index([], templates, [("a", collection)] * 3)
