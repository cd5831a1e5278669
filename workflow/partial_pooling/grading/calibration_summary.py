"""What the ranks of a calibration say: uniform or not, where not, and how many it takes to see it.

Ranks are integers from 0 to L, uniform if the sampler is right. The exact control, the truth's
position in the exact CDF, is cut into the same L + 1 ranks, so that all stand the same tests.

Uniformity is judged as Sailynoja, Burkner, Vehtari (2022, Statistics and Computing 32, 32) do: the
number of ranks below each cut is binomial, the least of its two tail probabilities over all cuts is
the test's statistic, and the simultaneous band of the ECDF is where that statistic is not small.
Hence the band of a figure and the p-value of a table agree: an ECDF leaves the 95 % band where its
p-value is below 5 %. The distribution of the statistic is simulated, which takes dependence between
cuts into account and gives the stated rate of false alarms at every number of simulations.

`tau` has the ranks of `log_tau` and is not tested twice.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from arviz_stats.ecdf_utils import get_pointwise_confidence_band
from numpy.typing import NDArray
from scipy.special import bdtr
from scipy.stats import beta, binom, chi2

from partial_pooling.grading.inference import holm

type Ranks = NDArray[np.int64]

EXACT = "exact"
LEVEL = 0.05  # rate of false alarms, of a band and of all tests of a table together
NULL_REPEATS = 50_000
POWER_REPEATS = 400
POWER_COUNTS = (25, 50, 100, 200, 300, 500, 700, 1000, 2000, 5000, 10_000, 20_000, 50_000)
WANTED_POWER = 0.8
COVERAGE_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
TAU_BINS = 10
SEED = 1  # of simulated null distributions and of subsamples
MOST_AT_ONCE = 5_000_000  # numbers of a simulated null distribution in memory


@dataclass(frozen=True, eq=False)
class Null:
    """What n uniform ranks from 0 to L look like.

    Attributes
    ----------
    count
        n.
    ranks
        L + 1, the number of different ranks.
    tail
        Shape (n + 1, L): binomial tail probability of each number of ranks below each cut, the
        smaller of the two sides.
    statistic
        Sorted simulated values of the smallest tail probability over cuts.
    """

    count: int
    ranks: int
    tail: NDArray[np.float64]
    statistic: NDArray[np.float64]

    @property
    def cuts(self) -> NDArray[np.float64]:
        """Shape (L,), the cuts 1 / (L + 1), ..., L / (L + 1)."""
        return np.arange(1, self.ranks) / self.ranks

    def p_value(self, below: NDArray[np.int64]) -> NDArray[np.float64]:
        """p-values of numbers of ranks below each cut, shape (..., L)."""
        least = np.take_along_axis(self.tail, np.reshape(below, (-1, self.ranks - 1)), axis=0).min(
            axis=1
        )
        # simulated values that are equal count as extreme; floats of equal tables are equal
        extreme = np.searchsorted(self.statistic, least, side="right")
        return np.reshape((1 + extreme) / (1 + self.statistic.size), np.shape(below)[:-1])

    def band(self, level: float = LEVEL) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper end of the ECDF at the cuts that hold all at once but for `level`."""
        pointwise = float(np.quantile(self.statistic, level, method="inverted_cdf"))
        lower, upper = get_pointwise_confidence_band(1 - 2 * pointwise, self.count, self.cuts)
        return np.asarray(lower), np.asarray(upper)


@functools.lru_cache(maxsize=16)
def null_distribution(count: int, ranks: int, repeats: int = NULL_REPEATS) -> Null:
    """Simulate the distribution of the smallest tail probability over cuts.

    Parameters
    ----------
    count
        Number of simulations.
    ranks
        Number of different ranks, L + 1.
    repeats
        Simulated sets of ranks; p-values are no smaller than 1 / (repeats + 1).
    """
    cuts = np.arange(1, ranks) / ranks
    numbers = np.arange(count + 1)[:, None]
    upper = np.ones((count + 1, ranks - 1))
    upper[1:] = 1 - bdtr(numbers[:-1], count, cuts)
    tail = np.minimum(bdtr(numbers, count, cuts), upper)
    rng = np.random.default_rng([SEED, count, ranks])
    statistic = []
    size = max(1, MOST_AT_ONCE // ranks)
    for start in range(0, repeats, size):
        drawn = rng.multinomial(count, np.full(ranks, 1 / ranks), min(size, repeats - start))
        below = drawn.cumsum(axis=1)[:, :-1]
        statistic.append(np.take_along_axis(tail, below, axis=0).min(axis=1))
    return Null(count, ranks, tail, np.sort(np.concatenate(statistic)))


def count_below(ranks: Ranks, different: int) -> NDArray[np.int64]:
    """Numbers of ranks below each cut, shape (V, L), of ranks of shape (n, V)."""
    counts = np.zeros((ranks.shape[1], different), dtype=np.int64)
    for row, column in zip(counts, ranks.T, strict=True):
        row += np.bincount(column, minlength=different)
    return counts.cumsum(axis=1)[:, :-1]


@dataclass(frozen=True, eq=False)
class Calibration:
    """All simulations of a data set.

    Attributes
    ----------
    ranks
        Rows of every batch's ranks, with model.
    fits
        Rows of every batch's fits, with model.
    ranked_draws
        L.
    """

    ranks: pd.DataFrame
    fits: pd.DataFrame
    ranked_draws: int

    @property
    def models(self) -> list[str]:
        """Names of the models, in order of appearance."""
        return list(dict.fromkeys(self.fits["model"]))

    @property
    def sources(self) -> list[str]:
        """The models and the exact control."""
        return [*self.models, EXACT]

    @property
    def different(self) -> int:
        """Number of different ranks, L + 1."""
        return self.ranked_draws + 1

    @property
    def variables(self) -> list[str]:
        """Tested variables: all but tau, whose ranks are those of log_tau."""
        return [name for name in dict.fromkeys(self.ranks["variable"]) if name != "tau"]

    def rank_table(self, source: str, thinned_only: bool = False) -> pd.DataFrame:
        """Ranks of a model, or of the exact control: a row a simulation, a column a variable."""
        if source == EXACT:
            rows = self.ranks.drop_duplicates(["simulation", "variable"])
            position = np.floor(rows["exact_cdf"] * self.different).astype(int)
            rows = rows.assign(rank=position.clip(0, self.ranked_draws))
        else:
            rows = self.ranks[self.ranks["model"] == source]
            if thinned_only:
                fits = self.fits[(self.fits["model"] == source) & self.fits["thinned"]]
                rows = rows[rows["simulation"].isin(fits["simulation"])]
        table = rows.pivot(index="simulation", columns="variable", values="rank")
        return table.reindex(columns=self.variables).sort_index()


def uniformity(calibration: Calibration) -> pd.DataFrame:
    """Test every variable's ranks, of each model and of the exact control.

    Returns
    -------
    pandas.DataFrame
        A row a source, variable and choice of fits: `all`, which judges the sampler, and beside it
        `thinned`, only the fits that could be thinned to nearly independent draws. Which those
        are depends on data and draws, not on the truth given the data, so their ranks are uniform
        too if the sampler is right; but to look at them alone hides where it fails. Columns source,
        fits, variable, simulations, mean_position (0.5 if uniform), p_value, p_corrected (Holm,
        over the rows of one choice of fits), uniform (p_corrected >= `LEVEL`).
    """
    choices = []
    for fits in ("all", "thinned"):
        rows = []
        for source in calibration.sources if fits == "all" else calibration.models:
            table = calibration.rank_table(source, fits == "thinned")
            if not len(table):
                continue
            null = null_distribution(len(table), calibration.different)
            p_values = null.p_value(count_below(table.to_numpy(), calibration.different))
            rows.append(
                pd.DataFrame(
                    {
                        "source": source,
                        "fits": fits,
                        "variable": table.columns,
                        "simulations": len(table),
                        "mean_position": (table.mean().to_numpy() + 0.5) / calibration.different,
                        "p_value": p_values,
                    }
                )
            )
        if rows:
            choice = pd.concat(rows, ignore_index=True)
            choice["p_corrected"] = holm(choice["p_value"].to_numpy())
            choices.append(choice)
    result = pd.concat(choices, ignore_index=True)
    return result.assign(uniform=result["p_corrected"] >= LEVEL)


def ecdf(calibration: Calibration) -> pd.DataFrame:
    """ECDF of ranks minus the uniform CDF, with simultaneous bands.

    Returns
    -------
    pandas.DataFrame
        source, variable, position (0 to 1), difference, lower, upper: of all fits.
    """
    rows = []
    for source in calibration.sources:
        table = calibration.rank_table(source)
        if not len(table):
            continue
        null = null_distribution(len(table), calibration.different)
        lower, upper = (np.r_[0, end - null.cuts, 0] for end in null.band())
        below = count_below(table.to_numpy(), calibration.different) / len(table)
        for variable, line in zip(table.columns, below, strict=True):
            rows.append(
                pd.DataFrame(
                    {
                        "source": source,
                        "variable": variable,
                        "position": np.r_[0, null.cuts, 1],
                        "difference": np.r_[0, line - null.cuts, 0],
                        "lower": lower,
                        "upper": upper,
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def histogram(calibration: Calibration) -> pd.DataFrame:
    """Count ranks in bins.

    Returns
    -------
    pandas.DataFrame
        source, variable, left, right (positions, 0 to 1), count, expected, lower, upper: counts
        that uniform ranks keep in all bins of a histogram at once but for 5 % (Bonferroni).
    """
    rows = []
    for source in calibration.sources:
        table = calibration.rank_table(source)
        count = len(table)
        if not count:
            continue
        bins = min(20, max(5, count // 10), calibration.different)
        of_rank = np.arange(calibration.different) * bins // calibration.different
        width = np.bincount(of_rank, minlength=bins) / calibration.different
        edges = np.r_[0, width.cumsum()]
        for variable in table.columns:
            rows.append(
                pd.DataFrame(
                    {
                        "source": source,
                        "variable": variable,
                        "left": edges[:-1],
                        "right": edges[1:],
                        "count": np.bincount(of_rank[table[variable]], minlength=bins),
                        "expected": count * width,
                        "lower": binom.ppf(LEVEL / bins / 2, count, width),
                        "upper": binom.ppf(1 - LEVEL / bins / 2, count, width),
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def coverage(calibration: Calibration) -> pd.DataFrame:
    """How often central intervals hold the truth.

    Returns
    -------
    pandas.DataFrame
        source, variable, nominal (the probability that the ranks allow nearest to
        `COVERAGE_LEVELS`), coverage, lower, upper (its 95 % interval, Clopper and Pearson 1934).
    """
    different = calibration.different
    cut = {round(different * (1 - level) / 2) for level in COVERAGE_LEVELS}
    cuts = np.array(sorted((c for c in cut if 2 * c < different), reverse=True))
    rows = []
    for source in calibration.sources:
        table = calibration.rank_table(source)
        count = len(table)
        if not count:
            continue
        for variable in table.columns:
            ranks = table[variable].to_numpy()[:, None]
            inside = ((ranks >= cuts) & (ranks < different - cuts)).sum(axis=0)
            with np.errstate(invalid="ignore"):
                lower = beta.ppf(LEVEL / 2, inside, count - inside + 1)
                upper = beta.ppf(1 - LEVEL / 2, inside + 1, count - inside)
            rows.append(
                pd.DataFrame(
                    {
                        "source": source,
                        "variable": variable,
                        "nominal": 1 - 2 * cuts / different,
                        "coverage": inside / count,
                        "lower": np.where(inside == 0, 0, lower),
                        "upper": np.where(inside == count, 1, upper),
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def by_tau(calibration: Calibration) -> pd.DataFrame:
    """Where, in terms of the simulated tau, each model fails to find log tau.

    Given the truth, ranks are not uniform even if the sampler is right: the truth's position in the
    exact CDF is the measure. Both columns of errors are zero on average in every bin then.

    Returns
    -------
    pandas.DataFrame
        A row a model and bin of true tau with equally many simulations: model, tau_low, tau_high,
        simulations, thinned and divergent (shares of the fits), error and error_se (mean of
        log_tau minus the exact mean, in exact posterior standard deviations, and the standard error
        of its average), shift and shift_se (of the rank's position, 0 to 1, from the exact one),
        beyond_4 (share of |z| > 4).
    """
    fits = calibration.fits
    edges = np.quantile(
        fits.drop_duplicates("simulation")["true_tau"], np.linspace(0, 1, TAU_BINS + 1)
    )
    ranks = calibration.ranks[calibration.ranks["variable"] == "log_tau"]
    rows = []
    for model in calibration.models:
        of_model = fits[fits["model"] == model].merge(
            ranks[ranks["model"] == model].drop(columns="model"), on="simulation", how="left"
        )
        offset = of_model["mean"] - of_model["exact_mean"]
        of_model["error"] = offset / of_model["exact_sd"]
        of_model["beyond_4"] = (offset / of_model["mcse_mean"]).abs() > 4
        position = (of_model["rank"] + 0.5) / calibration.different
        of_model["shift"] = position - of_model["exact_cdf"]
        of_model["divergent"] = of_model["divergences"] > 0
        which = np.clip(np.searchsorted(edges, of_model["true_tau"]) - 1, 0, TAU_BINS - 1)
        for number in np.unique(which):
            cell = of_model[which == number]
            row: dict[str, Any] = {
                "model": model,
                "tau_low": edges[number],
                "tau_high": edges[number + 1],
                "simulations": len(cell),
            }
            for name in ("thinned", "divergent", "beyond_4"):
                row[name] = cell[name].mean()
            for name in ("error", "shift"):
                row[name], row[f"{name}_se"] = cell[name].mean(), cell[name].sem()
            rows.append(row)
    return pd.DataFrame(rows)


def power(calibration: Calibration) -> pd.DataFrame:
    """How often fewer simulations would have shown that ranks are not uniform.

    ASSUME the simulations at hand stand for all: subsets are drawn from them without replacement,
    so a subset nearly as large as the whole says little more than the whole, and curves are smooth
    only well below it. Drawing with replacement would find faults where there are none, since
    repeated ranks scatter more widely than independent ones.

    Returns
    -------
    pandas.DataFrame
        source, simulations, variable, test, power: the share of subsets in which the test rejects,
        at a rate of false alarms of `LEVEL`. The variable `any` is all variables' test at once,
        each at `LEVEL` over their number. The test is that of the ECDF's band (`ecdf`) or, as is
        more usual, Pearson's chi-square of a rank histogram of at most 20 bins with at least five
        expected (`histogram`).
    """
    different = calibration.different
    rng = np.random.default_rng(SEED)
    rows = []
    tables = {source: calibration.rank_table(source) for source in calibration.sources}
    for source, table in tables.items():
        total = len(table)
        if not total:
            continue
        cuts = np.arange(1, different)
        block = max(1, 10 * MOST_AT_ONCE // (total * len(cuts)))
        for count in [n for n in POWER_COUNTS if n < total] + [total]:
            repeats = POWER_REPEATS if count < total else 1
            chosen = np.zeros((repeats, total), dtype=np.float32)
            for row in chosen:
                row[rng.permutation(total)[:count]] = 1
            below = np.empty((repeats, table.shape[1], len(cuts)), dtype=np.int64)
            for start in range(0, table.shape[1], block):
                part = table.to_numpy()[:, start : start + block, None] < cuts
                # counts as floats are exact below 2 ** 24
                counts = chosen @ part.reshape(total, -1).astype(np.float32)
                below[:, start : start + block] = counts.reshape(repeats, -1, len(cuts))
            tests = {
                "ecdf": null_distribution(count, different, 20_000).p_value(below),
                "histogram": _chi_square(below, count, different),
            }
            for test, p_values in tests.items():
                rejected = {"any": p_values.min(axis=1) < LEVEL / p_values.shape[1]}
                rejected |= {
                    name: p_values[:, k] < LEVEL
                    for k, name in enumerate(table.columns)
                    if name in ("mu", "log_tau")
                }
                rows += [
                    {
                        "source": source,
                        "simulations": count,
                        "variable": name,
                        "test": test,
                        "power": flags.mean(),
                    }
                    for name, flags in rejected.items()
                ]
    return pd.DataFrame(rows)


def _chi_square(below: NDArray[np.int64], count: int, different: int) -> NDArray[np.float64]:
    """p-values of the histogram of ranks, from numbers below each cut of shape (..., L)."""
    bins = max(2, min(20, count // 5, different))
    ends = np.round(np.arange(1, bins) * different / bins).astype(int)
    filled = np.concatenate(
        [np.zeros_like(below[..., :1]), below[..., ends - 1], np.full_like(below[..., :1], count)],
        axis=-1,
    )
    expected = count * np.diff(np.r_[0, ends, different]) / different
    statistic = ((np.diff(filled, axis=-1) - expected) ** 2 / expected).sum(axis=-1)
    return np.asarray(chi2.sf(statistic, bins - 1))


def simulations_needed(
    power: pd.DataFrame, source: str, variable: str = "any", test: str = "ecdf"
) -> float:
    """Number of simulations at which the power reaches `WANTED_POWER`; NaN if it never does.

    Interpolated in the logarithm of the number.
    """
    curve = power[
        (power["source"] == source) & (power["variable"] == variable) & (power["test"] == test)
    ]
    if curve.empty:
        return math.nan
    n, reached = curve["simulations"].to_numpy(), curve["power"].to_numpy()
    first = int(np.argmax(reached >= WANTED_POWER))
    if reached[first] < WANTED_POWER:
        return math.nan
    if first == 0:
        return float(n[0])
    share = (WANTED_POWER - reached[first - 1]) / (reached[first] - reached[first - 1])
    return float(n[first - 1] * (n[first] / n[first - 1]) ** share)


def fared(calibration: Calibration) -> pd.DataFrame:
    """How each model's fits fared: counts and shares, a row a model."""
    rows = []
    for model in calibration.models:
        fits = calibration.fits[calibration.fits["model"] == model]
        failed = fits["reason"].fillna("").str.startswith("sampling failed")
        log_tau = calibration.ranks[
            (calibration.ranks["model"] == model) & (calibration.ranks["variable"] == "log_tau")
        ]
        z = (log_tau["mean"] - log_tau["exact_mean"]) / log_tau["mcse_mean"]
        rows.append(
            {
                "model": model,
                "simulations": len(fits),
                "failed": int(failed.sum()),
                "too_poor_to_thin": int((~fits["thinned"] & ~failed).sum()),
                "with_divergences": int((fits["divergences"] > 0).sum()),
                "with_max_treedepth_hits": int((fits["max_treedepth_hits"] > 0).sum()),
                "r_hat_above_1.01": int((fits["r_hat"] > 1.01).sum()),
                "median_ess_bulk": float(fits["ess_bulk"].median()),
                "median_ess_tail": float(fits["ess_tail"].median()),
                "log_tau_beyond_z_4": int((z.abs() > 4).sum()),
            }
        )
    return pd.DataFrame(rows)


def sentences(
    calibration: Calibration, tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]
) -> list[str]:
    """Say what the tables show, a sentence or two a finding.

    Parameters
    ----------
    calibration
        All simulations.
    tables
        `uniformity`, `by_tau`, `power` and `fared` by these names.
    settings
        `chains`, `draws`, `tune`, `target_accept`, `ranked_draws` of the fits.
    """
    tests = tables["uniformity"]
    of_all = tests[tests["fits"] == "all"]
    count = calibration.fits["simulation"].nunique()
    said = [
        f"{count:,} data sets were simulated from the prior with these standard errors, and each "
        f"model fitted to each ({settings['chains']} chains of {settings['draws']:,} draws after "
        f"{settings['tune']:,} tuning steps, target_accept {settings['target_accept']:g}). Where a "
        f"sampler is right, the rank of the truth among {calibration.ranked_draws} of the draws is "
        "uniform."
    ]
    for source in calibration.sources:
        rows = of_all[of_all["source"] == source]
        bad = rows[~rows["uniform"]]
        if rows.empty:
            said.append(f"{source}: sampling failed every time; there is nothing to rank.")
        elif source == EXACT:
            said.append(
                "The control, the truth's position in the exact posterior of the same data, is "
                + (
                    f"not seen to depart from uniform (smallest p {_p(rows['p_corrected'].min())}, "
                    f"corrected for {len(of_all)} tests): nothing speaks against the simulation "
                    "and the exact answer. It takes no part in ranking the truth among draws."
                    if bad.empty
                    else "not uniform: simulation or exact answer is at fault, and nothing here "
                    "counts."
                )
            )
        elif bad.empty:
            said.append(
                f"{source}: no variable's ranks are seen to depart from uniform (smallest p "
                f"{_p(rows['p_corrected'].min())}, corrected for {len(of_all)} tests)."
            )
        else:
            worst = bad.sort_values("p_corrected", kind="stable")
            which = ", ".join(
                f"{row['variable']} (p {_p(row['p_corrected'])})"
                for row in worst.head(3).to_dict("records")
            )
            more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
            said.append(
                f"{source}: ranks are not uniform for {which}{more}, corrected for "
                f"{len(of_all)} tests. "
                + _said_of_ends(calibration, source, worst["variable"].iloc[0])
            )
    for row in tables["fared"].to_dict("records"):
        said.append(
            f"{row['model']}: {row['too_poor_to_thin']:,} of {row['simulations']:,} fits have "
            f"fewer than {calibration.ranked_draws} effective draws and could not be thinned to "
            f"nearly independent ones (they are ranked all the same), {row['with_divergences']:,} "
            f"have divergences, {row['with_max_treedepth_hits']:,} reached the largest tree depth, "
            f"{row['failed']:,} failed."
        )
    for model in calibration.models:
        cells = tables["by_tau"][tables["by_tau"]["model"] == model]
        # a range in which every fit failed has no error
        by_error = cells.sort_values("error", key=np.abs, kind="stable", na_position="first")
        worst_bin = by_error.to_dict("records")[-1]
        if abs(worst_bin["error"]) > 4 * worst_bin["error_se"]:
            high = "high" if worst_bin["error"] > 0 else "low"
            said.append(
                f"{model} is furthest off, of {len(cells)} ranges of the true tau, between "
                f"{worst_bin['tau_low']:.2g} and {worst_bin['tau_high']:.2g}: there its mean of "
                f"log tau is too {high} by {abs(worst_bin['error']):.2g} exact posterior standard "
                f"deviations on average (standard error {worst_bin['error_se']:.1g})."
            )
        if not of_all["uniform"][of_all["source"] == model].all():
            said += _said_of_power(tables["power"], model)
    return said


def _said_of_ends(calibration: Calibration, source: str, variable: str) -> str:
    ranks = calibration.rank_table(source)[variable]
    return (
        f"The true {variable} lies below all {calibration.ranked_draws} ranked draws in "
        f"{100 * (ranks == 0).mean():.1f} % of the simulations and above all in "
        f"{100 * (ranks == calibration.ranked_draws).mean():.1f} %; right are "
        f"{100 / calibration.different:.1f} % each."
    )


def _said_of_power(power: pd.DataFrame, model: str) -> list[str]:
    needed = simulations_needed(power, model)
    if not math.isfinite(needed):
        return []
    most = "At most" if needed <= POWER_COUNTS[0] else "About"
    text = (
        f"{most} {_round(needed):,} simulations show {model}'s fault four times in five by the "
        "band of the rank ECDF, all variables taken together"
    )
    usual = simulations_needed(power, model, test="histogram")
    if math.isfinite(usual):
        text += f"; by the chi-square test of rank histograms it takes about {_round(usual):,}"
    return [text + "."]


def summarize(
    calibration: Calibration, settings: Mapping[str, Any]
) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Compute every table, and what a report shows of them as plain data.

    Parameters
    ----------
    calibration
        All simulations.
    settings
        Of the fits, see `sentences`.

    Returns
    -------
    tables : dict of pandas.DataFrame
        uniformity, ecdf, histogram, coverage, by_tau, power, fared.
    section : dict
        sentences (list of str), settings, and the tables uniformity (of all fits), by_tau and
        fared as lists of rows; no NaN.
    """
    tables = {
        table.__name__: table(calibration)
        for table in (uniformity, ecdf, histogram, coverage, by_tau, power, fared)
    }
    tests = tables["uniformity"]
    shown = {**tables, "uniformity": tests[tests["fits"] == "all"].drop(columns="fits")}
    section: dict[str, Any] = {
        "sentences": sentences(calibration, tables, settings),
        "settings": dict(settings),
    }
    for name in ("uniformity", "by_tau", "fared"):
        rows = shown[name].to_dict("records")
        section[name] = [
            {key: None if value != value else value for key, value in row.items()} for row in rows
        ]
    return tables, section


def _p(value: float) -> str:
    least = 1 / (NULL_REPEATS + 1)
    return f"= {value:.2g}" if value > 50 * least else "< 0.001"


def _round(value: float) -> int:
    digits = 1 - math.floor(math.log10(value))
    return int(round(value, digits))
