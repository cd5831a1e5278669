"""Adapter of rule open_table."""

from typing import Any

from partial_pooling.collection.prepared import read_prepared
from partial_pooling.data.reading import write_groups
from partial_pooling.files import replacing
from partial_pooling.logs import log_to


def main(job: Any) -> None:
    (table,) = read_prepared(job.input.prepared, filters=[("path", "==", job.wildcards.table)])
    if table.groups is None:
        raise ValueError(table.status)  # planning has refused it
    with replacing(job.output.data) as path:
        write_groups(table.groups, path)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
