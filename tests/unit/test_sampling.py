"""Fits are reproducible: what they depend on, and what they do not, bit for bit."""

import numpy as np
import pytest
from arviz_stats.base import array_stats

from partial_pooling.exact.posterior import solve
from partial_pooling.families.normal import NORMAL
from partial_pooling.grading.inference import share_p_value
from partial_pooling.models.parametrizations import build_model
from partial_pooling.sampling.conditional import draw_theta
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


def marginal_fits(groups, prior, fits, **changes):
    def conditional(mu, tau, seed):
        return draw_theta(groups, NORMAL, mu, tau, seed)

    model = build_model("marginal", groups, prior)
    settings = SHORT.model_copy(update=changes)
    return list(sample_fits(model, "nutpie", fits, settings, 1, conditional))


@pytest.mark.slow
def test_marginal_fits_keep_their_prefix_and_do_not_depend_on_other_fits(
    eight_schools, default_prior
):
    whole = marginal_fits(eight_schools, default_prior, GRID)
    shorter = marginal_fits(eight_schools, default_prior, GRID[::-1], draws=25)[::-1]
    for fit, short in zip(whole, shorter, strict=True):
        assert fit.posterior["theta"].shape == (3, 60, 8)
        assert_equal(fit, short, draws=25)


def test_theta_drawn_afterwards_is_a_prefix_and_differs_by_chain_and_seed(eight_schools):
    mu, tau = np.zeros((2, 40)), np.ones((2, 40))
    theta = draw_theta(eight_schools, NORMAL, mu, tau, 1)
    first = draw_theta(eight_schools, NORMAL, mu[:, :9], tau[:, :9], 1)
    np.testing.assert_array_equal(theta[:, :9], first)
    assert not np.isin(theta[0], theta[1]).any()
    assert not np.isin(theta, draw_theta(eight_schools, NORMAL, mu, tau, 2)).any()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["partial", "marginal"])
def test_fits_agree_with_the_exact_posterior(name, eight_schools, default_prior):
    """Shares below the exact quartiles, 33 tests at 1e-5: a false alarm in 3,000 seeds."""
    exact = solve(eight_schools, default_prior)
    if name == "marginal":
        (fit,) = marginal_fits(
            eight_schools, default_prior, [(1, 0.9)], draws=4000, tune=1000, chains=4
        )
    else:
        model = build_model(name, eight_schools, default_prior)
        settings = SamplerSettings(draws=4000, tune=1000, chains=4)
        (fit,) = sample_fits(model, "nutpie", [(1, 0.9)], settings)
    draws = {"mu": fit.posterior["mu"], "tau": fit.posterior["tau"]} | {
        f"theta[{group}]": fit.posterior["theta"][..., j]
        for j, group in enumerate(eight_schools.names)
    }
    for variable, values in draws.items():
        for p, cut in zip(
            (0.25, 0.5, 0.75), exact.quantile(variable, [0.25, 0.5, 0.75]), strict=True
        ):
            below = values <= cut
            ess = array_stats.ess(below.astype(float), method="mean", chain_axis=0, draw_axis=1)
            chance = share_p_value(np.array([below.mean()]), np.array([ess]), p, 0.0)
            assert chance[0] > 1e-5, (variable, p)
