"""partial-pooling: can you believe this hierarchical posterior?

    snakemake --cores 4                               the default study, to results/index.html
    snakemake --cores 4 --configfile my.yaml          another study
    snakemake --cores 4 report                        the reports anew, without sampling
    snakemake --cores 4 calibration                   each model on data simulated from the prior

The way of the data, a room of workflow/rules a stage:

    prepare_data -> solve_exact -> plot_groups --------------------------------------.
        `-> sample_posterior -> diagnose_fits -> collect_diagnostics -> plot_* -> render_report -> write_index

and of a collection, a data set of many tables:

    solve_and_fit_tables -> collect_tables -> plot_collection -> render_collection -> write_index
"""

import sys

from pathlib import Path

from snakemake.utils import min_version

try:
    from partial_pooling.study.configuration import read_study
    from partial_pooling.study.file import read_file
    from partial_pooling.study.room import check_writable
    from partial_pooling.errors import InputError
except EOFError:
    sys.exit(
        "partial-pooling: a full disk cut off compiled files of Python; make room, and delete them: "
        "find . -name '*.pyc' -delete"
    )

min_version("9.27")


include: "workflow/rules/internals.smk"


report: "workflow/report/workflow.rst"


# A configuration with data sets is a study of its own; without, it changes the default study.
if "datasets" not in config:

    configfile: source("config/config.yaml")


try:
    for path in workflow.configfiles:
        read_file(path)
    STUDY = read_study(config)
    check_writable([Path("results")])
except InputError as error:
    sys.exit(f"partial-pooling: {error}")


include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/exact.smk"
include: "workflow/rules/sample.smk"
include: "workflow/rules/diagnose.smk"
include: "workflow/rules/plot.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/calibrate.smk"
include: "workflow/rules/certify.smk"
include: "workflow/rules/collection.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/collection_page.smk"
include: "workflow/rules/scorecard.smk"


rule all:
    default_target: True
    # every result, not the index alone: Snakemake makes a deleted file anew only if it is asked for
    # (in a list, since of a generator it loses the first item)
    input:
        "results/index.html",
        [
            collect(rules.solve_and_fit_tables.output, collection=name, batch=batches)
            for name, batches in COLLECTION_BATCHES.items()
        ],
        [
            collect(rule.output, collection=STUDY.collections)
            for rule in (
                rules.collect_tables,
                rules.plot_collection,
                rules.render_collection,
            )
        ],
        [
            collect(
                rule.output,
                dataset=STUDY.datasets,
                model=STUDY.models,
                batch=BATCHES,
            )
            for rule in (
                rules.prepare_data,
                rules.solve_exact,
                rules.sample_posterior,
                rules.diagnose_fits,
                rules.collect_diagnostics,
                rules.plot_groups,
                rules.plot_fits,
                rules.plot_study,
                rules.render_report,
            )
        ],


rule report:
    input:
        "results/index.html",


# with one for each model and target_accept, to browse in Snakemake's own report
rule figures:
    input:
        rules.all.input,
        collect(rules.plot_settings.output, dataset=STUDY.datasets),


rule certificate:
    input:
        "results/certificate.json",


rule calibration:
    # every result of it, as above
    input:
        [
            collect(
                rule.output,
                dataset=STUDY.datasets,
                model=STUDY.models,
                batch=CALIBRATION_BATCHES,
            )
            for rule in (
                rules.simulate_and_fit,
                rules.summarize_calibration,
                rules.plot_calibration,
            )
        ],


rule scorecard:
    input:
        rules.score.output,
        rules.plot_scorecard.output,
        rules.render_scorecard.output,
