"""Every figure once: what it is called, where it goes, for whom, what it needs, its caption.

A further figure is a function in a file of this room, which returns a Matplotlib figure, and an
entry below. Say, of pooling factors::

    # figures/pooling.py
    @styled
    def pooling(groups: Estimates, exact: pd.DataFrame) -> Figure: ...

    # here
    Figure(
        "pooling",
        "Groups",
        "pooling.pooling",
        ("groups", "exact"),
        "analyst",
        "Pooling factor of each group against its standard error.",
        "How far each group is drawn to the common mean.",
    ),

The rule then draws it, and `Figure("pooling")` in a section of the report shows it, once
`report.generated` has written its caption and its notebook cell.

Words that depend on results have slots in braces; a function in `FOUND` of `report.captions`
fills them.
"""

from __future__ import annotations

from partial_pooling.figures.figure import Figure

FUNNEL = (
    "log τ against θ of {group}, every transition of {shown}. Divergent transitions are black and "
    "in front. Of the exact posterior 5 % lies below the dashed line and 1 % below the other."
    "{found}"
)

CATALOG: tuple[Figure, ...] = (
    Figure(
        "forest",
        "Groups",
        "forest.forest",
        ("groups", "exact"),
        "analyst",
        "Forest plot of {groups}: estimates from {estimates}, posterior {centre}s from {pooled}, "
        "each with its 95 % interval; the common mean {mu}; a new group from {new}.",
        "Each group's estimate by itself (brown; the area of its square is its weight in the "
        "common mean, at the posterior median of τ) and its exact posterior {centre} (black). The "
        "diamond and the dashed line are the common mean μ, the grey bar where a new group's true "
        "value would lie. Bars and diamond are 95 % intervals.{found}",
        " Of more than 40 groups only the five at either end are named; the others lie close "
        "together, in the order of the posterior. An interval far wider than the others runs out "
        "of the axes and stands in numbers.",
        has_narrow=True,
    ),
    Figure(
        "prior_posterior",
        "Groups",
        "priors.prior_posterior",
        ("curves", "prior"),
        "analyst",
        "Densities of the prior and the exact posterior of μ and τ.{found}",
        "What was assumed of μ and τ (dashed) and what the data made of it (grey). Where the two "
        "are alike the data say little; where they lie apart prior and data disagree.{found}",
        has_narrow=True,
    ),
    Figure(
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
        "Bayesian Data Analysis, section 5.5.{found}",
        " ML: maximum likelihood, REML: restricted, PM: Paule-Mandel, DL: DerSimonian-Laird.",
        has_narrow=True,
    ),
    Figure(
        "ranks",
        "Groups",
        "decision.ranks",
        ("ranks",),
        "analyst",
        "Probability of each rank of each group's θ, a row a group.",
        "Which group has which rank, 1 the largest θ{found}",
        ": the darker, the more probable; the upright mark is the expected rank. Of more than 50 "
        "groups expected ranks alone.",
        has_narrow=True,
    ),
    Figure(
        "influence",
        "Groups",
        "decision.influence",
        ("influence", "decisions", "exact"),
        "analyst",
        "Median of μ with its 95 % interval, and the probability that it is {beyond} c, without "
        "each group.{found}",
        "The exact posterior of μ, and the probability that it is {beyond} c, without each group; "
        "grey is with all of them, the dotted line c, where it is in reach.{found}",
        " Of more than 40 groups those are drawn without which μ moves most.",
        has_narrow=True,
    ),
    Figure(
        "usual_priors",
        "Groups",
        "decision.usual_priors",
        ("priors",),
        "analyst",
        "Medians and 95 % intervals of μ, τ and the θ of a new group, a row a prior.{found}",
        "The same data under priors in common use (blue) and the study's own (black): exact "
        "medians with 95 % intervals.{found}",
        " An interval far wider than the others runs out of the axes.",
        has_narrow=True,
    ),
    Figure(
        "atlas",
        "Groups",
        "decision.atlas",
        ("atlas", "priors", "decisions"),
        "analyst",
        "Map of the probability that μ is {beyond} c over the scales of both priors.{found}",
        "The probability that μ is {beyond} c, over the scale of the prior of τ (across, in that "
        "of the study) and the sd of the prior of μ (up). On the thick line c is an end of μ's "
        "95 % interval, so that the conclusion tips there.{found}",
        " The star is the study's own prior.",
        has_narrow=True,
    ),
    Figure(
        "traces",
        "Fits",
        "traces.traces",
        ("fits",),
        "student",
        "Densities and traces of μ, τ, log τ and θ, a column a model.{found}",
        "Densities and traces of {shown}. A line of the densities is a chain, or for θ a "
        "group. Chains that agree lie on one another; a stretch that stays at one value is a chain "
        "that was stuck.{found}",
        " Of more than 100 groups 100 are drawn; traces show an evenly spaced part of the draws.",
        has_narrow=True,
    ),
    Figure(
        "log_tau",
        "Fits",
        "traces.log_tau",
        ("fits",),
        "student",
        "log τ over iterations, chains joined end to end, a panel a model; ticks below mark "
        "divergent transitions.{found}",
        "log τ over the iterations of {shown}, chains joined end to end; the thick vertical line "
        "ends the first one. Ticks below are divergent transitions.{found}",
        has_narrow=True,
    ),
    Figure(
        "cumulative_mean",
        "Fits",
        "traces.cumulative_mean",
        ("fits", "mcse", "exact_mean", "quoted"),
        "student",
        "Mean of log τ over the draws so far, a line a model with a band of two Monte Carlo "
        "standard errors.{found}",
        "The mean of log τ over the draws so far of {shown}, chains joined end to end, with a band "
        "of two Monte Carlo standard errors.{found}",
        " They are those of the whole run, widened for the first n of N draws by √(N/n). The black "
        "line is the exact mean; a grey one, where there is one, is quoted, not computed.",
        has_narrow=True,
    ),
    Figure(
        "divergences",
        "Fits",
        "funnel.divergences",
        ("fits", "curves"),
        "student",
        "Draws in the plane of log τ and θ of {group}, a panel a model.{found}",
        FUNNEL,
        has_narrow=True,
    ),
    Figure(
        "densities",
        "Fits",
        "densities.densities",
        ("fits", "curves"),
        "student",
        "Histograms of the draws of μ, τ and log τ, a row a model, with the exact densities as "
        "lines.{found}",
        "Draws of {shown} as histograms, the exact density as a line; a histogram stays below the "
        "line where it has fewer draws.{told}",
        has_narrow=True,
    ),
    Figure(
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
        " The exact 1 %, 5 % and 25 % quantiles are marked.",
        has_narrow=True,
    ),
    Figure(
        "settings",
        "Settings",
        "funnel.divergences",
        ("fits", "curves"),
        "researcher",
        "Draws of one fit in the plane of log τ and θ of {group}.",
        FUNNEL,
    ),
    Figure(
        "target_accept",
        "Study",
        "study.target_accept",
        ("fits",),
        "researcher",
        "Step size, divergent transitions, smallest bulk ESS and its cost against target_accept."
        "{found}",
        "Each point is a seed, each line the mean over seeds; a gradient is one leapfrog step, "
        "tuning included.{found}",
        " All are at {{ snakemake.params.draws | max }} draws a chain.",
        has_narrow=True,
    ),
    Figure(
        "estimates",
        "Study",
        "study.estimates",
        ("estimates", "exact"),
        "researcher",
        "Estimated means of μ, τ, log τ and θ of {group} against draws, a point a seed.",
        "Estimated means of μ, τ, log τ and θ of {group} at {at}: a point a seed, its bar two "
        "Monte Carlo standard errors either side. The black line is the exact mean, where one "
        "exists. As draws grow, the bars of a biased sampler shrink beside the line.",
        has_narrow=True,
    ),
    Figure(
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
        has_narrow=True,
    ),
    Figure(
        "error",
        "Study",
        "accuracy.error",
        ("accuracy",),
        "researcher",
        "Root mean squared error of the means of log τ and μ against draws.{found}",
        "Root mean squared error over {seeds}, a line a target_accept. The dashed guide falls as "
        "one over the square root of the draws, as the error of a right sampler does on average; "
        "that of a biased one levels off.{found}{told}",
        " With few seeds each point is itself uncertain.",
        has_narrow=True,
    ),
    # What there is to see in the figures of a calibration is told in sentences beside them.
    Figure(
        "calibration_ecdf",
        "Calibration",
        "calibration.calibration_ecdf",
        ("ecdf",),
        "researcher",
        "ECDF of the ranks of the truth minus the uniform one, a column a model and one for the "
        "exact control, a row a variable, with a simultaneous band.",
        "{ranks}: their ECDF minus the uniform one. Each curve by "
        "itself stays within the band, whole, in 95 % of calibrations of a right sampler; several "
        "together leave it more often. A curve above zero at its left has the truth below the "
        "draws more often than uniform ranks would. The exact control ranks the truth in "
        "the exact posterior of the same data.",
        has_narrow=True,
    ),
    Figure(
        "calibration_ranks",
        "Calibration",
        "calibration.calibration_ranks",
        ("histogram",),
        "researcher",
        "Histograms of the ranks of the truth, relative to uniform ones, a column a model and one "
        "for the exact control, a row a variable.",
        "{ranks} as histograms, relative to uniform ones, with a band for all bins at once.{found}",
        " Ranks of a right sampler stay within it in at least 95 % of calibrations, for each "
        "variable. Of many groups the first are shown.",
        has_narrow=True,
    ),
    Figure(
        "calibration_by_tau",
        "Calibration",
        "calibration.calibration_by_tau",
        ("by_tau",),
        "researcher",
        "Error of the posterior mean of log tau, and shares of poor fits, against the simulated "
        "tau, a line a model.",
        "Where a model fails: above, the sampled mean of log τ minus the exact one, in exact "
        "posterior standard deviations, by the τ that was simulated; below, the shares of fits "
        "with few effective draws, and with divergences.{found}",
        " Bars are two standard errors either side.",
        has_narrow=True,
    ),
    Figure(
        "calibration_coverage",
        "Calibration",
        "calibration.calibration_coverage",
        ("coverage",),
        "researcher",
        "Coverage of central intervals less their nominal probability, a line a model and one for "
        "the exact control.",
        "How often central intervals hold the truth, less their nominal probability, with 95 % "
        "intervals.",
        has_narrow=True,
    ),
    Figure(
        "calibration_power",
        "Calibration",
        "calibration.calibration_power",
        ("power",),
        "researcher",
        "Share of subsets of the simulations in which a fault is seen, against their size, a line "
        "a model and test.",
        "How many simulations it takes to see a fault: the share of subsets in which one is found, "
        "all variables taken together.{found}",
        " Solid: by the band of the ranks' ECDF; dashed: by the χ² test of their histograms; "
        "dotted: by ranks paired with exact positions of the same truths. At the right end there "
        "is only one subset, the whole.",
        has_narrow=True,
    ),
    Figure(
        "map_of_verdicts",
        "Collection",
        "collection.map_of_verdicts",
        ("tables",),
        "analyst",
        "How often each model was wrong, and how often its alarms were right, by number of groups "
        "and τ over the typical standard error.{found}",
        "Which model to use when: the share of tables of which a model was wrong (left), and the "
        "share of its right and wrong fits whose alarms were right, raised if wrong and silent if "
        "not (right), by the number of groups and the exact median of τ over the typical standard "
        "error: the median of the groups' own or, where the data are no estimates, of those of "
        "their normal approximation. Below each share is the number of tables that it rests on; "
        "no table, no cell.{found}",
        " Shares of few tables are uncertain: of 10 tables with none wrong up to 31 % may be.",
        has_narrow=True,
    ),
    Figure(
        "tau_over_tables",
        "Collection",
        "collection.tau_over_tables",
        ("tables", "population"),
        "analyst",
        "Histogram of the exact medians of τ over tables, with the distributions of τ that were "
        "fitted to all tables.{found}",
        "τ over tables: a histogram of each table's exact median, in the units of μ. Lines "
        "are distributions of τ itself, fitted to all tables by maximum marginal likelihood, where "
        "that was possible; medians are drawn to the prior and blurred by few groups, so that "
        "lines and histogram need not agree.{found}",
        has_narrow=True,
    ),
    Figure(
        "mu_over_tables",
        "Collection",
        "collection.mu_over_tables",
        ("tables",),
        "analyst",
        "Medians of μ with 95 % intervals, a line a table, in their order.{found}",
        "μ of the tables with exact 95 % intervals, in the order of the medians; grey where the "
        "interval contains the μ of no effect, if there is one.{found}",
        " Of more than 300 tables 300 are drawn, evenly spaced in this order. Intervals that run "
        "out of the axes are far wider than the others.",
        has_narrow=True,
    ),
    Figure(
        "caught_and_false",
        "Scorecard",
        "scorecard.caught_and_false",
        ("checks",),
        "researcher",
        "For each check, the share of bad fits that it catches and of good fits that it stops at."
        "{found}",
        "What each check stops at, at its customary threshold, over all numbers of draws: of the "
        "fits that are bad (circles, the further right the better), and of the others (squares, "
        "the further left the better). Bars are 95 % intervals, tables being the independent unit."
        "{found}",
        has_narrow=True,
    ),
    Figure(
        "characteristics",
        "Scorecard",
        "scorecard.characteristics",
        ("roc", "areas"),
        "researcher",
        "Receiver operating characteristic of each check, used as a number.{found}",
        "Each check as a number: share of bad fits caught against share of false alarms, over all "
        "thresholds. The area is the chance that it ranks a bad fit behind a good one; 0.5, the "
        "grey line, is no better than a coin.{found}",
        has_narrow=True,
    ),
    Figure(
        "over_draws",
        "Scorecard",
        "scorecard.over_draws",
        ("checks",),
        "researcher",
        "Caught and false alarms of four checks against the number of draws.{found}",
        "The same shares by number of draws a chain, for R-hat and ESS, any divergence, all that "
        "diagnose functions look at, and this project's alarms. Bars are 95 % intervals.{found}",
        has_narrow=True,
    ),
    Figure(
        "maps_accurate",
        "Scorecard",
        "scorecard.maps_accurate",
        ("maps",),
        "researcher",
        "For each check, shares caught and of false alarms by number of groups and tau.{found}",
        "Where each check fails, for fits that are not accurate: percent caught (left) and of "
        "false alarms (right), by number of groups and exact median of τ over typical standard "
        "error.{found}",
        has_narrow=True,
    ),
    Figure(
        "maps_honest",
        "Scorecard",
        "scorecard.maps_honest",
        ("maps",),
        "researcher",
        "For each check, shares caught and of false alarms by number of groups and tau.{found}",
        "Where each check fails, for fits that err more than they admit; as above.{found}",
        has_narrow=True,
    ),
)
