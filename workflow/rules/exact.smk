"""Solve the exact posterior, the yardstick of every fit, and the classical estimates.

in:  results/{dataset}/data.csv
out: results/{dataset}/exact.csv (mean, sd, quantiles of every variable), exact.nc (curves),
     classical.csv, classical_theta.csv, heterogeneity.json, agreement.json (prior against data),
     weights.csv (how far the model `partial` centers each group, at tau's lower quartile)
"""


rule solve_exact:
    input:
        data="results/{dataset}/data.csv",
    output:
        exact="results/{dataset}/exact.csv",
        curves="results/{dataset}/exact.nc",
        classical="results/{dataset}/classical.csv",
        classical_theta="results/{dataset}/classical_theta.csv",
        heterogeneity="results/{dataset}/heterogeneity.json",
        agreement="results/{dataset}/agreement.json",
        weights="results/{dataset}/weights.csv",
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
        code=code("solve_exact"),
    script:
        "../scripts/solve_exact.py"
