"""What a script of the workflow has imported when its `main` would start."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

# Each in a process of its own, forked from one that has imported what is slow: as many starts of
# Pandas and SciPy would take a minute.
PROGRAM = """
import json, os, runpy, sys
import arviz_stats.base, arviz_stats.ecdf_utils, matplotlib.figure, nbformat, pandas
import scipy.optimize, scipy.stats, xarray, yaml
from importlib import import_module
for script, *others in json.loads(sys.argv[1]):
    if os.fork() == 0:
        runpy.run_path(script)
        for name in others:
            import_module(name)
        files = [m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "partial_pooling"]
        print(json.dumps([script, files]), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, script
"""


def files_imported(scripts: Iterable[tuple[str, ...]]) -> dict[str, set[Path]]:
    """Files of the library that each script imports, by its stem.

    A script comes with the names of modules that it imports later.
    """
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(list(scripts))],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = map(json.loads, ran.stdout.splitlines())
    return {Path(script).stem: {Path(file) for file in files} for script, files in lines}
