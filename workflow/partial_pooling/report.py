"""A report's tables and words, computed from the files of one data set's results folder.

Nothing here opens a fit or samples: it reads tables, and says in words what they hold. Every
method of `Report` gives HTML for a notebook cell; text from users' files is escaped.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from partial_pooling import lecture
from partial_pooling.data import Groups, read_groups
from partial_pooling.errors import InputError
from partial_pooling.priors import HyperPrior, parse_hyperprior

CHECK_NAMES = {
    "r_hat": "R-hat",
    "ess_bulk": "bulk ESS",
    "ess_tail": "tail ESS",
    "divergences": "divergences",
    "ebfmi": "E-BFMI",
    "max_treedepth_hits": "tree depth",
    "z": "z",
}
METHOD_NAMES = {
    "no_pooling": "no pooling",
    "complete_pooling": "complete pooling",
    "dersimonian_laird": "DerSimonian-Laird",
    "paule_mandel": "Paule-Mandel",
    "ml": "maximum likelihood",
    "reml": "restricted maximum likelihood",
}


class Html(str):
    """HTML that a notebook shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<HTML of {len(self):,} characters>"

    def _repr_html_(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Report:
    """One data set's results, read from its folder.

    Parameters
    ----------
    folder
        Such as `results/eight_schools`.
    """

    folder: Path

    # -- what is read -----------------------------------------------------------------------

    @cached_property
    def groups(self) -> Groups:
        """The data."""
        return read_groups(self.folder / "data.csv")

    @cached_property
    def exact(self) -> pd.DataFrame:
        """Exact means, sds and quantiles, by variable."""
        return self._csv("exact.csv").set_index("variable")

    @cached_property
    def fits(self) -> pd.DataFrame:
        """One row a cell."""
        return self._csv("fits.csv")

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """One row a cell and variable."""
        return self._csv("estimates.csv")

    @cached_property
    def accuracy(self) -> pd.DataFrame:
        """One row a setting, number of draws and variable, over seeds."""
        return self._csv("accuracy.csv")

    @cached_property
    def classical(self) -> pd.DataFrame:
        """Classical estimates."""
        return self._csv("classical.csv")

    @cached_property
    def verdict(self) -> dict[str, Any]:
        """What verdict.json says."""
        return self._json("verdict.json")

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """What provenance.json says."""
        return self._json("provenance.json")

    @property
    def settings(self) -> dict[str, Any]:
        """The study's settings, as in a configuration, with one data set."""
        settings: dict[str, Any] = json.loads(self.provenance["settings"])
        return settings

    @property
    def name(self) -> str:
        """Name of the data set."""
        return str(next(iter(self.settings["datasets"])))

    @property
    def prior(self) -> HyperPrior:
        """The priors of mu and tau."""
        return parse_hyperprior(self.settings["datasets"][self.name]["prior"])

    def _csv(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self._existing(name), dtype={"variable": str}, keep_default_na=True)

    def _json(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self._existing(name).read_text(encoding="utf-8"))
        return content

    def _existing(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            raise InputError(f"{path}: no such file; run Snakemake to make it")
        return path

    # -- sections ---------------------------------------------------------------------------

    def title(self) -> Html:
        """Heading, and the verdict at a glance."""
        best = self.verdict["recommendation"]
        badge = _badge("pass" if best["trusted"] else "fail", self._verdict_in_short())
        return Html(
            f"<h1>{escape(self.name.replace('_', ' '))}</h1>"
            f'<p class="lead">{len(self.groups)} groups, {len(self._last)} fits. {badge}</p>'
        )

    def _verdict_in_short(self) -> str:
        best = self.verdict["recommendation"]
        setting = f"{best['model']} at target_accept {best['target_accept']:g}"
        if best["trusted"]:
            return f"Trust {setting}"
        return f"No setting passed every check; nearest: {setting}"

    def data_table(self) -> Html:
        """Raw estimates beside the partially pooled ones."""
        exact = self._theta()
        frame = pd.DataFrame(
            {
                "group": self.groups.names,
                "estimate": self.groups.estimate,
                "std. error": self.groups.std_error,
                "pooled mean": exact["mean"].to_numpy(),
                "pooled sd": exact["sd"].to_numpy(),
                "2.5 %": exact["q2.5"].to_numpy(),
                "97.5 %": exact["q97.5"].to_numpy(),
            }
        )
        digits = _decimals(float(np.median(self.groups.std_error)))
        return table(
            frame,
            {name: _fixed(digits) for name in frame.columns[1:]},
            "Estimates with their standard errors, and the exact posterior of each group's theta: "
            "mean, sd and central 95 % interval, in the units of the data.",
            "groups",
        )

    def answer(self) -> Html:
        """Say in a few sentences what the data and priors tell, from the exact posterior."""
        show = self._number
        theta, y = self._theta(), self.groups.estimate
        lines = [
            f"The population of groups has mean <b>μ = {show('mu')}</b> "
            f"(95 % interval {self._interval('mu')}), and the groups differ by a standard "
            f"deviation <b>τ</b> with median <b>{show('tau', 'q50')}</b> "
            f"(95 % interval {self._interval('tau')}).",
            f"The raw estimates lie between {self._units(y.min())} and {self._units(y.max())}; "
            "partially pooled, the groups' posterior means lie between "
            f"{self._units(theta['mean'].min())} and {self._units(theta['mean'].max())}.",
        ]
        if "probability_largest" in self._curves:
            chance = self._curves["probability_largest"].to_series()
            largest = str(chance.idxmax())
            lines.append(
                f"The group most likely to have the largest θ is <b>{escape(largest)}</b>, with "
                f"probability {chance.max():.2f}; by chance alone it would be "
                f"{1 / len(self.groups):.2f}."
            )
        lines.append(
            f"A new group of the same population would have its θ in {self._interval('theta_new')} "
            "with probability 95 %."
        )
        lines.append(
            f"All of this rests on the priors μ ~ {escape(str(self.prior.mu))} and "
            f"τ ~ {escape(str(self.prior.tau))}, and is computed by numerical integration: "
            "no sampler, and no Monte Carlo error."
        )
        return _paragraphs(lines)

    def trust(self) -> Html:
        """Which parametrization and target_accept to use, and why."""
        best, verdict = self.verdict["recommendation"], self.verdict
        draws = verdict["draws"]
        if best["trusted"]:
            first = (
                f"Use the <b>{escape(best['model'])}</b> model at target_accept "
                f"<b>{best['target_accept']:g}</b>. {_all_of(best['fits'])} "
                f"passed every check at {draws:,} draws a chain, at "
                f"{best['ess_per_1000_gradients']:.3g} effective draws per 1,000 gradients: the "
                "most of the settings that passed."
            )
        else:
            first = (
                f"<b>No setting passed every check in all its fits</b> at {draws:,} draws a chain. "
                f"The nearest is the {escape(best['model'])} model at target_accept "
                f"{best['target_accept']:g}, of whose {_count(best['fits'], 'fit')} "
                f"{best['trusted_fits']} passed. Read the reasons below; the exact numbers above "
                "need no sampler."
            )
        lines = [first]
        for name, model in verdict["models"].items():
            lines.append(f"<b>{escape(name)}</b>: " + self._alarms(model))
        return _paragraphs(lines)

    def _alarms(self, model: Mapping[str, Any]) -> str:
        fits, alarms, wrong = model["fits"], model["alarms"], model["wrong"]
        z = self.verdict["thresholds"]["z"]
        words = [
            f"the checks that need no exact answer raised an alarm in {alarms} of "
            f"{_count(fits, 'fit')};",
        ]
        if not self._has_means:
            return words[0][:-1] + "."
        words.append(
            f"held against the exact answer, {wrong} of {fits} had a mean more than {z:g} Monte "
            "Carlo standard errors off."
        )
        if wrong and not model["wrong_without_alarm"]:
            words.append("Every fit that was wrong had raised an alarm.")
        elif wrong:
            words.append(
                f"<b>{_count(model['wrong_without_alarm'], 'wrong fit')} raised no alarm</b>: "
                "without the exact answer nobody would have known."
            )
        if model["alarm_without_wrong"]:
            words.append(
                f"{model['alarm_without_wrong']} raised an alarm though the means were right "
                "within their error."
            )
        return " ".join(words)

    def settings_table(self) -> Html:
        """Each model and target_accept: trusted or not, and why."""
        rows = [
            {
                "model": setting["model"],
                "target_accept": setting["target_accept"],
                "verdict": "trusted" if setting["trusted"] else "not trusted",
                "fits that passed": f"{setting['trusted_fits']} of {setting['fits']}",
                "why not": "; ".join(_reason(reason) for reason in setting["reasons"]) or "–",
                "ESS per 1,000 gradients": setting["ess_per_1000_gradients"],
            }
            for setting in self.verdict["settings"]
        ]
        return table(
            pd.DataFrame(rows),
            {"target_accept": "{:g}".format, "ESS per 1,000 gradients": "{:.3g}".format},
            f"Verdicts at {self.verdict['draws']:,} draws a chain. A setting is trusted when every "
            "seed's fit passes every check. ESS: the smallest bulk effective sample size of any "
            "variable, mean over seeds.",
            "verdicts",
        )

    def funnel(self) -> Html:
        """How much of the funnel's neck each model reached, in numbers."""
        lines = []
        for model, rows in self._last.groupby("model", sort=False):
            lowest = rows[rows["target_accept"] == rows["target_accept"].min()]
            shares = ", ".join(
                f"{100 * lowest[f'neck_{p}'].mean():.2g} % where the exact posterior has {p} %"
                for p in ("1", "5", "25")
            )
            lines.append(
                f"<b>{escape(str(model))}</b> at target_accept "
                f"{lowest['target_accept'].iloc[0]:g} put {shares} "
                f"(mean over {_count(len(lowest), 'seed')}); the largest gap between the sampled "
                f"and the exact distribution of log τ is {lowest['kolmogorov'].mean():.2g}."
            )
        return _paragraphs(lines)

    def divergences(self) -> Html:
        """Are divergences real? Where they sit, whether they vanish, whether they matter."""
        lines = []
        for name, model in self.verdict["models"].items():
            answer = model["divergences"]
            rates = list(answer["rate_by_target_accept"].items())
            if not any(rate for _, rate in rates):
                lines.append(f"<b>{escape(name)}</b>: no divergences at any target_accept.")
                continue
            words = [f"<b>{escape(name)}</b>:"]
            rank = answer["mean_rank_of_log_tau"]
            if rank is not None:
                words.append(
                    f"at target_accept {rates[0][0]}, log τ at the "
                    f"{answer['at_lowest_target_accept']} divergent transitions has mean rank "
                    f"{rank:.2f} among all draws (0.50 if they fell like any draw, near 0 deep in "
                    "the neck)."
                )
            if len(rates) > 1:
                words.append(
                    f"The rate goes from {_percent(rates[0][1])} at target_accept {rates[0][0]} to "
                    f"{_percent(rates[-1][1])} at {rates[-1][0]}: "
                    + ("divergences vanish." if rates[-1][1] == 0 else "divergences do not vanish.")
                )
            words.append(self._did_it_matter(model))
            lines.append(" ".join(words))
        return _paragraphs(lines)

    @staticmethod
    def _did_it_matter(model: Mapping[str, Any]) -> str:
        accept, answer = next(iter(model["log_tau_by_target_accept"].items()))
        bias, error = answer["bias"], answer["std_error"]
        if bias is None or error is None:
            return ""
        matter = (
            "they matter"
            if abs(bias) > 4 * error
            else "no bias of the mean of log τ can be seen"
            if abs(bias) < 2 * error
            else "whether they matter these seeds cannot tell"
        )
        return (
            f"At target_accept {accept} the mean of log τ is off by {bias:+.2g} ± {error:.1g} "
            f"(standard error over seeds): {matter}."
        )

    def accuracy_words(self) -> Html:
        """How often estimates are further from the truth than their error allows."""
        if not self._has_means:
            return _paragraphs(["No mean exists for these data and priors, so there is no z."])
        lines = []
        last = self.estimates[self.estimates["draws"] == self.verdict["draws"]]
        for model, rows in last.groupby("model", sort=False):
            z = rows["z"].dropna()
            lines.append(
                f"<b>{escape(str(model))}</b>: of {len(z):,} means (variables × target_accepts × "
                f"seeds at {self.verdict['draws']:,} draws), {_percent((z.abs() > 2).mean())} are "
                f"more than 2 Monte Carlo standard errors from the exact value (a right sampler: "
                f"4.6 %), {_percent((z.abs() > 4).mean())} more than 4 (0.006 %); the largest |z| "
                f"is {z.abs().max():.1f}."
            )
        return _paragraphs(lines)

    def target_accept_words(self) -> Html:
        """What raising target_accept buys and costs."""
        lines = []
        for model, rows in self._last.groupby("model", sort=False):
            means = rows.groupby("target_accept")[
                ["step_size", "divergence_rate", "ess_bulk_min", "gradients"]
            ].mean()
            if len(means) < 2:
                continue
            low, high = means.iloc[0], means.iloc[-1]
            lines.append(
                f"<b>{escape(str(model))}</b>: from target_accept {means.index[0]:g} to "
                f"{means.index[-1]:g} the step size goes from {low['step_size']:.2g} to "
                f"{high['step_size']:.2g}, the divergence rate from "
                f"{_percent(low['divergence_rate'])} to {_percent(high['divergence_rate'])}, the "
                f"smallest bulk ESS from {low['ess_bulk_min']:,.0f} to "
                f"{high['ess_bulk_min']:,.0f}, and the gradient evaluations of a fit from "
                f"{low['gradients']:,.0f} to {high['gradients']:,.0f}."
            )
        return _paragraphs(lines)

    def classical_table(self) -> Html:
        """Classical estimates of tau and mu beside the exact posterior."""
        frame = self.classical.assign(method=self.classical["method"].map(METHOD_NAMES))
        digits = _decimals(float(np.median(self.groups.std_error))) + 1
        formats: dict[str, Callable[[Any], str]] = {
            str(name): _fixed(digits)
            for name in frame.columns
            if pd.api.types.is_float_dtype(frame[name])
        }
        return table(
            frame.rename(columns=lambda name: str(name).replace("_", " ")),
            {name.replace("_", " "): form for name, form in formats.items()},
            "Classical estimates: one value of τ is plugged in, its uncertainty is not. "
            f"The exact posterior's median of τ is {self._number('tau', 'q50')}, "
            f"its 95 % interval {self._interval('tau')}.",
            "classical",
        )

    def classical_words(self) -> Html:
        """Heterogeneity, and what the plug-in estimates of tau leave out."""
        tests = self._json("heterogeneity.json")
        taus = self.classical.set_index("method")["tau"].drop(["no_pooling", "complete_pooling"])
        lines = [
            f"Cochran's Q is {tests['q']:.3g} on {tests['degrees_of_freedom']} degrees of freedom "
            f"(p = {tests['p_value']:.2g}); I² is {_percent(tests['i_squared'])} and H² "
            f"{tests['h_squared']:.2g}.",
        ]
        zeros = int((taus == 0).sum())
        if zeros:
            lines.append(
                f"{zeros} of {len(taus)} classical methods estimate τ as exactly 0, that is, "
                "groups that do not differ at all. Plugged in, that estimate pools completely and "
                "hides how little the data say about τ: the exact posterior's 95 % interval is "
                f"{self._interval('tau')}."
            )
        else:
            lines.append(
                f"The classical estimates of τ lie between {self._units(taus.min())} and "
                f"{self._units(taus.max())}. Plugging one in takes τ as known; the exact "
                f"posterior's 95 % interval is {self._interval('tau')}."
            )
        return _paragraphs(lines)

    def numbers_table(self) -> Html:
        """The recommended setting's estimates with their error, beside the exact values."""
        best = self.verdict["recommendation"]
        rows = self.estimates[
            (self.estimates["model"] == best["model"])
            & (self.estimates["target_accept"] == best["target_accept"])
            & (self.estimates["draws"] == self.verdict["draws"])
        ]
        rows = rows[rows["seed"] == rows["seed"].iloc[0]]
        names = ["variable", "mean", "mcse_mean", "exact_mean", "z", "sd", "exact_sd"]
        frame = rows[[*names, "ess_bulk", "ess_tail", "r_hat"]]
        formats: dict[str, Callable[[Any], str]] = dict.fromkeys(names[1:], _significant(4))
        formats |= {
            "mcse_mean": _significant(2),
            "z": _fixed(1),
            "ess_bulk": "{:,.0f}".format,
            "ess_tail": "{:,.0f}".format,
            "r_hat": _fixed(4),
        }
        return table(
            frame,
            formats,
            f"The {best['model']} model at target_accept {best['target_accept']:g}, seed "
            f"{int(rows['seed'].iloc[0])}, {self.verdict['draws']:,} draws a chain: each mean with "
            "its Monte Carlo standard error (mcse), beside the exact one.",
            "numbers",
        )

    def cells_table(self) -> Html:
        """Diagnostics of every cell."""
        names = [
            "model",
            "target_accept",
            "seed",
            "draws",
            "verdict",
            "divergences",
            "ebfmi_min",
            "r_hat_max",
            "ess_bulk_min",
            "ess_tail_min",
            "max_treedepth_hits",
            "z_max",
            "step_size",
            "gradients",
        ]
        return table(
            self.fits[names]
            .assign(verdict=self.fits["verdict"].str.replace(" ", ", "))
            .rename(columns=lambda name: name.replace("_", " ")),
            {
                "target accept": "{:g}".format,
                "ebfmi min": _fixed(2),
                "r hat max": _fixed(3),
                "ess bulk min": "{:,.0f}".format,
                "ess tail min": "{:,.0f}".format,
                "z max": _fixed(1),
                "step size": _significant(2),
                "gradients": "{:,}".format,
            },
            "Every fit at every number of draws, each with its verdict: trusted, or the checks "
            "that failed. A heading sorts; the box filters rows by any of their words.",
            "cells",
            searchable=True,
        )

    def lecture(self) -> Html:
        """The lecture's statements beside ours; nothing where the data are not the lecture's."""
        if not lecture.applies(self.groups, self.prior):
            return Html("")
        exact = self._exact_value("log_tau", "mean")
        gap = lecture.QUOTED_LOG_TAU - exact
        best = self.verdict["recommendation"]
        of_best = self.accuracy[
            (self.accuracy["model"] == best["model"])
            & (self.accuracy["target_accept"] == best["target_accept"])
            & (self.accuracy["draws"] == self.verdict["draws"])
            & (self.accuracy["variable"] == "log_tau")
        ].iloc[0]
        transitions = lecture.CHAINS * lecture.DRAWS
        slips = [
            f"<b>The true value of E[log τ].</b> The lecture draws a line at "
            f"{lecture.QUOTED_LOG_TAU}, which comes from a long run of a sampler. The exact value "
            f"is {exact:.7f}: the quoted one is off by {_signed(gap, 4)}, which is "
            f"{abs(gap) / of_best['mcse_mean']:.1f} Monte Carlo standard errors of a fit of the "
            f"{escape(best['model'])} model here ({self.verdict['draws']:,} draws a chain).",
            "<b>The posterior mean of θ given μ and τ</b> is written with the factor "
            "1/σ²<sub>post</sub>; it must be σ²<sub>post</sub>. The lecture's simplified line "
            "below it is right.",
            f"<b>“Percentage of divergent {lecture.PRINTED_PERCENTAGE}”</b> divides "
            f"{lecture.DIVERGENCES} by the {lecture.DRAWS:,} draws of one chain, though the "
            f"divergences of {lecture.CHAINS} chains were counted, and prints a fraction. Of "
            f"{transitions:,} transitions it is {100 * lecture.DIVERGENCES / transitions:.2f} %.",
            "<b>N(0, 5)</b> means a standard deviation of 5, as the lecture's code has it, "
            "not a variance.",
            "<b>“20,000 effective draws”</b> comes from an estimator that is capped at the number "
            f"of draws. {self._ess_words()}",
        ]
        items = "".join(f"<li>{slip}</li>" for slip in slips)
        return Html(
            '<h2 id="the-lecture">The lecture, and five slips in it</h2>'
            "<p>These are the data and priors of the lecture “Gelman Schools Theory”. "
            f"Where it errs:</p><ol>{items}</ol>"
        )

    def _ess_words(self) -> str:
        rows = self._last[self._last["model"] == "noncentered"]
        if rows.empty:
            return "Rank-normalized bulk and tail ESS say more."
        rows = rows[rows["target_accept"] == rows["target_accept"].min()]
        total = self.verdict["draws"] * self.settings["sampling"]["chains"]
        return (
            "Rank-normalized bulk and tail ESS say more: the noncentered model at target_accept "
            f"{rows['target_accept'].iloc[0]:g} has, of {total:,} draws, "
            f"{rows['ess_bulk_min'].mean():,.0f} (bulk) and {rows['ess_tail_min'].mean():,.0f} "
            "(tail) for its slowest variable, mean over seeds."
        )

    def origin(self) -> Html:
        """Provenance, and the command that makes this report anew."""
        provenance = self.provenance
        dirty = provenance["git_dirty"] == "true"
        rows = {
            "data (SHA-256)": provenance["data_sha256"],
            "workflow commit": provenance["git_commit"] + (" with local changes" if dirty else ""),
            **{f"{name} version": v for name, v in json.loads(provenance["versions"]).items()},
            "seeds": ", ".join(map(str, self.settings["sampling"]["seeds"])),
        }
        body = "".join(
            f'<tr><th scope="row">{escape(name)}</th>'
            f"<td><code>{escape(str(value))}</code></td></tr>"
            for name, value in rows.items()
        )
        study = yaml.safe_dump(
            self.settings, sort_keys=False, allow_unicode=True, default_flow_style=None
        )
        checkout = f"git checkout {provenance['git_commit']}\n" if not dirty else ""
        return Html(
            f'<div class="table"><table class="plain"><tbody>{body}</tbody></table></div>'
            "<p>To make every number of this page anew, save this configuration as "
            f"<code>study.yaml</code></p><pre>{escape(study)}</pre><p>and run, in a clone of the "
            f"workflow,</p><pre>{escape(checkout)}uv run snakemake --cores 4 "
            "--configfile study.yaml</pre>"
        )

    def figure(self, name: str, alternative: str, caption: str) -> Html:
        """Show a figure of the results folder, embedded.

        Parameters
        ----------
        name
            File name in `figures/`, without its ending.
        alternative
            Text for those who do not see the figure.
        caption
            What to see in it.
        """
        svg = base64.b64encode(self._existing(f"figures/{name}.svg").read_bytes()).decode()
        return Html(
            f'<figure id="figure-{name}"><img src="data:image/svg+xml;base64,{svg}" '
            f'alt="{escape(alternative)}"><figcaption>{escape(caption)}</figcaption></figure>'
        )

    # -- pieces -----------------------------------------------------------------------------

    @property
    def _last(self) -> pd.DataFrame:
        return self.fits[self.fits["draws"] == self.verdict["draws"]]

    @property
    def _has_means(self) -> bool:
        return bool(self.estimates["z"].notna().any())

    @cached_property
    def _curves(self) -> Any:
        import xarray as xr

        with xr.open_dataset(self._existing("exact.nc")) as curves:
            return curves.load()

    def _theta(self) -> pd.DataFrame:
        theta: pd.DataFrame = self.exact.loc[[f"theta[{name}]" for name in self.groups.names]]
        return theta

    def _number(self, variable: str, column: str = "mean") -> str:
        value = self._exact_value(variable, column)
        if math.isnan(value):
            return f"undefined (median {self._number(variable, 'q50')})"
        return self._units(value)

    def _interval(self, variable: str) -> str:
        low, high = (self._exact_value(variable, column) for column in ("q2.5", "q97.5"))
        return f"{self._units(low)} to {self._units(high)}"

    def _exact_value(self, variable: str, column: str) -> float:
        return float(self.exact[column].to_numpy()[self.exact.index.get_loc(variable)])

    def _units(self, value: float) -> str:
        return _fixed(_decimals(float(np.median(self.groups.std_error))))(value)


def table(
    frame: pd.DataFrame,
    formats: Mapping[str, Callable[[Any], str]],
    caption: str,
    name: str,
    searchable: bool = False,
) -> Html:
    """Write a table as HTML that sorts, and that offers its content as CSV.

    Parameters
    ----------
    frame
        The rows; the index is not shown.
    formats
        How to write the values of a column; others are written by `str`.
    caption
        What the table holds.
    name
        The table's id in the page and the name of its CSV file.
    searchable
        Whether to offer a box that filters rows.
    """
    numeric = {c: pd.api.types.is_numeric_dtype(frame[c]) for c in frame.columns}
    head = "".join(
        f'<th scope="col"{_class(numeric[c])}><button type="button">{escape(str(c))}</button></th>'
        for c in frame.columns
    )
    body = []
    for row in frame.itertuples(index=False):
        cells = "".join(
            f"<td{_class(numeric[c])}{_sort_key(value, numeric[c])}>"
            f"{escape(_write(value, formats.get(str(c), str)))}</td>"
            for c, value in zip(frame.columns, row, strict=True)
        )
        body.append(f"<tr>{cells}</tr>")
    search = (
        '<label>Filter rows <input type="search" autocomplete="off"></label>' if searchable else ""
    )
    return Html(
        f'<div class="table" id="table-{name}"><div class="tools">{search}'
        f'<button type="button" class="csv" data-name="{name}.csv">CSV</button></div>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div></div>"
    )


def _class(numeric: bool) -> str:
    return ' class="number"' if numeric else ""


def _sort_key(value: Any, numeric: bool) -> str:
    return f' data-value="{value!r}"' if numeric and isinstance(value, float) else ""


def _write(value: Any, form: Callable[[Any], str]) -> str:
    return "–" if isinstance(value, float) and math.isnan(value) else form(value)


def _paragraphs(lines: Iterable[str]) -> Html:
    text = "".join(f"<p>{line}</p>" for line in lines if line)
    return Html(text.replace(" %", "\N{NO-BREAK SPACE}%"))


def _badge(kind: str, words: str) -> str:
    return f'<strong class="badge {kind}">{escape(words)}</strong>'


def _reason(reason: Mapping[str, Any]) -> str:
    worst = "undefined" if reason["worst"] is None else f"{reason['worst']:.4g}"
    return (
        f"{CHECK_NAMES[reason['check']]} in {_count(reason['fits'], 'fit')} "
        f"(worst {worst}, allowed {reason['allowed']:g})"
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _all_of(fits: int) -> str:
    return "Its one fit" if fits == 1 else f"All {fits} of its fits"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _decimals(scale: float) -> int:
    """Decimals that show a hundredth of a scale, or finer than a tenth of it."""
    return max(0, 2 - math.floor(math.log10(scale)))


def _signed(value: float, decimals: int) -> str:
    return f"{value:+.{decimals}f}".replace("-", "−")


def _fixed(decimals: int) -> Callable[[Any], str]:
    # minus sign and thousands as people write them
    return lambda value: f"{value:,.{decimals}f}".replace("-", "−").replace("inf", "∞")


def _significant(digits: int) -> Callable[[Any], str]:
    return lambda value: f"{value:.{digits}g}".replace("-", "−")


def write_index(reports: Sequence[tuple[str, Report]], templates: Path) -> str:
    """Fill the index page: each data set with its verdict at a glance.

    Parameters
    ----------
    reports
        Pairs of a link and the report it leads to.
    templates
        Folder of the Jinja template `index.html.j2`, which gets `rows`.
    """
    import jinja2

    rows = [
        {
            "link": link,
            "name": report.name.replace("_", " "),
            "groups": len(report.groups),
            "trusted": report.verdict["recommendation"]["trusted"],
            "verdict": report._verdict_in_short(),
            "fits": sum(setting["fits"] for setting in report.verdict["settings"]),
            "passed": sum(setting["trusted_fits"] for setting in report.verdict["settings"]),
            "mu": f"{report._number('mu')} ({report._interval('mu')})",
            "tau": f"{report._number('tau', 'q50')} ({report._interval('tau')})",
        }
        for link, report in reports
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("index.html.j2").render(rows=rows)
