"""What every column of every table of results means: docs/columns.md comes from here.

A key may stand for several columns: `{mu,tau}_{mean,sd}`. Of a name that means the same in several
files the meaning stands once, in `SHARED`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

SHARED = {
    "model": "Parametrization: centered, noncentered, partial or marginal.",
    "target_accept": "Acceptance rate that tuning of the step size aims at.",
    "seed": "Seed of the fit.",
    "draws": "Kept draws a chain at which the fit is looked at.",
    "variable": "mu, tau, log_tau, theta[<group>] or, of exact answers alone, theta_new: the theta "
    "of a further group.",
    "group": "Name of the group, as in the data.",
    "estimate": "Estimate of the group's theta, in the units of theta.",
    "std_error": "Standard error of the estimate, taken as known.",
    "q{2.5,5,25,50,75,95,97.5}": "Quantile at so many percent.",
    "exact_mean": "Mean under the exact posterior; empty where none exists.",
    "exact_sd": "Standard deviation under the exact posterior.",
    "mcse_mean": "Monte Carlo standard error of the mean.",
    "divergences": "Number of divergent transitions among the draws.",
    "max_treedepth_hits": "Number of transitions that reached the largest tree depth.",
    "gradients": "Evaluations of the gradient, tuning included.",
    "simulation": "Number of the simulated data set.",
    "simulations": "Number of simulated data sets.",
    "source": "A model; or `exact`, the exact posterior of the same data, as a control.",
    "lower": "Lower end of the interval or band.",
    "upper": "Upper end of the interval or band.",
    "verdict": "right, too few draws or wrong (docs/grading.md); without an exact answer: no alarm "
    "or alarm.",
    "alarms": "Ordinary checks that failed, separated by spaces; empty if none.",
    "table": "Name of the table of a collection.",
    "reason": "Why there is no fit; empty if there is one.",
}

# of the scorecard's tables; a cell is a fit at a number of draws
SCORED = {
    "truth": "What makes a cell bad: it is not accurate, or not honest.",
    "draws": "Draws a chain; `all` for all numbers of them.",
    "check": "The check; grading/checks.py has its threshold.",
    "bad": "Number of bad cells.",
    "good": "Number of the others.",
    "caught, caught_low, caught_high": "Share of bad cells that the check stops at, with a 95 % "
    "interval.",
    "false_alarm, false_alarm_low, false_alarm_high": "Share of good cells that it stops at, with "
    "a 95 % interval.",
}

EFFECTIVE = "Effective sample size"


@dataclass(frozen=True)
class File:
    """A table of results.

    Attributes
    ----------
    name
        Below results/.
    row
        What a row is.
    shared
        Keys of `SHARED` that it has, separated by spaces.
    own
        Its other columns with their meaning.
    """

    name: str
    row: str
    shared: str = ""
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, str]:
        """Meaning of each column."""
        return {
            column: meaning
            for key, meaning in {**{k: SHARED[k] for k in self.shared.split()}, **self.own}.items()
            for column in expanded(key)
        }


FITS_OWN = {
    "divergence_rate": "Share of the transitions that diverged.",
    "ebfmi_min": "Smallest E-BFMI of the chains.",
    "step_size": "Step size after tuning, mean over chains.",
    "accurate": "Whether all errors against the exact posterior are within the thresholds.",
    "honest": "Whether no variable errs more than its Monte Carlo error admits.",
    "max_treedepth_rate": "Share of the transitions that reached the largest tree depth.",
    "acceptance_rate": "Mean acceptance rate.",
    "r_hat_max": "Largest R-hat of the variables.",
    "ess_{bulk,tail}_min": f"Smallest {EFFECTIVE.lower()} of the variables.",
    "neck_{1,5,25}": "Share of draws of log tau below its exact quantile at so many percent.",
    "ess_neck_{1,5,25}": "Effective draws that this share rests on.",
    "kolmogorov": "Largest distance of the sampled CDF of log tau from the exact one.",
    "divergent_q{1,2,3,4}": "Divergent transitions in each quarter of log tau, lowest first.",
    "divergence_design_effect": "By how much their dependence widens the error of these shares.",
    "batch": "Which manifest in fits/<model>/ names the fit.",
    "error_{mean,sd,quantile}_max": "Largest of the variables' errors (see estimates.csv).",
    "z_max": "Largest size of z of the variables.",
    "p_honest_min": "Smallest p-value of the tests of honesty, corrected for their number.",
    "draws_needed": "Draws a chain at which errors of chance would be within the thresholds.",
    "ess_per_1000_gradients": "Smallest effective sample size for 1,000 gradients, with tuning.",
}

# of a group's data, as its family takes them
DATA = {
    "estimate, std_error": "Of the family normal: estimate and standard error.",
    "events, n": "Of the family binomial: events among n trials.",
    "events, exposure": "Of the family poisson: events during an exposure.",
    "mean, sd, n": "Of the family student: mean, sd (with n - 1) and number of values.",
    "events_treated, n_treated, events_control, n_control": "Of the family hypergeometric: "
    "events among so many in each arm.",
}

FILES = (
    File(
        "{dataset}/data.csv",
        "a group, as its family takes it",
        "group",
        DATA,
    ),
    File(
        "{dataset}/given.csv",
        "a group, in the columns of its form, before an effect measure is taken",
        "group estimate std_error",
        {
            "mean, sd, n": "Mean, standard deviation (with n - 1) and number of values.",
            "events, n, exposure": "Events, among n trials or during an exposure.",
            "events_treated, n_treated, events_control, n_control": "Events among so many in each "
            "arm.",
            "mean_treated, sd_treated, mean_control, sd_control": "Mean and standard deviation of "
            "each arm.",
            "r": "Correlation.",
        },
    ),
    File(
        "{dataset}/exact.csv",
        "a variable of the exact posterior, in the units of theta",
        "variable q{2.5,5,25,50,75,95,97.5}",
        {
            "mean": "Posterior mean; empty where none exists.",
            "sd": "Posterior standard deviation; empty where none exists.",
            "error": "Bound on the error of the row, of the mean and sd in posterior sds, of a "
            "quantile in probability. Only of families without a closed form.",
        },
    ),
    File(
        "{dataset}/estimates.csv",
        "a fit at a number of draws, and a variable",
        "model target_accept seed draws variable exact_mean mcse_mean exact_sd",
        {
            "mean": "Mean of the draws.",
            "sd": "Standard deviation of the draws.",
            "ess_{bulk,tail}": f"{EFFECTIVE} in bulk and tails.",
            "r_hat": "Rank-normalized split R-hat.",
            "bias": "mean less exact_mean.",
            "z": "bias in units of mcse_mean.",
            "error_mean": "Size of bias in exact posterior sds.",
            "error_sd": "Relative error of the standard deviation.",
            "error_quantile": "Largest error of the quantiles at 5, 50, 95 %, in probability.",
            "honest": "Whether it errs no more than its Monte Carlo error admits.",
            "mcse_sd": "Monte Carlo standard error of the standard deviation.",
            "q{5,50,95}": "Quantile of the draws at so many percent.",
            "mcse_q{5,50,95}": "Its Monte Carlo standard error.",
            "ess_q{5,50,95}": "Its effective sample size.",
            "below_q{5,50,95}": "Share of draws below the exact quantile.",
            "coverage_90": "Exact probability between the draws' 5 and 95 % quantiles.",
            "p_honest": "p-value of the tests of honesty, corrected for their number.",
        },
    ),
    File(
        "{dataset}/fits.csv",
        "a fit at a number of draws",
        "model target_accept seed draws divergences max_treedepth_hits gradients verdict alarms",
        FITS_OWN,
    ),
    File(
        "{dataset}/accuracy.csv",
        "a setting at a number of draws, and a variable, over seeds",
        "model target_accept draws variable exact_mean mcse_mean",
        {
            "seeds": "Number of seeds.",
            "bias_mean": "Mean of the bias.",
            "bias_std_error": "Its standard error over seeds.",
            "bias_{low,high}": "Ends of its 95 % interval (Student's t).",
            "rmse": "Root mean square of the bias.",
            "coverage_90": "Mean of the exact probability between the 5 and 95 % quantiles.",
            "share_z_above_{2,4}": "Share of seeds whose size of z is above this.",
            "expected_above_{2,4}": "The same for a right sampler.",
        },
    ),
    File(
        "{dataset}/likelihoods.csv",
        "a family, of the exact likelihood or of its normal approximation, and a variable",
        "variable q{2.5,5,25,50,75,95,97.5}",
        {
            "family": "Family of the data.",
            "mean, sd": "Moments under it; empty where none exists.",
            "above_null": "Probability to be above the value of no effect; empty where there is "
            "none.",
            "error_mean, error_sd, error_quantile": "How far the normal approximation is from the "
            "exact likelihood, as the errors of a fit (docs/grading.md).",
            "note": "Why a family has no posterior here; else empty.",
        },
    ),
    File(
        "{dataset}/weights.csv",
        "a group",
        "group",
        {
            "weight": "How far the model `partial` centers it: 1 wholly, 0 not at all.",
            "suggested": "What the exact posterior suggests.",
        },
    ),
    File(
        "{dataset}/classical.csv",
        "a classical method",
        "",
        {
            "method": "no_pooling, complete_pooling, dersimonian_laird, paule_mandel, ml or reml.",
            "tau": "Standard deviation between groups.",
            "mu": "Weighted mean at that tau.",
            "mu_std_error": "Its standard error.",
            "prediction_{lower,upper}": "Ends of the 95 % interval for the theta of a new group.",
        },
    ),
    File(
        "{dataset}/classical_theta.csv",
        "a classical method and a group",
        "group",
        {
            "method": "As in classical.csv.",
            "theta": "Mean of theta given tau.",
            "theta_sd": "Its standard deviation.",
        },
    ),
    File(
        "{dataset}/intervals.csv",
        "a classical interval",
        "lower upper",
        {
            "of": "mu, tau or a new group.",
            "method": "Name of the interval.",
            "tau_by": "Estimator of tau that it rests on.",
            "distribution": "Normal, t or another.",
            "degrees_of_freedom": "Of that distribution.",
            "estimate": "What it lies about.",
        },
    ),
    File(
        "{dataset}/ranks.csv",
        "a group",
        "group",
        {
            "expected_rank": "Posterior mean of its rank.",
            "{first,last}": "Posterior probability that it is first or last.",
        },
    ),
    File(
        "{dataset}/decisions.csv",
        "a variable and a bound",
        "variable",
        {
            "above": "The bound.",
            "probability": "Exact probability to lie above it.",
        },
    ),
    File(
        "{dataset}/influence.csv",
        "a group that is left out",
        "group reason",
        {
            "{mu,tau}_q{2.5,50,97.5}": "Exact quantiles without it.",
            "log_predictive": "Log density of its data, given all others.",
            "{mu,new}_above": "Probability without it that mu, or a new group, exceeds the bound.",
            "pit": "Probability, given all others, of data below its own.",
            "p_value": "Two-sided, from pit.",
            "p_corrected": "The same, corrected (Holm).",
        },
    ),
    File(
        "{dataset}/loo.csv",
        "a group that is left out, by Pareto smoothed importance sampling (PSIS)",
        "group target_accept seed",
        {
            "model": "Model of the fit: that of the setting to use, of the first seed.",
            "draws": "Of all chains, from their beginning.",
            "exact": "log_predictive of influence.csv.",
            "conditional, integrated": "The same by PSIS, with the likelihood of its data given "
            "its theta, and given mu and tau alone (empty of more than 100 groups, if that takes "
            "quadrature).",
            "{conditional,integrated}_mcse": "Monte Carlo standard error; empty where k is too "
            "large for one.",
            "{conditional,integrated}_k": "Pareto's k; 0 where all weights are equal, inf where "
            "the largest are.",
            "k_limit": "What k must not exceed with so many draws.",
        },
    ),
    File(
        "{dataset}/priors.csv",
        "a prior in common use",
        "",
        {
            "name": "Its name.",
            "source": "Where it comes from.",
            "prior_{mu,tau}": "The prior.",
            "reason": "Why there is no answer; empty if there is.",
            "{mu,tau,new}_q{2.5,50,97.5}": "Exact quantiles under it, of a new group too.",
            "mu_above": "Probability that mu exceeds the bound.",
        },
    ),
    File(
        "{dataset}/sensitivity.csv",
        "a part that is scaled, and a variable",
        "variable",
        {
            "part": "Prior of mu, prior of tau, or likelihood.",
            "distance": "Change of the posterior a unit of log2 of the power.",
            "{mean,sd}_{half,double}": "Move when the power is halved or doubled.",
            "diagnosis": "What that says.",
            "reason": "Why there is no answer; empty if there is.",
        },
    ),
    File(
        "{dataset}/atlas.csv",
        "a pair of priors",
        "",
        {
            "mu_above": "Probability that mu exceeds the bound.",
            "tau_factor": "Factor of the scale of the prior of tau.",
            "mu_prior_sd": "Standard deviation of the prior of mu.",
        },
    ),
    File(
        "{dataset}/calibration/ranks.csv",
        "a simulated data set, a model and a variable",
        "model simulation variable exact_mean exact_sd mcse_mean",
        {
            "true": "The true value.",
            "rank": "Number of ranked draws below the truth.",
            "exact_cdf": "Exact posterior probability below the truth.",
            "mean": "Mean of the draws.",
        },
    ),
    File(
        "{dataset}/calibration/fits.csv",
        "a simulated data set and a model",
        "model simulation divergences max_treedepth_hits gradients reason",
        {
            "true_tau": "The true tau.",
            "r_hat": "Largest R-hat of the variables.",
            "ess_{bulk,tail}": "Smallest effective sample sizes of the variables.",
            "worst": "The variable that has the smaller of the two.",
            "thinned": "Whether there are as many effective draws as are ranked.",
        },
    ),
    File(
        "{dataset}/calibration/uniformity.csv",
        "a source, which fits, and a variable",
        "source variable simulations",
        {
            "fits": "all, or thinned: those with as many effective draws as are ranked.",
            "mean_position": "Mean of the ranks, from 0 to 1; one half if right.",
            "p_value": "Of the test that ranks are uniform.",
            "p_corrected": "The same, corrected for the number of variables (Holm).",
            "uniform": "Whether that was not rejected.",
        },
    ),
    File(
        "{dataset}/calibration/paired.csv",
        "a model and a variable",
        "source variable simulations",
        {
            "shift": "Mean share of ranked draws below the truth, less its exact probability.",
            "spread": "Mean of the same difference times 2u - 1, u being the exact probability; "
            "above 0 where draws are too narrow, below where too wide.",
            "{shift,spread}_se": "Standard error of that mean.",
            "p_value": "Of the test that ranks differ from exact positions by the draws' noise "
            "alone.",
            "p_corrected": "The same, corrected for the number of rows (Holm).",
            "right": "Whether that was not rejected.",
        },
    ),
    File(
        "{dataset}/calibration/ecdf.csv",
        "a source, a variable and a position",
        "source variable lower upper",
        {
            "position": "Rank, from 0 to 1.",
            "difference": "Share of ranks below it less the position.",
        },
    ),
    File(
        "{dataset}/calibration/histogram.csv",
        "a source, a variable and a bin of ranks",
        "source variable lower upper",
        {
            "{left,right}": "Ends of the bin, from 0 to 1.",
            "count": "Ranks in it.",
            "expected": "The same if ranks are uniform.",
        },
    ),
    File(
        "{dataset}/calibration/coverage.csv",
        "a source, a variable and a central interval",
        "source variable lower upper",
        {
            "nominal": "Probability of the interval.",
            "coverage": "Share of simulations whose truth it holds.",
        },
    ),
    File(
        "{dataset}/calibration/by_tau.csv",
        "a model and a range of the true tau",
        "model simulations",
        {
            "tau_{low,high}": "Ends of the range.",
            "{thinned,divergent,beyond_4}": "Share of fits that could be thinned, that diverged, "
            "whose mean of log tau is more than 4 Monte Carlo errors off.",
            "{error,shift}": "Mean error of log tau in exact sds; mean of its rank less the exact "
            "probability below the truth.",
            "{error,shift}_se": "Standard error of that mean.",
        },
    ),
    File(
        "{dataset}/calibration/power.csv",
        "a source, a number of simulations, a variable and a test",
        "source simulations variable",
        {
            "test": "ecdf or histogram.",
            "power": "Probability that the test rejects such ranks.",
        },
    ),
    File(
        "{collection}/tables.parquet",
        "a table of a collection",
        "table",
        {
            "path": "Name of its folder, if it is opened as a study.",
            "line": "Its first line in the CSV file.",
            "groups": "Number of its groups.",
            "status": "ok, or why it cannot be used, with the line.",
            "{mu,tau,log_tau,theta_new}_{mean,sd,q2.5,q50,q97.5}": "Of the exact posterior.",
            "p_mu_above_0": "Exact posterior probability that mu is above 0.",
            "log_evidence": "log p(y); empty where a prior is improper.",
            "q": "Cochran's Q; this and the next ones, where the data are no estimates, of their "
            "normal approximation.",
            "q_p_value": "Its p-value.",
            "i2": "I squared, a share.",
            "tau_{reml,pm,dl}": "tau by REML, Paule-Mandel, DerSimonian-Laird.",
            "typical_error": "Median standard error; of other families than normal, of the "
            "normal approximation, as are q to tau_dl.",
            "<model>_verdict": "Worst verdict of the model's fits.",
            "<model>_alarms": "Alarms of these fits.",
        },
    ),
    File(
        "{collection}/groups.parquet",
        "a table and a group",
        "table group",
        DATA
        | {
            "theta_{mean,sd,q2.5,q50,q97.5}": "Of the exact posterior of its theta.",
            "pooling": "Exact mean of sigma^2 / (sigma^2 + tau^2), with sigma^2 one over the "
            "information of the group's data: 1 pools wholly.",
        },
    ),
    File(
        "{collection}/fits.parquet",
        "a table, and a fit at a number of draws: as fits.csv, with",
        "table reason",
        {
            "accurate_{mu,tau,theta}": "Whether the fit is accurate of this part alone; log tau "
            "counts as tau.",
            "honest_{mu,tau,theta}": "Whether it is honest of this part alone, corrected for the "
            "tests of this part.",
            "mcse_mean_max": "Largest Monte Carlo standard error of a mean, over the sampled "
            "standard deviation.",
            "mcse_quantile_max": "Largest Monte Carlo standard error of a 5, 50 or 95 % quantile, "
            "in probability.",
        },
    ),
    File(
        "scorecard/models.csv",
        "a number of groups and a model",
        "model",
        {
            "groups": "Number of groups of the tables.",
            "tables, fits, cells": "Numbers of tables, of fits of the model to them, and of cells.",
            "not_accurate, not_accurate_low, not_accurate_high": "Share of the cells that is not "
            "accurate, with a 95 % interval.",
            "not_honest, not_honest_low, not_honest_high": "The same of not honest.",
        },
    ),
    File(
        "scorecard/checks.csv",
        "a truth, a part of the variables, a number of draws and a check",
        "",
        SCORED
        | {
            "part": "Of which variables: all, mu, tau or theta.",
            "wrong_if_raised, wrong_if_raised_low, wrong_if_raised_high": "Of cells that the check "
            "stops at, the share that is bad, with a 95 % interval.",
            "wrong_if_quiet, wrong_if_quiet_low, wrong_if_quiet_high": "The same of cells at which "
            "it is quiet.",
        },
    ),
    File(
        "scorecard/adds.csv",
        "a truth, a number of draws and a check, where R-hat and both ESS are quiet",
        "",
        {name: SCORED[name] for name in SCORED if name not in ("bad", "good")}
        | {"missed": "Number of bad cells there.", "passed": "Number of good cells there."},
    ),
    File(
        "scorecard/areas.csv",
        "a truth, a part of the variables, a number of draws and a check as a number",
        "",
        {
            "truth": SCORED["truth"],
            "part": "Of which variables: all, mu, tau or theta.",
            "draws": SCORED["draws"],
            "score": "Column of fits.parquet.",
            "area, area_low, area_high": "Chance that it ranks a bad cell behind a good one, with "
            "a 95 % interval.",
        },
    ),
    File(
        "scorecard/roc.csv",
        "a truth, a check as a number and a rate of false alarms, of all numbers of draws",
        "",
        {
            "truth": SCORED["truth"],
            "score": "Column of fits.parquet.",
            "false_alarm": "Share of good cells that are stopped at.",
            "caught": "Share of bad cells that are, at the same threshold.",
        },
    ),
    File(
        "scorecard/maps.csv",
        "a truth, a check, and a cell of the plane of groups and tau over the typical error",
        "",
        {name: SCORED[name] for name in SCORED if name != "draws"}
        | {
            "groups, ratio": "Place of the cell's lower edge, from 0: groups 2, 5, 10, 20, 50; "
            "exact median of tau over typical error 0, 0.25, 0.5, 1, 2, 4.",
            "tables, cells": "Numbers of tables and of cells there.",
            "wrong_if_raised, wrong_if_raised_low, wrong_if_raised_high": "Of cells that the check "
            "stops at, the share that is bad, with a 95 % interval.",
            "wrong_if_quiet, wrong_if_quiet_low, wrong_if_quiet_high": "The same of cells at which "
            "it is quiet.",
        },
    ),
    File(
        "scorecard/thresholds.csv",
        "a truth, a number of draws and a check as a number",
        "",
        {
            "truth": SCORED["truth"],
            "draws": SCORED["draws"],
            "score": "Column of fits.parquet.",
            "bad": "Number of bad cells of the other tables.",
            "threshold": "What stops at 5 % of the good cells of every second table.",
            "caught, caught_low, caught_high": SCORED["caught, caught_low, caught_high"],
            "false_alarm, false_alarm_low, false_alarm_high": SCORED[
                "false_alarm, false_alarm_low, false_alarm_high"
            ],
        },
    ),
    File(
        "scorecard/limits.csv",
        "a number of draws, a half of the tables and a threshold of divergences",
        "",
        {
            "draws": SCORED["draws"],
            "half": "chooses: every second table, which the default threshold follows from; tells: "
            "the others.",
            "limit": "Share of divergent transitions above which there is an alarm.",
            "bad, good": "Numbers of cells that are not honest, and of others.",
            "caught, caught_low, caught_high": "Of the bad cells, the share at which this or "
            "another alarm stops, with a 95 % interval.",
            "false_alarm, false_alarm_low, false_alarm_high": "The same of the good cells.",
            "wrong_if_raised, wrong_if_raised_low, wrong_if_raised_high": "Of cells with an alarm, "
            "the share that is bad, with a 95 % interval.",
            "wrong_if_quiet, wrong_if_quiet_low, wrong_if_quiet_high": "The same of cells without.",
        },
    ),
)


def expanded(key: str) -> list[str]:
    """The columns that a key stands for.

    Examples
    --------
    >>> expanded("{mu,tau}_q{5,95}")
    ['mu_q5', 'mu_q95', 'tau_q5', 'tau_q95']
    """
    parts = re.split(r"\{([^}]*)\}", key)
    choices = [part.split(",") if k % 2 else [part] for k, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


def columns_text() -> str:
    """The page docs/columns.md."""
    lines = [
        "# Columns of the results",
        "",
        "<!-- Written by `python -m partial_pooling.report.generated`; edit report/columns.py. -->",
        "",
        "All files are in `results/`. Numbers are in full precision; an empty cell is a number",
        "that does not exist or could not be computed. Columns of your own data file are in",
        "[config/README.md](../config/README.md).",
    ]
    for file in FILES:
        lines += ["", f"## `{file.name}`", "", f"A row is {file.row}.", ""]
        lines += ["| column | what it is |", "| --- | --- |"]
        described = {**{k: SHARED[k] for k in file.shared.split()}, **file.own}
        for key, meaning in described.items():
            names = ", ".join(f"`{name}`" for name in expanded(key))
            lines.append(f"| {names.replace(', ', '`, `') if ', ' in key else names} | {meaning} |")
    return "\n".join([*lines, ""])
