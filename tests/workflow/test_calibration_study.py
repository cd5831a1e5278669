"""A small calibration end to end: 100 simulations a model."""

import copy
import json
import re

import pandas as pd
import pytest
from workflow_project import LECTURE, TINY, copy_project

pytestmark = pytest.mark.slow

FOLDER = "results/schools/calibration"
SMALL = {
    "datasets": TINY["datasets"],
    "calibration": {
        "simulations": 100,
        "simulations_per_batch": 60,
        "draws": 200,
        "tune": 300,
        "ranked_draws": 49,
    },
}


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A project in which the small calibration has run."""
    project = copy_project(tmp_path_factory.mktemp("calibrated"))
    project.write_study(SMALL)
    project.snakemake("--cores", "2", "calibration")
    return project


def read(project, name):
    return pd.read_csv(project.folder / FOLDER / name)


def test_every_simulation_is_fitted_once_by_each_model_and_stands_in_the_tables(calibrated):
    fits, ranks = read(calibrated, "fits.csv"), read(calibrated, "ranks.csv")
    for model in ("centered", "noncentered"):
        assert sorted(fits.loc[fits["model"] == model, "simulation"]) == list(range(100))
    assert len(ranks) == 2 * 100 * 11
    poor = ~fits["thinned"]
    assert fits.loc[poor, "reason"].str.contains("below the 49 ranked|sampling failed").all()
    assert fits.loc[~poor, "reason"].isna().all()
    exact = ranks.pivot(index=["simulation", "variable"], columns="model", values="exact_cdf")
    assert (exact["centered"] == exact["noncentered"]).all()  # both models see the same data


def test_the_control_is_uniform_and_the_noncentered_model_is_right(calibrated):
    """Twenty tests, corrected together with the centered model's ten: fails once in 20 seeds."""
    table = read(calibrated, "uniformity.csv").query("fits == 'all' and source != 'centered'")
    assert len(table) == 20
    assert table["uniform"].all()


def test_the_centered_model_errs_and_the_noncentered_one_does_not(calibrated):
    """The mean error of log tau in exact posterior standard deviations, over 100 fits."""
    ranks = read(calibrated, "ranks.csv").query("variable == 'log_tau'")
    error = (ranks["mean"] - ranks["exact_mean"]) / ranks["exact_sd"]
    summary = error.groupby(ranks["model"]).agg(["mean", "sem"])
    assert summary.loc["centered", "mean"] > 4 * summary.loc["centered", "sem"]
    # 4 standard errors: fails once in 16,000 seeds
    assert abs(summary.loc["noncentered", "mean"]) < 4 * summary.loc["noncentered", "sem"]


def test_summary_and_figures_are_there_and_nothing_names_this_machine(calibrated):
    summary = json.loads((calibrated.folder / FOLDER / "summary.json").read_text())
    assert summary["sentences"][0].startswith("100 data sets were simulated")
    assert summary["provenance"]["data_sha256"]
    for name in ("ecdf", "ranks", "coverage", "by_tau", "power"):
        for ending in ("svg", "png"):
            assert (calibrated.folder / FOLDER / f"calibration_{name}.{ending}").stat().st_size
    for path in (calibrated.folder / FOLDER).rglob("*.*"):
        assert str(calibrated.folder).encode() not in path.read_bytes(), path


def test_more_simulations_fit_only_the_new_ones(calibrated):
    study = copy.deepcopy(SMALL)
    study["calibration"]["simulations"] = 180  # batches of 60: one grows, one is new
    calibrated.write_study(study, "more.yaml")
    planned = calibrated.planned("calibration", study="more.yaml")
    assert planned["simulate_and_fit"] == 4
    process = calibrated.snakemake(
        "--dry-run", "--quiet", "progress", "--", "calibration", study="more.yaml"
    )
    made = set(re.findall(r"output: \S+/batch-(\d+)", process.stdout + process.stderr))
    assert made == {"001", "002"}


def test_a_simulation_does_not_depend_on_the_batch_it_is_in(calibrated, tmp_path):
    other = copy_project(tmp_path)
    study = copy.deepcopy(SMALL)
    study["calibration"] |= {"simulations": 20, "simulations_per_batch": 7}
    other.write_study(study)
    target = f"{FOLDER}/noncentered/batch-001.ranks.csv"
    other.snakemake("--cores", "1", target)
    rows = pd.read_csv(other.folder / target)
    assert sorted(set(rows["simulation"])) == list(range(7, 14))
    whole = read(calibrated, "noncentered/batch-000.ranks.csv")
    whole = whole[whole["simulation"].isin(rows["simulation"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, whole, check_exact=True)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("centered/batch-000.ranks.csv", "simulate_and_fit"),
        ("power.csv", "summarize_calibration"),
        ("calibration_ecdf.png", "plot_calibration"),
    ],
)
def test_a_deleted_file_of_a_calibration_is_made_anew(calibrated, name, first):
    path = calibrated.folder / FOLDER / name
    aside = path.rename(calibrated.folder / "aside")
    planned = calibrated.planned("calibration")
    aside.rename(path)
    assert planned[first] == 1


def test_calibration_is_no_part_of_the_default_target(calibrated):
    assert not {"simulate_and_fit", "plot_calibration"} & set(calibrated.planned())


def test_editing_figures_or_summary_never_fits_again(calibrated):
    for module, again in (
        ("figures/calibration", {"plot_calibration"}),
        ("grading/calibration_tables", {"summarize_calibration", "plot_calibration"}),
    ):
        path = calibrated.folder / f"workflow/partial_pooling/{module}.py"
        before = path.read_text()
        path.write_text(before + "\nEDITED = 1\n")
        planned = set(calibrated.planned("calibration"))
        path.write_text(before)
        assert planned - {"total", "calibration"} == again


def test_an_improper_prior_is_refused_in_one_line_and_the_rest_goes_on(calibrated):
    study = copy.deepcopy(SMALL)
    study["datasets"]["flat"] = {
        **TINY["datasets"]["schools"],
        "prior": LECTURE | {"mu": {"dist": "Flat"}},
    }
    calibrated.write_study(study, "flat.yaml")
    process = calibrated.snakemake("--cores", "1", "calibration", study="flat.yaml", check=False)
    assert process.returncode == 1
    said = [line for line in process.stderr.splitlines() if "partial-pooling" in line]
    assert len(said) == 1
    assert "datasets.flat.prior.mu: found Flat, which is improper" in said[0]
    assert "Traceback" not in process.stderr
    assert calibrated.planned(study="flat.yaml")["sample_posterior"] >= 2
