"""Adapter of rule plot_settings."""

from pathlib import Path
from typing import Any

from partial_pooling.figures.drawing import draw
from partial_pooling.figures.style import save
from partial_pooling.files import read_dataset
from partial_pooling.logs import log_to
from partial_pooling.sampling.manifests import read_fits


def main(job: Any) -> None:
    ((function, *needs),) = job.params.figures.values()
    curves = read_dataset(job.input.curves)
    for path in job.input.fits:
        model = Path(path).parent.name
        for fit in read_fits(path, job.params.draws):
            if fit["posterior"]["seed"].item() == job.params.seed:
                name = f"{model}_{fit['posterior']['target_accept'].item():g}"
                given = {"fits": {model: fit}, "curves": curves}
                figure = draw(function, needs, given, job.params.measure)
                save(figure, job.output[name])


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
