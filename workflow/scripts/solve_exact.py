"""Adapter of rule solve_exact."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from partial_pooling.classical.estimates import classical_table, heterogeneity, theta_table
from partial_pooling.data.measures import estimates_of
from partial_pooling.data.reading import read_data
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.tables import exact_dataset, exact_table
from partial_pooling.exact.weights import weights
from partial_pooling.families.registry import FAMILIES
from partial_pooling.files import replacing, write_json
from partial_pooling.grading.agreement import prior_data_agreement
from partial_pooling.logs import log_to
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.study.provenance import provenance
from partial_pooling.tables import write_table


def main(job: Any) -> None:
    groups = read_data(job.input.data)
    prior = parse_hyperprior(job.params.prior)
    exact = solve(groups, prior, FAMILIES[job.params.family])
    normal = estimates_of(groups)
    centering = pd.DataFrame({"group": groups.names, "weight": weights(exact)})
    for table, path in (
        (exact_table(exact), job.output.exact),
        (classical_table(normal), job.output.classical),
        (theta_table(normal), job.output.classical_theta),
        (centering, job.output.weights),
    ):
        write_table(table, path)
    write_json(asdict(heterogeneity(normal)), job.output.heterogeneity)
    write_json(prior_data_agreement(normal, prior).as_dict(), job.output.agreement)
    attributes = provenance(
        job.input.data, {"prior": job.params.prior, "family": job.params.family}
    )
    with replacing(job.output.curves) as temporary:
        exact_dataset(exact).assign_attrs(attributes).to_netcdf(temporary)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
