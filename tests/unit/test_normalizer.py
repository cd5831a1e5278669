"""Fisher's noncentral hypergeometric distribution, against sums of all its terms."""

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp

from partial_pooling.data.groups import TwoByTwo
from partial_pooling.families.hypergeometric import HYPERGEOMETRIC


def margins(seed, count):
    """Trials with arms of up to 20,000, balanced or not, and any number of events."""
    rng = np.random.default_rng(seed)
    treated = np.ceil(10 ** rng.uniform(0, 4.3, count))
    control = np.ceil(treated * np.exp(rng.normal(0, 0.5, count)))
    events = rng.binomial(treated.astype(int), rng.beta(0.5, 0.5, count))
    others = rng.binomial(control.astype(int), rng.beta(0.5, 0.5, count))
    return [*zip(events, treated, others, control, strict=True)]


@pytest.mark.parametrize(
    "trial",
    [
        # hardly wider than what is added up term by term, and far from both ends of the sum
        (541, 1368, 294, 825),
        # as many events at large odds as to round to all of an arm's
        (1328, 2876, 1041, 3931),
        (6275, 13677, 3847, 16470),
        (9538, 13419, 1984, 16488),
        *margins(1, 12),
    ],
)
def test_likelihood_score_and_information_are_sums_of_all_terms(trial):
    a, n1, c, n2 = map(float, trial)
    groups = TwoByTwo(("x",), *(np.array([value]) for value in (a, n1, c, n2)))
    theta = np.linspace(-60, 60, 241)
    total = a + c
    k = np.arange(max(0, total - n2), min(n1, total) + 1)
    ways = -(gammaln(k + 1) + gammaln(n1 - k + 1))
    ways -= gammaln(total - k + 1) + gammaln(n2 - total + k + 1)
    terms = ways[:, None] + k[:, None] * theta
    log_sum = logsumexp(terms, axis=0)
    expected = ways[k == a][0] + a * theta - log_sum
    share = np.exp(terms - log_sum)
    mean = (share * k[:, None]).sum(axis=0)
    variance = (share * (k[:, None] - mean) ** 2).sum(axis=0)
    size = n1 + n2
    found = HYPERGEOMETRIC.log_likelihood(groups, theta[:, None])[:, 0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-13 * size)
    score = HYPERGEOMETRIC.score(groups, theta[:, None])[:, 0]
    np.testing.assert_allclose(score, a - mean, rtol=0, atol=2e-11 * size)
    information = HYPERGEOMETRIC.information(groups, theta[:, None])[:, 0]
    np.testing.assert_allclose(information, variance, rtol=0, atol=2e-9 * size)


def test_far_out_the_likelihood_of_the_most_and_the_least_events_is_level():
    # given 8 events in both arms the first has at least 0, at most 7; and 1 event in both
    groups = TwoByTwo(tuple("abc"), *np.array([[7.0, 0, 3], [7, 7, 7], [1, 8, 5], [12, 12, 12]]))
    far = 10.0 ** np.arange(2, 18)[:, None]
    level = HYPERGEOMETRIC.log_likelihood(groups, np.array([80.0, -80.0, 0.0]))[:2]
    for side, column in ((1, 0), (-1, 1)):
        at = HYPERGEOMETRIC.log_likelihood(groups, np.broadcast_to(side * far, (16, 3)))
        np.testing.assert_allclose(at[:, column], level[column], rtol=0, atol=1e-14)
        np.testing.assert_allclose(level[column], 0, atol=1e-12)
        score = HYPERGEOMETRIC.score(groups, np.broadcast_to(side * far, (16, 3)))
        assert (score[:, column] == 0).all()
        assert (score[:, 2] == (3 - 7 if side == 1 else 3 - 0)).all()
