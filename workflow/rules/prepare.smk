"""Bring each data set, in whichever form it comes, to what its family takes.

in:  the data set's CSV file
out: results/{dataset}/data.csv (group, estimate, std_error; of a family that takes the data as they are,
     the columns of their form), given.csv (the groups as they were given, in those columns)
"""


rule prepare_data:
    input:
        raw=lambda wildcards: dataset_of(wildcards).path,
    output:
        data="results/{dataset}/data.csv",
        given="results/{dataset}/given.csv",
    log:
        "results/{dataset}/logs/prepare_data.log",
    benchmark:
        "results/{dataset}/benchmarks/prepare_data.jsonl"
    wildcard_constraints:
        dataset="|".join(STUDY.datasets) or NONE,
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        reading=reading_of,
        code=code("prepare_data"),
    script:
        "../scripts/prepare_data.py"
