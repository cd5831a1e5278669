"""Adapter of rule render_scorecard."""

from pathlib import Path
from typing import Any

from partial_pooling.files import replacing
from partial_pooling.logs import log_to
from partial_pooling.report.scorecard import render_scorecard


def main(job: Any) -> None:
    folder = Path(job.output[0]).parent
    with replacing(job.output[0]) as path:
        templates = Path(job.input.template).parent
        path.write_text(
            render_scorecard(folder, job.params.collections, templates), encoding="utf-8"
        )


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
