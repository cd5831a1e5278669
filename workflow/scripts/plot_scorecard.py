"""Adapter of rule plot_scorecard."""

from typing import Any

from partial_pooling.figures.drawing import draw_all, read_needed
from partial_pooling.logs import log_to


def main(job: Any) -> None:
    given = read_needed(dict(job.input.items()))
    draw_all(job.params.figures, given, job.output, None)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
