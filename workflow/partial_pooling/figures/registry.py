"""Every figure once: what it is called, where it goes, for whom, what it needs, its caption.

From here come the outputs of the rules that draw, what their scripts draw, captions and labels of
Snakemake's report, captions and alternative texts of ours. Reading it imports no Matplotlib: a
function is looked up when it draws (`drawing.draw`).

A further figure is a function in a file of this room, which returns a Matplotlib figure, an entry
below, and a line in workflow/report/<name>.rst for Snakemake's report. Say, of pooling factors::

    # figures/pooling.py
    @styled
    def pooling(groups: Groups, exact: pd.DataFrame) -> Figure: ...

    # here
    Entry(
        "pooling",
        "Groups",
        "pooling.pooling",
        ("groups", "exact"),
        "analyst",
        "Pooling factor of each group against its standard error.",
        "How far each group is drawn to the common mean.{found}",
    ),

    # workflow/report/pooling.rst
    {{ snakemake.params.captions.pooling }}

The rule then draws it, and `report.figure("pooling")` shows it in the notebook. Words that depend
on results have slots in braces, which `report.captions` fills, and `GENERAL` where no result is at
hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from partial_pooling.words import count

Category = Literal["Groups", "Fits", "Settings", "Study", "Calibration"]
Audience = Literal["analyst", "student", "researcher"]


@dataclass(frozen=True)
class Entry:
    """A figure, but for drawing it.

    Attributes
    ----------
    name
        Name of its files.
    category
        The rule that draws it, and its place in Snakemake's report. `Settings`: one for each model
        and target_accept.
    function
        What draws it: module of this room and function.
    needs
        The function's parameters: tables of the results folder by their names, `groups` (data.csv),
        `curves` (exact.nc); in `Fits` and `Settings`, what the script computes.
    audience
        Whose question it answers first.
    alternative, caption
        What it shows, for those who do not see it and for those who do; with slots.
    """

    name: str
    category: Category
    function: str
    needs: tuple[str, ...]
    audience: Audience
    alternative: str
    caption: str

    @property
    def title(self) -> str:
        """What labels call it."""
        return self.name.replace("_", " ")

    @property
    def file(self) -> str:
        """Its file in a data set's results, without ending."""
        folder = "calibration" if self.category == "Calibration" else "figures"
        return f"{folder}/{self.name}"

    @property
    def module(self) -> str:
        """The file of this room that has its function."""
        return f"{self.function.partition('.')[0]}.py"


# What captions say in their slots where no result is at hand.
GENERAL = {
    "found": "",
    "told": "",
    "group": "the first group",
    "centre": "mean",
    "seeds": "all seeds",
    "at": "the lowest and the highest target_accept",
}

FUNNEL = (
    "log τ against θ of {group}, every transition of {shown}. Divergent transitions are black and "
    "in front. Of the exact posterior 5 % lies below the dashed line and 1 % below the other."
    "{found}"
)

FIGURES = (
    Entry(
        "forest",
        "Groups",
        "forest.forest",
        ("groups", "exact", "classical"),
        "analyst",
        "Forest plot of {groups}: estimates from {estimates}, posterior {centre}s from {pooled}, "
        "each with its 95 % interval; a new group from {new}.",
        "Each group's estimate by itself (brown) and its exact posterior {centre} (black). Bars "
        "are 95 % intervals; the grey band is the mean of all groups under complete pooling."
        "{found}",
    ),
    Entry(
        "shrinkage",
        "Groups",
        "shrinkage.shrinkage",
        ("groups", "curves", "classical"),
        "student",
        "Mean and standard deviation of each group's θ given τ, against τ, over the posterior "
        "density of τ, whose median is {median} and 95 % interval {ends}.",
        "Exact mean (above) and standard deviation (below) of each group's θ if τ were known. At "
        "τ = 0 all groups share one mean; as τ grows each returns to its own estimate and standard "
        "error. Dashed lines mark what empirical Bayes would plug in for τ; grey is the posterior "
        "density of τ{told}, the uncertainty that plugging in leaves out. After Gelman et al., "
        "Bayesian Data Analysis, section 5.5.",
    ),
    Entry(
        "traces",
        "Fits",
        "traces.traces",
        ("fits",),
        "student",
        "Densities and traces of μ, τ, log τ and θ, a column a model.{found}",
        "Densities (left) and traces of {shown}. A line of the densities is a chain, or for θ a "
        "group. Chains that agree lie on one another; a stretch that stays at one value is a chain "
        "that was stuck.{found}",
    ),
    Entry(
        "log_tau",
        "Fits",
        "traces.log_tau",
        ("fits",),
        "student",
        "log τ over iterations, chains joined end to end, a panel a model; ticks below mark "
        "divergent transitions.{found}",
        "log τ over the iterations of {shown}, chains joined end to end; the thick vertical line "
        "ends the first one. Ticks below are divergent transitions.{found}",
    ),
    Entry(
        "cumulative_mean",
        "Fits",
        "traces.cumulative_mean",
        ("fits", "mcse", "exact_mean", "quoted"),
        "student",
        "Mean of log τ over the draws so far, a line a model with a band of two Monte Carlo "
        "standard errors.{found}",
        "The mean of log τ over the draws so far of {shown}, chains joined end to end, with a band "
        "of two Monte Carlo standard errors.{found}",
    ),
    Entry(
        "divergences",
        "Fits",
        "funnel.divergences",
        ("fits", "curves"),
        "student",
        "Draws in the plane of log τ and θ of {group}, a panel a model.{found}",
        FUNNEL,
    ),
    Entry(
        "densities",
        "Fits",
        "densities.densities",
        ("fits", "curves"),
        "student",
        "Histograms of the draws of μ, τ and log τ, a row a model, with the exact densities as "
        "lines.{found}",
        "Draws of {shown} as histograms, the exact density as a line; a histogram stays below the "
        "line where it has fewer draws.{told}",
    ),
    Entry(
        "funnel_neck",
        "Fits",
        "funnel.funnel_neck",
        ("fits", "curves"),
        "student",
        "Probability that log τ is below c against c, on a logarithmic scale: exact, and sampled "
        "by each model.{found}",
        "Small τ in numbers: the probability that log τ is below c, sampled and exact, for "
        "{shown}. A line below the black one has fewer draws there than the exact posterior."
        "{found} The far end of each line rests on few draws.",
    ),
    Entry(
        "settings",
        "Settings",
        "funnel.divergences",
        ("fits", "curves"),
        "researcher",
        "Draws of one fit in the plane of log τ and θ of {group}.",
        FUNNEL,
    ),
    Entry(
        "target_accept",
        "Study",
        "study.target_accept",
        ("fits",),
        "researcher",
        "Step size, divergent transitions, smallest bulk ESS and its cost against target_accept."
        "{found}",
        "Each point is a seed, each line the mean over seeds; a gradient is one leapfrog step, "
        "tuning included.{found}",
    ),
    Entry(
        "estimates",
        "Study",
        "study.estimates",
        ("estimates", "exact"),
        "researcher",
        "Estimated means of μ, τ, log τ and θ of {group} against draws, a point a seed.",
        "Estimated means of μ, τ, log τ and θ of {group} at {at}: a point a seed, its bar two "
        "Monte Carlo standard errors either side. The black line is the exact mean, where one "
        "exists. As draws grow, the bars of a biased sampler shrink beside the line.",
    ),
    Entry(
        "z_scores",
        "Study",
        "accuracy.z_scores",
        ("estimates",),
        "researcher",
        "z of the means of μ, τ and log τ against draws, a row a model.{found}",
        "Errors of the means of μ, τ and log τ in Monte Carlo standard errors (z), a point a seed "
        "and target_accept; at the right their distribution over the normal curve, which has 4.6 "
        "% beyond ±2.{found} Counts of draws are beginnings of the same fits, so points are not "
        "independent; values beyond the axis stand at its edge.",
    ),
    Entry(
        "error",
        "Study",
        "accuracy.error",
        ("accuracy",),
        "researcher",
        "Root mean squared error of the means of log τ and μ against draws.{found}",
        "Root mean squared error over {seeds}, a line a target_accept. The dashed guide falls as "
        "one over the square root of the draws, as the error of a right sampler does on average; "
        "that of a biased one levels off.{told}",
    ),
    # What there is to see in the figures of a calibration is told in sentences beside them.
    Entry(
        "calibration_ecdf",
        "Calibration",
        "calibration.calibration_ecdf",
        ("ecdf",),
        "researcher",
        "ECDF of the ranks of the truth minus the uniform one, a column a model and one for the "
        "exact control, a row a variable, with a simultaneous band.",
        "Ranks of the truth among the draws: their ECDF minus the uniform one. Each curve by "
        "itself stays within the band, whole, in 95 % of calibrations of a right sampler; several "
        "together leave it more often. A curve above zero at its left has the truth below the "
        "draws more often than uniform ranks would. The exact control ranks the truth in "
        "the exact posterior of the same data.",
    ),
    Entry(
        "calibration_ranks",
        "Calibration",
        "calibration.calibration_ranks",
        ("histogram",),
        "researcher",
        "Histograms of the ranks of the truth, relative to uniform ones, a column a model and one "
        "for the exact control, a row a variable.",
        "The same ranks as histograms, relative to uniform ones, with a band for all bins at once.",
    ),
    Entry(
        "calibration_by_tau",
        "Calibration",
        "calibration.calibration_by_tau",
        ("by_tau",),
        "researcher",
        "Error of the posterior mean of log tau, and shares of poor fits, against the simulated "
        "tau, a line a model.",
        "Where a model fails: above, the sampled mean of log τ minus the exact one, in exact "
        "posterior standard deviations, by the τ that was simulated; below, the shares of fits "
        "with few effective draws, and with divergences.",
    ),
    Entry(
        "calibration_coverage",
        "Calibration",
        "calibration.calibration_coverage",
        ("coverage",),
        "researcher",
        "Coverage of central intervals less their nominal probability, a line a model and one for "
        "the exact control.",
        "How often central intervals hold the truth, less their nominal probability, with 95 % "
        "intervals.",
    ),
    Entry(
        "calibration_power",
        "Calibration",
        "calibration.calibration_power",
        ("power",),
        "researcher",
        "Share of subsets of the simulations in which a fault is seen, against their size, a line "
        "a model and test.",
        "How many simulations it takes to see a fault: the share of subsets in which ranks are "
        "found not uniform, all variables taken together.",
    ),
)


def of_category(*categories: Category) -> list[Entry]:
    """Figures of some categories, in the order of the registry."""
    return [entry for entry in FIGURES if entry.category in categories]


def needed(entries: Iterable[Entry]) -> list[str]:
    """What some figures need, each once."""
    return list(dict.fromkeys(name for entry in entries for name in entry.needs))


def captions(category: Category, **said: str) -> dict[str, str]:
    """Captions of a category where no result is at hand.

    Parameters
    ----------
    category
        Their category.
    **said
        What to say in slots instead of `GENERAL`.

    Returns
    -------
    dict
        By name of the figure.
    """
    return {
        entry.name: entry.caption.format_map(GENERAL | said) for entry in of_category(category)
    }


def shown_fits(seed: int, target_accept: float, chains: int, draws: int) -> str:
    """Which fits the figures of `Fits` show, in words."""
    return (
        f"one fit of each model (seed {seed}, target_accept {target_accept:g}, "
        f"{count(chains, 'chain')} of {draws:,} draws)"
    )
