"""Adapter of rule plot_study."""

from typing import Any

import pandas as pd

from partial_pooling import plots
from partial_pooling.logs import log_to


def main(job: Any) -> None:
    estimates = pd.read_csv(job.input.estimates)
    figures = {
        "target_accept": plots.target_accept(pd.read_csv(job.input.fits)),
        "estimates": plots.estimates(estimates, pd.read_csv(job.input.exact)),
        "z_scores": plots.z_scores(estimates),
        "error": plots.error(pd.read_csv(job.input.accuracy)),
    }
    for name, figure in figures.items():
        plots.save(figure, job.output[name], job.output[f"{name}_png"])


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
