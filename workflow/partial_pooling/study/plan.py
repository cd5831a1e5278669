"""How the tables of a collection are dealt out to jobs: by the work they make.

A model is compiled once for all tables of a batch with equally many groups, which costs as much as
dozens of fits; so tables of equally many groups stay together, and a batch takes several such
classes until it has work enough. Where a class is too much for one batch it is split by the digests
of its data. Thus a further table, or a changed one, leaves most batches as they are; and since
answers are kept by what they depend on, a batch that is cut anew computes only what is new.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from partial_pooling.collection.keys import data_digest
from partial_pooling.data.collection import Member
from partial_pooling.families.normal import NORMAL
from partial_pooling.study import resources
from partial_pooling.study.settings import CollectionSampling

LEAST_SECONDS = 30  # of work that is worth a job, whose start costs seconds
LEAST_TIMES = 10  # what compiling the models of a job takes
MOST_BATCHES = 256
COMPILING_SECONDS = 3.0  # a model and number of groups
TABLE_MB = 0.008  # of a table with ten groups, read and checked
USUAL_STEPS = 15  # leapfrog steps of a transition
# (of any table, more a group): of the normal family, solved together, and of another
SOLVING_SECONDS = {True: (1e-3, 2e-4), False: (0.2, 0.02)}


@dataclass(frozen=True)
class Batch:
    """Tables of a job.

    Attributes
    ----------
    tables
        Their places in the CSV file.
    content
        Digests of their data, in the order of `tables`.
    groups
        The largest number of groups.
    fits, compilations
        Numbers of them.
    solving_seconds
        Of the exact answers, about.
    """

    tables: list[int]
    content: list[str]
    groups: int
    fits: int
    compilations: int
    solving_seconds: float


def deal(
    members: Sequence[Member], models: Sequence[str], sampling: CollectionSampling, family: str
) -> dict[str, Batch]:
    """Deal out the tables that can be used.

    Parameters
    ----------
    members
        All tables.
    models, sampling, family
        Of the collection.

    Returns
    -------
    dict
        Batches by name: the smallest number of groups in it and, of a class that is split, a part.
    """
    classes: dict[int, list[tuple[int, str]]] = {}
    for i, member in enumerate(members):
        if member.groups:
            of_size = classes.setdefault(len(member.groups), [])
            of_size.append((i, data_digest(member.groups)))
    fits = len(models) * len(sampling.seeds) * len(sampling.target_accept)
    seconds = {
        size: len(models) * COMPILING_SECONDS
        + len(tables) * (solving_seconds(size, family) + fitting_seconds(size, fits, sampling))
        for size, tables in classes.items()
    }
    enough = max(
        LEAST_SECONDS,
        LEAST_TIMES * len(models) * COMPILING_SECONDS,
        sum(seconds.values()) / MOST_BATCHES * 2,
    )
    batches: dict[str, Batch] = {}
    together: list[int] = []

    def batch(tables: Iterable[tuple[int, str]], sizes: Sequence[int]) -> Batch:
        ordered = sorted(tables)
        return Batch(
            tables=[i for i, _ in ordered],
            content=[data for _, data in ordered],
            groups=sizes[-1],
            fits=fits * len(ordered),
            compilations=len(sizes) * len(models),
            solving_seconds=len(ordered) * solving_seconds(sizes[-1], family),
        )

    def close() -> None:
        if together:
            every = chain.from_iterable(classes[size] for size in together)
            batches[f"{together[0]:04d}"] = batch(every, together)
            together.clear()

    for size in sorted(classes):
        if seconds[size] > enough:
            close()
            # powers of two: a class that grows splits batches, and does not deal them anew
            parts = 2 ** math.ceil(math.log2(seconds[size] / enough))
            for part in range(parts):
                tables = [
                    (i, data) for i, data in classes[size] if int(data[:8], 16) % parts == part
                ]
                if tables:
                    batches[f"{size:04d}-{part:03d}"] = batch(tables, [size])
            continue
        if sum(seconds[one] for one in together) + seconds[size] > enough:
            close()
        together.append(size)
    close()
    return batches


def runtime_minutes(batch: Batch, sampling: CollectionSampling, attempt: int = 1) -> int:
    """Runtime of a batch on one core, in minutes: meant to be too large rather than too small."""
    solving = 20 * batch.solving_seconds
    compiling = batch.compilations * resources.START_SECONDS / 4
    fits = batch.fits
    sampled = resources.sampling_minutes(
        batch.groups, sampling.of_fits(), fits, sampling.sampler, 1, attempt
    )
    diagnosed = resources.diagnosis_minutes(
        batch.groups, sampling.chains, sampling.draws, fits, attempt
    )
    return sampled + diagnosed + math.ceil((solving + compiling) / 60) * attempt


def memory_mb(batch: Batch, tables: int, sampling: CollectionSampling, attempt: int = 1) -> int:
    """Memory of a batch, in MB; its job reads the file of all, of which there are `tables`."""
    fits = resources.memory_mb(batch.groups, sampling.of_fits(), attempt)
    return fits + reading_mb(tables, attempt)


def reading_mb(tables: int, attempt: int = 1) -> int:
    """Memory of the tables of a whole file, which planning and steps read, in MB."""
    return math.ceil(TABLE_MB * tables) * attempt


def solving_seconds(groups: int, family: str) -> float:
    """Seconds that the exact answer of a table is likely to take."""
    of_any, of_group = SOLVING_SECONDS[family == NORMAL.name]
    return of_any + of_group * groups


def fitting_seconds(groups: int, fits: int, sampling: CollectionSampling) -> float:
    """Seconds that the fits of a table are likely to take."""
    run = sampling.of_fits()
    of_any, of_group = resources.STEP_SECONDS[sampling.sampler]
    steps = run.chains * (run.draws + run.tune) * USUAL_STEPS
    looked_at = run.chains * sum(sampling.draws) * (groups + 3)
    fit = steps * (of_any + of_group * groups) + looked_at * resources.DIAGNOSIS_SECONDS
    return fits * fit
