"""Adapter of rule render_collection."""

from pathlib import Path
from typing import Any

from partial_pooling.files import replacing
from partial_pooling.logs import log_to
from partial_pooling.report.collection import Collection
from partial_pooling.report.collection_page import render_collection
from partial_pooling.report.collection_words import figures_of


def main(job: Any) -> None:
    collection = Collection(Path(job.input.tables).parent)
    with replacing(job.output[0]) as path:
        page = render_collection(
            collection,
            figures_of(collection),
            set(job.params.reports),
            Path(job.input.template).parent,
        )
        path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
