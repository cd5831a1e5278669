"""Calibrate each model on data simulated from the prior: a target of its own, not part of `all`.

simulate_and_fit       one job a batch of simulations, compiled once
in:  results/{dataset}/data.csv (names and standard errors)
out: results/{dataset}/calibration/{model}/batch-{batch}.{ranks,fits,times}.csv
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
CALIBRATION_FIT = {
    name: getattr(CALIBRATION, name)
    for name in (
        "ranked_draws",
        "draws",
        "tune",
        "chains",
        "target_accept",
        "max_treedepth",
    )
}


def data_with_proper_prior(wildcards):
    try:
        STUDY.check_calibration(wildcards.dataset)
    except InputError as error:
        sys.exit(f"partial-pooling: {error}")
    return f"results/{wildcards.dataset}/data.csv"


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
        mem_mb=2000,
        runtime=120,
    params:
        prior=prior_of,
        simulations=lambda wildcards: CALIBRATION_BATCHES[wildcards.batch],
        settings=CALIBRATION_FIT,
        code=code("simulate_and_fit"),
    script:
        "../scripts/simulate_and_fit.py"
