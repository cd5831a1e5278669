"""A collection run by Snakemake: what runs, what runs again, and a table opened as a study."""

import os
import signal
import time
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from workflow_project import copy_project, processes_in, start

from partial_pooling.collection.keys import data_digest, seed_of
from partial_pooling.data.collection import read_collection
from partial_pooling.exact.posterior import solve
from partial_pooling.priors.priors import parse_hyperprior

pytestmark = pytest.mark.slow

PRIOR = {
    "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
    "tau": {"dist": "HalfNormal", "sigma": 1},
}
SAMPLING = {"draws": [50], "tune": 200, "chains": 2}
STUDY = {
    "datasets": {
        "reviews": {
            "path": "many.csv",
            "by": "review",
            "prior": PRIOR,
            "models": ["noncentered"],
            "sampling": SAMPLING,
        }
    },
}
HEAD = "review,group,estimate,std_error\n"
ROWS = [
    "Zinc & colds,a,1,0.5\nZinc & colds,b,2,0.5\nZinc & colds,c,1.5,1\n",
    "R2,a,0.1,0.3\nR2,b,-0.2,0.4\nR2,c,0.3,0.5\n",
    "bad,a,1,0\nbad,b,1,1\n",
]


def assert_same(study, table, fit):
    """Hold a study of a table against the rows that the collection has of it and of its fit."""
    exact = pd.read_csv(study / "exact.csv", index_col="variable")
    for variable in ("mu", "tau", "log_tau", "theta_new"):
        for number in ("mean", "sd", "q2.5", "q50", "q97.5"):
            mine = table[f"{variable}_{number}"]
            assert mine == pytest.approx(exact[number][variable], rel=1e-8, abs=1e-8)
    (of_study,) = pd.read_csv(study / "fits.csv").to_dict("records")
    compared = set(of_study) & set(fit.index) - {"alarms"}
    assert {"gradients", "step_size", "r_hat_max", "error_quantile_max"} <= compared
    # one other draw would change nearly all of them
    pd.testing.assert_series_equal(
        pd.Series({name: of_study[name] for name in compared}),
        pd.Series({name: fit[name] for name in compared}),
        check_exact=True,
    )


def test_a_table_of_counts_opened_as_a_study_has_the_collections_numbers(tmp_path):
    project = copy_project(tmp_path)
    rows = [f"R{i},{j},{(i + 3 * j) % 7},{9 + i}\n" for i in range(3) for j in range(3)]
    data = project.folder / "shares.csv"
    data.write_text("review,group,events,n\n" + "".join(rows))
    seed = seed_of(1, data_digest(read_collection(data, "review", "counts")[1].groups))
    shares = {"path": "shares.csv", "by": "review", "form": "counts", "prior": PRIOR}
    of_study = SAMPLING | {"seeds": [seed], "target_accept": [0.9]}
    project.write_study(
        {
            "datasets": {"shares": shares | {"sampling": SAMPLING}},
            "models": ["noncentered"],
            "sampling": of_study,
        }
    )
    folder = "results/shares"
    project.snakemake("--cores", "2", f"{folder}/fits.parquet", f"{folder}/R1/fits.csv")
    tables, fits = (pd.read_parquet(tmp_path / folder / f"{n}.parquet") for n in ("tables", "fits"))
    assert fits["seed"][1] == seed
    assert_same(tmp_path / folder / "R1", tables.iloc[1], fits.iloc[1])


def test_a_collection_runs_again_for_what_changed_and_opens_a_table(tmp_path):
    project = copy_project(tmp_path)
    project.write_study(STUDY)
    data = project.folder / "many.csv"
    data.write_text(HEAD + "".join(ROWS))
    assert project.planned()["solve_and_fit_tables"] == 1
    run = project.snakemake("--cores", "2")
    assert "2 of 2 tables done" in run.stderr
    assert "reviews: 1 of 3 tables cannot be used; the first, 'bad': line 8, column" in run.stderr
    path = project.results / "reviews" / "tables.parquet"
    before = pd.read_parquet(path)
    assert list(before["status"].str.startswith("line 8, column std_error: ")) == [0, 0, 1]
    assert not project.planned()
    batch = min((project.results / "reviews/batches").glob("*.json"))
    aside = batch.rename(project.folder / "aside")
    assert project.planned()["solve_and_fit_tables"] == 1
    aside.rename(batch)
    data.write_text(HEAD + "".join(ROWS) + "new,a,1,1\nnew,b,1,2\nnew,c,2,1\n")
    assert "2 of 3 tables done" in project.snakemake("--cores", "2").stderr
    after = pd.read_parquet(path)
    pd.testing.assert_frame_equal(after[:3], before, check_exact=True)
    assert after["status"][3] == "ok"

    # opened as a study, with the seed that the table has in the collection
    fits = pd.read_parquet(project.results / "reviews" / "fits.parquet")
    fit = fits[fits["table"] == "Zinc & colds"].iloc[0]
    sampling = SAMPLING | {"seeds": [int(fit["seed"])], "target_accept": [0.9]}
    project.write_study(STUDY | {"models": ["noncentered"], "sampling": sampling})
    table = f"results/reviews/{after['path'][0]}"
    assert after["path"][0].startswith("Zinc_colds-")
    project.snakemake("--cores", "2", f"{table}/report.html")
    assert_same(project.folder / table, after.iloc[0], fit)
    refused = project.snakemake("-n", "results/reviews/bad/report.html", check=False)
    assert refused.returncode != 0
    assert "table 'bad': line 8, column std_error: found 0" in refused.stderr


def test_a_killed_run_goes_on_where_it_stood_and_bad_tables_end_nothing(tmp_path):
    project = copy_project(tmp_path)
    rng = np.random.default_rng(1)
    rows = [
        f"T{table},g{j},{estimate!r},{0 if table % 10 == 9 and j == 1 else 0.5}\n"
        for table in range(2000)
        for j, estimate in enumerate(rng.normal(size=2 + table % 4).tolist())
    ]
    data = project.folder / "many.csv"
    data.write_text(HEAD + "".join(rows))
    exact_only = {"path": "many.csv", "by": "review", "prior": PRIOR, "models": []}
    project.write_study({"datasets": {"reviews": exact_only}})
    store = project.results / "reviews" / "store"
    process = start(project, "results/reviews/tables.parquet")
    while process.poll() is None and not list(store.glob("[!.]*.parquet")):
        time.sleep(0.005)
    for one in processes_in(project.folder):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    process.wait()
    made = {path: path.stat().st_ino for path in store.glob("[!.]*.parquet")}
    assert 0 < len(made) < 4  # of 500 tables each
    project.snakemake("--unlock")
    again = project.snakemake("--cores", "2", "results/reviews/tables.parquet")
    assert "1,800 of 1,800 tables done" in again.stderr
    assert f"reviews: {500 * len(made):,} of 1,800 tables done" in again.stderr  # as it began
    assert {path: path.stat().st_ino for path in made} == made
    assert len(list(store.glob("[!.]*.parquet"))) == 4
    tables = pd.read_parquet(project.results / "reviews" / "tables.parquet")
    bad = tables["status"] != "ok"
    assert list(np.flatnonzero(bad)) == list(range(9, 2000, 10))
    # a table is what it is by itself, whichever run solved it
    members = read_collection(data, "review")
    for i in (0, 777, 1998):
        posterior = solve(members[i].groups, parse_hyperprior(PRIOR))
        sd = posterior.sd("mu")
        assert tables["mu_mean"][i] == pytest.approx(posterior.mean("mu"), abs=1e-8 * sd)
        assert tables["mu_sd"][i] == pytest.approx(sd, rel=1e-8)


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
    assert f"{fits['accurate'].notna().sum()} in all, a fit at each number of draws" in page
    assert page.count("<h2>") == 8
    assert page.count("<figure") == 5
    assert not project.planned("scorecard")
