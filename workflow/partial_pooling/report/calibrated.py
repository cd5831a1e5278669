"""What the tables of a calibration show, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.grading.power import POWER_COUNTS, simulations_needed
from partial_pooling.grading.ranks import EXACT, Calibration
from partial_pooling.grading.settings import POSTERIOR
from partial_pooling.grading.uniformity import NULL_REPEATS


def sentences(
    calibration: Calibration, tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]
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
    """
    tests = tables["uniformity"]
    of_all = tests[tests["fits"] == "all"]
    count = calibration.fits["simulation"].nunique()
    drawn = (
        "from the exact posterior of these data with these standard errors, and each model fitted "
        "to each together with these data"
        if settings["truths"] == POSTERIOR
        else "from the prior with these standard errors, and each model fitted to each"
    )
    said = [
        f"{count:,} data sets were simulated {drawn} ({settings['chains']} chains of "
        f"{settings['draws']:,} draws after {settings['tune']:,} tuning steps, target_accept "
        f"{settings['target_accept']:g}). Where a sampler is right, the rank of the truth among "
        f"{calibration.ranked_draws} of the draws is uniform."
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
        elif bad.empty:
            said.append(
                f"{source}: no variable's ranks are seen to depart from uniform (smallest p "
                f"{_p(rows['p_corrected'].min())}, corrected for {len(of_all)} tests)."
            )
        else:
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
    pairs = tables["paired"]
    for model, of_model in pairs.groupby("source", sort=False):
        said.append(_said_of_pairs(str(model), of_model, len(pairs)))
    for row in tables["fared"].to_dict("records"):
        said.append(
            f"{row['model']}: {row['too_poor_to_thin']:,} of {row['simulations']:,} fits have "
            f"fewer than {calibration.ranked_draws} effective draws and could not be thinned to "
            f"nearly independent ones (they are ranked all the same), {row['with_divergences']:,} "
            f"have divergences, {row['with_max_treedepth_hits']:,} reached the largest tree depth, "
            f"{row['failed']:,} failed."
        )
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
            and pairs["right"][pairs["source"] == model].all()
        ):
            said += _said_of_power(tables["power"], model)
    return said


def _said_of_pairs(source: str, rows: pd.DataFrame, tests: int) -> str:
    """What the ranks of a model say, paired with the exact positions of the same truths."""
    bad = rows[~rows["right"]]
    if bad.empty:
        return (
            f"{source}, each rank paired with the exact probability below the same truth, which "
            "takes away that truths scatter: no difference is seen for any variable (smallest p "
            f"{_p(rows['p_corrected'].min())}, corrected for {tests} tests; the mean shift is "
            f"known to within {200 * rows['shift_se'].max():.2g} percentage points or better, two "
            "standard errors)."
        )
    worst = bad.sort_values("p_corrected", kind="stable").to_dict("records")[0]
    return (
        f"{source}, each rank paired with the exact probability below the same truth, differs for "
        f"{len(bad)} of {len(rows)} variables, most surely for {worst['variable']} (p "
        f"{_p(worst['p_corrected'])}, corrected for {tests} tests): "
        f"{100 * abs(worst['shift']):.2g} percentage points "
        f"{'more' if worst['shift'] > 0 else 'less'} of the draws than of the exact posterior lie "
        f"below the truth on average (standard error {100 * worst['shift_se']:.1g})."
    )


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
