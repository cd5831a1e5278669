"""Adapter of rule prepare_data."""

from typing import Any

from partial_pooling.data.reading import read_groups, write_groups
from partial_pooling.files import replacing
from partial_pooling.logs import log_to


def main(job: Any) -> None:
    reading = job.params.reading
    for path, measure in ((job.output.data, reading["measure"]), (job.output.given, None)):
        groups = read_groups(job.input.raw, **(reading | {"measure": measure}))
        with replacing(path) as temporary:
            write_groups(groups, temporary)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
