"""Every number of the report's tables and sentences, on results in which no two are alike.

Each is read back from the page, as shown and as it sorts, and held against the table it must come
from or, where the report computes it, against the same by NumPy and SciPy. Words about verdicts
and divergences are in test_report.py, captions in test_captions.py.
"""

import copy
import json
import math
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from distinct_results import (
    ACCEPTS,
    ALARMS,
    CHAINS,
    CHECKS,
    CLASSICAL,
    DRAWS,
    ESTIMATE,
    EXACT,
    MODELS,
    NAMES,
    PLUGGED,
    SEEDS,
    STD_ERROR,
    calibration,
    even,
    even_pct,
    fits_and_estimates,
    fix,
    opened,
    pct,
    sampling,
    sig,
    write_distinct_results,
)
from even_columns import uneven
from scipy import integrate, stats
from synthetic_results import GOOD, hostile_groups, write_results

from partial_pooling.data.groups import Estimates
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.report.captions import CALIBRATION, caption
from partial_pooling.report.findings import p_text
from partial_pooling.report.html import Html, Shown, bold, figure, table
from partial_pooling.report.index import write_index
from partial_pooling.report.intervals import EDGE, WIDTH, Drawn, draw
from partial_pooling.report.page import CHAPTERS
from partial_pooling.report.results import Results
from partial_pooling.report.sections import (
    accuracy,
    classical,
    cost,
    fits,
    funnel,
    numbers,
    origin,
    summary,
)
from partial_pooling.report.sections import (
    calibration as calibration_section,
)
from partial_pooling.report.sections import groups as groups_section
from partial_pooling.report.sections import model as model_section
from partial_pooling.report.sections import prior as prior_section
from partial_pooling.report.sections import (
    sampling as sampling_section,
)
from partial_pooling.study.housekeeping import results_beside
from partial_pooling.study.settings import Thresholds

FITS, ESTIMATES = fits_and_estimates()
LAST = FITS[FITS["draws"] == max(DRAWS)]
SAMPLING = sampling()
SYMBOLS = ["μ", "τ", "log τ", *(f"θ[{name}]" for name in NAMES)]
THETA = EXACT.loc[[f"theta[{name}]" for name in NAMES]]
# one decimal for the units of the data, a hundredth of the median standard error of 10.42; a column
# of standard deviations by its smallest
FINE_THETA_SD = ["12.346", "4.568", "0.346", "8.765", "6.543"]
NAMES_OF_CHECKS = ["R-hat", "bulk ESS", "tail ESS", "divergences", "E-BFMI", "tree depth"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return Results(write_distinct_results(tmp_path_factory.mktemp("distinct")))


def plain(html):
    told = BeautifulSoup(html.replace("</p>", " </p>"), "html.parser").get_text()
    return " ".join(told.replace("\xa0", " ").split())


def assert_table(html, columns):
    """Hold a table against its columns: head, texts, and values or None where it has words."""
    soup = BeautifulSoup(html, "html.parser")
    assert [plain(str(cell)) for cell in soup.thead("th")] == list(columns)
    rows = [row("td") for row in soup.tbody("tr")]
    for number, (head, (texts, values)) in enumerate(columns.items()):
        shown = [plain(str(row[number])) for row in rows]
        assert shown == list(texts), head
        under = [row[number].get("data-value") for row in rows]
        if values is None:
            assert under == [None] * len(rows), head
        else:
            found = [math.nan if value == "" else float(value) for value in under]
            np.testing.assert_array_equal(found, np.asarray(values, float), err_msg=head)


def caption_of(html):
    return plain(str(BeautifulSoup(html, "html.parser").find(class_="caption")))


def with_interval(share, low, high):
    """Write in percent to a tenth of the first digit of the interval's width."""
    first_digit = Decimal(100 * (high - low)).adjusted()
    value, low, high = (fix(100 * x, max(0, 1 - first_digit)) for x in (share, low, high))
    return f"{value} % ({low} to {high} %)"


def ones(values):
    return [fix(value, 1) for value in values]


# -- first screen and answer -----------------------------------------------------------------------


def test_title_has_the_exact_answer(report):
    soup = BeautifulSoup(summary.title(report), "html.parser")
    assert plain(str(soup.header)) == "five trees5 groups"
    rows = [[plain(str(cell)) for cell in row(["dt", "dd"])] for row in soup.dl("div")]
    assert [row[:3] for row in rows] == [
        ["Common mean", "4.4", "−3.7 to 12.6"],
        ["A new group", "", "−8.3 to 18.2"],
        ["Groups differ by", "3.04", "0.14 to 12.07"],
        ["P(μ > 2.5)", "68 %", ""],
    ]
    assert rows[3][3] == ("probability that the common mean μ is above 2.5; of a new group, 57 %")
    marks = [(plain(str(mark)), mark["class"][1]) for mark in soup("a", class_="badge")]
    assert marks[-2:] == [
        ("Another conclusion under the prior first", "fail"),
        ("No group of the 4 that can be left out decides", "pass"),
    ]
    assert rows[0][3] == "μ, the mean of the groups' true values: mean and 95 % interval"
    assert "I² 41 %: the share" in rows[2][3]
    assert plain(summary.sampler(report)) == (
        "Would a sampler have got it right? centered in part, right in 2 of 9 fits; noncentered "
        "in part, right in 3 of 10 fits; marginal in part, right in 4 of 11 fits."
    )


def test_answer_in_sentences(report):
    told = plain(
        groups_section.finding(report)
        + prior_section.priors(report)
        + model_section.finding(report)
    )
    for said in (
        "The raw estimates lie between −23.2 and 28.4, the groups' posterior means between 2.9 and "
        "6.3:",
        "priors of this study are μ ~ Normal(mu=1.5, sigma=27) and τ ~ HalfCauchy(beta=6.5).",
        "here μ ~ Normal(mu=1.5, sigma=27) and τ ~ HalfCauchy(beta=6.5).",
    ):
        assert said in told


def test_answer_knows_equal_estimates(report):
    again = opened(report)
    again.__dict__["groups"] = Estimates(NAMES, np.full(5, 3.3), STD_ERROR)
    assert "The raw estimates are all 3.3," in plain(groups_section.finding(again))


def test_first_screen_agrees_with_brute_force(tmp_path):
    """The whole way from data to words, against sums over a grid of mu and tau."""
    groups = Estimates(("a", "b", "c"), np.array([20.0, -9, 4]), np.array([4.0, 7, 5]))
    report = Results(write_results(tmp_path, groups, {"centered": GOOD}))
    prior = parse_hyperprior(report.prior.as_dict())
    assert (prior.mu.parameters, prior.tau.parameters) == ({"mu": 0, "sigma": 5}, {"beta": 5})
    t = np.linspace(-16, 14, 1501)  # log tau
    mu = np.linspace(-45, 45, 901)[:, None]
    tau = np.exp(t)
    log_p = stats.norm.logpdf(mu, 0, 5) + stats.halfcauchy.logpdf(tau, 0, 5) + t
    spreads = [np.hypot(s, tau) for s in groups.std_error]
    for y, spread in zip(groups.estimate, spreads, strict=True):
        log_p = log_p + stats.norm.logpdf(y, mu, spread)
    p = np.exp(log_p - log_p.max())
    p /= p.sum()

    def quantiles(points, weights, probabilities):
        below = integrate.cumulative_trapezoid(weights, points, initial=0)
        return np.interp(probabilities, below / below[-1], points)

    of_mu = p.sum(1)
    mean = float(of_mu @ mu[:, 0])
    low, high = quantiles(mu[:, 0], of_mu, [0.025, 0.975])
    tau_low, median, tau_high = np.exp(quantiles(t, p.sum(0), [0.025, 0.5, 0.975]))
    answers = [[value, ends] for _, value, ends, _ in summary.answers(report)]
    assert answers[0] == [fix(mean, 2), f"{fix(low, 2)} to {fix(high, 2)}"]
    assert answers[2] == [fix(median, 2), f"{fix(tau_low, 2)} to {fix(tau_high, 2)}"]
    theta = [
        float((p * (mu * s**2 + y * tau**2) / (s**2 + tau**2)).sum())
        for y, s in zip(groups.estimate, groups.std_error, strict=True)
    ]
    words = f"posterior means between {fix(min(theta), 2)} and {fix(max(theta), 2)}"
    assert words in plain(groups_section.finding(report))
    assert (
        f"a moves furthest, from 20.00 to {fix(theta[0], 2)}." not in caption(report, "forest")[1]
    )
    far = int(np.argmax(np.abs(np.array(theta) - groups.estimate)))
    moved = f"from {fix(groups.estimate[far], 2)} to {fix(theta[far], 2)}."
    assert f"{groups.names[far]} moves furthest, {moved}" in caption(report, "forest")[1]
    shown = BeautifulSoup(classical.shrinkage_table(report), "html.parser").tbody("tr")
    pooling = [float(row("td")[2]["data-value"]) for row in shown]
    np.testing.assert_allclose(pooling, [s**2 / (s**2 + median**2) for s in (4, 7, 5)], rtol=2e-3)


# -- which fit to trust ----------------------------------------------------------------------------


def test_recommendation_comes_with_its_numbers(report):
    assert plain(sampling_section.finding(report)) == (
        "Use the noncentered model at target_accept 0.95: all 7 fits were right at 2,000 draws a "
        "chain."
    )
    assert plain(sampling_section.trust(report)) == (
        "7 seeds can say so much: with 2,000 draws between 59 % and 100 % of all seeds are "
        "right (95 % interval). It gives 123 (98.8 to 148) effective draws per 1,000 gradient "
        "evaluations, tuning included, the most of the settings to trust; next is marginal at 0.9 "
        "with 87.6 (71.2 to 104). If unbiased, as efficient a fit is accurate with about 1,500 "
        "draws a chain, in at least 95 of 100 cases."
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"cheaper_than_next": False},
            "tuning included; marginal at 0.9 with 87.6 (71.2 to 104) is not told apart from it by "
            "these seeds.",
        ),
        ({"next": []}, "tuning included. If unbiased"),
        (
            {"ess_per_1000_gradients": {"value": 0.4567, "low": None, "high": None}},
            "It gives 0.457 effective draws",
        ),
        (
            {"ess_per_1000_gradients": {"value": None, "low": None, "high": None}},
            "It gives an unknown number of effective draws",
        ),
        ({"draws_needed": None}, "next is marginal at 0.9 with 87.6 (71.2 to 104)."),
        (
            {"status": "more draws", "right": 4, "right_interval": [0.1841, 0.9011]},
            "No setting was right in all its fits at 2,000 draws a chain, and the noncentered "
            "model at target_accept 0.95 has too few draws. In the noncentered model at "
            "target_accept 0.95 no mean, and no share of draws below a quantile, was seen to err "
            "more than its Monte Carlo error admits. If unbiased, as efficient a fit is accurate "
            "with about 1,500 draws a chain, in at least 95 of 100 "
            "cases. 7 seeds can say so much: with 2,000 draws between 18 % and 90 % of all seeds "
            "are right (95 % interval).",
        ),
        (
            {"status": "more draws", "right": 0, "right_interval": [0.0, 0.4096]},
            "between 0 % and 41 % of all seeds are right",
        ),
        (
            {"status": "none", "right": 4},
            "No setting was right in all its fits at 2,000 draws a chain; most were in the "
            "noncentered model at target_accept 0.95: 4 of 7.",
        ),
    ],
)
def test_recommendation_changes_with_its_numbers(report, change, said):
    changed = opened(report, **change)
    opens = sampling_section.finding(changed)
    assert said in plain(f"{opens} {sampling_section.trust(changed)}")


def test_what_could_not_be_graded_is_named(report):
    again = opened(report)
    assert "no finite Monte Carlo error" not in plain(sampling_section.trust(again))
    again.sampling["rests_on"]["undefined"] = {
        "error_mean": ["mu", "tau"],
        "error_sd": ["mu", "tau", "log_tau"],
    }
    assert "Of μ and τ neither mean nor standard deviation can be graded" in plain(
        sampling_section.trust(again)
    )
    del again.sampling["rests_on"]["undefined"]["error_mean"]
    assert "Of μ, τ and log τ the standard deviation cannot be graded" in plain(
        sampling_section.trust(again)
    )
    again.sampling["rests_on"]["undefined"]["error_sd"] = [
        "theta[theta[0]]",
        *(f"theta[{k}]" for k in range(1, 9)),
    ]
    assert "Of θ[theta[0]], θ[1], θ[2], θ[3] and θ[4] the standard" in plain(
        sampling_section.trust(again)
    )


def test_study_without_an_exact_answer_speaks_of_alarms_alone(report):
    again = opened(report)
    again.sampling["rests_on"]["checks"] = ["r_hat"]
    assert "all 7 fits were without alarm" in plain(sampling_section.finding(again))
    assert "rests on the ordinary checks alone" in plain(sampling_section.trust(again))
    assert sampling_section.alarms_words(again) == ""
    heads = BeautifulSoup(sampling_section.settings_table(again), "html.parser").thead("th")
    assert [plain(str(head)) for head in heads] == [
        "model",
        "target_accept",
        "without alarm",
        "alarm",
        "ESS per 1,000 gradients",
    ]
    assert "grade" not in caption_of(sampling_section.settings_table(again))
    again.sampling["models"]["centered"]["verdicts"] = {"no alarm": 6, "alarm": 3}
    assert "in part, without alarm in 6 of 9 fits" in plain(summary.sampler(again))


def rates_of_parts():
    """Rates of three parts of a design; all numbers differ."""
    rows = []
    for k, (groups, ratio) in enumerate([(4, 0.03), (4, 0.4), (9, 0.3)]):
        for m, (model, alarm) in enumerate(
            [*(("all", key) for key in (*CHECKS, "any")), *((model, "any") for model in MODELS)]
        ):
            row = {"groups": groups, "ratio": ratio, "draws": 1000, "model": model, "alarm": alarm}
            row |= {"tables": 40 + k, "raised": 70 + 10 * k + m, "bad": 30 + k, "good": 290}
            for n, name in enumerate(
                ("caught", "false_alarm", "wrong_if_raised", "wrong_if_quiet")
            ):
                value = (100 + 100 * n + 20 * k + m) / 1000
                row |= {name: value, f"{name}_low": value - 0.031, f"{name}_high": value + 0.052}
            rows.append(row)
    return pd.DataFrame(rows)


def like_the_scorecard(report):
    """The study with the number of chains and the thresholds that the scorecard has."""
    again = opened(report)
    again.sampling["thresholds"].update(Thresholds().model_dump())
    again.__dict__["settings"] = copy.deepcopy(report.settings)
    again.settings["sampling"]["chains"] = 4
    return again


def test_alarms_say_how_often_they_were_right_over_tables_like_these(report, monkeypatch):
    rates = rates_of_parts()
    monkeypatch.setattr("partial_pooling.report.alarm_rates.shipped", lambda: rates)
    again = like_the_scorecard(report)
    # five groups, of which the median tau is 3.042 and the median error 10.42
    rows = rates[(rates["groups"] == 4) & (rates["ratio"] == 0.4)]
    row = rows[(rows["model"] == "all") & (rows["alarm"] == "any")].iloc[0]
    raised, quiet = (
        f"{pct(row[name])} of 100 cases ({pct(row[name] - 0.031)} to {pct(row[name] + 0.052)})"
        for name in ("wrong_if_raised", "wrong_if_quiet")
    )
    told = plain(sampling_section.alarm_rates(again))
    said = (
        "Over simulated tables like these (4 groups, τ about 0.40 typical errors, 1,000 draws a "
        f"chain; 321 fits of 41 tables by {len(MODELS)} models) a fit with an alarm was "
        f"wrong in {raised}; one without an alarm was wrong in {quiet}. A centered fit with an "
        "alarm was wrong in "
    ).replace(" %", "")
    assert told.startswith(said)
    assert told.count(" fit with an alarm") == 1 + len(MODELS)
    shown = rows[rows["model"] == "all"]
    soup = BeautifulSoup(sampling_section.alarm_rates(again), "html.parser")
    body = [row("td") for row in soup.tbody("tr")]
    assert [plain(str(row[0])) for row in body] == [*NAMES_OF_CHECKS, "any alarm"]
    names = ("raised", "wrong_if_raised", "wrong_if_quiet", "caught", "false_alarm")
    for number, name in enumerate(names, 1):
        values = [float(row[number]["data-value"]) for row in body]
        np.testing.assert_array_equal(values, shown[name], err_msg=name)


def test_alarms_say_nothing_of_what_the_scorecard_does_not_cover(report, monkeypatch):
    monkeypatch.setattr("partial_pooling.report.alarm_rates.shipped", rates_of_parts)
    assert sampling_section.alarm_rates(report) == ""
    other = like_the_scorecard(report)
    other.settings["sampling"]["chains"] = 2
    assert sampling_section.alarm_rates(other) == ""
    other = like_the_scorecard(report)
    other.sampling["thresholds"]["ess_bulk"] = 399
    assert sampling_section.alarm_rates(other) == ""
    other = like_the_scorecard(report)
    (dataset,) = other.settings["datasets"].values()
    dataset["family"] = "student"
    assert sampling_section.alarm_rates(other) == ""
    heads = BeautifulSoup(sampling_section.alarm_rates(like_the_scorecard(report)), "html.parser")
    assert [plain(str(head)) for head in heads.thead("th")] == [
        *("alarm", "fits with it", "wrong with it", "wrong without it"),
        *("of wrong fits, caught", "of the others, false alarms"),
    ]
    every = rates_of_parts().assign(raised=320, good=lambda rates: 320 - rates["bad"])
    monkeypatch.setattr("partial_pooling.report.alarm_rates.shipped", lambda: every)
    told = plain(sampling_section.alarm_rates(like_the_scorecard(report)))
    assert told.count("; all had one.") == 1 + len(MODELS)
    assert "without an alarm" not in told
    none = rates_of_parts().assign(raised=0)
    monkeypatch.setattr("partial_pooling.report.alarm_rates.shipped", lambda: none)
    told = plain(sampling_section.alarm_rates(like_the_scorecard(report)))
    assert "a fit without an alarm was wrong in" in told
    assert "none had one" in told
    assert "<table" not in sampling_section.alarm_rates(like_the_scorecard(report))


def test_alarms_are_counted_by_verdict(report):
    numbers = {
        name: sum(setting["alarms"][key] for setting in SAMPLING["settings"])
        for name, key in zip(NAMES_OF_CHECKS, CHECKS, strict=True)
    }
    ordered = sorted(numbers, key=numbers.get, reverse=True)
    raised = ", ".join(f"{name} in {numbers[name]} fits" for name in ordered)
    last = report.fits.to_dict("records")
    lucky = sum(
        row["draws"] == 2000
        and row["verdict"] == "right"
        and row["alarms"] != ""
        and row["draws_needed"] > 2000
        for row in last
    )
    assert plain(sampling_section.alarms_words(report)) == (
        "Of 23 wrong fits the ordinary checks caught 17 and missed 6, which nobody would have "
        "known without the exact answer. Of 13 fits with too few draws 9 had an alarm. Of 13 right "
        f"fits 8 had an alarm all the same, {lucky} of them with fewer draws than a fit as "
        f"efficient needs. Alarms by check: {raised}."
    )
    heads = [
        "wrong: alarm (caught)",
        "wrong: none (missed)",
        "too few draws: alarm",
        "too few draws: none",
        "right: alarm",
        "right: none",
    ]
    columns = {"model": (MODELS, None)}
    for k, (head, name) in enumerate(zip(heads, ALARMS, strict=True)):
        numbers = [1 + k, 11 + k, 21 + k]
        assert [SAMPLING["models"][model]["alarms"][name] for model in MODELS] == numbers
        columns[head] = ([str(number) for number in numbers], numbers)
    assert_table(sampling_section.alarms_table(report), columns)
    assert "Fits at 2,000 draws a chain" in caption_of(sampling_section.alarms_table(report))


def test_settings_have_their_worst_grades_beside_what_is_allowed(report):
    settings = SAMPLING["settings"]
    assert [(s["model"], s["target_accept"]) for s in settings] == [
        (model, accept) for model in MODELS for accept in ACCEPTS
    ]
    fits = [f"{s['right']} of {s['fits']}" for s in settings]
    columns = {
        "model": ([s["model"] for s in settings], None),
        "target_accept": ([fix(accept, 2) for accept in ACCEPTS] * 3, [*ACCEPTS] * 3),
        "right": (fits, [s["right"] for s in settings]),
        "wrong": ([str(40 + k) for k in range(9)], range(40, 49)),
    }
    costs = [s["ess_per_1000_gradients"] for s in settings]
    columns["alarm"] = ([str(80 + k) for k in range(9)], range(80, 89))
    three = even([c["value"] for c in costs], 3)
    columns["ESS per 1,000 gradients"] = (
        [f"{three(c['value'])} {three(c['low'])} to {three(c['high'])}" for c in costs],
        [c["value"] for c in costs],
    )
    grades = [
        ("error of means ≤ 0.11", "error_mean_max", lambda of: even(of, 2), max),
        ("error of sds ≤ 17 %", "error_sd_max", even_pct, max),
        ("error of quantiles ≤ 4.3 %", "error_quantile_max", even_pct, max),
        ("honest p ≥ 0.0023", "p_honest_min", lambda of: even(of, 2), min),
    ]
    for number, (head, column, form, worst) in enumerate(grades):
        values = []
        for setting in settings:
            rows = LAST[
                (LAST["model"] == setting["model"])
                & (LAST["target_accept"] == setting["target_accept"])
            ]
            assert len(rows) == len(SEEDS)
            values.append(worst(rows[column]))
        missed = [f" {60 + k} of {3 + k}" if k % 4 <= number else "" for k in range(9)]
        texts = [form(values)(value) + more for value, more in zip(values, missed, strict=True)]
        columns[head] = (texts, values)
    assert_table(sampling_section.settings_table(report), columns)
    assert "Verdicts at 2,000 draws a chain" in caption_of(sampling_section.settings_table(report))
    marks = [
        row.find(class_="badge")["class"][-1]
        for row in BeautifulSoup(sampling_section.settings_table(report), "html.parser").tbody("tr")
    ]
    assert marks == ["pass" if k == 4 else "fail" for k in range(9)]


def test_setting_without_values_has_dashes(report):
    again = opened(report)
    setting = again.sampling["settings"][0]
    setting["ess_per_1000_gradients"] = {"value": None, "low": None, "high": None}
    setting["reasons"] = []
    again.last.loc[:, "error_sd_max"] = math.nan
    row = BeautifulSoup(sampling_section.settings_table(again), "html.parser").tbody.tr("td")
    assert [plain(str(row[k])) for k in (5, 7)] == ["–", "–"]
    assert [row[k].get("data-value") for k in (5, 7)] == ["", ""]


def test_each_check_is_explained_with_its_threshold(report):
    soup = BeautifulSoup(sampling_section.checks(report), "html.parser")
    names = [plain(str(term)) for term in soup("dt")]
    assert names == [
        "error of means",
        "error of sds",
        "error of quantiles",
        "honest",
        "R-hat (≤ 1.013)",
        "bulk ESS (≥ 412)",
        "tail ESS (≥ 387)",
        "divergences (≤ 1.5 %)",
        "E-BFMI (≥ 0.31)",
        "tree depth (≤ 5.2 %)",
    ]


# -- the funnel ------------------------------------------------------------------------------------


def test_funnel_has_its_factor_and_each_models_share_of_the_neck(report):
    told = plain(f"{funnel.finding(report)} {funnel.funnel(report)}")

    def spread(tau):
        return np.array([(1 / s**2 + 1 / tau**2) ** -0.5 for s in STD_ERROR])

    factor = np.median(spread(9.968) / spread(0.2784))  # exact 5 and 95 % quantiles of tau
    assert told.startswith("Between the 5 % and the 95 % quantile of τ the spread of a group's θ")
    assert f"changes by a factor of {sig(factor, 2)} (the median group)" in told
    for model in MODELS:
        rows = LAST[(LAST["model"] == model) & (LAST["target_accept"] == min(ACCEPTS))]
        parts = []
        for p in (1, 5, 25):
            n = sum(rows[f"ess_neck_{p}"])
            share = sum(rows[f"neck_{p}"] * rows[f"ess_neck_{p}"]) / n
            low = stats.beta.ppf(0.025, share * n, n - share * n + 1)
            high = stats.beta.ppf(0.975, share * n + 1, n - share * n)
            parts.append(f"{with_interval(share, low, high)} where the exact posterior has {p} %")
        said = (
            f"{model} at target_accept 0.8 has, of its draws, {parts[0]}, {parts[1]} and "
            f"{parts[2]} (over 3 fits; 95 % intervals)."
        )
        assert said in told


def test_divergences_are_told_of_each_model(report):
    told = plain(funnel.divergences(report))
    for k, model in enumerate(MODELS):
        assert (
            f"{model}: At target_accept 0.8 there are {1234 + k:,} divergent transitions; 52 %, "
            "21 %, 16 % and 11 % of them lie in the quarters of log τ, from the lowest up, where "
            "any draw lies with 25 % each (p = 0.0034): not like any draw, and most of them in the "
            "lowest quarter. The rate goes from 3.1 % at target_accept 0.8 to 0.68 % at 0.95 (95 % "
            "interval of the change −3.7 % to −1.2 %): fewer. At target_accept 0.8 the mean of log "
            "τ is off by +0.18 exact standard deviations (95 % interval over seeds +0.087 to "
            "+0.28): a bias."
        ) in told


# -- accuracy and cost -----------------------------------------------------------------------------


def test_accuracy_names_the_largest_errors_of_the_longest_fits(report):
    told = plain(accuracy.accuracy_words(report))
    counted = plain(accuracy.finding(report))
    rows = ESTIMATES[ESTIMATES["draws"] == 2000]
    symbols = dict(zip(ESTIMATES["variable"].unique(), SYMBOLS, strict=True))
    for model in MODELS:
        mine = rows[rows["model"] == model].reset_index(drop=True)
        fits = LAST[LAST["model"] == model]

        def symbol(row, mine=mine):
            return symbols[mine["variable"][row]]

        assert 0 < fits["accurate"].sum() < 9
        assert f"{model} in {fits['accurate'].sum()} of 9 fits" in counted
        largest = [
            f"{name} {form(mine[key].max())}{unit} ({symbol(mine[key].idxmax())})"
            for key, name, form, unit in (
                ("error_mean", "error of means", lambda x: sig(x, 2), " exact sd"),
                ("error_sd", "error of sds", pct, ""),
                ("error_quantile", "error of quantiles", pct, ""),
            )
        ]
        assert (f"{model}: largest {'; '.join(largest)}. From 400 to 2,000 draws a chain") in told


def test_error_of_log_tau_against_draws_is_that_of_the_estimates(report):
    told = plain(accuracy.accuracy_words(report))
    for model in MODELS:
        rows = ESTIMATES[(ESTIMATES["model"] == model) & (ESTIMATES["variable"] == "log_tau")]

        def rmse(draws, left_out=None, rows=rows):
            kept = rows[(rows["draws"] == draws) & (rows["seed"] != left_out)]
            return math.sqrt(np.mean(kept["bias"] ** 2))

        whole = math.log(rmse(400) / rmse(2000))
        pseudo = [3 * whole - 2 * math.log(rmse(400, s) / rmse(2000, s)) for s in SEEDS]
        low, high = np.exp(stats.ttest_1samp(pseudo, 0).confidence_interval(0.95))
        factor = math.exp(whole)
        assert (
            f"the root mean squared error of the mean of log τ goes from {sig(rmse(400), 2)} to "
            f"{sig(rmse(2000), 2)}, a factor of {sig(factor, 2)} (95 % interval over seeds "
            f"{sig(low, 2)} to {sig(high, 2)}); draws alone would give 2.2"
        ) in told


def test_target_accept_table_has_means_over_seeds_with_their_error(report):
    forms = {
        "step size": ("step_size", lambda of: even(of, 2)),
        "divergence rate": ("divergence_rate", even_pct),
        "smallest bulk ESS": ("ess_bulk_min", lambda of: even(of, 3)),
        "gradient evaluations": ("gradients", lambda of: even(of, 3)),
        "ESS per 1,000 gradients": ("ess_per_1000_gradients", lambda of: even(of, 3)),
    }
    settings = [(model, accept) for model in MODELS for accept in ACCEPTS]
    columns = {
        "model": ([model for model, _ in settings], None),
        "target_accept": ([fix(a, 2) for _, a in settings], [a for _, a in settings]),
    }
    for head, (column, form_of) in forms.items():
        ends, values = [], []
        for model, accept in settings:
            x = LAST[(LAST["model"] == model) & (LAST["target_accept"] == accept)][column]
            # Student's t by SciPy's own test; no step size, share or count is below zero
            low, high = stats.ttest_1samp(x, 0).confidence_interval(0.95)
            ends.append((max(low, 0), high))
            values.append(float(x.mean()))
        form = form_of(values)
        texts = [
            f"{form(value)} {form(low)} to {form(high)}"
            for value, (low, high) in zip(values, ends, strict=True)
        ]
        columns[head] = (texts, values)
    assert_table(cost.target_accept_table(report), columns)
    assert "at 2,000 draws a chain" in caption_of(cost.target_accept_table(report))


# -- groups ----------------------------------------------------------------------------------------


def test_groups_stand_with_their_exact_posterior(report):
    columns = {
        "group": (NAMES, None),
        "estimate y": (["28.4", "7.3", "−23.2", "12.6", "1.4"], ESTIMATE),
        "std. error σ": (["14.870", "10.420", "16.030", "9.180", "0.873"], STD_ERROR),
        "θ mean": (["6.3", "4.9", "3.5", "5.3", "2.9"], THETA["mean"]),
        "θ sd": (FINE_THETA_SD, THETA["sd"]),
        "θ 2.5 %": (["−2.2", "−4.4", "−7.8", "−4.9", "−6.2"], THETA["q2.5"]),
        "θ 97.5 %": (["17.9", "14.4", "13.2", "13.8", "11.7"], THETA["q97.5"]),
    }
    assert_table(groups_section.data_table(report), columns)


def test_shrinkage_holds_empirical_bayes_beside_the_exact_posterior(report):
    pooling = [s * s / (s * s + 3.042 * 3.042) for s in STD_ERROR]
    columns = {
        "group": (NAMES, None),
        "estimate y": (ones(ESTIMATE), ESTIMATE),
        "pooling factor B": (["0.96", "0.92", "0.97", "0.90", "0.08"], pooling),
        "EB mean": (["9.2", "7.9", "6.0", "8.4", "1.7"], PLUGGED["theta"]),
        "EB sd": (["5.172", "4.633", "5.447", "4.288", "0.851"], PLUGGED["theta_sd"]),
        "exact mean": (ones(THETA["mean"]), THETA["mean"]),
        "exact sd": (FINE_THETA_SD, THETA["sd"]),
    }
    assert_table(classical.shrinkage_table(report), columns)
    told = caption_of(classical.shrinkage_table(report))
    assert "median of τ (3.04; 1 is complete pooling, 0 none)" in told
    assert "REML estimate τ = 4.32 " in told


def test_classical_estimates_stand_above_the_exact_posterior(report):
    exact = [3.042, 4.417, 4.113, -8.347, 18.246]
    columns = {
        "method": (
            [
                "no pooling",
                "complete pooling",
                "DerSimonian-Laird",
                "Paule-Mandel",
                "maximum likelihood (ML)",
                "restricted ML (REML)",
                "exact posterior (τ: median)",
            ],
            None,
        )
    }
    heads = ["τ", "μ", "std. error of μ", "new group 2.5 %", "97.5 %"]
    for head, name, value in zip(heads, CLASSICAL.columns, exact, strict=True):
        values = [*CLASSICAL[name], value]
        texts = ["–" if math.isnan(v) else "∞" if math.isinf(v) else fix(v, 2) for v in values]
        columns[head] = (texts, values)
    assert_table(classical.classical_table(report), columns)


def test_heterogeneity_and_plugged_in_taus_in_words(report):
    assert plain(classical.finding(report)) == (
        "Cochran's Q, the sum of squared standardized distances from the common mean, is 6.73 on 4 "
        "degrees of freedom (p = 0.15). I², the share of the variation that sampling error does "
        "not explain, is 41 %."
    )
    assert plain(classical.classical_words(report)) == (
        "The classical estimates of τ lie between 0.517 and 4.32. Plugging "
        "one in takes τ as known; under the priors of this study the exact posterior's 95 % "
        "interval is 0.14 to 12.07."
    )


def test_heterogeneity_of_numbers_from_the_raw_data(tmp_path):
    """Q, its p-value, I^2 and the pooled taus' words, from the data by hand."""
    y, s = np.array([3.0, 9, 4, 6, 41]), np.array([4.0, 5, 4, 6, 5])
    names = tuple("abcde")
    report = Results(write_results(tmp_path, Estimates(names, y, s), {"centered": GOOD}))
    w = s**-2.0
    q = float((w * (y - (w @ y) / w.sum()) ** 2).sum())
    p = stats.chi2(4).sf(q)
    told = plain(classical.finding(report))
    assert f"is {sig(q, 3)} on 4 degrees of freedom (p < 0.0001)" in told
    assert p < 1e-4
    assert f"does not explain, is {pct(1 - 4 / q)}" in told
    laird = math.sqrt((q - 4) / (w.sum() - (w @ w) / w.sum()))
    rows = BeautifulSoup(classical.classical_table(report), "html.parser").tbody("tr")
    assert plain(str(rows[2]("td")[1])) == fix(laird, 3)
    # the median standard error is 5: two decimals, and one more in this table
    mu = (w @ y) / w.sum()
    reach = stats.t(3).ppf(0.975) / math.sqrt(w.sum())
    assert [plain(str(cell)) for cell in rows[1]("td")] == [
        "complete pooling",
        "0.000",
        *(fix(v, 3) for v in (mu, w.sum() ** -0.5, mu - reach, mu + reach)),
    ]


@pytest.mark.parametrize(
    ("taus", "said"),
    [
        ([0, 0, 0, 0], "All 4 classical estimates of τ are exactly 0"),
        ([0, 0, 1.2, 0], "3 of the 4 classical estimates of τ are exactly 0"),
        ([0.5, 0, 1.2, 3], "1 of the 4 classical estimates of τ is exactly 0"),
        ([0.0456, 12.345, 3, 2], "of τ lie between 0.0456 and 12.3."),
    ],
)
def test_classical_taus_of_zero_are_counted(report, taus, said):
    again = opened(report)
    again.classical.loc[["dersimonian_laird", "paule_mandel", "ml", "reml"], "tau"] = taus
    assert said in plain(classical.classical_words(again))


# -- every number with its error -------------------------------------------------------------------


def best_rows(model="noncentered", accept=0.95):
    return ESTIMATES[
        (ESTIMATES["model"] == model)
        & (ESTIMATES["target_accept"] == accept)
        & (ESTIMATES["draws"] == 2000)
        & (ESTIMATES["seed"] == 11)  # the first of the study, not the smallest
    ]


def of_errors(errors):
    """With as many decimals as give the smallest error two digits."""
    return lambda value: fix(value, 1 - Decimal(float(errors.min())).adjusted())


@pytest.mark.parametrize(("model", "accept"), [("noncentered", 0.95), ("marginal", 0.8)])
def test_numbers_of_the_recommended_fit_stand_beside_the_exact_ones(report, model, accept):
    rows = best_rows(model, accept)
    assert len(rows) == len(SYMBOLS)
    z = (rows["mean"] - EXACT["mean"][rows["variable"]].to_numpy()) / rows["mcse_mean"]
    columns = {"variable": (SYMBOLS, None)}
    of_mean, of_sd = of_errors(rows["mcse_mean"]), of_errors(rows["mcse_sd"])
    for head, values, form in (
        ("mean", rows["mean"], of_mean),
        ("MCSE", rows["mcse_mean"], of_mean),
        ("exact mean", EXACT["mean"][:-1], of_mean),
        ("z", rows["z"], lambda x: fix(x, 1).replace("−0.0", "0.0")),
        ("sd", rows["sd"], of_sd),
        ("MCSE of sd", rows["mcse_sd"], of_sd),
        ("exact sd", EXACT["sd"][:-1], of_sd),
        ("bulk ESS", rows["ess_bulk"], lambda x: fix(x, 0)),
        ("tail ESS", rows["ess_tail"], lambda x: fix(x, 0)),
        ("R-hat", rows["r_hat"], lambda x: fix(x, 4)),
    ):
        columns[head] = ([form(value) for value in values], values)
    np.testing.assert_allclose(rows["z"], z, rtol=1e-9, atol=1e-9)
    html = numbers.numbers_table(opened(report, model=model, target_accept=accept))
    assert_table(html, columns)
    fit = f"one fit of the {model} model (target_accept {accept}, seed 11, 2,000 draws a chain)"
    assert f"Means and standard deviations of {fit}, each" in caption_of(html)


def test_moments_that_do_not_exist_are_not_told_from_draws(report):
    mine = opened(report, model="noncentered", target_accept=0.95)
    whole = numbers.numbers_table(mine)
    rows = (mine.estimates["variable"] == "mu", mine.estimates["variable"] == "tau")
    mine.estimates.loc[rows[0], ["exact_mean", "exact_sd"]] = np.nan
    mine.estimates.loc[rows[1], "exact_sd"] = np.nan
    html = numbers.numbers_table(mine)
    page = BeautifulSoup(html, "html.parser")
    heads = [" ".join(cell.get_text().split()) for cell in page.thead("th")]
    cells = [[cell.get_text() for cell in row("td")] for row in page.tbody("tr")]
    dash = [[head for head, cell in zip(heads, row, strict=True) if cell == "–"] for row in cells]
    assert dash[:2] == [
        ["mean", "MCSE", "exact mean", "z", "sd", "MCSE of sd", "exact sd"],
        ["sd", "MCSE of sd", "exact sd"],
    ]
    assert not any(dash[2:])
    assert caption_of(html) == caption_of(whole) + " A mean or sd that does not exist is left out."


@pytest.mark.parametrize(("model", "accept"), [("noncentered", 0.95), ("centered", 0.9)])
def test_quantiles_of_the_recommended_fit_stand_beside_the_exact_ones(report, model, accept):
    rows = best_rows(model, accept)
    columns = {"variable": (SYMBOLS, None)}
    for q in (5, 50, 95):
        for head, values in (
            (f"{q} %", rows[f"q{q}"]),
            (f"MCSE of {q} %", rows[f"mcse_q{q}"]),
            (f"exact {q} %", EXACT[f"q{q}"][:-1]),
        ):
            columns[head] = ([of_errors(rows[f"mcse_q{q}"])(value) for value in values], values)
    html = numbers.quantiles_table(opened(report, model=model, target_accept=accept))
    assert_table(html, columns)
    fit = f"one fit of the {model} model (target_accept {accept}, seed 11, 2,000 draws a chain)"
    assert f"Quantiles of {fit}, each" in caption_of(html)


def test_every_cell_has_its_diagnostics(report):
    names = {"r_hat": "R-hat", "ess_bulk": "bulk ESS", "divergence_rate": "divergences"}
    names |= {"ebfmi": "E-BFMI", "max_treedepth_rate": "tree depth"}
    alarms = [", ".join(names[key] for key in a.split()) or "–" for a in FITS["alarms"]]
    columns = {
        "model": (FITS["model"], None),
        "target_accept": ([fix(a, 2) for a in FITS["target_accept"]], FITS["target_accept"]),
        "seed": (FITS["seed"].map(str), FITS["seed"]),
        "draws": (FITS["draws"].map({400: "400", 2000: "2,000"}), FITS["draws"]),
        "verdict": (FITS["verdict"], None),
        "alarms": (alarms, None),
    }
    for head, column, form in (
        ("error of means", "error_mean_max", even(FITS["error_mean_max"], 2)),
        ("of sds", "error_sd_max", even_pct(FITS["error_sd_max"])),
        ("of quantiles", "error_quantile_max", even_pct(FITS["error_quantile_max"])),
        ("honest p", "p_honest_min", even(FITS["p_honest_min"], 2)),
        ("draws needed", "draws_needed", even(FITS["draws_needed"], 2)),
        ("divergences", "divergences", lambda x: fix(x, 0)),
        ("E-BFMI", "ebfmi_min", lambda x: fix(x, 2)),
        ("R-hat", "r_hat_max", lambda x: fix(x, 3)),
        ("bulk ESS", "ess_bulk_min", lambda x: fix(x, 0)),
        ("tail ESS", "ess_tail_min", lambda x: fix(x, 0)),
        ("tree depth", "max_treedepth_hits", lambda x: fix(x, 0)),
        ("step size", "step_size", even(FITS["step_size"], 2)),
        ("gradients", "gradients", lambda x: fix(x, 0)),
    ):
        columns[head] = ([form(value) for value in FITS[column]], FITS[column])
    assert_table(fits.cells_table(report), columns)
    marks = [
        (plain(str(mark)), mark["class"][-1])
        for mark in BeautifulSoup(fits.cells_table(report), "html.parser")(class_="badge")
    ]
    assert set(marks) == {("right", "pass"), ("too few draws", "fail"), ("wrong", "fail")}


# -- calibration, lecture, provenance --------------------------------------------------------------


def test_a_calibration_of_an_earlier_version_is_told_without_pairs(report, monkeypatch):
    earlier = {name: part for name, part in calibration().items() if name != "paired"}
    monkeypatch.setitem(report.__dict__, "calibrated", earlier)
    soup = BeautifulSoup(calibration_section.calibration(report), "html.parser")
    assert soup.find(id="table-uniformity") and not soup.find(id="table-paired")


def test_calibration_is_told_with_every_test(report):
    html = calibration_section.calibration(report)
    rows = calibration()["uniformity"]
    columns = {
        "source": ([row["source"] for row in rows], None),
        "variable": ([row["variable"] for row in rows], None),
    }
    for head, key, form in (
        ("simulations", "simulations", lambda x: fix(x, 0)),
        ("mean position", "mean_position", lambda x: fix(x, 3)),
        ("p value", "p_value", even([row["p_value"] for row in rows], 2)),
        ("p corrected", "p_corrected", even([row["p_corrected"] for row in rows], 2)),
    ):
        columns[head] = ([form(row[key]) for row in rows], [row[key] for row in rows])
    columns["uniform"] = (["no", "no", "yes", "yes"], None)
    soup = BeautifulSoup(html, "html.parser")
    assert_table(str(soup.find(id="table-uniformity")), columns)
    rows = calibration()["paired"]
    columns = {
        "source": (["centered", "centered"], None),
        "variable": (["mu", "log_tau"], None),
    }
    for head, form in (
        ("simulations", lambda x: fix(x, 0)),
        ("shift", lambda x: fix(x, 4)),
        ("shift se", lambda x: fix(x, 4)),
        ("spread", lambda x: fix(x, 4)),
        ("spread se", lambda x: fix(x, 4)),
        ("p value", even([row["p_value"] for row in rows], 2)),
        ("p corrected", even([row["p_corrected"] for row in rows], 2)),
    ):
        values = [row[head.replace(" ", "_")] for row in rows]
        columns[head] = ([form(value) for value in values], values)
    columns["right"] = (["no", "yes"], None)
    assert_table(str(soup.find(id="table-paired")), columns)
    told = plain(html)
    assert calibration_section.finding(report) == "First &lt; second."
    assert "First < second." not in told  # said once
    assert "Last sentence." in told
    images = soup("figure")
    assert [image["id"] for image in images] == [f"figure-{name}" for name in CALIBRATION]
    for image, (alternative, words) in zip(images, CALIBRATION.values(), strict=True):
        assert image.img["alt"] == alternative
        assert plain(str(image.figcaption)) == words


def test_calibration_of_other_data_or_priors_is_not_told(report):
    again = opened(report)
    again.provenance["data_sha256"] = "f" * 64
    assert calibration_section.calibration(again) == calibration_section.finding(again) == ""
    again = opened(report)
    settings = json.loads(again.provenance["settings"])
    settings["datasets"]["five_trees"]["prior"]["tau"]["beta"] = 6.6
    again.provenance["settings"] = json.dumps(settings)
    assert calibration_section.calibration(again) == calibration_section.finding(again) == ""


@pytest.fixture(scope="module")
def lecture(report):
    """Set the lecture beside results that are not its own, as if they were."""
    from partial_pooling.report.sections import lecture

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lecture.lecture, "applies", lambda *_: True)
        return lecture.compare(opened(report))


def test_lectures_statements_stand_beside_this_studys_numbers(lecture):
    rows = BeautifulSoup(lecture, "html.parser").tbody("tr")
    told = [[plain(str(cell)) for cell in row("td")] for row in rows]
    mine = LAST[(LAST["model"] == "noncentered") & (LAST["target_accept"] == 0.8)]
    estimates = ESTIMATES[
        (ESTIMATES["model"] == "noncentered")
        & (ESTIMATES["target_accept"] == 0.8)
        & (ESTIMATES["draws"] == 2000)
    ]

    def effective(variable):
        return fix(estimates["ess_bulk"][estimates["variable"] == variable].mean(), 0)

    assert told[:4] == [
        ["E[log τ]", "0.7657852, “the true value”", "0.8194000, exact"],
        [
            "R-hat",
            "1.000 for every variable (2 chains)",
            f"{fix(mine['r_hat_max'].max(), 3)}, the largest of any variable and seed",
        ],
        [
            f"effective draws, of 20,000 there and {CHAINS * 2000:,} here",
            "μ: 20,000; τ: 9,510; log τ: 8,571",
            f"μ: {effective('mu')}; τ: {effective('tau')}; log τ: {effective('log_tau')}",
        ],
        [
            "divergent transitions",
            "22, 0.11 %",
            f"{fix(mine['divergences'].mean(), 0)}, {pct(mine['divergence_rate'].mean())} "
            "(target_accept 0.8)",
        ],
    ]
    assert told[4][2].startswith("at target_accept 0.8 there are 1,235 divergent transitions;")
    assert told[5][2].startswith("From 400 to 2,000 draws a chain the root mean squared error")
    shares = []
    for model in ("centered", "noncentered"):
        fits = LAST[(LAST["model"] == model) & (LAST["target_accept"] == 0.8)]
        n = sum(fits["ess_neck_5"])
        share = sum(fits["neck_5"] * fits["ess_neck_5"]) / n
        low = stats.beta.ppf(0.025, share * n, n - share * n + 1)
        high = stats.beta.ppf(0.975, share * n + 1, n - share * n)
        shares.append(with_interval(share, low, high))
    assert told[6][2] == (
        f"of its draws the centered model has {shares[0]}, the noncentered {shares[1]} where the "
        "exact posterior has 5 % (95 % intervals)"
    )


def test_slips_of_the_lecture_have_their_numbers(lecture):
    slips = [plain(str(item)) for item in BeautifulSoup(lecture, "html.parser")("li")]
    mcse = 1.127 / math.sqrt(8571)  # the exact sd, the lecture's effective draws
    assert (
        "line at 0.7657852, which comes from a long run of a sampler. The exact value is "
        f"0.8194000: the quoted one is off by −0.0536, which is {fix(0.0536148 / mcse, 1)} Monte "
        "Carlo standard errors of the lecture's own fit, by its 8,571 effective draws."
    ) in slips[0]
    assert "factor 1/σ²post; it must be σ²post" in slips[1]
    assert (
        "“Percentage of divergent 0.00220” divides 22 by the 10,000 draws of one chain, though the "
        "divergences of 2 chains were counted, and prints a fraction. Of 20,000 transitions it is "
        "0.11 %."
    ) in slips[2]
    assert slips[3].startswith("N(0, 5) means a standard deviation of 5,")
    assert "“20,000 effective draws”" in slips[4]
    assert len(slips) == 5


def test_origin_names_data_commit_and_versions(report):
    again = opened(report)
    told = plain(origin.origin(again))
    cells = BeautifulSoup(origin.origin(again), "html.parser").tbody("tr")
    assert {row.th.get_text(): row.td.get_text() for row in cells} == {
        "data (SHA-256)": "0123" * 16,
        "workflow commit": "abc",
        "python version": "3.13.9",
        "pymc version": "6.1.2",
    }
    assert "sampling:\n  chains: 3\n" in origin.origin(again)
    assert "seeds: [11, 3, 7]" in told
    assert "beta: 6.5" in told
    again.provenance["git_commit"] = "unknown"
    assert "git checkout" not in origin.origin(again)


# -- index -----------------------------------------------------------------------------------------


def test_index_has_the_numbers_of_each_report(report):
    templates = Path(__file__).parents[2] / "workflow/notebooks/templates"
    none = opened(report, status="none")
    none.verdict["answer"]["quote"] = False
    html = write_index([("a/report.html", report), ("b/report.html", none)], templates)
    rows = [row("td") for row in BeautifulSoup(html, "html.parser").tbody("tr")]
    right = sum(s["right"] for s in SAMPLING["settings"])
    assert [plain(str(cell)) for cell in rows[0]] == [
        "five trees trees.csv",
        "quote",
        "right noncentered, 0.95",
        "mean 4.4 (−3.7 to 12.6)",
        "3.04 (0.14 to 12.07)",
        report.interval("theta_new"),
        "41 %",
        "5",
        f"{right} of {sum(range(3, 12))}",
        "μ ~ Normal(mu=1.5, sigma=27) τ ~ HalfCauchy(beta=6.5)",
    ]
    assert rows[0][7]["data-value"] == "5"
    assert [plain(str(cell)) for cell in rows[1][1:3]] == ["conflict", "none right"]
    assert [cell.strong["class"][-1] for cell in rows[0][1:3]] == ["pass", "pass"]
    assert [cell.strong["class"][-1] for cell in rows[1][1:3]] == ["fail", "fail"]


def test_index_draws_one_measure_on_one_scale(report):
    templates = Path(__file__).parents[2] / "workflow/notebooks/templates"
    second = opened(report)
    second.exact.loc["mu", ["q2.5", "q50", "q97.5"]] += 100
    html = write_index([("a", report), ("b", second)], templates)
    first = drawn_of(html, 0)
    # no measure: each on a scale of its own, from end to end of a new group's interval
    low, high = report.value("theta_new", "q2.5"), report.value("theta_new", "q97.5")
    middle = EDGE + (report.value("mu", "q50") - low) / (high - low) * (WIDTH - 2 * EDGE)
    assert float(first.circle["cx"]) == pytest.approx(middle, abs=0.06)
    rows = [Drawn(0, 1, 2, (-1, 3), 0), Drawn(4, 6, 9)]
    shared = [BeautifulSoup(svg, "html.parser") for svg in draw(rows, ["x", "y"])]
    ends = [EDGE + (value + 1) / 10 * (WIDTH - 2 * EDGE) for value in (1, 6)]
    assert [float(svg.circle["cx"]) for svg in shared] == pytest.approx(ends, abs=0.06)
    assert [len(svg("path")) for svg in shared] == [3, 1]


def drawn_of(html, row):
    return BeautifulSoup(html, "html.parser").tbody("tr")[row].find("svg")


def test_index_lists_results_of_other_configurations(report, tmp_path):
    templates = Path(__file__).parents[2] / "workflow/notebooks/templates"
    html = write_index(
        [("a/report.html", report)],
        templates,
        others=[("b/report.html", opened(report)), ("c/report.html", Results(tmp_path / "old"))],
    )
    page = BeautifulSoup(html, "html.parser")
    marks = [bool(row.find(class_="aside")) for row in page.tbody("tr")]
    assert marks == [False, True]
    assert "old" in page.ul.a.get_text() and "it is missing" in page.ul.get_text()
    for name, needs in (("x", "verdict.json"), ("y", "tables.parquet"), ("z", "data.csv")):
        (tmp_path / name).mkdir()
        for file in ("report.html", "index.html", needs):
            (tmp_path / name / file).touch()
    assert results_beside(tmp_path, []) == ["x", "y"]
    assert results_beside(tmp_path, ["x"]) == ["y"]


# -- results and pieces ----------------------------------------------------------------------------


def test_units_follow_the_median_standard_error(report):
    again = opened(report)
    assert again.scale == 10.42
    assert again.in_units("tau") == "3.87"
    assert again.in_units("mu") == "4.4"
    assert [again.finely(x) for x in (200.04, 9.99, 0.0312, 0)] == [
        "200.0",
        "9.99",
        "0.0312",
        "0.0",
    ]
    # tau by its own scale if that is smaller, and never more coarsely than the data
    again.exact.loc["tau", "q50"] = 0.0512
    assert again.interval("tau") == "0.1372 to 12.0700"
    again.exact.loc["tau", "q50"] = 31.7
    assert again.interval("tau") == "0.1 to 12.1"


def test_rows_that_figures_show_are_of_the_first_seed_and_target_accept(report):
    assert list(report.shown.index) == list(MODELS)
    assert set(report.shown["seed"]) == {11}
    assert set(report.shown["target_accept"]) == {0.9}
    assert set(report.shown["draws"]) == {2000}
    assert report.transitions == 6000
    assert set(report.lowest("marginal")["target_accept"]) == {0.8}
    assert set(report.lowest("marginal")["model"]) == {"marginal"}
    assert list(report.lowest("marginal")["seed"]) == list(SEEDS)


def test_centre_is_the_median_as_soon_as_one_mean_is_missing(report):
    assert list(report.theta["centre"]) == list(THETA["mean"])
    again = opened(report)
    again.exact.loc["theta[Elm]", "mean"] = math.nan
    assert again.centre == "q50"
    assert list(again.theta["centre"]) == list(THETA["q50"])
    again.exact.loc["mu", "mean"] = math.nan
    assert again.centre_in_words("mu") == "median 4.4"
    assert summary.answers(again)[0][1:3] == ("4.4", "−3.7 to 12.6")
    assert "values: median and 95 % interval" in summary.answers(again)[0][3]
    assert "posterior medians between 3.2 and 5.8" in plain(groups_section.finding(again))


def test_long_tables_say_where_the_rest_is():
    frame = pd.DataFrame({"name": "x", "number": np.arange(1002)})
    html = table(frame, {}, "Rows.", "many", "rows.csv")
    soup = BeautifulSoup(html, "html.parser")
    assert len(soup.tbody("tr")) == 1000
    assert caption_of(html) == "Rows. The first 1,000 of 1,002 rows; rows.csv has all."
    whole = BeautifulSoup(table(frame[:1000], {}, "Rows.", "many", "rows.csv"), "html.parser")
    assert len(whole.tbody("tr")) == 1000
    assert plain(str(whole.find(class_="caption"))) == "Rows."
    unbounded = BeautifulSoup(table(frame, {}, "Rows.", "many"), "html.parser")
    assert len(unbounded.tbody("tr")) == 1002


def test_each_table_has_its_name_and_says_which_file_has_all(report, monkeypatch):
    defaults = list(table.__defaults__)
    monkeypatch.setattr(table, "__defaults__", (*defaults[:-1], 3))
    for section in (classical, numbers):
        monkeypatch.setattr(section, "FEW_ROWS", 3)
    for shown, name, file, rows in (
        (groups_section.data_table, "groups", "exact.csv", 5),
        (classical.shrinkage_table, "shrinkage", "classical_theta.csv", 5),
        (numbers.numbers_table, "numbers", "estimates.csv", 8),
        (numbers.quantiles_table, "quantiles", "estimates.csv", 8),
        (fits.cells_table, "cells", "fits.csv", 54),
        (sampling_section.alarms_table, "alarms", "", 3),
        (sampling_section.settings_table, "verdicts", "", 9),
        (cost.target_accept_table, "target_accept", "", 9),
        (classical.classical_table, "classical", "", 7),
    ):
        html = shown(report)
        assert BeautifulSoup(html, "html.parser").div["id"] == f"table-{name}"
        shortened = f" The first 3 of {rows} rows; {file} has all."
        assert caption_of(html).endswith(shortened) == bool(file)


def test_decimals_are_even_in_every_column_of_every_table(tmp_path):
    report = Results(write_results(tmp_path, hostile_groups()))
    sections = [section for chapter in CHAPTERS for section in chapter.sections]
    parts = [part for section in sections for part in section.CONTENT if callable(part)]
    soup = BeautifulSoup("".join(part(report) for part in parts), "html.parser")
    assert len(soup("table")) > 15
    assert uneven(soup) == {}


def test_tables_tell_the_page_what_they_are():
    def attributes(rows, name="x", **options):
        html = table(pd.DataFrame({"name": [name] * rows, "n": 1}), {}, "C.", "t", **options)
        return set(BeautifulSoup(html, "html.parser").div.attrs) - {"class", "id", "data-name"}

    assert attributes(20) == set()
    assert attributes(21) == {"data-long"}
    assert attributes(1, "sixteen letters.") == set()
    assert attributes(1, "seventeen letters") == {"data-wordy"}
    assert attributes(0) == set()
    assert attributes(1, searchable=True) == {"data-searchable"}
    assert attributes(1, stacks=True) == {"data-stacks"}


def test_cells_are_numbers_or_words():
    frame = pd.DataFrame({"name": ["a&b"], "count": [7], "share": [0.25], "none": [math.nan]})
    frame["shown"] = [Shown(math.nan, bold("<x>"))]
    soup = BeautifulSoup(table(frame, {"share": bold_of}, "≤ 5 %", "t"), "html.parser")
    cells = soup.tbody("td")
    assert [cell.get("data-value") for cell in cells] == [None, "7", "0.25", "", ""]
    assert [cell.get_text() for cell in cells] == ["a&b", "7", "0.25!", "–", "<x>"]
    assert [cell.get("class") for cell in cells] == [None, *[["number"]] * 4]
    assert cells[2].b
    assert soup.find(class_="caption").get_text() == "≤\xa05\xa0%"


def bold_of(value):
    return bold(f"{value}!")


def test_figures_come_back_from_their_address_as_they_were():
    svg = "<svg title=\"50 %, a & b\" id='#x'>\n\t<text>北京 τ</text></svg>".encode()
    soup = BeautifulSoup(figure("a", svg, "A.", "C.", narrow=svg), "html.parser")
    _, _, address = soup.img["src"].partition(",")
    shown = svg.replace(b">\n\t<", b"><").replace(b"\x22", b"'")
    assert unquote_to_bytes(address) == shown
    assert not set('"\n#') & set(address)
    source = soup.picture.source
    assert source["media"] == "(max-width: 40rem)"
    _, _, address = source["srcset"].partition(",")
    assert unquote_to_bytes(address) == shown and not source["srcset"].split()[1:]


def test_stacked_rows_name_their_columns():
    frame = pd.DataFrame({"name": ["a"], "n < 2": [1.5]})
    cells = BeautifulSoup(table(frame, {}, "C.", "t", stacks=True), "html.parser").tbody("td")
    assert [cell["data-label"] for cell in cells] == ["name", "n < 2"]


def test_figures_carry_their_words_and_image():
    soup = BeautifulSoup(figure("a_b", b"<svg/>", 'Say "x" < y.', "See 5 % & more."), "html.parser")
    assert soup.img["src"] == "data:image/svg+xml;charset=utf-8,<svg/>"
    assert soup.find("source") is None
    assert soup.img["alt"] == 'Say "x" < y.'
    assert soup.figcaption.get_text() == "See 5\xa0% & more."
    assert soup.find(role="region")["aria-label"] == "Figure: a b"
    assert repr(Html("x" * 1234)) == "<HTML of 1,234 characters>"


@pytest.mark.parametrize(
    ("chance", "said"),
    [(0.03, "= 0.030"), (1e-4, "= 0.00010"), (0.99e-4, "< 0.0001"), (0.0, "< 0.0001")],
)
def test_p_values_below_one_in_ten_thousand_are_bounded(chance, said):
    assert p_text(chance) == said
