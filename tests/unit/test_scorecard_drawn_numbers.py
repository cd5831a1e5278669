"""What the figures of the scorecard draw is what its tables say."""

import numpy as np
import pandas as pd
import pytest

from partial_pooling.figures.scorecard import (
    caught_and_false,
    caught_and_false_narrow,
    characteristics,
    characteristics_narrow,
    maps_accurate,
    maps_honest,
    maps_honest_narrow,
    over_draws,
    over_draws_narrow,
)
from partial_pooling.grading.checks import CHECKS, SCORES

NAMES = [check.name for check in CHECKS]


def shares(rows, names):
    """The rows with columns of shares that differ from each other, and ends about them."""
    rng = np.random.default_rng(1)
    for name in names:
        rows[name] = rng.uniform(0.2, 0.8, len(rows)).round(3)
        rows[f"{name}_low"], rows[f"{name}_high"] = rows[name] - 0.1, rows[name] + 0.15
    return rows


@pytest.fixture(scope="module")
def checks():
    rows = [
        {"truth": truth, "part": part, "draws": draws, "check": name, "bad": 30, "good": 70}
        for truth in ("accurate", "honest")
        for part in ("all", "mu")
        for draws in ("all", "100", "1000")
        for name in NAMES
    ]
    return shares(pd.DataFrame(rows), ["caught", "false_alarm"])


def of(checks, truth, draws):
    rows = checks[(checks["truth"] == truth) & (checks["part"] == "all")]
    return rows[rows["draws"] == draws].set_index("check")


@pytest.mark.parametrize("draw", [caught_and_false, caught_and_false_narrow])
def test_caught_and_false_draws_each_check_with_its_interval(checks, draw):
    figure = draw(checks)
    for ax, truth in zip(figure.axes, ("accurate", "honest"), strict=True):
        rows = of(checks, truth, "all")
        for bar, name in zip(ax.containers, ("caught", "false_alarm"), strict=True):
            np.testing.assert_allclose(bar[0].get_xdata(), 100 * rows[name])
            ends = np.array([path.vertices[:, 0] for path in bar[2][0].get_paths()])
            np.testing.assert_allclose(ends[:, 0], 100 * rows[f"{name}_low"])
            np.testing.assert_allclose(ends[:, 1], 100 * rows[f"{name}_high"])
        labels = dict(
            zip(ax.get_yticks(), [t.get_text() for t in ax.get_yticklabels()], strict=True)
        )
        assert labels[len(NAMES) - 1] == "R-hat > 1.01"  # the first above
        assert ": 30 of 100" in ax.get_title(loc="left").replace("\n", " ")


@pytest.mark.parametrize("draw", [over_draws, over_draws_narrow])
def test_over_draws_draws_four_checks(checks, draw):
    figure = draw(checks)
    panels = [(t, n) for t in ("accurate", "honest") for n in ("caught", "false_alarm")]
    if draw is over_draws_narrow:  # the right ones below the left
        panels = [*panels[::2], *panels[1::2]]
    for k, (truth, name) in enumerate(panels):
        bars = figure.axes[k].containers
        for bar, check in zip(
            bars, ("usual", "divergences_any", "diagnose", "alarms"), strict=True
        ):
            expected = [100 * of(checks, truth, draws)[name][check] for draws in ("100", "1000")]
            np.testing.assert_allclose(bar[0].get_ydata(), expected)


@pytest.mark.parametrize("draw", [characteristics, characteristics_narrow])
def test_characteristics_draws_curves_with_their_areas(draw):
    roc = pd.DataFrame(
        [
            {"truth": "honest", "score": name, "false_alarm": x, "caught": x ** (1 / (k + 2))}
            for k, name in enumerate(SCORES)
            for x in (0.0, 0.3, 1.0)
        ]
    )
    areas = pd.DataFrame(
        [
            {"truth": "honest", "part": "all", "draws": "all", "score": name, "area": 0.5 + k / 20}
            for k, name in enumerate(SCORES)
        ]
    )
    none, ax = draw(roc, areas).axes
    assert none.texts[0].get_text() == "all fits are alike"
    lines = ax.get_lines()[1:]
    for k, (line, name) in enumerate(zip(lines, SCORES, strict=True)):
        rows = roc[roc["score"] == name]
        np.testing.assert_allclose(line.get_ydata(), 100 * rows["caught"])
        assert line.get_label().endswith(f": {0.5 + k / 20:.2f}")


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        pytest.param(maps_accurate, "accurate", marks=pytest.mark.slow),
        (maps_honest, "honest"),
        pytest.param(maps_honest_narrow, "honest", marks=pytest.mark.slow),
    ],
)
def test_maps_have_each_share_in_its_cell(draw, truth):
    rows = [
        {"truth": t, "check": name, "groups": g, "ratio": r}
        for t in ("accurate", "honest")
        for name in NAMES
        for g, r in ((0, 1), (4, 5))
    ]
    maps = shares(pd.DataFrame(rows), ["caught", "false_alarm"])
    maps.loc[maps["check"] == "ebfmi", "caught"] = np.nan  # nothing to catch
    axes = draw(maps).axes
    for k, name in enumerate(NAMES):
        mine = maps[(maps["truth"] == truth) & (maps["check"] == name)]
        for ax, share in zip(axes[2 * k : 2 * k + 2], ("caught", "false_alarm"), strict=True):
            drawn = np.asarray(ax.images[0].get_array().filled(np.nan))
            assert drawn[0, 1] == pytest.approx(mine[share].iloc[0], nan_ok=True)
            assert drawn[4, 5] == pytest.approx(mine[share].iloc[1], nan_ok=True)
            texts = [text.get_text() for text in ax.texts]
            assert texts == [f"{100 * x:.0f}" for x in mine[share].dropna()]
