"""The model in formulas, and how it pools: the groups' theta given tau."""

from __future__ import annotations

from html import escape

from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, paragraphs
from partial_pooling.report.results import Results

TITLE = "The model, and how it pools"


def finding(report: Results) -> str:
    """The model in a sentence, with the study's priors."""
    return (
        "The groups' true values θ are a sample of a normal distribution whose mean μ and "
        f"standard deviation τ the data tell; here μ ~ {escape(str(report.prior.mu))} and "
        f"τ ~ {escape(str(report.prior.tau))}."
    )


# What p(y_j | theta_j) is, by family, in HTML.
LIKELIHOODS = {
    "normal": "y<sub>j</sub> ~ Normal(θ<sub>j</sub>, σ<sub>j</sub>): an estimate with a known "
    "standard error σ<sub>j</sub>",
    "student": "y<sub>j</sub> is the mean of n<sub>j</sub> normal values about θ<sub>j</sub>, "
    "whose standard deviation is known from their spread alone: a t variable of "
    "n<sub>j</sub> − 1 degrees of freedom, of scale s<sub>j</sub> / √n<sub>j</sub>",
    "binomial": "y<sub>j</sub> ~ Binomial(n<sub>j</sub>, p<sub>j</sub>): events among "
    "n<sub>j</sub> trials, whose probability p<sub>j</sub> has the log odds θ<sub>j</sub>",
    "poisson": "y<sub>j</sub> ~ Poisson(T<sub>j</sub> exp θ<sub>j</sub>): events during an "
    "exposure T<sub>j</sub>, at a rate whose logarithm is θ<sub>j</sub>",
    "hypergeometric": "y<sub>j</sub>, the events in the treated arm given how many there were in "
    "both arms, is noncentral hypergeometric with the log odds ratio θ<sub>j</sub>",
}


def likelihood(report: Results) -> Html:
    """What the data of a group are, given its theta."""
    return paragraphs([f"Here {LIKELIHOODS[report.family]}."])


CONTENT = (
    r"""Each group has data $y_j$ that tell of its true value $\theta_j$, some more precisely than
others:

$$\mu \sim p(\mu), \qquad \tau \sim p(\tau)$$

$$\theta_j \sim \mathrm{Normal}(\mu, \tau), \qquad y_j \sim p(y_j \mid \theta_j)$$""",
    likelihood,
    r"""With $\tau = 0$ all groups are one (complete pooling); with large $\tau$ each stands alone
(no pooling); in between is partial pooling. Where $y_j$ is normal, everything is normal given $\mu$
and $\tau$: with the pooling factor $B_j = \sigma_j^2 / (\sigma_j^2 + \tau^2)$,

$$\mathrm{E}[\theta_j \mid \mu, \tau, y] = B_j\, \mu + (1 - B_j)\, y_j$$

and the same with $\mathrm{E}[\mu \mid \tau, y]$ in place of $\mu$ when only $\tau$ is known. So
one number, $\tau$, decides how far each group is pulled.""",
    Figure("shrinkage"),
)
