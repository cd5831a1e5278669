"""The sentences of the scorecard, from its tables, for its page and for docs/scorecard.md."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from partial_pooling.grading.checks import SCORE_WORDS
from partial_pooling.grading.over_tables import GROUPS, RATIOS
from partial_pooling.grading.scorecard import (
    ALL,
    FALSE_ALARMS,
    LEAST_CAUGHT,
    TRUTHS,
    chosen_limit,
)
from partial_pooling.report.scorecard_tables import (
    WORDS,
    at_most_draws,
    in_words,
    interval,
    overall,
    range_name,
)
from partial_pooling.study.settings import Thresholds
from partial_pooling.words import count, first_upper, fixed, listed, percent

FEWEST = 20  # bad fits of which a sentence may speak
BAD = {truth: f"not {truth}" for truth in TRUTHS}
TRUTH = {
    "accurate": "not accurate: a mean, standard deviation or quantile is further off than the "
    "thresholds of the configuration allow",
    "honest": "not honest: it errs more than its own Monte Carlo error admits, which more draws "
    "do not cure; at the default honest_level chance alone says so of one fit of a right sampler "
    f"in {1 / Thresholds().honest_level:,.0f} at most",
}
SPOKEN_OF = ("usual", "divergences_any", "alarms")


def lead(models: pd.DataFrame, checks: pd.DataFrame) -> str:
    """How many fits there were, and how many were bad."""
    rows: Any = overall(checks).drop_duplicates("truth").set_index("truth")
    cells = int(rows.loc["honest", ["bad", "good"]].sum())
    share = {truth: percent(rows.loc[truth, "bad"] / cells) for truth in TRUTHS}
    tables = models.drop_duplicates("groups")
    sizes = listed([f"{of.tables:,} with {of.groups} groups" for of in tables.itertuples()])
    fits, of_all = int(models["fits"].sum()), int(tables["tables"].sum())
    return (
        f"{count(fits, 'fit')} of {count(of_all, 'table')} ({sizes}), each looked at after several "
        f"numbers of draws: {cells:,} in all, a fit at each number of draws counting as one. "
        f"Against the exact answers {share['accurate']} "
        f"were not accurate, {share['honest']} not honest. All that is said here is of tables and "
        "models like these."
    )


def findings(checks: pd.DataFrame) -> list[str]:
    """What the checks that people use most caught, a sentence each."""
    told = []
    for truth in TRUTHS:
        of = _by_check(overall(checks), truth)
        if of["bad"].iloc[0] < FEWEST:
            told.append(_too_few(truth))
            continue
        told += [
            f"Of the fits that were {BAD[truth]}, {WORDS[name]} caught {_told(of, name)}; "
            f"of the others it stopped at {_told(of, name, 'false_alarm')}."
            for name in SPOKEN_OF
        ]
    return told


def of_checks(checks: pd.DataFrame) -> str:
    """Which check catches most, and which of those that rarely stop for nothing."""
    of = _by_check(overall(checks), "honest")
    if of["bad"].iloc[0] < FEWEST:
        return _too_few("honest")
    most = str(of["caught"].idxmax())
    told = (
        f"Of the fits that were not honest, most were caught by {WORDS[most]}: "
        f"{_told(of, most)}, and {_told(of, most, 'false_alarm')} of the others with them."
    )
    calm = of[(of["false_alarm"] <= FALSE_ALARMS) & (of["caught"] > 0)]
    if calm.empty:
        return (
            f"{told} None that caught any stopped at less than {percent(FALSE_ALARMS)} of the "
            "others."
        )
    best = str(calm["caught"].idxmax())
    if len(calm) == 1:
        return (
            f"{told} Of those that caught any, only {WORDS[best]} stopped at no more than "
            f"{percent(FALSE_ALARMS)} of the others: it caught {_told(of, best)}."
        )
    return (
        f"{told} Of the checks that stopped at no more than {percent(FALSE_ALARMS)} of the "
        f"others, {WORDS[best]} caught most: {_told(of, best)}."
    )


def of_adds(adds: pd.DataFrame) -> str:
    """What the others catch where R-hat and ESS are quiet."""
    told = []
    for truth in TRUTHS:
        of = _by_check(adds[adds["draws"] == ALL], truth)
        missed = int(of["missed"].iloc[0])
        if missed < FEWEST:
            told.append(
                f"Where R-hat and ESS are quiet, only {count(missed, 'fit')} "
                f"{'was' if missed == 1 else 'were'} {BAD[truth]}: too few to say what finds them."
            )
            continue
        best = str(of["caught"].idxmax())
        told.append(
            f"Where R-hat and ESS are quiet, {missed:,} fits were {BAD[truth]} still. "
            f"{first_upper(WORDS[best])} caught most of these: {_told(of, best)}, for false "
            f"alarms at {_told(of, best, 'false_alarm')}."
        )
    return " ".join(told)


def of_areas(areas: pd.DataFrame) -> str:
    """Which number ranks best, and which does no better than chance."""
    rows = areas[(areas["truth"] == "honest") & (areas["part"] == ALL) & (areas["draws"] == ALL)]
    of: Any = rows.set_index("score").dropna(subset="area")
    if of.empty:
        return "All fits were honest, or none: nothing can be ranked."
    best = str(of["area"].idxmax())
    told = (
        f"As a number {SCORE_WORDS[best]} ranks fits that are not honest behind the others best: "
        f"area {in_words(interval(of.loc[best], 'area'), fixed(2))}."
    )
    chance = [SCORE_WORDS[str(name)] for name, row in of.iterrows() if row["area_low"] <= 0.5]
    if chance:
        told += f" No better than a coin, as far as these fits tell: {listed(chance)}."
    return told


def of_thresholds(thresholds: pd.DataFrame) -> str:
    """What a threshold for few false alarms catches on other tables, at the most draws."""
    rows, draws = at_most_draws(thresholds)
    of: Any = rows[rows["truth"] == "honest"].set_index("score")
    if not len(of) or of["bad"].iloc[0] < FEWEST:
        return _too_few("honest", f" with {draws:,} draws a chain")
    best = str(of["caught"].idxmax())
    return (
        f"Where thresholds are set to stop at {percent(FALSE_ALARMS)} of the honest fits with "
        f"{draws:,} draws a chain, {SCORE_WORDS[best]} (at {of.loc[best, 'threshold']:.4g}) "
        f"catches most on the tables that did not set them: {_told(of, best)} of "
        f"{int(of['bad'].iloc[0])} fits, for false alarms at {_told(of, best, 'false_alarm')}."
    )


def of_limits(limits: pd.DataFrame) -> str:
    """Which threshold of divergences the alarms need, and what it does on other tables."""
    rows, draws = at_most_draws(limits)
    of: Any = rows[rows["half"] == "tells"].set_index("limit")
    if rows["bad"].min() < FEWEST:
        return _too_few("honest", f" with {draws:,} draws a chain")
    chosen = chosen_limit(limits)
    if math.isnan(chosen):
        return (
            "At no threshold of divergences do this project's alarms catch "
            f"{percent(LEAST_CAUGHT)} of the fits that are not honest."
        )
    told = (
        f"With {draws:,} draws a chain, {percent(chosen)} is the largest of these thresholds of "
        f"divergences at which this project's alarms catch {percent(LEAST_CAUGHT)} of the fits "
        f"that are not honest, on every second table. On the others they catch "
        f"{_told(of, chosen)} there, and stop at {_told(of, chosen, 'false_alarm')} of the rest"
    )
    most = float(of.index.max())
    if chosen == most:
        return f"{told}."
    return f"{told}; at {percent(most)}, {_told(of, most)} and {_told(of, most, 'false_alarm')}."


def of_draws(checks: pd.DataFrame) -> str:
    """How caught and false alarms change from few draws to many."""
    rows = checks[(checks["part"] == ALL) & (checks["draws"] != ALL)]
    numbers = sorted(rows["draws"].astype(int).unique())
    if len(numbers) < 2:
        return "All fits had the same number of draws."
    few, many = (
        _by_check(rows[rows["draws"] == str(n)], "honest") for n in numbers[:: len(numbers) - 1]
    )
    told = [
        f"{WORDS[name]} caught {_told(few, name)} and then {_told(many, name)} of the fits that "
        f"were not honest, with false alarms at {_told(few, name, 'false_alarm')} and then "
        f"{_told(many, name, 'false_alarm')}"
        for name in ("usual", "divergences_any")
    ]
    shares = [percent(of["bad"].iloc[0] / (of["bad"] + of["good"]).iloc[0]) for of in (few, many)]
    return (
        f"From {numbers[0]:,} to {numbers[-1]:,} draws a chain, {shares[0]} and then {shares[1]} "
        f"of the fits were not honest. {first_upper(told[0])}; {told[1]}."
    )


def of_maps(maps: pd.DataFrame) -> str:
    """Where the checks that people use most catch least."""
    told = []
    for name in SPOKEN_OF:
        of: Any = maps[
            (maps["truth"] == "honest") & (maps["check"] == name) & (maps["bad"] >= FEWEST)
        ]
        if of.empty:
            return "Nowhere on the map are enough fits not honest to say where a check fails."
        worst: Any = of.loc[of["caught"].idxmin()]
        told.append(
            f"{WORDS[name]} with {_place(worst)}: {in_words(interval(worst, 'caught'))} of "
            f"{int(worst['bad']):,}"
        )
    return (
        "Where each check catches least of the fits that were not honest, of the cells with "
        f"{FEWEST} or more: {'; '.join(told)}."
    )


def _place(cell: Any) -> str:
    groups = range_name(GROUPS, int(cell["groups"]))
    return f"{groups} groups and τ of {range_name(RATIOS, int(cell['ratio']))} typical errors"


def _by_check(rows: pd.DataFrame, truth: str) -> Any:
    return rows[rows["truth"] == truth].set_index("check")


def _told(of: Any, name: str | float, share: str = "caught") -> str:
    return in_words(interval(of.loc[name], share))


def _too_few(truth: str, which: str = "") -> str:
    return f"Too few fits{which} were {BAD[truth]} to say what finds them."
