"""How often each check of a sampler is right, over all fitted collections: a target of its own.

score             fits of all collections, and their tables
in:  results/{collection}/{tables,fits}.parquet
out: results/scorecard/{models,checks,adds,areas,roc,maps,thresholds,limits}.csv

plot_scorecard    these
out: results/scorecard/figures/{name}.{svg,png}

render_scorecard  tables and figures
out: results/scorecard/index.html
"""

SCORECARD_TABLES = {
    name: f"results/scorecard/{name}.csv"
    for name in (
        "models",
        "checks",
        "adds",
        "areas",
        "roc",
        "maps",
        "thresholds",
        "limits",
    )
}


localrules:
    score,
    plot_scorecard,
    render_scorecard,


rule score:
    input:
        tables=lambda wildcards: of_scored("tables"),
        fits=lambda wildcards: of_scored("fits"),
    output:
        **SCORECARD_TABLES,
    log:
        "results/scorecard/logs/score.log",
    benchmark:
        "results/scorecard/benchmarks/score.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        chains=[collection.sampling.chains for collection in SCORED.values()],
        code=code("score"),
    script:
        "../scripts/score.py"


rule plot_scorecard:
    input:
        **registry.inputs("Scorecard", "results/scorecard"),
    output:
        **pictures("Scorecard"),
    log:
        "results/scorecard/logs/plot_scorecard.log",
    benchmark:
        "results/scorecard/benchmarks/plot_scorecard.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        collections=", ".join(SCORED),
        figures=registry.drawn("Scorecard"),
        code=code("plot_scorecard", *registry.modules("Scorecard")),
    script:
        "../scripts/plot_scorecard.py"


rule render_scorecard:
    input:
        **SCORECARD_TABLES,
        figures=collect(
            "results/scorecard/figures/{name}.svg",
            name=[figure.name for figure in registry.of_category("Scorecard")],
        ),
        template=f"{TEMPLATES}/scorecard.html.j2",
        page=collect(f"{TEMPLATES}/page/{{name}}", name=["page.js", "style.css"]),
    output:
        report(
            "results/scorecard/index.html",
            caption="../report/report.rst",
            category="Reports",
            labels={"data set": "scorecard"},
        ),
    log:
        "results/scorecard/logs/render_scorecard.log",
    benchmark:
        "results/scorecard/benchmarks/render_scorecard.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        collections={
            name: {
                "tables": len(STUDY.members[name]),
                "prior": collection.prior.as_dict(),
                "models": collection.models,
                "sampling": collection.sampling.model_dump(),
            }
            for name, collection in SCORED.items()
        },
        code=code("render_scorecard"),
    script:
        "../scripts/render_scorecard.py"
