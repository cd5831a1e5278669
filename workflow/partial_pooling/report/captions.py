"""What to see in each figure, computed from the tables, in the slots of the registry's words."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from partial_pooling.figures import registry
from partial_pooling.figures.decision import MOST_ROWS
from partial_pooling.report.results import Results
from partial_pooling.report.side import side
from partial_pooling.words import (
    chance,
    count,
    first_upper,
    fixed,
    percent,
    signed,
    significant,
    symbol,
)

type Slots = dict[str, str]  # what stands in the slots of a figure's alternative text and caption


def caption(results: Results, figure: str) -> tuple[str, str] | None:
    """Alternative text and caption of a figure, by its file's name without the ending.

    None if there is nothing to see in it.
    """
    found = FOUND[figure](results) if figure in FOUND else {}
    return None if found is None else filled(figure, {"shown": _of_shown(results)} | found)


def filled(name: str, slots: Slots) -> tuple[str, str]:
    """Alternative text and caption of a figure with what stands in their slots."""
    entry = next(entry for entry in registry.FIGURES if entry.name == name)
    slots = {"found": "", "told": ""} | slots
    try:
        return entry.alternative.format_map(slots), entry.caption.format_map(slots)
    except KeyError as slot:
        raise KeyError(
            f"figure {name}: no value for {slot}; see FOUND in report.captions"
        ) from None


FIGURES = registry.in_report()

# What there is to see in the figures of a calibration is told in sentences beside them.
CALIBRATION = {
    entry.name: filled(
        entry.name,
        {
            "ranks": "The same ranks"
            if entry.name == "calibration_ranks"
            else "Ranks of the truth among the draws"
        },
    )
    for entry in registry.shown("Calibration")
}


def _forest(results: Results) -> Slots:
    groups, theta, units = results.groups, results.theta, results.units
    moves = np.abs(theta["centre"].to_numpy() - groups.estimate)
    far = int(np.argmax(moves))
    return {
        "groups": count(len(groups), "group"),
        "estimates": f"{units(groups.estimate.min())} to {units(groups.estimate.max())}",
        "centre": "mean" if results.centre == "mean" else "median",
        "pooled": f"{units(theta['centre'].min())} to {units(theta['centre'].max())}",
        "new": results.interval("theta_new"),
        "mu": results.interval("mu"),
        "found": f" {groups.names[far]} moves furthest, from {units(groups.estimate[far])} to "
        f"{units(theta['centre'].iloc[far])}.{_axes(results)}",
    }


def _axes(results: Results) -> str:
    words = ""
    if results.reading and results.measure:
        words = (
            f" Numbers and the axis below have the {results.reading.name}, the axis above the "
            f"{results.measure.label}."
        )
    if results.measure and results.measure.null is not None:
        words += " The dotted line is no effect."
    return words


def _prior_posterior(results: Results) -> Slots:
    told = []
    for name, prior in (("mu", results.prior.mu), ("tau", results.prior.tau)):
        posterior = results.interval(name)
        if prior.is_proper:
            ends = " to ".join(results.units(prior.quantile(p)) for p in (0.025, 0.975))
            told.append(f" 95 % of {symbol(name)} lie in {ends} by the prior, in {posterior} now.")
        else:
            told.append(f" The prior of {symbol(name)} is flat; now 95 % lie in {posterior}.")
    return {"found": "".join(told)}


def _divergences(results: Results) -> Slots:
    each = [
        f"{model}: {_diverged(row, results)}, {percent(row['neck_5'])} of the draws below the "
        "dashed line"
        for model, row in results.shown.iterrows()
    ]
    return {"group": results.groups.names[0], "found": _sentence(each)}


def _funnel_neck(results: Results) -> Slots:
    each = [
        f"{model} has {percent(row['neck_1'])} of its draws below the exact 1 % quantile, "
        f"{percent(row['neck_5'])} below the 5 % and {percent(row['neck_25'])} below the 25 % one"
        for model, row in results.shown.iterrows()
    ]
    return {"found": _sentence(each)}


def _densities(results: Results) -> Slots:
    each = "; ".join(
        f"{model}: {significant(2)(row['kolmogorov'])}" for model, row in results.shown.iterrows()
    )
    return {
        "found": f" Largest gap between the distributions of log τ: {each}.",
        "told": " Largest gap between the sampled and the exact distribution function of log τ "
        f"(0: the same; 1: nothing in common): {each}.",
    }


def _traces(results: Results) -> Slots:
    each = [
        f"{model}: largest R-hat {fixed(3)(row['r_hat_max'])}, smallest bulk ESS "
        f"{fixed(0)(row['ess_bulk_min'])}"
        for model, row in results.shown.iterrows()
    ]
    return {"found": _sentence(each)}


def _log_tau(results: Results) -> Slots:
    each = [f"{model}: {_diverged(row, results)}" for model, row in results.shown.iterrows()]
    return {"found": _sentence(each)}


def _cumulative_mean(results: Results) -> Slots:
    exact = results.value("log_tau")
    rows = _of_variable(results, "log_tau")
    each = [
        f"{model} ends at {significant(3)(row['mean'])}" + _off(row["z"])
        for model, row in rows.iterrows()
    ]
    line = (
        f" The black line is the exact mean, {fixed(4)(exact)}."
        if math.isfinite(exact)
        else " The exact mean of log τ does not exist."
    )
    return {"found": line + _sentence(each)}


def _off(z: float) -> str:
    return "" if math.isnan(z) else f", {signed(z, fixed(1))} standard errors off"


def _z_scores(results: Results) -> Slots:
    here = results.estimates[results.estimates["variable"].isin(["mu", "tau", "log_tau"])]
    each = []
    for model, z in here.dropna(subset="z").groupby("model", sort=False)["z"]:
        each.append(f"{model}: {percent(float((z.abs() > 2).mean()))} of the points beyond ±2")
    return {"found": _sentence(each) or " No exact mean exists, so there is no z."}


def _error(results: Results) -> Slots:
    each = []
    rows = results.accuracy[results.accuracy["variable"] == "log_tau"]
    for model, of_model in rows.groupby("model", sort=False):
        rmse = np.sqrt((of_model["rmse"] ** 2).groupby(of_model["draws"]).mean())
        if len(rmse) > 1 and rmse.notna().all():
            each.append(
                f"{model}: {significant(2)(rmse.iloc[0])} at {rmse.index[0]:,} draws, "
                f"{significant(2)(rmse.iloc[-1])} at {rmse.index[-1]:,}"
            )
    seeds = len(results.settings["sampling"]["seeds"])
    return {
        "seeds": count(seeds, "seed"),
        "found": f" Log τ, all target_accepts together:{_sentence(each)}" if each else "",
        "told": " With few seeds each point is itself uncertain." if seeds < 20 else "",
    }


def _estimates(results: Results) -> Slots:
    accepts = sorted(results.fits["target_accept"].unique())
    return {
        "group": results.groups.names[0],
        "at": f"the lowest and the highest target_accept ({accepts[0]:g} and {accepts[-1]:g})"
        if len(accepts) > 1
        else f"target_accept {accepts[0]:g}",
    }


def _target_accept(results: Results) -> Slots | None:
    if results.last["target_accept"].nunique() == 1:
        return None
    each = []
    for model, rows in results.last.groupby("model", sort=False):
        cost = rows.groupby("target_accept")["ess_per_1000_gradients"].mean()
        if len(cost) > 1 and cost.notna().any():
            each.append(
                f"{model}: most effective draws per gradient at target_accept {cost.idxmax():g} "
                "(mean over seeds)"
            )
    return {"found": _sentence(each)}


def _shrinkage(results: Results) -> Slots:
    median, ends = results.in_units("tau", "q50"), results.interval("tau")
    told = f" (median {median}, 95 % interval {ends})"
    return {"median": median, "ends": ends, "told": told}


def _ranks(results: Results) -> Slots | None:
    if results.ranks["expected_rank"].isna().any():
        return None
    if "rank_1" in results.ranks:
        mark = ": the darker, the more probable; the upright mark is the expected rank."
        return {"found": mark}
    return {"found": f", as expected, of all {len(results.ranks):,} groups in that order."}


def _influence(results: Results) -> Slots | None:
    beyond = side(results)
    told = beyond.share(results.influence[results.influence["reason"] == ""]["mu_above"])
    if not len(told):
        return None
    least, most = chance(float(told.min())), chance(float(told.max()))
    found = f" P(μ {beyond.sign} c) is {least} without {told.idxmin()} and "
    found += f"{most} without {told.idxmax()}."
    if least == most:
        found = f" P(μ {beyond.sign} c) is {least} without each."
    if len(told) > MOST_ROWS:
        found += f" Of {len(told):,} groups the {MOST_ROWS} are drawn without which μ moves most."
    return {"beyond": beyond.word, "found": found}


def _usual_priors(results: Results) -> Slots | None:
    told = results.priors[results.priors["reason"] == ""]["mu_q50"].iloc[1:]
    if not len(told):
        return None
    ends = dict.fromkeys(results.units(end) for end in (told.min(), told.max()))
    return {"found": f" Medians of μ under the others are {' to '.join(ends)}."}


def _atlas(results: Results) -> Slots | None:
    above, found = results.atlas["mu_above"].dropna(), ""
    if not len(above):
        return None
    if above.between(0.025, 0.975).all() or (above > 0.975).all() or (above < 0.025).all():
        found = " There is no such line in sight."
    return {"beyond": side(results).word, "found": found}


FOUND: dict[str, Callable[[Results], Slots | None]] = {
    "forest": _forest,
    "prior_posterior": _prior_posterior,
    "divergences": _divergences,
    "funnel_neck": _funnel_neck,
    "densities": _densities,
    "traces": _traces,
    "log_tau": _log_tau,
    "cumulative_mean": _cumulative_mean,
    "z_scores": _z_scores,
    "error": _error,
    "estimates": _estimates,
    "target_accept": _target_accept,
    "shrinkage": _shrinkage,
    "ranks": _ranks,
    "influence": _influence,
    "usual_priors": _usual_priors,
    "atlas": _atlas,
}


def _of_shown(results: Results) -> str:
    sampling = results.settings["sampling"]
    return (
        f"one fit of each model (seed {sampling['seeds'][0]}, target_accept "
        f"{sampling['target_accept'][0]:g}, {count(sampling['chains'], 'chain')} of "
        f"{results.draws:,} draws)"
    )


def _diverged(row: pd.Series[float], results: Results) -> str:
    number = f"{int(row['divergences']):,}" if row["divergences"] else "none"
    return f"{number} of {results.transitions:,} transitions diverged"


def _of_variable(results: Results, variable: str) -> pd.DataFrame:
    """Estimates of a variable by the fits that figures show, by model."""
    sampling = results.settings["sampling"]
    rows = results.estimates
    by_model: pd.DataFrame = rows[
        (rows["variable"] == variable)
        & (rows["draws"] == results.draws)
        & (rows["seed"] == sampling["seeds"][0])
        & (rows["target_accept"] == sampling["target_accept"][0])
    ].set_index("model")
    return by_model


def _sentence(parts: list[str]) -> str:
    """What is said of each model as one sentence, to follow another; nothing if nothing is."""
    return " " + first_upper(f"{'; '.join(parts)}.") if parts else ""
