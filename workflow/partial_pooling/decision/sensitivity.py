"""Does the prior matter? Power-scaling of the prior of mu, the prior of tau and the likelihood.

A part of the model is raised to a power alpha: with 2 it counts double, with 1/2 half (Kallioinen,
Paananen, Burkner and Vehtari 2024, Detecting and diagnosing prior and likelihood sensitivity with
power-scaling, Statistics and Computing 34). Each is solved anew, so that no importance sampling
stands between. Two readings of how the posterior moves:

- in plain units, by how many posterior sds the mean moves, and by what share the sd, when the part
  counts double or half;
- the distance that ArviZ's `psense` estimates from draws: the cumulative Jensen-Shannon distance
  from the posterior at alpha 0.99 and 1.01, a unit of log2 alpha. It is an integral over the range
  of the draws, and so depends on how many there are: here it is that of `DRAWS` of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import trapezoid
from scipy.special import xlogy

from partial_pooling.arrays import Array
from partial_pooling.errors import InputError
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.posterior import ExactPosterior, solve
from partial_pooling.priors.priors import HyperPrior

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("prior of mu", "prior of tau", "likelihood")
NEAR = (0.99, 1.01)  # of the distance, as psense has them
FAR = {"half": 0.5, "double": 2.0}
THRESHOLD = 0.05  # of the distance, as psense_summary has it
DRAWS = 4000
POINTS = 121  # of each CDF
CONFLICT = "prior and data conflict"
STRONG = "strong prior or weak likelihood"
FINE = ""


def sensitivity_table(posterior: Posterior, above: float) -> pd.DataFrame:
    """How the posterior moves with its parts, one row a part and variable.

    Parameters
    ----------
    posterior
        Solved exactly, of any family; thetas are looked at where all is closed form given tau.
    above
        The value c of the decision.

    Returns
    -------
    pandas.DataFrame
        Columns part; variable; distance; mean_half, mean_double (moves of the mean, in posterior
        sds), sd_half, sd_double (of the sd, as a share of it); diagnosis, of the priors' rows;
        reason, why a number is missing. Of the variables `mu > c` and `theta_new > c` the moves
        are those of the probability.
    """
    import pandas as pd

    few = posterior.may_be_solved_again(len(PARTS) * len((*NEAR, *FAR)))
    variables = [
        v
        for v in posterior.variables
        if isinstance(posterior, ExactPosterior) or not v.startswith("theta[")
    ]
    grids = {v: _grid(posterior, v) for v in variables} if few else {}
    base = {v: posterior.cdf(v, x) for v, x in grids.items()}
    moments = dict(zip(variables, np.transpose(posterior.moments(variables)), strict=True))
    chances = {f"{v} > c": v for v in ("mu", "theta_new")}
    rows = []
    for part in PARTS:
        solved = {
            alpha: scaled(posterior, part, alpha) if few else "too many groups"
            for alpha in (*NEAR, *FAR.values())
        }
        told = {a: p for a, p in solved.items() if isinstance(p, Posterior)}
        reason = next((str(p) for p in solved.values() if not isinstance(p, Posterior)), "")
        distances = [
            {v: distance(base[v], told[alpha].cdf(v, x), x) for v, x in grids.items()}
            for alpha in NEAR
            if alpha in told
        ]
        moved = {
            name: dict(zip(variables, np.transpose(told[alpha].moments(variables)), strict=True))
            for name, alpha in FAR.items()
            if alpha in told
        }
        for variable in variables:
            mean, sd = moments[variable]
            row: dict[str, object] = {"part": part, "variable": variable, "distance": math.nan}
            if len(distances) == 2:
                row["distance"] = per_log2([d[variable] for d in distances])
            for name in FAR:
                there = moved[name][variable] if name in moved else (math.nan, math.nan)
                row[f"mean_{name}"] = (there[0] - mean) / sd
                row[f"sd_{name}"] = there[1] / sd - 1
            rows.append(row | {"reason": reason or ("" if math.isfinite(sd) else "no sd exists")})
        for name, variable in chances.items():
            row = {"part": part, "variable": name, "distance": math.nan, "reason": reason}
            for far, alpha in FAR.items():
                row[f"mean_{far}"] = row[f"sd_{far}"] = math.nan
                if alpha in told:
                    change = posterior.cdf(variable, above) - told[alpha].cdf(variable, above)
                    row[f"mean_{far}"] = float(change)
            rows.append(row)
    columns = ["part", "variable", "distance"]
    columns += [f"{what}_{far}" for what in ("mean", "sd") for far in FAR]
    table = pd.DataFrame(rows)
    table["diagnosis"] = _diagnoses(table)
    return table[[*columns, "diagnosis", "reason"]]


def scaled(posterior: Posterior, part: str, alpha: float) -> Posterior | str:
    """The posterior with one of `PARTS` to the power alpha, or why there is none."""
    groups, prior, family = posterior.groups, posterior.prior, posterior.family
    if part == "likelihood":
        powered = family.powered(groups, alpha)
        if powered is None:
            return f"a {family.name} likelihood to the power {alpha:g} is not solved"
        family, groups = powered
    elif part == "prior of mu":
        prior = HyperPrior(prior.mu.powered(alpha), prior.tau)
    else:
        prior = HyperPrior(prior.mu, prior.tau.powered(alpha))
    try:
        return solve(groups, prior, family)
    except InputError:
        return f"improper at alpha {alpha:g}"


def _grid(posterior: Posterior, variable: str) -> Array:
    """Points over the range that draws have."""
    low, high = posterior.quantile(variable, [1 / DRAWS, 1 - 1 / DRAWS])
    return np.linspace(low, high, POINTS)


def distance(p: Array, q: Array, x: Array) -> float:
    """Cumulative Jensen-Shannon distance of two CDFs at points, as ArviZ normalizes it.

    ``sqrt(integral of [P log2 P + Q log2 Q - (P + Q) log2((P + Q) / 2)] / integral of [P + Q])``,
    over the range of the points; the greater of that and of the same with all signs turned
    (Nguyen and Vreeken 2015).
    """
    return max(_one_side(p, q, x), _one_side(1 - p, 1 - q, x))


def _one_side(p: Array, q: Array, x: Array) -> float:
    middle = (p + q) / 2
    apart = xlogy(p, p) + xlogy(q, q) - 2 * xlogy(middle, middle)
    total = float(trapezoid(apart, x)) / math.log(2) / float(trapezoid(p + q, x))
    return math.sqrt(max(total, 0.0))


def per_log2(distances: list[float]) -> float:
    """Of distances at `NEAR`, their mean a unit of log2 alpha."""
    return float(np.mean([d / abs(math.log2(a)) for d, a in zip(distances, NEAR, strict=True)]))


def _diagnoses(table: pd.DataFrame) -> list[str]:
    """By the thresholds of psense_summary, of each row of a prior."""
    likelihood = table[table["part"] == "likelihood"].set_index("variable")["distance"]
    found = []
    for part, variable, prior in zip(
        table["part"], table["variable"], table["distance"], strict=True
    ):
        data = float(likelihood[variable])
        if part == "likelihood" or not prior >= THRESHOLD or math.isnan(data):
            found.append(FINE)
        else:
            found.append(CONFLICT if data >= THRESHOLD else STRONG)
    return found
