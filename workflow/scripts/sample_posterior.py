"""Adapter of rule sample_posterior."""

from typing import Any

from partial_pooling.data.reading import read_groups
from partial_pooling.logs import LOGGER, log_to
from partial_pooling.models.parametrizations import build_model
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.sampling.fits import writing_batch
from partial_pooling.sampling.samplers import Settings, sample_fits
from partial_pooling.study.provenance import provenance


def main(job: Any) -> None:
    groups = read_groups(job.input.data)
    model = build_model(job.wildcards.model, groups, parse_hyperprior(job.params.prior))
    settings = Settings(
        draws=job.params.draws,
        tune=job.params.tune,
        chains=job.params.chains,
        max_treedepth=job.params.max_treedepth,
        cores=job.threads,
    )
    fits = [(seed, target_accept) for seed, target_accept in job.params.fits]
    shared = ("prior", "sampler", "draws", "tune", "chains", "max_treedepth")
    attributes = provenance(
        job.input.data,
        {"model": job.wildcards.model, **{name: job.params.get(name) for name in shared}},
    )
    with writing_batch(
        job.output.fits, groups.names, len(fits), settings.chains, settings.draws, attributes
    ) as batch:
        for done, fit in enumerate(sample_fits(model, job.params.sampler, fits, settings), 1):
            batch.append(fit)
            LOGGER.info(
                "fit %d of %d done: seed %d, target_accept %g",
                done,
                len(fits),
                fit.seed,
                fit.target_accept,
            )


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
