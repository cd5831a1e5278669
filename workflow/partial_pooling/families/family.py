"""What a likelihood of the groups' data must tell, for the sampler and for the exact posterior.

A family is the likelihood ``p(y_j | theta_j)`` of one group, which depends on its theta alone. A
further one is a file beside this, with a class that says what is asked for here, and its name in
`registry`. tests/unit/test_families.py holds each against its own simulation, against PyMC and
against quadrature.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Groups
from partial_pooling.priors.distributions import Location

if TYPE_CHECKING:
    from partial_pooling.families.normal import GivenTau


class Family[Data: Groups = Any](ABC):
    """A likelihood of the data of each group, given its theta. `Data` is what it reads.

    Attributes
    ----------
    name
        As in a configuration.
    forms
        Forms of input whose data it takes.
    on_estimates
        Whether it takes estimates with standard errors, to which an effect measure brings data of
        other forms, or the data as they are. Then theta is the first measure of their form
        (`data.measures`).
    """

    name: ClassVar[str]
    forms: ClassVar[tuple[str, ...]]
    on_estimates: ClassVar[bool] = False

    @abstractmethod
    def log_likelihood(self, groups: Data, theta: Array) -> Array:
        """Log p(y_j | theta_j) with all its constants, of the shape (..., J) of theta."""

    @abstractmethod
    def bounded(self, groups: Data) -> NDArray[np.bool_]:
        """Shape (J,), whether the likelihood of each group falls to 0 on both sides.

        Only such a group adds to how fast the posterior of tau falls, and so to whether it is
        proper and which moments it has. (No events of n, for instance, allow any low rate.)
        """

    @abstractmethod
    def simulate(self, groups: Data, theta: Array, rng: np.random.Generator) -> Data:
        """Draw data given theta, shape (J,), for groups of the same names and precision."""

    @abstractmethod
    def data(self, groups: Data) -> dict[str, Array]:
        """All that the likelihood reads, by name, each of shape (J,)."""

    @abstractmethod
    def observe(self, pm: ModuleType, groups: Data, theta: Any, data: dict[str, Any]) -> Any:
        """Add the observed variable `y` (dims group) to the PyMC model at hand.

        Parameters
        ----------
        pm
            PyMC, handed in, since the exact posterior imports this room and rests on no sampler.
        groups
            The groups.
        theta
            PyMC's variable, of shape (J,).
        data
            PyMC's containers of `data`.
        """

    @abstractmethod
    def typical_error(self, groups: Data) -> float:
        """What one group tells of its theta, as a standard error typical of them all."""

    # -- where theta can be integrated out -------------------------------------------------

    integrates_theta: ClassVar[bool] = False

    def observe_integrated(
        self, pm: ModuleType, groups: Data, mu: Any, tau: Any, data: dict[str, Any]
    ) -> Any:
        """Add the observed variable `y` (dims group) given mu and tau (see `observe`)."""
        raise NotImplementedError

    def theta_given(self, groups: Data, mu: Array, tau: Array, z: Array) -> Array:
        """Draw theta given (mu, tau, y).

        Parameters
        ----------
        mu, tau
            Shape (...).
        z
            Shape (..., J), standard normal draws.
        """
        raise NotImplementedError

    def given_tau(self, groups: Data, prior: Location, tau: float) -> GivenTau | None:
        """All that is known in closed form given tau, relative to one tau; None without any."""
        return None
