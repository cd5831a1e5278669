"""A certificate of a study: digests of all numbers that must be equal wherever it is run.

Draws are digested fit by fit and tables row by sorted row, so a certificate does not depend on
how fits were dealt out to batches, nor on the order of the configuration's lists.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from partial_pooling.errors import InputError
from partial_pooling.files import number_or_null, read_json
from partial_pooling.sampling.manifests import read_fits
from partial_pooling.study.calibrated import calibration_of
from partial_pooling.tables import read_metadata, read_parquet, read_table

# Tables, and the columns that say which row is which.
TABLES = {
    "data.csv": ["group"],
    "exact.csv": ["variable"],
    "classical.csv": ["method"],
    "fits.csv": ["model", "target_accept", "seed", "draws"],
    "estimates.csv": ["model", "target_accept", "seed", "draws", "variable"],
    "accuracy.csv": ["model", "target_accept", "draws", "variable"],
}
# The same of a calibration, where there is one.
OF_CALIBRATION = {
    "calibration/ranks.csv": ["model", "simulation", "variable"],
    "calibration/fits.csv": ["model", "simulation"],
}
# The same of a collection, whose draws are not kept.
OF_COLLECTION = {
    "tables.parquet": ["table"],
    "groups.parquet": ["table", "group"],
    "fits.parquet": ["table", "model", "target_accept", "seed", "draws"],
}
# Two runs on different processors are as good as independent: a false alarm in 16,000 means.
AGREE = 4.0
AND = " and "  # between the versions of a mixture


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class _Fit(_Strict):
    arrays: dict[str, str]
    means: dict[str, Annotated[list[float | None], Field(min_length=2, max_length=2)]]


class _Certificate(_Strict):
    """What a certificate holds."""

    platform: dict[str, str]
    versions: dict[str, str]
    tables: Annotated[dict[str, str], Field(min_length=1)]
    fits: dict[str, _Fit]  # none of collections alone, whose draws are not kept


def certify(
    folders: Iterable[Path], batches: Iterable[Path], collections: Iterable[Path] = ()
) -> dict[str, Any]:
    """Digest a finished study.

    Parameters
    ----------
    folders
        Results folders of the data sets.
    batches
        Manifests of the study's batches, each in ``{folder}/fits/{model}/``.
    collections
        Results folders of the collections.

    A calibration of a data set is digested too, if it is of these data and this prior.

    Returns
    -------
    dict
        Plain values: platform, of this process; versions, of the processes that sampled and
        graded (several of one distribution are a mixture, joined by "and"); tables, a digest
        each; fits, by data set, model, seed and target_accept: a digest of each array, and of
        each variable the mean and its MCSE at the largest number of draws.
    """
    folders, collections = sorted(folders), sorted(collections)
    estimates = {folder.name: _last_estimates(folder) for folder in folders}
    fits: dict[str, Any] = {}
    made = {folder: read_json(folder / "provenance.json") for folder in folders}
    used = [provenance["versions"] for provenance in made.values()]
    calibrated = {at: found for at, of in made.items() if (found := calibration_of(at, of))}
    used += [summary["provenance"]["versions"] for summary in calibrated.values()]
    tables = [folder / "tables.parquet" for folder in collections]
    used += [read_metadata(path).get("versions", "{}") for path in tables]
    for path in batches:
        dataset, model = path.parents[2].name, path.parent.name
        for fit in read_fits(path):
            seed, accept = fit["posterior"]["seed"].item(), fit["posterior"]["target_accept"].item()
            rows = estimates[dataset].get_group((model, seed, accept))
            used.append(fit.attrs["versions"])
            fits[f"{dataset}, {model}, seed {seed}, target_accept {accept!r}"] = {
                "arrays": {
                    str(name): _digest(part[name].to_numpy())
                    for part in (fit["posterior"], fit["sample_stats"])
                    for name in sorted(part.data_vars, key=str)
                },
                "means": {
                    variable: [number_or_null(mean), number_or_null(mcse)]
                    for variable, mean, mcse in zip(
                        rows["variable"], rows["mean"], rows["mcse_mean"], strict=True
                    )
                },
            }
    return {
        "platform": {"machine": platform.machine(), "system": platform.system()},
        "versions": _joined(used),
        "tables": {
            f"{folder.name}/{name}": _digest_of_table(folder / name, keys)
            for folder in folders
            for name, keys in TABLES.items()
        }
        | {
            f"{folder.name}/{name}": _digest_of_table(folder / name, keys)
            for folder in calibrated
            for name, keys in OF_CALIBRATION.items()
        }
        | {
            f"{folder.name}/{name}": _digest_of_rows(read_parquet(folder / name), keys)
            for folder in collections
            for name, keys in OF_COLLECTION.items()
        },
        "fits": dict(sorted(fits.items())),
    }


def read_certificate(path: Path) -> dict[str, Any]:
    """Read a certificate.

    Raises
    ------
    InputError
        It cannot be read, is none, holds nothing, or is of a mixture of versions, in which case
        nobody could make the same numbers again.
    """
    try:
        certificate = _Certificate.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; allowed: a certificate.json") from None
    except ValidationError as error:
        fault = error.errors()[0]
        where = ", ".join(map(str, fault["loc"]))
        raise InputError(
            f"{path}: no certificate ({f'{where}: ' if where else ''}{fault['msg']}); "
            "allowed: a file of `snakemake certificate`"
        ) from None
    for name, used in certificate.versions.items():
        if AND in used:
            raise InputError(
                f"{path}: of a mixture of versions, {name} {used}; allowed: of one version each "
                "(delete what the others made, which `partial_pooling verify` lists)"
            )
    return certificate.model_dump()


def compare(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[bool, list[str]]:
    """Compare two certificates.

    Parameters
    ----------
    one, other
        Certificates of `read_certificate`.

    Returns
    -------
    equal : bool
        Whether all digests are equal, that is, all numbers bit for bit.
    lines : list of str
        What differs, a line each; for fits whether their means agree within Monte Carlo error.
    """
    lines = [
        f"{part}: {name} is {one[part].get(name, 'absent')} in the first, "
        f"{other[part].get(name, 'absent')} in the second"
        for part in ("platform", "versions")
        for name in sorted({*one[part], *other[part]})
        if one[part].get(name) != other[part].get(name)
    ]
    differing = 0
    for part in ("tables", "fits"):
        for name in sorted({*one[part], *other[part]}):
            here, there = one[part].get(name), other[part].get(name)
            if here == there:
                continue
            differing += 1
            if here is None or there is None:
                lines.append(f"{name}: only in the {'second' if here is None else 'first'}")
            elif part == "tables":
                lines.append(f"{name}: differs")
            else:
                lines.append(f"{name}: {_how_fits_differ(here, there)}")
    total = len({*one["tables"], *other["tables"]}) + len({*one["fits"], *other["fits"]})
    summary = (
        f"equal bit for bit: {total} tables and fits"
        if not differing
        else f"{differing} of {total} tables and fits differ"
    )
    return not differing, [summary, *lines]


def _how_fits_differ(here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    arrays = [
        name for name, digest in here["arrays"].items() if there["arrays"].get(name) != digest
    ]
    if set(here["means"]) != set(there["means"]):
        return f"{', '.join(arrays)} differ, of different variables"
    distance = {}
    for variable, (mean, error) in here["means"].items():
        other_mean, other_error = there["means"][variable]
        if None not in (mean, error, other_mean, other_error):
            scale = math.hypot(error, other_error)
            distance[variable] = abs(mean - other_mean) / scale if scale else 0.0
    if not distance:
        return f"{', '.join(arrays) or 'means'} differ; no mean has a Monte Carlo error"
    variable = max(distance, key=distance.__getitem__)
    verdict = "agree" if distance[variable] <= AGREE else "do not agree"
    return (
        f"{', '.join(arrays) or 'means'} differ; means {verdict} within Monte Carlo error "
        f"(largest distance {distance[variable]:.1f} standard errors, {variable})"
    )


def _joined(used: Iterable[str]) -> dict[str, str]:
    """Versions by distribution, of several processes: each once."""
    found: dict[str, set[str]] = {}
    for versions in map(json.loads, dict.fromkeys(used)):
        for name, version in versions.items():
            found.setdefault(name, set()).add(version)
    return {name: AND.join(sorted(versions)) for name, versions in found.items()}


def _last_estimates(folder: Path) -> Any:
    """Group the estimates at the largest number of draws by model, seed and target_accept."""
    table = read_table(folder / "estimates.csv")
    last = table[table["draws"] == table["draws"].max()]
    return last.groupby(["model", "seed", "target_accept"])


def _digest(array: np.ndarray[Any, Any]) -> str:
    """Digest of the values with their type and shape."""
    head = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()


def _digest_of_table(path: Path, keys: list[str]) -> str:
    """Digest of a table's text, its rows sorted; which batch held a fit is left out."""
    table = read_table(path, dtype=str, keep_default_na=False)
    return _digest_of_rows(table.drop(columns="batch", errors="ignore"), keys)


def _digest_of_rows(table: pd.DataFrame, keys: list[str]) -> str:
    """Digest of a table's text, numbers to the last bit, its rows sorted."""
    return hashlib.sha256(table.sort_values(keys).to_csv(index=False).encode()).hexdigest()
