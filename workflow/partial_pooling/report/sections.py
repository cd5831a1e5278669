"""A report's tables and words, computed from the files of one data set's results folder.

Nothing here opens a fit or samples: it reads tables, and says in words what they hold. Every
method of `Report` gives HTML for a notebook cell; text from users' files is escaped.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from partial_pooling.grading.agreement import agreement_words
from partial_pooling.grading.grades import (
    ALARM,
    CHECKS,
    GOOD,
    HONEST,
    MORE_DRAWS,
    NECK,
    NONE,
    RIGHT,
    TRUST,
)
from partial_pooling.grading.inference import mean_interval
from partial_pooling.report.captions import CALIBRATION, caption
from partial_pooling.report.comparison import compare_with_lecture
from partial_pooling.report.findings import (
    CHECK_WORDS,
    FUNNEL,
    GRADE_WORDS,
    divergence_words,
    error_words,
    funnel_factor,
    neck_words,
    p_text,
)
from partial_pooling.report.html import Html, Shown, badge, bold, figure, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import (
    Format,
    at_scale,
    count,
    first_upper,
    fixed,
    listed,
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
        """Heading; the exact answer and what qualifies it; what sampling would have told."""
        return Html(
            f"<h1>{escape(self.name)}</h1>"
            f'<p class="lead">{count(len(self.groups), "group")}. Common mean μ: '
            f"{escape(self.centre_in_words('mu'))} (95 % interval {self.interval('mu')}). Standard "
            f"deviation between groups τ: median {self.in_units('tau', 'q50')} "
            f"({self.interval('tau')}). A new group's θ: {self.interval('theta_new')} (95 % "
            "each).</p>"
            f"<p>{self.answer_badge()} {escape(self.answer_words())}</p>"
            f"<p>{self.sampler_badge()} {self.sampler_words()}</p>"
        )

    def answer_badge(self) -> Html:
        """Whether the exact numbers can be quoted, at a glance."""
        quote = self.verdict["answer"]["quote"]
        return badge(quote, "Exact: quote these" if quote else "Prior and data conflict")

    def answer_words(self) -> str:
        """What the check of prior against data found."""
        told = self._agreement()
        if self.verdict["answer"]["quote"]:
            return f"No sampler, no Monte Carlo error. {told}"
        return f"{told} The numbers above follow from both, and answer for neither."

    def _agreement(self) -> str:
        return agreement_words(self.agreement, self.threshold("prior_conflict"), self.units)

    def sampler_badge(self) -> Html:
        """Which setting of the sampler to trust, at a glance."""
        best, status = self.best, self.best["status"]
        setting = f"{best['model']} at target_accept {best['target_accept']:g}"
        text = {
            TRUST: f"Sampler right: {setting}",
            MORE_DRAWS: f"Sampler: too few draws, {setting}",
            NONE: "Sampler: no setting right",
        }[status]
        return badge(status == TRUST, text)

    def sampler_words(self) -> str:
        """How many fits of each model came out right, and with an alarm, in a line of HTML."""
        each = []
        for model, told in self.sampling["models"].items():
            right = sum(told["verdicts"].get(grade, 0) for grade in GOOD)
            alarms = int((self.last.loc[self.last["model"] == model, "alarms"] != "").sum())
            each.append(
                f"{bold(model)} {self._good} in {right} of {count(told['fits'], 'fit')}"
                + (f", {alarms} with an alarm" if self.graded else "")
            )
        once = " One seed says little." if self.best["fits"] == 1 else ""
        return (
            f"Would sampling have told you? {'; '.join(each)} ({self.draws:,} draws a chain).{once}"
        )

    @property
    def _good(self) -> str:
        """What a fit is that its verdict does not hold anything against."""
        return RIGHT if self.graded else f"without {ALARM}"

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
            | {name: self.column(frame[name]) for name in ("std. error σ", "θ sd")},
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
        if chance is not None and len(chance) > 1:
            first, second = chance.nlargest(2)
            lines.append(
                f"The group most likely to have the largest θ is {bold(str(chance.idxmax()))}, "
                f"with probability {significant(3)(first)}; the next has {significant(3)(second)}."
                if first - second > 1e-6
                else "No group alone is the most likely to have the largest θ: two or more share "
                f"the probability {significant(3)(first)}."
            )
        lines += [
            f"A new group of the same population would have its θ in {self.interval('theta_new')} "
            "with probability 95 %.",
            f"All of this rests on the priors μ ~ {escape(str(self.prior.mu))} and "
            f"τ ~ {escape(str(self.prior.tau))}, and is computed by numerical integration: "
            "no sampler, and no Monte Carlo error.",
        ]
        agreement = escape(self._agreement())
        if self.verdict["answer"]["quote"]:
            lines.append(
                f"{agreement} If the priors were chosen after seeing these data, this check says "
                "nothing."
            )
        else:
            lines.insert(
                0,
                f"<b>Prior and data conflict.</b> {agreement} All that follows is under a prior "
                "that conflicts with the data.",
            )
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
        """Which parametrization and target_accept to use, what it costs, and why."""
        best, draws = self.best, f"{self.draws:,} draws a chain"
        setting = f"the {bold(best['model'])} model at target_accept <b>" + (
            f"{best['target_accept']:g}</b>"
        )
        if best["status"] == TRUST:
            first = (
                f"Use {setting}: {some_of(best['right'], best['fits'], 'fit')} "
                f"{'was' if best['fits'] == 1 else 'were'} {self._good} at {draws}. "
                f"{self._how_sure(best)} {self._cost(best)} {self._enough_draws(best)}"
            )
        elif best["status"] == MORE_DRAWS:
            first = (
                f"<b>No setting was {self._good} in all its fits</b> at {draws}. In {setting} no "
                "mean, and no share of draws below a quantile, was seen to err more than its Monte "
                f"Carlo error admits: it has too few draws. {self._enough_draws(best)} "
                f"{self._how_sure(best)}"
            )
        else:
            first = (
                f"<b>No setting was {self._good} in all its fits</b> at {draws}. "
                f"Most were in {setting}: {best['right']} of {best['fits']}. The exact numbers "
                "above need no sampler."
            )
        return paragraphs([first, self._rests_on()])

    def _how_sure(self, setting: Mapping[str, Any]) -> str:
        low = setting["right_interval"][0] if setting["right"] else 0.0
        return (
            f"{count(setting['fits'], 'seed')} can say so much: with {self.draws:,} draws between "
            f"{percent(low)} and {percent(setting['right_interval'][1])} of all seeds are "
            f"{self._good} (95 % interval)."
        )

    def _cost(self, best: Mapping[str, Any]) -> str:
        told = (
            f"It gives {self._effective(best)} effective draws per 1,000 gradient evaluations, "
            "tuning included"
        )
        if not best["next"]:
            return f"{told}."
        nearest = best["next"][0]
        rest = (
            f"{bold(nearest['model'])} at {nearest['target_accept']:g} with "
            f"{self._effective(nearest)}"
        )
        if best["cheaper_than_next"]:
            return f"{told}, the most of the settings to trust; next is {rest}."
        return f"{told}; {rest} is not told apart from it by these seeds."

    @staticmethod
    def _effective(setting: Mapping[str, Any]) -> str:
        cost, three = setting["ess_per_1000_gradients"], significant(3)
        if cost["value"] is None:
            return "an unknown number of"
        if cost["low"] is None:
            return three(cost["value"])
        return f"{three(cost['value'])} ({three(cost['low'])} to {three(cost['high'])})"

    def _enough_draws(self, setting: Mapping[str, Any]) -> str:
        needed = setting["draws_needed"]
        if needed is None:
            return ""
        return (
            f"If unbiased, as efficient a fit is accurate with about {significant(2)(needed)} "
            "draws a chain, in at least 95 of 100 cases."
        )

    def _rests_on(self) -> str:
        rests = self.sampling["rests_on"]
        if not self.graded:
            return (
                "There is no exact answer to hold a fit against: the verdict rests on the ordinary "
                "checks alone, which a wrong fit can pass."
            )
        undefined = rests["undefined"]
        names = {
            "error_mean": "neither mean nor standard deviation can be graded",
            "error_sd": "the standard deviation cannot be graded",
        }
        lacking = "error_mean" if "error_mean" in undefined else "error_sd"
        if lacking not in undefined:
            return ""
        which = listed([_symbol(name) for name in undefined[lacking][:5]])
        return escape(
            f"Of {which} {names[lacking]}, which has no finite Monte Carlo error since the "
            "posterior's tail is too heavy; quantiles are."
        )

    def alarms_table(self) -> Html:
        """Verdicts against alarms, a row a model: caught, missed, false alarms."""
        rows = [
            {
                "model": model,
                "wrong: alarm (caught)": told["alarms"]["caught"],
                "wrong: none (missed)": told["alarms"]["missed"],
                "too few draws: alarm": told["alarms"]["few_alarm"],
                "too few draws: none": told["alarms"]["few_quiet"],
                "right: alarm": told["alarms"]["false_alarm"],
                "right: none": told["alarms"]["quiet"],
            }
            for model, told in self.sampling["models"].items()
        ]
        return table(
            pd.DataFrame(rows),
            {},
            f"Would the ordinary checks have told you? Fits at {self.draws:,} draws a chain by "
            "verdict, which the exact posterior gives, and by whether any ordinary check raised an "
            "alarm, which needs no exact answer.",
            "alarms",
        )

    def alarms_words(self) -> Html:
        """What the ordinary checks caught and missed, in a sentence."""
        if not self.graded:
            return Html("")
        alarms = self.sampling["alarms"]
        wrong = alarms["caught"] + alarms["missed"]
        right = alarms["false_alarm"] + alarms["quiet"]
        few = alarms["few_alarm"] + alarms["few_quiet"]
        rows = self.last[(self.last["verdict"] == RIGHT) & (self.last["alarms"] != "")]
        lucky = int((rows["draws_needed"] > rows["draws"]).sum())
        words = []
        if wrong:
            words.append(
                f"Of {count(wrong, 'wrong fit')} the ordinary checks caught {alarms['caught']}"
                + (
                    f" and <b>missed {alarms['missed']}</b>, which nobody would have known without "
                    "the exact answer."
                    if alarms["missed"]
                    else "."
                )
            )
        if few:
            words.append(
                f"Of {count(few, 'fit')} with too few draws {alarms['few_alarm']} had an alarm."
            )
        if right:
            words.append(
                f"Of {count(right, 'right fit')} {alarms['false_alarm']} had an alarm all the same"
                + (
                    f", {lucky} of them with fewer draws than a fit as efficient needs"
                    * (lucky > 0)
                )
                + "."
            )
        raised = {
            CHECK_WORDS[key][0]: sum(
                setting["alarms"][key] for setting in self.sampling["settings"]
            )
            for _, key, _ in CHECKS
        }
        if any(raised.values()):
            ordered = sorted(raised.items(), key=lambda item: -item[1])
            words.append(
                "Alarms by check: "
                + ", ".join(
                    f"{name} in {count(number, 'fit')}" for name, number in ordered if number
                )
                + "."
            )
        return paragraphs([" ".join(words)])

    def settings_table(self) -> Html:
        """Each model and target_accept: verdicts, the worst grades, alarms, cost."""
        rows = []
        for setting in self.sampling["settings"]:
            fits = self.last[
                (self.last["model"] == setting["model"])
                & (self.last["target_accept"] == setting["target_accept"])
            ]
            failed = {reason["check"]: reason for reason in setting["reasons"]}
            row = {
                "model": setting["model"],
                "target_accept": setting["target_accept"],
                self._good: Shown(
                    setting["right"],
                    badge(setting["trusted"], f"{setting['right']} of {setting['fits']}"),
                ),
            }
            if self.graded:
                row["wrong"] = setting["wrong"]
            row["alarm"] = setting["fits_with_alarm"]
            cost = setting["ess_per_1000_gradients"]
            row["ESS per 1,000 gradients"] = Shown(
                _or_nan(cost["value"]),
                Html(re.sub(r" \((.*)\)", r" <small>\1</small>", self._effective(setting))),
            )
            for key in GRADE_WORDS if self.graded else ():
                name, _, form = GRADE_WORDS[key]
                column = "p_honest_min" if key == HONEST else f"{key}_max"
                worst = fits[column].min() if key == HONEST else fits[column].max()
                limit = self.threshold("honest_level" if key == HONEST else key)
                name = f"{name} {'p ≥' if key == HONEST else '≤'} {form(limit)}"
                row[name] = _check(worst, form, failed.get(key), setting["fits"])
            rows.append(row)
        graded = (
            "Of each grade the worst value of any fit, marked with the number of fits that miss "
            "what the head of the column allows."
            if self.graded
            else ""
        )
        return table(
            pd.DataFrame(rows),
            {"target_accept": "{:g}".format},
            f"Verdicts at {self.draws:,} draws a chain: numbers of fits, which differ in their "
            "seed. A "
            f"setting is trusted when all its fits are {self._good}. Alarm: fits in which an "
            "ordinary check raised one. ESS per 1,000 gradients: the smallest effective sample "
            f"size of any variable, mean over seeds with 95 % interval. {graded}",
            "verdicts",
        )

    def checks(self) -> Html:
        """Explain each grade and each check once."""
        limits = {
            key: f"{'≥' if at_least else '≤'} {CHECK_WORDS[key][2](self.threshold(key))}"
            for _, key, at_least in CHECKS
        }
        grades = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(asks)}</dd>"
            for name, asks, _ in GRADE_WORDS.values()
        )
        checks = "".join(
            f"<dt>{escape(name)} ({limits[key]})</dt><dd>{escape(asks)}</dd>"
            for key, (name, asks, _) in CHECK_WORDS.items()
        )
        return Html(
            '<details class="note"><summary>What the grades and checks mean</summary>'
            "<p>A fit is <b>right</b> if its three errors are small and it is honest. It has "
            "<b>too few draws</b> if an error is too large, but not seen to be beyond what its own "
            "Monte Carlo error admits: more draws cure that, or show a fault. It is <b>wrong</b>, "
            "which more draws do not cure, if it is not honest.</p>"
            f"<dl>{grades}</dl><p>The ordinary checks, which need no exact answer:</p>"
            f"<dl>{checks}</dl></details>"
        )

    # -- the funnel -------------------------------------------------------------------------

    def funnel(self) -> Html:
        """Whether these data have a funnel; how much of its neck each model reached."""
        return paragraphs(
            [
                self._funnel_words(),
                *(
                    f"{bold(model)} {neck_words(self.lowest(model), list(NECK))}"
                    for model in self.models
                ),
            ]
        )

    def _funnel_words(self) -> str:
        factor = funnel_factor(
            self.groups.std_error, self.value("tau", "q5"), self.value("tau", "q95")
        )
        told = (
            "Between the 5 % and the 95 % quantile of τ the spread of a group's θ given μ and τ "
            f"changes by a factor of {significant(2)(factor)} (the median group)"
        )
        if factor < FUNNEL:
            return f"{told}: these data and priors make no funnel to speak of."
        return (
            f"{told}. In the plane of θ and log τ that is a funnel, with its neck below: a step "
            "that fits the wide part can be too long for the neck, and where a simulated path "
            "leaves the curve that it should follow the sampler reports a divergence."
        )

    def divergences(self) -> Html:
        """Are divergences real? Where they sit, whether they vanish, whether they matter."""
        return paragraphs(
            f"{bold(name)}: {escape(first_upper(divergence_words(model)))}"
            for name, model in self.sampling["models"].items()
        )

    # -- accuracy and cost ------------------------------------------------------------------

    def accuracy_words(self) -> Html:
        """How far off estimates are at the largest number of draws, and how error falls."""
        lines = []
        last = self.estimates[self.estimates["draws"] == self.draws]
        for model, fits in self.last.groupby("model", sort=False):
            mine = last[last["model"] == model]
            worst = []
            for key, (name, _, form) in GRADE_WORDS.items():
                if key == HONEST or mine[key].isna().all():
                    continue
                row = mine.iloc[int(np.nanargmax(mine[key].to_numpy()))]
                unit = " exact sd" if key == "error_mean" else ""
                worst.append(
                    f"{name} {form(row[key])}{unit} ({escape(_symbol(str(row['variable'])))})"
                )
            lines.append(
                f"{bold(str(model))}: {some_of(int(fits['accurate'].sum()), len(fits), 'fit')} at "
                f"{self.draws:,} draws a chain {'is' if len(fits) == 1 else 'are'} accurate. "
                f"Largest {'; '.join(worst)}. {error_words(self.estimates, str(model))}"
            )
        return paragraphs(lines)

    def target_accept_table(self) -> Html:
        """What raising target_accept buys and costs, with errors over seeds."""
        columns: dict[str, tuple[str, Format]] = {
            "step_size": ("step size", significant(2)),
            "divergence_rate": ("divergence rate", percent),
            "ess_bulk_min": ("smallest bulk ESS", significant(3)),
            "gradients": ("gradient evaluations", significant(3)),
            "ess_per_1000_gradients": ("ESS per 1,000 gradients", significant(3)),
        }
        rows = []
        for (model, accept), fits in self.last.groupby(["model", "target_accept"], sort=False):
            row = {"model": model, "target_accept": accept}
            for column, (name, form) in columns.items():
                interval = mean_interval(fits[column]).within(0)
                bounds = f"{form(interval.low)} to {form(interval.high)}"
                spread = "" if math.isnan(interval.low) else f" <small>{bounds}</small>"
                row[name] = Shown(interval.value, Html(f"{form(interval.value)}{spread}"))
            rows.append(row)
        return table(
            pd.DataFrame(rows),
            {"target_accept": "{:g}".format},
            f"What a target_accept buys and costs, at {self.draws:,} draws a chain: means over "
            "seeds, with 95 % intervals (Student's t) where there are several that differ. A "
            "gradient evaluation is one leapfrog step, tuning included.",
            "target_accept",
        )

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
            **{name: self.column(frame[name]) for name in ("EB sd", "exact sd")},
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
            "Classical estimates plug in one value of τ; μ, its standard error, and the 95 % "
            "interval of a new group (Student's t with two degrees of freedom less than there are "
            "groups, so none for two) follow from it. The last row is the exact posterior, which "
            "has the priors too.",
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
            f"freedom (p {escape(p_text(tests['p_value']))}). I², the share of the variation "
            f"that sampling error does not explain, is {percent(tests['i_squared'])}."
        ]
        zeros = int((taus == 0).sum())
        interval = f"the exact posterior's 95 % interval is {self.interval('tau')}"
        if zeros:
            lines.append(
                f"{first_upper(some_of(zeros, len(taus), 'classical estimate'))} of τ "
                f"{'is' if zeros == 1 else 'are'} exactly 0, that is, groups that do not differ at "
                f"all. Plugged in, 0 pools completely; under the priors of this study {interval}."
            )
        else:
            lines.append(
                f"The classical estimates of τ lie between {self.finely(taus.min())} and "
                f"{self.finely(taus.max())}. Plugging one in takes τ as known; under the priors "
                f"of this study {interval}."
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
            "verdict": ("verdict", _verdict),
            "alarms": ("alarms", _alarms),
            "error_mean_max": ("error of means", significant(2)),
            "error_sd_max": ("of sds", percent),
            "error_quantile_max": ("of quantiles", percent),
            "p_honest_min": ("honest p", significant(2)),
            "draws_needed": ("draws needed", significant(2)),
            "divergences": ("divergences", whole),
            "ebfmi_min": ("E-BFMI", fixed(2)),
            "r_hat_max": ("R-hat", fixed(3)),
            "ess_bulk_min": ("bulk ESS", whole),
            "ess_tail_min": ("tail ESS", whole),
            "max_treedepth_hits": ("tree depth", whole),
            "step_size": ("step size", significant(2)),
            "gradients": ("gradients", whole),
        }
        return table(
            self.fits[list(columns)].rename(
                columns={old: new for old, (new, _) in columns.items()}
            ),
            dict(columns.values()),
            "Every fit at every number of draws, with its verdict and the ordinary checks that "
            "raised an alarm. Of errors, p, R-hat, ESS and E-BFMI the worst of any variable or "
            "chain. Draws needed: a chain, for a fit as efficient to be accurate in at least 95 of "
            "100 cases, if it is unbiased.",
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
            f'<code>study.yaml</code></p><pre tabindex="0">{escape(study)}</pre><p>with the data '
            "file that has the SHA-256 above, once prepared, at its path, and run, in a "
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


def _verdict(verdict: str) -> Html:
    return badge(verdict in GOOD, verdict)


def _alarms(alarms: Any) -> str:
    """Names of the failed checks; the table has nothing where none failed."""
    failed = str(alarms).split() if isinstance(alarms, str) else []
    return ", ".join(CHECK_WORDS[check][0] for check in failed) or "–"


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


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
            "answer": report.verdict["answer"]["quote"],
            "sampler": report.best,
            "right": sum(setting["right"] for setting in report.sampling["settings"]),
            "fits": sum(setting["fits"] for setting in report.sampling["settings"]),
            "mu": f"{report.centre_in_words('mu')} ({report.interval('mu')})",
            "tau": f"{report.in_units('tau', 'q50')} ({report.interval('tau')})",
        }
        for link, report in reports
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("index.html.j2").render(rows=rows)
