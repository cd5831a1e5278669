"""Adapter of rule write_index."""

from pathlib import Path
from typing import Any

from partial_pooling.files import replacing
from partial_pooling.logs import log_to
from partial_pooling.report.collection import Collection
from partial_pooling.report.index import write_index
from partial_pooling.report.results import Results


def main(job: Any) -> None:
    folder = Path(job.output[0]).parent
    reports = [
        (str(Path(path).relative_to(folder)), Results(Path(path).parent))
        for path in job.input.reports
    ]
    collections = [
        (str(Path(path).relative_to(folder)), Collection(Path(path).parent))
        for path in job.input.get("collections", ())
    ]
    others = [folder / name for name in job.params.others]
    templates = Path(job.input.template).parent
    page = write_index(
        reports,
        templates,
        collections,
        [
            (f"{other.name}/report.html", Results(other))
            for other in others
            if (other / "report.html").exists()
        ],
        [
            (f"{other.name}/index.html", Collection(other))
            for other in others
            if (other / "tables.parquet").exists()
        ],
    )
    with replacing(job.output[0]) as path:
        path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
