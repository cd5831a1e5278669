"""What CONTRIBUTING.md says of the code is so."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from partial_pooling.data.groups import Estimates
from partial_pooling.exact.posterior import solve
from partial_pooling.priors import distributions
from partial_pooling.priors.priors import HyperPrior

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
LIBRARY = ROOT / "workflow" / "partial_pooling"
ROOMS = "|".join(sorted(path.parent.name for path in LIBRARY.glob("*/__init__.py")))


def test_files_that_it_names_are_there():
    named = re.findall(rf"`((?:{ROOMS})/[\w/.]*)`", TEXT)
    assert len(named) > 20
    assert [name for name in named if not (LIBRARY / name).exists()] == []
    elsewhere = re.findall(r"`((?:rules|scripts|tests|config|workflow|benchmarks)/[\w/.]+)`", TEXT)
    for name in elsewhere:
        assert (ROOT / name).exists() or (ROOT / "workflow" / name).exists(), name


def test_the_prior_of_its_example_works(eight_schools):
    """As the text has it: against SciPy, in its draws, and in an exact posterior."""
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    namespace = dict(vars(distributions))
    exec(code, namespace)
    prior, same = namespace["Gamma"](2.0, 0.2), stats.gamma(2.0, scale=5.0)
    x = np.array([1e-6, 0.5, 7.0, 80.0])
    np.testing.assert_allclose(prior.log_density(x), same.logpdf(x), rtol=1e-12)
    assert prior.log_density([-1.0, 0.0]) == pytest.approx(-np.inf)
    assert prior.quantile(0.3) == pytest.approx(same.ppf(0.3), rel=1e-12)
    rng = np.random.default_rng(1)
    drawn = [prior.draw(rng) for _ in range(2000)]
    assert stats.kstest(drawn, same.cdf).pvalue > 1e-3  # fixed seed
    flat = namespace["Flat"]()
    posterior = solve(eight_schools, HyperPrior(flat, prior))
    # p(tau | y) by brute force, mu integrated out in closed form
    tau = np.linspace(1e-4, 200, 400_001)
    variance = eight_schools.std_error[:, None] ** 2 + tau**2
    precision = (1 / variance).sum(axis=0)
    mean = (eight_schools.estimate[:, None] / variance).sum(axis=0) / precision
    squares = ((eight_schools.estimate[:, None] - mean) ** 2 / variance).sum(axis=0)
    density = same.pdf(tau) * np.exp(-0.5 * (np.log(variance).sum(axis=0) + squares))
    density /= np.sqrt(precision)
    density /= density.sum()
    assert posterior.mean("tau") == pytest.approx(tau @ density, rel=1e-6)
    assert isinstance(posterior.groups, Estimates)
