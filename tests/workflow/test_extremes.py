"""Data at the edges of what is allowed, through the whole workflow."""

import re

import numpy as np
import pandas as pd
import pytest
from workflow_project import ROOT, copy_project

from partial_pooling.data.groups import Estimates
from partial_pooling.data.reading import read_groups, write_groups
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.tables import exact_table
from partial_pooling.figures import registry
from partial_pooling.priors.priors import parse_hyperprior

pytestmark = pytest.mark.slow

SCHOOLS = read_groups(ROOT / "config" / "datasets" / "eight_schools.csv")
NAMES, ESTIMATE, STD_ERROR = SCHOOLS.names, SCHOOLS.estimate, SCHOOLS.std_error
MANY = 10_000
# columns of estimates.csv that are defined for every fit of a proper posterior with these priors
DEFINED = "mean sd mcse_mean ess_bulk ess_tail r_hat exact_mean z mcse_q50".split()


def many():
    random = np.random.default_rng(1)
    std_error = random.uniform(0.5, 3, MANY)
    estimate = random.normal(random.normal(3, 2, MANY), std_error)
    return Estimates(tuple(f"group {i}" for i in range(MANY)), estimate, std_error)


def prior(scale):
    return {
        "mu": {"dist": "Normal", "mu": 0, "sigma": 5 * scale},
        "tau": {"dist": "HalfCauchy", "beta": 5 * scale},
    }


EXTREMES = {
    "two": (Estimates(NAMES[:2], ESTIMATE[:2], STD_ERROR[:2]), 1),
    "equal": (Estimates(NAMES, np.full(8, 5.0), STD_ERROR), 1),
    "tiny": (Estimates(NAMES, 1e-8 * ESTIMATE, 1e-8 * STD_ERROR), 1e-8),
    "huge": (Estimates(NAMES, 1e8 * ESTIMATE, 1e8 * STD_ERROR), 1e8),
    "dominating": (
        Estimates(NAMES, ESTIMATE, np.array([0.01, 1e4, *STD_ERROR[2:]])),
        1,
    ),
    "many": (many(), 1),
}


@pytest.fixture(scope="module")
def extremes(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("extremes"))
    for name, (groups, _) in EXTREMES.items():
        write_groups(groups, project.folder / f"{name}.csv")
    project.write_study(
        {
            "datasets": {
                name: {"path": f"{name}.csv", "prior": prior(scale)}
                for name, (_, scale) in EXTREMES.items()
            },
            "sampling": {
                "seeds": [1],
                "draws": [100],
                "target_accept": [0.9],
                "tune": 200,
                "chains": 2,
            },
        }
    )
    project.snakemake("--cores", "4")
    return project.results


def exact_of(results, name):
    return pd.read_csv(results / name / "exact.csv").set_index("variable")


@pytest.mark.parametrize("name", EXTREMES)
def test_every_number_is_there_and_no_mean_is_far_off(extremes, name):
    estimates = pd.read_csv(extremes / name / "estimates.csv")
    assert len(estimates) == 2 * (len(EXTREMES[name][0]) + 3)
    assert np.isfinite(estimates[DEFINED]).all(axis=None)
    exact = exact_of(extremes, name)
    assert np.isfinite(exact).all(axis=None)
    assert (exact.loc[exact.index != "log_tau", "sd"] > 0).all()
    # An exact answer or a sampler that these data had broken would be off by whole sds. Half an sd
    # is several MCSE of nearly every theta of these fits; seeds are fixed.
    theta = estimates[estimates["variable"].str.startswith("theta")]
    theta = theta[theta["model"] == "noncentered"]
    sd = exact.loc[theta["variable"], "sd"].to_numpy()
    assert np.quantile(np.abs(theta["bias"]) / sd, 0.95) < 0.5


@pytest.mark.parametrize("name", EXTREMES)
def test_the_report_says_numbers_and_has_every_figure(extremes, name):
    page = (extremes / name / "report.html").read_text()
    # of ten thousand groups each table shows a thousand
    assert len(page.encode()) < (6_000_000 if name == "many" else 2_500_000)
    # one target_accept; of ten thousand groups none is left out, and none has a rank
    empty = {"target_accept", *(("influence", "ranks") if name == "many" else ())}
    shown = [
        figure for figure in registry.embedded() if figure.removesuffix("_narrow") not in empty
    ]
    assert page.count("data:image/svg+xml") == len(shown)
    text = re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert not re.search(r"\b(nan|inf|None)\b", text)


@pytest.mark.parametrize(("name", "scale"), [("tiny", 1e-8), ("huge", 1e8)])
def test_the_exact_posterior_scales_with_the_data(extremes, name, scale):
    unscaled = exact_table(solve(SCHOOLS, parse_hyperprior(prior(1)))).set_index("variable")
    scaled = exact_of(extremes, name)
    log = unscaled.index == "log_tau"
    np.testing.assert_allclose(scaled[~log], scale * unscaled[~log], rtol=1e-9)
    shift = np.where(unscaled.columns == "sd", 0, np.log(scale))
    np.testing.assert_allclose(scaled[log], unscaled[log] + shift, rtol=1e-9)


def test_equal_estimates_leave_groups_of_equal_errors_alike(extremes):
    exact = exact_of(extremes, "equal")
    np.testing.assert_allclose(exact.loc["theta[D]"], exact.loc["theta[F]"], rtol=1e-12)


def test_a_group_known_exactly_stays_and_one_known_not_at_all_is_like_a_new_one(extremes):
    exact = exact_of(extremes, "dominating")
    np.testing.assert_allclose(exact.loc["theta[A]", ["mean", "sd"]], [28, 0.01], rtol=1e-5)
    np.testing.assert_allclose(exact.loc["theta[B]"], exact.loc["theta_new"], rtol=1e-2, atol=0.05)
    page = (extremes / "dominating" / "report.html").read_text()
    assert ">0.0100<" in page  # not 0.0


def test_a_page_shows_the_first_of_many_groups_and_says_where_all_are(extremes):
    page = (extremes / "many" / "report.html").read_text()
    assert "The first 1,000 of 10,000 rows; exact.csv has all." in page
    assert len(exact_of(extremes, "many")) == MANY + 4
