"""Adapter of rule diagnose_fits."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import batched
from typing import Any

import pandas as pd

from partial_pooling.data.reading import read_data
from partial_pooling.exact.posterior import solve
from partial_pooling.families.registry import FAMILIES
from partial_pooling.grading.diagnostics import diagnose_fit, grade
from partial_pooling.logs import LOGGER, log_to
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.sampling.manifests import read_fits
from partial_pooling.tables import write_table


def main(job: Any) -> None:
    family = FAMILIES[job.params.family]
    exact = solve(read_data(job.input.data), parse_hyperprior(job.params.prior), family)
    asked = {"prior": job.params.prior, "family": job.params.family}
    diagnose = partial(diagnose_fit, draws=job.params.draws, exact=exact)
    estimates, fits = [], []
    with ThreadPoolExecutor(job.threads) as pool:
        # as many fits in memory as there are threads
        for together in batched(read_fits(job.input.fits, **asked), job.threads, strict=False):
            for of_fit in pool.map(diagnose, together):
                estimates.append(of_fit[0])
                fits.append(of_fit[1])
                LOGGER.info("fit %d diagnosed", len(fits))
    graded = grade(pd.concat(estimates, ignore_index=True), exact)
    cells = pd.concat(fits).assign(batch=job.wildcards.batch)
    for table, path in ((graded, job.output.estimates), (cells, job.output.fits)):
        table.insert(0, "model", job.wildcards.model)
        write_table(table, path)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
