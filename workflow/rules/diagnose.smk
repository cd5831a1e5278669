"""Diagnose every fit at every number of draws, grade it against the exact posterior, and gather
the tables of a data set.

in:  results/{dataset}/fits/{model}/batch-{batch}.json, results/{dataset}/data.csv
out: results/{dataset}/diagnostics/{model}/batch-{batch}.{estimates,fits}.csv,
     results/{dataset}/estimates.csv, fits.csv, accuracy.csv, verdict.json,
     loo.csv (leave-one-out from draws of the setting to use, beside the exact), provenance.json
"""


rule diagnose_fits:
    input:
        data="results/{dataset}/data.csv",
        fits="results/{dataset}/fits/{model}/batch-{batch}.json",
    output:
        estimates="results/{dataset}/diagnostics/{model}/batch-{batch}.estimates.csv",
        fits="results/{dataset}/diagnostics/{model}/batch-{batch}.fits.csv",
    log:
        "results/{dataset}/logs/diagnose_fits/{model}/batch-{batch}.log",
    benchmark:
        "results/{dataset}/benchmarks/diagnose_fits/{model}/batch-{batch}.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    threads: 2
    resources:
        mem_mb=fits_memory,
        runtime=diagnosis_runtime,
    params:
        prior=prior_of,
        family=family_of,
        draws=STUDY.sampling.draws,
        code=code("diagnose_fits"),
    script:
        "../scripts/diagnose_fits.py"


rule collect_diagnostics:
    input:
        data="results/{dataset}/data.csv",
        agreement="results/{dataset}/agreement.json",
        weights="results/{dataset}/weights.csv",
        influence="results/{dataset}/influence.csv",
        batches=collect(
            "results/{{dataset}}/fits/{model}/batch-{batch}.json",
            model=STUDY.models,
            batch=BATCHES,
        ),
        estimates=collect(
            "results/{{dataset}}/diagnostics/{model}/batch-{batch}.estimates.csv",
            model=STUDY.models,
            batch=BATCHES,
        ),
        fits=collect(
            "results/{{dataset}}/diagnostics/{model}/batch-{batch}.fits.csv",
            model=STUDY.models,
            batch=BATCHES,
        ),
    output:
        estimates="results/{dataset}/estimates.csv",
        fits="results/{dataset}/fits.csv",
        accuracy="results/{dataset}/accuracy.csv",
        verdict="results/{dataset}/verdict.json",
        loo="results/{dataset}/loo.csv",
        provenance="results/{dataset}/provenance.json",
    log:
        "results/{dataset}/logs/collect_diagnostics.log",
    benchmark:
        "results/{dataset}/benchmarks/collect_diagnostics.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=settings_of,
        family=family_of,
        weights=lambda wildcards: dataset_of(wildcards).weights,
        # All of them, for provenance.json names them all.
        versions=lambda wildcards: versions_of(wildcards.dataset),
        code=code("collect_diagnostics"),
    script:
        "../scripts/collect_diagnostics.py"
