"""Speed of calibration: simulations per second of this workflow, of a bare loop, and of simuk.

    uv run --group benchmark python benchmarks/calibration.py [--simulations 200] [--simuk 5]

One call times three ways to simulate, fit and rank, on one core, with the same model of the eight
schools (noncentered by default), the same priors and the same chains, draws and tuning steps:

ours       partial_pooling.calibration: draws, ESS, R-hat, MCSE, ranks and the exact control
bare loop  nutpie.sample once a simulation on one compilation and nothing else, with nutpie's
           usual tree of draws; and without it, as Arrow tables, which ours reads too
simuk      simuk.SBC (PyPI), with pm.sample's default sampler; and with nuts_sampler="nutpie"

Times are of the processor, summed over threads and child processes, so that other work on the
machine disturbs them little; ours and the loops take turns. Rates are those of further simulations:
what is done once (imports, our compilation, the start of simuk) is left out or, for simuk, found by
two runs of different length. simuk is slow, so it runs a stated small number of simulations. The
machine should be idle all the same.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import nutpie
import simuk

from partial_pooling.data.reading import read_groups
from partial_pooling.grading.calibration import calibrate, simulate, tables
from partial_pooling.grading.settings import CalibrationSettings
from partial_pooling.models.parametrizations import PARAMETRIZATIONS, build_model, model_data
from partial_pooling.report.lecture import PRIOR

DATA = Path(__file__).parents[1] / "config" / "datasets" / "eight_schools.csv"
GROUPS = read_groups(DATA)


def cpu_seconds() -> float:
    """Time of the processor that this process and its finished children have taken."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def ours(model: str, settings: CalibrationSettings, numbers: Sequence[int]) -> float:
    """Seconds a simulation, compilation left out."""
    results = calibrate(model, GROUPS, PRIOR, settings, [0, *numbers])
    next(results)
    start = cpu_seconds()
    tables(list(results))
    return (cpu_seconds() - start) / len(numbers)


def bare_loop(
    model: str, settings: CalibrationSettings, numbers: Sequence[int], raw: bool
) -> float:
    """Seconds a simulation of a loop over nutpie, compilation left out."""
    compiled = nutpie.compile_pymc_model(
        build_model(model, GROUPS, PRIOR), var_names=["mu", "tau", "theta"]
    )
    simulations = [simulate(number, GROUPS, PRIOR) for number in [0, *numbers]]
    start = 0.0
    for k, simulation in enumerate(simulations):
        if k == 1:
            start = cpu_seconds()
        nutpie.sample(
            compiled.with_data(**model_data(model, simulation.groups)),
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=1,
            seed=simulation.sampler_seed,
            target_accept=settings.target_accept,
            maxdepth=settings.max_treedepth,
            progress_bar=False,
            return_raw_trace=raw,
        )
    return (cpu_seconds() - start) / len(numbers)


def of_simuk(model: str, settings: CalibrationSettings, count: int, **options: str) -> float:
    """Seconds a simulation of simuk: what `count` more than one add to a run of one."""

    def run(simulations: int) -> float:
        start = cpu_seconds()
        simuk.SBC(
            build_model(model, GROUPS, PRIOR),
            num_simulations=simulations,
            seed=1,
            progress_bar=False,
            sample_kwargs={
                "draws": settings.draws,
                "tune": settings.tune,
                "chains": settings.chains,
                "cores": 1,
                "target_accept": settings.target_accept,
                **options,
            },
        ).run_simulations()
        return cpu_seconds() - start

    return (run(1 + count) - run(1)) / count


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=list(PARAMETRIZATIONS), default="noncentered")
    parser.add_argument("--simulations", type=int, default=200, help="of ours and of the loops")
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--simuk", type=int, default=5, help="of each of simuk's ways")
    options = parser.parse_args()
    settings = CalibrationSettings()
    numbers = range(1, options.simulations + 1)
    turns = [numbers[k :: options.turns] for k in range(options.turns)]
    mine, loop, raw = np.mean(
        [
            (
                ours(options.model, settings, turn),
                bare_loop(options.model, settings, turn, raw=False),
                bare_loop(options.model, settings, turn, raw=True),
            )
            for turn in turns
        ],
        axis=0,
    )
    simuk_default = of_simuk(options.model, settings, options.simuk)
    simuk_nutpie = of_simuk(options.model, settings, options.simuk, nuts_sampler="nutpie")
    print(
        f"{options.model}, {settings.chains} chains of {settings.draws} draws after "
        f"{settings.tune} tuning steps"
    )
    for name, seconds, count, note in (
        ("ours", mine, options.simulations, ""),
        ("bare loop", loop, options.simulations, f"ours takes {mine / loop:.2f} x (to reach: 1.5)"),
        ("bare loop, Arrow", raw, options.simulations, f"ours takes {mine / raw:.2f} x"),
        (
            "simuk",
            simuk_default,
            options.simuk,
            f"ours is {simuk_default / mine:.0f} x as fast (to reach: 30)",
        ),
        ("simuk, nutpie", simuk_nutpie, options.simuk, f"{simuk_nutpie / mine:.0f} x as fast"),
    ):
        print(f"{name:17}{1 / seconds:8.2f} simulations/s a core, from {count:4}   {note}")


if __name__ == "__main__":
    main()
