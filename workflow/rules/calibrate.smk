"""Calibrate each model on data simulated from its prior, or from the exact posterior of the data.

A target of its own, not part of `all`.

simulate_and_fit       one job a batch of simulations, compiled once
in:  results/{dataset}/data.csv
out: results/{dataset}/calibration/{model}/batch-{batch}.{ranks,fits,times}.csv

summarize_calibration  all batches of all models
in:  their ranks and fits
out: results/{dataset}/calibration/{ranks,fits,uniformity,paired,ecdf,histogram,coverage,by_tau,power}.csv,
     summary.json (what a report says)

plot_calibration       figures of the summary
in:  results/{dataset}/calibration/{ecdf,histogram,coverage,by_tau,power}.csv
out: results/{dataset}/calibration/calibration_{ecdf,ranks,coverage,by_tau,power}.{svg,png}
"""

CALIBRATION = STUDY.calibration
# first simulation of each batch and the one after its last
CALIBRATION_BATCHES = {
    f"{number:03d}": [
        first,
        min(first + CALIBRATION.simulations_per_batch, CALIBRATION.simulations),
    ]
    for number, first in enumerate(
        range(0, CALIBRATION.simulations, CALIBRATION.simulations_per_batch)
    )
}
CALIBRATION_FIT = CALIBRATION.of_fits().model_dump()


rule simulate_and_fit:
    input:
        data=data_with_proper_prior,
    output:
        ranks="results/{dataset}/calibration/{model}/batch-{batch}.ranks.csv",
        fits="results/{dataset}/calibration/{model}/batch-{batch}.fits.csv",
        times="results/{dataset}/calibration/{model}/batch-{batch}.times.csv",
    log:
        "results/{dataset}/logs/simulate_and_fit/{model}/batch-{batch}.log",
    benchmark:
        "results/{dataset}/benchmarks/simulate_and_fit/{model}/batch-{batch}.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=calibration_memory,
        runtime=calibration_runtime,
    params:
        prior=prior_of,
        family=family_of,
        weights=weights_of,
        simulations=lambda wildcards: CALIBRATION_BATCHES[wildcards.batch],
        settings=CALIBRATION_FIT,
        code=code("simulate_and_fit"),
    script:
        "../scripts/simulate_and_fit.py"


CALIBRATION_TABLES = {
    name: f"results/{{dataset}}/calibration/{name}.csv"
    for name in (
        "ranks",
        "fits",
        "uniformity",
        "paired",
        "ecdf",
        "histogram",
        "coverage",
        "by_tau",
        "power",
    )
}
CALIBRATION_SHOWN = ["summary.json"] + [
    f"{figure.name}.svg" for figure in registry.of_category("Calibration")
]


localrules:
    summarize_calibration,
    plot_calibration,


rule summarize_calibration:
    input:
        data="results/{dataset}/data.csv",
        ranks=collect(
            "results/{{dataset}}/calibration/{model}/batch-{batch}.ranks.csv",
            model=STUDY.models,
            batch=CALIBRATION_BATCHES,
        ),
        fits=collect(
            "results/{{dataset}}/calibration/{model}/batch-{batch}.fits.csv",
            model=STUDY.models,
            batch=CALIBRATION_BATCHES,
        ),
    output:
        **CALIBRATION_TABLES,
        summary="results/{dataset}/calibration/summary.json",
    log:
        "results/{dataset}/logs/summarize_calibration.log",
    benchmark:
        "results/{dataset}/benchmarks/summarize_calibration.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        prior=prior_of,
        family=family_of,
        settings=CALIBRATION_FIT,
        code=code("summarize_calibration"),
    script:
        "../scripts/summarize_calibration.py"


rule plot_calibration:
    input:
        **registry.inputs("Calibration", "results/{dataset}/calibration"),
    output:
        **pictures("Calibration"),
    log:
        "results/{dataset}/logs/plot_calibration.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_calibration.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        simulations=CALIBRATION.simulations,
        settings=CALIBRATION_FIT,
        measure=measure_of,
        figures=registry.drawn("Calibration"),
        code=code("plot_calibration", *registry.modules("Calibration")),
    script:
        "../scripts/plot_calibration.py"
