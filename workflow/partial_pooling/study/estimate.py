"""Estimate of what a study will take, from a few fits of each model: jobs, core-hours, bytes.

    partial_pooling estimate my_study.yaml --minutes 30

Nothing is submitted and nothing is kept. The fits of a data set are those of the first seed with
the smallest and the largest target_accept, sampled here on one core at the study's largest number
of draws; of a collection some tables are solved and a few fitted (`estimate_collection`).
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from partial_pooling.families.registry import FAMILIES
from partial_pooling.sampling.samplers import batches, sample_fits
from partial_pooling.study import estimate_collection
from partial_pooling.study.configuration import Study, read_study
from partial_pooling.study.estimate_collection import core_seconds
from partial_pooling.study.file import read_file
from partial_pooling.study.resources import diagnosis_minutes, memory_mb, sampling_minutes

# What a job costs before and after its own work: Slurm 1 to 2 s, three starts of Snakemake.
QUEUEING_SECONDS = 8
START_SECONDS = 6  # of a collection's job: importing


@dataclass(frozen=True)
class Cost:
    """What one model of one data set takes.

    Attributes
    ----------
    dataset, model
        Of the study.
    start_seconds
        Once a job: importing and compiling.
    fit_seconds
        Sampling and diagnosing one fit on one core.
    fit_bytes
        One fit on disk.
    memory_mb, minutes
        What its jobs ask for.
    """

    dataset: str
    model: str
    start_seconds: float
    fit_seconds: float
    fit_bytes: float
    memory_mb: int
    minutes: int

    def job_seconds(self, fits: int) -> float:
        """Duration of a job of so many fits."""
        return QUEUEING_SECONDS + self.start_seconds + fits * self.fit_seconds

    def fits_in(self, seconds: float) -> int:
        """Number of fits of a job of such a duration; at least one."""
        return max(1, math.floor((seconds - self.job_seconds(0)) / self.fit_seconds))


def measure(study: Study, dataset: str, model: str) -> Cost:
    """Sample and diagnose two fits and time them."""
    start = core_seconds()
    from partial_pooling.exact.posterior import solve
    from partial_pooling.grading.diagnostics import diagnose_fit
    from partial_pooling.models.parametrizations import build_model, by_hand
    from partial_pooling.sampling.conditional import draw_theta
    from partial_pooling.sampling.fits import read_fit, write_fit

    sampling, prior = study.sampling, study.datasets[dataset].prior
    groups: Any = study.groups[dataset]
    family, settings = FAMILIES[study.datasets[dataset].family], sampling.of_fits()
    extremes = [min(sampling.target_accept), max(sampling.target_accept)]
    # the first fit comes twice: the first time it compiles
    fits = [(sampling.seeds[0], accept) for accept in (extremes[0], *extremes)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.nc"
        times = [start]
        exact = solve(groups, prior, family)
        weights = by_hand(study.datasets[dataset].weights, groups)
        built = build_model(model, groups, prior, family, weights)
        conditional = partial(draw_theta, groups, family)
        for fit in sample_fits(built, sampling.sampler, fits, settings, 1, conditional):
            write_fit(fit, groups.names, path, attributes={})
            times.append(core_seconds())
        fit_bytes = path.stat().st_size
        for _ in range(2):  # the first diagnosis imports
            begun = core_seconds()
            diagnose_fit(read_fit(path), sampling.draws, exact)
            diagnosis = core_seconds() - begun
    compiling, first, last = (b - a for a, b in pairwise(times))
    count = min(sampling.fits_per_batch, len(sampling.seeds) * len(sampling.target_accept))
    return Cost(
        dataset,
        model,
        compiling - first,
        (first + last) / 2 + diagnosis,
        fit_bytes,
        memory_mb(len(groups), settings),
        sampling_minutes(len(groups), settings, count, sampling.sampler)
        + diagnosis_minutes(len(groups), sampling.chains, sampling.draws, count),
    )


def summary(study: Study, costs: Sequence[Cost], minutes: float) -> list[str]:
    """Say what the study takes in all, in lines of text."""
    sampling = study.sampling
    jobs = [
        len(batch)
        for batch in batches(sampling.seeds, sampling.target_accept, sampling.fits_per_batch)
    ]
    lines = [f"{'data set':20} {'model':12} {'s a fit':>8} {'min a job':>10} {'asks for':>20}"]
    lines += [
        f"{cost.dataset:20.20} {cost.model:12} {cost.fit_seconds:8.2f} "
        f"{cost.job_seconds(max(jobs)) / 60:10.1f} "
        f"{cost.memory_mb:11} MB {cost.minutes:4} min"
        for cost in costs
    ]
    hours = sum(cost.job_seconds(fits) for cost in costs for fits in jobs) / 3600
    size = sum(cost.fit_bytes for cost in costs) * sum(jobs)
    largest = min(cost.fits_in(60 * minutes) for cost in costs)
    accepts = len(sampling.target_accept)
    # whole seeds, so that seeds appended later leave full batches as they are
    wanted = largest // accepts * accepts or largest
    return [
        *lines,
        "",
        f"{len(jobs) * len(costs)} jobs, {hours:,.2f} core-hours, {size / 1e9:,.2f} GB of draws, "
        f"with fits_per_batch: {sampling.fits_per_batch}",
        f"jobs of about {minutes:g} minutes: fits_per_batch: {wanted} "
        f"({len(costs) * math.ceil(sum(jobs) / wanted)} jobs)",
        "",
    ]


def estimate(path: Path, minutes: float) -> list[str]:
    """Say in lines what the study of a YAML file will take, and how to have jobs of some length.

    Parameters
    ----------
    path
        A study, as `--configfile` takes it.
    minutes
        Wanted length of a job.
    """
    study = read_study(read_file(path))
    costs = [measure(study, dataset, model) for dataset in study.datasets for model in study.models]
    many = [estimate_collection.measure(study, name) for name in study.collections]
    lines = summary(study, costs, minutes) if costs else []
    lines += estimate_collection.summary(many, QUEUEING_SECONDS + START_SECONDS)
    return [
        *lines,
        "This is an estimate from a few fits of each model on this machine; other seeds and",
        "processors differ, and so does a file system that is slow to import from.",
    ]
