"""Adapter of rule simulate_and_fit."""

from typing import Any

from partial_pooling.data.reading import read_data
from partial_pooling.families.registry import FAMILIES
from partial_pooling.grading.calibration import calibrate, tables
from partial_pooling.grading.settings import CalibrationSettings
from partial_pooling.logs import LOGGER, log_to
from partial_pooling.models.parametrizations import by_hand
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.tables import write_table


def main(job: Any) -> None:
    first, end = job.params.simulations
    groups = read_data(job.input.data)
    results = []
    for result in calibrate(
        job.wildcards.model,
        groups,
        parse_hyperprior(job.params.prior),
        CalibrationSettings(**job.params.settings),
        range(first, end),
        FAMILIES[job.params.family],
        by_hand(job.params.weights, groups),
    ):
        results.append(result)
        fit = result[1]
        if fit["reason"] or len(results) % 50 == 0:
            LOGGER.info(
                "simulation %d, %d of %d%s",
                fit["simulation"],
                len(results),
                end - first,
                f": {fit['reason']}" if fit["reason"] else " done",
            )
    for table, path in zip(
        tables(results), (job.output.ranks, job.output.fits, job.output.times), strict=True
    ):
        table.insert(0, "model", job.wildcards.model)
        write_table(table, path)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
