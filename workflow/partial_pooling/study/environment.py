"""The environment in which the workflow's steps run, as far as results depend on it.

Settings of PyTensor, numba and NumPy change how a model is compiled and which instructions run, and
with them draws, in their last digits or wholly. A user may have set them for other work; steps run
with the defaults, whatever the environment or a file in the home folder says.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from partial_pooling.errors import InputError
from partial_pooling.study.bytecode import may_be_cut_off

# Flags of PyTensor that every step has; the rest are its defaults. With fast math, functions that
# numba finds compiled round otherwise than fresh ones, since sums are ordered as inlining suggests.
FLAGS = "floatX=float64,numba__fastmath=False"
# Variables that change results begin so, but for those of the second list, which do not.
CHANGING = (
    "PYTENSOR",
    "NUMBA_",
    "NPY_",
    "GLIBC_TUNABLES",
    "OPENBLAS_CORETYPE",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "BLIS_ARCH_TYPE",
)
HARMLESS = ("NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS")
# Of Python itself: libraries fail without their docstrings, and every start of Snakemake or PyMC
# would compile their sources anew, 5 s a job. On a nearly full disk they do: a step would stumble
# over what another could not write to its end.
OF_PYTHON = ("PYTHONOPTIMIZE", "PYTHONDONTWRITEBYTECODE")
NUMBA_FILE = ".numba_config.yaml"  # numba reads it in the folder where it is started


def of_steps(environment: Mapping[str, str], caches: str) -> dict[str, str]:
    """The environment of a step, made of a user's.

    Parameters
    ----------
    environment
        The user's variables.
    caches
        Folder for compiled models, fonts and the like; nothing goes to the home folder.

    Returns
    -------
    dict
        All variables of the step.

    Raises
    ------
    InputError
        A file of numba's settings lies in the working directory: no variable takes it back.
    """
    if Path(NUMBA_FILE).exists():
        raise InputError(
            f"{NUMBA_FILE}: found settings of numba, which change draws; "
            "allowed: none in the folder in which Snakemake runs"
        )
    kept = {name: value for name, value in environment.items() if not changes_results(name)}
    for name in OF_PYTHON:
        kept.pop(name, None)
    if may_be_cut_off(Path()):
        kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return kept | {
        "PYTENSOR_FLAGS": f"{FLAGS},base_compiledir={caches}/pytensor",
        "PYTENSORRC": os.devnull,
        "MPLCONFIGDIR": f"{caches}/matplotlib",
        "IPYTHONDIR": f"{caches}/ipython",
        "XDG_CACHE_HOME": caches,
    }


def changes_results(name: str) -> bool:
    """Whether a variable of the environment can change results."""
    return name.startswith(CHANGING) and name not in HARMLESS


def recorded(environment: Mapping[str, str]) -> dict[str, str]:
    """What of a process's environment its results depend on, without paths."""
    flags = environment.get("PYTENSOR_FLAGS", "").split(",")
    return {"PYTENSOR_FLAGS": ",".join(flag for flag in flags if "compiledir" not in flag)} | {
        name: environment[name]
        for name in sorted(environment)
        if changes_results(name) and name not in ("PYTENSOR_FLAGS", "PYTENSORRC")
    }
