"""Adapter of rule diagnose_fits."""

from typing import Any

import pandas as pd
from partial_pooling.diagnostics import diagnose_fit
from partial_pooling.files import replacing
from partial_pooling.fits import read_fits
from partial_pooling.logs import LOGGER, log_to


def main(job: Any) -> None:
    estimates, fits = [], []
    for done, fit in enumerate(read_fits(job.input.fits), 1):
        tables = diagnose_fit(fit, job.wildcards.model, job.params.draws)
        estimates.append(tables[0])
        fits.append(tables[1])
        LOGGER.info("fit %d diagnosed", done)
    for tables, path in ((estimates, job.output.estimates), (fits, job.output.fits)):
        with replacing(path) as temporary:
            pd.concat(tables).to_csv(temporary, index=False)


if "snakemake" in globals():
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
