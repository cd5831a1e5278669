"""Would sampling have told you? Verdicts, what they rest on, and the ordinary checks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from partial_pooling.grading.grades import CHECKS, HONEST, MORE_DRAWS, RIGHT, TRUST
from partial_pooling.grading.inference import Interval
from partial_pooling.report.alarm_rates import alarm_rates
from partial_pooling.report.findings import CHECK_WORDS, GRADE_WORDS
from partial_pooling.report.html import Html, Shown, badge, bold, folded, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import (
    AS_GIVEN,
    COST,
    PERCENTS,
    Column,
    Format,
    count,
    even,
    listed,
    percent,
    significant,
    some_of,
    symbol,
)

MODELS = {
    "centered": "samples every θ<sub>j</sub> ~ Normal(μ, τ) as the model is written",
    "noncentered": "samples ν<sub>j</sub> ~ Normal(0, 1) and computes θ<sub>j</sub> = μ + "
    "τ ν<sub>j</sub>",
    "partial": "samples each θ<sub>j</sub> in units of the standard deviation, and about the mean, "
    "that μ, τ and the group's own estimate give it: noncentered as τ goes to 0, centered as it "
    "grows",
    "marginal": "samples only μ and τ, from y<sub>j</sub> ~ Normal(μ, √(σ<sub>j</sub>² + τ²)), "
    "and draws each θ<sub>j</sub> afterwards from its exact distribution given them",
}

WEIGHTED = (
    "samples each group as far between centered and noncentered as its weight w<sub>j</sub> says, "
    "1 for the first and 0 for the second"
)


TITLE = "The sampler's verdict"


def models_words(report: Results) -> Html:
    """What the study's parametrizations sample."""
    words = MODELS | ({"partial": WEIGHTED} if report.verdict["parametrization"]["by_hand"] else {})
    lines = "".join(
        f"<li>{bold(name)} {words.get(name, 'is a parametrization of this study')}.</li>"
        for name in report.models
    )
    several = len(report.models) > 1
    return Html(
        f"<ul>{lines}</ul>"
        + (
            "<p>They describe the same posterior; what differs is how hard it is to sample.</p>"
            if several
            else ""
        )
    )


def finding(report: Results) -> str:
    """Which parametrization and target_accept to use, if any."""
    best, draws = report.best, f"{report.draws:,} draws a chain"
    if best["status"] == TRUST:
        return (
            f"Use {_setting(best)}: {some_of(best['right'], best['fits'], 'fit')} "
            f"{'was' if best['fits'] == 1 else 'were'} {report.good} at {draws}."
        )
    none = f"<b>No setting was {report.good} in all its fits</b> at {draws}"
    if best["status"] == MORE_DRAWS:
        return f"{none}, and {_setting(best)} has too few draws."
    return f"{none}; most were in {_setting(best)}: {best['right']} of {best['fits']}."


def trust(report: Results) -> Html:
    """How sure that is, what it costs, and what it rests on."""
    best = report.best
    if best["status"] == TRUST:
        told = [_how_sure(report, best), _cost(report, best), _enough_draws(report, best)]
    elif best["status"] == MORE_DRAWS:
        told = [
            f"In {_setting(best)} no mean, and no share of draws below a quantile, was seen to err "
            "more than its Monte Carlo error admits.",
            _enough_draws(report, best),
            _how_sure(report, best),
        ]
    else:
        told = ["The exact numbers need no sampler."]
    return paragraphs([" ".join(told).strip(), _rests_on(report)])


def _setting(best: Mapping[str, Any]) -> str:
    return f"the {bold(best['model'])} model at target_accept <b>{best['target_accept']:g}</b>"


def _how_sure(report: Results, setting: Mapping[str, Any]) -> str:
    low = setting["right_interval"][0] if setting["right"] else 0.0
    return (
        f"{count(setting['fits'], 'seed')} can say so much: with {report.draws:,} draws between "
        f"{percent(low)} and {percent(setting['right_interval'][1])} of all seeds are "
        f"{report.good} (95 % interval)."
    )


def _cost(report: Results, best: Mapping[str, Any]) -> str:
    told = (
        f"It gives {_effective(best)} effective draws per 1,000 gradient evaluations, "
        "tuning included"
    )
    if not best["next"]:
        return f"{told}."
    nearest = best["next"][0]
    rest = f"{bold(nearest['model'])} at {nearest['target_accept']:g} with {_effective(nearest)}"
    if best["cheaper_than_next"]:
        return f"{told}, the most of the settings to trust; next is {rest}."
    return f"{told}; {rest} is not told apart from it by these seeds."


def _effective(setting: Mapping[str, Any]) -> str:
    cost, three = setting["ess_per_1000_gradients"], significant(3)
    if cost["value"] is None:
        return "an unknown number of"
    if cost["low"] is None:
        return three(cost["value"])
    return f"{three(cost['value'])} ({three(cost['low'])} to {three(cost['high'])})"


def _enough_draws(report: Results, setting: Mapping[str, Any]) -> str:
    needed = setting["draws_needed"]
    if needed is None:
        return ""
    return (
        f"If unbiased, as efficient a fit is accurate with about {significant(2)(needed)} "
        "draws a chain, in at least 95 of 100 cases."
    )


def _rests_on(report: Results) -> str:
    rests = report.sampling["rests_on"]
    if not report.graded:
        return (
            "There is no exact answer to hold a fit against: the verdict rests on the ordinary "
            "checks alone, which a wrong fit can pass."
        )
    undefined = rests["undefined"]
    names = {
        "error_mean": "neither mean nor standard deviation can be graded",
        "error_sd": "the standard deviation cannot be graded",
    }
    lacking = "error_mean" if "error_mean" in undefined else "error_sd"
    if lacking not in undefined:
        return ""
    which = listed([symbol(name) for name in undefined[lacking][:5]])
    return escape(
        f"Of {which} {names[lacking]}, which has no finite Monte Carlo error since the "
        "posterior's tail is too heavy; quantiles are."
    )


def settings_table(report: Results) -> Html:
    """Each model and target_accept: verdicts, the worst grades, alarms, cost."""
    rows = []
    formats: dict[str, Format | Column] = {"target_accept": AS_GIVEN, COST: even(3)}
    for setting in report.sampling["settings"]:
        fits = report.last[
            (report.last["model"] == setting["model"])
            & (report.last["target_accept"] == setting["target_accept"])
        ]
        failed = {reason["check"]: reason for reason in setting["reasons"]}
        row = {
            "model": setting["model"],
            "target_accept": setting["target_accept"],
            report.good: Shown(
                setting["right"],
                badge(setting["trusted"], f"{setting['right']} of {setting['fits']}"),
            ),
        }
        if report.graded:
            row["wrong"] = setting["wrong"]
        row["alarm"] = setting["fits_with_alarm"]
        cost = setting["ess_per_1000_gradients"]
        row[COST] = Interval(*(_or_nan(cost[end]) for end in ("value", "low", "high")))
        for key in GRADE_WORDS if report.graded else ():
            name, _, form = GRADE_WORDS[key]
            limit = report.threshold("honest_level" if key == HONEST else key)
            name = f"{name} {'p ≥' if key == HONEST else '≤'} {form(limit)}"
            formats[name] = PERCENTS if form is percent else even(2)
            of_fits = f"p_{HONEST}_min" if key == HONEST else f"{key}_max"
            worst = fits[of_fits].min() if key == HONEST else fits[of_fits].max()
            row[name] = _check(worst, failed.get(key), setting["fits"])
        rows.append(row)
    graded = (
        "Of each grade the worst value of any fit, marked with the number of fits that miss "
        "what the head of the column allows."
        if report.graded
        else ""
    )
    return table(
        pd.DataFrame(rows),
        formats,
        f"Verdicts at {report.draws:,} draws a chain: numbers of fits, which differ in their "
        "seed. A "
        f"setting is trusted when all its fits are {report.good}. Alarm: fits in which an "
        f"ordinary check raised one. {COST}: the smallest effective sample "
        f"size of any variable, mean over seeds with 95 % interval. {graded}",
        "verdicts",
    )


def checks(report: Results) -> Html:
    """Explain each grade and each check once."""
    limits = {
        key: f"{'≥' if at_least else '≤'} {CHECK_WORDS[key][2](report.threshold(key))}"
        for _, key, at_least in CHECKS
    }
    grades = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(asks)}</dd>" for name, asks, _ in GRADE_WORDS.values()
    )
    checks = "".join(
        f"<dt>{escape(name)} ({limits[key]})</dt><dd>{escape(asks)}</dd>"
        for key, (name, asks, _) in CHECK_WORDS.items()
    )
    meaning = Html(
        "<p>A fit is <b>right</b> if its three errors are small and it is honest. It has "
        "<b>too few draws</b> if an error is too large, but not seen to be beyond what its own "
        "Monte Carlo error admits: more draws cure that, or show a fault. It is <b>wrong</b>, "
        "which more draws do not cure, if it is not honest.</p>"
        f"<dl>{grades}</dl><p>The ordinary checks, which need no exact answer:</p>"
        f"<dl>{checks}</dl>"
    )
    return folded("What the grades and checks mean", meaning)


def alarms_words(report: Results) -> Html:
    """What the ordinary checks caught and missed, in a sentence."""
    if not report.graded:
        return Html("")
    alarms = report.sampling["alarms"]
    wrong = alarms["caught"] + alarms["missed"]
    right = alarms["false_alarm"] + alarms["quiet"]
    few = alarms["few_alarm"] + alarms["few_quiet"]
    rows = report.last[(report.last["verdict"] == RIGHT) & (report.last["alarms"] != "")]
    lucky = int((rows["draws_needed"] > rows["draws"]).sum())
    words = []
    if wrong:
        words.append(
            f"Of {count(wrong, 'wrong fit')} the ordinary checks caught "
            f"{alarms['caught'] or 'none'}"
            + (
                f" and <b>missed {alarms['missed']}</b>, which nobody would have known without "
                "the exact answer."
                if alarms["missed"]
                else "."
            )
        )
    if few:
        words.append(
            f"Of {count(few, 'fit')} with too few draws {alarms['few_alarm'] or 'none'} had an "
            "alarm."
        )
    if right:
        words.append(
            f"Of {count(right, 'right fit')} {alarms['false_alarm'] or 'none'} had an alarm"
            + " all the same" * (alarms["false_alarm"] > 0)
            + (f", {lucky} of them with fewer draws than a fit as efficient needs" * (lucky > 0))
            + "."
        )
    raised = {
        CHECK_WORDS[key][0]: sum(setting["alarms"][key] for setting in report.sampling["settings"])
        for _, key, _ in CHECKS
    }
    if any(raised.values()):
        ordered = sorted(raised.items(), key=lambda item: -item[1])
        words.append(
            "Alarms by check: "
            + ", ".join(f"{name} in {count(number, 'fit')}" for name, number in ordered if number)
            + "."
        )
    return paragraphs([" ".join(words)])


def alarms_table(report: Results) -> Html:
    """Verdicts against alarms, a row a model: caught, missed, false alarms."""
    rows = [
        {
            "model": model,
            "wrong: alarm (caught)": told["alarms"]["caught"],
            "wrong: none (missed)": told["alarms"]["missed"],
            "too few draws: alarm": told["alarms"]["few_alarm"],
            "too few draws: none": told["alarms"]["few_quiet"],
            "right: alarm": told["alarms"]["false_alarm"],
            "right: none": told["alarms"]["quiet"],
        }
        for model, told in report.sampling["models"].items()
    ]
    return table(
        pd.DataFrame(rows),
        {},
        f"Would the ordinary checks have told you? Fits at {report.draws:,} draws a chain by "
        "verdict, which the exact posterior gives, and by whether any ordinary check raised an "
        "alarm, which needs no exact answer.",
        "alarms",
    )


def _check(worst: float, failed: Mapping[str, Any] | None, fits: int) -> Shown:
    if failed is None:
        return Shown(worst, lambda text: Html(escape(text)))
    missed = f"<small>{failed['fits']} of {fits}</small>"
    return Shown(worst, lambda text: Html(f"{badge(False, text)} {missed}"))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


CONTENT = (
    trust,
    r"""Most hierarchical models can only be sampled. The posterior of this one can also be computed
exactly, so every fit of the sampler can be held against the answer. A fit is one run of the
sampler: a model, a random seed, and a target_accept, the acceptance rate to which the sampler
tunes its step size. This study samples these models:""",
    models_words,
    settings_table,
    checks,
    alarms_words,
    alarms_table,
    alarm_rates,
)
