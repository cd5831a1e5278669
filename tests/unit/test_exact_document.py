"""The rows of docs/exact.md say what was found, problem by problem."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from families import Problem, problem, row_of


def test_a_row_counts_broken_bounds_and_what_was_not_solved():
    made = [
        Problem(0.25, 2e-9, 8e-9, 1.0),
        Problem(1.5, 3e-8, 2e-8, 5.0, "a bound broken"),
        Problem(0.1, 1e-12, 4e-6, 2.0),
        Problem(np.inf, np.inf, np.inf, np.nan, "no solution"),
    ]
    assert row_of("poisson", made) == [
        *("poisson", "3 of 4", "1", "1.5"),
        *("2e-09 (3e-08)", "2e-08 (4e-06)", "2.00 (5.0)"),
    ]


def test_a_problem_holds_errors_against_bounds():
    made = problem("poisson", 0)
    assert 0 < made.error <= made.bound < 1e-6
    assert made.error / made.bound <= made.ratio < 1 and not made.wrong
    assert problem("poisson", 0).error == made.error  # from fixed seeds
