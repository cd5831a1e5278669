"""Figures and words over the tables of a collection draw and say what their tables hold."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from synthetic_collection import made

from partial_pooling.figures import collection as drawings
from partial_pooling.figures.collection import map_of_verdicts, mu_over_tables, tau_over_tables
from partial_pooling.grading.over_tables import verdict_map
from partial_pooling.report.collection_words import map_words, mu_words


def hand_made():
    """Two cells: 3 groups and ratio 0.1 (4 tables, and one that could not be sampled), 30 groups
    and ratio exactly 1 (2 tables)."""
    verdicts = ["wrong", "wrong", "right", "too few draws", "failed", "right", "right"]
    return pd.DataFrame(
        {
            "groups": [3, 3, 4, 2, 4, 30, 49],
            "tau_q50": [0.1, 0.1, 0.1, 0.1, 0.1, 2.0, 2.0],
            "typical_error": [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0],
            "centered_verdict": verdicts,
            "centered_alarms": ["r_hat", "", "", "ess_bulk", "", "divergence_rate", ""],
        }
    )


def test_map_counts_wrong_fits_and_right_alarms_by_cell():
    cells = verdict_map(hand_made(), "centered").set_index(["groups", "ratio"])
    assert list(cells.index) == [(0, 0), (3, 3)]
    few, many = cells.loc[(0, 0)], cells.loc[(3, 3)]
    assert (few["graded"], few["wrong"], few["judged"], few["alarms_right"]) == (4, 2, 3, 2)
    assert (many["graded"], many["wrong"], many["judged"], many["alarms_right"]) == (2, 0, 2, 1)
    exact = stats.binomtest(2, 4).proportion_ci(method="exact")
    assert (few["low"], few["high"]) == pytest.approx((exact.low, exact.high))


def test_map_draws_shares_with_counts_and_leaves_empty_cells_blank():
    left, right = map_of_verdicts(hand_made()).axes
    assert {text.get_position(): text.get_text() for text in left.texts} == {
        (0, 0): "50 %\n4",
        (3, 3): "0 %\n2",
    }
    assert {text.get_position(): text.get_text() for text in right.texts} == {
        (0, 0): "67 %\n3",
        (3, 3): "50 %\n2",
    }
    assert np.ma.count(np.ma.masked_invalid(left.images[0].get_array())) == 2


def test_words_name_the_cell_where_a_model_is_wrong_most_often():
    frame = pd.concat([hand_made()] * 5)
    told = map_words(frame)
    assert "at 2 to 4 groups and a ratio 0 to 0.25: 50" in told
    assert "of 20 tables" in told
    assert map_words(hand_made()) == ""  # cells of fewer than ten tables say nothing


def test_tau_is_drawn_as_densities_that_integrate_to_one():
    frame = made(500, bad=501)[0]
    frame.loc[0, "tau_q50"] = np.nan
    prior = {"dist": "LogNormal", "mu": -1.2, "sigma": 1.0}
    (ax,) = tau_over_tables(frame, {"log_normal": {"prior": prior}}).axes
    heights, edges, _ = ax.patches[0].get_data()
    assert np.sum(heights * np.diff(np.log(edges))) == pytest.approx(1)
    assert edges[0] < frame["tau_q50"].min() < frame["tau_q50"].max() < edges[-1]
    (line,) = ax.lines
    np.testing.assert_allclose(
        line.get_ydata(), stats.norm(-1.2, 1.0).pdf(np.log(line.get_xdata())), rtol=1e-9
    )


def test_mu_is_drawn_in_order_thinned_and_black_where_it_leaves_out_zero():
    frame = made(1000, bad=100)[0]
    ax = mu_over_tables(frame).axes[0]
    drawn = {
        tuple(segment[:, 0]): segment[0, 1]
        for lines in ax.collections
        for segment in lines.get_segments()
    }
    assert len(drawn) == 300
    of_table = {
        (low, high): rank
        for low, high, rank in zip(
            frame["mu_q2.5"], frame["mu_q97.5"], frame["mu_q50"].rank(), strict=True
        )
    }
    assert all(of_table[ends] == place for ends, place in drawn.items())
    assert {1, 990} <= set(drawn.values())
    black = ax.collections[1].get_segments()
    assert all(segment[0, 0] > 0 or segment[1, 0] < 0 for segment in black)


@pytest.mark.parametrize(
    "name", ["map_of_verdicts_narrow", "tau_over_tables_narrow", "mu_over_tables_narrow"]
)
def test_on_a_narrow_screen_the_same_numbers_are_drawn(name):
    prior = {"dist": "LogNormal", "mu": -1.2, "sigma": 1.0}
    more = ({"log_normal": {"prior": prior}},) if name.startswith("tau") else ()
    tables = made(200, bad=20)[0]
    names = (name.removesuffix("_narrow"), name)
    wide, narrow = (getattr(drawings, each)(tables, *more) for each in names)
    assert wide.get_size_inches()[0] == 7 and narrow.get_size_inches()[0] == 3.7
    one, two = (
        [
            [ax.get_title(loc="left"), *(text.get_text() for text in ax.texts)]
            + [line.get_xydata().tolist() for line in ax.lines]
            + [path.vertices.tolist() for part in ax.collections for path in part.get_paths()]
            + [np.nan_to_num(image.get_array()).tolist() for image in ax.images]
            + [np.asarray(stairs.get_data().values).tolist() for stairs in ax.patches]
            for ax in figure.axes
        ]
        for figure in (wide, narrow)
    )
    assert one == two
    assert all(len(of_axes) > 2 for of_axes in one)


def test_words_count_the_intervals_of_mu_that_leave_out_zero():
    frame = pd.DataFrame({"mu_q2.5": [1.0, -2.0, -1.0], "mu_q97.5": [2.0, -1.0, 1.0]})
    assert mu_words(frame) == " The interval leaves out 0 in 2 of the 3 tables."
    assert mu_words(frame, None) == ""  # what is no comparison has no value of no effect


@pytest.mark.parametrize("draw", [map_of_verdicts, mu_over_tables])
def test_a_collection_without_usable_tables_is_drawn_too(draw):
    assert draw(made(3, bad=1)[0]).axes
    assert tau_over_tables(made(3, bad=1)[0], {}).axes
