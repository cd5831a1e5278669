"""A tiny study end to end: the files it makes, and what a change makes anew."""

import copy
import json
import re
import shutil
import zipfile
from contextlib import contextmanager

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from workflow_project import ROOT, TINY, copy_project

from partial_pooling import load_fit
from partial_pooling.files import sha256_of, write_json
from partial_pooling.study.certificate import certify, compare

pytestmark = pytest.mark.slow

PLOTS_AND_AFTER = {"plot_fits", "plot_study", "plot_groups", "render_report", "write_index"}


@contextmanager
def edited(path, change):
    """Change a text file; put it back afterwards, with its time."""
    before = path.read_text()
    path.write_text(change(before))
    try:
        yield
    finally:
        path.write_text(before)


def rules(counts):
    return set(counts) - {"total", "all", "report"}


def test_second_run_has_nothing_to_do(finished):
    process = finished.snakemake("--cores", "4")
    assert "Nothing to be done" in process.stdout + process.stderr


def test_tables_have_their_columns_and_a_row_a_cell(finished):
    folder = finished.results / "schools"
    assert (folder / "data.csv").read_text().startswith("group,estimate,std_error\nA,28.0,15.0\n")
    exact = pd.read_csv(folder / "exact.csv")
    assert list(exact) == "variable mean sd q2.5 q5 q25 q50 q75 q95 q97.5".split()
    variables = ["mu", "tau", "log_tau", *(f"theta[{g}]" for g in "ABCDEFGH")]
    assert list(exact["variable"]) == [*variables, "theta_new"]
    estimates = pd.read_csv(folder / "estimates.csv")
    assert list(estimates)[:18] == (
        "model target_accept seed draws variable mean sd mcse_mean ess_bulk ess_tail r_hat "
        "exact_mean bias z error_mean error_sd error_quantile honest".split()
    )
    fits = pd.read_csv(folder / "fits.csv")
    assert list(fits)[:14] == (
        "model target_accept seed draws divergences divergence_rate ebfmi_min max_treedepth_hits "
        "step_size gradients verdict accurate honest alarms".split()
    )
    cells = 2 * 2 * 2 * 2
    assert len(fits) == cells
    assert len(estimates) == cells * len(variables)
    assert not estimates.duplicated(["model", "target_accept", "seed", "draws", "variable"]).any()
    verdict = json.loads((folder / "verdict.json").read_text())
    assert {(s["model"], s["target_accept"]) for s in verdict["sampling"]["settings"]} == {
        (m, a) for m in ("centered", "noncentered") for a in (0.8, 0.95)
    }


def test_estimates_are_those_of_the_stored_draws(finished):
    estimates = pd.read_csv(finished.results / "schools" / "estimates.csv")
    cell = estimates.query("model == 'noncentered' and target_accept == 0.95 and seed == 2")
    for draws in (50, 100):
        fit = load_fit(
            finished.results, "schools", "noncentered", seed=2, target_accept=0.95, draws=draws
        )
        rows = cell[cell["draws"] == draws].set_index("variable")["mean"]
        np.testing.assert_allclose(rows["log_tau"], np.log(fit["posterior"]["tau"]).mean())
        theta = fit["posterior"]["theta"].sel(group="C")
        np.testing.assert_allclose(rows["theta[C]"], theta.mean())


def test_every_netcdf_and_the_report_say_where_they_come_from(finished):
    folder = finished.results / "schools"
    for path in (folder / "exact.nc", *finished.results.glob("fits/*.nc")):
        with xr.open_dataset(path) as file:
            settings = json.loads(file.attrs["settings"])
            assert set(json.loads(file.attrs["versions"])) >= {"pymc", "nutpie", "arviz", "numpy"}
            assert re.fullmatch("[0-9a-f]{64}", file.attrs["data_sha256"])
        assert settings["prior"]["tau"] == {"dist": "HalfCauchy", "beta": 5.0}
    html = (folder / "report.html").read_text()
    assert len(html.encode()) < 2_500_000
    assert json.loads((folder / "provenance.json").read_text())["data_sha256"] in html
    assert "snakemake --cores 4" in html


def test_no_result_holds_a_path_of_this_machine(finished):
    for path in finished.results.rglob("*"):
        if path.suffix in {".csv", ".json", ".html", ".ipynb", ".svg", ".nc", ".png"}:
            content = path.read_bytes()
            assert str(finished.folder).encode() not in content, path
            assert str(ROOT).encode() not in content, path


def test_no_temporary_files_are_left(finished):
    hidden = {path.name for path in finished.results.rglob(".*")}
    assert {name for name in hidden if not name.endswith(".sha256")} == set()
    assert not any(re.search(r"\.\d+\.", name) for name in hidden)  # process ids


def test_log_counts_fits_done_of_fits_to_do(finished):
    log = finished.results / "schools/logs/sample_posterior/centered/batch-000.log"
    assert "fit 4 of 4 done: seed 2, target_accept 0.95" in log.read_text()


def test_index_links_the_report(finished):
    assert 'href="schools/report.html"' in (finished.results / "index.html").read_text()


@pytest.mark.parametrize(
    ("module", "again"),
    [
        ("style", PLOTS_AND_AFTER),
        ("forest", {"plot_groups", "render_report", "write_index"}),
        ("traces", {"plot_fits", "render_report", "write_index"}),
        ("registry", {"render_report", "write_index"}),
    ],
)
def test_editing_figures_redraws_them_and_never_samples(finished, module, again):
    path = finished.folder / f"workflow/partial_pooling/figures/{module}.py"
    with edited(path, lambda text: text + "\nEDITED = 1\n"):
        assert rules(finished.planned()) == again


def test_editing_the_notebook_renders_and_nothing_else(finished):
    notebook = finished.folder / "workflow/notebooks/report.ipynb"
    with edited(notebook, lambda text: text.replace("The answer", "An answer")):
        assert rules(finished.planned("report")) == {"render_report", "write_index"}


def test_editing_models_samples_again(finished):
    models = finished.folder / "workflow/partial_pooling/models/parametrizations.py"
    with edited(models, lambda text: text + "\nEDITED = 1\n"):
        assert finished.planned()["sample_posterior"] == 2


def test_adding_a_seed_samples_only_what_is_new(finished):
    study = copy.deepcopy(TINY)
    study["sampling"]["seeds"] = [1, 2, 3]
    finished.write_study(study, "more.yaml")
    planned = finished.planned(study="more.yaml")
    assert planned["sample_posterior"] == planned["diagnose_fits"] == 2  # one new batch a model
    process = finished.snakemake("--dry-run", "--quiet", "progress", study="more.yaml")
    made = re.findall(r"output: \S+/batch-(\d+)", process.stdout + process.stderr)
    assert set(made) == {"001"}


def test_a_renamed_study_samples_nothing(finished):
    study = copy.deepcopy(TINY)
    study["datasets"] = {"renamed": study["datasets"]["schools"]}
    study["sampling"]["fits_per_batch"] = 1
    finished.write_study(study, "renamed.yaml")
    before = {path: path.stat().st_mtime_ns for path in finished.results.glob("fits/*")}
    finished.snakemake("--cores", "2", "results/renamed/fits.csv", study="renamed.yaml")
    assert {path: path.stat().st_mtime_ns for path in finished.results.glob("fits/*")} == before
    log = finished.results / "renamed/logs/sample_posterior/centered/batch-003.log"
    assert log.read_text() == "1 of 1 fits found in the store\n"
    one, other = (
        pd.read_csv(finished.results / name / "fits.csv") for name in ("schools", "renamed")
    )
    pd.testing.assert_frame_equal(one.drop(columns="batch"), other.drop(columns="batch"))
    shutil.rmtree(finished.results / "renamed")


def test_fewer_draws_are_diagnosed_without_sampling(finished):
    study = copy.deepcopy(TINY)
    study["sampling"]["draws"] = [20, 100]
    finished.write_study(study, "draws.yaml")
    planned = finished.planned(study="draws.yaml")
    assert "sample_posterior" not in planned
    assert planned["diagnose_fits"] == 2


def test_snakemakes_own_report_holds_every_figure(finished):
    finished.snakemake("--cores", "2", "figures")
    finished.snakemake("--report", "results/report.zip", "figures")
    with zipfile.ZipFile(finished.results / "report.zip") as archive:
        names = archive.namelist()
    folder = finished.results / "schools" / "figures"
    narrow = set(folder.glob("*_narrow.svg"))  # for pages alone
    figures = sorted({*folder.glob("*.svg")} - narrow)
    assert len(figures) == 17
    figures += (folder / "settings").glob("*.svg")
    assert len(figures) == 17 + 2 * 2  # and one a model and target_accept
    shutil.rmtree(folder / "settings")
    for figure in figures:
        assert any(name.endswith(figure.name) for name in names), figure.name
    assert narrow and not any(name.endswith("_narrow.svg") for name in names)


def test_the_report_shows_a_calibration_while_it_is_there(finished):
    report = finished.results / "schools" / "report.html"
    before = report.read_bytes()
    study = copy.deepcopy(TINY)
    study["calibration"] = {"simulations": 20, "draws": 100, "tune": 200, "ranked_draws": 19}
    finished.write_study(study, "calibrated.yaml")
    finished.snakemake("--cores", "2", "calibration", study="calibrated.yaml")
    assert rules(finished.planned("report", study="calibrated.yaml")) == {
        "render_report",
        "write_index",
    }
    finished.snakemake("--cores", "2", "report", study="calibrated.yaml")
    html = report.read_text()
    assert '<h2 id="calibration">' in html
    assert "20 data sets were simulated from the prior" in html
    assert html.count('id="figure-calibration_') == 5
    shutil.rmtree(finished.results / "schools" / "calibration")
    finished.snakemake("--cores", "2", "report")
    assert report.read_bytes() == before


def test_a_certificate_is_equal_wherever_and_however_the_study_is_run(finished, tmp_path):
    # another folder, one core, another batch size, lists in another order, time zone and locale
    other = copy_project(tmp_path / "ein Ordner, größer")
    study = copy.deepcopy(TINY)
    study["sampling"] |= {"fits_per_batch": 2, "seeds": [2, 1], "target_accept": [0.95, 0.8]}
    study["models"] = ["noncentered", "centered"]
    other.write_study(study)
    elsewhere = {"TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8", "USER": "other", "LOGNAME": "other"}
    other.snakemake("--cores", "1", "certificate", environment=elsewhere)
    finished.snakemake("--cores", "4", "certificate")
    one, two = (
        json.loads((project.results / "certificate.json").read_text())
        for project in (finished, other)
    )
    equal, lines = compare(one, two)
    assert equal, lines
    # a certificate can fail: one draw of one fit moved by one bit
    path = other.results / "schools/fits/centered/batch-000.json"
    manifest = json.loads(path.read_text())
    fit = other.results / manifest["fits"][0]["file"]
    with netCDF4.Dataset(fit, "a") as file:
        mu = file["posterior"]["mu"]
        mu[0, 0] = np.nextafter(mu[0, 0], np.inf)
    manifest["fits"][0]["sha256"] = sha256_of(fit)  # else it would be refused as damaged
    write_json(manifest, path)
    moved = certify([other.results / "schools"], other.results.glob("schools/fits/*/*.json"))
    equal, lines = compare(one, moved)
    assert not equal
    assert len(lines) == 2
    assert "mu differ; means agree" in lines[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sampling": {"sedes": [1]}}, "sampling.sedes: unknown key (did you mean seeds?)"),
        ({"models": ["centred"]}, "models[0]: found 'centred' (did you mean centered?)"),
        ({"datasets": {"x": {"path": "none.csv"}}}, "none.csv: no such file"),
    ],
)
def test_bad_input_is_one_line_before_anything_runs(finished, change, words):
    study = {**copy.deepcopy(TINY), **change}
    finished.write_study(study, "bad.yaml")
    before = {path: path.stat().st_mtime_ns for path in finished.results.rglob("*")}
    process = finished.snakemake("--cores", "1", study="bad.yaml", check=False)
    assert process.returncode == 1
    said = [line for line in process.stderr.splitlines() if "profile" not in line]
    assert len(said) == 1
    assert said[0].startswith("partial-pooling: ")
    assert words in said[0]
    assert {path: path.stat().st_mtime_ns for path in finished.results.rglob("*")} == before


def test_shipped_studies_can_be_planned(finished):
    assert finished.planned(study="config/config.yaml")["sample_posterior"] == 2
    assert finished.planned(study="config/lecture.yaml")["sample_posterior"] == 2
    assert finished.planned(study="config/examples.yaml")["sample_posterior"] == 4
    assert finished.planned(study="config/parametrizations.yaml")["sample_posterior"] == 8
