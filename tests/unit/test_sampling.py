"""Fits are reproducible: what they depend on, and what they do not, bit for bit."""

import numpy as np
import pytest

from partial_pooling.models.parametrizations import build_model
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


def test_appended_seeds_leave_full_batches_as_they_are():
    accepts = [0.8, 0.9]
    before, after = batches([1, 2], accepts, 4), batches([1, 2, 3], accepts, 4)
    assert before == [[(1, 0.8), (1, 0.9), (2, 0.8), (2, 0.9)]]
    assert after == [*before, [(3, 0.8), (3, 0.9)]]
    assert batches([1, 2], accepts, 1) == [[fit] for fit in before[0]]
