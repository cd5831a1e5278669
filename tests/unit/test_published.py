"""The published meta-analyses that are shipped: whole, documented, and what was published."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from partial_pooling.classical.estimates import estimate
from partial_pooling.data.groups import Estimates

DATASETS = Path(__file__).parents[2] / "config" / "datasets"
COUNTS = pd.read_csv(DATASETS / "published_two_by_two.csv")
ESTIMATES = pd.read_csv(DATASETS / "published_estimates.csv")


def test_counts_are_possible():
    for arm in ("treated", "control"):
        events, n = COUNTS[f"events_{arm}"], COUNTS[f"n_{arm}"]
        assert (n > 0).all() and events.between(0, n).all()


@pytest.mark.parametrize(("table", "row"), [(COUNTS, "trial"), (ESTIMATES, "study")])
def test_rows_are_named_once_and_all_tables_have_four_or_more(table, row):
    assert not table.isna().any(axis=None)
    assert not table.duplicated(["meta_analysis", row]).any()
    assert table["meta_analysis"].value_counts().min() >= 4


def test_documentation_has_every_table_with_its_rows_and_measure():
    text = (DATASETS / "published.md").read_text()
    told = re.findall(r"^\| `(\w+)` \| (\d+) \|(?: ([^|]+) \|)? [^|]+ \| [^|]+ \|$", text, re.M)
    measure = ESTIMATES.groupby("meta_analysis")["measure"].unique().to_dict()
    rows = pd.concat([COUNTS, ESTIMATES])["meta_analysis"].value_counts()
    assert {name: int(count) for name, count, _ in told} == rows.to_dict()
    assert {name: [words] for name, _, words in told if words} == {
        name: list(words) for name, words in measure.items()
    }
    assert f"{len(rows)} tables of {rows.sum():,} trials and studies" in text


@pytest.mark.parametrize(
    ("name", "mu", "tau_squared"),
    [
        ("stroke_stay_normand1999", -15.12, 685.20),  # Normand (1999), table IX
        ("expectancy_raudenbush1985", 0.0837, 0.0188),  # Raudenbush and Bryk (1985), p. 83
    ],
)
def test_published_reml_estimates_are_found_again(name, mu, tau_squared):
    table = ESTIMATES[ESTIMATES["meta_analysis"] == name]
    groups = Estimates(
        tuple(table["study"]), table["estimate"].to_numpy(), table["std_error"].to_numpy()
    )
    found = estimate(groups).estimates["reml"]
    assert found.mu == pytest.approx(mu, rel=1e-3)
    assert found.tau**2 == pytest.approx(tau_squared, rel=3e-3)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("rosiglitazone_nissen2007", (1.43, 1.03, 1.98)),  # Nissen and Wolski (2007)
        ("beta_blockers_short_oral_yusuf1985", (0.93, 0.74, 1.18)),  # Yusuf et al. (1985)
    ],
)
def test_published_odds_ratios_of_peto_are_found_again(name, published):
    table = COUNTS[COUNTS["meta_analysis"] == name]
    a, n, c, m = table.iloc[:, 2:].to_numpy(float).T
    total, events = n + m, a + c
    variance = n * m * events * (total - events) / (total**2 * (total - 1))
    log_ratio = (a - n * events / total).sum() / variance.sum()
    found = np.exp(log_ratio + np.array([0, -1.96, 1.96]) / np.sqrt(variance.sum()))
    assert np.round(found, 2) == pytest.approx(published)


def test_log_risk_ratios_of_bcg_are_the_shipped_ones():
    table = COUNTS[COUNTS["meta_analysis"] == "bcg_colditz1994"]
    a, n, c, m = table.iloc[:, 2:].to_numpy(float).T
    shipped = pd.read_csv(DATASETS / "bcg_trials.csv")
    np.testing.assert_allclose(np.log(a / n) - np.log(c / m), shipped["log_risk_ratio"], atol=1e-6)
    std_error = np.sqrt(1 / a - 1 / n + 1 / c - 1 / m)
    np.testing.assert_allclose(std_error, shipped["std_error"], atol=1e-6)
