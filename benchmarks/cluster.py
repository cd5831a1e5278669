"""What a cluster costs: a study on a throw-away Slurm beside the same study run locally.

    uv run python benchmarks/cluster.py [--study config/config.yaml] [--fits-per-batch 5]

Both runs have this machine's cores and start in an empty folder. Prints the jobs as Slurm saw them,
both wall times, and what a job costs beside its work: ten jobs that do nothing are submitted, and
their time from submission to start and from start to end is averaged.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "slurm"))
from slurm_cluster import Cluster, missing  # noqa: E402

EMPTY = """
rule all:
    localrule: True
    input: expand("empty-{n}", n=range(10))
rule empty:
    output: "empty-{n}"
    resources: mem_mb=600
    shell: "touch {output}"
"""
# the profile's first look at jobs is after 40 s
OFTEN = ["--slurm-init-seconds-before-status-checks", "5"]


def run(folder: Path, environment: dict[str, str], *arguments: str) -> float:
    """Wall time of Snakemake in a folder, in seconds."""
    start = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        env={k: v for k, v in environment.items() if k != "PYTHONDONTWRITEBYTECODE"},
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        sys.exit(ran.stdout + ran.stderr)
    return time.perf_counter() - start


def times(cluster: Cluster) -> list[tuple[float, float]]:
    """Of each job: seconds from submission to start, and from start to end."""
    shown = cluster.run("scontrol", "show", "job")
    columns = [
        [datetime.fromisoformat(t) for t in re.findall(rf"\b{name}=(\S+T\S+)", shown)]
        for name in ("SubmitTime", "StartTime", "EndTime")
    ]
    return [
        ((start - submit).total_seconds(), (end - start).total_seconds())
        for submit, start, end in zip(*columns, strict=True)
    ]


def main() -> None:
    """Run all and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", type=Path, default=ROOT / "config" / "config.yaml")
    parser.add_argument("--fits-per-batch", type=int, default=5)
    options = parser.parse_args()
    if reason := missing():
        sys.exit(reason)
    study = yaml.safe_load(options.study.read_text())
    study.setdefault("sampling", {})["fits_per_batch"] = options.fits_per_batch
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / name for name in ("local", "cluster", "empty")]
        for folder in folders:
            for name in ("config", "envs", "profiles", "workflow"):
                shutil.copytree(ROOT / name, folder / name)
            shutil.copy(ROOT / "Snakefile", folder)
            (folder / "study.yaml").write_text(yaml.safe_dump(study))
        (folders[2] / "Snakefile").write_text(EMPTY)
        arguments = ["--configfile", "study.yaml"]
        cores = str(os.cpu_count())
        local = run(folders[0], dict(os.environ), "--cores", cores, *arguments)
        profile = ["--profile", "profiles/slurm", *OFTEN]
        with Cluster(cpus=(os.cpu_count() or 2) // 2) as cluster:
            on_cluster = run(folders[1], cluster.environment, *profile, *arguments)
            print(cluster.run("squeue", "-t", "all", "-o", "%.5i %.10T %.8M %.9l %.4C %.7m %R %k"))
            study_times = times(cluster)
            run(folders[2], cluster.environment, *profile, "--jobs", "2")
            empty = times(cluster)[len(study_times) :]
    print(f"local, {cores} cores          {local:6.1f} s")
    print(f"Slurm, {cores} cores in two nodes {on_cluster:6.1f} s, {len(study_times)} jobs")
    for what, column in (("submission to start", 0), ("start to end", 1)):
        mean = sum(job[column] for job in empty) / len(empty)
        print(f"an empty job, {what}: {mean:.1f} s")


if __name__ == "__main__":
    main()
