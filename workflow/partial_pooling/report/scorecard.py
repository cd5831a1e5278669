"""The page of the scorecard: what each check caught, stopped at for nothing, and adds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from partial_pooling.figures import registry
from partial_pooling.files import intact
from partial_pooling.grading.checks import CHECKS, SCORE_WORDS
from partial_pooling.grading.inference import Interval
from partial_pooling.grading.scorecard import ALL, FALSE_ALARMS, TRUTHS
from partial_pooling.report.captions import filled
from partial_pooling.report.html import Html, figure, table, with_interval
from partial_pooling.report.policy import with_policy
from partial_pooling.tables import read_table
from partial_pooling.words import count, listed, percent, significant

WORDS = {check.name: check.words for check in CHECKS}
SHARES = {"caught": "caught", "false_alarm": "false alarms"}
FEWEST = 20  # bad fits of which a sentence may speak
TRUTH = {
    "accurate": "not accurate: a mean, standard deviation or quantile is further off than the "
    "thresholds of the configuration allow",
    "honest": "not honest: it errs more than its own Monte Carlo error admits, which more draws "
    "do not cure",
}


def render_scorecard(folder: Path, collections: Mapping[str, Any], templates: Path) -> str:
    """Fill the page.

    Parameters
    ----------
    folder
        results/scorecard.
    collections
        By name, what each collection was: number of tables, prior, models, sampling.
    templates
        Folder of the Jinja template `scorecard.html.j2`.
    """
    import jinja2

    found = {
        name: read_table(folder / f"{name}.csv")
        for name in ("checks", "adds", "areas", "thresholds")
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("scorecard.html.j2").render(
        lead=lead(found["checks"], collections),
        findings=[*findings(found["checks"], found["adds"])],
        truths=TRUTH,
        tables=[
            checks_table(found["checks"]),
            adds_table(found["adds"]),
            areas_table(found["areas"]),
            thresholds_table(found["thresholds"]),
        ],
        figures=[
            figure(
                entry.name,
                intact(folder / "figures" / f"{entry.name}.svg").read_bytes(),
                *filled(entry.name, {}),
            )
            for entry in registry.of_category("Scorecard")
        ],
        collections=collections,
    )
    return with_policy(page, templates / "scorecard.html.j2")


def lead(checks: pd.DataFrame, collections: Mapping[str, Any]) -> str:
    """How many fits there were, and how many were bad, in plain text."""
    rows = _overall(checks)
    told = []
    for truth in TRUTHS:
        row = rows[rows["truth"] == truth].iloc[0]
        share = percent(row["bad"] / (row["bad"] + row["good"]))
        told.append(f"{share} {'were not accurate' if truth == 'accurate' else 'not honest'}")
    cells = int(rows["bad"].iloc[0] + rows["good"].iloc[0])
    names = listed([name.replace("_", " ") for name in collections])
    return (
        f"{count(cells, 'graded fit')} of {names}, a fit at each number of "
        f"draws counting as one. Against the exact answers {told[0]}, {told[1]}. All that is said "
        "here is of tables and models like these."
    )


def findings(checks: pd.DataFrame, adds: pd.DataFrame) -> list[str]:
    """What the tables bear, a sentence each; none about fewer than `FEWEST` bad fits."""
    rows, told = _overall(checks), []
    for truth, words in (("accurate", "not accurate"), ("honest", "not honest")):
        of = rows[rows["truth"] == truth].set_index("check")
        if of["bad"].iloc[0] < FEWEST:
            told.append(f"Too few fits were {words} to say what finds them.")
            continue
        told += [
            f"Of the fits that were {words}, {WORDS[name]} caught {_told(of.loc[name], 'caught')}; "
            f"of the others it stopped at {_told(of.loc[name], 'false_alarm')}."
            for name in ("usual", "divergences_any")
        ]
        more = adds[(adds["truth"] == truth) & (adds["draws"] == ALL)].set_index("check")
        if more["missed"].iloc[0] >= FEWEST:
            best = str(more["caught"].idxmax())
            told.append(
                f"Where R-hat and ESS are quiet, {int(more['missed'].iloc[0]):,} were {words} "
                f"still. {WORDS[best][0].upper()}{WORDS[best][1:]} caught most of these: "
                f"{_told(more.loc[best], 'caught')}, for false alarms at "
                f"{_told(more.loc[best], 'false_alarm')}."
            )
    return told


def checks_table(checks: pd.DataFrame) -> Html:
    """Each check at its customary threshold."""
    rows = _overall(checks)
    frame = pd.DataFrame({"check": [WORDS[name] for name in rows["check"].unique()]})
    for truth in TRUTHS:
        of = rows[rows["truth"] == truth]
        for name, words in SHARES.items():
            frame[f"{_short(truth)}: {words}"] = _cells(of, name)
    honest = rows[rows["truth"] == "honest"]
    frame["not honest if it stops"] = _cells(honest, "wrong_if_raised")
    frame["not honest if quiet"] = _cells(honest, "wrong_if_quiet")
    return table(
        frame,
        {},
        "Each check at its customary threshold: share of bad fits that it catches, share of the "
        "others that it stops at, and how often a fit is not honest where it stops and where it "
        "is quiet. 95 % intervals (Korn and Graubard), tables being the independent unit.",
        "checks",
    )


def adds_table(adds: pd.DataFrame) -> Html:
    """What each further check adds to R-hat and ESS."""
    rows = adds[adds["draws"] == ALL]
    frame = pd.DataFrame({"check": [WORDS[name] for name in rows["check"].unique()]})
    for truth in TRUTHS:
        of = rows[rows["truth"] == truth]
        for name, words in SHARES.items():
            frame[f"{_short(truth)}: {words}"] = _cells(of, name)
    missed = {truth: int(rows[rows["truth"] == truth]["missed"].iloc[0]) for truth in TRUTHS}
    return table(
        frame,
        {},
        "What each check adds: shares among the fits at which R-hat and both ESS are quiet, of "
        f"which {missed['accurate']:,} are not accurate and {missed['honest']:,} not honest.",
        "adds",
    )


def areas_table(areas: pd.DataFrame) -> Html:
    """Areas under the characteristics, by what of the fit is bad."""
    rows = areas[(areas["draws"] == ALL) & (areas["truth"] == "honest")]
    frame = pd.DataFrame({"check as a number": list(SCORE_WORDS.values())})
    for part in rows["part"].unique():
        of = rows[rows["part"] == part].set_index("score").loc[list(SCORE_WORDS)]
        frame["all variables" if part == ALL else f"{part} alone"] = _cells(of, "area", two)
    return table(
        frame,
        {},
        "Chance that a check, as a number, ranks a fit that is not honest behind one that is "
        "(area under its characteristic), where all variables count, and for some alone. 95 % "
        "intervals (Obuchowski).",
        "areas",
    )


def thresholds_table(thresholds: pd.DataFrame) -> Html:
    """Thresholds for a stated rate of false alarms."""
    frame = pd.DataFrame(
        {
            "fit is": [_short(truth) for truth in thresholds["truth"]],
            "check": [SCORE_WORDS[name] for name in thresholds["score"]],
            "threshold": thresholds["threshold"],
            "caught": _cells(thresholds, "caught"),
            "false alarms": _cells(thresholds, "false_alarm"),
        }
    )
    return table(
        frame,
        {"threshold": significant(3)},
        f"Thresholds at which a check stops at {percent(FALSE_ALARMS)} of the good fits of every "
        "second table, and what they do on the other tables, which did not choose them.",
        "thresholds",
    )


two = "{:.2f}".format


def _overall(checks: pd.DataFrame) -> pd.DataFrame:
    return checks[(checks["part"] == ALL) & (checks["draws"] == ALL)]


def _short(truth: str) -> str:
    return f"not {truth}"


def _interval(row: Any, name: str) -> Interval:
    return Interval(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _told(row: Any, name: str) -> str:
    value, low, high = _interval(row, name)
    return f"{percent(value)} ({percent(low)} to {percent(high)})"


def _cells(rows: pd.DataFrame, name: str, form: Any = percent) -> list[Any]:
    return [with_interval(_interval(row, name), form) for _, row in rows.iterrows()]
