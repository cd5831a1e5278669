"""What the job of a batch asks of a cluster: memory and time.

Both follow from the study. The constants were measured with eight and with 1,000 groups on one
core of 2.5 GHz, and are meant to be too large rather than too small: what is asked for too much
costs a little waiting, what is asked for too little costs the job. A second attempt asks for twice
as much, a third for three times.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from partial_pooling.sampling.settings import SamplerSettings

BYTES_A_VALUE = 8
MEGABYTE = 1e6

# Memory of a job before it holds any draw: two Snakemakes (100 MB each), and PyMC and nutpie with
# a compiled model (450 MB) or ArviZ (200 MB).
BASE_MB = 1000
# Copies of a fit's draws that are held at once. Measured: 4 to 6 by nutpie, 2 to 4 by diagnosis.
COPIES = 7

# Importing, building and compiling takes 6 to 20 s; more where the file system is slow.
START_SECONDS = 60
# Leapfrog steps of a transition, on average over a fit. Eight schools: centered 27 at a
# target_accept of 0.9, 97 at 0.99; noncentered 7 at 0.9.
STEPS = 100
# Seconds of one leapfrog step on one core: (of any model, more a group). PyMC's steps are slow
# because each is a call from Python.
STEP_SECONDS = {"nutpie": (1e-6, 8e-9), "pymc": (45e-6, 10e-9)}
# Seconds of R-hat, ESS and MCSE for each draw of each variable.
DIAGNOSIS_SECONDS = 1.2e-6
MARGIN = 2
SHORTEST_MINUTES = 10


def memory_mb(groups: int, settings: SamplerSettings, attempt: int = 1) -> int:
    """Memory of a batch's sampling, or of its diagnosis: one fit at a time is in memory.

    Parameters
    ----------
    groups
        J, the length of theta.
    settings
        What all fits share.
    attempt
        1 for the first, more after a job was killed.
    """
    return math.ceil((BASE_MB + COPIES * fit_mb(groups, settings)) * attempt)


def fit_mb(groups: int, settings: SamplerSettings) -> float:
    """One copy of a fit in memory, its tuning steps included."""
    steps = settings.chains * (settings.draws + settings.tune)
    return steps * (groups + 10) * BYTES_A_VALUE / MEGABYTE


def stored_mb(groups: int, settings: SamplerSettings) -> float:
    """One fit on disk: its draws, which do not compress."""
    return settings.chains * settings.draws * (groups + 3) * BYTES_A_VALUE / MEGABYTE


def sampling_minutes(
    groups: int,
    settings: SamplerSettings,
    fits: int,
    sampler: str,
    threads: int = 1,
    attempt: int = 1,
) -> int:
    """Runtime of sampling a batch, in minutes.

    Parameters
    ----------
    groups, settings, attempt
        As of `memory_mb`.
    fits
        Fits of the batch.
    sampler
        A key of `sampling.SAMPLERS`.
    threads
        Chains run at a time.
    """
    of_any, of_group = STEP_SECONDS[sampler]
    # chains come in rounds of `threads`
    rounds = math.ceil(settings.chains / threads)
    of_fit = rounds * (settings.draws + settings.tune) * STEPS * (of_any + of_group * groups)
    return _minutes(fits * of_fit, attempt)


def diagnosis_minutes(
    groups: int, chains: int, draws: Sequence[int], fits: int, attempt: int = 1
) -> int:
    """Runtime of diagnosing a batch at each number of draws, in minutes."""
    of_fit = chains * sum(draws) * (groups + 3) * DIAGNOSIS_SECONDS
    return _minutes(fits * of_fit, attempt)


def _minutes(seconds: float, attempt: int) -> int:
    return max(SHORTEST_MINUTES, math.ceil(MARGIN * (START_SECONDS + seconds) / 60)) * attempt
