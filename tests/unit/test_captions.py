"""Every number of captions and alternative texts, on results in which no two are alike."""

import math
from types import SimpleNamespace

import jinja2
import numpy as np
import pandas as pd
import pytest
from distinct_results import (
    ACCEPTS,
    DRAWS,
    ESTIMATE,
    EXACT,
    MODELS,
    NAMES,
    SEEDS,
    fits_and_estimates,
    fix,
    opened,
    pct,
    sig,
    write_distinct_results,
)
from scipy import stats

from partial_pooling.report.captions import CALIBRATION, caption
from partial_pooling.report.results import Results
from partial_pooling.study.settings import load_schema

FITS, ESTIMATES = fits_and_estimates()
SHOWN = FITS[
    (FITS["draws"] == 2000) & (FITS["seed"] == 11) & (FITS["target_accept"] == 0.9)
].set_index("model")
OF_SHOWN = "one fit of each model (seed 11, target_accept 0.9, 3 chains of 2,000 draws)"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return Results(write_distinct_results(tmp_path_factory.mktemp("distinct")))


def words(report, name):
    """Alternative text and caption."""
    return [text.replace("\xa0", " ") for text in caption(report, name)]


def of_each(say):
    """What is said of each model, as one sentence."""
    said = "; ".join(say(model, SHOWN.loc[model]) for model in MODELS)
    return f"C{said[1:]}."


def diverged(row):
    number = f"{row['divergences']:,}" if row["divergences"] else "none"
    return f"{number} of 6,000 transitions diverged"


def test_forest_tells_ranges_and_who_moves_furthest(report):
    alternative, told = words(report, "forest")
    assert alternative == (
        "Forest plot of 5 groups: estimates from −23.2 to 28.4, posterior means from 2.9 to 6.3, "
        "each with its 95 % interval; the common mean −3.7 to 12.6; a new group from −8.3 to 18.2."
    )
    moves = {name: abs(EXACT["mean"][f"theta[{name}]"] - y) for name, y in zip(NAMES, ESTIMATE)}  # noqa: B905
    assert max(moves, key=moves.get) == "Cedar"  # down to up, further than Ash from 28.4
    assert told.endswith(" Cedar moves furthest, from −23.2 to 3.5.")
    assert "95 % intervals" in told
    again = opened(report)
    again.exact.loc["theta[Elm]", "mean"] = math.nan
    alternative, told = words(again, "forest")
    assert "posterior medians from 3.2 to 5.8" in alternative
    assert "exact posterior median (black)" in told
    assert told.endswith(" Cedar moves furthest, from −23.2 to 3.8.")


def test_prior_and_posterior_are_told_by_their_intervals(report):
    """Normal(1.5, 27): 1.5 +- 52.9; the half-Cauchy's quantile is 6.5 tan(p pi / 2)."""
    low, high = (6.5 * math.tan(p * math.pi / 2) for p in (0.025, 0.975))
    _, told = words(report, "prior_posterior")
    assert told.endswith(
        " 95 % of μ lie in −51.4 to 54.4 by the prior, in −3.7 to 12.6 now. 95 % of τ lie in "
        f"{low:.1f} to {high:.1f} by the prior, in 0.14 to 12.07 now."
    )


def test_divergences_are_counted_of_all_transitions(report):
    told = of_each(
        lambda model, row: (
            f"{model}: {diverged(row)}, {pct(row['neck_5'])} of the draws below the dashed line"
        )
    )
    alternative, said = words(report, "divergences")
    assert alternative == f"Draws in the plane of log τ and θ of Ash, a panel a model. {told}"
    assert f"log τ against θ of Ash, every transition of {OF_SHOWN}." in said
    assert "5 % lies below the dashed line and 1 % below the other." in said
    assert said.endswith(told)
    _, said = words(report, "log_tau")
    told = of_each(lambda model, row: f"{model}: {diverged(row)}")
    assert f"over the iterations of {OF_SHOWN}" in said
    assert said.endswith(told)
    assert words(report, "log_tau")[0].endswith(told)


def test_no_divergences_are_none(report):
    again = opened(report)
    again.fits["divergences"] = 0
    assert "Centered: none of 6,000 transitions diverged;" in words(again, "log_tau")[0]


def test_neck_has_each_share_beside_its_own_percentage(report):
    told = of_each(
        lambda model, row: (
            f"{model} has {pct(row['neck_1'])} of its draws below the exact 1 % "
            f"quantile, {pct(row['neck_5'])} below the 5 % and {pct(row['neck_25'])} below the "
            "25 % one"
        )
    )
    alternative, said = words(report, "funnel_neck")
    assert alternative.endswith(told)
    assert told in said
    assert OF_SHOWN in said


def test_densities_have_the_gap_of_each_model(report):
    gaps = "; ".join(f"{model}: {sig(SHOWN['kolmogorov'][model], 2)}" for model in MODELS)
    alternative, said = words(report, "densities")
    assert alternative.endswith(f"Largest gap between the distributions of log τ: {gaps}.")
    assert said.endswith(f"(0: the same; 1: nothing in common): {gaps}.")
    assert OF_SHOWN in said


def test_traces_have_the_worst_convergence_of_each_model(report):
    told = of_each(
        lambda model, row: (
            f"{model}: largest R-hat {fix(row['r_hat_max'], 3)}, smallest bulk ESS "
            f"{fix(row['ess_bulk_min'], 0)}"
        )
    )
    alternative, said = words(report, "traces")
    assert alternative.endswith(told)
    assert said.endswith(told)
    assert OF_SHOWN in said


def test_cumulative_mean_ends_so_many_standard_errors_off(report):
    rows = ESTIMATES[
        (ESTIMATES["variable"] == "log_tau")
        & (ESTIMATES["draws"] == 2000)
        & (ESTIMATES["seed"] == 11)
        & (ESTIMATES["target_accept"] == 0.9)
    ].set_index("model")
    z = (rows["mean"] - 0.8194) / rows["mcse_mean"]

    def of_z(z):
        def off(model):
            return ("+" if z[model] > 0 else "−") + fix(abs(z[model]), 1)

        return of_each(
            lambda model, _: (
                f"{model} ends at {sig(rows['mean'][model], 3)}, {off(model)} standard errors off"
            )
        )

    told = of_z(z)
    alternative, said = words(report, "cumulative_mean")
    assert alternative.endswith(f"The black line is the exact mean, 0.8194. {told}")
    assert said.endswith(f"The black line is the exact mean, 0.8194. {told}")
    assert OF_SHOWN in said
    again = opened(report)
    again.estimates["z"] *= -1
    assert words(again, "cumulative_mean")[0].endswith(of_z(-z))
    again = opened(report)
    again.exact.loc["log_tau", "mean"] = math.nan
    again.estimates["z"] = math.nan
    alternative, _ = words(again, "cumulative_mean")
    assert "The exact mean of log τ does not exist. Centered ends at" in alternative
    assert "off" not in alternative


def test_z_scores_count_points_beyond_two_of_all_cells(report):
    parts = []
    for model in MODELS:
        rows = ESTIMATES[
            (ESTIMATES["model"] == model) & ESTIMATES["variable"].isin(["mu", "tau", "log_tau"])
        ]
        z = (rows["mean"] - EXACT["mean"][rows["variable"]].to_numpy()) / rows["mcse_mean"]
        assert len(z) == 3 * len(ACCEPTS) * len(SEEDS) * len(DRAWS)
        parts.append(f"{model}: {pct(np.mean(np.abs(z) > 2))} of the points beyond ±2")
    told = f"C{'; '.join(parts)[1:]}."
    alternative, said = words(report, "z_scores")
    assert alternative.endswith(told)
    assert told in said
    assert f"which has {fix(200 * stats.norm.sf(2), 1)} % beyond ±2." in said
    again = opened(report)
    again.estimates["z"] = math.nan
    assert words(again, "z_scores")[0].endswith("No exact mean exists, so there is no z.")


def rmse_of(model, draws):
    """Mean over target_accepts of the root mean squared error over seeds."""
    rows = ESTIMATES[
        (ESTIMATES["model"] == model)
        & (ESTIMATES["variable"] == "log_tau")
        & (ESTIMATES["draws"] == draws)
    ]
    each = [
        value**2 for accept in ACCEPTS for value in rows["bias"][rows["target_accept"] == accept]
    ]
    return math.sqrt(sum(each) / len(each))


def test_error_goes_from_the_fewest_to_the_most_draws(report):
    parts = [
        f"{model}: {sig(rmse_of(model, 400), 2)} at 400 draws, {sig(rmse_of(model, 2000), 2)} at "
        "2,000"
        for model in MODELS
    ]
    told = f"Log τ, all target_accepts together: C{'; '.join(parts)[1:]}."
    alternative, said = words(report, "error")
    assert alternative.endswith(told)
    assert "over 3 seeds, a line a target_accept" in said
    assert told in said
    assert said.endswith("With few seeds each point is itself uncertain.")
    again = opened(report)
    again.settings["sampling"]["seeds"] = list(range(20))
    assert "over 20 seeds" in words(again, "error")[1]
    assert "few seeds" not in words(again, "error")[1]
    again.settings["sampling"]["seeds"] = list(range(19))
    assert "few seeds" in words(again, "error")[1]
    again.__dict__["accuracy"] = again.accuracy[again.accuracy["draws"] == 2000]
    assert "Log τ" not in words(again, "error")[0]
    again = opened(report)
    middle = again.accuracy[again.accuracy["draws"] == 400].assign(draws=900, rmse=0.0123)
    again.__dict__["accuracy"] = pd.concat([again.accuracy, middle])
    assert told in words(again, "error")[1]
    again = opened(report)
    lost = (again.accuracy["model"] == "marginal") & (again.accuracy["draws"] == 400)
    again.accuracy.loc[lost, "rmse"] = math.nan
    assert "marginal" not in words(again, "error")[0]
    assert "noncentered" in words(again, "error")[0]


def test_estimates_name_group_and_target_accepts(report):
    alternative, said = words(report, "estimates")
    assert "θ of Ash against draws" in alternative
    assert "θ of Ash at the lowest and the highest target_accept (0.8 and 0.95):" in said
    again = opened(report)
    again.__dict__["fits"] = again.fits[again.fits["target_accept"] == 0.9]
    assert "θ of Ash at target_accept 0.9:" in words(again, "estimates")[1]


def test_target_accept_of_most_effective_draws_per_gradient(report):
    best = {}
    for model in MODELS:
        costs = {}
        for accept in ACCEPTS:
            rows = FITS[
                (FITS["model"] == model)
                & (FITS["target_accept"] == accept)
                & (FITS["draws"] == 2000)
            ]
            costs[accept] = np.mean(1000 * rows["ess_bulk_min"] / rows["gradients"])
        best[model] = max(costs, key=costs.get)
    assert len(set(best.values())) > 1
    told = of_each(
        lambda model, _: (
            f"{model}: most effective draws per gradient at target_accept "
            f"{best[model]:g} (mean over seeds)"
        )
    )
    alternative, said = words(report, "target_accept")
    assert alternative.endswith(told)
    assert said.endswith(told)


def test_one_target_accept_has_no_best(report):
    again = opened(report)
    again.__dict__["fits"] = again.fits[again.fits["target_accept"] == 0.9]
    assert caption(again, "target_accept") is None
    again = opened(report)
    again.fits["ess_per_1000_gradients"] = math.nan
    assert "most effective" not in words(again, "target_accept")[0]


def test_shrinkage_has_median_and_interval_of_tau(report):
    alternative, said = words(report, "shrinkage")
    assert alternative.endswith("whose median is 3.04 and 95 % interval 0.14 to 12.07.")
    assert "density of τ (median 3.04, 95 % interval 0.14 to 12.07)" in said


# -- captions of Snakemake's own report ----------------------------------------------------------

SEVERAL = {"draws": [300, 4567], "seeds": [21, 5]}


def snakemake_caption(root, name, **params):
    """Render a caption as Snakemake does, of a job with these parameters."""
    template = (root / f"workflow/report/{name}.rst").read_text(encoding="utf-8")
    job = SimpleNamespace(wildcards=SimpleNamespace(dataset="five_trees"), params=params)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    return " ".join(environment.from_string(template).render(snakemake=job).split())


@pytest.fixture(scope="module")
def root(request):
    return request.config.rootpath


@pytest.mark.parametrize(
    "name",
    ["traces", "log_tau", "cumulative_mean", "divergences", "densities", "funnel_neck"],
)
def test_captions_of_one_fit_name_it(root, name):
    told = snakemake_caption(root, name, seed=21, target_accept=0.87, chains=6, draws=4567)
    assert "``five_trees``, seed 21, target_accept 0.87, 6 chains of 4567 draws." in told


@pytest.mark.parametrize("name", ["error", "estimates", "target_accept", "z_scores"])
def test_captions_of_all_fits_name_them(root, name):
    told = snakemake_caption(root, name, chains=6, target_accept=[0.87, 0.93], **SEVERAL)
    assert "``five_trees``, seeds 21, 5; 6 chains." in told
    assert "at 4567 draws a chain" in told or name != "target_accept"
    assert "target_accepts 0.87, 0.93" in told or name != "z_scores"


@pytest.mark.parametrize("name", ["forest", "prior_posterior", "shrinkage"])
def test_captions_of_groups_have_the_priors(root, name):
    prior = {
        "mu": {"dist": "Normal", "mu": 1.5, "sigma": 27},
        "tau": {"dist": "HalfStudentT", "nu": 4, "sigma": 6.5},
    }
    told = snakemake_caption(root, name, prior=prior)
    assert "``five_trees``. Priors: mu Normal mu = 1.5 sigma = 27; " in told
    assert "tau HalfStudentT nu = 4 sigma = 6.5." in told


@pytest.mark.parametrize("name", CALIBRATION)
def test_captions_of_calibrations_have_their_settings(root, name):
    settings = {"chains": 6, "draws": 4567, "target_accept": 0.87, "ranked_draws": 321}
    told = snakemake_caption(root, name, simulations=789, settings=settings)
    assert (
        "``five_trees``, 789 data sets simulated from the prior, fitted with 6 chains of 4567 "
        "draws at target_accept 0.87."
    ) in told
    ranked = "321 draws" in told
    assert ranked == (name in ("calibration_ecdf", "calibration_ranks"))


def test_captions_agree_with_the_report_on_quantiles_and_bands(root, report):
    """The same figure has the same lines, whichever page shows it."""
    for name in ("divergences", "settings"):
        told = snakemake_caption(root, name, seed=21, target_accept=0.87, chains=6, draws=4567)
        assert "5 % lies below the dashed line and 1 % below the other" in told
    told = snakemake_caption(root, "funnel_neck", seed=1, target_accept=1, chains=1, draws=1)
    assert "The exact 1 %, 5 % and 25 % quantiles are marked" in told
    told = snakemake_caption(root, "cumulative_mean", seed=1, target_accept=1, chains=1, draws=1)
    assert "two Monte Carlo standard errors" in told
    assert "two Monte Carlo standard errors" in words(report, "cumulative_mean")[1]
    settings = {"chains": 6, "draws": 4567, "target_accept": 0.87, "ranked_draws": 321}
    for name in ("calibration_ecdf", "calibration_ranks"):
        told = snakemake_caption(root, name, simulations=789, settings=settings)
        assert "95 % of calibrations" in told
    assert "95 % of calibrations" in CALIBRATION["calibration_ecdf"][1]
    told = snakemake_caption(root, "calibration_coverage", simulations=789, settings=settings)
    assert "95 % intervals" in told
    assert "95 % intervals" in CALIBRATION["calibration_coverage"][1]
    prior = {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfFlat"}}
    assert "95 % intervals" in snakemake_caption(root, "forest", prior=prior)
    assert "tau HalfFlat." in snakemake_caption(root, "forest", prior=prior)
    told = snakemake_caption(root, "z_scores", chains=1, target_accept=[1], **SEVERAL)
    assert f"has {200 * stats.norm.sf(2):.2g} % beyond ±2" in told


def test_front_page_names_models_and_data_sets(root):
    template = (root / "workflow/report/workflow.rst").read_text(encoding="utf-8")

    def render(config):
        job = SimpleNamespace(config=SimpleNamespace(**config, get=config.get))
        return " ".join(jinja2.Template(template).render(snakemake=job).split())

    told = render({"datasets": {"trees": {}, "sites": {}}, "models": ["marginal", "centered"]})
    assert "in the parametrizations marginal, centered over seeds" in told
    assert "Data sets: ``trees``, ``sites``." in told
    models = load_schema()["properties"]["models"]["default"]
    told = render({"datasets": {"trees": {}}})
    assert f"in the parametrizations {', '.join(models)} over seeds" in told
