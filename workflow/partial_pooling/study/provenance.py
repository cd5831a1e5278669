"""Where a result comes from: data, settings, versions, commit."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from partial_pooling.study.environment import recorded

# The distributions that stand behind an import, as far as numbers or figures come from them.
# PyMC and nutpie let PyTensor compile a model, through numba and LLVM. Carriers that hand numbers
# on as they are (xarray, netCDF4, pyarrow) are left out.
_COMPILER = ("pytensor", "numba", "llvmlite", "numpy", "scipy")
DISTRIBUTIONS = {
    "pymc": ("pymc", *_COMPILER),
    "nutpie": ("nutpie", *_COMPILER),
    "pytensor": _COMPILER,
    "numba": ("numba", "llvmlite", "numpy"),
    "arviz": ("arviz", "arviz-base", "arviz-stats", "arviz-plots", "numpy", "scipy"),
    "arviz_base": ("arviz-base", "numpy"),
    "arviz_stats": ("arviz-stats", "arviz-base", "numpy", "scipy"),
    "arviz_plots": ("arviz-plots", "arviz-base", "arviz-stats", "numpy", "scipy"),
    "numpy": ("numpy",),
    "scipy": ("scipy", "numpy"),
    "pandas": ("pandas", "numpy"),
    "matplotlib": ("matplotlib", "numpy"),
}


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
        Keys data_sha256, settings (JSON), versions (JSON), environment (JSON, see
        `environment.recorded`), git_commit, git_dirty. No date, duration or path: equal inputs
        give equal bytes.
    """
    commit, dirty = git_state()
    return {
        "data_sha256": hashlib.sha256(Path(data).read_bytes()).hexdigest(),
        "settings": json.dumps(settings, sort_keys=True),
        "versions": json.dumps(versions()),
        "environment": json.dumps(recorded(os.environ)),
        "git_commit": commit,
        "git_dirty": dirty,
    }


def versions() -> dict[str, str]:
    """Versions of Python, of Snakemake and of all distributions that numbers can come from."""
    counted = dict.fromkeys(name for names in DISTRIBUTIONS.values() for name in names)
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in (*counted, "snakemake")},
    }


@cache
def _version(distribution: str) -> str:
    # Snakemake may be started from an environment that lacks what only the steps need.
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


@cache
def git_state() -> tuple[str, str]:
    """Commit of the workflow, and whether tracked files differ from it: `true` or `false`.

    Both are `unknown` where there is no git or no repository.
    """

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(Path(__file__).parent), *arguments],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        dirty = git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown", "unknown"
    return commit, "true" if dirty else "false"
