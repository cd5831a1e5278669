"""What people read beside the model's scale: numbers, axes and words of a measure."""

import json
import math
import re
import shutil
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from distinct_results import EXACT, NAMES, write_distinct_results

from partial_pooling.data.groups import Counts, Estimates
from partial_pooling.data.measures import MEASURES
from partial_pooling.data.reading import write_groups
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.tables import exact_table
from partial_pooling.families.normal import Normal
from partial_pooling.families.registry import FAMILIES
from partial_pooling.figures.axes import reading_ticks
from partial_pooling.figures.forest import forest, forest_narrow
from partial_pooling.figures.labels import label, on_measure
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.report.captions import caption
from partial_pooling.report.index import write_index
from partial_pooling.report.results import Results
from partial_pooling.report.sections import classical, groups, summary

ODDS = MEASURES["log_odds_ratio"]
THETA = EXACT.loc[[f"theta[{name}]" for name in NAMES]]
COLUMNS = ("q50", "q2.5", "q97.5")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_distinct_results(tmp_path_factory.mktemp("distinct"))


def report_of(folder, **keys):
    """Results as if their study had these keys."""
    report = Results(folder)
    settings = json.loads(report.provenance["settings"])
    settings["datasets"]["five_trees"] |= keys
    report.provenance["settings"] = json.dumps(settings)
    return report


@pytest.fixture
def ratios(folder):
    return report_of(
        folder, form="two_by_two", measure="log_odds_ratio", continuity_correction=0.25
    )


def plain(html):
    return " ".join(BeautifulSoup(html, "html.parser").get_text(" ").split())


def test_first_screen_has_medians_and_intervals_on_the_scale_that_people_read(ratios):
    """Quantiles go through exp as they are: 80.0 is exp(4.382), not exp of the mean, 82.8."""
    rows = summary.answers(ratios)
    assert rows[0][:3] == ("Odds ratio", "80.0", "0.0244 to 292,000")
    assert "μ, the mean of the groups' true values: median and 95 % interval" in rows[0][3]
    assert "5 groups, log odds ratio" in plain(summary.title(ratios))
    for exact, shown in zip(EXACT.loc["mu", list(COLUMNS)], (80.0, 0.0244, 292_000), strict=True):
        assert math.exp(exact) == pytest.approx(shown, rel=5e-3)
    new = EXACT.loc["theta_new"]
    assert rows[1][2].startswith(f"{math.exp(new['q2.5']):.6f} to ")
    assert "the scale of the log odds ratio" in rows[2][3]
    assert rows[3][0] == "P(odds ratio &gt; 12.2)"  # exp(2.5)
    assert "that the pooled odds ratio is above 12.2; of a new group" in rows[3][3]
    null = ratios.decisions.assign(above=0.0, probability=0.1234)
    ratios.__dict__["decisions"] = null
    chance = summary.answers(ratios)[3]
    assert chance[:2] == ("P(odds ratio &lt; 1)", "88\N{NO-BREAK SPACE}%")
    assert "is below 1 (no effect); of a new group, 88" in chance[3]


def test_beside_a_median_that_is_read_stands_that_of_the_log_scale(ratios):
    exact = ratios.exact.copy()
    exact.loc["mu", "mean"] = 99.0
    ratios.__dict__["exact"] = exact
    assert "log odds ratio 4.4 (" in summary.answers(ratios)[0][3]


def test_table_of_groups_has_their_odds_ratios(ratios):
    html = groups.data_table(ratios)
    rows = BeautifulSoup(html, "html.parser").tbody("tr")
    found = [[float(cell["data-value"]) for cell in row("td")[-3:]] for row in rows]
    np.testing.assert_allclose(found, np.exp(THETA[list(COLUMNS)].to_numpy()), rtol=1e-14)
    heads = [plain(str(cell)) for cell in BeautifulSoup(html, "html.parser").thead("th")]
    assert heads[-3:] == [f"odds ratio {q} %" for q in ("50", "2.5", "97.5")]
    assert [plain(str(row.td)) for row in rows] == list(NAMES)
    words = plain(html)
    assert "log odds ratio of the treated arm over the control arm, with 0.25 added" in words
    assert "on the scale of the log odds ratio." in words
    assert "units of the data" not in words


def test_answer_says_whether_no_effect_is_within_reach(ratios, folder):
    told = plain(summary.title(ratios))
    assert (
        "log odds ratio 4.4 (−3.7 to 12.6). No effect (odds ratio 1) lies inside the interval"
        in told
    )
    ratios.exact.loc["mu", "q2.5"] = 0.01
    assert "No effect (odds ratio 1) lies outside" in plain(summary.title(ratios))
    difference = report_of(folder, measure="risk_difference")
    assert "No effect (risk difference 0) lies inside" in plain(summary.title(difference))
    assert summary.answers(difference)[0][:3] == ("Risk difference", "4.4", "−3.7 to 12.6")
    probability = report_of(folder, measure="logit")
    assert summary.answers(probability)[0][:3] == ("Probability", "0.988", "0.0238 to 1.00")
    assert "No effect" not in plain(summary.title(probability))


def test_finding_of_the_groups_is_on_the_scale_that_people_read(folder):
    told = plain(groups.finding(report_of(folder, measure="logit")))
    read = MEASURES["logit"].reading.read(THETA["q50"].to_numpy())
    assert "The raw estimates of the probability lie between 8.66e−11 and 1.00" in told
    assert 1 / (1 + math.exp(23.17)) == pytest.approx(8.66e-11, rel=5e-3)
    assert f"the groups' posterior medians between {read.min():.3f} and " in told


def test_caption_and_index_tell_of_the_scale(ratios, folder, tmp_path):
    words = (
        " Numbers and the axis below have the odds ratio, the axis above the log odds ratio. The "
        "dotted line is no effect."
    )
    assert caption(ratios, "forest")[1].count(words) == 1
    assert words not in caption(Results(folder), "forest")[1]
    (tmp_path / "index.html.j2").write_text(
        "{% for row in rows %}{{ row.read | safe }}{% endfor %}"
    )
    told = write_index([("a", ratios)], tmp_path)
    assert re.fullmatch(r"odds ratio 80\.00 \(0\.02 to 291,8\d\d\.\d\d\)", told)


def test_estimates_of_which_nothing_is_said_are_in_the_units_of_the_data(folder):
    for report in (Results(folder), report_of(folder, form="summaries", measure="mean")):
        html = groups.data_table(report)
        assert "in the units of the data." in plain(html)
        assert len(BeautifulSoup(html, "html.parser").thead("th")) == 7
        assert summary.answers(report)[0][0] == "Common mean"
        assert "No effect" not in plain(summary.title(report))


def test_axes_are_named_in_words_while_a_figure_of_the_measure_is_drawn():
    names = ("mu", "tau", "log_tau", "theta", "theta[a]")
    with on_measure(ODDS):
        assert [label(name) for name in names] == [
            "μ (log odds ratio)",
            "τ (log odds ratio)",
            "log τ (τ in log odds ratio)",
            "θ (log odds ratio)",
            "θ of a (log odds ratio)",
        ]
    assert label("mu") == "μ (data units)"
    with on_measure(MEASURES["mean"]):
        assert label("theta") == "θ (data units)"


@pytest.fixture(scope="module")
def drawn():
    alone = Estimates(("a", "b"), np.array([-1.5, -0.4]), np.array([0.3, 0.2]))
    columns = ["variable", "mean", "q2.5", "q50", "q97.5"]
    rows = [("theta[a]", -1.2, -1.7, -1.2, -0.6), ("theta[b]", -0.5, -0.8, -0.5, -0.2)]
    rows += [("theta_new", -0.8, -1.9, -0.8, 0.3), ("mu", -0.8, -1.1, -0.79, -0.6)]
    rows += [("tau", 0.4, 0.1, 0.3, 1.2)]
    with on_measure(ODDS):
        return forest(alone, pd.DataFrame(rows, columns=columns))


def test_forest_has_odds_ratios_below_and_their_logs_above(drawn):
    ax = drawn.axes[0]
    assert ax.get_xlabel() == "θ (log odds ratio)"
    assert ax.xaxis.get_label_position() == "top"
    (below,) = ax.child_axes
    assert below.get_xlabel() == "odds ratio"
    places = dict(
        zip([tick.get_text() for tick in below.get_xticklabels()], below.get_xticks(), strict=True)
    )
    assert {"0.2", "0.5", "1"} <= places.keys()
    for text, place in places.items():
        assert math.exp(place) == pytest.approx(float(text), rel=1e-12)


def test_forest_has_medians_and_intervals_as_people_read_them(drawn):
    """exp of the quantiles, with as many decimals for all as a tenth of their spread needs."""
    told = [text.get_text() for text in drawn.axes[0].texts]
    assert "odds ratio (95 %)" in told
    assert f"{math.exp(-1.2):.3f} ({math.exp(-1.7):.3f} to {math.exp(-0.6):.3f})" in told
    assert f"{math.exp(-0.79):.3f} ({math.exp(-1.1):.3f} to {math.exp(-0.6):.3f})" in told
    assert f"{math.exp(-1.9):.3f} to {math.exp(0.3):.3f}" in told


def test_forest_has_a_line_where_there_is_no_effect(drawn):
    (dotted,) = [line for line in drawn.axes[0].lines if line.get_linestyle() == ":"]
    assert list(dotted.get_xdata()) == [0, 0]
    low, high = drawn.axes[0].get_xlim()
    assert low < 0 < high
    assert "no effect" in [text.get_text() for text in drawn.legends[0].get_texts()]


@pytest.mark.parametrize(
    ("measure", "low", "high", "expected"),
    [
        ("log_odds_ratio", -2.4, 1.2, {0.1, 0.2, 0.5, 1, 2}),
        ("logit", -6, 6, {0.01, 0.1, 0.5, 0.9, 0.99}),
        ("fisher_z", -0.3, 0.9, {0, 0.2, 0.5}),
        ("log_rate", -9, -4, {0.001, 0.01}),
        ("log_odds_ratio", 0.01, 0.05, {1.02, 1.03}),
    ],
)
def test_ticks_are_round_numbers_with_room_between_them(measure, low, high, expected):
    scale = MEASURES[measure].reading
    ticks = reading_ticks(scale, low, high, 0.01)
    assert expected <= {float(f"{tick:.6g}") for tick in ticks}
    places = scale.write(ticks)
    assert ((places > low - 1e-9) & (places < high + 1e-9)).all()
    assert np.diff(places).min() >= 0.09 * (high - low) - 1e-12
    assert 3 <= len(ticks) <= 11


@pytest.mark.parametrize("draw", [forest, forest_narrow])
@pytest.mark.parametrize(
    ("measure", "center"), [("logit", -4.0), ("fisher_z", 0.15), ("log_odds_ratio", 0.0)]
)
def test_numbers_along_the_axis_stand_apart_where_the_layout_leaves_little_room(
    draw, measure, center
):
    spread = 0.1 if measure == "fisher_z" else 1.0
    groups = Estimates(NAMES, center + spread * np.linspace(-1, 1, 5), np.full(5, 1.2 * spread))
    prior = parse_hyperprior(
        {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfNormal", "sigma": spread}}
    )
    exact = exact_table(solve(groups, prior))
    with on_measure(MEASURES[measure]):
        figure = draw(groups, exact)
    figure.canvas.draw()
    (axis,) = figure.axes[0].child_axes
    boxes = [text.get_window_extent() for text in axis.get_xticklabels() if text.get_text()]
    assert len(boxes) >= 2
    for left, right in pairwise(sorted(boxes, key=lambda box: box.x0)):
        assert right.x0 - left.x1 > 2, [text.get_text() for text in axis.get_xticklabels()]


class Binomial(Normal):
    """Stands for a family of counts; nothing of it is computed here."""

    name = "binomial"
    on_estimates = False


def test_report_of_data_as_they_are_shows_their_approximation_and_says_so(
    folder, tmp_path, monkeypatch
):
    monkeypatch.setitem(FAMILIES, "binomial", Binomial())
    shutil.copytree(folder, tmp_path / "counts")
    events, n = np.array([0.0, 3, 9, 4, 1]), np.array([9.0, 11, 20, 9, 30])
    write_groups(Counts(NAMES, events, n), tmp_path / "counts" / "data.csv")
    report = report_of(
        tmp_path / "counts",
        form="counts",
        family="binomial",
        measure="logit",
        continuity_correction=0.5,
    )
    assert report.approximated
    np.testing.assert_allclose(report.groups.estimate[:2], np.log([0.5 / 9.5, 3 / 8]))
    told = plain(groups.data_table(report))
    assert "rests on the binomial likelihood of the data themselves, not on these" in told
    assert "of the normal approximation of each group's data" in plain(
        classical.classical_words(report)
    )
    normal = report_of(folder, form="counts", measure="logit", continuity_correction=0.5)
    assert "Its standard error is taken as known" in plain(groups.data_table(normal))
    assert "normal approximation" not in plain(classical.classical_words(normal))
