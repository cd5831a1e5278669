"""Digest all numbers of a study that must be equal wherever it is run. Not part of `all`.

in:  the draws and tables of all data sets, those of their calibrations where there are some, and
     the tables of all collections
out: results/certificate.json
"""


rule certify:
    input:
        provenance=collect("results/{dataset}/provenance.json", dataset=STUDY.datasets),
        exact=collect("results/{dataset}/exact.csv", dataset=STUDY.datasets),
        fits=collect(
            "results/{dataset}/fits/{model}/batch-{batch}.json",
            dataset=STUDY.datasets,
            model=STUDY.models,
            batch=BATCHES,
        ),
        collections=collect(
            "results/{collection}/tables.parquet", collection=STUDY.collections
        ),
    output:
        certificate="results/certificate.json",
    log:
        "results/logs/certify.log",
    benchmark:
        "results/benchmarks/certify.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        # No input: a certificate holds the calibration that is there, and never asks for one.
        calibrations=certified_calibrations,
        code=code("certify"),
    script:
        "../scripts/certify.py"
