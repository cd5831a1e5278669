"""Collections: each table is what a study of it would be, and nothing else matters."""

import csv
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import partial_pooling.collection.batch as batch_module
from partial_pooling.__main__ import main
from partial_pooling.classical.estimates import heterogeneity, maximum_likelihood
from partial_pooling.collection.batch import Recipe, work
from partial_pooling.collection.gathering import gather
from partial_pooling.collection.keys import anonymous, data_digest, seed_of
from partial_pooling.collection.progress import Progress
from partial_pooling.collection.store import Chunks, forget_batches
from partial_pooling.data.collection import OK, read_collection, safe_paths
from partial_pooling.errors import InputError
from partial_pooling.exact.posterior import solve
from partial_pooling.families.registry import FAMILIES
from partial_pooling.files import write_json
from partial_pooling.grading.diagnostics import diagnose_fit, grade
from partial_pooling.models.parametrizations import build_model
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.sampling.fits import as_tree, read_fit, write_fit
from partial_pooling.sampling.samplers import sample_fits
from partial_pooling.study.housekeeping import set_aside_broken
from partial_pooling.study.plan import deal
from partial_pooling.study.settings import CollectionSampling, Thresholds

PRIOR = {
    "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
    "tau": {"dist": "HalfNormal", "sigma": 1},
}
SHORT = CollectionSampling(draws=[50, 100], tune=200, chains=2)
THRESHOLDS = Thresholds().model_dump()


def rows_of(count, seed=1, sizes=(2, 3, 5)):
    """Rows of simulated tables, a list a table."""
    rng = np.random.default_rng(seed)
    return [
        [
            [f"Review {t}", f"s{j}", repr(float(rng.normal(t % 3, 1))), repr(float(e))]
            for j, e in enumerate(rng.uniform(0.2, 1, sizes[t % len(sizes)]))
        ]
        for t in range(count)
    ]


# by family, data of its form: what the groups of four tables have, of unequal precision
ROWS = {
    "binomial": [(0, 9), (3, 40), (17, 25), (4, 4), (120, 1000)],
    "poisson": [(0, 9.5), (3, 40), (17, 25.25), (4, 0.5), (120, 1000)],
    "hypergeometric": [(0, 9, 3, 11), (3, 40, 9, 30), (5, 25, 0, 600), (2, 4, 2, 4)],
    "student": [(0.5, 1, 2), (3, 0.4, 9), (1.7, 2.5, 25), (1.1, 0.4, 4)],
}
FORM = {
    "normal": ("estimates", ["estimate", "std_error"]),
    "binomial": ("counts", ["events", "n"]),
    "poisson": ("rates", ["events", "exposure"]),
    "hypergeometric": (
        "two_by_two",
        ["events_treated", "n_treated", "events_control", "n_control"],
    ),
    "student": ("summaries", ["mean", "sd", "n"]),
}


def rows_of_family(family):
    """Rows of four tables of three groups, a list a table."""
    given = ROWS[family]
    return [
        [[f"Review {t}", f"s{j}", *map(str, given[(t + j) % len(given)])] for j in range(3)]
        for t in range(4)
    ]


def write_csv(path, tables, family="normal"):
    with path.open("w", newline="") as file:
        head = ["review", "group", *FORM[family][1]]
        csv.writer(file).writerows([head, *(row for table in tables for row in table)])
    return path


def recipe_of(models=(), sampling=SHORT, family="normal"):
    settings = sampling.of_fits().model_dump()
    return Recipe(PRIOR, family, [], list(models), sampling.model_dump(), settings, code="x")


def run(folder, tables, recipe=None, sampling=SHORT):
    """Run all steps of a collection; give its tables, groups and fits."""
    recipe = recipe or recipe_of()
    path = write_csv(folder / "many.csv", tables, recipe.family)
    members = read_collection(path, "review", FORM[recipe.family][0])
    batches = deal(members, recipe.models, sampling, recipe.family)
    chunks = {"exact": set(), "fits": set()}
    for batch in batches.values():
        of_batch = [members[i].groups for i in batch.tables]
        found = work(of_batch, recipe, folder / "store", {}, lambda *_: None)
        for kind in chunks:
            chunks[kind] |= set(found[kind])
    outputs = {name: folder / f"{name}.parquet" for name in ("tables", "groups", "fits")}
    named = {kind: sorted(names) for kind, names in chunks.items()}
    gather(members, folder / "store", named, recipe, THRESHOLDS, {"seed": "1"}, outputs)
    return [pd.read_parquet(path) for path in outputs.values()]


@pytest.fixture(scope="module")
def exact(tmp_path_factory):
    tables = rows_of(12)
    tables[4][1][3] = "0"
    tables[7] = tables[7][:1]
    tables[9][0][2] = "text"
    folder = tmp_path_factory.mktemp("exact")
    return folder, tables, run(folder, tables)


def groups_of(folder, name, family="normal"):
    members = read_collection(folder / "many.csv", "review", FORM[family][0])
    (member,) = [member for member in members if member.name == name]
    return member.groups


def test_exact_answers_are_those_of_a_study(exact):
    folder, _, (tables, groups, _) = exact
    prior = parse_hyperprior(PRIOR)
    for row in tables[tables["status"] == OK].to_dict("records"):
        data = groups_of(folder, row["table"])
        posterior = solve(data, prior)
        for variable in ("mu", "tau", "log_tau", "theta_new"):
            sd = posterior.sd(variable)
            assert abs(row[f"{variable}_mean"] - posterior.mean(variable)) < 1e-8 * sd
            assert abs(row[f"{variable}_sd"] / sd - 1) < 1e-8
            for p in (2.5, 50, 97.5):
                at = posterior.cdf(variable, row[f"{variable}_q{p:g}"])
                assert at == pytest.approx(p / 100, abs=1e-7)
        assert row["p_mu_above_0"] == pytest.approx(1 - posterior.cdf("mu", 0), abs=1e-8)
        assert row["log_evidence"] == pytest.approx(posterior.log_marginal_likelihood, abs=1e-7)
        assert row["q"] == pytest.approx(heterogeneity(data).q, rel=1e-12)
        reml = maximum_likelihood(data, restricted=True) ** 0.5
        assert row["tau_reml"] == pytest.approx(reml, rel=1e-10)
        assert row["typical_error"] == np.median(data.std_error)
        of_table = groups[groups["table"] == row["table"]]
        assert tuple(of_table["group"]) == data.names
        np.testing.assert_array_equal(of_table["estimate"], data.estimate)
        np.testing.assert_array_equal(of_table["std_error"], data.std_error)
        mean, sd = posterior.moments([f"theta[{name}]" for name in data.names])
        np.testing.assert_allclose(of_table["theta_mean"], mean, rtol=0, atol=1e-8 * sd.min())
        np.testing.assert_allclose(of_table["theta_sd"], sd, rtol=1e-8)
        np.testing.assert_allclose(of_table["pooling"], posterior.pooling_factor(), atol=1e-8)


@pytest.mark.parametrize("family", ROWS)
def test_exact_answers_of_any_family_are_those_of_a_study(tmp_path, family):
    likelihood, columns = FAMILIES[family], FORM[family][1]
    tables, groups, _ = run(tmp_path, rows_of_family(family)[:2], recipe_of(family=family))
    assert set(tables["status"]) == {OK}
    row = tables.iloc[1]
    data = groups_of(tmp_path, "Review 1", family)
    posterior = solve(data, parse_hyperprior(PRIOR), likelihood)
    for variable in ("mu", "tau", "log_tau", "theta_new"):
        assert row[f"{variable}_mean"] == posterior.mean(variable)
        assert row[f"{variable}_sd"] == posterior.sd(variable)
        at = posterior.quantile(variable, 0.025)
        assert row[f"{variable}_q2.5"] == pytest.approx(float(at), rel=1e-12)
    assert row["p_mu_above_0"] == 1 - posterior.cdf("mu", 0)
    assert row["log_evidence"] == posterior.log_marginal_likelihood
    assert row["typical_error"] == likelihood.typical_error(data)
    assert row["q"] == pytest.approx(heterogeneity(likelihood.approximation(data)).q, rel=1e-12)
    of_table = groups[groups["table"] == "Review 1"]
    assert list(groups.columns[2 : 2 + len(columns)]) == columns
    for column in columns:
        np.testing.assert_array_equal(of_table[column], getattr(data, column))
    mean, _ = posterior.moments([f"theta[{name}]" for name in data.names])
    np.testing.assert_array_equal(of_table["theta_mean"], mean)
    np.testing.assert_array_equal(of_table["pooling"], posterior.pooling_factor())


def test_a_bad_table_is_a_row_that_says_why_with_its_line(exact):
    _, rows, (tables, groups, _) = exact
    assert list(tables["table"]) == [table[0][0] for table in rows]
    bad = tables[tables["status"] != OK]
    assert list(bad["table"]) == ["Review 4", "Review 7", "Review 9"]
    first = [1 + 1 + sum(map(len, rows[:i])) for i in (4, 7, 9)]
    assert list(bad["line"]) == first
    assert bad["status"].tolist() == [
        f"line {first[0] + 1}, column std_error: found 0; "
        "allowed: a finite number above 0 (from 1e-50 to 1e50)",
        f"line {first[1]}: found 1 group; allowed: 2 or more, since pooling needs groups",
        f"line {first[2]}, column estimate: found 'text'; "
        "allowed: a finite number (from -1e50 to 1e50)",
    ]
    assert bad["mu_mean"].isna().all()
    assert not set(bad["table"]) & set(groups["table"])


def test_an_improper_posterior_is_told_of_its_table_alone(tmp_path):
    flat = {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfFlat"}}
    recipe = Recipe(flat, "normal", [], [], SHORT.model_dump(), {}, "x")
    tables, _, _ = run(tmp_path, rows_of(2), recipe)
    assert tables["status"][1] == OK
    assert tables["status"][0].startswith("line 2: ")
    assert np.isnan(tables["mu_q50"][0])
    assert np.isfinite(tables["mu_q50"][1])


def test_order_and_batches_do_not_change_a_bit(exact, tmp_path, monkeypatch):
    _, rows, whole = exact
    monkeypatch.setattr("partial_pooling.study.plan.LEAST_SECONDS", 1e-9)
    monkeypatch.setattr(batch_module, "SOLVED_AT_ONCE", 2)
    again = run(tmp_path, rows[::-1])
    for one, other in zip(whole, again, strict=True):
        columns = [name for name in one if name not in ("line", "status")]
        keys = ["table", *({"group"} & set(columns))]
        frames = [f[columns].sort_values(keys, ignore_index=True) for f in (one, other)]
        pd.testing.assert_frame_equal(*frames, check_exact=True)


def solved_by(monkeypatch, fail_after=None):
    """Count the tables that are solved, and fail after some calls."""
    solved, calls, solve_tables = [], [], batch_module.solve_tables

    def counting(keys, tables, *rest):
        calls.append(1)
        if fail_after is not None and len(calls) > fail_after:
            raise KeyboardInterrupt
        solved.extend(keys)
        return solve_tables(keys, tables, *rest)

    monkeypatch.setattr(batch_module, "solve_tables", counting)
    return solved


def test_an_interrupted_batch_goes_on_where_it_stood(exact, tmp_path, monkeypatch):
    _, rows, whole = exact
    monkeypatch.setattr(batch_module, "SOLVED_AT_ONCE", 4)
    first = solved_by(monkeypatch, fail_after=1)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, rows)
    monkeypatch.undo()
    second = solved_by(monkeypatch)
    again = run(tmp_path, rows)
    assert len(first) == 4
    assert len(second) == 5
    for one, other in zip(whole, again, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_appended_and_changed_tables_alone_are_computed(tmp_path, monkeypatch):
    rows = rows_of(6)
    before, _, _ = run(tmp_path, rows)
    solved = solved_by(monkeypatch)
    rows[2][0][2] = "9"
    rows.append([["further", "a", "1", "1"], ["further", "b", "2", "1"]])
    after, _, _ = run(tmp_path, rows)
    assert len(solved) == 2
    same = after["table"].isin(before["table"]) & (after["table"] != "Review 2")
    kept = before[before["table"] != "Review 2"].reset_index(drop=True)
    pd.testing.assert_frame_equal(after[same].reset_index(drop=True), kept, check_exact=True)
    # a renamed table is no other data
    renamed = [[["x" + row[0], *row[1:]] for row in table] for table in rows]
    run(tmp_path, renamed)
    assert len(solved) == 2


def test_a_damaged_chunk_is_computed_anew(tmp_path, monkeypatch):
    rows = rows_of(3)
    before = run(tmp_path, rows)
    (chunk,) = (tmp_path / "store").glob("exact-*.parquet")
    chunk.write_bytes(chunk.read_bytes()[:-100])
    solved = solved_by(monkeypatch)
    after = run(tmp_path, rows)
    assert len(solved) == 3
    pd.testing.assert_frame_equal(before[0], after[0], check_exact=True)


def test_a_seed_follows_from_the_configured_one_and_the_data(eight_schools):
    data = data_digest(eight_schools)
    assert data == data_digest(anonymous(eight_schools))
    other = type(eight_schools)(
        eight_schools.names, eight_schools.estimate, eight_schools.std_error * (1 + 1e-15)
    )
    seeds = {seed_of(1, data), seed_of(2, data), seed_of(1, data_digest(other))}
    assert len(seeds) == 3
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_paths_are_safe_unique_and_readable():
    names = ["CD001364", "Zinc & colds", "Zinc / colds", "a", "A", "логарифм", "fits", "x" * 99]
    paths = safe_paths(names)
    assert paths[0] == "CD001364"
    assert paths[1].startswith("Zinc_colds-")
    assert paths[5].startswith("table-")
    assert len({path.casefold() for path in paths}) == len(names)
    assert all(
        len(path) <= 64 and path.replace("-", "").replace("_", "").isalnum() for path in paths
    )
    assert not {"fits", "logs"} & set(paths)
    assert safe_paths(names[:3]) == paths[:3]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([["a", "x", "1", "0"], ["a", "y", "1", "1"]], "found no table that can be used, of 1; "),
        ([["", "x", "1", "1"]], "line 2, column review: found a blank; allowed: the name of"),
    ],
)
def test_a_file_without_a_usable_table_is_refused(tmp_path, rows, line):
    path = write_csv(tmp_path / "many.csv", [rows])
    with pytest.raises(InputError, match=line):
        read_collection(path, "review")


def test_files_bear_their_provenance(exact):
    folder, _, _ = exact
    for name in ("tables", "groups", "fits"):
        metadata = pq.read_schema(folder / f"{name}.parquet").metadata
        assert metadata[b"seed"] == b"1"


def test_batches_hold_each_table_once_and_stay_as_they_are(tmp_path):
    members = read_collection(write_csv(tmp_path / "a.csv", rows_of(3000)), "review")
    sampling = CollectionSampling()
    batches = deal(members, ["centered"], sampling, "normal")
    assert sorted(i for batch in batches.values() for i in batch.tables) == list(range(3000))
    assert 10 < len(batches) <= 256
    more = [*members, *read_collection(write_csv(tmp_path / "b.csv", rows_of(1, 2)), "review")]
    again = deal(more, ["centered"], sampling, "normal")
    changed = [name for name in again if again[name].content != batches[name].content]
    assert len(changed) == 1
    assert len(deal(members, [], sampling, "normal")) == 1
    assert len(deal(members, [], sampling, "binomial")) > 10  # each takes longer


def test_chunks_that_no_batch_names_are_pruned_and_lost_ones_are_made_anew(tmp_path, capsys):
    folder = tmp_path / "results" / "reviews"
    store = Chunks(folder / "store", "exact")
    named, other, gone = (store.write({"key": [key]}, {}) for key in "abc")
    manifests = [folder / "batches" / f"{name}.json" for name in ("0002", "0003", "0004")]
    for manifest, chunk in zip(manifests, (named, other, gone), strict=True):
        write_json({"exact": [chunk], "fits": []}, manifest)
    assert set_aside_broken([folder]) == {}
    (folder / "store" / gone).unlink()
    assert list(set_aside_broken([folder])) == manifests[2:]
    assert not manifests[2].exists()
    forget_batches(manifests[:1])  # the tables were dealt out otherwise
    assert [path.exists() for path in manifests] == [True, False, False]
    assert main(["prune", str(tmp_path / "results")]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[0].startswith(f"{folder / 'store' / other}: ")
    assert listed[1].startswith("1 files, ")
    assert main(["prune", str(tmp_path / "results"), "--yes"]) == 0
    assert {path.name for path in (folder / "store").glob("[!.]*")} == {named}


def test_a_table_that_is_solved_by_itself_is_solved_once_for_numbers_and_grades(
    tmp_path, monkeypatch
):
    refits = SimpleNamespace(compile_model=lambda model, groups, *_: (model, len(groups)))
    monkeypatch.setitem(sys.modules, "partial_pooling.sampling.refits", refits)
    solved, graded = [], []

    def counting(groups, *rest):
        if len(groups) == 4:
            raise InputError("data and priors conflict")
        solved.append(solve(groups, *rest))
        return solved[-1]

    def fitting(compiled, groups, exact, asked, _):
        assert compiled[1] == len(groups)
        graded.append(exact)
        return {"key": asked.key, "reason": "not sampled"}

    monkeypatch.setattr(batch_module, "solve", counting)
    monkeypatch.setattr(batch_module, "fit_table", fitting)
    monkeypatch.setattr(batch_module, "FITTED_AT_ONCE", 3)
    rows = rows_of_family("poisson")
    rows[1].append(["Review 1", "s3", "3", "1.5"])
    recipe = recipe_of(["centered", "noncentered"], family="poisson")
    tables, _, fits = run(tmp_path, rows, recipe)
    assert len(solved) == 3
    assert [graded.count(posterior) for posterior in solved] == [2, 2, 2]
    # one without a posterior says why, and ends nothing
    assert tables["status"].tolist() == [OK, "line 5: data and priors conflict", OK, OK]
    failed = fits[fits["reason"] == "data and priors conflict"]
    assert set(failed["table"]) == {"Review 1"}


def test_progress_is_that_of_all_batches(tmp_path):
    progress = Progress(tmp_path, {"0002": 5, "0003": 7, "0004": 9})
    (tmp_path / "0002.json").touch()
    progress.note("0003", 3)
    assert (progress.done(), progress.to_do) == (5 + 3, 5 + 7 + 9)
    said = []
    tell = progress.teller("0004", said.append)
    for done in range(10):  # of a batch that is quick: as it begins, and as it ends
        tell(done, 9)
    assert said == ["8 of 21 tables done", "17 of 21 tables done"]
    tell(0, 9)
    progress.note("0003", 8)  # of an earlier run, when it had more
    assert progress.done() == 5 + 7
    forget_batches(tmp_path / f"{name}.json" for name in progress.tables)
    assert [path.name for path in tmp_path.iterdir()] == ["0002.json"]


@pytest.mark.slow
def test_a_hundred_bad_tables_among_a_thousand(tmp_path):
    rows = rows_of(1000)
    for i in range(0, 1000, 10):
        rows[i][0][3] = "0"
    tables, groups, _ = run(tmp_path, rows)
    assert len(tables) == 1000
    assert (tables["status"] != OK).sum() == 100
    assert tables.loc[tables["status"] == OK, "mu_sd"].gt(0).all()
    assert groups["table"].nunique() == 900


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "model"),
    [
        *(("normal", model) for model in ("centered", "partial", "marginal")),
        *((family, model) for family in ROWS for model in ("noncentered", "partial")),
    ],
)
def test_fits_are_those_of_a_study_with_that_seed(tmp_path, family, model):
    from functools import partial

    from partial_pooling.sampling.conditional import draw_theta

    rows = rows_of(4, sizes=(5,)) if family == "normal" else rows_of_family(family)
    tables, _, fits = run(tmp_path, rows, recipe_of([model], family=family))
    likelihood = FAMILIES[family]
    prior = parse_hyperprior(PRIOR)
    for name in ("Review 3", "Review 1"):
        data = groups_of(tmp_path, name, family)
        row = fits[(fits["table"] == name) & (fits["draws"] == 100)].iloc[0]
        exact = solve(data, prior, likelihood)
        built = build_model(model, data, prior, likelihood)
        conditional = partial(draw_theta, data, likelihood)
        pair = [(int(row["seed"]), float(row["target_accept"]))]
        (fit,) = sample_fits(built, "nutpie", pair, SHORT.of_fits(), 1, conditional)
        estimates, cells = diagnose_fit(as_tree(fit, data.names), [100], exact)
        for column in ("gradients", "step_size", "r_hat_max", "ess_bulk_min", "kolmogorov"):
            assert row[column] == cells[column][0]
        assert row["error_mean_max"] == grade(estimates, exact)["error_mean"].max()
    assert set(tables[f"{model}_verdict"]) <= {"right", "too few draws", "wrong"}


@pytest.mark.slow
def test_a_fit_that_fails_is_a_row_that_says_so(tmp_path, monkeypatch):
    import partial_pooling.sampling.refits as refits

    class Failing:
        def fit(self, *_):
            raise RuntimeError("all points failed\nmore")

    monkeypatch.setattr(refits, "compile_model", lambda *_: Failing())
    tables, _, fits = run(tmp_path, rows_of(2), recipe_of(["centered"]))
    assert fits["reason"].tolist() == ["all points failed"] * 4
    assert set(fits["verdict"]) == {"failed"}
    assert set(tables["centered_verdict"]) == {"failed"}


def test_a_fit_in_memory_is_graded_like_one_on_disk(tmp_path, eight_schools, default_prior):
    from partial_pooling.sampling.fits import PER_CHAIN, PER_DRAW, Fit

    rng = np.random.default_rng(3)
    exact = solve(eight_schools, default_prior)
    posterior = {
        "mu": rng.normal(size=(2, 40)),
        "tau": rng.gamma(2, size=(2, 40)),
        "theta": rng.normal(size=(2, 40, 8)),
    }
    stats = {
        name: rng.integers(0, 2, (2, 40)) if kind.startswith("i") else rng.normal(size=(2, 40))
        for name, kind in PER_DRAW.items()
    } | {name: rng.integers(1, 9, 2).astype(float) for name in PER_CHAIN}
    fit = Fit(5, 0.9, posterior, stats)
    path = Path(tmp_path / "fit.nc")
    write_fit(fit, eight_schools.names, path, {})
    of_memory = diagnose_fit(as_tree(fit, eight_schools.names), [20, 40], exact)
    for one, other in zip(of_memory, diagnose_fit(read_fit(path), [20, 40], exact), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
