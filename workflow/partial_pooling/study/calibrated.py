"""The calibration that belongs to a data set's results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from partial_pooling.families.normal import NORMAL
from partial_pooling.files import read_json
from partial_pooling.priors.priors import parse_hyperprior

SUMMARY = "calibration/summary.json"


def calibration_of(folder: Path, provenance: Mapping[str, str]) -> dict[str, Any] | None:
    """What a calibration's summary says; none where there is none of these data and this prior.

    Parameters
    ----------
    folder
        Results of a data set. A calibration stays there when its data, family or prior change,
        until `snakemake calibration` is run again.
    provenance
        Of these results.
    """
    if not (folder / SUMMARY).exists():
        return None
    summary = read_json(folder / SUMMARY)
    (dataset,) = json.loads(provenance["settings"])["datasets"].values()
    settings = json.loads(summary["provenance"]["settings"])
    family = dataset.get("family", NORMAL.name)
    of_these = (
        summary["provenance"]["data_sha256"] == provenance["data_sha256"]
        and settings["prior"] == parse_hyperprior(dataset["prior"]).as_dict()
        and settings.get("family", family) == family
    )
    return summary if of_these else None
