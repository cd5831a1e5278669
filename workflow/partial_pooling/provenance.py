"""Where a result comes from: data, settings, versions, commit; and what code it rests on."""

from __future__ import annotations

import ast
import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).parent
PACKAGES = ("pymc", "nutpie", "arviz", "numpy", "snakemake")


def provenance(data: str | Path, settings: Mapping[str, Any]) -> dict[str, str]:
    """Describe a result in strings that a NetCDF attribute or a report can hold.

    Parameters
    ----------
    data
        The data file whose SHA-256 is taken.
    settings
        What of the configuration the result depends on.

    Returns
    -------
    dict
        Keys data_sha256, settings (JSON), versions (JSON), git_commit, git_dirty. No date,
        duration or path: equal inputs give equal bytes.
    """
    commit, dirty = git_state()
    return {
        "data_sha256": hashlib.sha256(Path(data).read_bytes()).hexdigest(),
        "settings": json.dumps(settings, sort_keys=True),
        "versions": json.dumps(versions()),
        "git_commit": commit,
        "git_dirty": dirty,
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that the numbers depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


@cache
def git_state() -> tuple[str, str]:
    """Commit of the workflow, and whether tracked files differ from it: `true` or `false`.

    Both are `unknown` where there is no git or no repository.
    """

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(LIBRARY), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        dirty = git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown", "unknown"
    return commit, "true" if dirty else "false"


def code_digest(*sources: str | Path) -> str:
    """Digest of the library modules that scripts or notebooks import, directly or through others.

    Snakemake sees a change of the script but not of what it imports; as a param this digest
    lets it rerun a step exactly when code of that step changed.
    """
    digest = hashlib.sha256()
    modules = set[Path]().union(*(library_modules(Path(source)) for source in sources))
    for module in sorted(modules):
        digest.update(module.name.encode() + b"\0" + module.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def library_modules(source: Path) -> set[Path]:
    """Files of this library that a script or notebook imports, transitively; nothing is run."""
    found: set[Path] = set()
    to_read = [source]
    while to_read:
        for module in _imports(to_read.pop()) - found:
            found.add(module)
            to_read.append(module)
    return found


@cache
def _imports(source: Path) -> frozenset[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(_code(source))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    package = LIBRARY.name
    files = {
        LIBRARY / f"{name.removeprefix(package + '.')}.py"
        for name in names
        if name.startswith(package + ".")
    }
    if any(name.partition(".")[0] == package for name in names):
        files.add(LIBRARY / "__init__.py")
    return frozenset(file for file in files if file.exists())


def _code(source: Path) -> str:
    text = source.read_text(encoding="utf-8")
    if source.suffix != ".ipynb":
        return text
    cells = (cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
    return "\n".join("".join(cell["source"]) for cell in cells)
