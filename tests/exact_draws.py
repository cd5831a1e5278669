"""Draws from the exact posterior, as a right sampler's fit would hold them."""

from functools import cache

import numpy as np
import xarray as xr
from scipy.signal import lfilter
from scipy.special import ndtr


def standard_normal_chain(rng, shape, autocorrelation):
    """Stationary AR(1) chains along the last axis; independent values for 0."""
    steps = rng.standard_normal(shape)
    steps[..., 1:] *= np.sqrt(1 - autocorrelation**2)
    return lfilter([1.0], [1.0, -autocorrelation], steps, axis=-1)


@cache
def inverse_cdf(exact):
    """CDF of log tau and the points that it belongs to."""
    grid = np.linspace(*exact.quantile("log_tau", [1e-12, 1 - 1e-12]), 20_001)
    return exact.cdf("log_tau", grid), grid


def exact_draws(groups, exact, chains, draws, seed, autocorrelation=0.0):
    """Draw tau by inverting its CDF, then mu given tau (normal prior), then theta given both.

    Each is a function of normal values that follow a chain of their own with this autocorrelation.
    """
    rng = np.random.default_rng(seed)

    def normal(*shape):
        values = standard_normal_chain(rng, (*shape, chains, draws), autocorrelation)
        return np.moveaxis(values, 0, -1) if shape else values

    log_tau = np.interp(ndtr(normal()), *inverse_cdf(exact))
    tau = np.exp(log_tau)
    variance = groups.std_error**2 + tau[..., None] ** 2
    prior = exact.prior.mu.parameters
    precision = prior["sigma"] ** -2 + (1 / variance).sum(-1)
    pull = prior["mu"] * prior["sigma"] ** -2 + (groups.estimate / variance).sum(-1)
    mu = pull / precision + normal() * precision**-0.5
    shrink = groups.std_error**2 / variance
    theta = shrink * mu[..., None] + (1 - shrink) * groups.estimate
    theta = theta + normal(len(groups)) * np.sqrt(1 - shrink) * groups.std_error
    return xr.Dataset(
        {
            "mu": (("chain", "draw"), mu),
            "tau": (("chain", "draw"), tau),
            "log_tau": (("chain", "draw"), log_tau),
            "theta": (("chain", "draw", "group"), theta),
        },
        coords={"group": list(groups.names)},
    )


def as_tree(posterior, seed=1, target_accept=0.8, diverging=None, deep=None):
    """Wrap draws as a fit whose sampler had no trouble but what is given."""
    shape = posterior["mu"].shape
    rng = np.random.default_rng(seed)
    both = ("chain", "draw")
    none = np.zeros(shape, bool)
    sample_stats = xr.Dataset(
        {
            "diverging": (both, none if diverging is None else diverging),
            "energy": (both, rng.normal(size=shape)),
            "acceptance_rate": (both, np.full(shape, 0.8)),
            "n_steps": (both, np.full(shape, 7)),
            "reached_max_treedepth": (both, none if deep is None else deep),
            "step_size": ("chain", np.full(shape[0], 0.5)),
            "n_steps_tune": ("chain", np.full(shape[0], 1000)),
        },
        coords={"seed": seed, "target_accept": target_accept},
    )
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": sample_stats})
