"""Sample each model's posterior: one job a batch of fits, compiled once.

in:  results/{dataset}/data.csv
out: results/{dataset}/fits/{model}/batch-{batch}.json, which names its fits in results/fits/.
     What is there already, by a digest of all that a fit depends on, is not sampled.
"""


rule sample_posterior:
    input:
        data="results/{dataset}/data.csv",
    output:
        fits="results/{dataset}/fits/{model}/batch-{batch}.json",
    log:
        "results/{dataset}/logs/sample_posterior/{model}/batch-{batch}.log",
    benchmark:
        "results/{dataset}/benchmarks/sample_posterior/{model}/batch-{batch}.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    threads: min(2, STUDY.sampling.chains)
    resources:
        mem_mb=fits_memory,
        runtime=sampling_runtime,
    params:
        prior=prior_of,
        family=family_of,
        weights=weights_of,
        fits=lambda wildcards: BATCHES[wildcards.batch],
        sampler=STUDY.sampling.sampler,
        settings=STUDY.sampling.of_fits().model_dump(),
        code=code("sample_posterior"),
    script:
        "../scripts/sample_posterior.py"
