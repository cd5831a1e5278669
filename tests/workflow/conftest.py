"""Fixtures of the workflow tests."""

import pytest
from workflow_project import copy_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project in which the tiny study has run."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    project.snakemake("--cores", "4")
    return project
