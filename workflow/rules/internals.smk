"""What Snakemake knows and promises nowhere: tests/unit/test_internals.py fails if it changed."""

import os

HERE = os.path.dirname(workflow.snakefile)


def source(path):
    """A file of the workflow, as seen from where it runs: the same after both were moved."""
    return os.path.relpath(os.path.join(HERE, "..", "..", path))


def in_main_process():
    """Whether this process plans the run, and is none that runs a job of it."""
    return workflow.is_main_process


def in_remote_job():
    """Whether this process runs a job that was sent to a cluster."""
    return workflow.remote_exec


def failed_jobs():
    """Jobs that failed, those of groups one by one."""
    for failed in workflow.scheduler.failed:
        yield from failed.jobs if failed.is_group() else [failed]


def changes_nothing():
    """Whether this process only looks: a dry run, or a command that runs no job."""
    return workflow.executor_plugin is None or workflow.dryrun


def runs_here():
    """Whether jobs run on this machine, and on no cluster's nodes."""
    return workflow.executor_plugin is None or workflow.local_exec
