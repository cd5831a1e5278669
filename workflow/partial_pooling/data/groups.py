"""Groups: their names and their data, one class for each kind of data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Groups:
    """J groups. What is known of each of them is in the classes below.

    Attributes
    ----------
    names
        J different names, in the order of the data file.
    """

    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, eq=False)
class Estimates(Groups):
    """Estimates of J groups with their known standard errors.

    Attributes
    ----------
    estimate
        Shape (J,), the estimates y, in the units of the data.
    std_error
        Shape (J,), their standard errors sigma, in the same units, all above zero.
    """

    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counts(Groups):
    """Events among trials in each of J groups.

    Attributes
    ----------
    events, n
        Shape (J,), whole numbers, 0 <= events <= n, n at least 1.
    """

    events: NDArray[np.float64]
    n: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rates(Groups):
    """Events during an exposure in each of J groups.

    Attributes
    ----------
    events
        Shape (J,), whole numbers, 0 or more.
    exposure
        Shape (J,), above 0, such as person-years.
    """

    events: NDArray[np.float64]
    exposure: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TwoByTwo(Groups):
    """Events in a treated and a control arm of each of J groups.

    Attributes
    ----------
    events_treated, n_treated, events_control, n_control
        Shape (J,), whole numbers, 0 <= events <= n in each arm, n at least 1.
    """

    events_treated: NDArray[np.float64]
    n_treated: NDArray[np.float64]
    events_control: NDArray[np.float64]
    n_control: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Summaries(Groups):
    """Mean, standard deviation and number of the observations in each of J groups.

    Attributes
    ----------
    mean
        Shape (J,), in the units of the data.
    sd
        Shape (J,), with divisor n - 1, above 0.
    n
        Shape (J,), whole numbers, 2 or more.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    n: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TwoMeans(Groups):
    """Mean, standard deviation and number of observations in two arms of each of J groups.

    Attributes
    ----------
    mean_treated, mean_control
        Shape (J,), in the units of the data.
    sd_treated, sd_control
        Shape (J,), with divisor n - 1, above 0.
    n_treated, n_control
        Shape (J,), whole numbers, 2 or more.
    """

    mean_treated: NDArray[np.float64]
    sd_treated: NDArray[np.float64]
    n_treated: NDArray[np.float64]
    mean_control: NDArray[np.float64]
    sd_control: NDArray[np.float64]
    n_control: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Correlations(Groups):
    """The correlation of two variables in each of J groups.

    Attributes
    ----------
    r
        Shape (J,), between -1 and 1.
    n
        Shape (J,), numbers of pairs of observations, whole, 4 or more.
    """

    r: NDArray[np.float64]
    n: NDArray[np.float64]
