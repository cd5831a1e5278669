"""Adapter of rule prepare_data."""

from typing import Any

from partial_pooling.data.reading import read_groups, write_groups
from partial_pooling.files import replacing
from partial_pooling.logs import log_to


def main(job: Any) -> None:
    groups = read_groups(job.input.raw, **job.params.reading)
    with replacing(job.output.data) as path:
        write_groups(groups, path)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
