"""Bring each data set, in whichever form it comes, to estimates with standard errors.

in:  the data set's CSV file
out: results/{dataset}/data.csv (group, estimate, std_error)
"""


rule prepare_data:
    input:
        raw=lambda wildcards: dataset_of(wildcards).path,
    output:
        data="results/{dataset}/data.csv",
    log:
        "results/{dataset}/logs/prepare_data.log",
    benchmark:
        "results/{dataset}/benchmarks/prepare_data.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        form=lambda wildcards: dataset_of(wildcards).form,
        columns=lambda wildcards: dataset_of(wildcards).columns,
        pooled_sd=lambda wildcards: dataset_of(wildcards).pooled_sd,
        code=code("prepare_data"),
    script:
        "../scripts/prepare_data.py"
