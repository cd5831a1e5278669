"""A paragraph on methods to paste into a paper, from the study's own settings."""

from __future__ import annotations

import json
from html import escape

from partial_pooling.data.groups import Estimates
from partial_pooling.report.html import Html
from partial_pooling.report.results import Results
from partial_pooling.words import count, listed

TITLE = "Methods, to paste into a paper"

REFERENCES = {
    "Abril-Pla et al. 2023": "Abril-Pla O, Andreani V, Carroll C, et al. (2023). PyMC: a modern, "
    "and comprehensive probabilistic programming framework in Python. PeerJ Computer Science 9, "
    "e1516.",
    "Evans and Moshonov 2006": "Evans M, Moshonov H (2006). Checking for prior-data conflict. "
    "Bayesian Analysis 1(4), 893-914.",
    "Gelman et al. 2013": "Gelman A, Carlin JB, Stern HS, Dunson DB, Vehtari A, Rubin DB (2013). "
    "Bayesian Data Analysis, 3rd ed., chapter 5. Chapman and Hall/CRC.",
    "Higgins and Thompson 2002": "Higgins JPT, Thompson SG (2002). Quantifying heterogeneity in a "
    "meta-analysis. Statistics in Medicine 21(11), 1539-1558.",
    "Hoffman and Gelman 2014": "Hoffman MD, Gelman A (2014). The No-U-Turn sampler: adaptively "
    "setting path lengths in Hamiltonian Monte Carlo. Journal of Machine Learning Research 15, "
    "1593-1623.",
    "Röver 2020": "Röver C (2020). Bayesian random-effects meta-analysis using the bayesmeta R "
    "package. Journal of Statistical Software 93(6), 1-51.",
    "Stijnen et al. 2010": "Stijnen T, Hamza TH, Özdemir P (2010). Random effects meta-analysis of "
    "event outcome in the framework of the generalized linear mixed model with applications in "
    "sparse data. Statistics in Medicine 29(29), 3046-3067.",
    "Vehtari et al. 2021": "Vehtari A, Gelman A, Simpson D, Carpenter B, Bürkner P-C (2021). "
    "Rank-normalization, folding, and localization: an improved R-hat for assessing convergence "
    "of MCMC. Bayesian Analysis 16(2), 667-718.",
    "Viechtbauer 2010": "Viechtbauer W (2010). Conducting meta-analyses in R with the metafor "
    "package. Journal of Statistical Software 36(3), 1-48.",
}

# How a group's data enter, by family, with the reference that the sentence cites.
LIKELIHOODS = {
    "normal": "took each estimate as normal about its group's true value, with a known standard "
    "error",
    "student": "took each group's values as normal about its true value, with a standard "
    "deviation known from the group's own values alone (a t likelihood)",
    "binomial": "used the binomial likelihood of each group's events, with a normal distribution "
    "of the log odds (Stijnen et al. 2010)",
    "poisson": "used the Poisson likelihood of each group's events, with a normal distribution of "
    "the log rates (Stijnen et al. 2010)",
    "hypergeometric": "used the noncentral hypergeometric likelihood of each group's two arms, "
    "with a normal distribution of the log odds ratios (Stijnen et al. 2010)",
}


def finding(report: Results) -> str:
    """What follows."""
    return "What was done, in the words of a paper, from this study's own settings."


def paragraph(report: Results) -> Html:
    """The paragraph, and the references that it cites."""
    told = " ".join(_sentences(report))
    cited = "".join(f"<li>{escape(REFERENCES[key])}</li>" for key in REFERENCES if key in told)
    return Html(
        f'<div class="paste" tabindex="0"><p>{escape(told)}</p><ul class="references">{cited}</ul>'
        "</div>"
    )


def _sentences(report: Results) -> list[str]:
    sampling, versions = report.settings["sampling"], json.loads(report.provenance["versions"])
    sampler = sampling.get("sampler", "nutpie")
    return [
        *_data(report),
        "The data were analysed with a Bayesian hierarchical model (Gelman et al. 2013): the "
        "groups' true values were taken as normally distributed with mean μ and standard deviation "
        f"τ, and we {LIKELIHOODS[report.family]}.",
        f"The priors were {_prior('μ', report)} and {_prior('τ', report)}.",
        "The posterior was computed by numerical integration, without sampling (compare Röver "
        "2020), and is given by means or medians with central 95 % intervals; heterogeneity also "
        "by Cochran's Q and I² (Higgins and Thompson 2002).",
        _checked(report),
        f"For comparison the model was sampled with the No-U-Turn sampler (Hoffman and Gelman "
        f"2014; {_versioned(sampler, versions)}, {_versioned('pymc', versions)}, Abril-Pla et al. "
        f"2023) in {'its' if len(report.models) == 1 else 'the'} {listed(report.models)} "
        f"parametrization{'s' if len(report.models) > 1 else ''}, with "
        f"{count(len(sampling['seeds']), 'seed')}, target acceptance "
        f"{listed([f'{accept:g}' for accept in sampling['target_accept']])} and "
        f"{count(sampling['chains'], 'chain')} of {report.draws:,} draws, each fit being held "
        "against the exact posterior and judged by R-hat and effective sample sizes (Vehtari et "
        "al. 2021).",
    ]


def _data(report: Results) -> list[str]:
    """How many groups, and how their estimates were made, where they were."""
    measure = report.measure
    number = count(len(report.groups), "group")
    if measure is None or not measure.label:
        return [f"{number} were analysed."]
    if isinstance(report.data, Estimates) and measure.told and not _given(report):
        correction = report.dataset.get("continuity_correction", 0)
        told = measure.told.format(correction=f"{correction:g}")
        return [f"For each of {number} we computed the {measure.label} {told} (Viechtbauer 2010)."]
    return [f"The effect measure of the {number} was the {measure.label}."]


def _given(report: Results) -> bool:
    return str(report.dataset.get("form", "estimates")) == "estimates"


def _prior(symbol: str, report: Results) -> str:
    prior = report.prior.mu if symbol == "μ" else report.prior.tau
    return f"{symbol} ~ {prior}" if prior.is_proper else f"flat for {symbol}"


def _checked(report: Results) -> str:
    """Whether prior and data were checked against one another, and what came of it."""
    agreement = report.agreement
    if all(agreement[name]["p_value"] is None for name in ("location", "spread")):
        return ""
    found = "no conflict" if report.verdict["answer"]["quote"] else "a conflict"
    return (
        "Prior and data were checked against one another by the prior predictive distribution "
        f"(Evans and Moshonov 2006), with {found} found."
    )


def _versioned(distribution: str, versions: dict[str, str]) -> str:
    name = {"pymc": "PyMC"}.get(distribution, distribution)
    return f"{name} {versions[distribution]}" if distribution in versions else name


CONTENT = (paragraph,)
