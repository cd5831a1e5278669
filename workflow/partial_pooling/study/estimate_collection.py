"""What a collection will take, from the work on a few of its tables: jobs, core-hours, bytes."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from partial_pooling.study.configuration import Study
from partial_pooling.study.plan import (
    Batch,
    deal,
    fitting_seconds,
    memory_mb,
    runtime_minutes,
)
from partial_pooling.words import count

SOLVED, FITTED = 200, 4  # tables to time, at most
SOLVING = 20.0  # seconds to solve tables for
TICK = 0.01  # seconds, of the clock


@dataclass(frozen=True)
class CollectionCost:
    """What a collection takes.

    Attributes
    ----------
    collection
        Its name.
    batches
        Its jobs.
    solving_seconds
        Of all tables, on one core.
    compiling_seconds
        Of a model and number of groups.
    fitting_seconds
        Of all tables, on one core: sampling and diagnosing.
    bytes
        Of all answers.
    memory_mb, minutes
        What the largest job asks for.
    """

    collection: str
    batches: Sequence[Batch]
    solving_seconds: float
    compiling_seconds: float
    fitting_seconds: float
    bytes: float
    memory_mb: int
    minutes: int

    def core_seconds(self, of_job: float) -> float:
        """Of all jobs, each of which takes so many seconds beside its own work."""
        compilations = sum(batch.compilations for batch in self.batches)
        work = self.solving_seconds + self.fitting_seconds + compilations * self.compiling_seconds
        return len(self.batches) * of_job + work


def measure(study: Study, name: str) -> CollectionCost:
    """Solve some tables, fit a few of the most frequent number of groups, and time them."""
    from partial_pooling.collection.batch import Recipe, work

    collection = study.collections[name]
    tables: list[Any] = [member.groups for member in study.members[name] if member.groups]
    sampling = collection.sampling
    recipe = Recipe(
        collection.prior.as_dict(),
        collection.family,
        collection.weights,
        collection.models,
        sampling.model_dump(),
        sampling.of_fits().model_dump(),
        code="",
    )

    def seconds_and_bytes(some: Sequence[Any], models: list[str]) -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as folder:
            begun = core_seconds()
            work(some, replace(recipe, models=models), Path(folder), {}, lambda *_: None)
            size = sum(path.stat().st_size for path in Path(folder).glob("*.parquet"))
            return core_seconds() - begun, size

    seconds_and_bytes(tables[:1], [])  # imports
    one, _ = seconds_and_bytes(tables[:1], [])
    many = max(1, min(SOLVED, int(SOLVING / max(one, TICK))))
    some = tables[:: -(-len(tables) // many)]
    solving, size = (total / len(some) for total in seconds_and_bytes(some, []))
    compiling = fitting = 0.0
    sizes = Counter(map(len, tables))
    usual = sizes.most_common(1)[0][0]
    few = [table for table in tables if len(table) == usual][: 1 + FITTED]
    seconds_and_bytes(few[:1], collection.models[:1])  # imports
    for model in collection.models:
        one, _ = seconds_and_bytes(few[:1], [model])
        all_few, of_few = seconds_and_bytes(few, [model])
        of_fit = max(0.0, all_few - one) / (len(few) - 1) if len(few) > 1 else one
        compiling += max(0.0, one - of_fit) / len(collection.models)
        fitting += of_fit
        size += of_few / len(few)
    of_usual = fitting_seconds(usual, 1, sampling)
    like_usual = sum(
        count * fitting_seconds(groups, 1, sampling) / of_usual for groups, count in sizes.items()
    )
    assert collection.family is not None  # settled
    dealt = deal(study.members[name], collection.models, sampling, collection.family)
    batches = list(dealt.values())
    return CollectionCost(
        name,
        batches,
        solving * len(tables),
        compiling,
        fitting * like_usual,
        size * len(tables),
        max(memory_mb(batch, len(tables), sampling) for batch in batches),
        max(runtime_minutes(batch, sampling) for batch in batches),
    )


def summary(costs: Sequence[CollectionCost], of_job: float) -> list[str]:
    """Say what collections take, a line each.

    Parameters
    ----------
    costs
        Of the collections.
    of_job
        Seconds of a job beside its own work.
    """
    return [
        f"{cost.collection}: {count(sum(len(each.tables) for each in cost.batches), 'table')}, "
        f"{count(len(cost.batches), 'job')}, {cost.core_seconds(of_job) / 3600:,.2f} core-hours, "
        f"{cost.bytes / 1e6:,.1f} MB of answers; a job asks for at most {cost.memory_mb:,} MB and "
        f"{cost.minutes:,} min"
        for cost in costs
    ]


def core_seconds() -> float:
    """Seconds on any core, of this process and of compilers that it called."""
    return sum(os.times()[:4])
