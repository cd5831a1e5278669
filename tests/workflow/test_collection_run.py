"""A collection run by Snakemake: what runs, what runs again, and a table opened as a study."""

import pandas as pd
import pytest
from workflow_project import copy_project

pytestmark = pytest.mark.slow

PRIOR = {
    "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
    "tau": {"dist": "HalfNormal", "sigma": 1},
}
STUDY = {
    "datasets": {
        "reviews": {
            "path": "many.csv",
            "by": "review",
            "prior": PRIOR,
            "models": ["noncentered"],
            "sampling": {"draws": [50], "tune": 200, "chains": 2},
        }
    },
    "sampling": {"seeds": [1], "target_accept": [0.8], "draws": [50, 100], "chains": 2},
}
HEAD = "review,group,estimate,std_error\n"
ROWS = [
    "Zinc & colds,a,1,0.5\nZinc & colds,b,2,0.5\nZinc & colds,c,1.5,1\n",
    "R2,a,0.1,0.3\nR2,b,-0.2,0.4\nR2,c,0.3,0.5\n",
    "bad,a,1,0\nbad,b,1,1\n",
]
COLUMNS = ["mu_mean", "noncentered_verdict"]


def test_a_collection_runs_again_for_what_changed_and_opens_a_table(tmp_path):
    project = copy_project(tmp_path)
    project.write_study(STUDY)
    data = project.folder / "many.csv"
    data.write_text(HEAD + "".join(ROWS))
    assert project.planned()["solve_and_fit_tables"] == 1
    run = project.snakemake("--cores", "2")
    assert "2 of 2 tables done" in run.stderr
    path = project.results / "reviews" / "tables.parquet"
    before = pd.read_parquet(path)
    assert list(before["status"].str.startswith("line 8, column std_error: ")) == [0, 0, 1]
    assert not project.planned()
    data.write_text(HEAD + "".join(ROWS) + "new,a,1,1\nnew,b,1,2\nnew,c,2,1\n")
    assert "2 of 3 tables done" in project.snakemake("--cores", "2").stderr
    after = pd.read_parquet(path)
    pd.testing.assert_frame_equal(after[:3], before, check_exact=True)
    assert after["status"][3] == "ok"

    table = f"results/reviews/{after['path'][0]}"
    assert after["path"][0].startswith("Zinc_colds-")
    project.snakemake("--cores", "2", f"{table}/report.html", study="tiny.yaml")
    exact = pd.read_csv(project.folder / table / "exact.csv", index_col="variable")
    assert exact["mean"]["mu"] == pytest.approx(after["mu_mean"][0], rel=1e-8)
    assert (project.folder / table / "report.html").exists()
    refused = project.snakemake("-n", "results/reviews/bad/report.html", check=False)
    assert refused.returncode != 0
    assert "table 'bad': line 8, column std_error: found 0" in refused.stderr


def test_checks_are_scored_over_a_collection(tmp_path):
    project = copy_project(tmp_path)
    project.write_study(STUDY)
    (project.folder / "many.csv").write_text(HEAD + "".join(ROWS))
    assert "score" not in project.planned()
    project.snakemake("--cores", "2", "scorecard")
    checks = pd.read_csv(project.results / "scorecard" / "checks.csv")
    fits = pd.read_parquet(project.results / "reviews" / "fits.parquet")
    row = checks.query("truth == 'accurate' and part == 'all' and draws == '50'")
    assert row["bad"].unique().tolist() == [(fits["accurate"] == False).sum()]  # noqa: E712
    assert row["good"].unique().tolist() == [(fits["accurate"] == True).sum()]  # noqa: E712
    page = (project.results / "scorecard" / "index.html").read_text()
    assert "2 graded fits of reviews" in page
    assert page.count("<figure") == 5
    assert not project.planned("scorecard")
