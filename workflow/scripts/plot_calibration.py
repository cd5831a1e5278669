"""Adapter of rule plot_calibration."""

from typing import Any

from partial_pooling.figures import plots
from partial_pooling.logs import log_to
from partial_pooling.tables import read_table


def main(job: Any) -> None:
    figures = {
        "calibration_ecdf": plots.calibration_ecdf(read_table(job.input.ecdf)),
        "calibration_ranks": plots.calibration_ranks(read_table(job.input.histogram)),
        "calibration_coverage": plots.calibration_coverage(read_table(job.input.coverage)),
        "calibration_by_tau": plots.calibration_by_tau(read_table(job.input.by_tau)),
        "calibration_power": plots.calibration_power(read_table(job.input.power)),
    }
    for name, figure in figures.items():
        plots.save(figure, job.output[name], job.output[f"{name}_png"])


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
