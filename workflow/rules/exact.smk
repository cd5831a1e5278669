"""Solve the exact posterior, the yardstick of every fit, and the classical estimates.

in:  results/{dataset}/data.csv, given.csv
out: results/{dataset}/exact.csv (mean, sd, quantiles of every variable), exact.nc (curves),
     classical.csv, classical_theta.csv, heterogeneity.json, agreement.json (prior against data),
     weights.csv (how far the model `partial` centers each group, at tau's lower quartile),
     likelihoods.csv (the normal approximation of the data beside their exact likelihood)
"""


rule solve_exact:
    input:
        data="results/{dataset}/data.csv",
        given="results/{dataset}/given.csv",
    output:
        exact="results/{dataset}/exact.csv",
        curves="results/{dataset}/exact.nc",
        classical="results/{dataset}/classical.csv",
        classical_theta="results/{dataset}/classical_theta.csv",
        heterogeneity="results/{dataset}/heterogeneity.json",
        agreement="results/{dataset}/agreement.json",
        weights="results/{dataset}/weights.csv",
        likelihoods="results/{dataset}/likelihoods.csv",
    log:
        "results/{dataset}/logs/solve_exact.log",
    benchmark:
        "results/{dataset}/benchmarks/solve_exact.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        prior=prior_of,
        family=family_of,
        measure=measure_of,
        pooled_sd=lambda wildcards: dataset_of(wildcards).pooled_sd,
        code=code("solve_exact"),
    script:
        "../scripts/solve_exact.py"
