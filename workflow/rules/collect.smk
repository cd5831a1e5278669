"""Solve and fit the tables of a collection, a job a batch of them, and gather what was found.

solve_and_fit_tables  a batch of tables of the CSV file: exact answers, and fits with each model compiled once a number of
                      groups; what is in results/{collection}/store/ already, by all that it depends
                      on, is not computed
out: results/{collection}/batches/{batch}.json, which names its chunks of the store

collect_tables        all batches
out: results/{collection}/{tables,groups,fits}.parquet, population.json

open_table            a table of the collection as the data of a study
out: results/{collection}/{table}/data.csv, given.csv
"""


localrules:
    collect_tables,
    open_table,


rule solve_and_fit_tables:
    input:
        # A changed table changes `content` of its batch; the others need not run.
        raw=raw_of,
    output:
        batch="results/{collection}/batches/{batch}.json",
    log:
        "results/{collection}/logs/solve_and_fit_tables/{batch}.log",
    benchmark:
        "results/{collection}/benchmarks/solve_and_fit_tables/{batch}.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=batch_memory,
        runtime=lambda wildcards, attempt: runtime_minutes(
            batch_of(wildcards), collection_of(wildcards).sampling, attempt
        ),
    params:
        by=lambda wildcards: collection_of(wildcards).by,
        reading=reading_of_collection,
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
        batches=lambda wildcards: collect(
            "results/{collection}/batches/{batch}.json",
            collection=wildcards.collection,
            batch=COLLECTION_BATCHES[wildcards.collection],
        ),
    output:
        tables="results/{collection}/tables.parquet",
        groups="results/{collection}/groups.parquet",
        fits="results/{collection}/fits.parquet",
        population="results/{collection}/population.json",
    log:
        "results/{collection}/logs/collect_tables.log",
    benchmark:
        "results/{collection}/benchmarks/collect_tables.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=gathering_memory,
        runtime=60,
    params:
        by=lambda wildcards: collection_of(wildcards).by,
        reading=reading_of_collection,
        recipe=recipe_of,
        thresholds=STUDY.thresholds,
        code=code("collect_tables"),
    script:
        "../scripts/collect_tables.py"


rule open_table:
    input:
        # A change of other tables is none of this one.
        raw=raw_of,
    output:
        data="results/{collection}/{table}/data.csv",
        given="results/{collection}/{table}/given.csv",
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
        by=lambda wildcards: collection_of(wildcards).by,
        reading=reading_of_collection,
        content=lambda wildcards: table_digest(
            f"{wildcards.collection}/{wildcards.table}"
        ),
        code=code("open_table"),
    script:
        "../scripts/open_table.py"
