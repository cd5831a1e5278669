"""Adapter of rule collect_tables."""

from pathlib import Path
from typing import Any

from partial_pooling.collection.batch import Recipe
from partial_pooling.collection.gathering import gather, population_of
from partial_pooling.collection.store import forget_batches
from partial_pooling.data.collection import read_collection
from partial_pooling.files import read_json, write_json
from partial_pooling.logs import log_to
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.study.kept import provenance_of_kept
from partial_pooling.study.provenance import provenance


def main(job: Any) -> None:
    forget_batches(map(Path, job.input.batches))
    manifests = [read_json(path) for path in job.input.batches]
    kinds = dict.fromkeys(kind for manifest in manifests for kind in manifest)
    chunks = {
        kind: sorted({name for manifest in manifests for name in manifest[kind]}) for kind in kinds
    }
    settings = {**job.params.recipe, "thresholds": job.params.thresholds}
    folder = Path(job.output.tables).parent
    members = read_collection(job.input.raw, job.params.by, **job.params.reading)
    gather(
        members,
        folder / "store",
        chunks,
        Recipe(**job.params.recipe),
        job.params.thresholds,
        provenance(job.input.raw, settings) | provenance_of_kept(folder),
        {name: Path(job.output[name]) for name in ("tables", "groups", "fits")},
    )
    prior = parse_hyperprior(job.params.recipe["prior"])
    write_json(population_of(members, prior.mu), job.output.population)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
