"""What grades, verdicts and checks are called, in tables and wherever they are read."""

from __future__ import annotations

CELL = ["model", "target_accept", "seed", "draws"]  # columns that name a fit at a number of draws

# Columns of errors against the exact posterior, and of whether a fit errs more than it admits.
ERRORS = ("error_mean", "error_sd", "error_quantile")
HONEST = "honest"

# Verdicts of a fit: with an exact answer, and without.
RIGHT, FEW, WRONG = "right", "too few draws", "wrong"
QUIET, ALARM = "no alarm", "alarm"
FAILED = "failed"  # of a collection's fit that could not be sampled; in a study it ends the run
GOOD = (RIGHT, QUIET)  # verdicts that hold nothing against a fit

# What a study recommends.
TRUST, MORE_DRAWS, NONE = "trust", "more draws", "none"

# Ordinary checks: column of the fits' table, the threshold's key, whether it is a least value.
CHECKS = (
    ("r_hat_max", "r_hat", False),
    ("ess_bulk_min", "ess_bulk", True),
    ("ess_tail_min", "ess_tail", True),
    ("divergence_rate", "divergence_rate", False),
    ("ebfmi_min", "ebfmi", True),
    ("max_treedepth_rate", "max_treedepth_rate", False),
)

ALARMS = tuple(key for _, key, _ in CHECKS)  # as fits name them

# Shares of log tau's left tail, the neck of the funnel: part of the columns' names, probability.
NECK = {"1": 0.01, "5": 0.05, "25": 0.25}
