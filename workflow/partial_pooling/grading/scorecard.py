"""How often each check of a sampler is right, over fits whose exact answers are known.

Fits at several numbers of draws share their draws, and fits of several models their table: the
independent unit is the table, and intervals are of clusters (`grading.clusters`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.grading.checks import CHECKS, SCORES, SINGLE, USUAL, Flags, score
from partial_pooling.grading.clusters import clustered_area, clustered_share
from partial_pooling.grading.grades import ALARMS
from partial_pooling.grading.inference import Interval
from partial_pooling.grading.over_tables import GROUPS, RATIOS
from partial_pooling.grading.parts import PARTS

ALL = "all"  # variables, or numbers of draws
# What a check should find: the fit is too far off, or it errs more than it admits.
TRUTHS = ("accurate", "honest")
BAD = {"accurate": "not accurate", "honest": "not honest"}
FALSE_ALARMS = 0.05  # the rate that thresholds are chosen for
LIMITS = (0, 0.0005, 0.001, 0.002, 0.005, 0.01)  # of the share of divergent transitions
LEAST_CAUGHT = 0.95  # of the fits that are not honest, by the alarms: what a limit is chosen for


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
        names = cells["alarms"].str.split()
        self.alarms = {alarm: np.array([alarm in some for some in names]) for alarm in ALARMS}
        # places of the lower edges of their ranges of the ratio
        self.ratio = np.searchsorted(RATIOS, cells["ratio"], side="right") - 1
        self.everywhere: Flags = np.ones(len(cells), dtype=bool)

    def bad(self, truth: str, part: str = ALL) -> Flags:
        """Which cells a check should find."""
        return ~self.cells[f"{truth}_{part}"].to_numpy(dtype=bool)

    def parts(self, *by: Any) -> Iterator[tuple[Any, Flags, int]]:
        """Each part of the cells: its key, which they are, and of how many tables.

        Parameters
        ----------
        by
            As of `pandas.DataFrame.groupby`, two or more; keys are in their order.
        """
        parts: dict[Any, Any] = self.cells.groupby([*by]).indices
        for key in sorted(parts):
            at = ~self.everywhere
            at[parts[key]] = True
            yield key, at, len(np.unique(self.cluster[at]))

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
        for (groups, model), at, tables in self.parts("groups", "model"):
            row = {
                **{"groups": groups, "model": model, "tables": tables},
                "fits": int(self.cells["draws"][at].value_counts().max()),
                "cells": int(at.sum()),
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
        rows = []
        for (g, r), at, tables in self.parts(groups, self.ratio):
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

    def limits(self) -> pd.DataFrame:
        """What the alarms catch together, at several thresholds of the share of divergences.

        The other alarms stay as they were raised. Tables choose and tell as for `thresholds`.

        Returns
        -------
        pandas.DataFrame
            A row a number of draws, half of the tables and limit: half, "chooses" or "tells";
            the rest as of `checks`, bad being not honest.
        """
        others = np.any([self.alarms[a] for a in ALARMS if a != "divergence_rate"], axis=0)
        rate = score(self.cells, "divergence_rate")
        chooses, bad = _half(self.cells["table"]), self.bad("honest")
        rows = []
        for draws in self.draws:
            for half, which in (("chooses", chooses), ("tells", ~chooses)):
                at = self.at(draws) & which
                for limit in LIMITS:
                    shares = self.shares(bad, others | (rate > limit), at)
                    rows.append({"draws": draws, "half": half, "limit": limit, **shares})
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
            "limits": self.limits,
        }
        return {name: way() for name, way in ways.items()}

    def _where(self, parts: Iterable[str] = (ALL, *PARTS)) -> list[tuple[str, str, int | str]]:
        return [(truth, part, draws) for truth in TRUTHS for part in parts for draws in self.draws]


def chosen_limit(limits: pd.DataFrame) -> float:
    """The largest limit at which the alarms catch enough on the tables that choose, at most draws.

    Parameters
    ----------
    limits
        Of `Scorecard.limits`.

    Returns
    -------
    float
        NaN if there is none.
    """
    draws = limits.loc[limits["draws"] != ALL, "draws"].astype(int).max()
    of = limits[(limits["draws"] == str(draws)) & (limits["half"] == "chooses")]
    return float(of.loc[of["caught"] >= LEAST_CAUGHT, "limit"].max())


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
