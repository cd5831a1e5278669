"""How often each check of a sampler is right, over fits whose exact answers are known.

Fits at several numbers of draws share their draws, and fits of several models their table: the
independent unit is the table. Shares carry the interval of Korn and Graubard (1998, Survey
Methodology 24, 193-201): that of Clopper and Pearson, of as many trials as are effective given how
cells of a table go together. Areas under receiver operating characteristics carry the standard
error of Obuchowski (1997, Biometrics 53, 567-578) for clustered data.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import rankdata

from partial_pooling.grading.checks import CHECKS, SCORES, SINGLE, USUAL, Flags, score
from partial_pooling.grading.inference import Interval, share_interval
from partial_pooling.grading.over_tables import GROUPS, RATIOS
from partial_pooling.grading.parts import PARTS

Array = NDArray[np.float64]
ALL = "all"  # variables, or numbers of draws
# What a check should find: the fit is too far off, or it errs more than it admits.
TRUTHS = ("accurate", "honest")
BAD = {"accurate": "not accurate", "honest": "not honest"}
FALSE_ALARMS = 0.05  # the rate that thresholds are chosen for


def clustered_share(events: Flags, among: Flags, cluster: NDArray[np.int64]) -> Interval:
    """The share of `events` in `among`, cells of a cluster being dependent.

    Parameters
    ----------
    events, among
        A value a cell.
    cluster
        The table of each cell, from 0.

    Returns
    -------
    Interval
        All NaN where no cell is in `among`.
    """
    number = np.bincount(cluster, among)
    total = float(number.sum())
    if not total:
        return Interval(math.nan, math.nan, math.nan)
    share = float(np.bincount(cluster, events & among).sum()) / total
    clusters = int((number > 0).sum())
    effective = float(clusters)
    if 0 < share < 1 and clusters > 1:
        off = np.bincount(cluster, (events & among) - share * among)
        variance = clusters / (clusters - 1) * float((off**2).sum()) / total**2
        # where all clusters have the same share they vary less than independent cells would
        effective = min(total, share * (1 - share) / variance) if variance else total
        # few clusters tell little of their own variance
        effective *= (stats.t.ppf(0.975, total - 1) / stats.t.ppf(0.975, clusters - 1)) ** 2
    return share_interval(share * effective, effective)


def clustered_area(bad: Flags, values: Array, cluster: NDArray[np.int64]) -> Interval:
    """Area under the receiver operating characteristic: P(a bad cell scores above a good one).

    Parameters
    ----------
    bad
        What is to be found, a value a cell.
    values
        The score, larger for worse; ties count half.
    cluster
        The table of each cell.

    Returns
    -------
    Interval
        All NaN where all cells are bad, or none is.
    """
    m, n = int(bad.sum()), int((~bad).sum())
    if not (m and n):
        return Interval(math.nan, math.nan, math.nan)
    ranks = rankdata(values)
    placement = np.empty(len(values))
    placement[bad] = (ranks[bad] - rankdata(values[bad])) / n
    placement[~bad] = 1 - (ranks[~bad] - rankdata(values[~bad])) / m
    area = float(placement[bad].mean())
    of_bad = np.bincount(cluster, np.where(bad, placement - area, 0))
    of_good = np.bincount(cluster, np.where(bad, 0, placement - area))
    count = len(np.unique(cluster))
    with_bad, with_good = len(np.unique(cluster[bad])), len(np.unique(cluster[~bad]))
    if min(with_bad, with_good, count) < 2:
        return Interval(area, math.nan, math.nan)
    variance = (
        with_bad / (with_bad - 1) * float((of_bad**2).sum()) / m**2
        + with_good / (with_good - 1) * float((of_good**2).sum()) / n**2
        + 2 * count / (count - 1) * float((of_bad * of_good).sum()) / (m * n)
    )
    half = float(stats.norm.ppf(0.975)) * math.sqrt(max(variance, 0))
    return Interval(area, max(area - half, 0.0), min(area + half, 1.0))


def cells_of(tables: pd.DataFrame, fits: pd.DataFrame, chains: int) -> pd.DataFrame:
    """Graded fits of a collection, with what a check needs and where they lie in the plane.

    Parameters
    ----------
    tables, fits
        Of tables.parquet and fits.parquet.
    chains
        Of each fit.

    Returns
    -------
    pandas.DataFrame
        A row a fit and number of draws that could be graded, with chains; groups and ratio, the
        exact median of tau over the typical standard error; accurate_all and honest_all.
    """
    known = tables.set_index("table")
    rows = fits[fits["accurate"].notna()].assign(chains=chains)
    rows["groups"] = rows["table"].map(known["groups"]).astype(int)
    rows["ratio"] = rows["table"].map(known["tau_q50"] / known["typical_error"])
    for truth in TRUTHS:
        rows[f"{truth}_{ALL}"] = rows[truth]
        for part in (ALL, *PARTS):
            rows[f"{truth}_{part}"] = rows[f"{truth}_{part}"].astype(bool)
    return rows.reset_index(drop=True)


class Scorecard:
    """Checks held against the truth, over cells of one or several collections.

    Parameters
    ----------
    cells
        Of `cells_of`; tables of one name are one table.
    """

    def __init__(self, cells: pd.DataFrame) -> None:
        self.cells = cells
        self.cluster: NDArray[np.int64] = pd.factorize(cells["table"])[0].astype(np.int64)
        self.raised = {check.name: check.raised(cells) for check in CHECKS}
        self.everywhere: Flags = np.ones(len(cells), dtype=bool)

    def bad(self, truth: str, part: str = ALL) -> Flags:
        """Which cells a check should find."""
        return ~self.cells[f"{truth}_{part}"].to_numpy(dtype=bool)

    def at(self, draws: int | str) -> Flags:
        """Cells of a number of draws, or all."""
        return self.everywhere if draws == ALL else (self.cells["draws"] == draws).to_numpy()

    @property
    def draws(self) -> list[int | str]:
        """All, and each number of draws."""
        return [ALL, *(int(n) for n in sorted(self.cells["draws"].unique()))]

    def share(self, events: Flags, among: Flags) -> Interval:
        """A share of cells with its interval."""
        return clustered_share(events, among, self.cluster)

    def shares(self, bad: Flags, raised: Flags, at: Flags) -> dict[str, float]:
        """Numbers of bad and good cells, and the shares of `checks`, among some cells."""
        return {
            "bad": int((bad & at).sum()),
            "good": int((~bad & at).sum()),
            **_columns("caught", self.share(raised, bad & at)),
            **_columns("false_alarm", self.share(raised, ~bad & at)),
            **_columns("wrong_if_raised", self.share(bad, raised & at)),
            **_columns("wrong_if_quiet", self.share(bad, ~raised & at)),
        }

    def checks(self) -> pd.DataFrame:
        """How often each check finds what is bad, and stops at what is good.

        Returns
        -------
        pandas.DataFrame
            A row a truth, part, number of draws and check: bad and good, numbers of cells; with
            intervals caught (of bad cells, share that the check stops at), false_alarm (of good
            ones), wrong_if_raised and wrong_if_quiet (of cells that it stops at, and of others,
            share that is bad).
        """
        rows = []
        for truth, part, draws in self._where():
            bad, at = self.bad(truth, part), self.at(draws)
            for check in CHECKS:
                raised = self.raised[check.name]
                rows.append(
                    {
                        **{"truth": truth, "part": part, "draws": draws, "check": check.name},
                        **self.shares(bad, raised, at),
                    }
                )
        return pd.DataFrame(rows).astype({"draws": str})

    def models(self) -> pd.DataFrame:
        """How many fits of each model were bad.

        Returns
        -------
        pandas.DataFrame
            A row a number of groups and model: tables, their number; fits, at the number of draws
            that most have; cells; with intervals not_accurate and not_honest, shares of the cells.
        """
        rows = []
        parts: dict[Any, Any] = self.cells.groupby(["groups", "model"]).indices
        for (groups, model), places in parts.items():
            at = np.isin(np.arange(len(self.cells)), places)
            row = {
                **{"groups": groups, "model": model},
                "tables": len(np.unique(self.cluster[places])),
                "fits": int(self.cells["draws"].iloc[places].value_counts().max()),
                "cells": len(places),
            }
            for truth in TRUTHS:
                row |= _columns(f"not_{truth}", self.share(self.bad(truth), at))
            rows.append(row)
        return pd.DataFrame(rows)

    def adds(self) -> pd.DataFrame:
        """What each check adds to R-hat and ESS: shares of the cells at which those are quiet.

        Returns
        -------
        pandas.DataFrame
            A row a truth, number of draws and check: missed and passed, numbers of bad and of good
            cells at which R-hat and both ESS are quiet; with intervals caught and false_alarm of
            these.
        """
        rows = []
        quiet = ~self.raised["usual"]
        for truth, part, draws in self._where(parts=(ALL,)):
            bad, at = self.bad(truth, part), self.at(draws) & quiet
            for check in SINGLE:
                if check.name not in USUAL:
                    raised = self.raised[check.name]
                    rows.append(
                        {
                            **{"truth": truth, "draws": draws, "check": check.name},
                            "missed": int((bad & at).sum()),
                            "passed": int((~bad & at).sum()),
                            **_columns("caught", self.share(raised, bad & at)),
                            **_columns("false_alarm", self.share(raised, ~bad & at)),
                        }
                    )
        return pd.DataFrame(rows).astype({"draws": str})

    def areas(self) -> pd.DataFrame:
        """Area under the receiver operating characteristic of each check as a number."""
        rows = []
        for truth, part, draws in self._where():
            at = self.at(draws)
            bad = self.bad(truth, part)[at]
            for name in SCORES:
                area = clustered_area(bad, score(self.cells[at], name), self.cluster[at])
                rows.append(
                    {
                        **{"truth": truth, "part": part, "draws": draws, "score": name},
                        **_columns("area", area),
                    }
                )
        return pd.DataFrame(rows).astype({"draws": str})

    def roc(self, points: int = 101) -> pd.DataFrame:
        """Receiver operating characteristics, all draws together, at evenly spaced false alarms.

        Returns
        -------
        pandas.DataFrame
            A row a truth, score and point: false_alarm, and caught at the threshold that reaches
            it.
        """
        rows = []
        for truth in TRUTHS:
            bad = self.bad(truth)
            if bad.all() or not bad.any():
                continue
            for name in SCORES:
                values = score(self.cells, name)
                wanted = np.linspace(0, 1, points)
                reached, caught = _characteristic(values[bad], values[~bad])
                rows.append(
                    pd.DataFrame(
                        {
                            **{"truth": truth, "score": name, "false_alarm": wanted},
                            "caught": np.interp(wanted, reached, caught),
                        }
                    )
                )
        columns = ["truth", "score", "false_alarm", "caught"]
        return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)

    def maps(self) -> pd.DataFrame:
        """Where each check fails: the shares of `checks`, by number of groups and ratio.

        Returns
        -------
        pandas.DataFrame
            A row a truth, check and cell of the plane that has fits: groups and ratio, places of
            its lower edges in `over_tables.GROUPS` and `RATIOS`; tables, their number; the rest as
            of `checks`.
        """
        groups = np.searchsorted(GROUPS, self.cells["groups"], side="right") - 1
        ratio = np.searchsorted(RATIOS, self.cells["ratio"], side="right") - 1
        rows = []
        for g, r in sorted(set(zip(groups.tolist(), ratio.tolist(), strict=True))):
            at = (groups == g) & (ratio == r)
            tables = len(np.unique(self.cluster[at]))
            for truth in TRUTHS:
                bad = self.bad(truth)
                for check in CHECKS:
                    raised = self.raised[check.name]
                    rows.append(
                        {
                            **{"truth": truth, "check": check.name, "groups": g, "ratio": r},
                            **{"tables": tables, "cells": int(at.sum())},
                            **self.shares(bad, raised, at),
                        }
                    )
        return pd.DataFrame(rows)

    def thresholds(self, rate: float = FALSE_ALARMS) -> pd.DataFrame:
        """Thresholds that stop at a stated share of good cells, seen on tables that did not choose.

        Every second table, in the order of the digests of their names, chooses; the others tell.

        Returns
        -------
        pandas.DataFrame
            A row a truth, number of draws and score: threshold, in the units of the score; with
            intervals caught and false_alarm on the other tables.
        """
        chooses = _half(self.cells["table"])
        rows = []
        for truth, _, draws in self._where(parts=(ALL,)):
            bad, at = self.bad(truth), self.at(draws)
            for name, worse_above in SCORES.items():
                values = score(self.cells, name)
                good = values[~bad & at & chooses]
                limit = math.nan
                if good.size:
                    limit = float(np.quantile(good, 1 - rate, method="higher"))
                raised, others = values > limit, at & ~chooses
                rows.append(
                    {
                        "truth": truth,
                        "draws": draws,
                        "score": name,
                        "threshold": limit if worse_above else -limit,
                        "bad": int((bad & others).sum()),
                        **_columns("caught", self.share(raised, bad & others)),
                        **_columns("false_alarm", self.share(raised, ~bad & others)),
                    }
                )
        return pd.DataFrame(rows).astype({"draws": str})

    def tables(self) -> dict[str, pd.DataFrame]:
        """All of it, by name."""
        ways: dict[str, Callable[[], pd.DataFrame]] = {
            "models": self.models,
            "checks": self.checks,
            "adds": self.adds,
            "areas": self.areas,
            "roc": self.roc,
            "maps": self.maps,
            "thresholds": self.thresholds,
        }
        return {name: way() for name, way in ways.items()}

    def _where(self, parts: Iterable[str] = (ALL, *PARTS)) -> list[tuple[str, str, int | str]]:
        return [(truth, part, draws) for truth in TRUTHS for part in parts for draws in self.draws]


def _columns(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _characteristic(bad: Array, good: Array) -> tuple[Array, Array]:
    """Shares of good and of bad cells above each threshold, from none to all."""
    limits = np.unique(np.concatenate([bad, good]))[::-1]
    false_alarm = 1 - np.searchsorted(np.sort(good), limits, side="left") / good.size
    caught = 1 - np.searchsorted(np.sort(bad), limits, side="left") / bad.size
    return np.append(0, false_alarm), np.append(0, caught)


def _half(tables: pd.Series[str]) -> Flags:
    names = tables.unique()
    order = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    chosen = set(order[::2])
    return np.asarray(tables.isin(chosen))
