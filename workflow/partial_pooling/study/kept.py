"""Results kept after an upgrade: which versions count as those that made them.

`results/{dataset}/kept.json` holds, by distribution, `{"version": "version it counts as"}`. While
it says so of an installed version, digests of code (`digest.code_digest`) are what they were before
the upgrade, so nothing runs again for it; all else reruns a step as ever.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from partial_pooling.errors import InputError
from partial_pooling.files import read_json, sha256_of, write_json
from partial_pooling.sampling.store import FOLDER as STORE
from partial_pooling.sampling.store import read_attributes
from partial_pooling.study.contents import write_contents
from partial_pooling.study.provenance import versions

Kept = dict[str, dict[str, str]]


def read_kept(folder: str | Path) -> Kept:
    """What `kept.json` of a data set's results says; nothing where there is none."""
    path = Path(folder) / "kept.json"
    if not path.exists():
        return {}
    kept: Kept = read_json(path)
    return kept


def counted_versions(folder: str | Path) -> dict[str, str]:
    """Versions as which those that are installed count for a data set's results."""
    kept = read_kept(folder)
    return {name: kept.get(name, {}).get(found, found) for name, found in versions().items()}


def provenance_of_kept(folder: str | Path) -> dict[str, str]:
    """What a provenance says besides, where results were kept: `kept`, in JSON."""
    kept = read_kept(folder)
    return {"kept": json.dumps(kept)} if kept else {}


def keep(results: str | Path) -> list[str]:
    """Keep all results of a folder under the versions that are installed now.

    Results count as made by these versions from now on, and their provenance names both. What
    made them stands in them and is not changed: no date of a file changes, nothing is rendered.

    Parameters
    ----------
    results
        The results folder of one or more studies.

    Returns
    -------
    list of str
        A line a data set: what was kept.

    Raises
    ------
    InputError
        The folder holds no results, or damaged ones.
    """
    # tables of collections that were opened as studies are a level deeper
    paths = sorted([*Path(results).glob("*"), *Path(results).glob("*/*")])
    folders = [path for path in paths if _made_with(path)]
    if not folders:
        raise InputError(f"{results}: no results found; allowed: a folder that Snakemake filled")
    lines = [f"{folder}: {_keep(folder)}" for folder in folders]
    write_contents(Path(results))
    return lines


def _keep(folder: Path) -> str:
    kept, made, new = read_kept(folder), _made_with(folder), []
    for name, installed in versions().items():
        # the results may themselves have been made while an older version was kept
        counted = kept.get(name, {}).get(made.get(name, installed), made.get(name, installed))
        if kept.get(name, {}).get(installed, installed) != counted:
            kept.setdefault(name, {})[installed] = counted
            new.append(f"{name} {counted} under {installed}")
    if not new:
        return "made or kept with the versions installed now"
    write_json(kept, folder / "kept.json")
    path = folder / "provenance.json"
    if path.exists():
        before = path.stat()
        write_json({**read_json(path), **provenance_of_kept(folder)}, path)
        # else Snakemake would render the report anew, whose numbers are the same
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return f"kept what was made with {', '.join(new)}"


def _made_with(folder: Path) -> dict[str, str]:
    """Versions that made a data set's results; of an interrupted study, its latest fit."""
    made: dict[str, str] = {}
    if (folder / "tables.parquet").exists():
        from partial_pooling.tables import read_metadata  # Pandas; the Snakefile needs none

        made |= json.loads(read_metadata(folder / "tables.parquet").get("versions", "{}"))
    elif (folder / "provenance.json").exists():
        made |= json.loads(read_json(folder / "provenance.json")["versions"])
    elif (folder / "data.csv").exists():
        data = sha256_of(folder / "data.csv")
        stored = (folder.parent / STORE).glob("[!.]*.nc")
        for path in sorted(stored, key=lambda path: path.stat().st_mtime_ns, reverse=True):
            attributes = read_attributes(path)
            if attributes.get("data_sha256") == data:
                made |= json.loads(attributes["versions"])
                break
    return made
