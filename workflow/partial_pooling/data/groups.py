"""Groups: estimates with their standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Groups:
    """Estimates of J groups with their known standard errors.

    Attributes
    ----------
    names
        J different names, in the order of the data file.
    estimate
        Shape (J,), the estimates y, in the units of the data.
    std_error
        Shape (J,), their standard errors sigma, in the same units, all above zero.
    """

    names: tuple[str, ...]
    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.names)
