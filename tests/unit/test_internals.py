"""What workflow/rules/internals.smk takes from inside Snakemake is still there and means the same.

If this fails after an upgrade: mend internals.smk, and nothing else.
"""

import os
import subprocess
import sys
from pathlib import Path

INTERNALS = Path(__file__).parents[2] / "workflow" / "rules" / "internals.smk"
SNAKEFILE = """
include: "{internals}"

onerror:
    for job in failed_jobs():
        print("failed", job, "log", job.log, "remote", in_remote_job(), "main", in_main_process())

rule all:
    input: "good", "bad", "grouped"

rule good:
    output: "good"
    shell: "touch {{output}}"

rule bad:
    output: "bad"
    log: "bad.log"
    shell: "false"

rule grouped:
    output: "grouped"
    log: "grouped.log"
    group: "together"
    shell: "false"
"""


def test_failed_jobs_are_named_with_their_logs(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(internals=INTERNALS))
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--keep-going"],
        cwd=tmp_path,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    said = [line for line in run.stdout.splitlines() if line.startswith("failed ")]
    assert sorted(said) == [
        "failed bad log bad.log remote False main True",
        "failed grouped log grouped.log remote False main True",
    ], run.stdout + run.stderr
