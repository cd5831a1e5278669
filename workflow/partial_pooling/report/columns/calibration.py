"""Columns of the tables of a calibration."""

from __future__ import annotations

from partial_pooling.report.columns.file import File

CALIBRATION = (
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
)
