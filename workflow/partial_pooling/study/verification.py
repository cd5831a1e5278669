"""Whether the files of a study are what its steps wrote: `partial_pooling verify`.

Every file is read once and held against `SHA256SUMS` and against its own seal.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from partial_pooling.errors import InputError
from partial_pooling.files import Seal, read_seal, seal_of, sha256_of
from partial_pooling.sampling.manifests import read_manifest
from partial_pooling.sampling.store import read_attributes
from partial_pooling.study.contents import NAME, files_of, read_contents
from partial_pooling.study.housekeeping import MANIFESTS, is_temporary
from partial_pooling.study.kept import counted_versions
from partial_pooling.study.provenance import DISTRIBUTIONS

MEGABYTE = 1e6
SAMPLED = ("python", "nutpie", *DISTRIBUTIONS["pymc"])  # on which draws depend
AND_PAGES = "then the figures and pages that show it"
# What Snakemake makes anew of a file that is deleted, by the first pattern that it has.
REMADE = {
    "index.html": "the index",
    "certificate.json": "the certificate (target `certificate`)",
    NAME: "this list, from the seals, by any run",
    "fits/*.nc": f"this fit, by sampling; its diagnostics, {AND_PAGES}",
    "*/fits/*/batch-*.json": f"the manifest, of fits that are there; diagnostics, {AND_PAGES}",
    "*/calibration/*/batch-*": "these simulations (target `calibration`)",
    "*/calibration/*": "tables and figures of the calibration (target `calibration`)",
    "*/store/*.parquet": "the answers of the tables in it, and the collection's page",
    "*/batches/*.json": "the batch, of what is in the store, and the collection's page",
    "*/diagnostics/*": f"the diagnostics of the batch; tables, {AND_PAGES}",
    "*/figures/*": "the figures of its step, then the pages that show them",
    "*/report.*": "the report and the index",
    "*/index.html": "the collection's page and the index",
    "*/data.csv": "the data and all that rests on them; fits that are there are found again",
    "*/estimates.csv": f"the tables and the verdict, {AND_PAGES}",
    "*/fits.csv": f"the tables and the verdict, {AND_PAGES}",
    "*/accuracy.csv": f"the tables and the verdict, {AND_PAGES}",
    "*/verdict.json": f"the tables and the verdict, {AND_PAGES}",
    "*/provenance.json": f"the tables and the verdict, {AND_PAGES}",
    "*/kept.json": "nothing: run `partial_pooling keep` again",
    "*.parquet": "the collection's tables, and its page",
    "*/population.json": "the collection's tables, and its page",
    "*": f"the exact and classical answers; diagnostics, {AND_PAGES}",
}


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written.

    Attributes
    ----------
    path
        The file.
    what
        What is wrong.
    remedy
        What to do about it.
    delete
        Whether to delete the file.
    """

    path: Path
    what: str
    remedy: str
    delete: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.remedy}"


def verify(results: Path) -> tuple[bool, list[str]]:
    """Hold the files of a folder of results against what was written.

    Parameters
    ----------
    results
        The results folder of one or more studies.

    Returns
    -------
    right : bool
        Whether nothing was found.
    lines : list of str
        What was found, a line each with what to do; the last says how much was read.

    Raises
    ------
    InputError
        The folder holds no results.
    """
    paths = list(files_of(results))
    if not paths:
        raise InputError(f"{results}: found no results; allowed: a folder that Snakemake filled")
    findings: list[Finding] = []
    listed: dict[str, str] | None = None
    try:
        listed = read_contents(results)
    except InputError as error:
        findings.append(
            Finding(results / NAME, _why(error), _remade(NAME), (results / NAME).exists())
        )
    with ThreadPoolExecutor(os.process_cpu_count()) as pool:
        found = dict(zip(paths, pool.map(_sha256, paths), strict=True))
    without_seal = [path for path in paths if not seal_of(path).exists()]
    for path, sha256 in found.items():
        place = path.relative_to(results).as_posix()
        # in a copy without hidden files no seal is there: then none is missed
        bare = len(without_seal) == len(paths)
        finding = _of_file(path, place, sha256, listed, bare)
        findings += [finding] if finding else []
    findings += _missing(results, listed or {})
    findings += _left_over(results)
    findings += _of_other_versions(results)
    size = sum(path.stat().st_size for path in paths) / MEGABYTE
    lines = [str(finding) for finding in findings]
    if len(without_seal) == len(paths) and listed:
        lines.append("no seals are there (a copy without hidden files?): held against the list")
    delete = [str(finding.path) for finding in findings if finding.delete]
    if delete:
        lines.append(f"to delete: {' '.join(delete)}")
    told = f"{len(findings)} findings" if findings else "all as they were written"
    return not findings, [*lines, f"{len(paths)} files, {size:,.1f} MB: {told}"]


def _sha256(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        return error.strerror or "cannot be read"


def _of_file(
    path: Path, place: str, sha256: str, of_list: Mapping[str, str] | None, bare: bool
) -> Finding | None:
    """What is wrong with a file that is there; `bare` is a folder without any seal."""
    try:
        seal = read_seal(path) if seal_of(path).exists() else None
    except (OSError, ValueError):
        seal = Seal("", "")
    # without a list, seals have to do
    listed = of_list.get(place) if of_list is not None else seal and seal.sha256
    delete = f"delete it; made anew: {_remade(place)}"
    if seal is None:
        if listed is None:
            return Finding(path, "foreign: no step wrote it here", "delete or move it", True)
        if listed != sha256:
            return Finding(path, "damaged", delete, True)
        return None if bare else Finding(path, "its seal is gone", "any run writes it anew")
    whole = seal.sha256 == sha256
    if whole and seal.place in (place, ""):
        if listed == sha256:
            return None
        return Finding(path, f"not as {NAME} has it, but whole", "any run writes the list anew")
    if whole and listed != sha256:
        return Finding(path, f"foreign: it was written as {seal.place}", "delete or move it", True)
    if listed == sha256:
        return Finding(seal_of(path), "damaged seal", "delete it; any run writes it anew", True)
    return Finding(path, "damaged", delete, True)


def _missing(results: Path, listed: Mapping[str, str]) -> Iterator[Finding]:
    for place in listed:
        if not (results / place).exists():
            yield Finding(
                results / place,
                "missing",
                f"run Snakemake, or delete {NAME} if it was to go; made anew: {_remade(place)}",
            )


def _left_over(results: Path) -> Iterator[Finding]:
    """Hidden files that are no seals of files."""
    for path in sorted(results.rglob(".*")):
        of = path.with_name(path.name.removeprefix(".").removesuffix(".sha256"))
        if not path.is_file():
            continue
        if is_temporary(path):
            yield Finding(path, "left by a run that was killed", "the next run removes it")
        elif seal_of(of) != path:
            yield Finding(path, "foreign: no step wrote it here", "delete or move it", True)


def _of_other_versions(results: Path) -> Iterator[Finding]:
    """Results and fits of other versions than those that are installed or kept."""
    kept: dict[str, dict[str, str]] = {}
    for path in sorted(results.glob("*/provenance.json")):
        counted = kept[path.parent.name] = _counted(path.parent)
        yield from _other_versions(path, _content(path).get("versions", "{}"), counted)
    for path in sorted(results.glob("*/calibration/summary.json")):
        made = _content(path).get("provenance", {}).get("versions", "{}")
        yield from _other_versions(path, made, _counted(path.parents[1]))
    for path in sorted(results.glob("*/tables.parquet")):
        from partial_pooling.tables import read_metadata  # Pandas, for collections alone

        try:
            made = read_metadata(path).get("versions", "{}")
        except InputError:
            continue  # found already
        yield from _other_versions(path, made, _counted(path.parent))
    seen = set()
    for manifest in sorted(results.glob(f"*/{MANIFESTS}")):
        counted = _counted(manifest.parents[2])
        try:
            fits = [results / fit.file for fit in read_manifest(manifest).fits]
            for path in (fit for fit in fits if fit not in seen):
                seen.add(path)
                made = read_attributes(path).get("versions", "{}")
                sampled = {name: counted[name] for name in SAMPLED if name in counted}
                yield from _other_versions(path, made, sampled)
        except InputError:
            continue  # found already


def _other_versions(path: Path, made: str, counted: Mapping[str, str]) -> Iterator[Finding]:
    try:
        of_file = json.loads(made)
    except ValueError:
        return
    other = [
        f"{name} {of_file[name]}, not {version}"
        for name, version in counted.items()
        if name != "snakemake" and of_file.get(name, version) != version
    ]
    if other:
        yield Finding(
            path,
            f"of other versions: {'; '.join(other)}",
            "Snakemake makes it anew, unless `partial_pooling keep` is run before",
        )


def _counted(folder: Path) -> dict[str, str]:
    try:
        return counted_versions(folder)
    except (InputError, ValueError):
        return {}  # a damaged kept.json is found as such


def _content(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content


def _why(error: InputError) -> str:
    return "missing" if "missing" in str(error) else "damaged; delete it"


def _remade(place: str) -> str:
    return next(said for pattern, said in REMADE.items() if fnmatchcase(place, pattern))
