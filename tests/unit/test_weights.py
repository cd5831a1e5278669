"""Weights of the partial model."""

import csv
import importlib.util
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from partial_pooling.data.groups import Estimates
from partial_pooling.data.reading import write_groups
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.weights import weights
from partial_pooling.models.parametrizations import PARAMETRIZATIONS, by_hand
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.report.sections.sampling import MODELS


def posterior(unit=1.0):
    groups = Estimates(
        ("a", "b", "c", "d", "e"),
        unit * np.array([1.0, 4, -2, 9, 3]),
        unit * np.array([0.05, 1, 2, 8, 400]),
    )
    prior = {
        "mu": {"dist": "Normal", "mu": 0, "sigma": 5 * unit},
        "tau": {"dist": "HalfNormal", "sigma": 5 * unit},
    }
    return solve(groups, parse_hyperprior(prior))


def test_precise_groups_are_centered_and_vague_ones_not():
    found = weights(posterior())
    assert found[0] == 1
    assert found[-1] == 0
    assert (np.diff(found) < 0).all()


def test_weights_have_two_decimals():
    found = weights(posterior())
    np.testing.assert_array_equal(found, [float(f"{w:.2f}") for w in found])


def test_weights_are_the_same_in_any_units():
    np.testing.assert_array_equal(weights(posterior()), weights(posterior(1e6)))


def test_a_group_as_precise_as_the_lower_quartile_of_tau_is_half_way():
    exact = posterior()
    # a quarter of the posterior of tau lies below, by its own CDF
    q = exact.quantile("tau", 0.25)
    assert exact.cdf("tau", q) == pytest.approx(0.25, abs=1e-9)
    found = weights(exact)
    expected = 1 / (1 + (exact.groups.std_error / q) ** 2)
    np.testing.assert_allclose(found, expected, atol=0.00501)


SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "solve_exact.py"


def test_rule_writes_the_weights_whatever_the_groups_are_called(tmp_path):
    spec = importlib.util.spec_from_file_location("solve_exact", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    exact = posterior()
    write_groups(replace(exact.groups, names=("a", "b,c", "θ", "NA", "7")), tmp_path / "data.csv")
    tables = ("exact", "classical", "classical_theta")
    files = {name: tmp_path / f"{name}.csv" for name in (*tables, "weights")}
    files |= {name: tmp_path / f"{name}.json" for name in ("heterogeneity", "agreement")}
    script.main(
        SimpleNamespace(
            input=SimpleNamespace(data=tmp_path / "data.csv"),
            output=SimpleNamespace(**files, curves=tmp_path / "exact.nc"),
            params=SimpleNamespace(prior=exact.prior.as_dict(), family="normal"),
        )
    )
    with files["weights"].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["group"] for row in rows] == ["a", "b,c", "θ", "NA", "7"]
    assert [float(row["weight"]) for row in rows] == list(weights(exact))


def test_weights_by_hand_are_one_for_all_or_one_a_group():
    groups = posterior().groups
    assert by_hand([], groups) is None
    np.testing.assert_array_equal(by_hand([0.25], groups), np.full(5, 0.25))
    np.testing.assert_array_equal(by_hand([0, 0.1, 0.2, 1, 1], groups), [0, 0.1, 0.2, 1, 1])


def test_every_parametrization_is_told_in_words():
    assert set(MODELS) == set(PARAMETRIZATIONS)
