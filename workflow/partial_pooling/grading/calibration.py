"""Simulation-based calibration: whether the sampler is right, not only for these numbers.

Draw mu, tau and theta from the prior and data given them, fit, and rank the truth among the
draws: if the sampler is right, ranks are uniform (Talts, Betancourt, Simpson, Vehtari, Gelman 2018,
arXiv:1804.06788). The same simulated data have an exact posterior, which adds what sampling alone
cannot: the truth's position in the exact CDF, uniform if simulation and bookkeeping are right, and
the error of each fit against the exact mean.

Or draw mu, tau and theta from the exact posterior of the data at hand, new data given them, and
fit both together: ranks are uniform again, since the truth is a draw of what it is ranked in
(Sailynoja, Schmitt, Burkner, Vehtari 2025, arXiv:2502.03279). That tries the sampler where these
data put it, and asks for no proper prior.

What a simulation and its fit are depends on their number (and prior, standard errors, settings)
alone, so batches, cores and executors change nothing.

PyMC and nutpie take seconds to import, so only what samples imports them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.posterior import ExactPosterior, solve
from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL
from partial_pooling.grading.diagnostics import convergence
from partial_pooling.grading.settings import POSTERIOR, CalibrationSettings
from partial_pooling.priors.priors import HyperPrior
from partial_pooling.sampling.fits import Fit
from partial_pooling.sampling.refits import compile_model

if TYPE_CHECKING:
    # columns of ranks, a row of fits, seconds
    type Result = tuple[dict[str, Any], dict[str, Any], float]

COLUMNS = (
    "simulation",
    "variable",
    "true",
    "rank",
    "exact_cdf",
    "mean",
    "mcse_mean",
    "exact_mean",
    "exact_sd",
)
ENTROPY = 4_250_100_417  # of all simulations; any fixed number serves


@dataclass(frozen=True, eq=False)
class Simulation:
    """Parameters drawn from the prior or a posterior, and the data that are to be fitted.

    Attributes
    ----------
    number
        Counts from 0.
    mu, tau, theta
        The truth, in the units of the data; theta of shape (J,).
    groups
        The simulated estimates with the data set's names and standard errors; of truths from a
        posterior joined with the data that this is of.
    sampler_seed
        Seed for the fit.
    """

    number: int
    mu: float
    tau: float
    theta: NDArray[np.float64]
    groups: Estimates
    sampler_seed: int

    @property
    def truth(self) -> NDArray[np.float64]:
        """Shape (J + 3,): mu, tau, log_tau, theta."""
        return np.array([self.mu, self.tau, np.log(self.tau), *self.theta])


@dataclass(frozen=True, eq=False)
class Draws:
    """The draws of one fit and how the sampler fared.

    Attributes
    ----------
    values
        Shape (J + 3, chain, draw): mu, tau, log_tau, theta.
    divergences, max_treedepth_hits
        Numbers of kept transitions that diverged and that reached the largest tree depth.
    gradients
        Leapfrog steps, tuning included.
    """

    values: NDArray[np.float64]
    divergences: int
    max_treedepth_hits: int
    gradients: int


def simulate(
    number: int,
    groups: Estimates,
    prior: HyperPrior,
    family: Family = NORMAL,
    posterior: Posterior | None = None,
) -> Simulation:
    """Draw simulation `number` from a proper prior, or from a posterior.

    Parameters
    ----------
    number
        0 or more. It is the spawn key of a NumPy SeedSequence, whose children are independent
        streams, and nothing else seeds the simulation.
    groups
        Names and standard errors are used; estimates only with their posterior.
    prior
        Priors of mu and tau.
    family
        The groups' likelihood.
    posterior
        That of the groups, to draw from in place of the prior.

    Raises
    ------
    ValueError
        A prior is improper, and there is no posterior to draw from.
    """
    seeds = np.random.SeedSequence(ENTROPY, spawn_key=(number,))
    rng = np.random.default_rng(seeds)
    if posterior is None:
        mu, tau = prior.mu.draw(rng), prior.tau.draw(rng)
        theta = mu + tau * rng.standard_normal(len(groups))
        simulated = family.simulate(groups, theta, rng)
    else:
        mu, tau, theta = draw(posterior, rng)
        simulated = family.joined(groups, family.simulate(groups, theta, rng))
    sampler_seed = int(seeds.spawn(1)[0].generate_state(1)[0])
    return Simulation(number, mu, tau, theta, simulated, sampler_seed)


def draw(posterior: Posterior, rng: np.random.Generator) -> tuple[float, float, Array]:
    """Draw mu, tau and theta, shape (J,), from an exact posterior: tau, then the others given it.

    Tau by inversion of its exact CDF; mu and theta from BDA 3rd ed., equations 5.20 and 5.17.

    Raises
    ------
    TypeError
        The posterior is not of the normal family, which alone has these.
    """
    if not isinstance(posterior, ExactPosterior):
        raise TypeError(f"draws from {type(posterior).__name__}; allowed: ExactPosterior")
    tau = posterior.quantiles(["tau"], [rng.random()]).ravel()
    mean, precision = posterior.given.mu(tau)
    mu = posterior.given.center + mean + rng.standard_normal(1) / np.sqrt(precision)
    z = rng.standard_normal((1, len(posterior.groups)))
    theta = NORMAL.theta_given(posterior.groups, mu, tau, z)
    return float(mu[0]), float(tau[0]), theta[0]


def variable_names(groups: Estimates) -> list[str]:
    """Names of the J + 3 ranked variables, in their order."""
    return ["mu", "tau", "log_tau", *(f"theta[{name}]" for name in groups.names)]


def calibrate(
    parametrization: str,
    groups: Estimates,
    prior: HyperPrior,
    settings: CalibrationSettings,
    numbers: Iterable[int],
    family: Family = NORMAL,
    weights: Array | None = None,
) -> Iterator[Result]:
    """Simulate, fit and rank, with one compilation for all.

    Parameters
    ----------
    parametrization
        A key of `models.PARAMETRIZATIONS`.
    groups
        Names and standard errors are used; the estimates too where truths are drawn from their
        posterior.
    prior
        Priors of mu and tau; proper ones where truths are drawn from them.
    settings
        What all fits share.
    numbers
        Which simulations.
    family
        The groups' likelihood.
    weights
        Of the model `partial`, as of `build_model`.

    Yields
    ------
    ranks : dict
        Columns with a value a variable, see `rank`; empty where sampling failed.
    fit : dict
        simulation, true_tau, divergences, max_treedepth_hits, gradients; r_hat (the largest),
        ess_bulk, ess_tail (the smallest, of all variables), worst (the variable that has the
        smaller of the two); thinned, whether the fit has as many effective draws as are ranked;
        reason, empty or why not.
    seconds : float
        Time of the fit, without simulation and ranking.
    """
    refits = compile_model(parametrization, groups, prior, settings, family, weights=weights)
    posterior = solve(groups, prior, family) if settings.truths == POSTERIOR else None
    for number in numbers:
        simulation = simulate(number, groups, prior, family, posterior)
        exact = solve(simulation.groups, prior, family)
        start = time.perf_counter()
        try:
            fit = refits.fit(simulation.groups, simulation.sampler_seed, settings.target_accept)
        except RuntimeError as error:
            seconds = time.perf_counter() - start
            reason = f"sampling failed: {str(error).strip().splitlines()[0]}"
            yield {}, _failed(simulation, reason), seconds
            continue
        seconds = time.perf_counter() - start
        draws = draws_of(fit)
        ranks = rank(simulation, draws, exact, settings)
        yield ranks, judge(simulation, draws, settings), seconds


def draws_of(fit: Fit) -> Draws:
    """The draws of a fit, in the order in which they are ranked."""
    mu, tau, theta = (fit.posterior[name] for name in ("mu", "tau", "theta"))
    values = np.empty((theta.shape[2] + 3, *mu.shape))
    values[0], values[1] = mu, tau
    with np.errstate(divide="ignore"):
        values[2] = np.log(tau)
    values[3:] = np.moveaxis(theta, -1, 0)
    stats = fit.sample_stats
    return Draws(
        values,
        divergences=int(stats["diverging"].sum()),
        max_treedepth_hits=int(stats["reached_max_treedepth"].sum()),
        gradients=int(stats["n_steps"].sum() + stats["n_steps_tune"].sum()),
    )


def rank(
    simulation: Simulation,
    draws: Draws,
    exact: Posterior,
    settings: CalibrationSettings,
) -> dict[str, Any]:
    """Rank the truth among evenly spaced draws, and place it in the exact posterior.

    ASSUME every fit is thinned to the same number L of draws, chains end to end, and its rank
    counts, whether or not the fit has L effective draws. The largest spacing that leaves L draws
    makes them nearly independent where the smallest ESS is at least L, and `judge` marks the fits
    where it is not. To spread those fits' draws further, or to leave them out, would hide the very
    fault that is looked for: a sampler that mixes badly does so where its ranks are wrong. Their
    ranks also scatter more widely because draws depend on one another; the errors against the
    exact mean tell bias from that.

    Returns
    -------
    dict
        Columns of a table, a value a variable: simulation, variable, true; rank, the number of
        ranked draws below the truth, 0 to L; exact_cdf, the exact posterior probability below the
        truth; mean, exact_mean, exact_sd; mcse_mean, of mu, tau and log_tau alone (NaN for the
        others), since it takes long and they have the errors to look at.
    """
    names = variable_names(simulation.groups)
    values = draws.values.reshape(len(names), -1)
    spacing = values.shape[1] // settings.ranked_draws
    ranked = values[:, spacing - 1 : spacing * settings.ranked_draws : spacing]
    truth = simulation.truth
    exact_mean, exact_sd = exact.moments(names)
    mcse = np.full(len(names), np.nan)
    mcse[:3] = array_stats.mcse(draws.values[:3], method="mean", chain_axis=1, draw_axis=2)
    position = [float(exact.cdf(name, value)) for name, value in zip(names, truth, strict=True)]
    return {
        "simulation": np.full(len(names), simulation.number),
        "variable": names,
        "true": truth,
        "rank": (ranked < truth[:, None]).sum(axis=1),
        "exact_cdf": position,
        "mean": values.mean(axis=1),
        "mcse_mean": mcse,
        "exact_mean": exact_mean,
        "exact_sd": exact_sd,
    }


def judge(simulation: Simulation, draws: Draws, settings: CalibrationSettings) -> dict[str, Any]:
    """Say how a fit fared, and whether it can be thinned to nearly independent draws.

    Of every variable; R-hat and ESS of tau are those of log_tau, since they depend on ranks alone.
    """
    names = np.delete(np.array(variable_names(simulation.groups), dtype=object), 1)
    values = np.delete(draws.values, 1, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        r_hat, bulk, tail = convergence(values)
    # an ESS that cannot be had, as of a chain that never moved, is none
    bulk, tail = np.nan_to_num(bulk), np.nan_to_num(tail)
    smaller = np.minimum(bulk, tail)
    worst = int(smaller.argmin())
    ess, of = smaller[worst], "bulk" if bulk[worst] <= tail[worst] else "tail"
    thinned = bool(ess >= settings.ranked_draws)
    return {
        "simulation": simulation.number,
        "true_tau": simulation.tau,
        "divergences": draws.divergences,
        "max_treedepth_hits": draws.max_treedepth_hits,
        "gradients": draws.gradients,
        "r_hat": float(r_hat.max()),
        "ess_bulk": float(bulk.min()),
        "ess_tail": float(tail.min()),
        "worst": names[worst],
        "thinned": thinned,
        "reason": ""
        if thinned
        else f"{of} ESS of {names[worst]} is {ess:.0f}, below the {settings.ranked_draws} ranked",
    }


def tables(results: Sequence[Result]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Gather what `calibrate` yields: ranks, fits, and times (simulation, seconds)."""
    ranks = pd.DataFrame(
        {
            name: np.concatenate([columns[name] for columns, _, _ in results if columns] or [[]])
            for name in COLUMNS
        }
    )
    fits = pd.DataFrame([fit for _, fit, _ in results])
    times = fits[["simulation"]].assign(seconds=[seconds for _, _, seconds in results])
    return ranks, fits, times


def _failed(simulation: Simulation, reason: str) -> dict[str, Any]:
    return {
        "simulation": simulation.number,
        "true_tau": simulation.tau,
        "divergences": 0,
        "max_treedepth_hits": 0,
        "gradients": 0,
        "r_hat": np.nan,
        "ess_bulk": 0.0,
        "ess_tail": 0.0,
        "worst": "",
        "thinned": False,
        "reason": reason,
    }
