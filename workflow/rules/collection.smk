"""What the rules of collections share: their batches, and what a job depends on and asks for."""

import shlex

from partial_pooling.study.plan import deal, memory_mb, reading_mb, runtime_minutes

COLLECTION_BATCHES = {
    name: deal(
        STUDY.members[name], collection.models, collection.sampling, collection.family
    )
    for name, collection in STUDY.collections.items()
}


def collection_of(wildcards):
    return STUDY.collections[wildcards.collection]


def raw_of(wildcards):
    """The CSV file, whose time says nothing: params say what changed."""
    return ancient(collection_of(wildcards).path)


def reading_of_collection(wildcards):
    return reading(collection_of(wildcards))


def batch_of(wildcards):
    return COLLECTION_BATCHES[wildcards.collection][wildcards.batch]


def recipe_of(wildcards):
    """What the answers of a collection depend on, beside its data."""
    collection = collection_of(wildcards)
    sampling = collection.sampling
    return {
        "prior": collection.prior.as_dict(),
        "family": collection.family,
        "weights": collection.weights,
        "models": collection.models,
        "sampling": sampling.model_dump(),
        "settings": sampling.of_fits().model_dump(),
        "code": code("solve_and_fit_tables")(wildcards),
    }


def batch_memory(wildcards, attempt):
    """Memory of a batch of tables, in MB."""
    tables = len(STUDY.members[wildcards.collection])
    return memory_mb(
        batch_of(wildcards), tables, collection_of(wildcards).sampling, attempt
    )


def gathering_memory(wildcards, attempt):
    """Memory of gathering all tables, in MB."""
    return 1500 + 2 * reading_mb(len(STUDY.members[wildcards.collection]), attempt)


# those whose tables are fitted, which the scorecard takes
SCORED = {
    name: collection
    for name, collection in STUDY.collections.items()
    if collection.models
}


def of_scored(name):
    """A file of each collection that is fitted; none ends the run in one line."""
    if not SCORED:
        sys.exit(
            "partial-pooling: scorecard: found no collection whose tables are fitted; "
            "allowed: a configuration with one, such as config/scorecard.yaml"
        )
    return [f"results/{collection}/{name}.parquet" for collection in SCORED]


def reports_of(wildcards):
    """Folders of the tables that have a report; the page shows them, and never asks for one."""
    folder = pathlib.Path("results", wildcards.collection)
    return sorted(path.parent.name for path in folder.glob("*/report.html"))


def report_command(wildcards):
    """What makes the report of a table, before and after the table's folder."""
    files = " ".join(
        shlex.quote(os.path.relpath(path)) for path in workflow.configfiles
    )
    after = f"{os.sep}report.html --cores 4" + (
        f" --configfile {files}" if files else ""
    )
    return [f"uv run snakemake results/{wildcards.collection}/", after]
