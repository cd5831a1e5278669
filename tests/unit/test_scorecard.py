"""The scorecard against simpler counts, and its intervals against what they promise."""

import itertools
import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from bs4 import BeautifulSoup
from scipy import stats

from partial_pooling.__main__ import main
from partial_pooling.data.simulated import ERRORS, GROUPS, RATIOS, simulated_csv, simulated_tables
from partial_pooling.errors import InputError
from partial_pooling.grading.checks import CHECKS, SCORES, score
from partial_pooling.grading.clusters import clustered_area, clustered_share
from partial_pooling.grading.grades import ALARMS
from partial_pooling.grading.inference import share_interval
from partial_pooling.grading.parts import judge_parts
from partial_pooling.grading.rates import ANY, nearest, rates_of
from partial_pooling.grading.scorecard import (
    Scorecard,
    cells_of,
    chosen_limit,
)
from partial_pooling.report import scorecard_tables as page
from partial_pooling.report import scorecard_words as words
from partial_pooling.report.scorecard import read_scorecard
from partial_pooling.report.scorecard_document import STORED, document, store
from partial_pooling.study.settings import Thresholds
from partial_pooling.words import listed

ROOT = Path(__file__).parents[2]
DRAWS = (100, 1000)


@pytest.fixture(scope="module")
def cells():
    """Two hundred tables, two models, two numbers of draws; a bad fit has a larger R-hat."""
    rng = np.random.default_rng(1)
    rows = []
    for table, model, draws in itertools.product(range(200), ("centered", "marginal"), DRAWS):
        honest = rng.random() > (0.3 if model == "centered" else 0.02)
        rows.append(
            {
                **{"table": f"t{table}", "model": model, "draws": draws, "chains": 4},
                **{"groups": 3 + 10 * (table % 2), "ratio": 0.1 + table % 3},
                "r_hat_max": 1 + rng.gamma(2, 0.004 if honest else 0.02),
                "ess_bulk_min": rng.gamma(4, 300 if draws > 500 else 60),
                "ess_tail_min": rng.gamma(4, 300),
                "divergence_rate": rng.binomial(5, 0.02 if honest else 0.5) / 1000,
                "ebfmi_min": rng.gamma(20, 0.03),
                "max_treedepth_rate": 0.0,
                "mcse_mean_max": rng.gamma(2, 0.02),
                "mcse_quantile_max": rng.gamma(2, 0.01),
                "alarms": "" if honest else "r_hat",
            }
            | {
                f"{truth}_{part}": honest if truth == "honest" else honest and draws > 500
                for truth in ("accurate", "honest")
                for part in ("all", "mu", "tau", "theta")
            }
        )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def tables(cells):
    return Scorecard(cells).tables()


def test_shares_are_counts_of_cells(cells, tables):
    found = tables["checks"].set_index(["truth", "part", "draws", "check"])
    at = cells[cells["draws"] == 100]
    bad = ~at["honest_tau"]
    raised = at["r_hat_max"] > 1.01
    row = found.loc["honest", "tau", "100", "r_hat_1.01"]
    assert row["bad"] == bad.sum()
    assert row["good"] == (~bad).sum()
    assert row["caught"] == pytest.approx((bad & raised).sum() / bad.sum())
    assert row["false_alarm"] == pytest.approx((~bad & raised).sum() / (~bad).sum())
    assert row["wrong_if_raised"] == pytest.approx((bad & raised).sum() / raised.sum())
    assert row["wrong_if_quiet"] == pytest.approx((bad & ~raised).sum() / (~raised).sum())
    # a combination stops wherever one of its parts does
    few = (at["ess_bulk_min"] < 400) | (at["ess_tail_min"] < 400) | raised
    row = found.loc["honest", "tau", "100", "usual"]
    assert row["caught"] == pytest.approx((bad & few).sum() / bad.sum())
    assert found.loc["honest", "all", "all", "alarms"]["caught"] == 1


def test_what_a_check_adds_is_counted_where_the_usual_ones_are_quiet(cells, tables):
    found = tables["adds"].set_index(["truth", "draws", "check"])
    quiet = cells[
        (cells["r_hat_max"] <= 1.01)
        & (cells["ess_bulk_min"] >= 400)
        & (cells["ess_tail_min"] >= 400)
    ]
    row = found.loc["honest", "all", "divergences_any"]
    missed = quiet[~quiet["honest_all"]]
    assert row["missed"] == len(missed)
    assert row["caught"] == pytest.approx((missed["divergence_rate"] > 0).mean())


def test_areas_are_those_of_mann_and_whitney(cells):
    found = Scorecard(cells).areas().set_index(["truth", "part", "draws", "score"])
    bad = ~cells["honest_all"].to_numpy()
    for name in SCORES:
        values = score(cells, name)
        u = stats.mannwhitneyu(values[bad], values[~bad]).statistic
        area = found.loc["honest", "all", "all", name]
        assert area["area"] == pytest.approx(u / bad.sum() / (~bad).sum())
        assert area["area_low"] <= area["area"] <= area["area_high"]
    assert found.loc["honest", "all", "all", "max_treedepth_rate"]["area"] == 0.5


def test_characteristics_enclose_the_areas(cells):
    card = Scorecard(cells)
    areas = card.areas().set_index(["truth", "part", "draws", "score"])["area"]
    for (truth, name), rows in card.roc(2001).groupby(["truth", "score"]):
        area = np.trapezoid(rows["caught"], rows["false_alarm"])
        assert area == pytest.approx(areas[truth, "all", "all", name], abs=2e-3)


def test_maps_and_thresholds(cells, tables):
    card = Scorecard(cells)
    maps = tables["maps"]
    of = maps[(maps["truth"] == "honest") & (maps["check"] == "ebfmi")]
    assert of["cells"].sum() == len(cells)
    assert len(of) == 6  # two numbers of groups, three ratios
    assert of["tables"].sum() == 200
    thresholds = card.thresholds(0.1)
    assert set(thresholds["draws"]) == {"all", "100", "1000"}
    thresholds = thresholds[thresholds["draws"] == "all"].set_index(["truth", "score"])
    # false alarms of tables that did not choose: 10 %, in one run of a thousand outside
    row = thresholds.loc["honest", "r_hat_max"]
    assert 0.05 < row["false_alarm"] < 0.17
    assert row["threshold"] > 1.01
    names = sorted(cells["table"].unique(), key=lambda t: sha256(t.encode()).hexdigest())
    chooses, good = cells["table"].isin(names[::2]), cells["honest_all"]
    few = cells["draws"] == 100
    of = -cells["ess_bulk_min"]
    limit = np.quantile(of[chooses & good & few], 0.95, method="higher")
    rows = card.thresholds(0.05).set_index(["truth", "draws", "score"])
    row = rows.loc[("honest", "100", "ess_bulk_min")]
    assert row["threshold"] == -limit
    assert row["caught"] == pytest.approx((of > limit)[~chooses & ~good & few].mean())
    assert row["false_alarm"] == pytest.approx((of > limit)[~chooses & good & few].mean())
    assert row["bad"] == (~chooses & ~good & few).sum()
    # a threshold of what is the worse the smaller is told on its own scale
    assert 0 < thresholds.loc["honest", "ebfmi_min"]["threshold"] < 0.6


def test_a_cell_a_table_gives_the_interval_of_clopper_and_pearson():
    events = np.arange(50) < 7
    found = clustered_share(events, np.ones(50, dtype=bool), np.arange(50))
    assert found == pytest.approx(share_interval(7, 50), abs=2e-3)
    # cells that repeat their table tell no more than the table
    tenfold = clustered_share(
        np.repeat(events, 10), np.ones(500, dtype=bool), np.repeat(np.arange(50), 10)
    )
    assert tenfold == pytest.approx(found, abs=5e-3)
    # clusters that are alike to the last cell
    halves = clustered_share(np.arange(8) % 2 == 0, np.ones(8, dtype=bool), np.arange(8) // 2)
    assert halves.low < share_interval(4, 8).low
    assert halves.value == 0.5
    assert np.isnan(clustered_share(events, np.zeros(50, dtype=bool), np.arange(50))).all()


def test_intervals_hold_what_they_estimate():
    # 400 scorecards of 30 tables with four cells that go together; 95 % intervals should miss at
    # most 5 % of the time: more than 8.5 % in one run of a thousand
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(30), 4)
    everywhere = np.ones(120, dtype=bool)
    missed = [0, 0]
    for _ in range(400):
        rate = rng.beta(1, 3, 30)
        _, low, high = clustered_share(rng.random(120) < rate[cluster], everywhere, cluster)
        missed[0] += not low <= 0.25 <= high
        effect = rng.normal(size=30)[cluster]
        bad = rng.random(120) < 0.3
        values = effect + rng.normal(size=120) + bad
        area = float(stats.norm.cdf(1 / 2))  # of two cells, each with spread sqrt(2)
        _, low, high = clustered_area(bad, values, cluster)
        missed[1] += not low <= area <= high
    assert missed[0] <= 34
    assert missed[1] <= 40  # of a normal approximation


def test_cells_take_what_could_be_graded():
    tables = pd.DataFrame(
        {"table": ["a", "b"], "groups": [3, 4], "tau_q50": [1.0, 2.0], "typical_error": [2.0, 1.0]}
    )
    grades = {
        f"{t}_{p}": [True, None] for t in ("accurate", "honest") for p in ("mu", "tau", "theta")
    }
    fits = pd.DataFrame(
        {"table": ["b", "a"], "accurate": [False, None], "honest": [True, None], **grades}
    )
    found = cells_of(tables, fits, 4)
    assert found["table"].tolist() == ["b"]
    assert found["ratio"].tolist() == [2.0]
    assert found["groups"].tolist() == [4]
    assert not found["accurate_all"].any()
    assert found["honest_all"].all()


def test_parts_are_graded_by_themselves():
    thresholds = {
        **{"error_mean": 0.1, "error_sd": 0.15, "error_quantile": 0.04},
        **{"honest_level": 0.001, "tolerance_mean": 0.02, "tolerance_share": 0.01},
    }
    names = ["mu", "tau", "log_tau", "theta[a]", "theta[b]"]
    rows = pd.DataFrame({"key": "k", "draws": 100, "variable": names})
    rows = rows.assign(
        mean=0.0, sd=1.0, mcse_mean=0.05, mcse_sd=0.03, exact_sd=1.0, bias=0.0, z=0.0
    )
    rows = rows.assign(ess_bulk=400.0, error_mean=0.0, error_sd=0.0, error_quantile=0.0)
    for name, p in (("q5", 0.05), ("q50", 0.5), ("q95", 0.95)):
        rows[f"ess_{name}"], rows[f"below_{name}"] = 900.0, p
    rows.loc[1, ["bias", "z", "error_mean"]] = [0.5, 10.0, 0.5]
    rows.loc[4, "error_quantile"] = 0.05
    rows.loc[3, "ess_q95"] = 100.0
    found = judge_parts(rows, thresholds, ["key", "draws"]).iloc[0]
    assert (found["accurate_mu"], found["accurate_tau"], found["accurate_theta"]) == (1, 0, 0)
    assert (found["honest_mu"], found["honest_tau"], found["honest_theta"]) == (1, 0, 1)
    assert found["mcse_mean_max"] == 0.05
    assert found["mcse_quantile_max"] == pytest.approx(0.5 / np.sqrt(400))


def test_simulated_tables_stay_when_more_are_asked_for(capsys):
    design = ([3], [0.0, 2.0], ["equal", "mixed"])
    few = {n: (y, s) for n, y, s in simulated_tables(*design, tables=[1], seed=1)}
    many = {n: (y, s) for n, y, s in simulated_tables(*design, tables=[3], seed=1)}
    assert len(few) == 4
    assert len(many) == 12
    for name, (estimate, std_error) in few.items():
        np.testing.assert_array_equal(many[name][0], estimate)
        np.testing.assert_array_equal(many[name][1], std_error)
    assert many["3 groups, tau 2, mixed 1"][1] == pytest.approx([0.2, 1, 5])
    # spread of the estimates: variance tau^2 + 1; chance of a false alarm 1 in 1,000
    _, y, _ = next(simulated_tables([4000], [2.0], ["equal"], tables=[1], seed=3))
    low, high = stats.chi2.ppf([0.0005, 0.9995], 4000) / 4000 * 5
    assert low < (y**2).mean() < high
    assert main(["simulate", "--groups", "3", "--tau", "0", "--errors", "equal"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "table,group,estimate,std_error"
    some = [n for n, _, _ in simulated_tables([3, 8], [0.0], ["equal"], tables=[2, 1], seed=1)]
    assert some == [f"{size} groups, tau 0, equal {k}" for size, k in ((3, 1), (3, 2), (8, 1))]
    assert main(["simulate", "--tables", "2", "1"]) == 1
    assert "--tables: found 2 numbers" in capsys.readouterr().err
    assert main(["simulate", "--groups", "1"]) == 1
    assert "--groups: found 1; allowed: numbers from 2" in capsys.readouterr().err


def test_sentences_say_what_the_tables_bear(cells, tables):
    checks = tables["checks"]
    told = " ".join(words.findings(checks))
    row = checks[
        (checks["truth"] == "honest") & (checks["part"] == "all") & (checks["draws"] == "all")
    ].set_index("check")
    assert f"any divergence caught {100 * row.loc['divergences_any', 'caught']:.0f}" in told
    few = Scorecard(cells[cells["honest_all"] | (cells["table"] == "t1")])
    nothing = "Too few fits were not honest to say what finds them."
    assert nothing in words.findings(few.checks())
    assert words.of_checks(few.checks()) == nothing
    assert "too few to say" in words.of_adds(few.adds())
    assert words.of_maps(few.maps()).startswith("Nowhere on the map")


def test_limits_of_divergences_are_counts_of_cells_and_choose_on_half_of_the_tables(cells):
    # most fits that are not honest have 0.3 % of divergences, some have none
    bad = ~cells["honest_all"]
    rate = np.where(bad, np.where(np.arange(len(cells)) // 2 % 4, 0.003, 0), 0)
    alarms = np.where(rate > 0.002, "divergence_rate", "")
    mine = cells.assign(divergence_rate=rate, alarms=alarms)
    mine.loc[::10, "alarms"] += " ess_bulk"
    found = Scorecard(mine).limits()
    at = found[(found["draws"] == "1000") & (found["limit"] == 0.002)]
    caught = (rate > 0) | (mine["alarms"].str.contains("ess"))
    late = bad & (cells["draws"] == 1000)
    assert (at["bad"] * at["caught"]).sum() == pytest.approx((caught & late).sum())
    good = ~bad & (cells["draws"] == 1000)
    assert (at["good"] * at["false_alarm"]).sum() == pytest.approx((caught & good).sum())
    halves = at.set_index("half")
    assert halves["bad"].min() > 0
    assert np.isnan(chosen_limit(found))
    assert "At no threshold" in words.of_limits(found)
    # all of them: the largest limit below
    every = Scorecard(mine.assign(divergence_rate=np.where(bad, 0.003, 0))).limits()
    assert chosen_limit(every) == 0.002
    told = words.of_limits(every)
    assert "1,000 draws a chain, 0.2\N{NO-BREAK SPACE}% is the largest" in told
    tells = every[(every["draws"] == "1000") & (every["half"] == "tells")].set_index("limit")
    last = f"{100 * tells.loc[0.01, 'caught']:.0f}\N{NO-BREAK SPACE}% ("
    assert 0 < told.index("they catch 100\N{NO-BREAK SPACE}%") < told.index(last)
    frame = page.limits_table(every).frame
    assert [cell.value for cell in frame["others: caught"]] == list(tells["caught"])
    assert [c.value for c in frame["others: not honest if quiet"]] == list(tells["wrong_if_quiet"])


def test_default_threshold_of_divergences_follows_from_the_whole_run():
    assert chosen_limit(read_scorecard(STORED)["limits"]) == Thresholds().divergence_rate


def test_each_section_opens_with_the_numbers_of_its_table(cells, tables):
    bad, few = ~cells["honest_all"], cells["draws"] == 100

    def shown(share):
        return f"{100 * share:.0f}\N{NO-BREAK SPACE}% ("

    quick = (cells["r_hat_max"] > 1.01) | (cells["ess_bulk_min"] < 400)
    quick |= cells["ess_tail_min"] < 400
    # the project's alarm is raised at all bad fits of these, and at no other
    assert (
        "stopped at no more than 5\N{NO-BREAK SPACE}% of the others, this project's alarms at "
        "the thresholds of the configuration caught most: 100\N{NO-BREAK SPACE}% ("
    ) in words.of_checks(tables["checks"])
    missed = bad & ~quick
    told = words.of_adds(tables["adds"])
    assert f"only {missed.sum()} fits were not honest: too few to say" in told
    wrong = ~cells["accurate_all"]
    assert f"{(wrong & ~quick).sum()} fits were not accurate still." in told
    more = tables["adds"].query("truth == 'accurate' and draws == 'all'")
    assert shown(more["caught"].max()) in told
    areas = tables["areas"]
    of = areas[(areas["truth"] == "honest") & (areas["part"] == "all") & (areas["draws"] == "all")]
    told = words.of_areas(areas)
    assert f"area {of['area'].max():.2f} (" in told
    assert "No better than a coin, as far as these fits tell: bulk ESS" in told
    limits = tables["thresholds"]
    honest = limits[(limits["truth"] == "honest") & (limits["draws"] == "1000")]
    assert shown(honest["caught"].max()) in words.of_thresholds(limits)
    assert f" of {honest['bad'].iloc[0]} fits" in words.of_thresholds(limits)
    told = words.of_draws(tables["checks"])
    assert "From 100 to 1,000 draws a chain" in told
    shares = [shown(quick[bad & at].mean()) for at in (few, ~few)]
    assert 0 < told.index(shares[0]) < told.index(f"then {shares[1]}")
    told = words.of_maps(tables["maps"])
    lowest = min(
        (quick[at].mean(), at.sum())
        for groups in (3, 13)
        for ratio in (0.1, 1.1, 2.1)
        if (at := bad & (cells["groups"] == groups) & (cells["ratio"] == ratio)).sum() >= 20
    )
    assert f"{shown(lowest[0])}" in told
    assert f") of {lowest[1]}" in told


def test_every_check_has_words_and_stops_at_what_is_undefined(cells):
    worst = cells.head(1).assign(**dict.fromkeys(SCORES, np.nan), alarms="r_hat")
    for check in CHECKS:
        assert check.short
        assert check.words
        assert check.raised(worst).tolist() == [True]


def rows_of(html):
    table = BeautifulSoup(html, "html.parser")
    return [
        [cell.get("data-value") or cell.get_text() for cell in row.find_all("td")]
        for row in table.select("tbody tr")
    ]


def test_tables_of_the_page_have_the_numbers_under_their_headings(tables):
    checks, adds, areas, limits = (tables[n] for n in ("checks", "adds", "areas", "thresholds"))
    at = ["truth", "part", "draws", "check"]
    told = checks.set_index(at).sort_index()
    html = page.checks_table(checks).html()
    assert html.index("not accurate: caught") < html.index("not accurate: false alarms")
    assert html.index("not honest: false alarms") < html.index("not honest if it stops")
    for check, row in zip(CHECKS, rows_of(html), strict=True):
        accurate, honest = (told.loc[t, "all", "all", check.name] for t in ("accurate", "honest"))
        expected = [
            *(accurate["caught"], accurate["false_alarm"]),
            *(honest["caught"], honest["false_alarm"]),
            *(honest["wrong_if_raised"], honest["wrong_if_quiet"]),
        ]
        shown = [float(value) if value != "–" else np.nan for value in row[1:]]
        assert shown == pytest.approx(expected, nan_ok=True)
    more = adds[adds["draws"] == "all"].set_index(["truth", "check"])
    first = rows_of(page.adds_table(adds).html())[0]
    expected = more.loc[("accurate", "r_hat_1.05"), ["caught", "false_alarm"]]
    assert [float(value) for value in first[1:3]] == pytest.approx(list(expected))
    of = areas[(areas["draws"] == "all") & (areas["truth"] == "honest")]
    area = of.set_index(["part", "score"])["area"]
    for name, row in zip(SCORES, rows_of(page.areas_table(areas).html()), strict=True):
        assert [float(value) for value in row[1:]] == pytest.approx(list(area[:, name]))
    for draws in DRAWS:
        by_draws = areas[areas["truth"] == "honest"].set_index(["part", "draws", "score"])["area"]
        column = page.areas_by_draws_table(areas).frame[f"{draws:,} draws"]
        for name, value in zip(SCORES, column, strict=True):
            assert value.value == by_draws["all", str(draws), name]
    limits = limits[limits["draws"] == "1000"]
    shown = page.thresholds_table(tables["thresholds"])
    assert "1,000 draws" in shown.caption
    for (_, expected), row in zip(limits.iterrows(), rows_of(shown.html()), strict=True):
        assert row[0] == f"not {expected['truth']}"
        numbers = [expected["threshold"], expected["caught"], expected["false_alarm"]]
        assert [float(v) for v in row[2:]] == pytest.approx(numbers)


def test_the_lead_has_the_shares_of_bad_fits(cells, tables):
    told = words.lead(tables["models"], tables["checks"])
    accurate, honest = (100 * (~cells[f"{t}_all"]).mean() for t in ("accurate", "honest"))
    assert told.startswith(
        "400 fits of 200 tables (100 with 3 groups and 100 with 13 groups), each looked at "
        "after several numbers of draws: 800 in all,"
    )
    shares = f"{accurate:.0f} % were not accurate, {honest:.0f} % not honest"
    assert shares.replace(" %", "\N{NO-BREAK SPACE}%") in told


def test_fits_are_counted_by_groups_and_model(cells, tables):
    rows = tables["models"].set_index(["groups", "model"])
    at = (cells["groups"] == 13) & (cells["model"] == "centered")
    row = rows.loc[13, "centered"]
    assert (row["tables"], row["fits"], row["cells"]) == (100, 100, 200)
    assert row["not_honest"] == pytest.approx((~cells["honest_all"])[at].mean())
    assert row["not_accurate"] == pytest.approx((~cells["accurate_all"])[at].mean())
    html = rows_of(page.models_table(rows.reset_index()).html())
    assert html[2][:4] == ["13", "centered", "100", "100"]
    assert float(html[2][4]) == pytest.approx(row["not_accurate"])


def test_rates_are_counts_of_the_part_that_is_nearest(cells):
    rng = np.random.default_rng(4)
    alarms = rng.choice(["", "", "r_hat", "ess_bulk r_hat"], len(cells))
    cells = cells.assign(alarms=alarms, ratio=cells["ratio"] + cells["table"].str.len() ** 2 / 1e3)
    rates = rates_of(Scorecard(cells))
    found = nearest(rates, groups=10, ratio=1.0, draws=70)
    rows = found[found["model"] == "all"].set_index("alarm")
    assert list(rows.index) == [*ALARMS, ANY]
    part = (cells["groups"] == 13) & (cells["ratio"] > 1) & (cells["ratio"] < 2)
    assert set(rows["ratio"]) == {cells["ratio"][part].median()}
    at = part & (cells["draws"] == 100)
    assert set(rows["groups"]) == {13}
    assert set(rows["draws"]) == {100}
    bad = ~cells["honest_all"]
    for alarm, raised in (
        ("any", alarms != ""),
        ("r_hat", alarms != ""),
        ("ess_bulk", alarms == "ess_bulk r_hat"),
        ("ebfmi", np.zeros(len(cells), dtype=bool)),
    ):
        row = rows.loc[alarm]
        assert row["raised"] == (raised & at).sum()
        assert row["bad"] + row["good"] == at.sum()
        assert row["tables"] == cells["table"][at].nunique()
        shares = [
            *(bad[raised & at].mean(), bad[~raised & at].mean()),
            *(raised[bad & at].mean(), raised[~bad & at].mean()),
        ]
        names = ["wrong_if_raised", "wrong_if_quiet", "caught", "false_alarm"]
        assert [row[name] for name in names] == pytest.approx(shares, nan_ok=True)
    centered = found[found["model"] == "centered"].iloc[0]
    at &= cells["model"] == "centered"
    assert centered["alarm"] == "any"
    assert centered["wrong_if_quiet"] == pytest.approx(bad[(alarms == "") & at].mean())
    assert centered["false_alarm"] == pytest.approx((alarms != "")[~bad & at].mean())
    for unlike in ((2, 1.0, 1000), (14, 1.0, 1000), (10, 9.0, 1000), (10, 1.0, 20)):
        assert nearest(rates, *unlike).empty
    # of a part with nine tables nothing is said
    few = cells[part]["table"].unique()[:10]
    assert set(rates_of(Scorecard(cells[cells["table"].isin(few)]))["tables"]) == {10}
    nothing = rates_of(Scorecard(cells[cells["table"].isin(few[:9])]))
    assert nearest(nothing, 10, 1.0, 1000).empty


def test_a_table_says_the_same_in_markdown(tables):
    told = page.checks_table(tables["checks"])
    lines = told.markdown().splitlines()
    assert len(lines) == 2 + len(CHECKS) + 2
    ends = ((0.0, "0"), (1e-9, "under 0.01"), (0.123, "12"), (1 - 1e-9, "over 99.99"), (1.0, "100"))
    for value, text in ends:
        assert page.share(value) == f"{text}\N{NO-BREAK SPACE}%"
    first = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert first[0] == "R-hat above 1.01"
    row = told.frame.iloc[0]["not accurate: caught"]
    assert first[1] == page.in_words(row)
    assert first[1].startswith(f"{100 * row.value:.0f}\N{NO-BREAK SPACE}% (")
    maps = tables["maps"]
    lines = page.map_table(maps, "usual").markdown().splitlines()
    assert lines[0] == "| groups | τ 0 to 0.25 | τ 1 to 2 | τ 2 to 4 |"
    cell = maps[(maps["check"] == "usual") & (maps["truth"] == "honest")].iloc[0]
    assert f"| {100 * cell['caught']:.0f}\N{NO-BREAK SPACE}% (" in lines[2]
    assert f") of {cell['bad']} |" in lines[2]


def write_collection(folder, cells):
    """A collection as its rules write it, as far as a scorecard reads it."""
    folder.mkdir()
    settings = {
        "prior": {"mu": {"dist": "Normal", "mu": 0, "sigma": 5}, "tau": {"dist": "HalfFlat"}},
        "models": ["centered", "marginal"],
        "sampling": {
            **{"sampler": "nutpie", "chains": 4, "tune": 1000},
            **{"draws": list(DRAWS), "target_accept": [0.8]},
        },
    }
    told = {
        "settings": json.dumps(settings),
        "versions": json.dumps({"nutpie": "0.1", "pymc": "6.0"}),
    }
    one = cells.drop_duplicates("table")
    tables = one[["table", "groups"]].assign(tau_q50=one["ratio"] * 2, typical_error=2.0)
    grades = {f"{truth}_all": truth for truth in ("accurate", "honest")}
    fits = cells.rename(columns=grades).drop(columns=["groups", "ratio", "chains"])
    for name, frame in (("tables", tables), ("fits", fits)):
        table = pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(table.replace_schema_metadata(told), folder / f"{name}.parquet")


def test_the_document_has_the_numbers_of_the_run(cells, tables, tmp_path):
    number = cells["table"].str[1:].astype(int)
    cells = cells.assign(
        table=[
            f"{g} groups, tau 1, equal {n // 2 + 1}"
            for g, n in zip(cells["groups"], number, strict=True)
        ]
    )
    write_collection(tmp_path / "heavy_prior", cells)
    store(tmp_path, tmp_path / "stored", tmp_path / "rates.csv")
    told = document(tmp_path / "stored")
    nothing, lead = told.splitlines()[1:3]
    assert (nothing, lead) == ("", words.lead(tables["models"], tables["checks"]))
    for sentence in (
        *words.findings(tables["checks"]),
        words.of_checks(tables["checks"]),
        words.of_adds(tables["adds"]),
        words.of_areas(tables["areas"]),
        words.of_draws(tables["checks"]),
        words.of_maps(tables["maps"]),
    ):
        assert sentence in told
    for table in (page.adds_table(tables["adds"]), page.map_table(tables["maps"], "usual")):
        assert table.markdown().strip() in told
    assert "mu Normal(0, 5), tau HalfFlat()" in told
    assert "τ of 0, 0.1, 0.5, 1, 3 and 10 typical errors, equal and mixed errors" in told
    sizes = cells.drop_duplicates("table")["groups"].value_counts().sort_index().items()
    some = [f"{tables} tables with {size} groups" for size, tables in sizes]
    assert f"This run has {listed(some)}, equally many of each combination." in told
    found, expected = pd.read_csv(tmp_path / "rates.csv"), rates_of(Scorecard(cells))
    pd.testing.assert_frame_equal(found, expected, rtol=5e-3, check_dtype=False)
    fewer = cells[cells["table"] != "3 groups, tau 1, equal 1"]
    more = fewer.assign(table=fewer["table"].str.replace("tau 1", "tau 2"))
    write_collection(tmp_path / "light_prior", pd.concat([cells, more]))
    with pytest.raises(InputError, match="light_prior: found 99 to 100 tables a combination"):
        store(tmp_path, tmp_path / "stored", tmp_path / "rates.csv")
    with pytest.raises(InputError, match="found no fitted collection"):
        store(tmp_path / "stored", tmp_path / "stored", tmp_path / "rates.csv")


def test_the_tables_that_are_shipped_are_simulated_ones():
    short = simulated_csv(GROUPS[:3], RATIOS, ERRORS, [1], 1)
    dear = simulated_csv([100], [0, 1, 10], ["mixed"], [1], 1)
    text = (ROOT / "config" / "datasets" / "scorecard.csv").read_text()
    assert text == short + dear.partition("\n")[2]
    told = (ROOT / "config" / "scorecard" / "whole.yaml").read_text()
    assert "simulate --tables 16 16 16 5 >" in told
    whole = len(list(simulated_tables(GROUPS, RATIOS, ERRORS, [16, 16, 16, 5], 1)))
    configured = yaml.safe_load(told)
    fits = whole * sum(
        len(configured["models"]) * len(of["sampling"]["target_accept"])
        for of in configured["datasets"].values()
    )
    assert f"{fits:,} fits of {whole} tables" in told
    assert fits >= 10_000
