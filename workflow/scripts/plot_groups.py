"""Adapter of rule plot_groups."""

from typing import Any

from partial_pooling.data.reading import read_groups
from partial_pooling.figures import plots
from partial_pooling.files import read_dataset
from partial_pooling.logs import log_to
from partial_pooling.tables import read_table


def main(job: Any) -> None:
    groups = read_groups(job.input.data)
    classical = read_table(job.input.classical)
    figures = {
        "forest": plots.forest(groups, read_table(job.input.exact), classical),
        "shrinkage": plots.shrinkage(groups, read_dataset(job.input.curves), classical),
    }
    for name, figure in figures.items():
        plots.save(figure, job.output[name], job.output[f"{name}_png"])


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
