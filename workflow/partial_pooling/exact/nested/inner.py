"""One group's theta integrated out, given mu and tau: its evidence, and its mean and variance.

``g_j = integral of Normal(theta; mu, tau) p(y_j | theta)``, by whichever rule converges:

- A likelihood that is a mixture of normals (Student's t) gives a mixture of normals.
- Where the product is narrow for its family it is nearly normal: the trapezoid rule about its mode
  converges as ``exp(-2 pi^2 / step^2)``, for steps in its sds; where it is very narrow, Gauss's
  rule does with fewer nodes.
- Where it is wide, tau is wide and the likelihood is: Gauss-Legendre panels on theta serve all
  groups and every mu of one tau, as one matrix product. They are short where the groups are, and
  grow with the distance from there, where log likelihoods are linear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.polynomial import hermite_e
from numpy.typing import NDArray

from partial_pooling.arrays import Array, one_thread, slices
from partial_pooling.data.groups import Groups
from partial_pooling.exact.nested.rules import Rules
from partial_pooling.exact.nodes import Legendre
from partial_pooling.families.family import Family

SEARCH = 60  # steps to a mode: halving alone takes no more
GROWTH = 2.5  # a panel's distance from the groups, in its widths
RATIO = 2.5  # a panel's width in taus, at most
NEARLY_NORMAL = 0.15  # of a family's reach, sds of theta that bear Gauss's rule
INSIDE = 7.5  # sds about a mode
OUT = 9.5  # sds of theta's population beyond which it has nothing
AWAY = 50.0  # of a mode from the estimate or mu, beside the log of the population's variance


class Inner(NamedTuple):
    """Of each group at each (mu, tau), all of shape (N, J).

    Log of the evidence, and mean and variance of theta; these are empty if not asked for.
    """

    log_evidence: Array
    mean: Array
    variance: Array


@dataclass(frozen=True, eq=False)
class Thetas:
    """The groups' thetas, to be integrated out."""

    groups: Groups
    family: Family
    rules: Rules
    _panels_seen: dict[tuple[int, int], tuple[Array, Array, Array]] = field(default_factory=dict)

    @one_thread
    def integrate(self, mu: Array, tau: Array, moments: bool = False) -> Inner:
        """Integrate at mu and tau, each of shape (N,), equal taus side by side."""
        starts = np.flatnonzero(np.concatenate([[True], tau[1:] != tau[:-1]]))
        rows = [slice(a, b) for a, b in zip(starts, [*starts[1:], len(tau)], strict=True)]
        shape = (len(mu), len(self.groups))
        empty = shape if moments else (0, 0)
        result = Inner(np.empty(shape), np.empty(empty), np.empty(empty))
        if self.family.normals(self.groups, 0, 0.0) is not None:
            self._normals(mu, tau, rows, result)
        else:
            self._log_concave(mu, tau, rows, result)
        return result

    @cached_property
    def _center(self) -> Array:
        return self.family.approximation(self.groups).estimate

    @cached_property
    def _precision(self) -> Array:
        result: Array = self.family.approximation(self.groups).std_error ** -2.0
        return result

    # -- mixtures of normals ---------------------------------------------------------------

    def _normals(self, mu: Array, tau: Array, rows: list[slice], result: Inner) -> None:
        furthest = np.maximum(np.abs(mu.min() - self._center), np.abs(mu.max() - self._center))
        of_row = np.repeat(np.arange(len(rows)), [row.stop - row.start for row in rows])
        t2 = tau[[row.start for row in rows]][:, None] ** 2
        for j in range(len(self.groups)):
            found = self.family.normals(self.groups, j, float(furthest[j]))
            assert found is not None
            variance, log_weight = found
            total = variance + t2  # (rows, components), as what is taken by row below
            slope, log_height = -0.5 / total, log_weight - 0.5 * np.log(2 * math.pi * total)
            lost = variance / total  # of the distance between mu and the estimate
            for part in slices(len(mu), len(variance)):
                row = of_row[part]
                distance = self._center[j] - mu[part]
                each = slope[row]
                each *= (distance**2)[:, None]
                each += log_height[row]
                top = each.max(axis=1)
                each -= top[:, None]
                np.exp(each, out=each)
                evidence = each.sum(axis=1)
                result.log_evidence[part, j] = top + np.log(evidence)
                if not result.mean.size:
                    continue
                of = lost[row]
                mean = np.einsum("nk,nk->n", each, of) / evidence
                of *= of
                square = np.einsum("nk,nk->n", each, of) / evidence
                result.mean[part, j] = mu[part] + (1 - mean) * distance
                between = np.maximum(square - mean**2, 0.0)
                result.variance[part, j] = t2[row, 0] * mean + between * distance**2

    # -- log-concave likelihoods -----------------------------------------------------------

    def _log_concave(self, mu: Array, tau: Array, rows: list[slice], result: Inner) -> None:
        mode, sd = self._modes(mu, tau)
        starts = [row.start for row in rows]
        reach = self.family.reach
        widest = np.maximum.reduceat(sd, starts, axis=0)
        wide = widest > reach
        # whole rows by the rule that their widest group bears: parts of groups are dear to make
        nearly = np.where(wide, 0.0, widest).max(axis=1) < NEARLY_NORMAL * reach
        some = ~wide.all(axis=1)
        of_row = np.repeat(np.arange(len(rows)), [row.stop - row.start for row in rows])
        for chosen, rule in ((some & nearly, self._hermite), (some & ~nearly, self._even)):
            at = chosen[of_row]
            if at.any():
                self._about_mode(rule, mu[at], tau[at], mode[at], sd[at], at, result)
        for row, is_wide in zip(rows, wide, strict=True):
            index = np.flatnonzero(is_wide)
            if len(index):
                self._panels(mu[row], float(tau[row.start]), mode[row], index, row, result)

    def _modes(self, mu: Array, tau: Array) -> tuple[Array, Array]:
        """Where likelihood times population is greatest, and its sd there, each (N, J)."""
        mu, precision = mu[:, None], tau[:, None] ** -2.0
        score = self.family.score(self.groups, np.broadcast_to(mu, (len(mu), len(self.groups))))
        with np.errstate(over="ignore"):
            end = mu + score / precision
        # towards where a likelihood is level its score falls exponentially: from there on it is
        # rounding, and end anywhere
        away = AWAY + np.abs(np.log(precision))
        lower = np.maximum(np.minimum(mu, end), np.minimum(mu, self._center) - away)
        upper = np.minimum(np.maximum(mu, end), np.maximum(mu, self._center) + away)
        start = (mu * precision + self._center * self._precision) / (precision + self._precision)
        theta = np.clip(start, lower, upper)
        for _ in range(SEARCH):
            slope = self.family.score(self.groups, theta) - (theta - mu) * precision
            bend = self.family.information(self.groups, theta) + precision
            lower = np.where(slope >= 0, theta, lower)
            upper = np.where(slope <= 0, theta, upper)
            newton = theta + slope / bend
            inside = (newton >= lower) & (newton <= upper)
            # no more digits are needed than place a rule of many sds
            done = np.abs(slope) < 0.1 * np.sqrt(bend)
            theta = np.where(inside, newton, (lower + upper) / 2)
            if done.all():
                break
        bend = self.family.information(self.groups, theta) + precision
        return theta, bend**-0.5

    @cached_property
    def _even(self) -> tuple[Array, Array]:
        """The trapezoid rule of a normal density times what varies little, its logs of weights."""
        count = math.ceil(INSIDE / self.rules.step)
        z: Array = self.rules.step * np.arange(-count, count + 1.0)
        return z, np.full_like(z, math.log(self.rules.step / math.sqrt(2 * math.pi)))

    @cached_property
    def _hermite(self) -> tuple[Array, Array]:
        """Gauss's rule of the same, if it varies very little."""
        z, weight = hermite_e.hermegauss(self.rules.few)
        return z, np.log(weight / math.sqrt(2 * math.pi)) + 0.5 * z**2

    def _about_mode(
        self,
        rule: tuple[Array, Array],
        mu: Array,
        tau: Array,
        mode: Array,
        sd: Array,
        at: NDArray[np.bool_],
        result: Inner,
    ) -> None:
        offset = (mode - mu[:, None]) / tau[:, None]
        scale = sd / tau[:, None]
        top = self.family.log_likelihood(self.groups, mode) - 0.5 * offset**2
        total, first, second = np.zeros((3, *mode.shape))
        for z, log_weight in zip(*rule, strict=True):
            log = self.family.log_likelihood(self.groups, mode + sd * z)
            log -= 0.5 * (offset + scale * z) ** 2 + (top - log_weight)
            np.exp(log, out=log)
            total += log
            if result.mean.size:
                first += z * log
                second += z**2 * log
        result.log_evidence[at] = top + np.log(total * scale)
        if result.mean.size:
            mean = first / total
            result.mean[at] = mode + sd * mean
            result.variance[at] = sd**2 * (second / total - mean**2)

    def _panels(
        self,
        mu: Array,
        tau: float,
        mode: Array,
        index: NDArray[np.intp],
        row: slice,
        result: Inner,
    ) -> None:
        low = float(mode[:, index].min()) - OUT * tau
        high = float(mode[:, index].max()) + OUT * tau
        theta, width, log_likelihood = self._theta(low, high, tau)
        log_likelihood = log_likelihood[:, index]
        top = log_likelihood.max(axis=0)
        likelihood = np.exp(log_likelihood - top)
        population = np.exp(-0.5 * ((theta - mu[:, None]) / tau) ** 2)
        population *= width / (math.sqrt(2 * math.pi) * tau)
        evidence = population @ likelihood
        at = np.ix_(np.arange(row.start, row.stop), index)
        with np.errstate(divide="ignore", invalid="ignore"):
            result.log_evidence[at] = top + np.log(evidence)
            if result.mean.size:
                about = theta[:, None] - self._center[index]
                mean = population @ (likelihood * about) / evidence
                square = population @ (likelihood * about**2) / evidence
                result.mean[at] = self._center[index] + np.nan_to_num(mean)
                result.variance[at] = np.nan_to_num(np.maximum(square - mean**2, 0.0))

    def _theta(self, low: float, high: float, tau: float) -> tuple[Array, Array, Array]:
        """Nodes from low to high, their weights, and log likelihoods there (nodes, J)."""
        first, last = self._at(low), self._at(high)
        parts = []
        for k in range(first, last + 1):
            left, right = self._ends(k)
            halvings = max(0, math.ceil(math.log2((right - left) / (RATIO * tau))))
            parts.append(self._panel(k, halvings))
        node, width, log_likelihood = (np.concatenate(each) for each in zip(*parts, strict=True))
        return node, width, log_likelihood

    @cached_property
    def _middle(self) -> tuple[float, int]:
        """Where panels of equal width begin, and how many there are."""
        first, last = float(self._center.min()) - 1, float(self._center.max()) + 1
        return first, math.ceil((last - first) / self.rules.panel)

    def _ends(self, k: int) -> tuple[float, float]:
        """Ends of panel k: equal among the groups, in proportion to the distance beyond."""
        start, count = self._middle
        panel = self.rules.panel
        if 0 <= k < count:
            return start + k * panel, start + (k + 1) * panel
        # x -> distance from the last equal panel, growing by 1 + 1 / GROWTH
        near, far = (
            GROWTH * panel * ((1 + 1 / GROWTH) ** n - 1)
            for n in ((k - count, k - count + 1) if k >= count else (-k - 1, -k))
        )
        end = start + count * panel
        return (end + near, end + far) if k >= count else (start - far, start - near)

    def _at(self, x: float) -> int:
        """The panel that x lies in."""
        start, count = self._middle
        panel = self.rules.panel
        if start <= x <= start + count * panel:
            return min(int((x - start) / panel), count - 1)
        away = start - x if x < start else x - start - count * panel
        n = int(math.log1p(away / (GROWTH * panel)) / math.log1p(1 / GROWTH))
        return -n - 1 if x < start else count + n

    def _panel(self, k: int, halvings: int) -> tuple[Array, Array, Array]:
        """Nodes of panel k in 2 ** halvings parts, their weights, log likelihoods there."""
        if (k, halvings) not in self._panels_seen:
            edges = np.linspace(*self._ends(k), 2**halvings + 1)
            rule = Legendre.of(self.rules.nodes)
            half = np.diff(edges)[:, None] / 2
            node = ((edges[:-1] + edges[1:])[:, None] / 2 + half * rule.node).ravel()
            of_all = np.broadcast_to(node[:, None], (len(node), len(self.groups)))
            log_likelihood = self.family.log_likelihood(self.groups, of_all)
            self._panels_seen[k, halvings] = node, (half * rule.weight).ravel(), log_likelihood
        return self._panels_seen[k, halvings]
