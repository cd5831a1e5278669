"""Adapter of rule solve_and_fit_tables."""

from pathlib import Path
from typing import Any

from partial_pooling.collection.batch import Recipe, work
from partial_pooling.collection.prepared import read_prepared
from partial_pooling.files import write_json
from partial_pooling.logs import log_to, tell


def main(job: Any) -> None:
    tables = read_prepared(job.input.prepared, filters=[("batch", "==", job.wildcards.batch)])
    recipe = Recipe(**job.params.recipe)

    def progress(done: int, to_do: int) -> None:
        of = f"{job.wildcards.collection}, batch {job.wildcards.batch}"
        tell(f"{of}: {done:,} of {to_do:,} tables done")

    store = Path(job.output.batch).parent.parent / "store"
    chunks = work(tables, recipe, store, {}, progress, job.threads)
    write_json(chunks, job.output.batch)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
