"""Columns of the tables of a study."""

from __future__ import annotations

from partial_pooling.report.columns.file import DATA, EFFECTIVE, File

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

STUDY = (
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
)
