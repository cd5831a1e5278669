"""Draw the figures of a data set, as SVG for pages and PNG beside it.

Which figures a rule draws, and from what, says workflow/partial_pooling/figures/catalog.py.

plot_fits    one fit a model, that of the first seed and the first target_accept
in:  results/{dataset}/data.csv, exact.csv, exact.nc, that fit's batch and its diagnostics

plot_settings  the funnel of every model and target_accept, by the first seed's fits
in:  results/{dataset}/exact.nc, these fits' batches
out: results/{dataset}/figures/settings/{model}_{target_accept}.svg

plot_study   all fits: their tables
plot_groups  the groups, without any sampling
out: results/{dataset}/figures/{name}.{svg,png}
"""

SHOWN_SEED = STUDY.sampling.seeds[0]
SHOWN_TARGET_ACCEPT = STUDY.sampling.target_accept[0]
SHOWN_BATCH = next(
    batch
    for batch, fits in BATCHES.items()
    if [SHOWN_SEED, SHOWN_TARGET_ACCEPT] in fits
)


# the funnel of every model at every target_accept, to browse in `snakemake --report`
SETTINGS = {
    f"{model}_{accept:g}": {"model": model, "target_accept": f"{accept:g}"}
    for model in STUDY.models
    for accept in STUDY.sampling.target_accept
}
SETTING_FILES = {
    name: report(
        f"results/{{dataset}}/figures/settings/{name}.svg",
        caption="../report/settings.rst",
        category="Settings",
        labels={"data set": "{dataset}", **labels},
    )
    for name, labels in SETTINGS.items()
}
SETTING_BATCHES = sorted(
    batch
    for batch, fits in BATCHES.items()
    if any(seed == SHOWN_SEED for seed, _ in fits)
)


rule plot_settings:
    input:
        curves="results/{dataset}/exact.nc",
        fits=collect(
            "results/{{dataset}}/fits/{model}/batch-{batch}.json",
            model=STUDY.models,
            batch=SETTING_BATCHES,
        ),
    output:
        **SETTING_FILES,
    log:
        "results/{dataset}/logs/plot_settings.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_settings.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        seed=SHOWN_SEED,
        draws=max(STUDY.sampling.draws),
        chains=STUDY.sampling.chains,
        measure=measure_of,
        figures=registry.drawn("Settings"),
        code=code("plot_settings", *registry.modules("Settings")),
    script:
        "../scripts/plot_settings.py"


rule plot_fits:
    input:
        data="results/{dataset}/data.csv",
        exact="results/{dataset}/exact.csv",
        curves="results/{dataset}/exact.nc",
        fits=collect(
            "results/{{dataset}}/fits/{model}/batch-{batch}.json",
            model=STUDY.models,
            batch=SHOWN_BATCH,
        ),
        estimates=collect(
            "results/{{dataset}}/diagnostics/{model}/batch-{batch}.estimates.csv",
            model=STUDY.models,
            batch=SHOWN_BATCH,
        ),
    output:
        **pictures("Fits"),
    log:
        "results/{dataset}/logs/plot_fits.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_fits.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        models=STUDY.models,
        seed=SHOWN_SEED,
        target_accept=SHOWN_TARGET_ACCEPT,
        draws=max(STUDY.sampling.draws),
        chains=STUDY.sampling.chains,
        prior=prior_of,
        measure=measure_of,
        figures=registry.drawn("Fits"),
        code=code("plot_fits", *registry.modules("Fits")),
    script:
        "../scripts/plot_fits.py"


rule plot_study:
    input:
        **registry.inputs("Study", "results/{dataset}"),
    output:
        **pictures("Study"),
    log:
        "results/{dataset}/logs/plot_study.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_study.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        models=STUDY.models,
        seeds=STUDY.sampling.seeds,
        draws=STUDY.sampling.draws,
        target_accept=STUDY.sampling.target_accept,
        chains=STUDY.sampling.chains,
        measure=measure_of,
        figures=registry.drawn("Study"),
        code=code("plot_study", *registry.modules("Study")),
    script:
        "../scripts/plot_study.py"


rule plot_groups:
    input:
        **registry.inputs("Groups", "results/{dataset}"),
    output:
        **pictures("Groups"),
    log:
        "results/{dataset}/logs/plot_groups.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_groups.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        prior=prior_of,
        measure=measure_of,
        figures=registry.drawn("Groups"),
        code=code("plot_groups", *registry.modules("Groups")),
    script:
        "../scripts/plot_groups.py"
