"""Adapter of rule sample_posterior."""

from functools import partial
from pathlib import Path
from typing import Any

from partial_pooling.data.reading import read_data
from partial_pooling.families.registry import FAMILIES
from partial_pooling.logs import LOGGER, log_to
from partial_pooling.models.parametrizations import build_model, by_hand
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.sampling.conditional import draw_theta
from partial_pooling.sampling.manifests import write_manifest
from partial_pooling.sampling.samplers import sample_fits
from partial_pooling.sampling.settings import SamplerSettings
from partial_pooling.sampling.store import Store
from partial_pooling.study.provenance import provenance


def main(job: Any) -> None:
    params = job.params
    settings = {
        "model": job.wildcards.model,
        "family": params.family,
        "prior": params.prior,
        "sampler": params.sampler,
        **params.settings,
    }
    if params.weights:
        settings["weights"] = params.weights
    origin = provenance(job.input.data, settings)
    shared = {**settings, "data_sha256": origin["data_sha256"], "code": params.code}
    store = Store(Path(job.output.fits).parents[3], shared)
    batch = {(seed, accept): store.find(seed, accept) for seed, accept in params.fits}
    missing = [fit for fit, stored in batch.items() if stored is None]
    LOGGER.info("%d of %d fits found in the store", len(batch) - len(missing), len(batch))
    if missing:  # else nothing is compiled
        groups = read_data(job.input.data)
        prior = parse_hyperprior(params.prior)
        family = FAMILIES[params.family]
        weights = by_hand(params.weights, groups)
        model = build_model(job.wildcards.model, groups, prior, family, weights)
        run = SamplerSettings(**params.settings)
        conditional = partial(draw_theta, groups, family)
        fits = sample_fits(model, params.sampler, missing, run, job.threads, conditional)
        for done, fit in enumerate(fits, len(batch) - len(missing) + 1):
            batch[fit.seed, fit.target_accept] = store.save(fit, groups.names, origin)
            LOGGER.info(
                "fit %d of %d done: seed %d, target_accept %g",
                done,
                len(batch),
                fit.seed,
                fit.target_accept,
            )
    write_manifest(shared, filter(None, batch.values()), job.output.fits)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
