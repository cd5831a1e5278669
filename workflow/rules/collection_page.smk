"""Draw what the tables of a collection say together, and write its page.

plot_collection     all tables
in:  results/{collection}/tables.parquet, population.json
out: results/{collection}/figures/{name}.{svg,png}

render_collection   every table a row
in:  these, fits.parquet, the page's template and its library of tables
out: results/{collection}/index.html
"""


localrules:
    plot_collection,
    render_collection,


rule plot_collection:
    input:
        **registry.inputs("Collection", "results/{collection}"),
    output:
        **pictures("Collection", "collection"),
    log:
        "results/{collection}/logs/plot_collection.log",
    benchmark:
        "results/{collection}/benchmarks/plot_collection.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        measure=lambda wildcards: collection_of(wildcards).measure,
        figures=registry.drawn("Collection"),
        code=code("plot_collection", *registry.modules("Collection")),
    script:
        "../scripts/plot_collection.py"


rule render_collection:
    input:
        tables="results/{collection}/tables.parquet",
        fits="results/{collection}/fits.parquet",
        population="results/{collection}/population.json",
        figures=collect(
            "results/{{collection}}/figures/{name}.svg",
            name=[figure.name for figure in registry.of_category("Collection")],
        ),
        template=f"{TEMPLATES}/collection.html.j2",
        page=collect(
            f"{TEMPLATES}/{{name}}",
            name=[
                "page/page.js",
                "page/style.css",
                "collection/collection.js",
                "collection/collection.css",
                "tabulator/tabulator.min.js",
                "tabulator/tabulator.min.css",
            ],
        ),
    output:
        report(
            "results/{collection}/index.html",
            caption="../report/report.rst",
            category="Reports",
            labels={"data set": "{collection}"},
        ),
    log:
        "results/{collection}/logs/render_collection.log",
    benchmark:
        "results/{collection}/benchmarks/render_collection.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        reports=reports_of,
        command=report_command,
        measure=lambda wildcards: collection_of(wildcards).measure,
        code=code("render_collection"),
    script:
        "../scripts/render_collection.py"
