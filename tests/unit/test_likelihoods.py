"""The normal approximation beside the exact likelihood: its numbers, and the report's words."""

import math

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from distinct_results import write_distinct_results
from scipy import stats
from test_reading_scale import report_of

from partial_pooling.classical.coverage import coverage_of_known_sd
from partial_pooling.data.groups import Correlations, Summaries, TwoByTwo
from partial_pooling.data.measures import estimates_of
from partial_pooling.data.reading import write_groups
from partial_pooling.exact.nested.posterior import nested
from partial_pooling.exact.nested.rules import COARSE
from partial_pooling.exact.posterior import solve
from partial_pooling.families.hypergeometric import HYPERGEOMETRIC
from partial_pooling.grading.grades import ERRORS
from partial_pooling.grading.likelihoods import COLUMNS, MOST_GROUPS, compare_likelihoods
from partial_pooling.priors.distributions import Flat, HalfCauchy, HalfNormal, Normal
from partial_pooling.priors.priors import HyperPrior
from partial_pooling.report.sections.likelihood import finding, likelihood

PRIOR = HyperPrior(Normal(0, 2), HalfNormal(1))
AB = ("a", "b")
TRIALS = TwoByTwo(
    AB, np.array([40.0, 50]), np.array([200.0, 300]), np.array([60.0, 90]), np.array([200.0, 300])
)
SMALL = Summaries(AB, np.array([0.0, 3]), np.array([2.0, 1]), np.array([3.0, 8]))
RATIO = "log_odds_ratio"


# -- numbers -----------------------------------------------------------------------------------


def test_approximation_is_held_against_the_exact_likelihood():
    exact = nested(TRIALS, PRIOR, HYPERGEOMETRIC, COARSE)
    table = compare_likelihoods(exact, TRIALS, RATIO, pooled_sd=False)
    assert list(table) == COLUMNS
    own, normal = (table[table["family"] == name] for name in ("hypergeometric", "normal"))
    assert list(own["variable"]) == list(normal["variable"]) == exact.variables
    approximation = solve(estimates_of(TRIALS), PRIOR)
    for rows, posterior in ((own, exact), (normal, approximation)):
        mean, sd = posterior.moments(exact.variables)
        assert rows["mean"].to_numpy() == pytest.approx(mean)
        assert rows["sd"].to_numpy() == pytest.approx(sd)
        assert rows["q97.5"].to_numpy() == pytest.approx(
            posterior.quantiles(exact.variables, np.array([0.975]))[:, 0]
        )
        above = rows.set_index("variable")["above_null"]
        assert above["mu"] == pytest.approx(1 - posterior.cdf("mu", 0.0))
        assert above[["tau", "log_tau"]].isna().all()
    row = normal.set_index("variable").loc["mu"]
    (mean, sd), q = (exact.mean("mu"), exact.sd("mu")), np.array([0.05, 0.5, 0.95])
    assert row["error_mean"] == pytest.approx(abs(approximation.mean("mu") - mean) / sd)
    assert row["error_sd"] == pytest.approx(abs(approximation.sd("mu") / sd - 1))
    below = exact.cdf("mu", approximation.quantile("mu", q))
    assert row["error_quantile"] == pytest.approx(np.abs(below - q).max())
    assert own["error_mean"].isna().all()
    assert (table["note"] == "").all()


@pytest.mark.slow
def test_either_choice_finds_the_same_two_posteriors():
    exact = solve(TRIALS, PRIOR, HYPERGEOMETRIC)
    chosen = compare_likelihoods(exact, TRIALS, RATIO, pooled_sd=False)
    normal = solve(estimates_of(TRIALS), PRIOR)
    reverse = compare_likelihoods(normal, TRIALS, RATIO, pooled_sd=False)
    pd.testing.assert_frame_equal(chosen, reverse, rtol=1e-9)


def test_no_other_likelihood_or_no_posterior_under_it_is_told():
    many = Summaries(
        tuple(f"g{j}" for j in range(MOST_GROUPS + 1)),
        *np.repeat([[1.0], [1.0], [2.0]], MOST_GROUPS + 1, axis=1),
    )
    empty = TwoByTwo(AB, np.zeros(2), np.full(2, 9.0), np.full(2, 3.0), np.full(2, 9.0))
    flat = HyperPrior(Flat(), HalfCauchy(1))
    for given, measure, prior, pooled, note in (
        (TRIALS, "log_risk_ratio", PRIOR, False, "its theta is the log odds ratio"),
        (SMALL, "mean", PRIOR, True, "each group's own standard deviation"),
        (many, "mean", PRIOR, False, "more than 50 groups"),
        (empty, RATIO, flat, False, "none rules out a theta however low"),
    ):
        exact = solve(estimates_of(given, measure), prior)
        table = compare_likelihoods(exact, given, measure, pooled)
        first = table.iloc[0]
        assert note in first["note"]
        assert first.drop(["family", "note"]).isna().all()
        assert set(table["family"][1:]) == {"normal"}
        assert (table["note"][1:] == "").all()
    estimates = estimates_of(TRIALS)
    assert compare_likelihoods(solve(estimates, PRIOR), estimates, None, pooled_sd=False).empty
    r = Correlations(AB, np.array([0.1, 0.4]), np.array([20.0, 30.0]))
    of_r = solve(estimates_of(r), PRIOR)
    assert compare_likelihoods(of_r, r, "fisher_z", pooled_sd=False).empty


def test_interval_that_takes_an_estimated_sd_as_known_covers_less():
    """Of 2, 3 and 5 observations 70, 81 and 88 %; and by simulation, z within 4."""
    n = np.array([2.0, 3, 5, 1000])
    found = coverage_of_known_sd(n - 1)
    assert found[:3] == pytest.approx([0.70, 0.81, 0.88], abs=6e-3)
    assert found == pytest.approx(1 - 2 * stats.t.sf(1.959963984540054, n - 1), abs=1e-12)
    samples = np.random.default_rng(4).standard_normal((20_000, 5))
    reach = 1.959963984540054 * samples.std(axis=1, ddof=1) / math.sqrt(5)
    share = (np.abs(samples.mean(axis=1)) < reach).mean()
    assert abs(share - found[2]) < 4 * math.sqrt(found[2] * (1 - found[2]) / 20_000)


# -- words -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_distinct_results(tmp_path_factory.mktemp("likelihoods"))


def rows_of(family, errors=None, **of_variables):
    """Rows of one family: by variable, mean, sd, median, the ends of its interval, P(> null)."""
    columns = ["mean", "sd", "q50", "q2.5", "q97.5", "above_null"]
    table = pd.DataFrame.from_dict(of_variables, orient="index", columns=columns)
    for name, column in zip(ERRORS, errors or (), strict=False):
        table[name] = column
    table = table.rename_axis("variable").reset_index().assign(family=family, note="")
    return table.reindex(columns=COLUMNS)


OWN = rows_of(
    "hypergeometric",
    mu=[-0.70, 0.5, -0.69, -1.8, 0.25, 0.08],
    tau=[0.6, 0.4, 0.55, 0.03, 1.6, np.nan],
    theta_new=[-0.70, 0.9, -0.7, -2.6, 1.2, 0.2],
    **{"theta[a]": [-0.8, 0.6, -0.8, -2.0, 0.4, 0.1], "theta[b]": [-0.6, 0.6, -0.6, -2, 1, 0.2]},
)


def normal(error_mean, error_sd, error_quantile):
    return rows_of(
        "normal",
        (error_mean, error_sd, error_quantile),
        mu=[-0.45, 0.4, -0.44, -1.3, 0.3, 0.123],
        tau=[0.5, 0.41, 0.45, 0.02, 1.4, np.nan],
        theta_new=[-0.45, 0.8, -0.45, -2.2, 1.1, 0.25],
        **{
            "theta[a]": [-0.5, 0.5, -0.5, -1.5, 0.5, 0.2],
            "theta[b]": [-0.5, 0.5, -0.5, -1, 1, 0.2],
        },
    )


def told(report, both, given=TRIALS):
    write_groups(given, report.folder / "given.csv")
    both.to_csv(report.folder / "likelihoods.csv", index=False)
    html = finding(report) + likelihood(report)
    return " ".join(BeautifulSoup(html, "html.parser").get_text(" ").split()), html


def trials(folder):
    return report_of(folder, form="two_by_two", measure=RATIO, family="hypergeometric")


def test_report_says_that_the_likelihood_matters_and_by_how_much(folder):
    errors = (
        [0.5, 0.05, 0.1, 0.52, 0.04],
        [0.2, 0.02, 0.1, 0.17, 0.01],
        [0.2, 0.03, 0.03, 0.21, 0.01],
    )
    words, html = told(trials(folder), pd.concat([OWN, normal(*errors)]))
    assert "This study has the exact hypergeometric likelihood" in words
    assert "with 0.5 added to all four cells" in words
    assert "It matters here." in words
    assert "within 0.11 posterior sd, its sd within 17 %" in words
    assert "μ fails (mean 0.50 sd higher, sd 20 % smaller, quantiles off by up to 0.20)" in words
    assert "τ passes (mean 0.050 sd lower, sd 2 % larger, quantiles off by up to 0.030)" in words
    assert "P(μ > 0) is 0.123 in place of 0.080." in words
    assert "Of θ it fails in 1 of the 2 groups; furthest off is θ[a] (mean 0.52 sd higher" in words
    table = BeautifulSoup(html, "html.parser").table
    heads = [cell.get_text() for cell in table.thead("th")]
    assert heads == ["likelihood", "μ", "odds ratio of μ", "P(μ > 0)", "τ", "θ of a new group"]
    values = [[float(c["data-value"]) for c in row("td")[1:]] for row in table.tbody("tr")]
    assert values[0] == pytest.approx([-0.69, math.exp(-0.69), 0.08, 0.55, -0.7])
    assert values[1] == pytest.approx([-0.44, math.exp(-0.44), 0.123, 0.45, -0.45])


def test_report_says_that_it_hardly_matters(folder):
    words, _ = told(trials(folder), pd.concat([OWN, normal(*[[0.01] * 5] * 3)]))
    assert "It hardly matters here for μ, τ and θ of a new group." in words
    assert "fails (" not in words
    assert "Of θ it fails in none of the 2 groups" in words


def test_report_says_why_there_is_nothing_beside_it(folder):
    refused = pd.DataFrame({"family": ["hypergeometric"], "note": ["it is <so>"]})
    report = report_of(folder, form="two_by_two", measure=RATIO, family="normal")
    words, html = told(report, pd.concat([refused.reindex(columns=COLUMNS), normal(0, 0, 0)]))
    assert "This study has the normal approximation" in words
    assert (
        "The exact hypergeometric likelihood has no posterior to show beside it: it is <so>."
        in words
    )
    assert "<so>" not in html
    assert "<table" not in html


def test_report_says_what_a_known_sd_leaves_out(folder):
    report = report_of(folder, form="summaries", measure="mean", family="normal")
    both = pd.concat([OWN.assign(family="student"), normal(0.01, 0.01, 0.01)])
    words, _ = told(report, both, SMALL)
    assert "leaves out is that each s is itself an estimate" in words
    assert "covers 81.1 % with n = 3 (a), 90.9 % with n = 8 (b)" in words
    assert "P(μ" not in words
    report = report_of(folder, form="summaries", measure="mean", family="normal", pooled_sd=True)
    words, _ = told(report, both, SMALL)
    assert "rests on 9 degrees of freedom" in words
    assert "cover 91.8 %" in words
    report = report_of(folder, form="summaries", measure="mean", family="student")
    assert "would leave out is" in told(report, both, SMALL)[0]


def test_report_of_estimates_has_no_such_section(folder):
    report = report_of(folder)
    assert told(report, pd.DataFrame(columns=COLUMNS), TRIALS) == ("", "")
