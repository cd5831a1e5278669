"""Columns of the tables of a collection."""

from __future__ import annotations

from partial_pooling.report.columns.file import DATA, File

COLLECTION = (
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
)
