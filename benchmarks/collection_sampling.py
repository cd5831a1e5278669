"""Time the fits of many tables against a bare nutpie loop, and against studies of the same tables.

    uv run python benchmarks/collection_sampling.py              200 tables, 5 of them as studies
    uv run python benchmarks/collection_sampling.py --tables 40 --studies 2     a look

The yardstick is a loop over the same tables as one would write it with PyMC and nutpie: a model
with the data in `pm.Data`, compiled once a number of groups, sampled with each table's data, and
nothing done with the draws, left as the raw trace; or, as nutpie gives them if not told otherwise,
as a tree. It takes turns with ours, a number of groups at a time. Both count all cores' seconds, so
that the ratio means something on a busy machine. Then Snakemake runs all tables as a collection,
and a sample of them as studies, each from an empty folder, to their reports.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import nutpie
import pymc as pm
import yaml

from partial_pooling.collection.batch import Recipe, work
from partial_pooling.data.groups import Estimates
from partial_pooling.data.reading import write_groups
from partial_pooling.study.settings import CollectionSampling

ROOT = Path(__file__).parents[1]
PRIOR = {"mu": {"dist": "Normal", "mu": 0, "sigma": 5}, "tau": {"dist": "HalfCauchy", "beta": 5}}
MODELS = ("centered", "noncentered")
SIZES = range(4, 14)  # groups
SAMPLING = CollectionSampling()


def simulated(count: int, seed: int) -> list[Estimates]:
    """Tables of log odds ratios, one in five without heterogeneity, as many of each size."""
    rng = np.random.default_rng(seed)
    tables = []
    for i in range(count):
        groups = SIZES[i * len(SIZES) // count]
        tau = np.exp(rng.normal(-1, 1)) if rng.random() < 0.8 else 0.0
        std_error = np.exp(rng.normal(-1, 0.5, groups))
        estimate = rng.normal(rng.normal(0, 1), np.hypot(std_error, tau))
        tables.append(Estimates(tuple(f"g{j}" for j in range(groups)), estimate, std_error))
    return tables


def core_seconds() -> float:
    """Seconds of all threads of this process and of processes that have ended below it."""
    return sum(os.times()[:4])


def bare_model(model: str, table: Estimates) -> pm.Model:
    with pm.Model() as built:
        estimate = pm.Data("estimate", table.estimate)
        std_error = pm.Data("std_error", table.std_error)
        mu = pm.Normal("mu", 0, 5)
        tau = pm.HalfCauchy("tau", 5)
        if model == "centered":
            theta = pm.Normal("theta", mu, tau, shape=len(table))
        else:
            nu = pm.Normal("nu", 0, 1, shape=len(table))
            theta = pm.Deterministic("theta", mu + tau * nu)
        pm.Normal("y", theta, std_error, observed=estimate)
    return built


def bare_loop(tables: list[Estimates], raw: bool) -> None:
    for model in MODELS:
        compiled = nutpie.compile_pymc_model(bare_model(model, tables[0]))
        for number, table in enumerate(tables):
            nutpie.sample(
                compiled.with_data(estimate=table.estimate, std_error=table.std_error),
                draws=max(SAMPLING.draws),
                tune=SAMPLING.tune,
                chains=SAMPLING.chains,
                cores=1,
                seed=number,
                target_accept=SAMPLING.target_accept[0],
                progress_bar=False,
                return_raw_trace=raw,
            )


def ours(tables: list[Estimates]) -> None:
    settings = SAMPLING.of_fits().model_dump()
    recipe = Recipe(PRIOR, "normal", [], list(MODELS), SAMPLING.model_dump(), settings, code="")
    with tempfile.TemporaryDirectory() as folder:
        work(tables, recipe, Path(folder), {}, lambda *_: None)


def timed(run: Any, *arguments: Any) -> float:
    begun = core_seconds()
    run(*arguments)
    return core_seconds() - begun


def snakemake(tables: list[Estimates], as_studies: bool) -> float:
    """Core-seconds a table of a run by Snakemake."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study: dict[str, Any] = {"models": list(MODELS), "datasets": {}}
        if as_studies:
            study["sampling"] = {
                **SAMPLING.model_dump(include={"chains", "tune", "target_accept", "draws"}),
                "seeds": [1],
            }
            for number, table in enumerate(tables):
                write_groups(table, folder / f"{number}.csv")
                study["datasets"][f"t{number}"] = {"path": f"{number}.csv", "prior": PRIOR}
        else:
            lines = ["table,group,estimate,std_error"]
            for number, table in enumerate(tables):
                rows = zip(table.names, table.estimate, table.std_error, strict=True)
                lines += [f"t{number},{n},{float(y)!r},{float(e)!r}" for n, y, e in rows]
            (folder / "many.csv").write_text("\n".join(lines))
            study["datasets"]["many"] = {"path": "many.csv", "by": "table", "prior": PRIOR}
        (folder / "study.yaml").write_text(yaml.safe_dump(study))
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--cores", "2", "--configfile", "study.yaml", "--quiet", "all"]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPATH"] = str(ROOT / "workflow")
        begun = core_seconds()
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return (core_seconds() - begun) / len(tables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--studies", type=int, default=5, help="tables to run as studies")
    arguments = parser.parse_args()
    tables = simulated(arguments.tables, 1)
    # imports, and what is compiled once a process
    few = tables[:1]
    bare_loop(few, True), bare_loop(few, False), ours(few)
    times = []
    for size in SIZES:
        some = [table for table in tables if len(table) == size]
        if some:
            loops = timed(bare_loop, some, True), timed(bare_loop, some, False)
            times.append((timed(ours, some), *loops, len(some)))
            print(f"{size} groups: {times[-1][0] / times[-1][1]:.2f}", flush=True)
    mine, raw, tree, count = np.array(times).T
    print(f"{len(tables)} tables of {SIZES[0]} to {SIZES[-1]} groups, {' and '.join(MODELS)},")
    print(f"{max(SAMPLING.draws)} + {SAMPLING.tune} draws x {SAMPLING.chains} chains; core-seconds")
    print(f"ours, solved and graded: {mine.sum() / count.sum():.2f} a table")
    for what, of_loop in (("raw traces", raw), ("trees", tree)):
        ratio = mine / of_loop
        print(
            f"bare loop, {what}: {of_loop.sum() / count.sum():.2f} a table; "
            f"ratio {mine.sum() / of_loop.sum():.2f} ({ratio.min():.2f} to {ratio.max():.2f} "
            "over numbers of groups)"
        )
    collection = snakemake(tables, as_studies=False)
    print(f"by Snakemake, as a collection of {len(tables)}: {collection:.2f} a table", flush=True)
    places = np.linspace(0, len(tables) - 1, arguments.studies).astype(int)
    studies = snakemake([tables[i] for i in places], as_studies=True)
    times_faster = f"{studies / collection:.0f} times"
    print(f"a sample of {len(places)} as studies: {studies:.1f} a table, {times_faster}")


if __name__ == "__main__":
    main()
