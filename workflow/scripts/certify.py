"""Adapter of rule certify."""

from pathlib import Path
from typing import Any

from partial_pooling.files import write_json
from partial_pooling.logs import log_to
from partial_pooling.study.certificate import certify


def main(job: Any) -> None:
    folders = [Path(path).parent for path in job.input.provenance]
    collections = [Path(path).parent for path in job.input.collections]
    certificate = certify(folders, map(Path, job.input.fits), collections)
    write_json(certificate, job.output.certificate)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
