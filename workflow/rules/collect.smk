"""Solve and fit the tables of a collection, a job a batch of them, and gather what was found.

prepare_collection    the collection's CSV file
out: results/{collection}/prepared.parquet (its tables, checked, and the batch of each)

solve_and_fit_tables  a batch: exact answers, and fits with each model compiled once a number of
                      groups; what is in results/{collection}/store/ already, by all that it depends
                      on, is not computed
out: results/{collection}/batches/{batch}.json, which names its chunks of the store

collect_tables        all batches
out: results/{collection}/{tables,groups,fits}.parquet

open_table            a table of the collection as the data of a study
out: results/{collection}/{table}/data.csv
"""

from partial_pooling.study.plan import deal, runtime_minutes

COLLECTION_BATCHES = {
    name: deal(STUDY.members[name], collection.models, collection.sampling)
    for name, collection in STUDY.collections.items()
}


def collection_of(wildcards):
    return STUDY.collections[wildcards.collection]


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


def groups_memory(wildcards, attempt):
    """Memory of a batch of tables, in MB."""
    return resources.memory_mb(
        batch_of(wildcards).groups, collection_of(wildcards).sampling.of_fits(), attempt
    )


localrules:
    prepare_collection,
    collect_tables,
    open_table,


rule prepare_collection:
    input:
        raw=lambda wildcards: collection_of(wildcards).path,
    output:
        prepared="results/{collection}/prepared.parquet",
    log:
        "results/{collection}/logs/prepare_collection.log",
    benchmark:
        "results/{collection}/benchmarks/prepare_collection.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        by=lambda wildcards: collection_of(wildcards).by,
        reading=lambda wildcards: reading(collection_of(wildcards)),
        models=lambda wildcards: collection_of(wildcards).models,
        sampling=lambda wildcards: collection_of(wildcards).sampling.model_dump(),
        code=code("prepare_collection"),
    script:
        "../scripts/prepare_collection.py"


rule solve_and_fit_tables:
    input:
        # A changed table changes `content` of its batch: the others need not run.
        prepared=ancient("results/{collection}/prepared.parquet"),
    output:
        batch="results/{collection}/batches/{batch}.json",
    log:
        "results/{collection}/logs/solve_and_fit_tables/{batch}.log",
    benchmark:
        "results/{collection}/benchmarks/solve_and_fit_tables/{batch}.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=groups_memory,
        runtime=lambda wildcards, attempt: runtime_minutes(
            batch_of(wildcards), collection_of(wildcards).sampling, attempt
        ),
    params:
        recipe=recipe_of,
        code=code("solve_and_fit_tables"),
        content=lambda wildcards: sha256(
            " ".join(batch_of(wildcards).content).encode()
        ).hexdigest(),
    script:
        "../scripts/solve_and_fit_tables.py"


rule collect_tables:
    input:
        raw=lambda wildcards: collection_of(wildcards).path,
        prepared="results/{collection}/prepared.parquet",
        batches=lambda wildcards: collect(
            "results/{collection}/batches/{batch}.json",
            collection=wildcards.collection,
            batch=COLLECTION_BATCHES[wildcards.collection],
        ),
    output:
        tables="results/{collection}/tables.parquet",
        groups="results/{collection}/groups.parquet",
        fits="results/{collection}/fits.parquet",
    log:
        "results/{collection}/logs/collect_tables.log",
    benchmark:
        "results/{collection}/benchmarks/collect_tables.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        recipe=recipe_of,
        thresholds=STUDY.thresholds,
        code=code("collect_tables"),
    script:
        "../scripts/collect_tables.py"


rule open_table:
    input:
        # A change of other tables is none of this one.
        prepared=ancient("results/{collection}/prepared.parquet"),
    output:
        data="results/{collection}/{table}/data.csv",
    log:
        "results/{collection}/{table}/logs/open_table.log",
    benchmark:
        "results/{collection}/{table}/benchmarks/open_table.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        content=lambda wildcards: table_digest(
            f"{wildcards.collection}/{wildcards.table}"
        ),
        code=code("open_table"),
    script:
        "../scripts/open_table.py"
