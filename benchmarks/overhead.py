"""What the workflow costs beside the sampling that it cannot do without.

    uv run python benchmarks/overhead.py [--cores 4] [--cells 10]

One call times three ways to run the default study (2 models x 5 target_accepts x 5 seeds, 10,000
draws in 4 chains), and prints the ratios:

floor       one process that imports once, compiles each model once and runs all fits
pipeline    this workflow, from a prepared environment to the HTML, in an empty folder
job a cell  a plain Snakemake workflow that gives each of the 250 cells (a fit at one number of
            draws) a job of its own; a stated sample of its jobs is run and scaled to 250

Each starts with empty caches of compiled models and fonts. The machine should be idle. Bytecode
caching is on: PYTHONDONTWRITEBYTECODE is removed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
STUDY = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
SAMPLING = STUDY["sampling"]
CELLS = (
    len(STUDY["models"])
    * len(SAMPLING["seeds"])
    * len(SAMPLING["target_accept"])
    * len(SAMPLING["draws"])
)

FLOOR = """
import sys
import numpy as np, nutpie, pymc as pm
y = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
sigma = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
for centered in (True, False):
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 5), pm.HalfCauchy("tau", 5)
        if centered:
            theta = pm.Normal("theta", mu, tau, shape=8)
        else:
            theta = pm.Deterministic("theta", mu + tau * pm.Normal("nu", 0, 1, shape=8))
        pm.Normal("y", theta, sigma, observed=y)
    compiled = nutpie.compile_pymc_model(model)
    for seed in {seeds}:
        for target_accept in {target_accept}:
            nutpie.sample(compiled, draws={draws}, tune={tune}, chains={chains}, cores={cores},
                          seed=seed, target_accept=target_accept, progress_bar=False)
"""

# The plain way: every cell samples for itself, and its script imports and compiles for itself.
PLAIN_SNAKEFILE = """
from itertools import product
CELLS = list(product(["True", "False"], {seeds}, {target_accept}, {draws}))
PICKED = CELLS[:: max(1, len(CELLS) // {count})][:{count}]
rule all:
    input: ["cell-{{}}-{{}}-{{}}-{{}}.csv".format(*cell) for cell in PICKED]
rule cell:
    output: "cell-{{centered}}-{{seed}}-{{accept}}-{{draws}}.csv"
    script: "cell.py"
"""
PLAIN_SCRIPT = """
import arviz_stats, numpy as np, nutpie, pymc as pm
w = snakemake.wildcards
y = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
sigma = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
with pm.Model() as model:
    mu, tau = pm.Normal("mu", 0, 5), pm.HalfCauchy("tau", 5)
    if w.centered == "True":
        theta = pm.Normal("theta", mu, tau, shape=8)
    else:
        theta = pm.Deterministic("theta", mu + tau * pm.Normal("nu", 0, 1, shape=8))
    pm.Normal("y", theta, sigma, observed=y)
fit = nutpie.sample(nutpie.compile_pymc_model(model), draws=int(w.draws), tune={tune},
                    chains={chains}, cores=1, seed=int(w.seed), target_accept=float(w.accept),
                    progress_bar=False)
arviz_stats.summary(fit, var_names=["mu", "tau", "theta"]).to_csv(snakemake.output[0])
"""


def timed(command: list[str], folder: Path) -> float:
    """Wall time of a command, in seconds; its output is shown if it fails."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTENSOR_FLAGS"] = f"base_compiledir={folder}/pytensor"
    environment["MPLCONFIGDIR"] = f"{folder}/matplotlib"
    start = time.perf_counter()
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if ran.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{ran.stdout}{ran.stderr}")
    return seconds


def floor(folder: Path) -> float:
    """Time one process with all fits."""
    program = FLOOR.format(
        seeds=SAMPLING["seeds"],
        target_accept=SAMPLING["target_accept"],
        draws=max(SAMPLING["draws"]),
        tune=SAMPLING["tune"],
        chains=SAMPLING["chains"],
        cores=min(os.cpu_count() or 1, SAMPLING["chains"]),
    )
    return timed([sys.executable, "-c", program], folder)


def pipeline(folder: Path, cores: int) -> float:
    """Time the workflow in an empty folder."""
    shutil.copytree(ROOT / "config", folder / "config")
    snakefile = str(ROOT / "Snakefile")
    command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--cores", str(cores)]
    seconds = timed(command, folder)
    assert (folder / "results" / "index.html").exists()
    return seconds


def job_a_cell(folder: Path, cores: int, count: int) -> tuple[float, float]:
    """Time of the plain workflow for a sample of cells, and scaled to all."""
    (folder / "Snakefile").write_text(PLAIN_SNAKEFILE.format(count=count, **SAMPLING))
    (folder / "cell.py").write_text(PLAIN_SCRIPT.format(**SAMPLING))
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--quiet", "all"]
    start_up = timed([*command, "--dry-run"], folder)
    seconds = timed(command, folder)
    return seconds, start_up + (seconds - start_up) * CELLS / count


def main() -> None:
    """Run the three and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cores", type=int, default=4)
    parser.add_argument("--cells", type=int, default=10, help="cells of the plain workflow to run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / name for name in ("warm", "floor", "pipeline", "plain")]
        for folder in folders:
            folder.mkdir()
        # compile the bytecode of all imports first, so that no way pays for another's
        timed(
            [sys.executable, "-c", "import nutpie, pymc, arviz, papermill, nbconvert"], folders[0]
        )
        of_floor = floor(folders[1])
        of_pipeline = pipeline(folders[2], options.cores)
        of_sample, of_plain = job_a_cell(folders[3], options.cores, options.cells)
    print(f"{os.cpu_count()} cores, snakemake --cores {options.cores}, {CELLS} cells")
    print(f"floor       {of_floor:7.1f} s")
    print(f"pipeline    {of_pipeline:7.1f} s   {of_pipeline / of_floor:.2f} x floor (to reach: 2)")
    print(
        f"job a cell  {of_plain:7.1f} s   {of_plain / of_pipeline:.1f} x pipeline (to reach: 15); "
        f"scaled from {options.cells} jobs that took {of_sample:.1f} s"
    )


if __name__ == "__main__":
    main()
