"""The workflow on a real Slurm: the tiny study, and what happens when jobs and nodes die.

Faults use toy rules that sleep or fill memory, under the same profiles as the study.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from workflow_project import ROOT, TINY, copy_project

pytestmark = pytest.mark.slow

# the profile's first look is after 40 s, fit for jobs of minutes
OFTEN = ("--slurm-init-seconds-before-status-checks", "4")
SLURM = ("--profile", "profiles/slurm", *OFTEN)
GENERIC = ("--profile", "profiles/cluster-generic", "--seconds-between-status-checks", "1")

TOYS = """
ON_N1 = "--nodelist=n1"
FIRST = "echo {rule} >> ran.txt; [ {resources.attempt} -gt 1 ] || sleep 600; "
FILL = "python3 -c 'import time; x = bytearray(900_000_000); time.sleep(5)'; "
DONE = "echo {resources.attempt} > {output}"

rule all:
    localrule: True
    input: "cancelled", "time", "memory", "node", "hopeless"

rule cancelled:
    output: "cancelled"
    resources: attempt=lambda wildcards, attempt: attempt, mem_mb=600, slurm_extra=ON_N1
    shell: FIRST + DONE

rule time:
    output: "time"
    resources:
        attempt=lambda wildcards, attempt: attempt,
        runtime=lambda wildcards, attempt: attempt, mem_mb=600, slurm_extra=ON_N1
    shell: FIRST + DONE

rule memory:
    output: "memory"
    resources:
        attempt=lambda wildcards, attempt: attempt,
        mem_mb=lambda wildcards, attempt: 700 * attempt, slurm_extra=ON_N1
    shell: FILL + DONE

rule node:
    output: "node"
    resources:
        attempt=lambda wildcards, attempt: attempt, mem_mb=600,
        slurm_extra=lambda wildcards, attempt: "--nodelist=n2" if attempt == 1 else ON_N1
    shell: FIRST + DONE

rule hopeless:
    output: "hopeless"
    resources: attempt=lambda wildcards, attempt: attempt, mem_mb=700, slurm_extra=ON_N1
    shell: FILL + DONE

rule two:
    localrule: True
    input: "slow-1", "slow-2"

rule slow:
    output: "slow-{n}"
    resources: mem_mb=600
    shell: "echo {output} >> ran.txt; sleep 8; touch {output}"
"""


class Run:
    """Snakemake in a folder, on the cluster."""

    def __init__(self, cluster, folder, *arguments):
        self.log = folder / f"run-{time.monotonic_ns()}.log"
        environment = cluster.environment | {"PYTHONPATH": str(folder / "workflow")}
        environment |= {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
        for name in ("home", "tmp"):
            (folder / name).mkdir(exist_ok=True)
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *arguments],
                cwd=folder,
                env=environment,
                stdout=output,
                stderr=output,
            )

    @property
    def said(self):
        return self.log.read_text()

    def until(self, condition, seconds=60):
        """Wait until a condition holds while Snakemake runs."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.said
            assert self.process.poll() is None, self.said
            time.sleep(0.2)

    def end(self, seconds=240):
        """Wait for the end; give the exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(self.said) from None


@contextmanager
def ended(run):
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def toys(folder):
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    (folder / "Snakefile").write_text(TOYS)
    return folder


def running(cluster, rule):
    """Numbers of running jobs of a rule."""
    jobs = cluster.jobs("RUNNING").items()
    return [job for job, comment in jobs if comment.startswith(f"rule_{rule}")]


@pytest.fixture(scope="module")
def faults(cluster, tmp_path_factory):
    """One run in which a job is cancelled, others exceed time and memory, and a node dies.

    It goes on while the study runs: a time limit is a minute at least.
    """
    folder = toys(tmp_path_factory.mktemp("faults"))
    with ended(Run(cluster, folder, *SLURM, "--quiet", "reason")) as run:
        run.until(lambda: running(cluster, "cancelled") and running(cluster, "node"))
        cluster.run("scancel", *running(cluster, "cancelled"))
        cluster.end("n2")
        cluster.run("scontrol", "update", "nodename=n2", "state=down", "reason=test")
        run.until(lambda: (folder / "node").exists())
        cluster.start_node("n2")  # it registers, and is in service again
        yield folder, run


# -- the study ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The tiny study, in four batches, sampled without a cluster."""
    project = copy_project(tmp_path_factory.mktemp("local"))
    write_study(project)
    project.snakemake("--cores", "2", "certificate")
    return project


def study():
    """A data set in four batches, a collection of estimates in one, and one of counts in two."""
    of_each = {"draws": [50], "tune": 200, "chains": 2}
    many = {"path": "many.csv", "by": "review", "models": ["noncentered"], "sampling": of_each}
    many["prior"] = TINY["datasets"]["schools"]["prior"]
    shares = {"path": "shares.csv", "by": "review", "form": "counts", "models": []}
    shares["prior"] = many["prior"]
    return TINY | {
        "datasets": TINY["datasets"] | {"reviews": many, "shares": shares},
        "sampling": TINY["sampling"] | {"fits_per_batch": 2},
    }


def write_study(project):
    rows = [f"R{i},{j},{i + j * j},{1 + j}\n" for i in range(4) for j in range(3)]
    (project.folder / "many.csv").write_text("review,group,estimate,std_error\n" + "".join(rows))
    rows = [f"R{i},{j},{1 + (i + j) % 7},{9 + i}\n" for i in range(130) for j in range(3)]
    (project.folder / "shares.csv").write_text("review,group,events,n\n" + "".join(rows))
    project.write_study(study())


def same(one, other):
    """Whether two certificates agree in every digest."""
    compared = subprocess.run(
        [sys.executable, "-m", "partial_pooling", "compare"]
        + [str(project / "results" / "certificate.json") for project in (one, other)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
    )
    return compared.returncode == 0, compared.stdout + compared.stderr


def test_tiny_study_on_slurm_is_bit_for_bit_the_local_one(cluster, faults, local, tmp_path):
    project = copy_project(tmp_path)
    write_study(project)
    with ended(
        Run(cluster, tmp_path, "all", "certificate", *SLURM, "--configfile", "tiny.yaml")
    ) as run:
        assert run.end() == 0, run.said
    equal, differences = same(tmp_path, local.folder)
    assert equal, differences
    assert (tmp_path / "results" / "schools" / "report.html").exists()
    # what was submitted: four batches and those of the collections, at once
    assert run.said.count("has been submitted with SLURM jobid") == 7
    assert "shares: solve_and_fit_tables" in run.said and "; 130 of 130 tables" in run.said
    jobs = list(cluster.jobs().values())
    assert jobs.count("rule_batch_diagnose_fits_sample_posterior") == 4
    assert sum(job.startswith("rule_solve_and_fit_tables") for job in jobs) == 3
    # outside the working directory: temporary files that are gone, and Snakemake's empty folder
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == []
    assert list((tmp_path / "tmp").glob("partial-pooling-*")) == []


def test_batch_killed_for_memory_is_named_and_the_next_call_samples_the_same_draws(
    cluster, local, tmp_path
):
    project = copy_project(tmp_path)
    write_study(project)
    batch = "results/schools/fits/centered/batch-001.json"
    command = (batch, *GENERIC, "--configfile", "tiny.yaml", "--retries", "1")
    with ended(
        Run(cluster, tmp_path, *command, "--set-resources", "sample_posterior:mem_mb=300")
    ) as run:
        assert run.end() == 1
    log = "results/schools/logs/sample_posterior/centered/batch-001.log"
    assert f"partial-pooling: failed: sample_posterior; its log: {log}" in run.said
    with ended(Run(cluster, tmp_path, *command)) as again:
        assert again.end() == 0, again.said
    assert (tmp_path / batch).read_bytes() == (local.folder / batch).read_bytes()


# -- faults, with toy rules --------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["cancelled", "time", "memory", "node"])
def test_job_comes_again_after(rule, faults):
    folder, run = faults
    run.end()
    assert (folder / rule).exists(), run.said
    assert (folder / rule).read_text() == "2\n", run.said


def test_job_that_never_fits_ends_the_run_with_a_line_and_the_next_call_goes_on(cluster, faults):
    folder, run = faults
    assert run.end() == 1
    assert not (folder / "hopeless").exists()
    assert "Error in rule hopeless" in run.said
    assert "Exceeded job memory limit" in run.said
    assert "4 of 6 steps" in run.said
    with ended(Run(cluster, folder, *SLURM, "--set-resources", "hopeless:mem_mb=1400")) as again:
        assert again.end() == 0, again.said
    assert "2 of 2 steps" in again.said


def test_interrupt_cancels_what_was_submitted(cluster, tmp_path):
    with ended(Run(cluster, toys(tmp_path), "two", *SLURM)) as run:
        run.until(lambda: len(running(cluster, "slow")) == 2)
        run.process.send_signal(signal.SIGINT)
        assert run.end(30) != 0
    assert running(cluster, "slow") == []


@pytest.mark.parametrize("profile", [SLURM, GENERIC], ids=["slurm", "cluster-generic"])
def test_snakemake_killed_goes_on_after_scancel_and_unlock(profile, cluster, tmp_path):
    ran = toys(tmp_path) / "ran.txt"
    with ended(Run(cluster, tmp_path, "two", *profile)) as run:
        run.until(lambda: ran.exists() and len(ran.read_text().split()) == 2)
        run.process.kill()
    cluster.run("scancel", *cluster.jobs("RUNNING"))
    assert Run(cluster, tmp_path, "--unlock").end() == 0
    with ended(Run(cluster, tmp_path, "two", *profile)) as again:
        assert again.end() == 0, again.said
    assert sorted(ran.read_text().split()) == ["slow-1", "slow-1", "slow-2", "slow-2"]


def test_another_engines_flags_notice_a_cancelled_job(cluster, tmp_path):
    with ended(Run(cluster, toys(tmp_path), "cancelled", *GENERIC)) as run:
        run.until(lambda: (tmp_path / "ran.txt").exists())
        cluster.run("scancel", "--name=cancelled")
        assert run.end() == 0, run.said
    assert (tmp_path / "cancelled").read_text() == "2\n"
