"""Render each data set's report, and the index of all.

in:  workflow/notebooks/report.ipynb and its template, the tables and figures of a data set
out: results/{dataset}/report.ipynb, results/{dataset}/report.html, results/index.html
"""

NOTEBOOK = source("workflow/notebooks/report.ipynb")
TEMPLATES = source("workflow/notebooks/templates")
# read by the library, where a whole scorecard was run
RATES = LIBRARY / "grading" / "rates.csv"


rule render_report:
    input:
        notebook=NOTEBOOK,
        template=collect(
            f"{TEMPLATES}/page/{{name}}",
            name=["index.html.j2", "conf.json", "page.js", "style.css"],
        ),
        data="results/{dataset}/data.csv",
        given="results/{dataset}/given.csv",
        exact="results/{dataset}/exact.csv",
        classical="results/{dataset}/classical.csv",
        classical_theta="results/{dataset}/classical_theta.csv",
        heterogeneity="results/{dataset}/heterogeneity.json",
        intervals="results/{dataset}/intervals.csv",
        fit="results/{dataset}/fit.json",
        decisions="results/{dataset}/decisions.csv",
        ranks="results/{dataset}/ranks.csv",
        influence="results/{dataset}/influence.csv",
        loo="results/{dataset}/loo.csv",
        sensitivity="results/{dataset}/sensitivity.csv",
        priors="results/{dataset}/priors.csv",
        atlas="results/{dataset}/atlas.csv",
        likelihoods="results/{dataset}/likelihoods.csv",
        fits="results/{dataset}/fits.csv",
        estimates="results/{dataset}/estimates.csv",
        accuracy="results/{dataset}/accuracy.csv",
        verdict="results/{dataset}/verdict.json",
        provenance="results/{dataset}/provenance.json",
        figures=[
            f"results/{{dataset}}/figures/{name}.svg" for name in registry.embedded()
        ],
    output:
        notebook="results/{dataset}/report.ipynb",
        html=report(
            "results/{dataset}/report.html",
            caption="../report/report.rst",
            category="Reports",
            labels={"data set": "{dataset}"},
        ),
    log:
        "results/{dataset}/logs/render_report.log",
    benchmark:
        "results/{dataset}/benchmarks/render_report.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        # No input: a report shows the calibration that is there, and never asks for one.
        calibration=calibration_digests,
        rates=sha256(RATES.read_bytes()).hexdigest() if RATES.exists() else "",
        code=code("render_report", NOTEBOOK),
    script:
        "../scripts/render_report.py"


rule write_index:
    input:
        reports=collect("results/{dataset}/report.html", dataset=STUDY.datasets),
        tables=collect(
            "results/{dataset}/{name}",
            dataset=STUDY.datasets,
            name=[
                "data.csv",
                "exact.csv",
                "heterogeneity.json",
                "verdict.json",
                "provenance.json",
            ],
        ),
        collections=collect(
            "results/{collection}/index.html", collection=STUDY.collections
        ),
        template=f"{TEMPLATES}/index.html.j2",
        page=collect(f"{TEMPLATES}/page/{{name}}", name=["page.js", "style.css"]),
    output:
        "results/index.html",
    log:
        "results/logs/write_index.log",
    benchmark:
        "results/benchmarks/write_index.jsonl"
    conda:
        "../../envs/partial_pooling.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        # results of other configurations in the same folder are listed too
        others=results_beside(
            pathlib.Path("results"), [*STUDY.datasets, *STUDY.collections]
        ),
        code=code("write_index"),
    script:
        "../scripts/write_index.py"
