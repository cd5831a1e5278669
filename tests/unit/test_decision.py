"""What a decision needs, against draws from the exact posterior and other ways to the same."""

import numpy as np
import pytest
from exact_draws import exact_draws

from partial_pooling.data.groups import Counts, Estimates
from partial_pooling.decision.statements import decision_table, rank_table
from partial_pooling.errors import InputError
from partial_pooling.exact import ranks as ranks_module
from partial_pooling.exact.posterior import solve
from partial_pooling.families.binomial import Binomial
from partial_pooling.priors.distributions import Flat, HalfCauchy, HalfNormal, Normal
from partial_pooling.priors.priors import HyperPrior
from partial_pooling.study.configuration import read_study

LECTURE = HyperPrior(Normal(0, 5), HalfCauchy(5))


def unequal(count, seed=3):
    """Groups of which some are far more precise than others."""
    random = np.random.default_rng(seed)
    names = tuple(f"g{j}" for j in range(count))
    return Estimates(names, random.normal(0, 3, count), np.geomspace(0.1, 8, count))


# -- ranks -------------------------------------------------------------------------------------


def test_ranks_are_those_of_draws(eight_schools):
    """Of 64 shares none is off by 4.5 standard errors: by chance once in 2,300."""
    posterior = solve(eight_schools, LECTURE)
    ranks = posterior.ranks()
    draws = 40_000
    theta = exact_draws(eight_schools, posterior, 1, draws, seed=1)["theta"].to_numpy()[0]
    place = (-theta).argsort(axis=1).argsort(axis=1)
    for rank in range(8):
        share = (place == rank).mean(axis=0)
        chance = ranks.probability[:, rank]
        assert np.all(np.abs(share - chance) < 4.5 * np.sqrt(chance * (1 - chance) / draws))
    order = np.arange(1, 9)
    np.testing.assert_allclose(ranks.probability @ order, ranks.expected, atol=1e-5)


@pytest.mark.parametrize("count", [2, 5])
def test_first_and_last_are_the_largest_and_the_smallest(count):
    posterior = solve(unequal(count), HyperPrior(Flat(), HalfNormal(2)))
    ranks = posterior.ranks()
    np.testing.assert_allclose(ranks.first, posterior.probability_largest(), atol=2e-6)
    smallest = posterior.mirrored().probability_largest()
    np.testing.assert_allclose(ranks.last, smallest, atol=2e-6)
    np.testing.assert_allclose(ranks.probability.sum(axis=0), 1, atol=1e-5)


def test_of_many_groups_first_last_and_expected_ranks_are_the_same(monkeypatch):
    posterior = solve(unequal(6), LECTURE)
    few = rank_table(posterior)
    monkeypatch.setattr(ranks_module, "MOST_RANKED", 5)
    many = rank_table(posterior)
    assert list(many) == ["group", "expected_rank", "first", "last"]
    assert list(few) == [*many, *(f"rank_{r}" for r in range(1, 7))]
    np.testing.assert_allclose(many.iloc[:, 1:], few[list(many)].iloc[:, 1:], atol=2e-6)


@pytest.mark.slow
def test_ranks_of_other_families_are_turned_around_with_the_data():
    """Failures counted in place of events turn every theta, and so the ranks."""
    groups = Counts(("a", "b", "c"), np.array([1.0, 4, 0]), np.array([9.0, 11, 3]))
    others = Counts(groups.names, groups.n - groups.events, groups.n)
    prior = HyperPrior(Normal(0, 2), HalfNormal(1))
    ranks, turned = (solve(g, prior, Binomial()).ranks() for g in (groups, others))
    np.testing.assert_allclose(ranks.probability, turned.probability[:, ::-1], atol=1e-6)
    posterior = solve(groups, prior, Binomial())
    np.testing.assert_allclose(ranks.first, posterior.probability_largest(), atol=1e-6)
    np.testing.assert_allclose(ranks.probability @ [1, 2, 3], ranks.expected, atol=1e-5)


# -- probabilities to be above -----------------------------------------------------------------


def test_probabilities_to_be_above_are_those_of_draws(eight_schools):
    """Of ten shares none is off by 4 standard errors: by chance once in 1,600."""
    posterior = solve(eight_schools, LECTURE)
    table = decision_table(posterior, 7.0).set_index("variable")["probability"]
    drawn = exact_draws(eight_schools, posterior, 1, 40_000, seed=2).isel(chain=0)
    draws = {name: drawn[name].to_numpy() for name in ("mu", "tau", "theta")}
    rng = np.random.default_rng(3)
    new = draws["mu"] + draws["tau"] * rng.standard_normal(len(draws["mu"]))
    shares = [np.mean(draws["mu"] > 7), *(draws["theta"] > 7).mean(axis=0), np.mean(new > 7)]
    assert list(table.index) == ["mu", *(f"theta[{n}]" for n in "ABCDEFGH"), "theta_new"]
    error = np.sqrt(table * (1 - table) / 40_000)
    assert np.all(np.abs(shares - table) < 4 * error)


def study(tmp_path, **keys):
    (tmp_path / "d.csv").write_text("group,estimate,std_error\na,1,1\nb,2,1\nc,4,1\n")
    prior = {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfNormal", "sigma": 1}}
    of = {"path": str(tmp_path / "d.csv"), "prior": prior, **keys}
    return read_study({"datasets": {"d": of}}).datasets["d"]


def test_the_value_that_decides_is_the_one_asked_for_or_no_effect(tmp_path):
    assert study(tmp_path).above == 0
    assert study(tmp_path, measure="log_odds_ratio").above == 0
    assert study(tmp_path, measure="log_odds_ratio", decide={"above": -0.5}).above == -0.5
    assert study(tmp_path, decide={"above": 3}).above == 3
    with pytest.raises(InputError, match=r"datasets.d.decide.above: found 'no' .*a number"):
        study(tmp_path, decide={"above": "no"})
    with pytest.raises(InputError, match=r"datasets.d.decide.below: unknown key"):
        study(tmp_path, decide={"below": 1})
    with pytest.raises(InputError, match=r"datasets.d.decide: found it with by"):
        study(tmp_path, decide={"above": 1}, by="g")
