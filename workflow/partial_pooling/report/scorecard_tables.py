"""The tables of the scorecard, for its page and for docs/scorecard.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from partial_pooling.grading.checks import CHECKS, SCORE_WORDS
from partial_pooling.grading.inference import Interval
from partial_pooling.grading.over_tables import GROUPS, RATIOS
from partial_pooling.grading.scorecard import ALL, FALSE_ALARMS, TRUTHS
from partial_pooling.report.html import Html, formats_of, table
from partial_pooling.words import PERCENTS, Column, Format, first_upper, fixed, percent

WORDS = {check.name: check.words for check in CHECKS}
LEAST = 1e-4  # of a share that is told
SHARES = {"caught": "caught", "false_alarm": "false alarms"}
PARTS_OF = {ALL: "all variables", "mu": "mu alone", "tau": "tau alone", "theta": "thetas alone"}


class Tabled(NamedTuple):
    """A table that is written as HTML or Markdown.

    Attributes
    ----------
    name
        Its id.
    frame
        Text, whole numbers, and `Interval`.
    caption
        What it holds.
    forms
        How to write the numbers of a column; by default intervals are of shares, in percent.
    """

    name: str
    frame: pd.DataFrame
    caption: str
    forms: dict[str, Format | Column]

    def html(self) -> Html:
        """For a page."""
        return table(self.frame, self._formats(), self.caption, self.name)

    def markdown(self) -> str:
        """For a document."""
        lines = [[str(name) for name in self.frame], ["---"] * self.frame.shape[1]]
        forms = formats_of(self.frame, self._formats())
        lines += [
            [
                in_words(value, form) if isinstance(value, Interval) else form(value)
                for value, form in zip(row, forms, strict=True)
            ]
            for row in self.frame.itertuples(index=False)
        ]
        body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"{body}\n\n{self.caption}\n"

    def _formats(self) -> dict[str, Format | Column]:
        formats: dict[str, Format | Column] = {}
        for name, cells in self.frame.items():
            if pd.api.types.is_numeric_dtype(cells):
                formats[str(name)] = "{:,}".format
            elif any(isinstance(value, Interval) for value in cells):
                formats[str(name)] = PERCENTS
        return formats | self.forms


def share(value: float) -> str:
    """In percent; the ends of intervals of few tables may be nearly nothing."""
    if 0 < value < LEAST:
        return f"under {percent(LEAST)}"
    return f"over {percent(1 - LEAST)}" if 1 - LEAST < value < 1 else percent(value)


def in_words(interval: Interval, form: Format = share) -> str:
    """A number with its interval in brackets."""
    if math.isnan(interval.value):
        return "–"
    value = form(interval.value)
    if math.isnan(interval.low):
        return value
    return f"{value} ({form(interval.low)} to {form(interval.high)})"


def interval(row: Any, name: str) -> Interval:
    """A share, with its interval, of a row of the scorecard's tables."""
    return Interval(float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"]))


def overall(checks: pd.DataFrame) -> pd.DataFrame:
    """Rows of all variables and numbers of draws."""
    return checks[(checks["part"] == ALL) & (checks["draws"] == ALL)]


def models_table(models: pd.DataFrame) -> Tabled:
    """How many fits were bad."""
    frame = models[["groups", "model", "tables", "fits"]].assign(
        **{f"not {truth}": _cells(models, f"not_{truth}") for truth in TRUTHS}
    )
    return Tabled(
        "models",
        frame,
        "Fits of each model to tables of each number of groups, and how many were bad, over all "
        "numbers of draws.",
        {},
    )


def checks_table(checks: pd.DataFrame) -> Tabled:
    """Each check at its customary threshold."""
    rows = overall(checks)
    frame = _of_checks(rows)
    honest = rows[rows["truth"] == "honest"]
    frame["not honest if it stops"] = _cells(honest, "wrong_if_raised")
    frame["not honest if quiet"] = _cells(honest, "wrong_if_quiet")
    return Tabled(
        "checks",
        frame,
        "Each check at its customary threshold: share of bad fits that it catches, share of the "
        "others that it stops at, and how often a fit is not honest where it stops and where it "
        "is quiet. 95 % intervals (Korn and Graubard), tables being the independent unit.",
        {},
    )


def parts_table(checks: pd.DataFrame) -> Tabled:
    """What each check caught of fits that are not honest in some variables."""
    rows = checks[(checks["truth"] == "honest") & (checks["draws"] == ALL)]
    frame = pd.DataFrame({"check": _names(rows)})
    bad = []
    for part, words in PARTS_OF.items():
        of = rows[rows["part"] == part]
        frame[words] = _cells(of, "caught")
        bad.append(f"{int(of['bad'].iloc[0]):,} ({words})")
    return Tabled(
        "parts",
        frame,
        "Share of the fits that each check catches among those that are not honest in some "
        f"variables: of {', '.join(bad)}.",
        {},
    )


def adds_table(adds: pd.DataFrame) -> Tabled:
    """What each further check adds to R-hat and ESS."""
    rows = adds[adds["draws"] == ALL]
    missed = {truth: int(rows[rows["truth"] == truth]["missed"].iloc[0]) for truth in TRUTHS}
    return Tabled(
        "adds",
        _of_checks(rows),
        "What each check adds: shares among the fits at which R-hat and both ESS are quiet, of "
        f"which {missed['accurate']:,} are not accurate and {missed['honest']:,} not honest.",
        {},
    )


def areas_table(areas: pd.DataFrame) -> Tabled:
    """Areas under the characteristics, by what of the fit is bad."""
    rows = areas[(areas["draws"] == ALL) & (areas["truth"] == "honest")]
    frame = pd.DataFrame({"check as a number": list(SCORE_WORDS.values())})
    for part, words in PARTS_OF.items():
        of = rows[rows["part"] == part].set_index("score").loc[list(SCORE_WORDS)]
        frame[words] = _cells(of, "area")
    return Tabled(
        "areas",
        frame,
        "Chance that a check, as a number, ranks a fit that is not honest behind one that is "
        "(area under its characteristic), where all variables count, and for some alone. 95 % "
        "intervals (Obuchowski).",
        dict.fromkeys(PARTS_OF.values(), fixed(2)),
    )


def areas_by_draws_table(areas: pd.DataFrame) -> Tabled:
    """Areas under the characteristics, by number of draws."""
    rows = areas[(areas["part"] == ALL) & (areas["truth"] == "honest") & (areas["draws"] != ALL)]
    frame = pd.DataFrame({"check as a number": list(SCORE_WORDS.values())})
    for draws in sorted(rows["draws"].astype(int).unique()):
        of = rows[rows["draws"] == str(draws)].set_index("score").loc[list(SCORE_WORDS)]
        frame[f"{draws:,} draws"] = _cells(of, "area")
    return Tabled(
        "areas_by_draws",
        frame,
        "The same area, of all variables, among fits with equally many draws a chain.",
        dict.fromkeys(map(str, frame.columns[1:]), fixed(2)),
    )


def thresholds_table(thresholds: pd.DataFrame) -> Tabled:
    """Thresholds for a stated rate of false alarms, at the most draws."""
    rows, draws = at_most_draws(thresholds)
    frame = pd.DataFrame(
        {
            "fit is": [f"not {truth}" for truth in rows["truth"]],
            "check": [SCORE_WORDS[name] for name in rows["score"]],
            "threshold": rows["threshold"].to_numpy(),
            "caught": _cells(rows, "caught"),
            "false alarms": _cells(rows, "false_alarm"),
        }
    )
    return Tabled(
        "thresholds",
        frame,
        f"Thresholds at which a check stops at {percent(FALSE_ALARMS)} of the good fits with "
        f"{draws:,} draws a chain of every second table, and what they do on the other tables, "
        "which did not choose them.",
        {"threshold": "{:,.4g}".format},  # each in its own unit
    )


def limits_table(limits: pd.DataFrame) -> Tabled:
    """What the alarms catch at several thresholds of divergences, at the most draws."""
    rows, draws = at_most_draws(limits)
    frame = pd.DataFrame({"divergences above": list(rows["limit"].unique())})
    for half, told in (("chooses", "tables that choose"), ("tells", "others")):
        of = rows[rows["half"] == half]
        for name, words in SHARES.items():
            frame[f"{told}: {words}"] = _cells(of, name)
    frame["others: not honest if quiet"] = _cells(rows[rows["half"] == "tells"], "wrong_if_quiet")
    return Tabled(
        "limits",
        frame,
        f"This project's alarms of fits with {draws:,} draws a chain, at several thresholds of the "
        "share of divergent transitions: share of the fits that are not honest that they catch, "
        "share of the others that they stop at.",
        {"divergences above": percent},
    )


def at_most_draws(rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Rows of the largest number of draws, and this number."""
    draws = int(rows.loc[rows["draws"] != ALL, "draws"].astype(int).max())
    return rows[rows["draws"] == str(draws)], draws


def map_table(maps: pd.DataFrame, check: str) -> Tabled:
    """Where a check catches fits that are not honest."""
    rows = maps[(maps["truth"] == "honest") & (maps["check"] == check)]
    cells = rows.set_index(["groups", "ratio"])
    groups, ratios = (sorted(set(rows[name].tolist())) for name in ("groups", "ratio"))
    frame = pd.DataFrame({"groups": [range_name(GROUPS, place) for place in groups]})
    for ratio in ratios:
        frame[f"τ {range_name(RATIOS, ratio)}"] = [
            _caught(cells.loc[(place, ratio)]) if (place, ratio) in cells.index else "–"
            for place in groups
        ]
    return Tabled(
        f"map_{check}",
        frame,
        f"{first_upper(WORDS[check])}: of the fits that were not honest, the share caught, by "
        "number of groups and exact median of τ over the typical error.",
        {},
    )


def range_name(edges: Sequence[float], place: int) -> str:
    """A range of `GROUPS`, which are whole numbers, or `RATIOS`, by the place of its lower edge."""
    low, high = edges[place], edges[place + 1]
    if not math.isfinite(high):
        return f"{low:g} or more"
    return f"{low:g} to {high - (edges is GROUPS):g}"


def _names(rows: pd.DataFrame) -> list[str]:
    return [WORDS[name] for name in rows["check"].unique()]


def _of_checks(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a check: caught and false alarms, for each truth."""
    frame = pd.DataFrame({"check": _names(rows)})
    for truth in TRUTHS:
        of = rows[rows["truth"] == truth]
        for name, words in SHARES.items():
            frame[f"not {truth}: {words}"] = _cells(of, name)
    return frame


def _cells(rows: pd.DataFrame, name: str) -> Any:
    return pd.Series([interval(row, name) for _, row in rows.iterrows()], dtype=object).to_numpy()


def _caught(cell: Any) -> str:
    return f"{in_words(interval(cell, 'caught'))} of {int(cell['bad']):,}" if cell["bad"] else "–"
