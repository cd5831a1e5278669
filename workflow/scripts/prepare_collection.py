"""Adapter of rule prepare_collection."""

from typing import Any

from partial_pooling.collection.prepared import write_prepared
from partial_pooling.data.collection import OK, read_collection
from partial_pooling.logs import LOGGER, log_to
from partial_pooling.study.plan import deal
from partial_pooling.study.settings import CollectionSampling


def main(job: Any) -> None:
    members = read_collection(job.input.raw, job.params.by, **job.params.reading)
    batches = deal(members, job.params.models, CollectionSampling(**job.params.sampling))
    batch_of = {i: name for name, batch in batches.items() for i in batch.tables}
    write_prepared(members, batch_of, job.output.prepared)
    for member in members:
        if member.status != OK:
            LOGGER.warning("%s: %s", member.name, member.status)
    LOGGER.info("%d of %d tables can be used", len(batch_of), len(members))


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
