"""What all rules share: names of wildcards, and digests of the code that a rule runs."""

from partial_pooling.provenance import code_digest
from partial_pooling.sampling import batches

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


wildcard_constraints:
    dataset="|".join(STUDY.datasets),
    model="|".join(STUDY.models),
    batch=r"\d+",


def code(rule_name, *others):
    """Digest of the library modules that a rule's script imports: a change of them reruns it."""
    return code_digest(f"{workflow.basedir}/workflow/scripts/{rule_name}.py", *others)


def settings_of(wildcards):
    """The study's settings as far as they concern one data set, as in a configuration."""
    return STUDY.settings(wildcards.dataset)


def dataset_of(wildcards):
    return STUDY.datasets[wildcards.dataset]


def prior_of(wildcards):
    return dataset_of(wildcards).prior.as_dict()
