"""Time the exact posterior: python benchmarks/exact.py."""

import platform
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from partial_pooling.data.groups import Estimates
from partial_pooling.exact.face import PROBABILITIES
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.tables import exact_table
from partial_pooling.report.lecture import PRIOR

EIGHT_SCHOOLS = Estimates(
    tuple("ABCDEFGH"),
    np.array([28.0, 8, -3, 7, -1, 1, 18, 12]),
    np.array([15.0, 10, 16, 11, 9, 11, 10, 18]),
)


def simulated(count: int, tau: float) -> Estimates:
    """Groups with standard errors around 1, between which theta varies with sd tau."""
    random = np.random.default_rng(1)
    std_error = np.exp(random.normal(0, 1, count))
    return Estimates(
        tuple(f"group {j}" for j in range(count)),
        random.normal(3, np.hypot(std_error, tau)),
        std_error,
    )


def seconds_for_table(groups: Estimates, repeats: int) -> float:
    """Least time of several for solving and tabulating."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        exact_table(solve(groups, PRIOR))
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    exact_table(solve(EIGHT_SCHOOLS, PRIOR))  # imports pandas, which is not computing
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}")
    print(f"eight schools, table: {seconds_for_table(EIGHT_SCHOOLS, 20):.4f} s")
    for tau, where in ((1.0, "tau well known"), (0.0, "tau piled at 0")):
        groups = simulated(10_000, tau)
        print(f"J = 10,000, {where}, table: {seconds_for_table(groups, 1):.2f} s")
        posterior = solve(groups, PRIOR)
        variables = posterior.variables[:1000]
        start = time.perf_counter()
        posterior.quantiles(variables, PROBABILITIES)
        per_quantile = (time.perf_counter() - start) / (len(variables) * len(PROBABILITIES))
        print(f"J = 10,000, {where}, a quantile: {1e6 * per_quantile:.1f} microseconds")


if __name__ == "__main__":
    main()
