"""Adapter of rule solve_and_fit_tables."""

from pathlib import Path
from typing import Any

from partial_pooling.collection.batch import Recipe, work
from partial_pooling.collection.prepared import read_prepared
from partial_pooling.files import write_json
from partial_pooling.logs import LOGGER, log_to


def main(job: Any) -> None:
    tables = read_prepared(job.input.prepared, filters=[("batch", "==", job.wildcards.batch)])
    recipe = Recipe(**job.params.recipe)

    def tell(done: int, to_do: int) -> None:
        LOGGER.info("%d of %d tables done", done, to_do)

    store = Path(job.output.batch).parent.parent / "store"
    chunks = work(tables, recipe, store, {}, tell, job.threads)
    write_json(chunks, job.output.batch)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
