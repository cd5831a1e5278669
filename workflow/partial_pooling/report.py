"""A report's tables and words, computed from the files of one data set's results folder.

Nothing here opens a fit or samples: it reads tables, and says in words what they hold. Every
method of `Report` gives HTML for a notebook cell; text from users' files is escaped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from scipy.special import ndtri

from partial_pooling.captions import CALIBRATION, caption
from partial_pooling.comparison import compare_with_lecture
from partial_pooling.findings import CHECK_WORDS, divergence_words, error_words, neck_finding
from partial_pooling.html import Html, Shown, badge, bold, figure, paragraphs, table
from partial_pooling.results import Results
from partial_pooling.verdict import CHECKS
from partial_pooling.words import (
    Format,
    at_scale,
    count,
    first_upper,
    fixed,
    percent,
    significant,
    some_of,
)

MODELS = {
    "centered": "samples every θ<sub>j</sub> ~ Normal(μ, τ) as the model is written",
    "noncentered": "samples ν<sub>j</sub> ~ Normal(0, 1) and computes θ<sub>j</sub> = μ + "
    "τ ν<sub>j</sub>",
    "marginal": "samples only μ and τ, from y<sub>j</sub> ~ Normal(μ, √(σ<sub>j</sub>² + τ²)), "
    "and draws each θ<sub>j</sub> afterwards from its exact distribution given them",
}
SYMBOLS = {"mu": "μ", "tau": "τ", "log_tau": "log τ", "theta_new": "θ of a new group"}
METHOD_NAMES = {
    "no_pooling": "no pooling",
    "complete_pooling": "complete pooling",
    "dersimonian_laird": "DerSimonian-Laird",
    "paule_mandel": "Paule-Mandel",
    "ml": "maximum likelihood (ML)",
    "reml": "restricted ML (REML)",
}


class Report(Results):
    """One data set's results, told."""

    # -- question and answer ----------------------------------------------------------------

    def title(self) -> Html:
        """Heading, the answer in one sentence, and the verdict at a glance."""
        return Html(
            f"<h1>{escape(self.name)}</h1>"
            f'<p class="lead">{count(len(self.groups), "group")}. Common mean μ: '
            f"{escape(self.centre_in_words('mu'))} (95 % interval {self.interval('mu')}). Standard "
            f"deviation between groups τ: median {self.in_units('tau', 'q50')} "
            f"({self.interval('tau')}).</p>"
            f"<p>{self.verdict_badge()} {count(len(self.last), 'fit')} graded against the exact "
            "posterior.</p>"
        )

    def verdict_badge(self) -> Html:
        """The verdict at a glance."""
        setting = f"{self.best['model']} at target_accept {self.best['target_accept']:g}"
        trusted = self.best["trusted"]
        return badge(
            trusted,
            f"Trust {setting}" if trusted else f"No setting passed every check; nearest: {setting}",
        )

    def figure(self, name: str) -> Html:
        """Show a figure of the results folder, embedded, with its caption."""
        return figure(name, self.svg(name), *caption(self, name))

    def data_table(self) -> Html:
        """Raw estimates beside the partially pooled ones."""
        frame = pd.DataFrame(
            {
                "group": self.groups.names,
                "estimate y": self.groups.estimate,
                "std. error σ": self.groups.std_error,
                "θ mean": self.theta["mean"].to_numpy(),
                "θ sd": self.theta["sd"].to_numpy(),
                "θ 2.5 %": self.theta["q2.5"].to_numpy(),
                "θ 97.5 %": self.theta["q97.5"].to_numpy(),
            }
        )
        return table(
            frame,
            dict.fromkeys(frame.columns[1:], self.units)
            | dict.fromkeys(["std. error σ", "θ sd"], self.finely),
            "Estimates with their standard errors, and the exact posterior of each group's θ: "
            "mean, standard deviation and central 95 % interval, in the units of the data.",
            "groups",
            "exact.csv",
        )

    def answer(self) -> Html:
        """Say in a few sentences what the data and priors tell, from the exact posterior."""
        y, centres = self.groups.estimate, self.theta["centre"]
        kind = "means" if self.centre == "mean" else "medians"
        lines = [
            f"The common mean of the groups, <b>μ</b>, has posterior "
            f"<b>{escape(self.centre_in_words('mu'))}</b> (95 % interval {self.interval('mu')}"
            f"{'' if math.isfinite(self.value('mu')) else '; no mean exists'}). "
            f"The groups' true values differ from it by a standard deviation <b>τ</b> with median "
            f"<b>{self.in_units('tau', 'q50')}</b> (95 % interval "
            f"{self.interval('tau')}).",
            (
                f"The raw estimates lie between {self.units(y.min())} and {self.units(y.max())}; "
                if y.max() > y.min()
                else f"The raw estimates are all {self.units(y.min())}; "
            )
            + f"partially pooled, the groups' posterior {kind} lie between "
            f"{self.units(centres.min())} and {self.units(centres.max())}.",
        ]
        chance = self.probability_largest
        if chance is not None:
            lines.append(
                f"The group most likely to have the largest θ is {bold(str(chance.idxmax()))}, "
                f"with probability {significant(2)(chance.max())}; if nothing told the groups "
                f"apart it would be 1 in {len(chance)}."
            )
        lines += [
            f"A new group of the same population would have its θ in {self.interval('theta_new')} "
            "with probability 95 %.",
            f"All of this rests on the priors μ ~ {escape(str(self.prior.mu))} and "
            f"τ ~ {escape(str(self.prior.tau))}, and is computed by numerical integration: "
            "no sampler, and no Monte Carlo error.",
        ]
        return paragraphs(lines)

    # -- verdicts ---------------------------------------------------------------------------

    def models_words(self) -> Html:
        """What the study's parametrizations sample."""
        lines = "".join(
            f"<li>{bold(name)} {MODELS.get(name, 'is a parametrization of this study')}.</li>"
            for name in self.models
        )
        several = len(self.models) > 1
        return Html(
            f"<ul>{lines}</ul>"
            + (
                "<p>They describe the same posterior; what differs is how hard it is to sample.</p>"
                if several
                else ""
            )
        )

    def trust(self) -> Html:
        """Which parametrization and target_accept to use, and why."""
        best = self.best
        setting = f"the {bold(best['model'])} model at target_accept <b>" + (
            f"{best['target_accept']:g}</b>"
        )
        if best["trusted"]:
            passed = sum(setting["trusted"] for setting in self.verdict["settings"])
            whole = len(self.verdict["settings"])
            rank = (
                "the only setting of the study"
                if whole == 1
                else f"the only one of {whole} settings that passed"
                if passed == 1
                else f"the most of the {passed} settings that passed (of {whole})"
            )
            first = (
                f"Use {setting}. {first_upper(some_of(best['fits'], best['fits'], 'fit'))} passed "
                f"every check at {self.draws:,} draws a chain, at "
                f"{significant(3)(best['ess_per_1000_gradients'])} effective draws per 1,000 "
                f"gradient evaluations: {rank}."
            )
        else:
            first = (
                f"<b>No setting passed every check in all its fits</b> at {self.draws:,} draws a "
                f"chain. The nearest is {setting}: "
                f"{some_of(best['trusted_fits'], best['fits'], 'fit')} passed. The table says "
                "which checks failed; the exact numbers above need no sampler."
            )
        lines = [first]
        for name, model in self.verdict["models"].items():
            lines.append(f"{bold(name)}: {self._alarms(model)}")
        return paragraphs(lines)

    def _alarms(self, model: Mapping[str, Any]) -> str:
        fits, alarms, wrong = model["fits"], model["alarms"], model["wrong"]
        z = self.verdict["thresholds"]["z"]
        words = [
            "the checks that need no exact answer raised an alarm in "
            f"{some_of(alarms, fits, 'fit')}."
        ]
        if not self.has_means:
            return words[0]
        words.append(
            f"Held against the exact answer, {some_of(wrong, fits, 'fit')} had a mean more than "
            f"{z:g} Monte Carlo standard errors off."
        )
        if model["wrong_without_alarm"]:
            words.append(
                f"<b>{count(model['wrong_without_alarm'], 'wrong fit')} raised no alarm</b>: "
                "without the exact answer nobody would have known."
            )
        elif wrong:
            words.append("Every fit that was wrong had raised an alarm.")
        if model["alarm_without_wrong"]:
            words.append(
                f"In {count(model['alarm_without_wrong'], 'fit')} there was an alarm though the "
                "means were right within their error."
            )
        return " ".join(words)

    def settings_table(self) -> Html:
        """Each model and target_accept: how many fits passed, and the worst value of each check."""
        rows = []
        for setting in self.verdict["settings"]:
            fits = self.last[
                (self.last["model"] == setting["model"])
                & (self.last["target_accept"] == setting["target_accept"])
            ]
            failed = {reason["check"]: reason for reason in setting["reasons"]}
            row = {
                "model": setting["model"],
                "target_accept": setting["target_accept"],
                "passed": Shown(
                    setting["trusted_fits"],
                    badge(setting["trusted"], f"{setting['trusted_fits']} of {setting['fits']}"),
                ),
            }
            for column, key, at_least in CHECKS:
                name, _, form = CHECK_WORDS[key]
                worst = fits[column].min() if at_least else fits[column].max()
                allowed = f"{'≥' if at_least else '≤'} {self.verdict['thresholds'][key]:g}"
                row[f"{name} {allowed}"] = _check(worst, form, failed.get(key), setting["fits"])
            row["ESS per 1,000 gradients"] = setting["ess_per_1000_gradients"]
            rows.append(row)
        return table(
            pd.DataFrame(rows),
            {"target_accept": "{:g}".format, "ESS per 1,000 gradients": significant(3)},
            f"Verdicts at {self.draws:,} draws a chain: fits (one a seed) that passed every check, "
            "and of each check the worst value of any fit beside what is allowed, marked with the "
            "number of fits that fail it. A setting is trusted when all its fits pass. Last: the "
            "smallest effective sample size of any variable, per 1,000 gradient evaluations.",
            "verdicts",
        )

    def checks(self) -> Html:
        """Explain each check once."""
        items = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(asks)}</dd>"
            for name, asks, _ in CHECK_WORDS.values()
        )
        return Html(
            '<details class="note"><summary>What the checks mean</summary>'
            f"<dl>{items}</dl></details>"
        )

    # -- the funnel -------------------------------------------------------------------------

    def funnel(self) -> Html:
        """How much of the funnel's neck each model reached, in numbers."""
        return paragraphs(self._neck_words(model) for model in self.models)

    def _neck_words(self, model: str) -> str:
        rows = self.lowest(model)
        columns = map(str, rows.columns)
        neck = [name.removeprefix("neck_") for name in columns if name.startswith("neck_")]
        shares = [
            f"{percent(rows[f'neck_{p}'].mean())} of its draws where the exact posterior has {p} %"
            for p in neck
        ]
        found = {neck_finding(rows, p) for p in neck}
        judgement = (
            "It reaches the neck too seldom."
            if found & {"seldom"}
            else "It stays in the neck too long."
            if found & {"often"}
            else "That agrees with the exact posterior within the Monte Carlo error."
            if found == {"agrees"}
            else "Whether that differs from the exact posterior these fits cannot tell."
        )
        over = f"mean over {len(rows)} seeds" if len(rows) > 1 else "one seed"
        return (
            f"{bold(model)} at target_accept {rows['target_accept'].iloc[0]:g} has "
            f"{shares[0]}, {shares[1].replace(' of its draws', '')}, and "
            f"{shares[2].replace(' of its draws', '')} ({over}). "
            f"{judgement} The largest gap between the sampled and the exact distribution function "
            f"of log τ is {significant(2)(rows['kolmogorov'].mean())}."
        )

    def divergences(self) -> Html:
        """Are divergences real? Where they sit, whether they vanish, whether they matter."""
        return paragraphs(
            f"{bold(name)}: {divergence_words(model)}"
            for name, model in self.verdict["models"].items()
        )

    # -- accuracy and cost ------------------------------------------------------------------

    def accuracy_words(self) -> Html:
        """How often estimates are further from the truth than their error allows."""
        if not self.has_means:
            return paragraphs(["No mean exists for these data and priors, so there is no z."])
        lines = []
        last = self.estimates[self.estimates["draws"] == self.draws]
        for model, rows in last.groupby("model", sort=False):
            z = rows["z"].dropna().abs()
            if z.empty:
                continue
            bound = float(-ndtri(0.025 / len(z)))
            lines.append(
                f"{bold(str(model))}: of {count(len(z), 'mean')} (variables × target_accepts × "
                f"seeds at {self.draws:,} draws a chain), {percent((z > 2).mean())} "
                "are more than 2 MCSE from the exact value (expected of a right sampler: "
                f"4.6 %) and {percent((z > 4).mean())} more than 4 (0.006 %). The largest |z| is "
                f"{fixed(1)(z.max())}; a right sampler stays below {fixed(1)(bound)} in at least "
                f"95 % of such studies. {error_words(self.accuracy, str(model))}"
            )
        return paragraphs(lines)

    def target_accept_words(self) -> Html:
        """What raising target_accept buys and costs."""
        if self.last["target_accept"].nunique() < 2:
            return paragraphs(["This study has one target_accept, so there is nothing to compare."])
        lines = []
        columns = [
            "step_size",
            "divergence_rate",
            "ess_bulk_min",
            "gradients",
            "ess_per_1000_gradients",
        ]
        whole = fixed(0)
        for model, rows in self.last.groupby("model", sort=False):
            means = rows.groupby("target_accept")[columns].mean()
            low, high = means.iloc[0], means.iloc[-1]
            lines.append(
                f"{bold(str(model))}: from target_accept {means.index[0]:g} to "
                f"{means.index[-1]:g} the step size goes from {significant(2)(low['step_size'])} "
                f"to {significant(2)(high['step_size'])}, the divergence rate from "
                f"{percent(low['divergence_rate'])} to {percent(high['divergence_rate'])}, the "
                f"smallest bulk ESS from {whole(low['ess_bulk_min'])} to "
                f"{whole(high['ess_bulk_min'])}, the gradient evaluations of a fit from "
                f"{whole(low['gradients'])} to {whole(high['gradients'])}, and so the effective "
                "draws per 1,000 gradients from "
                f"{significant(2)(low['ess_per_1000_gradients'])} to "
                f"{significant(2)(high['ess_per_1000_gradients'])}."
            )
        return paragraphs(lines)

    # -- shrinkage and classical estimates --------------------------------------------------

    def shrinkage_table(self) -> Html:
        """Pooling factor of each group, and its theta by empirical Bayes and exactly."""
        tau, reml = self.value("tau", "q50"), float(self.classical["tau"].loc["reml"])
        plugged = self.classical_theta.loc["reml"].loc[list(self.groups.names)]
        variance = self.groups.std_error**2
        frame = pd.DataFrame(
            {
                "group": self.groups.names,
                "estimate y": self.groups.estimate,
                "pooling factor B": variance / (variance + tau**2),
                "EB mean": plugged["theta"].to_numpy(),
                "EB sd": plugged["theta_sd"].to_numpy(),
                "exact mean": self.theta["mean"].to_numpy(),
                "exact sd": self.theta["sd"].to_numpy(),
            }
        )
        formats: dict[str, Format] = {
            **dict.fromkeys(frame.columns[1:], self.units),
            **dict.fromkeys(["EB sd", "exact sd"], self.finely),
            "pooling factor B": fixed(2),
        }
        return table(
            frame,
            formats,
            f"Shrinkage: the pooling factor at the posterior median of τ ({self.finely(tau)}; 1 is "
            "complete pooling, 0 none); θ by empirical Bayes (EB), which plugs in the REML "
            f"estimate τ = {self.finely(reml)} and has a flat prior "
            "for μ; and the exact posterior.",
            "shrinkage",
            "classical_theta.csv",
        )

    def classical_table(self) -> Html:
        """Classical estimates of tau and mu beside the exact posterior."""
        frame = pd.DataFrame(
            {
                "method": self.classical.index.map(METHOD_NAMES),
                "τ": self.classical["tau"].to_numpy(),
                "μ": self.classical["mu"].to_numpy(),
                "std. error of μ": self.classical["mu_std_error"].to_numpy(),
                "new group 2.5 %": self.classical["prediction_lower"].to_numpy(),
                "97.5 %": self.classical["prediction_upper"].to_numpy(),
            }
        )
        columns = ["q50", "mean", "sd", "q2.5", "q97.5"]
        variables = ["tau", "mu", "mu", "theta_new", "theta_new"]
        exact = [self.value(v, q) for v, q in zip(variables, columns, strict=True)]
        row = dict(zip(frame.columns, ["exact posterior (τ: median)", *exact], strict=True))
        frame = pd.concat([frame, pd.DataFrame([row])], ignore_index=True)
        one_more = at_scale(self.scale, further=1)
        return table(
            frame,
            dict.fromkeys(frame.columns[1:], one_more),
            "Classical estimates plug in one value of τ, whose uncertainty they leave out; μ, its "
            "standard error, and the 95 % interval of a new group follow from it. The last row is "
            "the exact posterior, which has the priors too.",
            "classical",
        )

    def classical_words(self) -> Html:
        """Heterogeneity, and what the plug-in estimates of tau leave out."""
        tests = self.heterogeneity
        taus = self.classical["tau"].drop(["no_pooling", "complete_pooling"])
        freedom = tests["degrees_of_freedom"]
        lines = [
            f"Cochran's Q, the sum of squared standardized distances from the common mean, is "
            f"{significant(3)(tests['q'])} on {freedom} degree{'s' if freedom > 1 else ''} of "
            f"freedom (p = {significant(2)(tests['p_value'])}). I², the share of the variation "
            f"that sampling error does not explain, is {percent(tests['i_squared'])}."
        ]
        zeros = int((taus == 0).sum())
        interval = f"the exact posterior's 95 % interval is {self.interval('tau')}"
        if zeros:
            lines.append(
                f"{first_upper(some_of(zeros, len(taus), 'classical estimate'))} of τ "
                f"{'is' if zeros == 1 else 'are'} exactly 0, that is, groups that do not differ at "
                "all. Plugged in, 0 pools completely and hides how little the data say about τ: "
                f"{interval}."
            )
        else:
            lines.append(
                f"The classical estimates of τ lie between {self.finely(taus.min())} and "
                f"{self.finely(taus.max())}. Plugging one in takes τ as known; {interval}."
            )
        return paragraphs(lines)

    # -- numbers ----------------------------------------------------------------------------

    def numbers_table(self) -> Html:
        """Means and sds of the recommended setting with their errors, beside the exact values."""
        columns = {
            "variable": "variable",
            "mean": "mean",
            "mcse_mean": "MCSE",
            "exact_mean": "exact mean",
            "z": "z",
            "sd": "sd",
            "mcse_sd": "MCSE of sd",
            "exact_sd": "exact sd",
            "ess_bulk": "bulk ESS",
            "ess_tail": "tail ESS",
            "r_hat": "R-hat",
        }
        formats: dict[str, Format] = {
            "variable": _symbol,
            "mean": significant(4),
            "MCSE": significant(2),
            "exact mean": significant(4),
            "z": fixed(1),
            "sd": significant(4),
            "MCSE of sd": significant(2),
            "exact sd": significant(4),
            "bulk ESS": fixed(0),
            "tail ESS": fixed(0),
            "R-hat": fixed(4),
        }
        return table(
            self._best_rows[list(columns)].rename(columns=columns),
            formats,
            f"Means and standard deviations of {self._best_fit}, each with its Monte Carlo "
            "standard error (MCSE), beside the exact ones. z is the error of the mean in MCSE.",
            "numbers",
            "estimates.csv",
        )

    def quantiles_table(self) -> Html:
        """Quantiles of the recommended setting with their errors, beside the exact values."""
        rows = self._best_rows
        exact = self.exact.loc[rows["variable"]]
        frame = pd.DataFrame({"variable": rows["variable"].to_numpy()})
        for q in ("5", "50", "95"):
            frame[f"{q} %"] = rows[f"q{q}"].to_numpy()
            frame[f"MCSE of {q} %"] = rows[f"mcse_q{q}"].to_numpy()
            frame[f"exact {q} %"] = exact[f"q{q}"].to_numpy()
        formats: dict[str, Format] = {
            str(name): significant(2 if str(name).startswith("MCSE") else 4)
            for name in frame.columns[1:]
        }
        formats["variable"] = _symbol
        return table(
            frame,
            formats,
            f"Quantiles of {self._best_fit}, each with its Monte Carlo standard error, beside the "
            "exact ones.",
            "quantiles",
            "estimates.csv",
        )

    @property
    def _best_rows(self) -> pd.DataFrame:
        rows = self.estimates[
            (self.estimates["model"] == self.best["model"])
            & (self.estimates["target_accept"] == self.best["target_accept"])
            & (self.estimates["draws"] == self.draws)
        ]
        of_seed: pd.DataFrame = rows[rows["seed"] == rows["seed"].iloc[0]]
        return of_seed

    @property
    def _best_fit(self) -> str:
        return (
            f"one fit of the {self.best['model']} model (target_accept "
            f"{self.best['target_accept']:g}, seed {int(self._best_rows['seed'].iloc[0])}, "
            f"{self.draws:,} draws a chain)"
        )

    def cells_table(self) -> Html:
        """Diagnostics of every cell."""
        whole = fixed(0)
        columns: dict[str, tuple[str, Format]] = {
            "model": ("model", str),
            "target_accept": ("target_accept", "{:g}".format),
            "seed": ("seed", str),
            "draws": ("draws", whole),
            "verdict": ("verdict", partial(_verdict, self.verdict["thresholds"])),
            "divergences": ("divergences", whole),
            "ebfmi_min": ("E-BFMI", fixed(2)),
            "r_hat_max": ("R-hat", fixed(3)),
            "ess_bulk_min": ("bulk ESS", whole),
            "ess_tail_min": ("tail ESS", whole),
            "max_treedepth_hits": ("tree depth", whole),
            "z_max": ("|z|", fixed(1)),
            "step_size": ("step size", significant(2)),
            "gradients": ("gradients", whole),
        }
        return table(
            self.fits[list(columns)].rename(
                columns={old: new for old, (new, _) in columns.items()}
            ),
            dict(columns.values()),
            "Every fit at every number of draws, each with its verdict: trusted, or the checks "
            "that it failed. Of R-hat, ESS, E-BFMI and |z| the worst of any variable or chain.",
            "cells",
            "fits.csv",
            searchable=True,
        )

    # -- calibration ------------------------------------------------------------------------

    def calibration(self) -> Html:
        """What `snakemake calibration` found; nothing where these data were not calibrated."""
        summary = self.calibrated
        if summary is None:
            return Html("")
        tests = pd.DataFrame(summary["uniformity"])
        words = table(
            tests.assign(uniform=tests["uniform"].map({True: "yes", False: "no"})).rename(
                columns=lambda name: str(name).replace("_", " ")
            ),
            {
                "mean position": fixed(3),
                "p value": significant(2),
                "p corrected": significant(2),
                "simulations": fixed(0),
            },
            "Is the rank of the truth uniform? A test for each variable, of each model and of the "
            "exact control; the corrected p-values are Holm's over all rows.",
            "uniformity",
        )
        figures = [
            figure(name, self.svg(name, "calibration"), *text) for name, text in CALIBRATION.items()
        ]
        return Html(
            '<h2 id="calibration">Calibration: is the sampler right for data like these?</h2>'
            + paragraphs(escape(sentence) for sentence in summary["sentences"])
            + figures[0]
            + words
            + "".join(figures[1:])
        )

    # -- lecture and provenance -------------------------------------------------------------

    def lecture(self) -> Html:
        """The lecture's statements beside ours; nothing where the data are not the lecture's."""
        return compare_with_lecture(self)

    def origin(self) -> Html:
        """Provenance, and the command that makes this report anew."""
        provenance = self.provenance
        dirty = provenance["git_dirty"] == "true"
        rows = {
            "data (SHA-256)": provenance["data_sha256"],
            "workflow commit": provenance["git_commit"] + (" with local changes" if dirty else ""),
            **{f"{name} version": v for name, v in json.loads(provenance["versions"]).items()},
            **{
                f"kept of {name}": "; ".join(
                    f"what {v} made, under {new}" for new, v in kept.items()
                )
                for name, kept in json.loads(provenance.get("kept", "{}")).items()
            },
        }
        body = "".join(
            f'<tr><th scope="row">{escape(name)}</th>'
            f"<td><code>{escape(str(value))}</code></td></tr>"
            for name, value in rows.items()
        )
        study = yaml.safe_dump(
            self.settings, sort_keys=False, allow_unicode=True, default_flow_style=None
        )
        known = not dirty and provenance["git_commit"] != "unknown"
        checkout = f"git checkout {provenance['git_commit']}\n" if known else ""
        return Html(
            f'<table class="plain"><tbody>{body}</tbody></table>'
            "<p>To make every number of this page anew, save this configuration as "
            f'<code>study.yaml</code></p><pre tabindex="0">{escape(study)}</pre><p>and run, in a '
            f'clone of the workflow,</p><pre tabindex="0">{escape(checkout)}uv run snakemake '
            "--cores 4 --configfile study.yaml</pre>"
        )


def _symbol(variable: str) -> str:
    return SYMBOLS.get(variable, variable.replace("theta[", "θ[", 1))


def _check(worst: float, form: Format, failed: Mapping[str, Any] | None, fits: int) -> Shown:
    text = "–" if math.isnan(worst) else form(worst)
    if failed is None:
        return Shown(worst, Html(escape(text)))
    return Shown(worst, Html(f"{badge(False, text)} <small>{failed['fits']} of {fits}</small>"))


def _verdict(thresholds: Mapping[str, float], verdict: str) -> Html:
    if verdict == "trusted":
        return badge(True, verdict)
    failed = [CHECK_WORDS[check][0] for check in verdict.split() if check in thresholds]
    return Html(escape(", ".join(failed)))


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
            "name": report.name,
            "groups": len(report.groups),
            "verdict": report.verdict_badge(),
            "passed": sum(setting["trusted_fits"] for setting in report.verdict["settings"]),
            "fits": sum(setting["fits"] for setting in report.verdict["settings"]),
            "mu": f"{report.centre_in_words('mu')} ({report.interval('mu')})",
            "tau": f"{report.in_units('tau', 'q50')} ({report.interval('tau')})",
        }
        for link, report in reports
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("index.html.j2").render(rows=rows)
