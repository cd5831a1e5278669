"""Adapter of rule render_collection."""

from pathlib import Path
from typing import Any

from partial_pooling.data.measures import null_of
from partial_pooling.files import replacing
from partial_pooling.logs import log_to
from partial_pooling.report.collection import Collection
from partial_pooling.report.collection_page import collection_page
from partial_pooling.report.collection_words import together


def main(job: Any) -> None:
    collection = Collection(Path(job.input.tables).parent)
    before, after = job.params.command
    page = collection_page(
        collection,
        together(collection, null_of(job.params.measure)),
        set(job.params.reports),
        (before, after),
        job.params.measure,
        Path(job.input.template).parent,
    )
    with replacing(job.output[0]) as path:
        path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
