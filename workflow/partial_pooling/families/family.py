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
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.errors import InputError
from partial_pooling.priors.prior import Location
from partial_pooling.priors.priors import HyperPrior

if TYPE_CHECKING:
    from partial_pooling.families.normal import GivenTau


WIDE = 3.0  # of `centering`


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
    code
        PyMC code of the observed variable, to copy, given `theta` and arrays of the names of the
        groups' data.
    design
        What a simulated data set has in common with the data, in words.
    whole
        Whether the data are whole numbers.
    reach
        The likelihood is log-concave, and so smooth that its product with a normal density in
        theta is nearly normal itself wherever its sd is at most this: 0 if theta is no such scale,
        infinite if it is always so.
    """

    name: ClassVar[str]
    forms: ClassVar[tuple[str, ...]]
    code: ClassVar[str]
    design: ClassVar[str]
    on_estimates: ClassVar[bool] = False
    whole: ClassVar[bool] = False
    reach: ClassVar[float] = 0.0

    @abstractmethod
    def log_likelihood(self, groups: Data, theta: Array) -> Array:
        """Log p(y_j | theta_j) with all its constants, of the shape (..., J) of theta."""

    @abstractmethod
    def score(self, groups: Data, theta: Array) -> Array:
        """Slope of the log likelihood in theta, of the shape (..., J) of theta."""

    @abstractmethod
    def information(self, groups: Data, theta: Array) -> Array:
        """Expected (Fisher) information about theta, of the shape (..., J) of theta."""

    @abstractmethod
    def approximation(self, groups: Data) -> Estimates:
        """The groups as estimates with standard errors: what a normal family would be told.

        With 1/2 added to counts, so that it is finite whatever the data.
        """

    def centering(self, groups: Data) -> Estimates:
        """About where, and how precisely, each group's own data place its theta.

        By this the model `partial` standardizes theta: right whatever it says, and efficient if it
        is near. It is the normal density which, times a normal one that is WIDE times as wide as
        `approximation`, and about it, has the mean and sd that the likelihood has times that (a
        site of expectation propagation, Minka 2001). If the likelihood is nearly normal, so it is.
        If that is flat on one side, as with no events, it lies as far out, and is as wide, as the
        wide one allows: with `approximation` in its place eight groups of five trials, many without
        events or all, needed twice the gradients where tau was large, and with 6 for WIDE a fifth
        more.
        """
        about = self.approximation(groups)
        wide = WIDE * about.std_error
        z = np.linspace(-5, 5, 401)[:, None]  # in units of the wide normal density
        log_density = self.log_likelihood(groups, about.estimate + wide * z) - z**2 / 2
        density = np.exp(log_density - log_density.max(axis=0))
        density /= density.sum(axis=0)
        mean = (density * z).sum(axis=0)
        variance = (density * (z - mean) ** 2).sum(axis=0)
        precision = np.maximum(1 / variance - 1, 0.01)  # 0 of what is flat, as without any events
        return Estimates(
            groups.names,
            about.estimate + wide * mean / variance / precision,
            wide / np.sqrt(precision),
        )

    @abstractmethod
    def falls(self, groups: Data) -> NDArray[np.bool_]:
        """Shape (2, J), whether the likelihood falls to 0 as theta goes to -inf, and to inf.

        No events of n, for instance, allow any low rate.
        """

    def bounded(self, groups: Data) -> NDArray[np.bool_]:
        """Shape (J,), whether the likelihood of each group falls to 0 on both sides.

        Only such a group adds to how fast the posterior of tau falls, and so to whether it is
        proper and which moments it has.
        """
        result: NDArray[np.bool_] = self.falls(groups).all(axis=0)
        return result

    def check_proper_posterior(self, groups: Data, prior: HyperPrior, where: str = "prior") -> None:
        """Raise InputError if the posterior of these groups does not integrate to one.

        Parameters
        ----------
        where
            Key of the priors, to name in the error.
        """
        falls = self.falls(groups)
        if not prior.mu.is_proper and not falls.any(axis=1).all():
            side = "low" if not falls[0].any() else "high"
            names = ", ".join(groups.names[:3]) + (", ..." if len(groups) > 3 else "")
            raise InputError(
                f"{where}.mu: found {prior.mu} with groups ({names}) of which none rules out a "
                f"theta however {side}, so that the posterior is improper; allowed: a proper prior "
                "for mu"
            )
        bounded = falls.all(axis=0)
        loose = [name for name, each in zip(groups.names, bounded, strict=True) if not each]
        try:
            prior.check_proper_posterior(int(bounded.sum()), where)
        except InputError as error:
            if not loose:
                raise
            names = ", ".join(loose[:3]) + (", ..." if len(loose) > 3 else "")
            raise InputError(
                f"{error}; groups that bound theta on one side only do not count ({names})"
            ) from None

    def tail(self, groups: Data) -> Array:
        """Shape (J,), exponent of the power law of the likelihood in theta; inf if it is lighter.

        Of one side that does not fall at all, 0.
        """
        return np.where(self.bounded(groups), np.inf, 0.0)

    @abstractmethod
    def simulate(self, groups: Data, theta: Array, rng: np.random.Generator) -> Data:
        """Draw data given theta, shape (J,), for groups of the same names and precision."""

    @abstractmethod
    def replicated(self, groups: Data, theta: Array) -> tuple[Array, Array]:
        """Mean and variance of a replicate of each group's datum, of the shape (..., J) of theta.

        The datum is the first of `data`; nan or inf where it has no such moment.
        """

    @abstractmethod
    def cdf(self, groups: Data, theta: Array, y: Array) -> Array:
        """Probability that a replicate of each group's datum is at most y, both (..., J)."""

    def below(self, groups: Data, theta: Array) -> tuple[Array, Array]:
        """Probability of less than the data, and of as much, of the shape (..., J) of theta.

        The second is 0 of data that are not counted.
        """
        datum = next(iter(self.data(groups).values()))
        if not self.whole:
            return self.cdf(groups, theta, datum), np.zeros(np.shape(theta))
        return self.cdf(groups, theta, datum - 1), np.exp(self.log_likelihood(groups, theta))

    @abstractmethod
    def powered(self, groups: Data, alpha: float) -> tuple[Family[Data], Data] | None:
        """A family and data whose likelihood is that of these to the power alpha, but for a factor.

        The data need not be whole numbers; None if there are none.
        """

    def joined(self, groups: Data, more: Data) -> Data | None:
        """Data whose likelihood is that of both, but for a factor; None if there are none."""
        return None

    @abstractmethod
    def data(self, groups: Data) -> dict[str, Array]:
        """All that the model in PyMC is told, by name; the first, of shape (J,), is observed.

        The model of as many other groups differs in this alone.
        """

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

    def typical_error(self, groups: Data) -> float:
        """What one group tells of its theta, as a standard error typical of them all."""
        return float(np.median(self.approximation(groups).std_error))

    def normals(self, groups: Data, index: int, distance: float) -> tuple[Array, Array] | None:
        """The likelihood of one group as a mixture of normals about its estimate, if it is one.

        Parameters
        ----------
        index
            Which group.
        distance
            How far from the estimate the mixture must have all its digits.

        Returns
        -------
        variance, log_weight
            Shape (K,); or None.
        """
        return None

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
