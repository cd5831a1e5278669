"""What figures and sections of decisions show, held against tables that are made up."""

from html import unescape

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from distinct_results import (
    NAMES,
    PROBABILITY,
    RANKS,
    decision_tables,
    opened,
    pct,
    sig,
    write_distinct_results,
)

from partial_pooling.figures import decision as drawings
from partial_pooling.figures.decision import atlas as draw_atlas
from partial_pooling.figures.decision import influence as draw_influence
from partial_pooling.figures.decision import ranks as draw_ranks
from partial_pooling.figures.decision import usual_priors as draw_usual_priors
from partial_pooling.report.captions import caption
from partial_pooling.report.figure import figure
from partial_pooling.report.results import Results
from partial_pooling.report.sections import decisions, fit, influence, intervals, priors, summary

TABLES = decision_tables()
DECISIONS = pd.DataFrame({"variable": ["mu"], "above": [2.5], "probability": [0.6789]})
EXACT = pd.DataFrame({"variable": ["mu"], "q2.5": [1.25], "q50": [4.5], "q97.5": [7.75]})


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return Results(write_distinct_results(tmp_path_factory.mktemp("distinct")))


def text(html):
    return BeautifulSoup(html, "html.parser").get_text().replace("\xa0", " ")


def told_by(section, report, words):
    return text(f"<p>{section.finding(report)}</p> {words(report)}")


def cells(html):
    rows = BeautifulSoup(html, "html.parser").select("tbody tr")
    return [[cell.get_text().replace("\xa0", " ") for cell in row.select("td")] for row in rows]


# -- figures -----------------------------------------------------------------------------------


def test_ranks_are_drawn_in_the_order_of_their_expectation():
    chance = np.array([[0.25, 0.35, 0.40], [0.60, 0.30, 0.10], [0.15, 0.35, 0.50]])
    table = pd.DataFrame(
        {"group": ["a", "b", "c"], "expected_rank": [2.15, 1.5, 2.35]}
        | {f"rank_{r + 1}": chance[:, r] for r in range(3)}
    )
    (ax,) = (a for a in draw_ranks(table).axes)
    order = [1, 0, 2]
    (mesh,) = ax.collections
    np.testing.assert_allclose(np.ravel(mesh.get_array()), chance[order].ravel())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a", "c"]
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [1.0, 1.65, 1.85])
    assert [t.get_text().replace("\xa0", " ") for t in ax.texts] == [
        pct(p) for p in chance[order].ravel()
    ]


def test_influence_is_drawn_without_each_group_and_with_all():
    table = TABLES["influence"]
    left, right = draw_influence(table, DECISIONS, EXACT).axes
    told = table.iloc[:4]  # the last has no posterior
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == list(told["group"])
    (points,) = (c for c in left.collections if len(c.get_offsets()) == 4)
    np.testing.assert_allclose(points.get_offsets()[:, 0], told["mu_q50"])
    ends = [segment[:, 0] for segment in left.collections[0].get_segments()]
    np.testing.assert_allclose(ends, told[["mu_q2.5", "mu_q97.5"]])
    assert left.patches[0].get_x() == 1.25 and left.patches[0].get_width() == 6.5
    assert [line.get_xdata()[0] for line in left.lines] == [4.5, 2.5]
    np.testing.assert_allclose(right.lines[1].get_xdata(), told["mu_above"])
    assert [line.get_xdata()[0] for line in right.lines] == pytest.approx(
        [0.6789, told["mu_above"].iloc[0], 0.025, 0.975]
    )


def test_usual_priors_are_drawn_with_the_studys_own_first():
    table = TABLES["priors"]
    axes = draw_usual_priors(table).axes
    for ax, name in zip(axes, ("mu", "tau", "new"), strict=True):
        points = ax.collections[1].get_offsets()
        np.testing.assert_allclose(points[:, 0], table[f"{name}_q50"])
        ends = [segment[:, 0] for segment in ax.collections[0].get_segments()]
        np.testing.assert_allclose(ends, table[[f"{name}_q2.5", f"{name}_q97.5"]])
    assert [label.get_text() for label in axes[0].get_yticklabels()] == list(table["name"])
    first, second = axes[0].collections[1].get_facecolors()[:2, :3]
    assert tuple(first) == (0, 0, 0) and tuple(second) != (0, 0, 0)


@pytest.mark.parametrize(
    "name", ["ranks_narrow", "influence_narrow", "usual_priors_narrow", "atlas_narrow"]
)
def test_on_a_narrow_screen_the_same_numbers_are_drawn(name):
    grid = np.geomspace(1 / 4, 4, 3)
    chance = np.linspace(0.01, 0.99, 9)
    across, up = (each.ravel() for each in np.meshgrid(grid, 5 * grid, indexing="ij"))
    table = pd.DataFrame({"tau_factor": across, "mu_prior_sd": up, "mu_above": chance})
    name = name.removesuffix("_narrow")
    given = {
        "ranks": (RANKS,),
        "influence": (TABLES["influence"], DECISIONS, EXACT),
        "usual_priors": (TABLES["priors"],),
        "atlas": (table, TABLES["priors"], DECISIONS),
    }[name]
    wide, narrow = (getattr(drawings, f"{name}{end}")(*given) for end in ("", "_narrow"))
    assert wide.get_size_inches()[0] == 7 and narrow.get_size_inches()[0] == 3.7
    one, two = (
        [
            [np.asarray(line.get_xydata(), float) for line in ax.lines]
            + [np.asarray(part.get_offsets(), float) for part in ax.collections]
            for ax in figure.axes
        ]
        for figure in (wide, narrow)
    )
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)
    texts = {text.get_text() for ax in narrow.axes for text in ax.get_yticklabels()}
    assert name == "atlas" or len(texts) >= 2


def test_atlas_has_the_prior_of_tau_across_and_that_of_mu_up():
    factors, sds = np.array([0.5, 1.0, 2.0]), np.array([3.0, 6.0, 12.0])
    # grows with the scale of tau alone: contours are upright, 97.5 % between 1 and 2
    table = pd.DataFrame(
        [(f, s, 0.6 + 0.25 * np.log2(2 * f)) for f in factors for s in sds],
        columns=["tau_factor", "mu_prior_sd", "mu_above"],
    ).assign(mu_above=lambda t: t["mu_above"].clip(upper=0.995))
    figure = draw_atlas(table, TABLES["priors"], DECISIONS)
    ax = figure.axes[0]
    thick = ax.collections[-1]
    paths = np.concatenate([path.vertices for path in thick.get_paths() if len(path.vertices)])
    assert np.all((paths[:, 0] > 1) & (paths[:, 0] < 2))
    assert paths[:, 1].min() == pytest.approx(3) and paths[:, 1].max() == pytest.approx(12)
    star = ax.lines[0]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (1, 6)
    assert not draw_atlas(table.iloc[:0], TABLES["priors"], DECISIONS).axes[0].collections


# -- sections ----------------------------------------------------------------------------------


def test_decisions_are_told_of_mu_a_new_group_and_how_many(report):
    told = told_by(decisions, report, decisions.decision_words)
    assert "common mean μ is above 2.5 is 68 %; that a new group's is, 57 %." in told
    assert "2 are above 2.5 with a probability of more than 97.5 %, 1 below it" in told
    assert "decide.above of the study asks for another" in told
    rows = cells(decisions.decision_table(report))
    for row, name, chance, of in zip(
        rows, NAMES, PROBABILITY[1:-1], RANKS.itertuples(), strict=True
    ):
        assert row[0] == name and row[2] == f"{of.expected_rank:.2f}"
        shares = [float(row[k].removesuffix(" %")) for k in (1, 3, 4)]
        assert shares == pytest.approx([100 * chance, 100 * of.first, 100 * of.last], abs=0.5)
    words = text(decisions.rank_words(report))
    assert "Ash is most often first (43 %, the next 21 %); " in words
    assert "Cedar is most often last (54 %, the next 21 %)." in words
    assert "from 2.0 to 4.3; if nothing told the groups apart, each would be 3.0" in words


def test_caption_of_ranks_tells_what_is_drawn(report):
    told = opened(report)
    told.__dict__["ranks"] = report.ranks.assign(rank_1=0.2)
    assert "the darker, the more probable" in text(caption(told, "ranks")[1])
    assert text(caption(report, "ranks")[1]) == (  # the probability of each rank is not known
        "Which group has which rank, 1 the largest θ, as expected, of all 5 groups in that order."
    )
    told.__dict__["ranks"] = report.ranks.assign(expected_rank=np.nan)
    assert figure(told, "ranks") == ""


def test_caption_says_that_not_every_group_left_out_is_drawn(report):
    many = opened(report)
    for count, said in ((40, False), (71, True)):
        rows = pd.concat([report.influence.iloc[:1]] * count)
        many.__dict__["influence"] = rows.assign(reason="")
        told = text(caption(many, "influence")[1])
        assert (f"Of {count} groups the 40 are drawn without which μ moves most." in told) is said


def test_of_too_many_groups_one_sentence_says_so_and_no_empty_figure_is_shown(report):
    many = opened(report)
    for name, table, column, kept in (
        ("influence", "influence", "mu_above", 0),
        ("usual_priors", "priors", "mu_q50", 1),
        ("atlas", "atlas", "mu_above", 0),
    ):
        assert caption(many, name) is not None
        rows = getattr(report, table).copy()
        rows.iloc[kept:, rows.columns.get_loc(column)] = np.nan
        if "reason" in rows:
            rows.iloc[kept:, rows.columns.get_loc("reason")] = "too many groups"
        many.__dict__[table] = rows
        assert figure(many, name) == ""
    *some, last = many.priors.index[1:]
    assert text(priors.finding(many)) == (
        f"Nothing is told under {', '.join(some)} and {last}: too many groups."
    )
    assert text(influence.finding(many)) == "Of 5 groups nothing is told here: too many groups."


def test_no_group_leads_where_two_are_alike(report):
    again = opened(report)
    ranks = report.ranks.copy()
    ranks["first"] = [0.4, 0.4 - 5e-6, 0.1, 0.05, 0.05]
    again.__dict__["ranks"] = ranks
    words = text(decisions.rank_words(again))
    assert "no group alone is most often first: two or more are with 40 %; Cedar is" in words
    ranks.iloc[1, ranks.columns.get_loc("first")] = 0.399
    assert "Ash is most often first (40 %, the next hardly less)" in text(
        decisions.rank_words(again)
    )


def test_tables_tell_of_the_side_of_c_on_which_mu_is(report):
    below = opened(report)
    told = report.decisions.copy()
    told["probability"] = [0.1, 0.0, *told["probability"].iloc[2:]]
    below.__dict__["decisions"] = told
    soup = BeautifulSoup(decisions.decision_table(below), "html.parser")
    assert [head.get_text() for head in soup("th")][1] == "P(θ < c)"
    assert cells(str(soup))[0][1] == "> 99 %"  # 1 - 0 is no certainty
    caption_of = soup.find(class_="caption").get_text().replace("\xa0", " ")
    assert "is below c = 2.5" in caption_of and "μ: 90 %; a new group: 43 %" in caption_of
    of = TABLES["influence"].iloc[1]
    soup = BeautifulSoup(influence.influence_table(below), "html.parser")
    heads = [head.get_text() for head in soup("th")]
    assert heads[5:7] == ["P(μ < c)", "P(new < c)"]
    assert cells(str(soup))[1][5:7] == [pct(1 - of["mu_above"]), pct(1 - of["new_above"])]
    soup = BeautifulSoup(priors.prior_table(below), "html.parser")
    assert [head.get_text() for head in soup("th")][-1] == "P(μ < c)"
    assert "P(μ < c) is" in caption(below, "influence")[1]
    assert "that μ is below c" in caption(below, "atlas")[1]


def test_figures_tell_of_the_side_of_c_on_which_mu_is():
    below = DECISIONS.assign(probability=1 - DECISIONS["probability"])
    _, right = draw_influence(TABLES["influence"], below, EXACT).axes
    told = TABLES["influence"].iloc[:4]
    assert right.get_xlabel() == "P(μ < 2.5)"
    (dots,) = (line for line in right.lines if line.get_marker() == "o")
    np.testing.assert_allclose(dots.get_xdata(), 1 - told["mu_above"])
    (all_groups, *_) = right.lines
    assert all_groups.get_xdata()[0] == pytest.approx(PROBABILITY[0])


def test_a_probability_that_is_next_to_certain_without_each_group_and_under_each_prior(report):
    sure = opened(report)
    sure.__dict__["decisions"] = report.decisions.assign(probability=1 - 1e-9)
    for table in ("influence", "priors", "atlas"):
        sure.__dict__[table] = getattr(report, table).assign(mu_above=1 - 1e-8)
    words = text(influence.finding(sure)).replace("\xa0", " ")
    assert (
        "With all groups P(μ > 2.5) is > 99.99 %. Without any one of them it is > 99.99 % too"
        in words
    )
    assert "P(μ > c) is > 99.99 % without each." in text(caption(sure, "influence")[1])
    assert "P(μ > 2.5) is > 99.99 %; under this study's own" in text(priors.finding(sure))
    words = text(priors.atlas_words(sure))
    assert "all come to the study's conclusion; P(μ > 2.5) is > 99.99 % over them" in words


def test_a_group_that_decides_is_named(report):
    told = TABLES["influence"].iloc[:4].set_index("group")
    words = told_by(influence, report, influence.influence_words)
    most = (told["mu_above"] - 0.6789).abs().idxmax()
    assert f"without {most}, to {pct(told['mu_above'][most])}" in words
    assert (
        "None of the 4 groups that can be left out decides" in words
        and "No group is an outlier" in words
    )
    assert f"corrected for 4 groups (Holm), is {sig(told['p_corrected'].min(), 2)}" in words
    assert "Of 1 group nothing is told here: improper without it." in words
    again = opened(report)
    changed = report.influence.copy()
    changed.loc["Birch", "mu_above"], changed.loc["Elm", "p_corrected"] = 0.98, 0.012
    again.__dict__["influence"] = changed
    words = told_by(influence, again, influence.influence_words)
    assert "One group decides: without Birch the conclusion" in words
    assert text(summary.group_mark(again)) == "Another conclusion without Birch "
    told = opened(report)
    told.__dict__["influence"] = report.influence.assign(reason="")
    assert "No single group decides: without" in influence.finding(told)
    assert text(summary.group_mark(told)) == "No group decides "
    assert "Elm is an outlier" in words and "smallest p 0.012" in words
    row = cells(influence.influence_table(report))[1]
    of = TABLES["influence"].iloc[1]
    assert row[5:] == [
        pct(of["mu_above"]),
        pct(of["new_above"]),
        f"{of['log_predictive']:.2f}",
        pct(of["pit"]),
        f"{of['p_corrected']:.3f}",
    ]
    least = TABLES["influence"]["p_corrected"].iloc[4]
    assert cells(influence.influence_table(report))[4][9] == f"{least:.3f}"


def test_leave_one_out_from_draws_is_told_beside_the_exact(report):
    given_theta, integrated = loo_lines(report)
    assert "the draws of one fit (marginal, target_accept 0.93, 3,456 draws)" in given_theta
    assert "too large (here above 0.65) it warns" in given_theta
    # Ash has no exact density
    assert (
        "log p(y) is off by at most 0.50 (Elm), by more than 0.1 in 2 of the 4 groups; it warns of "
        "1 of these, and of 1 other."
    ) in given_theta
    assert (
        "log p(y) is off by at most 0.030 (Cedar), by more than 0.1 in none of the 4 groups; it "
        "warns of 1 of the 4 groups."
    ) in integrated
    ash, birch = cells(influence.loo_table(report))[:2]
    assert ash == ["Ash", "–", "−9.000", "–", "0.900", "−9.000", "–", "0.900"]
    assert birch[1:] == ["−4.125", "−4.100", "0.035", "0.300", "−4.130", "0.003", "0.300"]
    many = opened(report)
    many.__dict__["loo"] = report.loo.assign(integrated=np.nan)
    assert len(loo_lines(many)) == 1
    many.__dict__["loo"] = report.loo.assign(exact=np.nan)
    assert not loo_lines(many)


def loo_lines(report):
    html = BeautifulSoup(influence.loo_words(report), "html.parser")
    return [text(str(line)) for line in html("p")]


@pytest.mark.parametrize(
    ("chance", "tips"),
    [([0.1, 0.98], True), ([0.1, 0.9], False), ([0.98, 0.99], False), ([0.001, 0.02], False)],
)
def test_a_map_without_a_line_on_which_the_conclusion_tips_says_so(report, chance, tips):
    there = opened(report)
    there.__dict__["atlas"] = pd.DataFrame({"mu_above": [*chance, np.nan]})
    _, told = caption(there, "atlas")
    assert ("no such line" in told) != tips


def test_a_probability_next_to_0_or_1_is_bounded_wherever_it_is_told(report):
    there = opened(report)
    there.__dict__["atlas"] = pd.DataFrame({"mu_above": [0.0, 1.0]})
    sure = report.decisions.copy()
    sure.loc["mu", "probability"], sure.loc["theta_new", "probability"] = 1.0, 0.0
    there.__dict__["decisions"] = sure
    assert "<\xa00.01\xa0% to >\xa099.99\xa0%" in unescape(priors.atlas_words(there))
    assert unescape(summary.answers(there)[3][1]) == ">\xa099.99\xa0%"
    assert unescape(summary.answers(there)[3][3]).endswith("of a new group, <\xa00.01\xa0%")


@pytest.mark.parametrize(
    ("c", "told"), [(0.0, "0"), (10.0, "10"), (1234.5, "1,234.5"), (-0.25, "−0.25")]
)
def test_the_value_that_is_asked_for_is_written_as_it_was_given(report, c, told):
    there = opened(report)
    there.__dict__["decisions"] = report.decisions.assign(above=c)
    assert decisions.above_words(there) == told == decisions.side(there).value


def test_leave_one_out_that_warns_of_nothing_says_so(report):
    there = opened(report)
    there.__dict__["loo"] = report.loo.assign(conditional_k=0.1)
    assert (
        "in 2 of the 4 groups; it warns of none of these, and of no other." in loo_lines(there)[0]
    )


def test_all_is_told_of_the_side_on_which_most_of_mu_is(report):
    below = opened(report)
    low = report.decisions.assign(above=-2.5)
    low.loc["mu", "probability"], low.loc["theta_new", "probability"] = 0.0204, 0.25
    below.__dict__["decisions"] = low
    told = text(decisions.finding(below))
    assert "mean μ is below −2.5 is 98 %; that a new group's is, 75 %. Of 5" in told
    assert summary.answers(below)[3][:2] == ("P(μ &lt; −2.5)", "98\xa0%")
    assert "Under 2 priors in common use P(μ < −2.5) is 1.9 % to 27 %;" in text(
        priors.finding(below)
    )
    words = text(priors.sensitivity_words(below))
    of = TABLES["sensitivity"].set_index(["part", "variable"])["mean_double"]
    moved = f"and P(μ < −2.5) by {-100 * of['prior of mu', 'mu > c']:.1f} percentage"
    assert moved.replace("-", "−") in words
    assert "With all groups P(μ < −2.5) is 98 %." in text(influence.finding(below))
    assert "P(μ < −2.5) is 2.3 % to 88 % over them" in text(priors.atlas_words(below))


def test_priors_that_change_the_conclusion_are_named(report):
    words = told_by(priors, report, priors.prior_words)
    assert "Under 2 priors in common use P(μ > 2.5) is 73 % to 98 %" in words
    assert "own, 68 %. The conclusion is another under first." in words
    told = text(priors.atlas_words(report))
    assert "Of 4 priors" in told and "3 (75 %) come to the study's conclusion" in told
    assert "is 12 % to 98 % over them" in told
    rows = TABLES["sensitivity"].set_index(["part", "variable"])
    words = text(priors.sensitivity_words(report))
    for part, name in (("prior of mu", "prior of μ"), ("prior of tau", "prior of τ")):
        of = rows.loc[part]["mean_double"]
        assert (
            f"If the {name} counted double, the mean of μ would move by {of['mu']:.2f} posterior"
        ).replace("-", "−") in words
        moved = f"above 2.5) by {100 * of['mu > c']:.1f} percentage"
        assert moved.replace("above 2.5)", "> 2.5)").replace("-", "−") in words
    assert "prior of μ: prior and data conflict (log τ)" in words
    shown = priors.prior_table(report)
    row, mine = cells(shown)[1], TABLES["priors"].set_index("name").loc["first"]
    assert row[:3] == ["first", "Flat", "DuMouchel(s=3)"] and row[6] == "98 %"
    for cell, variable in zip(row[3:6], ("mu", "tau", "new"), strict=True):
        middle, low, high = (report.units(mine[f"{variable}_q{q}"]) for q in ("50", "2.5", "97.5"))
        assert cell == f"{middle} {low} to {high}"
    assert "first: Smith 1999" in text(shown)
    first = cells(priors.sensitivity_table(report))[0]
    of = rows.loc[("prior of mu", "mu")]
    shown = [of[c] for c in ("mean_half", "mean_double", "sd_half", "sd_double", "distance")]
    assert first == ["prior of μ", "μ", *(f"{x:.3f}".replace("-", "−") for x in shown)]


def test_classical_intervals_are_told_with_what_they_rest_on(report):
    words = told_by(intervals, report, intervals.interval_words)
    assert "With REML and Knapp-Hartung μ is 8.0 (−2.4 to 18.4)" in words
    assert "I² 2.3 % to 99 % (38 % by REML)" in words
    assert "Q-profile interval of τ is 0.457 to 33.0" in words
    rows = cells(intervals.interval_table(report))
    assert rows[1] == [
        "μ",
        "Knapp-Hartung",
        "restricted ML (REML)",
        "t",
        "4",
        "8.0",
        "−2.4",
        "18.4",
    ]
    assert rows[0][4] == "–" and [row[0] for row in rows] == ["μ", "μ", "θ of a new group", "τ"]
    again = opened(report)
    empty = report.intervals.copy()
    empty.loc[3:, ["lower", "upper"]] = np.nan
    again.__dict__["intervals"] = empty
    assert "Q-profile interval of τ is empty" in told_by(intervals, again, intervals.interval_words)


def test_fit_is_told_with_the_priors_influence(report):
    words = text(fit.evidence_words(report))
    assert "1.5 times as probable under τ = 0 as under τ > 0" in words
    assert "(Bayes factor of τ = 0: 1.5)" in words
    assert "half as wide it is 0.78, with twice its width 2.7: the prior decides" in words
    words = text(fit.finding(report))
    assert "p-values, exact)" in words
    drawn = opened(report)
    drawn.__dict__["fit"] = report.fit | {"replicates": 1600}
    # the share nearest to a half has 2 sqrt(0.2481 / 1600)
    assert "from 1,600 replicates, each known to 2.5 points)" in text(fit.finding(drawn))
    assert "spread (Cochran's Q) in 41 %" in words and "smallest estimate in 54 %" in words
    assert "does not fit in this: as large a largest estimate." in words
    sure = opened(report)
    sure.__dict__["fit"] = report.fit | {
        "log_evidence_ratio": {"half": -60.0, "own": -58.0, "double": -57.0}
    }
    assert "are more than a million times as probable under τ > 0" in text(fit.evidence_words(sure))


def test_of_many_groups_those_are_drawn_without_which_mu_moves_most_even_if_it_stays_as_sure():
    one = TABLES["influence"].iloc[[0]].assign(mu_above=1.0, mu_q50=4.5, reason="")
    rows = [one.assign(group=f"g{i}", mu_q50=4.5 + (i > 60)) for i in range(70)]
    many = pd.concat(rows, ignore_index=True)
    figure = draw_influence(many, DECISIONS.assign(probability=1.0), EXACT)
    named = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(named) == 40 and named[-9:] == [f"g{i}" for i in range(61, 70)]


def test_the_line_of_97_5_percent_is_not_called_98():
    assert drawings.percent_tick(0.975).replace("\xa0", " ") == "97.5 %"
