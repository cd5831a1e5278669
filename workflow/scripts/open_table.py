"""Adapter of rule open_table."""

from typing import Any

from partial_pooling.data.collection import read_collection
from partial_pooling.data.reading import write_groups
from partial_pooling.files import replacing
from partial_pooling.logs import log_to


def main(job: Any) -> None:
    members = read_collection(job.input.raw, job.params.by, **job.params.reading)
    (table,) = (member for member in members if member.path == job.wildcards.table)
    assert table.groups is not None  # planning has refused one that cannot be used
    with replacing(job.output.data) as path:
        write_groups(table.groups, path)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
