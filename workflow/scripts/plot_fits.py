"""Adapter of rule plot_fits."""

from typing import Any

from partial_pooling.data.measures import estimates_of
from partial_pooling.data.reading import read_data
from partial_pooling.figures.drawing import draw_all
from partial_pooling.files import read_dataset
from partial_pooling.logs import log_to
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.report.lecture import QUOTED_LOG_TAU, applies
from partial_pooling.sampling.manifests import read_fits
from partial_pooling.tables import read_table


def main(job: Any) -> None:
    shown = (job.params.seed, job.params.target_accept)
    fits, mcse = {}, {}
    for model, path, table in zip(
        job.params.models, job.input.fits, job.input.estimates, strict=True
    ):
        fits[model] = next(
            fit
            for fit in read_fits(path, job.params.draws)
            if (fit["posterior"]["seed"].item(), fit["posterior"]["target_accept"].item()) == shown
        )
        cells = read_table(table).set_index(["variable", "seed", "target_accept", "draws"])
        mcse[model] = float(cells["mcse_mean"].loc[("log_tau", *shown, job.params.draws)])
    exact = read_table(job.input.exact).set_index("variable")
    lecture = applies(estimates_of(read_data(job.input.data)), parse_hyperprior(job.params.prior))
    given = {
        "fits": fits,
        "curves": read_dataset(job.input.curves),
        "mcse": mcse,
        "exact_mean": float(exact.loc["log_tau", "mean"]),
        "quoted": QUOTED_LOG_TAU if lecture else None,
    }
    draw_all(job.params.figures, given, job.output, job.params.measure)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
