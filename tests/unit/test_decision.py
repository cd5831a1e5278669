"""What a decision needs, against draws from the exact posterior and other ways to the same."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from exact_draws import exact_draws
from scipy import integrate, stats
from test_families import DATA

from partial_pooling.data.groups import Counts, Estimates, Summaries, TwoByTwo
from partial_pooling.decision.atlas import atlas, atlas_table
from partial_pooling.decision.fit import fit_of, log_evidence_ratio, p_values, p_values_by_drawing
from partial_pooling.decision.influence import influence_table
from partial_pooling.decision.sensitivity import (
    CONFLICT,
    NEAR,
    distance,
    per_log2,
    scaled,
    sensitivity_table,
)
from partial_pooling.decision.statements import decision_table, rank_table
from partial_pooling.decision.usual import prior_table
from partial_pooling.errors import InputError
from partial_pooling.exact import ranks as ranks_module
from partial_pooling.exact.posterior import solve
from partial_pooling.families.binomial import Binomial
from partial_pooling.families.registry import FAMILIES
from partial_pooling.grading.inference import holm
from partial_pooling.priors.distributions import (
    Flat,
    HalfCauchy,
    HalfFlat,
    HalfNormal,
    HalfStudentT,
    LogNormal,
    Normal,
    Uniform,
)
from partial_pooling.priors.named import (
    DuMouchel,
    InverseGamma,
    UniformShrinkage,
    usual_priors,
)
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


def test_thirty_groups_of_like_precision_have_ranks():
    random = np.random.default_rng(5)
    names = tuple(f"g{j}" for j in range(30))
    posterior = solve(Estimates(names, random.normal(8, 9, 30), random.uniform(8, 18, 30)), LECTURE)
    ranks = posterior.ranks()
    np.testing.assert_allclose(ranks.first, posterior.probability_largest(), atol=1e-7)
    np.testing.assert_allclose(ranks.probability @ np.arange(1, 31), ranks.expected, atol=1e-5)


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


# -- each group left out -----------------------------------------------------------------------


def test_what_the_others_say_of_a_group_is_its_evidence_by_quadrature(eight_schools):
    """PIT and density of the held-out estimate, over a grid of tau and mu by brute force."""
    table = influence_table(solve(eight_schools, LECTURE), 5.0).set_index("group")
    tau = np.exp(np.linspace(-9, 7, 900))[:, None]
    mu = np.linspace(-25, 35, 1201)
    for j in (0, 5):
        rest = [k for k in range(8) if k != j]
        y, s = eight_schools.estimate, eight_schools.std_error
        log = stats.halfcauchy(scale=5).logpdf(tau) + np.log(tau) + stats.norm(0, 5).logpdf(mu)
        for k in rest:
            log = log + stats.norm.logpdf(y[k], mu, np.hypot(s[k], tau))
        weight = np.exp(log - log.max())
        weight /= weight.sum()
        row = table.loc["ABCDEFGH"[j]]
        spread = np.hypot(s[j], tau)
        assert row["pit"] == pytest.approx((weight * stats.norm.cdf(y[j], mu, spread)).sum(), 1e-5)
        density = (weight * stats.norm.pdf(y[j], mu, spread)).sum()
        assert row["log_predictive"] == pytest.approx(np.log(density), abs=1e-5)
        assert row["mu_above"] == pytest.approx(weight[:, mu > 5].sum(), abs=0.003)
        new = (weight * stats.norm.sf(5, mu, tau)).sum()
        assert row["new_above"] == pytest.approx(new, abs=1e-4)
        below = np.cumsum(weight.sum(axis=1))
        assert row["tau_q50"] == pytest.approx(np.interp(0.5, below, tau[:, 0]), rel=0.02)
        assert row["mu_q97.5"] == pytest.approx(
            np.interp(0.975, np.cumsum(weight.sum(axis=0)), mu), abs=0.06
        )
    np.testing.assert_allclose(table["p_corrected"], holm(table["p_value"]))


def test_an_outlier_is_named_and_no_other_group():
    groups = Estimates(tuple("abcdefg"), np.array([1.0, 2, 3, 2, 1, 2, 30]), np.full(7, 1.0))
    table = influence_table(solve(groups, HyperPrior(Flat(), HalfNormal(1))), 0.0)
    assert list(table.loc[table["p_corrected"] < 0.05, "group"]) == ["g"]


def test_without_a_group_a_posterior_may_be_improper(eight_schools):
    two = eight_schools.select(np.arange(8) < 2)
    flat = HyperPrior(Flat(), HalfCauchy(5))
    told = influence_table(solve(two, flat), 0.0)
    assert not (told["reason"] != "").any()  # one group and a proper prior of tau
    improper = HyperPrior(Flat(), HalfFlat())
    three = eight_schools.select(np.arange(8) < 3)
    told = influence_table(solve(three, improper), 0.0)
    assert set(told["reason"]) == {"improper without it"}
    assert told[["mu_q50", "pit", "log_predictive", "p_corrected"]].isna().all(axis=None)


def test_as_many_posteriors_are_solved_as_can_be_waited_for(eight_schools, monkeypatch):
    """Of 8 groups: 6 priors are 48 solved groups, leaving one out 64, scaling 12 times 96."""
    posterior = solve(eight_schools, LECTURE)
    told = []
    for most in (47, 48, 64, 96):
        monkeypatch.setattr(type(posterior), "most_solved_again", most)
        tables = (
            prior_table(posterior, 0.0, None).iloc[1:],
            influence_table(posterior, 0.0),
            sensitivity_table(posterior, 0.0),
        )
        told.append([not table["reason"].str.startswith("too many").any() for table in tables])
    assert told == [[False] * 3, [True, False, False], [True, True, False], [True] * 3]


@pytest.mark.slow
def test_groups_of_counts_are_left_out_too():
    """The PIT by the odds of the data of one group, summed over all it could have had."""
    groups = Counts(("a", "b"), np.array([1.0, 3]), np.array([4.0, 4]))
    prior = HyperPrior(Normal(0, 1), HalfNormal(0.5))
    table = influence_table(solve(groups, prior, Binomial()), 0.0).set_index("group")
    chance = []
    for events in range(5):
        told = Counts(("a", "b"), np.array([1.0, events]), np.array([4.0, 4]))
        chance.append(np.exp(solve(told, prior, Binomial()).log_marginal_likelihood))
    chance = np.array(chance) / sum(chance)
    assert table.loc["b", "pit"] == pytest.approx(chance[:3].sum() + chance[3] / 2, abs=1e-6)
    assert table.loc["b", "log_predictive"] == pytest.approx(np.log(chance[3]), abs=1e-6)


# -- the prior counts more or less -------------------------------------------------------------


def test_a_part_to_a_power_is_that_posterior_by_brute_force(eight_schools):
    """Mean and sd of mu and log tau over a grid, prior or likelihood to the power 2 or 1/2."""
    posterior = solve(eight_schools, LECTURE)
    table = sensitivity_table(posterior, 5.0).set_index(["part", "variable"])
    t = np.linspace(-12, 8, 401)[:, None]
    mu = np.linspace(-60, 70, 521)
    logs = {
        "prior of mu": stats.norm(0, 5).logpdf(mu) + 0 * t,
        "prior of tau": stats.halfcauchy(scale=5).logpdf(np.exp(t)) + 0 * mu,
    }

    def moments(**power):
        power = {"prior of mu": 1, "prior of tau": 1, "likelihood": 1} | power
        total = t + sum(power[name] * logs[name] for name in logs)
        for y, s in zip(eight_schools.estimate, eight_schools.std_error, strict=True):
            spread = np.hypot(s / np.sqrt(power["likelihood"]), np.exp(t))
            total = total + stats.norm.logpdf(y, mu, spread)
        weight = np.exp(total - total.max())
        weight /= weight.sum()
        found = []
        for x, w in ((mu, weight.sum(axis=0)), (t[:, 0], weight.sum(axis=1))):
            mean = w @ x
            found.append((mean, np.sqrt(w @ (x - mean) ** 2)))
        return found, weight[:, mu > 5].sum()

    base, chance = moments()
    for part in ("prior of mu", "prior of tau", "likelihood"):
        for name, alpha in (("half", 0.5), ("double", 2)):
            there, other = moments(**{part: alpha})
            for (mean, sd), (mean_there, sd_there), variable in zip(
                base, there, ("mu", "log_tau"), strict=True
            ):
                row = table.loc[(part, variable)]
                assert row[f"mean_{name}"] == pytest.approx((mean_there - mean) / sd, abs=2e-4)
                assert row[f"sd_{name}"] == pytest.approx(sd_there / sd - 1, abs=2e-4)
            change = table.loc[(part, "mu > c"), f"mean_{name}"]
            assert change == pytest.approx(other - chance, abs=5e-3)
    assert table.loc[("prior of mu", "mu"), "diagnosis"] == CONFLICT


@pytest.mark.slow
def test_distances_are_those_of_psense_on_many_draws(eight_schools):
    """Over the range of the draws, to what 200,000 draws leave: 2 %, and where they hardly move."""
    az = pytest.importorskip("arviz_stats")
    posterior = solve(eight_schools, LECTURE)
    drawn = exact_draws(eight_schools, posterior, 4, 50_000, seed=4)
    mu, tau, theta = (drawn[name].to_numpy() for name in ("mu", "tau", "theta"))
    y, s = eight_schools.estimate, eight_schools.std_error
    both = ("chain", "draw")
    tree = xr.DataTree.from_dict(
        {
            "posterior": drawn[["mu", "tau", "log_tau"]],
            "log_prior": xr.Dataset(
                {
                    "mu": (both, stats.norm(0, 5).logpdf(mu)),
                    "tau": (both, stats.halfcauchy(scale=5).logpdf(tau)),
                }
            ),
            "log_likelihood": xr.Dataset({"y": ((*both, "group"), stats.norm.logpdf(y, theta, s))}),
        }
    )
    for part, options in (
        ("prior of mu", {"group": "prior", "group_var_names": ["mu"]}),
        ("prior of tau", {"group": "prior", "group_var_names": ["tau"]}),
        ("likelihood", {"group": "likelihood"}),
    ):
        found = az.psense(tree, **options)
        for variable in ("mu", "log_tau"):
            x = np.linspace(float(drawn[variable].min()), float(drawn[variable].max()), 2001)
            each = [
                distance(posterior.cdf(variable, x), scaled(posterior, part, a).cdf(variable, x), x)
                for a in NEAR
            ]
            assert per_log2(each) == pytest.approx(float(found[variable]), rel=0.02, abs=1.5e-3), (
                part
            )


ARMS = ("events_treated", "n_treated", "events_control", "n_control")


def test_a_prior_to_a_power_has_its_log_density_times_it():
    x = np.array([0.01, 0.7, 3.0, 40.0])
    for prior in (HalfCauchy(2), HalfNormal(3), LogNormal(0.5, 0.8), Uniform(0, 50)):
        for alpha in (0.5, 2.0):
            change = prior.powered(alpha).log_density(x) - alpha * prior.log_density(x)
            np.testing.assert_allclose(change, change[0], atol=1e-12)
            powered = prior.powered(alpha)
            step = powered.log_density_change(np.log(x), x, 1.3)
            expected = powered.log_density(x) - powered.log_density(1.3) + np.log(x / 1.3)
            np.testing.assert_allclose(step, expected, atol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_data_to_a_power_have_their_log_likelihood_times_it(name):
    family, groups = FAMILIES[name], DATA[name]
    theta = np.array([[0.3, 1.0, -0.4], [2.0, 3.0, 1.0]])
    for alpha in (0.75, 2.0):
        of_power, data = family.powered(groups, alpha)
        change = of_power.log_likelihood(data, theta) - alpha * family.log_likelihood(groups, theta)
        np.testing.assert_allclose(change[0], change[1], atol=1e-10)


def test_trials_counted_double_are_that_posterior_by_brute_force():
    """Mean and sd of mu and log tau over a grid; the likelihood by SciPy."""
    trials = TwoByTwo(("a", "b"), *(np.array(x) for x in ([3.0, 0], [9.0, 12], [5.0, 4], [8.0, 9])))
    prior = HyperPrior(Normal(0, 1), LogNormal(-0.3, 0.6))
    t, mu = np.linspace(-3.7, 3.1, 69)[:, None, None], np.linspace(-5, 5, 81)[:, None]
    theta = np.linspace(-35, 35, 2401)
    log = stats.norm(0, 1).logpdf(mu)[None, :, 0] + stats.norm(-0.3, 0.6).logpdf(t)[:, :, 0]
    population = stats.norm(mu, np.exp(t)).pdf(theta) * (theta[1] - theta[0])
    for a, n1, c, n2 in zip(*(getattr(trials, x) for x in ARMS), strict=True):
        likelihood = stats.nchypergeom_fisher(n1 + n2, n1, a + c, np.exp(theta)).pmf(a)
        log = log + np.log(population @ likelihood**2)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    double = scaled(solve(trials, prior, FAMILIES["hypergeometric"]), "likelihood", 2.0)
    for name, x in (("mu", mu[None, :, 0]), ("log_tau", t[:, :, 0])):
        mean = (weight * x).sum()
        sd = ((weight * (x - mean) ** 2).sum()) ** 0.5
        assert double.mean(name) == pytest.approx(mean, abs=1e-5)
        assert double.sd(name) == pytest.approx(sd, rel=1e-5)


# -- priors that others use --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prior", "same"),
    [
        (DuMouchel(3.0), lambda x: 3 / (3 + x) ** 2),
        (UniformShrinkage(3.0), lambda x: 2 * 9 * x / (9 + x**2) ** 2),
        (InverseGamma(1.77, 0.55), stats.invgamma(1.77, scale=0.55).pdf),
    ],
)
def test_densities_of_usual_priors(prior, same):
    x = np.geomspace(0.05, 300, 40)
    np.testing.assert_allclose(np.exp(prior.log_density(x)), same(x), rtol=1e-10)
    total = integrate.quad(lambda t: np.exp(prior.log_density(np.exp(t)) + t), -30, 30)[0]
    assert total == pytest.approx(1, abs=1e-6)
    far = np.array([1e7, 1e8])
    fall = -np.diff(prior.log_density(far)) / np.diff(np.log(far))
    assert fall == pytest.approx(prior.tail + 1, abs=1e-4)


@pytest.mark.parametrize("measure", ["log_odds_ratio", "std_mean_difference", None])
def test_there_are_six_usual_priors_and_each_is_solved(eight_schools, measure):
    scale = 1 if measure is None else 0.1
    groups = Estimates(
        eight_schools.names, eight_schools.estimate * scale, eight_schools.std_error * scale
    )
    table = prior_table(solve(groups, LECTURE), 0.5, measure)
    assert len(table) == 7 and table["name"].is_unique and (table["reason"] == "").all()
    assert table["name"].iloc[0] == "this study" and (table["source"].iloc[1:] != "").all()
    rows = [row for _, row in table.iloc[1:].iterrows()]
    for named, row in zip(usual_priors(groups, measure), rows, strict=True):
        posterior = solve(groups, named.prior)
        assert row["mu_above"] == pytest.approx(1 - float(posterior.cdf("mu", 0.5)), abs=1e-9)
        found = [row[f"{v}_q{q}"] for v in ("mu", "tau", "new") for q in ("2.5", "50", "97.5")]
        right = posterior.quantiles(["mu", "tau", "theta_new"], np.array([0.025, 0.5, 0.975]))
        np.testing.assert_allclose(found, right.ravel(), rtol=1e-6, atol=1e-6)


def test_an_improper_usual_prior_is_told():
    groups = Estimates(("a", "b"), np.array([0.2, 0.5]), np.array([0.2, 0.3]))
    table = prior_table(solve(groups, LECTURE), 0.0, "log_odds_ratio").set_index("name")
    assert table.loc["flat on τ", "reason"] == "improper of so few groups"
    assert table.loc["half-normal 1", "reason"] == ""


# -- the atlas ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tau", [HalfCauchy(5), HalfNormal(3), Uniform(0, 12), LogNormal(1, 1), HalfStudentT(4, 6)]
)
def test_a_prior_of_the_atlas_is_solved_as_by_itself(eight_schools, tau):
    factors = np.array([1 / 32, 0.5, 1, 32])
    found = atlas(eight_schools, HyperPrior(Normal(2, 5), tau), 4.0, factors)
    assert found.error < 1e-7
    for k, factor in enumerate(factors):
        prior = by_factor(tau, factor)
        for i, sd in enumerate(5 * factors):
            posterior = solve(eight_schools, HyperPrior(Normal(2, sd), prior))
            assert found.mu_above[k, i] == pytest.approx(1 - posterior.cdf("mu", 4), abs=1e-7)
            new = 1 - posterior.cdf("theta_new", 4)
            assert found.new_above[k, i] == pytest.approx(new, abs=1e-7)
            assert found.mean[k, i] == pytest.approx(posterior.mean("mu"), abs=1e-5)
            assert found.sd[k, i] == pytest.approx(posterior.sd("mu"), rel=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "student",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("binomial", "poisson", "hypergeometric")
        ),
    ],
)
def test_a_prior_of_the_atlas_of_any_family_is_solved_as_by_itself(name):
    """Priors in the middle of the map and at its ends, to what the atlas says of its own error."""
    groups, family, tau = DATA[name], FAMILIES[name], HalfCauchy(1)
    c = float(np.mean(family.approximation(groups).estimate))
    factors = np.array([1 / 32, 0.5, 1, 32])
    found = atlas(groups, HyperPrior(Normal(c + 0.5, 2), tau), c, factors, family)
    assert 0 < found.error < 2e-3
    for k, i in ((0, 0), (0, 3), (2, 2), (3, 0)):
        prior = HyperPrior(Normal(c + 0.5, 2 * factors[i]), by_factor(tau, factors[k]))
        posterior = solve(groups, prior, family)
        chance = [1 - posterior.cdf(v, c) for v in ("mu", "theta_new")]
        told = [each[k, i] for each in (found.mu_above, found.new_above)]
        assert told == pytest.approx(chance, abs=found.error)
        assert found.mean[k, i] == pytest.approx(posterior.mean("mu"), abs=1e-3)


def test_what_the_splines_do_not_tell_is_left_out(monkeypatch):
    monkeypatch.setattr("partial_pooling.decision.given_tau.STEP", 3.0)
    groups, factors = DATA["poisson"], np.array([1 / 32, 1, 32])
    prior = HyperPrior(Normal(0, 2), HalfCauchy(1))
    told = atlas(groups, prior, 0.0, factors, FAMILIES["poisson"])
    assert np.isnan(told.mu_above).any() and told.error < 0.005


def by_factor(tau, factor):
    if isinstance(tau, LogNormal):
        return LogNormal(tau.mu + np.log(factor), tau.sigma)
    lengths = {"beta", "sigma", "lower", "upper"}
    return type(tau)(**{k: v * factor if k in lengths else v for k, v in tau.parameters.items()})


def test_the_atlas_of_a_flat_prior_has_normal_ones_about_c(eight_schools):
    found = atlas(eight_schools, HyperPrior(Flat(), HalfFlat()), 4.0, np.array([0.5, 1.0]))
    assert found.mu_mean == 4.0
    own = HyperPrior(Normal(4, float(found.mu_sd[1])), found.tau)
    chance = 1 - solve(eight_schools, own).cdf("mu", 4)
    assert found.mu_above[1, 1] == pytest.approx(chance, abs=1e-7)
    assert len(atlas_table(found)) == 4 and not len(atlas_table(None))


# -- does the model fit ------------------------------------------------------------------------


def test_evidence_for_no_spread_is_that_of_quadrature(eight_schools):
    """Over mu and tau by quadrature, with the prior of tau in three widths."""
    found = log_evidence_ratio(solve(eight_schools, LECTURE))
    y, s = eight_schools.estimate, eight_schools.std_error

    def evidence(tau):
        cov = np.diag(s**2 + tau**2) + 25.0
        return stats.multivariate_normal(np.zeros(8), cov).pdf(y)

    for name, width in (("half", 2.5), ("own", 5), ("double", 10)):
        prior = stats.halfcauchy(scale=width)
        parts = [integrate.quad(lambda x, p=prior: evidence(x) * p.pdf(x), *ends, epsrel=1e-9)[0]
                 for ends in ((0, 20), (20, 400), (400, 4e4))]  # fmt: skip
        right = np.log(evidence(0.0) / sum(parts))
        assert found[name] == pytest.approx(right, abs=1e-6)


@pytest.mark.parametrize("name", ["student", pytest.param("binomial", marks=pytest.mark.slow)])
def test_evidence_of_other_families_is_that_of_quadrature(name):
    """The evidence of tau > 0 is the posterior's own, that of tau = 0 an integral over mu."""
    groups, family = DATA[name], FAMILIES[name]
    prior = HyperPrior(Normal(0, 2), HalfCauchy(1))
    posterior = solve(groups, prior, family)
    found = log_evidence_ratio(posterior)
    mu = np.linspace(-12, 12, 20_001)
    each = np.broadcast_to(mu[:, None], (len(mu), len(groups)))
    logs = family.log_likelihood(groups, each).sum(axis=1) + prior.mu.log_density(mu)
    at_zero = np.log(integrate.trapezoid(np.exp(logs - logs.max()), mu)) + logs.max()
    assert found["own"] == pytest.approx(at_zero - posterior.log_evidence, abs=1e-4)
    double = solve(groups, HyperPrior(Normal(0, 2), HalfCauchy(2)), family).log_evidence
    assert found["double"] == pytest.approx(at_zero - double, abs=1e-4)


def test_evidence_does_not_depend_on_how_flat_a_flat_prior_is():
    groups, family = DATA["student"], FAMILIES["student"]
    wide, flat = (
        log_evidence_ratio(solve(groups, HyperPrior(mu, HalfNormal(2)), family))["own"]
        for mu in (Normal(0, 1000), Flat())
    )
    assert flat == pytest.approx(wide, abs=1e-3)


def test_predictive_checks_are_those_of_replicates(eight_schools):
    """Of three shares none is off by 4 standard errors: by chance once in 5,000."""
    posterior = solve(eight_schools, LECTURE)
    found = p_values(posterior)
    draws = 40_000
    drawn = exact_draws(eight_schools, posterior, 1, draws, seed=6).isel(chain=0)
    mu, tau = drawn["mu"].to_numpy()[:, None], drawn["tau"].to_numpy()[:, None]
    s = eight_schools.std_error
    new = mu + np.hypot(s, tau) * np.random.default_rng(8).standard_normal((draws, 8))
    weight = s**-2.0 / (s**-2.0).sum()

    def spread(y):
        return ((y - (y @ weight)[..., None]) ** 2 / s**2).sum(axis=-1)

    y = eight_schools.estimate
    shares = {
        "spread": np.mean(spread(new) >= spread(y)),
        "largest": np.mean(new.max(axis=1) >= y.max()),
        "smallest": np.mean(new.min(axis=1) <= y.min()),
    }
    for name, share in shares.items():
        error = np.sqrt(share * (1 - share) / draws)
        assert abs(found[name] - share) < 4 * error, name


@pytest.mark.parametrize(
    "name", ["binomial", "poisson", pytest.param("hypergeometric", marks=pytest.mark.slow)]
)
def test_predictive_checks_of_other_families_are_those_of_their_own_predictions(name):
    """A new group's data are as large as the largest with the chance that its prediction has.

    Of one group, repeated, the share of replicates whose datum is at most the group's own is what
    `predictive_below` says of a new group; 4 standard errors are missed once in 15,000 times.
    """
    groups, family = DATA[name], FAMILIES[name]
    posterior = solve(groups, HyperPrior(Normal(0, 3), HalfNormal(2)), family)
    told = fit_of(posterior)
    assert told["replicates"] == 2000 and not told["undefined"]
    for j in range(len(groups)):
        one = groups.select(np.arange(len(groups)) == j)
        only = replace(posterior, groups=one)
        found = p_values_by_drawing(only, 2000)
        # as much counts in both
        equal = found["largest"] + found["smallest"] - 1
        less = 1 - found["largest"] + equal / 2
        assert abs(less - posterior.predictive_below(one)) < 4 * 0.5 / np.sqrt(2000)


def test_of_many_values_student_replicates_are_normal_ones(eight_schools):
    """Of three shares none is off by 4 standard errors: by chance once in 5,000."""
    n = np.full(8, 1e5)
    means = Summaries(
        eight_schools.names, eight_schools.estimate, eight_schools.std_error * np.sqrt(n), n
    )
    exact = p_values(solve(eight_schools, LECTURE))
    drawn = p_values_by_drawing(solve(means, LECTURE, FAMILIES["student"]), 2000)
    for name, p in exact.items():
        assert abs(drawn[name] - p) < 4 * np.sqrt(p * (1 - p) / 2000), name


def test_what_cannot_be_checked_is_told(eight_schools):
    told = fit_of(solve(eight_schools, HyperPrior(Flat(), HalfFlat())))
    assert set(told["undefined"]) == {"evidence"} and len(told["p_values"]) == 3
    one = fit_of(solve(eight_schools.select(np.arange(8) < 1), LECTURE))
    assert set(one["undefined"]) == {"checks"}
    assert set(one["log_evidence_ratio"]) == {"half", "own", "double"}
