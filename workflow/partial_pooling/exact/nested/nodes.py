"""The nodes of a solved nested quadrature, with all that is known of the groups at each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.exact.nested.inner import Inner
from partial_pooling.exact.nested.outer import Outer, Rows
from partial_pooling.exact.nested.tau import NestedTau

SPARED = 1e-17  # share of a row that changes no digit


@dataclass(frozen=True, eq=False)
class Nodes:
    """R rows of tau, and in each of them nodes of mu.

    Attributes
    ----------
    outer
        What was integrated.
    tau
        Shape (R,).
    rows
        Panels of mu given tau, R rows of them.
    weights
        Shape (3, R), probability that each tau stands for: in itself, and to integrate what grows
        as tau and as tau^2 in the right tail (see `PosteriorOfTau.weights`).
    """

    outer: Outer
    tau: Array
    rows: Rows
    weights: Array

    @classmethod
    def of(cls, of_tau: NestedTau) -> Nodes:
        """Of a posterior, all that matter to any moment of it."""
        weights = np.array([of_tau.row_weights(growth) for growth in range(3)])
        tau = of_tau.target.tau(of_tau.row_t)
        moments = np.nan_to_num(weights) * tau ** np.arange(3)[:, None]
        share = moments / moments.sum(axis=1, keepdims=True)
        kept = (share > SPARED).any(axis=0) | np.isnan(weights).any(axis=0)
        t = of_tau.row_t[kept]
        return cls(of_tau.target, of_tau.target.tau(t), of_tau.target.panels(t), weights[:, kept])

    @classmethod
    def at(cls, outer: Outer, tau: Array) -> Nodes:
        """At some increasing values of tau, which stand for nothing."""
        return cls(outer, tau, outer.rows(tau), np.full((3, len(tau)), np.nan))

    @cached_property
    def given_tau(self) -> Array:
        """Shape (P, N), probability given tau that each node of mu stands for; may be below 0."""
        return self.rows.logs.moments_of_nodes(self.rows.densities)

    @cached_property
    def inner(self) -> Inner:
        """Of every group at every node, (P * N, J)."""
        return Inner(*(v.reshape(-1, v.shape[2]) for v in self.rows.inner))

    def average(self, values: Array) -> Array:
        """Mean over mu given tau, (R, ...), of values at the nodes, (P * N, ...)."""
        starts = self.rows.logs.starts[:-1] * self.rows.logs.node.shape[1]
        weighted = values * self.given_tau.ravel().reshape(-1, *[1] * (values.ndim - 1))
        result: Array = np.add.reduceat(weighted, starts, axis=0)
        return result

    @cached_property
    def mu(self) -> tuple[Array, Array]:
        """Mean and variance of mu given tau, (R,)."""
        panels = self.rows.densities
        starts = panels.starts[:-1]
        mean = np.add.reduceat((panels.node * panels.mass).sum(axis=1), starts)
        square = (panels.node - mean[panels.row][:, None]) ** 2
        return mean, np.add.reduceat((square * panels.mass).sum(axis=1), starts)

    @cached_property
    def theta(self) -> tuple[Array, Array]:
        """Mean and variance of every theta given tau, (R, J)."""
        mean = self.average(self.inner.mean)
        rows = np.repeat(self.rows.logs.row, self.rows.logs.node.shape[1])
        square = self.inner.variance + (self.inner.mean - mean[rows]) ** 2
        return mean, np.maximum(self.average(square), 0.0)
