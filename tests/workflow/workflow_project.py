"""A copy of the project in which Snakemake runs for real."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
LECTURE = {
    "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
    "tau": {"dist": "HalfCauchy", "beta": 5},
}
TINY = {
    "datasets": {"schools": {"path": "config/datasets/eight_schools.csv", "prior": LECTURE}},
    "sampling": {
        "seeds": [1, 2],
        "draws": [50, 100],
        "target_accept": [0.8, 0.95],
        "tune": 200,
        "chains": 2,
        "fits_per_batch": 4,
    },
}
COMPARED = {".csv", ".json", ".svg", ".png", ".html", ".nc", ".ipynb", ".parquet"}
# What these hold is not a result: times, and the parts in which a collection came to be computed,
# which are others after a kill.
NOT_RESULTS = {"logs", "benchmarks", "store", "batches"}


@dataclass(frozen=True)
class Project:
    """A folder with a copy of the project."""

    folder: Path

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def snakemake(self, *arguments, study="tiny.yaml", check=True, environment=None):
        """Run Snakemake in the folder; give the finished process with its output."""
        library = {"PYTHONPATH": str(self.folder / "workflow")}
        environment = os.environ | library | (environment or {})
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [sys.executable, "-m", "snakemake", "--configfile", study, *arguments]
        process = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True
        )
        output = process.stdout + process.stderr
        assert not check or process.returncode == 0, output
        return process

    def planned(self, *arguments, **options):
        """Number of jobs a rule that a run would start."""
        process = self.snakemake(
            "--dry-run", *arguments, "--quiet", "rules", "reason", "host", **options
        )
        counts = {}
        for line in (process.stdout + process.stderr).splitlines():
            words = line.split()
            if len(words) == 2 and words[1].isdigit():
                counts[words[0]] = int(words[1])
        return counts

    def command(self, *arguments):
        """Run `partial_pooling` in the folder; give the finished process."""
        return subprocess.run(
            [sys.executable, "-m", "partial_pooling", *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder / "workflow")},
            capture_output=True,
            text=True,
            check=True,
        )

    def write_study(self, study, name="tiny.yaml"):
        (self.folder / name).write_text(yaml.safe_dump(study))
        return name


def copy_project(folder: Path) -> Project:
    """Copy what a fresh clone holds (and files not yet committed) to a folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    project = Project(folder)
    project.write_study(TINY)
    return project


def results_of(project):
    """Bytes of every result there is."""
    found = {}
    for path in project.results.rglob("*"):
        name = path.relative_to(project.results)
        a_result = not NOT_RESULTS & set(name.parts) and name.name != "certificate.json"
        a_result &= not name.name.endswith(".times.csv")
        if a_result and path.suffix in COMPARED and not name.name.startswith("."):
            found[str(name)] = path.read_bytes()
    return found


def start(project, *arguments, output=subprocess.DEVNULL):
    """Start Snakemake in a process group of its own."""
    environment = os.environ | {"PYTHONPATH": str(project.folder / "workflow")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "snakemake",
            "--configfile",
            "tiny.yaml",
            "--cores",
            "4",
            *arguments,
        ],
        cwd=project.folder,
        env=environment,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes_in(folder):
    """Ids of the processes that work in a folder, children of children included."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve().is_relative_to(folder):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def command_of(process):
    """The command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def victims_of(kind, process, folder):
    """Wait for the processes of a kind to be there; empty if the run ended before."""
    if kind == "snakemake":
        return [process.pid]
    while process.poll() is None:
        alive = processes_in(folder)
        # a step's script runs under a name that ends like it
        found = [one for one in alive if kind == "all" or kind in command_of(one)]
        if found:
            return found
        time.sleep(0.05)
    return []


def kill(processes):
    """Kill processes as a power cut would; those that have ended are let be."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
