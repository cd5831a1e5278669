"""Adapter of rule solve_and_fit_tables."""

from pathlib import Path
from typing import Any

from partial_pooling.collection.batch import Recipe, work
from partial_pooling.collection.progress import Progress
from partial_pooling.data.collection import read_collection
from partial_pooling.files import write_json
from partial_pooling.logs import log_to, tell
from partial_pooling.study.plan import deal
from partial_pooling.study.provenance import provenance
from partial_pooling.study.settings import CollectionSampling


def main(job: Any) -> None:
    members = read_collection(job.input.raw, job.params.by, **job.params.reading)
    recipe = Recipe(**job.params.recipe)
    sampling = CollectionSampling(**recipe.sampling)
    batches = deal(members, recipe.models, sampling, recipe.family)
    tables = [members[i].groups for i in batches[job.wildcards.batch].tables]
    del members  # memory for the tables of other batches is not needed any more
    of_batches = {name: len(batch.tables) for name, batch in batches.items()}
    progress = Progress(Path(job.output.batch).parent, of_batches).teller(
        job.wildcards.batch, lambda said: tell(f"{job.wildcards.collection}: {said}")
    )
    store = Path(job.output.batch).parent.parent / "store"
    attributes = provenance(job.input.raw, job.params.recipe)
    chunks = work(list(filter(None, tables)), recipe, store, attributes, progress, job.threads)
    write_json(chunks, job.output.batch)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
