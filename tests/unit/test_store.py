"""A fit is sampled once, is never taken for another, and comes back as it was."""

import importlib.util
import json
import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from partial_pooling import load_fit
from partial_pooling.__main__ import main
from partial_pooling.data.reading import write_groups
from partial_pooling.errors import InputError
from partial_pooling.files import replacing, seal_of, sha256_of, write_json
from partial_pooling.sampling.fits import PER_CHAIN, PER_DRAW, Fit, read_fit, write_fit
from partial_pooling.sampling.manifests import read_fits, read_manifest
from partial_pooling.sampling.settings import SamplerSettings
from partial_pooling.sampling.store import Store, digest
from partial_pooling.study.housekeeping import put_back, set_aside_broken

SCRIPT = Path(__file__).parents[2] / "workflow/scripts/sample_posterior.py"
GRID = [(1, 0.8), (1, 0.95), (2, 0.8), (2, 0.95)]
PARAMS = {
    "prior": {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfCauchy", "beta": 5.0}},
    "family": "normal",
    "sampler": "nutpie",
    "draws": 20,
    "tune": 30,
    "chains": 2,
    "max_treedepth": 10,
    "code": "0123",
}


def made_up(seed, accept, draws=20):
    """A fit that a sampler could have given; equal for equal arguments."""
    rng = np.random.default_rng([seed, int(1000 * accept)])
    shape = (2, draws)
    stats = {name: rng.integers(0, 2, shape).astype(kind) for name, kind in PER_DRAW.items()}
    stats |= {name: rng.integers(1, 9, 2).astype(kind) for name, kind in PER_CHAIN.items()}
    posterior = {"mu": rng.normal(size=shape), "tau": rng.exponential(size=shape)}
    return Fit(seed, accept, posterior | {"theta": rng.normal(size=(*shape, 8))}, stats)


@pytest.fixture
def study(tmp_path, monkeypatch, eight_schools):
    """Run rule sample_posterior without sampling; gives the fits that it asked the sampler for."""
    spec = importlib.util.spec_from_file_location("sample_posterior", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def run(
        dataset="schools",
        fits=GRID,
        batch="000",
        killed_at=None,
        data=None,
        weights=(),
        **params,
    ):
        asked = []

        def sample_fits(model, sampler, fits, settings, cores, draw_theta):
            for number, fit in enumerate(fits):
                if number == killed_at:
                    raise KeyboardInterrupt
                asked.append(fit)
                yield made_up(*fit)

        def build_model(*args, **options):
            asked.append("compiled")

        monkeypatch.setattr(script, "sample_fits", sample_fits)
        monkeypatch.setattr(script, "build_model", build_model)
        folder = tmp_path / "results" / dataset
        folder.mkdir(parents=True, exist_ok=True)
        if data or not (folder / "data.csv").exists():
            write_groups(data or eight_schools, folder / "data.csv")
        given = PARAMS | params
        settings = {name: given.pop(name) for name in SamplerSettings.model_fields}
        job = SimpleNamespace(
            input=SimpleNamespace(data=str(folder / "data.csv")),
            output=SimpleNamespace(fits=str(folder / f"fits/centered/batch-{batch}.json")),
            wildcards=SimpleNamespace(model="centered"),
            params=Params(
                given, settings=settings, fits=[list(fit) for fit in fits], weights=list(weights)
            ),
            threads=1,
        )
        try:
            script.main(job)
        except KeyboardInterrupt:
            assert not Path(job.output.fits).exists()
        return asked

    run.results = tmp_path / "results"
    run.manifest = run.results / "schools/fits/centered/batch-000.json"
    return run


class Params(dict):
    """As Snakemake's params: by name, and as attributes."""

    __getattr__ = dict.__getitem__


def files_of(study):
    return {path.name: path for path in (study.results / "fits").glob("[!.]*.nc")}


def stored(study, number):
    """File of a fit of the manifest."""
    return study.results / read_manifest(study.manifest).fits[number].file


# -- a fit on disk -----------------------------------------------------------------------------


def test_a_fit_comes_back_from_disk_as_it_was(tmp_path, eight_schools):
    fit, path = made_up(3, 0.9), tmp_path / "fit.nc"
    write_fit(fit, eight_schools.names, path, {"data_sha256": "0"})
    tree = read_fit(path)
    assert int(tree["posterior"]["seed"]) == 3
    assert float(tree["sample_stats"]["target_accept"]) == 0.9
    assert tree["posterior"]["theta"].dims == ("chain", "draw", "group")
    assert tuple(tree["posterior"]["group"].to_numpy()) == eight_schools.names
    for part, arrays in (("posterior", fit.posterior), ("sample_stats", fit.sample_stats)):
        for name, values in arrays.items():
            np.testing.assert_array_equal(tree[part][name], values)
    np.testing.assert_array_equal(tree["posterior"]["log_tau"], np.log(fit.posterior["tau"]))
    assert tree["sample_stats"]["diverging"].dtype == bool
    assert tree.attrs["data_sha256"] == "0"
    shorter = read_fit(path, 7)
    np.testing.assert_array_equal(shorter["posterior"]["theta"], fit.posterior["theta"][:, :7])
    np.testing.assert_array_equal(shorter["sample_stats"]["energy"].draw, np.arange(7))
    # by others, who know ArviZ's layout and nothing of ours
    with xr.open_datatree(path) as opened:
        xr.testing.assert_identical(opened.load(), tree.assign({"posterior": opened["posterior"]}))
        assert {"seed", "target_accept"} <= set(opened["posterior"].coords)


def test_equal_fits_are_equal_files_and_a_half_written_one_has_no_name(tmp_path, eight_schools):
    for name in ("a.nc", "b.nc"):
        write_fit(made_up(1, 0.8), eight_schools.names, tmp_path / name, {})
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match="shape"):
        write_fit(made_up(1, 0.8), eight_schools.names[:3], tmp_path / "c.nc", {})
    assert sorted(tmp_path.iterdir()) == before


def test_two_jobs_that_write_a_file_at_a_time_write_under_names_of_their_own(tmp_path):
    path = tmp_path / "fit.nc"
    with replacing(path) as one, replacing(path) as other:
        assert one != other
        one.write_text("whole")
        other.write_text("whole")
    assert path.read_text() == "whole"
    assert sorted(tmp_path.iterdir()) == sorted([path, seal_of(path)])


# -- what a fit is named by --------------------------------------------------------------------

RECIPE = {**PARAMS, "data_sha256": "a", "model": "centered", "seed": 1, "target_accept": 0.8}


@pytest.mark.parametrize(
    "change",
    [
        {"data_sha256": "b"},
        {"model": "noncentered"},
        {"prior": {**PARAMS["prior"], "tau": {"dist": "HalfCauchy", "beta": np.nextafter(5, 6)}}},
        {"family": "binomial"},
        {"sampler": "pymc"},
        {"draws": 21},
        {"tune": 31},
        {"chains": 3},
        {"max_treedepth": 11},
        {"code": "0124"},
        {"seed": 2},
        {"target_accept": np.nextafter(0.8, 1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_fit_has_another_name_if_anything_is_different_that_it_depends_on(change):
    assert digest({**RECIPE, **change}) != digest(RECIPE)
    assert len(digest(RECIPE)) == 32


def test_the_name_does_not_depend_on_an_order():
    assert digest(dict(reversed(RECIPE.items()))) == digest(RECIPE)


def test_the_rule_names_a_fit_by_all_of_that(study):
    study()
    recipes = [json.loads(read_fit(path).attrs["recipe"]) for path in files_of(study).values()]
    assert all(recipe.keys() == RECIPE.keys() for recipe in recipes)
    assert {digest(recipe) + ".nc" for recipe in recipes} == files_of(study).keys()
    data = sha256_of(study.results / "schools/data.csv")
    assert {recipe["data_sha256"] for recipe in recipes} == {data}


# -- nothing is sampled twice ------------------------------------------------------------------


def test_an_interrupted_batch_goes_on_at_the_fit_where_it_stood(study, tmp_path):
    assert study(killed_at=2) == ["compiled", *GRID[:2]]
    assert study() == ["compiled", *GRID[2:]]
    draws = [fit["posterior"]["mu"].to_numpy() for fit in read_fits(study.manifest)]
    for values, fit in zip(draws, GRID, strict=True):
        np.testing.assert_array_equal(values, made_up(*fit).posterior["mu"])
    interrupted = {name: path.read_bytes() for name, path in files_of(study).items()}
    manifest = study.manifest.read_bytes()
    shutil.rmtree(study.results)
    study()
    assert {name: path.read_bytes() for name, path in files_of(study).items()} == interrupted
    assert study.manifest.read_bytes() == manifest


def test_a_renamed_study_and_other_batches_sample_nothing_and_compile_nothing(study):
    study()
    assert study(dataset="renamed", fits=GRID[2:] + GRID[:2]) == []
    assert study(fits=GRID[:3], batch="001") == []
    assert len(files_of(study)) == 4
    manifest = study.results / "renamed/fits/centered/batch-000.json"
    assert [fit["posterior"]["seed"].item() for fit in read_fits(manifest)] == [2, 2, 1, 1]


def test_appended_seeds_sample_what_is_new(study):
    study()
    assert study(fits=[*GRID, (3, 0.8)]) == ["compiled", (3, 0.8)]


def test_weights_are_part_of_what_names_a_fit(study):
    study()
    assert study(weights=[0.5] * 8) == ["compiled", *GRID]
    assert study(weights=[0.5] * 8) == []
    assert study(weights=[0.5] * 7 + [0.51]) == ["compiled", *GRID]


def test_other_data_code_or_settings_sample_all_and_leave_what_is_there(study, eight_schools):
    study()
    assert study(code="4567") == study(tune=40) == ["compiled", *GRID]
    other = type(eight_schools)(
        eight_schools.names, eight_schools.estimate + 1, eight_schools.std_error
    )
    assert study(data=other) == ["compiled", *GRID]
    assert len(files_of(study)) == 16
    assert study(data=eight_schools) == []


def test_damaged_and_exchanged_files_are_sampled_anew(study, capsys):
    study()
    whole = {name: path.read_bytes() for name, path in files_of(study).items()}
    one, other = stored(study, 1), stored(study, 3)
    content = bytearray(one.read_bytes())
    content[len(content) // 2] ^= 1
    one.write_bytes(content)
    other.write_bytes(other.read_bytes()[:1000])
    assert study() == ["compiled", GRID[1], GRID[3]]
    aside = one.with_name("aside")
    for move in (lambda path: path, seal_of):  # their digests too: each is whole, and another's
        move(one).rename(aside)
        move(other).rename(move(one))
        aside.rename(move(other))
    assert study() == ["compiled", GRID[1], GRID[3]]
    assert {name: path.read_bytes() for name, path in files_of(study).items()} == whole


# -- nothing else is read ----------------------------------------------------------------------


def test_a_fit_that_is_not_what_the_manifest_names_is_refused_in_one_line(study):
    study()
    paths = [stored(study, number) for number in range(4)]
    whole = [path.read_bytes() for path in paths]
    content = bytearray(whole[1])
    content[len(content) // 2] ^= 1
    paths[1].write_bytes(content)
    refused = rf"results/fits/{paths[1].name}: damaged .*make it anew, delete it"
    with pytest.raises(InputError, match=refused):
        list(read_fits(study.manifest))
    paths[1].write_bytes(whole[2])  # another fit's
    with pytest.raises(InputError, match=refused):
        list(read_fits(study.manifest))
    paths[1].unlink()
    with pytest.raises(InputError, match=rf"{paths[1].name}: it is missing; run Snakemake"):
        list(read_fits(study.manifest))
    # even where the manifest was changed to suit
    paths[1].write_bytes(whole[2])
    content = json.loads(study.manifest.read_text())
    content["fits"][1] |= {key: content["fits"][2][key] for key in ("sha256", "bytes")}
    write_json(content, study.manifest)
    with pytest.raises(
        InputError, match=r"another fit: seed 2, not 1, target_accept 0.8, not 0.95"
    ):
        list(read_fits(study.manifest))
    study.manifest.write_text("{}")
    with pytest.raises(InputError, match=r"batch-000.json: damaged"):
        list(read_fits(study.manifest))


def test_fits_of_another_model_data_set_or_prior_are_refused_though_they_are_whole(
    study, eight_schools
):
    study()
    assert len(list(read_fits(study.manifest, prior=PARAMS["prior"]))) == 4
    with pytest.raises(InputError, match=r"its fits are others: family normal, not binomial"):
        list(read_fits(study.manifest, family="binomial"))
    other = type(eight_schools)(
        eight_schools.names, eight_schools.estimate + 1, eight_schools.std_error
    )
    study(dataset="other", data=other)
    manifest = study.results / "other/fits/centered/batch-000.json"
    noncentered = study.results / "schools/fits/noncentered/batch-000.json"
    noncentered.parent.mkdir()
    shutil.copy(manifest, study.manifest)
    shutil.copy(manifest, noncentered)
    seal_of(study.manifest).unlink()  # else it tells, before anything is read
    with pytest.raises(InputError, match=r"its fits are others: data_sha256 "):
        list(read_fits(study.manifest))
    with pytest.raises(InputError, match=r"its fits are others: model centered, not noncentered"):
        list(read_fits(noncentered))


def test_one_fit_of_a_finished_study_is_loaded(study):
    study()
    cells = "".join(f"centered,{a},{s},000\n" for s, a in GRID)
    (study.results / "schools/fits.csv").write_text("model,target_accept,seed,batch\n" + cells)
    loaded = load_fit(study.results, "schools", "centered", seed=2, draws=10)
    expected = made_up(2, 0.8).posterior["mu"][:, :10]
    np.testing.assert_array_equal(loaded["posterior"]["mu"], expected)
    with pytest.raises(
        InputError, match=r"no fit of centered with seed=7, target_accept=0.8; found \(seed=1"
    ):
        load_fit(study.results, "schools", "centered", seed=7)
    with pytest.raises(InputError, match="found fits of centered"):
        load_fit(study.results, "schools", "marginal")
    with pytest.raises(InputError, match="it is missing; run Snakemake"):
        load_fit(study.results, "students", "centered")
    with pytest.raises(InputError, match="draws=21; allowed: 1 to 20"):
        load_fit(study.results, "schools", "centered", draws=21)


def test_a_loaded_fit_has_the_groups_that_arviz_asks_for(study, eight_schools):
    study()
    cells = "".join(f"centered,{a},{s},000\n" for s, a in GRID)
    folder = study.results / "schools"
    (folder / "fits.csv").write_text("model,target_accept,seed,batch\n" + cells)
    groups = ("observed_data", "log_likelihood", "posterior_predictive")
    fit = load_fit(study.results, "schools", "centered", seed=2, **dict.fromkeys(groups, True))
    theta = fit["posterior"]["theta"]
    y, sigma = eight_schools.estimate, eight_schools.std_error
    assert fit["observed_data"]["y"].dims == ("group",)
    assert np.array_equal(fit["observed_data"]["y"], y)
    assert np.allclose(fit["log_likelihood"]["y"], stats.norm.logpdf(y, theta, sigma), atol=1e-12)
    assert fit["log_likelihood"]["y"].dims == ("chain", "draw", "group")
    replicates = fit["posterior_predictive"]["y"]
    # 320 standard normals: one of the two leaves these limits in 1 of 100,000 seeds
    z = ((replicates - theta) / sigma).to_numpy()
    assert abs(z.mean()) < 4.6 / np.sqrt(320)
    assert abs(z.std() - 1) < 4.6 / np.sqrt(640)
    again = load_fit(study.results, "schools", "centered", seed=2, posterior_predictive=True)
    assert again["posterior_predictive"]["y"].equals(replicates)
    assert "observed_data" not in again.children
    (folder / "data.csv").write_text((folder / "data.csv").read_text().replace("28.0", "29.0"))
    seal_of(folder / "data.csv").unlink(missing_ok=True)
    with pytest.raises(InputError, match=r"batch-000.json: damaged \(its fits are others: data"):
        load_fit(study.results, "schools", "centered", seed=2, observed_data=True)


# -- what becomes of the files -----------------------------------------------------------------


def test_a_manifest_whose_fits_are_gone_looks_missing_until_it_is_put_back_or_made_anew(study):
    study()
    study(dataset="other", fits=GRID[:1])
    folders = [study.results / name for name in ("schools", "other", "none")]
    assert set_aside_broken(folders) == {}
    content = stored(study, 2).read_bytes()
    stored(study, 2).write_bytes(content[:-1])
    time_before = study.manifest.stat().st_mtime_ns
    hidden = set_aside_broken(folders)
    assert list(hidden) == [study.manifest]
    assert not study.manifest.exists()
    put_back(hidden)  # a dry run
    assert study.manifest.stat().st_mtime_ns == time_before
    hidden = set_aside_broken(folders)
    assert study() == ["compiled", GRID[2]]
    put_back(hidden)
    assert not list(study.results.rglob("*.broken"))
    assert set_aside_broken(folders) == {}
    stored(study, 0).unlink()  # of both
    assert len(set_aside_broken(folders)) == 2


def test_a_manifest_that_a_killed_run_had_set_aside_is_judged_anew(study):
    study()
    folders = [study.results / "schools"]
    fit = stored(study, 2)
    aside = fit.rename(fit.with_name("aside"))
    hidden = set_aside_broken(folders)  # and killed
    assert set_aside_broken(folders) == hidden
    assert not study.manifest.exists()
    aside.rename(fit)
    assert set_aside_broken(folders) == {}
    assert study.manifest.exists()
    assert not list(study.results.rglob("*.broken"))


def test_prune_lists_and_removes_exactly_what_no_manifest_names(study, capsys):
    study()
    study(dataset="other", fits=GRID[:2], tune=40)
    study(dataset="gone", fits=GRID[:3], tune=50)
    kept = set(files_of(study)) - {
        Path(fit.file).name
        for fit in read_manifest(study.results / "gone/fits/centered/batch-000.json").fits
    }
    (study.results / "gone/fits/centered/batch-000.json").unlink()
    store = study.results / "fits"
    old, young = store / ".abc.17.00ff.nc", store / ".abd.18.00ff.nc"
    old.touch()
    for path in store.iterdir():
        os.utime(path, (time.time() - 7200,) * 2)
    young.touch()
    batch = study.results / "schools/fits/centered/batch-000.nc"  # of an earlier version
    batch.touch()
    unnamed = set(files_of(study)) - kept | {old.name, batch.name}
    before = {path: path.stat().st_mtime_ns for path in study.results.rglob("*")}
    assert main(["prune", str(study.results)]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert {Path(line.partition(":")[0]).name for line in lines} == unnamed
    assert last.startswith("5 files, 0.")
    assert "`prune --yes` removes them" in last
    assert {path: path.stat().st_mtime_ns for path in study.results.rglob("*")} == before
    # however the folder is called
    assert main(["prune", f"{study.results}/../results", "--yes"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("removed")
    left = {path.name for path in store.iterdir()}
    assert left == kept | {f".{name}.sha256" for name in kept} | {young.name}
    assert not batch.exists()
    assert study() == study(dataset="other", fits=GRID[:2], tune=40) == []
    assert main(["prune", str(study.results)]) == 0
    assert capsys.readouterr().out == "no file of draws or of tables that no study refers to\n"


def test_prune_refuses_where_it_cannot_know_what_is_named(study, capsys):
    assert main(["prune", str(study.results)]) == 1
    assert "no fits found" in capsys.readouterr().err
    study()
    locks = study.results.parent / ".snakemake/locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").touch()
    assert main(["prune", str(study.results), "--yes"]) == 1
    assert "a run goes on" in capsys.readouterr().err
    (locks / "0.output.lock").unlink()
    study.manifest.write_text("half")
    assert main(["prune", str(study.results), "--yes"]) == 1
    assert "batch-000.json: damaged" in capsys.readouterr().err
    assert len(files_of(study)) == 4


def test_a_fit_without_the_digest_beside_it_is_taken_as_it_is(study):
    """As after `cp results/fits/*.nc elsewhere`, which leaves hidden files behind."""
    study()
    for path in files_of(study).values():
        seal_of(path).unlink()
    study.manifest.unlink()
    assert study() == []
    assert len(list(read_fits(study.manifest))) == 4
    shared = read_manifest(study.manifest).shared
    assert Store(study.results, {**shared, "code": "other"}).find(1, 0.8) is None
