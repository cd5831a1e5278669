"""Adapter of rule summarize_calibration."""

from pathlib import Path
from typing import Any

import pandas as pd

from partial_pooling.families.registry import FAMILIES
from partial_pooling.files import write_json
from partial_pooling.grading.calibration_tables import summarize
from partial_pooling.grading.ranks import Calibration
from partial_pooling.logs import log_to
from partial_pooling.report.calibrated import sentences
from partial_pooling.study.kept import provenance_of_kept
from partial_pooling.study.provenance import provenance
from partial_pooling.tables import read_table, write_table


def main(job: Any) -> None:
    ranks, fits = (
        pd.concat([read_table(path) for path in paths], ignore_index=True)
        for paths in (job.input.ranks, job.input.fits)
    )
    settings = dict(job.params.settings)
    calibration = Calibration(ranks, fits, settings["ranked_draws"])
    tables, shown = summarize(calibration)
    made = {"ranks": ranks, "fits": fits, **tables}
    for name, table in made.items():
        if name != "fared":
            write_table(table, job.output[name])
    origin = provenance(
        job.input.data, {"prior": job.params.prior, "family": job.params.family, **settings}
    )
    origin |= provenance_of_kept(Path(job.input.data).parent)
    said = sentences(calibration, tables, settings, FAMILIES[job.params.family])
    section = {"sentences": said, "settings": settings, **shown, "provenance": origin}
    write_json(section, job.output.summary)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
