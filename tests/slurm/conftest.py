"""Fixtures of the tests on a real Slurm."""

import pytest
from slurm_cluster import Cluster, missing


@pytest.fixture(scope="session")
def cluster():
    """Two nodes; the tests skip where the machine has no Slurm."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with Cluster(nodes=2) as running:
        yield running
