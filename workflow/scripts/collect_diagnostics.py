"""Adapter of rule collect_diagnostics."""

from pathlib import Path
from typing import Any

import pandas as pd

from partial_pooling.data.reading import read_data
from partial_pooling.decision.loo import loo_draws, loo_table
from partial_pooling.families.registry import FAMILIES
from partial_pooling.files import read_json, write_json
from partial_pooling.grading.judgement import judge_estimates, judge_fits
from partial_pooling.grading.parametrization import parametrization
from partial_pooling.grading.verdict import accuracy, answer, verdict
from partial_pooling.logs import log_to
from partial_pooling.sampling.manifests import read_one
from partial_pooling.study.kept import provenance_of_kept
from partial_pooling.study.provenance import provenance
from partial_pooling.tables import read_table, write_table


def main(job: Any) -> None:
    thresholds = job.params.settings["thresholds"]
    estimates = pd.concat(map(read_table, job.input.estimates), ignore_index=True)
    estimates = judge_estimates(estimates, thresholds)
    parts = [read_table(path, dtype={"batch": str}) for path in job.input.fits]
    fits = judge_fits(pd.concat(parts, ignore_index=True), estimates, thresholds)
    for table, path in (
        (estimates, job.output.estimates),
        (fits, job.output.fits),
        (accuracy(estimates), job.output.accuracy),
    ):
        write_table(table, path)
    origin = provenance(job.input.data, job.params.settings)
    folder = Path(job.output.provenance).parent
    write_json({**origin, **provenance_of_kept(folder)}, job.output.provenance)
    names = {"dtype": {"group": str}, "keep_default_na": False}  # a group may be called NA, or 7
    weights = read_table(job.input.weights, **names)
    told = {
        "answer": answer(read_json(job.input.agreement), thresholds),
        "sampling": verdict(fits, estimates, thresholds),
        "parametrization": parametrization(
            weights, FAMILIES[job.params.family], job.params.weights
        ),
    }
    write_json(told, job.output.verdict)
    write_table(_loo(job, told["sampling"]["recommendation"]), job.output.loo)


def _loo(job: Any, best: dict[str, Any]) -> pd.DataFrame:
    """Leave-one-out from the first seed's fit of the setting to use."""
    groups, family = read_data(job.input.data), FAMILIES[job.params.family]
    exact = read_table(job.input.influence)["log_predictive"]
    sampling = job.params.settings["sampling"]
    of_model = [path for path in job.input.batches if Path(path).parent.name == best["model"]]
    draws = loo_draws(family, sampling["chains"])
    fit = read_one(of_model, sampling["seeds"][0], best["target_accept"], draws)
    table = loo_table(groups, family, fit["posterior"].to_dataset(), exact)
    return table.assign(model=best["model"])


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
