"""What all rules share.

Names of wildcards, digests of the code that a rule runs, what a batch's job asks for, where steps
keep their caches, which steps are too short for a cluster's queue.
"""

import atexit
import functools
import logging
import os
import pathlib
import sys
import tempfile
import time

from hashlib import sha256

from partial_pooling.collection.keys import data_digest
from partial_pooling.collection.progress import Progress
from partial_pooling.figures import registry
from partial_pooling.models.parametrizations import WEIGHTED
from partial_pooling.study import environment, resources, room
from partial_pooling.study.bytecode import folders as bytecode_folders
from partial_pooling.study.bytecode import may_be_cut_off, remove_cut_off
from partial_pooling.study.contents import write_contents
from partial_pooling.study.digest import LIBRARY, code_digest
from partial_pooling.study.housekeeping import (
    put_back,
    results_beside,
    set_aside_broken,
    sweep,
)
from partial_pooling.study.interruption import Interruption
from partial_pooling.study.kept import counted_versions
from partial_pooling.study.likelihood import reading
from partial_pooling.sampling.manifests import read_manifest
from partial_pooling.sampling.samplers import batches
from partial_pooling.study.progress import ProgressLines

BATCHES = {
    f"{number:03d}": [[seed, accept] for seed, accept in fits]
    for number, fits in enumerate(
        batches(
            STUDY.sampling.seeds,
            STUDY.sampling.target_accept,
            STUDY.sampling.fits_per_batch,
        )
    )
}


STARTED = time.time() - 60  # a file's time may be that of another clock


# Snakemake sees manifests, not the fits or tables: a manifest that is broken must look missing to it.
# At the end what was not made anew is put back, so that a dry run changes nothing, and the list of
# all results is written.
def leave_in_order():
    put_back(BROKEN)
    if may_be_cut_off(pathlib.Path()):
        remove_cut_off(bytecode_folders(), STARTED)
    if not changes_nothing():
        try:
            write_contents(pathlib.Path("results"))
        except OSError as error:
            print(
                f"partial-pooling: results: {error.strerror}; "
                "the list of results was not written: run Snakemake again",
                file=sys.stderr,
            )


if in_main_process():
    BROKEN = set_aside_broken(
        pathlib.Path("results", name) for name in (*STUDY.datasets, *STUDY.collections)
    )
    atexit.register(leave_in_order)
    for manifest in BROKEN:
        print(
            f"partial-pooling: {manifest}: files that it names are gone",
            file=sys.stderr,
        )

# Compiled models and fonts are cached in the working directory, where steps share them, but by a
# cluster's job in its node's temporary folder: what several nodes write at once can clash.
if in_remote_job():
    SCRATCH = tempfile.TemporaryDirectory(prefix="partial-pooling-")
    CACHES = SCRATCH.name
else:
    CACHES = os.path.abspath(".snakemake/caches")
try:
    room.check_not_full(pathlib.Path())
    ENVIRONMENT = environment.of_steps(os.environ, CACHES)
except InputError as error:
    sys.exit(f"partial-pooling: {error}")
for name in set(os.environ) - set(ENVIRONMENT):
    del os.environ[name]
os.environ |= ENVIRONMENT


def missing_fits(dataset, settings):
    """Fits of a data set that no manifest names yet, or one of other settings."""
    missing = 0
    for model in STUDY.models:
        for batch, fits in BATCHES.items():
            try:
                read_manifest(
                    f"results/{dataset}/fits/{model}/batch-{batch}.json",
                    **settings.model_dump(),
                )
            except InputError:
                missing += len(fits)
    return missing


def check_room():
    """End the run in one line if what it asks for cannot be held here."""
    studies = {
        name: (len(groups), STUDY.sampling.of_fits())
        for name, groups in STUDY.groups.items()
    }
    to_sample = {
        name: missing_fits(name, settings) for name, (_, settings) in studies.items()
    }
    for name, (groups, settings) in studies.items():
        if to_sample[name]:
            room.check_disk(
                "sampling",
                groups,
                settings,
                to_sample[name],
                room.free_mb(pathlib.Path("results")),
            )
            if runs_here():
                room.check_memory("sampling", groups, settings, room.memory_there_mb())
    for name, collection in STUDY.collections.items():
        largest = max(
            (len(member.groups) for member in STUDY.members[name] if member.groups),
            default=0,
        )
        if runs_here() and collection.models:
            room.check_memory(
                f"datasets.{name}.sampling",
                largest,
                collection.sampling.of_fits(),
                room.memory_there_mb(),
            )


def tables_done(collection):
    """How many tables of a collection are done, of those to do."""
    batches = COLLECTION_BATCHES[collection]
    together = Progress(
        pathlib.Path("results", collection, "batches"),
        {name: len(batch.tables) for name, batch in batches.items()},
    )
    return f"{together.done():,} of {together.to_do:,} tables"


# The folder is this run's alone now, and no job writes yet.
onstart:
    if in_main_process():
        sweep(pathlib.Path("results"))
        try:
            check_room()
        except InputError as error:
            sys.exit(f"partial-pooling: {error}")


# What the terminal shows. After Ctrl-C one line; with the default profile's quiet a line a step, with
# its data set, in place of Snakemake's three.
INTERRUPTION = Interruption()
if in_main_process():
    INTERRUPTION.install()
    filters = [INTERRUPTION]
    if "rules" in {str(quiet) for quiet in workflow.output_settings.quiet or ()}:
        filters.append(ProgressLines(tables_done))
    for handler in logging.getLogger("snakemake.logging").handlers:
        if type(handler).__name__ == "ColorizingTextHandler":
            handler.filters[:0] = filters


# A job that was killed, for its memory for instance, has said nothing itself.
onerror:
    remove_cut_off(bytecode_folders(), STARTED)
    for job in [] if INTERRUPTION else failed_jobs():
        print(
            f"partial-pooling: failed: {job}; its log: {job.log}", file=sys.stderr
        )
    if os.path.isdir(".snakemake/slurm_logs"):
        print("What Slurm said: .snakemake/slurm_logs", file=sys.stderr)


# All but sample_posterior, diagnose_fits, simulate_and_fit and solve_and_fit_tables; without a cluster it means nothing.
localrules:
    all,
    report,
    prepare_data,
    solve_exact,
    collect_diagnostics,
    plot_fits,
    plot_settings,
    plot_study,
    plot_groups,
    render_report,
    write_index,
    certify,
    certificate,
    figures,
    calibration,
    scorecard,


PATH = "[A-Za-z0-9_-]+"
NONE = "(?!)"  # matches nothing


wildcard_constraints:
    # a table of a collection is opened as a data set of its own
    dataset="|".join(
        [*STUDY.datasets, *(f"{name}/{PATH}" for name in STUDY.collections)]
    ),
    collection="|".join(STUDY.collections) or NONE,
    table=PATH,
    model="|".join(STUDY.models),
    batch=r"[\d-]+",


def code(rule_name, *others):
    """Digest of a rule's script, what it imports and its libraries: a change of them reruns it.

    Rules of all data sets together compute no number: versions do not count for them.
    """
    sources = [source(f"workflow/scripts/{rule_name}.py"), *others]

    @functools.cache
    def digest(dataset):
        return code_digest(*sources, versions=versions_of(dataset) if dataset else {})

    return lambda wildcards: digest(
        wildcards.get("dataset") or wildcards.get("collection")
    )


@functools.cache
def versions_of(dataset):
    """Versions as which those installed count for a data set: others, if results were kept."""
    return counted_versions(f"results/{dataset}")


def pictures(category, results="dataset"):
    """Outputs of a rule: each figure as SVG, which `snakemake --report` shows, and as PNG.

    Narrow versions are for pages alone: neither shown there nor drawn as PNG.
    """
    folder = "calibration" if category == "Calibration" else "figures"
    of = "scorecard" if category == "Scorecard" else f"{{{results}}}"
    stems = {
        figure: f"results/{of}/{folder}/{figure.name}"
        for figure in registry.of_category(category)
    }
    outputs = {figure.name: f"{stem}.svg" for figure, stem in stems.items()}
    for figure, stem in stems.items():
        if figure.name in registry.narrow_versions():
            continue
        outputs[figure.name] = report(
            outputs[figure.name],
            caption=f"../report/{figure.name}.rst",
            category=category,
            labels={"data set": of, "figure": figure.title},
        )
        outputs[f"{figure.name}_png"] = f"{stem}.png"
    return outputs


@functools.cache
def table_digest(name):
    """Digest of the data of a table, by `collection/table`, with the names of its groups."""
    try:
        member, groups = STUDY.member(name)
    except InputError as error:
        sys.exit(f"partial-pooling: {error}")
    return sha256(repr((data_digest(groups), groups.names)).encode()).hexdigest()


def settings_of(wildcards):
    """The study's settings as far as they concern one data set, as in a configuration."""
    return STUDY.settings(wildcards.dataset)


def dataset_of(wildcards):
    """A data set; what is no table of a collection, or a bad one, ends the run in one line."""
    try:
        return STUDY.dataset(wildcards.dataset)
    except InputError as error:
        sys.exit(f"partial-pooling: {error}")


def prior_of(wildcards):
    return dataset_of(wildcards).prior.as_dict()


def family_of(wildcards):
    return dataset_of(wildcards).family


def measure_of(wildcards):
    """What theta is; nothing for estimates of which the study says nothing."""
    return dataset_of(wildcards).measure


def reading_of(wildcards):
    """How the file of a data set is read."""
    return reading(dataset_of(wildcards))


def weights_of(wildcards):
    """Weights of the groups by hand, for a model that takes some."""
    return dataset_of(wildcards).weights if wildcards.model in WEIGHTED else []


def data_with_proper_prior(wildcards):
    """The data set, if truths can be drawn; if not, that ends the run in one line."""
    try:
        STUDY.check_calibration(wildcards.dataset)
    except InputError as error:
        sys.exit(f"partial-pooling: {error}")
    return f"results/{wildcards.dataset}/data.csv"


def calibration_digests(wildcards):
    """Digests of what a report shows of a calibration, as far as it is there."""
    return digests_of_calibration(wildcards.dataset, CALIBRATION_SHOWN)


def certified_calibrations(wildcards):
    """Digests of what a certificate digests of calibrations, as far as these are there."""
    names = ["summary.json", "ranks.csv", "fits.csv"]
    return {name: digests_of_calibration(name, names) for name in STUDY.datasets}


def digests_of_calibration(dataset, names):
    """Digests of files of a calibration, as far as they are there."""
    folder = pathlib.Path(f"results/{dataset}/calibration")
    digests = [folder / f".{name}.sha256" for name in names]
    return [path.read_text().strip() for path in digests if path.exists()]


def fits_memory(wildcards, attempt):
    """Memory of a job on a batch of fits, in MB."""
    groups = len(STUDY.groups_of(wildcards.dataset))
    return resources.memory_mb(groups, STUDY.sampling.of_fits(), attempt)


def sampling_runtime(wildcards, threads, attempt):
    """Runtime of sampling a batch, in minutes."""
    sampling = STUDY.sampling
    return resources.sampling_minutes(
        len(STUDY.groups_of(wildcards.dataset)),
        sampling.of_fits(),
        len(BATCHES[wildcards.batch]),
        sampling.sampler,
        threads,
        attempt,
    )


def diagnosis_runtime(wildcards, attempt):
    """Runtime of diagnosing a batch, in minutes."""
    sampling = STUDY.sampling
    return resources.diagnosis_minutes(
        len(STUDY.groups_of(wildcards.dataset)),
        sampling.chains,
        sampling.draws,
        len(BATCHES[wildcards.batch]),
        attempt,
    )


def calibration_memory(wildcards, attempt):
    """Memory of a job on a batch of simulations, in MB."""
    groups = len(STUDY.groups_of(wildcards.dataset))
    return resources.memory_mb(groups, STUDY.calibration, attempt)


def calibration_runtime(wildcards, threads, attempt):
    """Runtime of simulating and fitting a batch, in minutes."""
    return resources.sampling_minutes(
        len(STUDY.groups_of(wildcards.dataset)),
        STUDY.calibration,
        STUDY.calibration.simulations_per_batch,
        "nutpie",
        threads,
        attempt,
    )
