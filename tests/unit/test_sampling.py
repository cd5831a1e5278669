"""Fits are reproducible: what they depend on, and what they do not, bit for bit."""

import numpy as np
import pytest

from partial_pooling.errors import InputError
from partial_pooling.models.parametrizations import build_model
from partial_pooling.sampling.fits import load_fit, read_fits, writing_batch
from partial_pooling.sampling.samplers import SAMPLERS, batches, sample_fits
from partial_pooling.sampling.settings import SamplerSettings

SHORT = SamplerSettings(draws=60, tune=150, chains=3, max_treedepth=10)
GRID = [(1, 0.8), (1, 0.95), (2, 0.8)]


@pytest.fixture(scope="module", params=SAMPLERS)
def sampler(request):
    return request.param


@pytest.fixture(scope="module")
def model(eight_schools, default_prior):
    return build_model("centered", eight_schools, default_prior)


@pytest.fixture(scope="module")
def whole_batch(model, sampler):
    return list(sample_fits(model, sampler, GRID, SHORT))


def assert_equal(one, other, draws=None):
    """Every stored number is equal bit for bit; `draws` cuts the first fit to a prefix."""
    for name, values in one.posterior.items():
        np.testing.assert_array_equal(values[:, :draws], other.posterior[name])
    for name, values in one.sample_stats.items():
        cut = values[:, :draws] if values.ndim == 2 else values
        np.testing.assert_array_equal(cut, other.sample_stats[name])


def again(model, sampler, fits, cores=1, **changes):
    return list(sample_fits(model, sampler, fits, SHORT.model_copy(update=changes), cores))


@pytest.mark.slow
def test_shorter_run_is_prefix_of_longer(model, sampler, whole_batch):
    for fit, shorter in zip(whole_batch, again(model, sampler, GRID, draws=25), strict=True):
        assert_equal(fit, shorter, draws=25)


@pytest.mark.slow
def test_batch_size_and_order_do_not_change_a_bit(model, sampler, whole_batch):
    backwards = again(model, sampler, GRID[::-1])
    for i, fit in enumerate(GRID):
        assert_equal(whole_batch[i], again(model, sampler, [fit])[0])
        assert_equal(whole_batch[i], backwards[-1 - i])


@pytest.mark.slow
def test_a_fresh_compilation_does_not_change_a_bit(
    eight_schools, default_prior, sampler, whole_batch
):
    fresh = build_model("centered", eight_schools, default_prior)
    assert_equal(whole_batch[2], again(fresh, sampler, [GRID[2]])[0])


@pytest.mark.slow
def test_cores_do_not_change_a_bit(model, sampler, whole_batch):
    assert_equal(whole_batch[0], again(model, sampler, GRID[:1], cores=3)[0])


@pytest.mark.slow
def test_seed_and_target_accept_do_change_the_draws(whole_batch):
    thetas = [fit.posterior["theta"] for fit in whole_batch]
    assert not np.array_equal(thetas[0], thetas[1])
    assert not np.array_equal(thetas[0], thetas[2])


@pytest.mark.slow
def test_totals_of_tuning_steps_are_kept(whole_batch):
    for fit in whole_batch:
        # every tuning step takes at least one leapfrog step
        assert (fit.sample_stats["n_steps_tune"] >= SHORT.tune).all()
        assert (fit.sample_stats["diverging_tune"] >= 0).all()
        assert fit.sample_stats["step_size"].shape == (SHORT.chains,)


@pytest.mark.slow
def test_fits_come_back_from_disk_as_they_were(tmp_path, eight_schools, whole_batch):
    path = tmp_path / "results" / "schools" / "fits" / "centered" / "batch-000.nc"
    attributes = {"data_sha256": "0"}
    with writing_batch(path, eight_schools.names, 3, 3, 60, attributes) as batch:
        for fit in whole_batch:
            batch.append(fit)
    for fit, tree in zip(whole_batch, read_fits(path), strict=True):
        assert int(tree["posterior"]["seed"]) == fit.seed
        assert float(tree["posterior"]["target_accept"]) == fit.target_accept
        assert tree["posterior"]["theta"].dims == ("chain", "draw", "group")
        assert tuple(tree["posterior"]["group"].to_numpy()) == eight_schools.names
        for name, values in fit.posterior.items():
            np.testing.assert_array_equal(tree["posterior"][name], values)
        np.testing.assert_array_equal(tree["posterior"]["log_tau"], np.log(fit.posterior["tau"]))
        for name, values in fit.sample_stats.items():
            np.testing.assert_allclose(tree["sample_stats"][name], values, rtol=1e-6, atol=1e-9)
    cells = "".join(f"centered,{a},{s},000\n" for s, a in GRID)
    (tmp_path / "results/schools/fits.csv").write_text("model,target_accept,seed,batch\n" + cells)
    loaded = load_fit(tmp_path / "results", "schools", "centered", seed=2, draws=10)
    np.testing.assert_array_equal(loaded["posterior"]["mu"], whole_batch[2].posterior["mu"][:, :10])
    assert loaded["sample_stats"]["diverging"].dtype == bool
    with pytest.raises(
        InputError, match=r"no fit of centered with seed=7, target_accept=0.8; found \(seed=1"
    ):
        load_fit(tmp_path / "results", "schools", "centered", seed=7)
    with pytest.raises(InputError, match="found fits of centered"):
        load_fit(tmp_path / "results", "schools", "marginal")
    with pytest.raises(InputError, match="it is missing; run Snakemake"):
        load_fit(tmp_path / "results", "students", "centered")
    with pytest.raises(InputError, match="draws=61; allowed: 1 to 60"):
        load_fit(tmp_path / "results", "schools", "centered", draws=61)


def test_a_half_written_batch_never_bears_the_final_name(tmp_path, eight_schools):
    path = tmp_path / "batch-000.nc"
    with pytest.raises(RuntimeError), writing_batch(path, eight_schools.names, 1, 1, 5, {}):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_batch_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "batch-000.nc"
    path.write_bytes(b"\x89HDF\r\n\x1a\n damaged")
    with pytest.raises(InputError, match=r"batch-000.nc: damaged .* delete it and run"):
        list(read_fits(path))


def test_appended_seeds_leave_full_batches_as_they_are():
    accepts = [0.8, 0.9]
    before, after = batches([1, 2], accepts, 4), batches([1, 2, 3], accepts, 4)
    assert before == [[(1, 0.8), (1, 0.9), (2, 0.8), (2, 0.9)]]
    assert after == [*before, [(3, 0.8), (3, 0.9)]]
    assert batches([1, 2], accepts, 1) == [[fit] for fit in before[0]]
