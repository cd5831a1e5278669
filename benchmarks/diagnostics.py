"""What diagnoses of draws cost, ours against those by ArviZ's array functions alone.

    uv run python benchmarks/diagnostics.py

Chains of 11 variables with an autocorrelation of 0.5, as long as the default study's. Both give the
same numbers (`tests/unit/test_diagnostics.py`); the least of five CPU times of each counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from scipy.signal import lfilter

from partial_pooling.grading.diagnostics import estimate
from partial_pooling.grading.distances import PROBABILITIES

AXES = {"chain_axis": 1, "draw_axis": 2}


def by_arviz(values: np.ndarray) -> dict[str, np.ndarray]:
    """Every column of `estimate`, each by a call of its own."""
    columns = {
        "mean": values.mean((1, 2)),
        "sd": values.std((1, 2), ddof=1),
        "mcse_mean": array_stats.mcse(values, method="mean", **AXES),
        "ess_bulk": array_stats.ess(values, method="bulk", **AXES),
        "ess_tail": array_stats.ess(values, method="tail", prob=(0.05, 0.95), **AXES),
        "r_hat": array_stats.rhat(values, method="rank", **AXES),
        "mcse_sd": array_stats.mcse(values, method="sd", **AXES),
    }
    for name, p in PROBABILITIES.items():
        columns[name] = np.quantile(values, p, axis=(1, 2))
        columns[f"mcse_{name}"] = array_stats.mcse(values, method="quantile", prob=p, **AXES)
        columns[f"ess_{name}"] = array_stats.ess(values, method="quantile", prob=p, **AXES)
    return columns


def seconds(run: Callable[[], Any]) -> float:
    """The least CPU time of five runs."""
    times = []
    for _ in range(5):
        begun = time.process_time()
        run()
        times.append(time.process_time() - begun)
    return min(times)


def main() -> None:
    """Print CPU seconds by number of draws, and the ratio over all."""
    rng, sums = np.random.default_rng(1), np.zeros(2)
    for draws in (500, 1000, 2000, 5000, 10_000):
        values = lfilter([1.0], [1.0, -0.5], rng.standard_normal((11, 4, draws)), axis=-1)
        samples = xr.DataArray(
            values, dims=("variable", "chain", "draw"), coords={"variable": np.arange(11)}
        )
        ours, theirs = seconds(lambda s=samples: estimate(s)), seconds(lambda v=values: by_arviz(v))
        sums += ours, theirs
        print(f"{draws:6} draws: {ours:.3f} s, by ArviZ alone {theirs:.3f} s ({theirs / ours:.2f})")
    print(f"a fit: {sums[0]:.2f} s, by ArviZ alone {sums[1]:.2f} s ({sums[1] / sums[0]:.2f})")


if __name__ == "__main__":
    main()
