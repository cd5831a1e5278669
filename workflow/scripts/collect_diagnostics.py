"""Adapter of rule collect_diagnostics."""

from typing import Any

import pandas as pd
from partial_pooling.files import replacing
from partial_pooling.logs import log_to


def main(job: Any) -> None:
    for name in ("estimates", "fits"):
        table = pd.concat(pd.read_csv(path) for path in job.input[name])
        with replacing(job.output[name]) as path:
            table.to_csv(path, index=False)


if "snakemake" in globals():
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
