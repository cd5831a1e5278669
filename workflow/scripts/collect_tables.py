"""Adapter of rule collect_tables."""

from pathlib import Path
from typing import Any

from partial_pooling.collection.batch import Recipe
from partial_pooling.collection.gathering import gather, population_of
from partial_pooling.collection.store import forget_batches
from partial_pooling.data.collection import read_collection, unusable
from partial_pooling.families.registry import FAMILIES
from partial_pooling.files import read_json, write_json
from partial_pooling.logs import log_to, tell
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.study.kept import provenance_of_kept
from partial_pooling.study.provenance import provenance
from partial_pooling.tables import read_parquet


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
    tables = read_parquet(job.output.tables, ["table", "status"])
    told = unusable(tables["table"], tables["status"])
    if told:
        tell(f"{job.wildcards.collection}: {told}; tables.parquet has all, with their status")
    prior = parse_hyperprior(job.params.recipe["prior"])
    family = FAMILIES[job.params.recipe["family"]]
    write_json(population_of(members, prior.mu, family), job.output.population)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
