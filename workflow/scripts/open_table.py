"""Adapter of rule open_table."""

from typing import Any

from partial_pooling.data.collection import read_collection
from partial_pooling.data.measures import estimates_of
from partial_pooling.data.reading import write_groups
from partial_pooling.files import replacing
from partial_pooling.logs import log_to


def main(job: Any) -> None:
    reading = dict(job.params.reading)
    measure, correction = reading["measure"], reading["continuity_correction"]
    members = read_collection(job.input.raw, job.params.by, **(reading | {"measure": None}))
    (table,) = (member for member in members if member.path == job.wildcards.table)
    assert table.groups is not None  # planning has refused one that cannot be used
    taken = estimates_of(table.groups, measure, correction) if measure else table.groups
    for path, groups in ((job.output.data, taken), (job.output.given, table.groups)):
        with replacing(path) as temporary:
            write_groups(groups, temporary)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
