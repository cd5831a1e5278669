"""What the tables of a calibration show, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.families.family import Family
from partial_pooling.grading.pairing import TOLD
from partial_pooling.grading.power import POWER_COUNTS, simulations_needed
from partial_pooling.grading.ranks import EXACT, Calibration
from partial_pooling.grading.settings import POSTERIOR
from partial_pooling.grading.uniformity import NULL_REPEATS
from partial_pooling.words import listed


def sentences(
    calibration: Calibration,
    tables: Mapping[str, pd.DataFrame],
    settings: Mapping[str, Any],
    family: Family,
) -> list[str]:
    """Say what the tables show, a sentence or two a finding.

    Parameters
    ----------
    calibration
        All simulations.
    tables
        `uniformity`, `paired`, `by_tau`, `power` and `fared` by these names.
    settings
        `truths`, `chains`, `draws`, `tune`, `target_accept`, `ranked_draws` of the fits.
    family
        Of the data.
    """
    tests = tables["uniformity"]
    of_all = tests[tests["fits"] == "all"]
    count = calibration.fits["simulation"].nunique()
    drawn = (
        f"from the exact posterior of these data with these {family.design}, and each model "
        "fitted to each together with these data"
        if settings["truths"] == POSTERIOR
        else f"from the prior with these {family.design}, and each model fitted to each"
    )
    said = [
        f"{count:,} data sets were simulated {drawn} ({settings['chains']} chains of "
        f"{settings['draws']:,} draws after {settings['tune']:,} tuning steps, target_accept "
        f"{settings['target_accept']:g}). Where a sampler is right, the rank of the truth among "
        f"{calibration.ranked_draws} of the draws is uniform."
    ]
    right = [
        source
        for source in calibration.models
        if of_all["uniform"][of_all["source"] == source].to_numpy().all()
        and (of_all["source"] == source).any()
    ]
    for source in calibration.sources:
        rows = of_all[of_all["source"] == source]
        bad = rows[~rows["uniform"]]
        if rows.empty:
            said.append(f"{source}: sampling failed every time; there is nothing to rank.")
        elif source == EXACT:
            said.append(
                "The control, the truth's position in the exact posterior of the same data, is "
                + (
                    f"not seen to depart from uniform (smallest p {_p(rows['p_corrected'].min())}, "
                    f"corrected for {len(of_all)} tests): nothing speaks against the simulation "
                    "and the exact answer. It takes no part in ranking the truth among draws."
                    if bad.empty
                    else "not uniform: simulation or exact answer is at fault, and nothing here "
                    "counts."
                )
            )
        elif source not in right:
            worst = bad.sort_values("p_corrected", kind="stable")
            which = ", ".join(
                f"{row['variable']} (p {_p(row['p_corrected'])})"
                for row in worst.head(3).to_dict("records")
            )
            more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
            said.append(
                f"{source}: ranks are not uniform for {which}{more}, corrected for "
                f"{len(of_all)} tests. "
                + _said_of_ends(calibration, source, worst["variable"].iloc[0])
            )
        elif source == right[0]:
            least = of_all["p_corrected"][of_all["source"].isin(right)].min()
            said.append(
                f"{listed(right)}: no variable's ranks are seen to depart from uniform (smallest "
                f"p {_p(least)}, corrected for {len(of_all)} tests)."
            )
    said += _said_of_pairs(tables["paired"])
    said += _said_of_fits(tables["fared"], calibration.ranked_draws)
    for model in calibration.models:
        cells = tables["by_tau"][tables["by_tau"]["model"] == model]
        # a range in which every fit failed has no error
        by_error = cells.sort_values("error", key=np.abs, kind="stable", na_position="first")
        worst_bin = by_error.to_dict("records")[-1]
        if abs(worst_bin["error"]) > 4 * worst_bin["error_se"]:
            high = "high" if worst_bin["error"] > 0 else "low"
            said.append(
                f"{model} is furthest off, of {len(cells)} ranges of the true tau, between "
                f"{worst_bin['tau_low']:.2g} and {worst_bin['tau_high']:.2g}: there its mean of "
                f"log tau is too {high} by {abs(worst_bin['error']):.2g} exact posterior standard "
                f"deviations on average (standard error {worst_bin['error_se']:.1g})."
            )
        if not (
            of_all["uniform"][of_all["source"] == model].all()
            and tables["paired"]["right"][tables["paired"]["source"] == model].all()
        ):
            said += _said_of_power(tables["power"], model)
    return said


def _said_of_pairs(pairs: pd.DataFrame) -> list[str]:
    """What the ranks say, paired with the exact positions of the same truths."""
    of_source = pairs.groupby("source", sort=False)["right"].all()
    right, said = [str(source) for source in of_source.index[of_source]], []
    paired = "each rank paired with the exact probability below the same truth"
    for source in map(str, of_source.index[~of_source]):
        rows = pairs[pairs["source"] == source]
        bad = rows[~rows["right"]]
        worst = bad.sort_values("p_corrected", kind="stable").to_dict("records")[0]
        surest = max(TOLD, key=lambda name: abs(worst[name]) / worst[f"{name}_se"])
        said.append(
            f"{source}, {paired}, differs for {len(bad)} of {len(rows)} variables, most surely for "
            f"{worst['variable']} (p {_p(worst['p_corrected'])}, corrected for {len(pairs)} "
            f"tests): {SAID[surest](worst[surest], worst[f'{surest}_se'])}."
        )
    if right:
        rows = pairs[pairs["source"].isin(right)]
        said.append(
            f"{listed(right)}, {paired}, which removes the scatter of the truths themselves: no "
            f"difference is seen for any variable (smallest p {_p(rows['p_corrected'].min())}, "
            f"corrected for {len(pairs)} tests; the mean shift is known to within "
            f"{200 * rows['shift_se'].max():.2g} percentage points or better, two standard errors)."
        )
    return said


def _said_of_fits(fared: pd.DataFrame, ranked_draws: int) -> list[str]:
    """How many fits of each model were poor by themselves."""
    counted = ("too_poor_to_thin", "with_divergences", "with_max_treedepth_hits", "failed")
    fine = (fared.reindex(columns=counted) == 0).all(axis=1)
    said = [
        f"{row['model']}: {row['too_poor_to_thin']:,} of {row['simulations']:,} fits have "
        f"fewer than {ranked_draws} effective draws and could not be thinned to "
        f"nearly independent ones (they are ranked all the same), {row['with_divergences']:,} "
        f"have divergences, {row['with_max_treedepth_hits']:,} reached the largest tree depth, "
        f"{row['failed']:,} failed."
        for row in fared[~fine].to_dict("records")
    ]
    if fine.any():
        said.append(
            f"{listed(fared['model'][fine].tolist())}: every fit has {ranked_draws} "
            "effective draws or more; none has divergences, reached the largest tree depth or "
            "failed."
        )
    return said


def _said_of_shift(shift: float, error: float) -> str:
    return (
        f"{100 * abs(shift):.2g} percentage points {'more' if shift > 0 else 'less'} of the draws "
        "than of the exact posterior lie below the truth on average (standard error "
        f"{100 * error:.1g})"
    )


def _said_of_spread(spread: float, error: float) -> str:
    # Draws of a normal posterior whose sd is a share e too small have, to first order in e, a
    # spread of e E[z phi(z) (2 Phi(z) - 1)] = e / (2 pi sqrt(3)).
    share = 100 * 2 * math.pi * math.sqrt(3)
    return (
        f"its draws are about {share * abs(spread):.2g} % too {'narrow' if spread > 0 else 'wide'} "
        f"(standard error {share * error:.1g}, as of a normal posterior)"
    )


SAID = {"shift": _said_of_shift, "spread": _said_of_spread}


def _said_of_ends(calibration: Calibration, source: str, variable: str) -> str:
    ranks = calibration.rank_table(source)[variable]
    return (
        f"The true {variable} lies below all {calibration.ranked_draws} ranked draws in "
        f"{100 * (ranks == 0).mean():.1f} % of the simulations and above all in "
        f"{100 * (ranks == calibration.ranked_draws).mean():.1f} %; right are "
        f"{100 / calibration.different:.1f} % each."
    )


def _said_of_power(power: pd.DataFrame, model: str) -> list[str]:
    needed, usual, pairs = (
        simulations_needed(power, model, test=test) for test in ("ecdf", "histogram", "paired")
    )
    said = []
    if math.isfinite(needed):
        text = (
            f"{_at(needed).capitalize()} {_round(needed):,} simulations show {model}'s fault four "
            "times in five by the band of the rank ECDF, all variables taken together"
        )
        if math.isfinite(usual):
            text += f"; by the chi-square test of rank histograms it takes about {_round(usual):,}"
        said.append(f"{text}.")
    if math.isfinite(pairs):
        text = f"Paired with exact positions, {_at(pairs)} {_round(pairs):,} simulations show it"
        # of a number that is only bounded there is no ratio
        if pairs > POWER_COUNTS[0] and needed > 1.05 * pairs:
            text += f", {needed / pairs:.2g} times fewer than by ranks alone"
        said.append(f"{text}.")
    return said


def _at(needed: float) -> str:
    return "at most" if needed <= POWER_COUNTS[0] else "about"


def _p(value: float) -> str:
    least = 1 / (NULL_REPEATS + 1)
    return f"= {value:.2g}" if value > 50 * least else "< 0.001"


def _round(value: float) -> int:
    digits = 1 - math.floor(math.log10(value))
    return int(round(value, digits))
