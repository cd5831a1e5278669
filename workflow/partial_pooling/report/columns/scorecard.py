"""Columns of the tables of the scorecard."""

from __future__ import annotations

from partial_pooling.report.columns.file import File

# of the scorecard's tables; a cell is a fit at a number of draws
SCORED = {
    "truth": "What makes a cell bad: it is not accurate, or not honest.",
    "draws": "Draws a chain; `all` for all numbers of them.",
    "check": "The check; grading/checks.py has its threshold.",
    "bad": "Number of bad cells.",
    "good": "Number of the others.",
    "caught, caught_low, caught_high": "Share of bad cells that the check stops at, with a 95 % "
    "interval.",
    "false_alarm, false_alarm_low, false_alarm_high": "Share of good cells that it stops at, with "
    "a 95 % interval.",
}

SCORECARD = (
    File(
        "scorecard/models.csv",
        "a number of groups and a model",
        "model",
        {
            "groups": "Number of groups of the tables.",
            "tables, fits, cells": "Numbers of tables, of fits of the model to them, and of cells.",
            "not_accurate, not_accurate_low, not_accurate_high": "Share of the cells that is not "
            "accurate, with a 95 % interval.",
            "not_honest, not_honest_low, not_honest_high": "The same of not honest.",
        },
    ),
    File(
        "scorecard/checks.csv",
        "a truth, a part of the variables, a number of draws and a check",
        "",
        SCORED
        | {
            "part": "Of which variables: all, mu, tau or theta.",
            "wrong_if_raised, wrong_if_raised_low, wrong_if_raised_high": "Of cells that the check "
            "stops at, the share that is bad, with a 95 % interval.",
            "wrong_if_quiet, wrong_if_quiet_low, wrong_if_quiet_high": "The same of cells at which "
            "it is quiet.",
        },
    ),
    File(
        "scorecard/adds.csv",
        "a truth, a number of draws and a check, where R-hat and both ESS are quiet",
        "",
        {name: SCORED[name] for name in SCORED if name not in ("bad", "good")}
        | {"missed": "Number of bad cells there.", "passed": "Number of good cells there."},
    ),
    File(
        "scorecard/areas.csv",
        "a truth, a part of the variables, a number of draws and a check as a number",
        "",
        {
            "truth": SCORED["truth"],
            "part": "Of which variables: all, mu, tau or theta.",
            "draws": SCORED["draws"],
            "score": "Column of fits.parquet.",
            "area, area_low, area_high": "Chance that it ranks a bad cell behind a good one, with "
            "a 95 % interval.",
        },
    ),
    File(
        "scorecard/roc.csv",
        "a truth, a check as a number and a rate of false alarms, of all numbers of draws",
        "",
        {
            "truth": SCORED["truth"],
            "score": "Column of fits.parquet.",
            "false_alarm": "Share of good cells that are stopped at.",
            "caught": "Share of bad cells that are, at the same threshold.",
        },
    ),
    File(
        "scorecard/maps.csv",
        "a truth, a check, and a cell of the plane of groups and tau over the typical error",
        "",
        {name: SCORED[name] for name in SCORED if name != "draws"}
        | {
            "groups, ratio": "Place of the cell's lower edge, from 0: groups 2, 5, 10, 20, 50; "
            "exact median of tau over typical error 0, 0.25, 0.5, 1, 2, 4.",
            "tables, cells": "Numbers of tables and of cells there.",
            "wrong_if_raised, wrong_if_raised_low, wrong_if_raised_high": "Of cells that the check "
            "stops at, the share that is bad, with a 95 % interval.",
            "wrong_if_quiet, wrong_if_quiet_low, wrong_if_quiet_high": "The same of cells at which "
            "it is quiet.",
        },
    ),
    File(
        "scorecard/thresholds.csv",
        "a truth, a number of draws and a check as a number",
        "",
        {
            "truth": SCORED["truth"],
            "draws": SCORED["draws"],
            "score": "Column of fits.parquet.",
            "bad": "Number of bad cells of the other tables.",
            "threshold": "What stops at 5 % of the good cells of every second table.",
            "caught, caught_low, caught_high": SCORED["caught, caught_low, caught_high"],
            "false_alarm, false_alarm_low, false_alarm_high": SCORED[
                "false_alarm, false_alarm_low, false_alarm_high"
            ],
        },
    ),
    File(
        "scorecard/limits.csv",
        "a number of draws, a half of the tables and a threshold of divergences",
        "",
        {
            "draws": SCORED["draws"],
            "half": "chooses: every second table, which the default threshold follows from; tells: "
            "the others.",
            "limit": "Share of divergent transitions above which there is an alarm.",
            "bad, good": "Numbers of cells that are not honest, and of others.",
            "caught, caught_low, caught_high": "Of the bad cells, the share at which this or "
            "another alarm stops, with a 95 % interval.",
            "false_alarm, false_alarm_low, false_alarm_high": "The same of the good cells.",
            "wrong_if_raised, wrong_if_raised_low, wrong_if_raised_high": "Of cells with an alarm, "
            "the share that is bad, with a 95 % interval.",
            "wrong_if_quiet, wrong_if_quiet_low, wrong_if_quiet_high": "The same of cells without.",
        },
    ),
)
