"""Adapter of rule plot_study."""

from typing import Any

from partial_pooling.figures import plots
from partial_pooling.logs import log_to
from partial_pooling.tables import read_table


def main(job: Any) -> None:
    estimates = read_table(job.input.estimates)
    figures = {
        "target_accept": plots.target_accept(read_table(job.input.fits)),
        "estimates": plots.estimates(estimates, read_table(job.input.exact)),
        "z_scores": plots.z_scores(estimates),
        "error": plots.error(read_table(job.input.accuracy)),
    }
    for name, figure in figures.items():
        plots.save(figure, job.output[name], job.output[f"{name}_png"])


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
