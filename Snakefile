"""partial-pooling: can you believe this hierarchical posterior?

    snakemake --cores 4                               the default study, to results/index.html
    snakemake --cores 4 --configfile my.yaml          another study
    snakemake --cores 4 report                        the reports anew, without sampling

The way of the data, a room of workflow/rules a stage:

    prepare_data -> solve_exact ----------------------.
        `-> sample_posterior -> diagnose_fits -> collect_diagnostics -> plot_* -> render_report -> index
"""

import sys

from snakemake.utils import min_version

from partial_pooling.configuration import read_study
from partial_pooling.errors import InputError

min_version("9.27")


report: "workflow/report/workflow.rst"


# A configuration with data sets is a study of its own; without, it changes the default study.
if "datasets" not in config:

    configfile: f"{workflow.basedir}/config/config.yaml"


try:
    STUDY = read_study(config)
except InputError as error:
    sys.exit(f"partial-pooling: {error}")


include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/exact.smk"
include: "workflow/rules/sample.smk"
include: "workflow/rules/diagnose.smk"
include: "workflow/rules/plot.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/certify.smk"


rule all:
    default_target: True
    input:
        "results/index.html",


rule report:
    input:
        "results/index.html",


rule certificate:
    input:
        "results/certificate.json",
