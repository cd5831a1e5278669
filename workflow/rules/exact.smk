"""Solve the exact posterior, the yardstick of every fit, and the classical estimates.

in:  results/{dataset}/data.csv
out: results/{dataset}/exact.csv (mean, sd, quantiles of every variable), exact.nc (curves),
     classical.csv, classical_theta.csv, heterogeneity.json, agreement.json (prior against data),
     weights.csv (how far the model `partial` centers each group, at tau's lower quartile);
     decisions.csv (probabilities to be above c), ranks.csv, influence.csv (each group left out),
     sensitivity.csv, priors.csv and atlas.csv (what other priors would say), fit.json (evidence
     for tau = 0, predictive checks), intervals.csv (classical ones)
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
        intervals="results/{dataset}/intervals.csv",
        fit="results/{dataset}/fit.json",
        decisions="results/{dataset}/decisions.csv",
        ranks="results/{dataset}/ranks.csv",
        influence="results/{dataset}/influence.csv",
        sensitivity="results/{dataset}/sensitivity.csv",
        priors="results/{dataset}/priors.csv",
        atlas="results/{dataset}/atlas.csv",
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
        above=lambda wildcards: dataset_of(wildcards).above,
        measure=measure_of,
        code=code("solve_exact"),
    script:
        "../scripts/solve_exact.py"
