"""Adapter of rule solve_and_fit_tables."""

from pathlib import Path
from typing import Any

from partial_pooling.collection.batch import Recipe, work
from partial_pooling.data.collection import read_collection
from partial_pooling.files import write_json
from partial_pooling.logs import log_to, tell
from partial_pooling.study.plan import deal
from partial_pooling.study.provenance import provenance
from partial_pooling.study.settings import CollectionSampling


def main(job: Any) -> None:
    members = read_collection(job.input.raw, job.params.by, **job.params.reading)
    recipe = Recipe(**job.params.recipe)
    batches = deal(members, recipe.models, CollectionSampling(**recipe.sampling))
    tables = [members[i].groups for i in batches[job.wildcards.batch].tables]
    del members  # memory for the tables of other batches is not needed any more
    of = f"{job.wildcards.collection}, batch {job.wildcards.batch}"
    in_all = f"{sum(len(batch.tables) for batch in batches.values()):,} in {len(batches):,} batches"

    def progress(done: int, to_do: int) -> None:
        tell(f"{of}: {done:,} of {to_do:,} tables done ({in_all})")

    store = Path(job.output.batch).parent.parent / "store"
    attributes = provenance(job.input.raw, job.params.recipe)
    chunks = work(list(filter(None, tables)), recipe, store, attributes, progress, job.threads)
    write_json(chunks, job.output.batch)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
