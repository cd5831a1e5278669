"""What tests share."""

import gc
from pathlib import Path

import numpy as np
import pytest

from partial_pooling.data.groups import Estimates
from partial_pooling.report.lecture import PRIOR

ROOT = Path(__file__).parents[1]


def pytest_collection_finish():
    """Keep what was imported out of every later search for garbage: some 4 % of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(scope="session")
def eight_schools():
    """The lecture's data."""
    return Estimates(
        tuple("ABCDEFGH"),
        np.array([28.0, 8, -3, 7, -1, 1, 18, 12]),
        np.array([15.0, 10, 16, 11, 9, 11, 10, 18]),
    )


@pytest.fixture(scope="session")
def default_prior():
    """Normal(0, 5) and HalfCauchy(5)."""
    return PRIOR
