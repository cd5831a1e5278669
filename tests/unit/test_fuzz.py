"""No input ends in a traceback: it is read, or refused in one line."""

import copy
import math
import tempfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.measures import UnusableGroupError, estimates_of
from partial_pooling.data.reading import read_groups
from partial_pooling.errors import InputError
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.tables import exact_dataset
from partial_pooling.priors.distributions import CHOICES
from partial_pooling.priors.priors import parse_hyperprior, parse_prior
from partial_pooling.study.configuration import read_study
from partial_pooling.study.file import read_file
from partial_pooling.study.settings import load_schema

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
DATA = str(ROOT / "config" / "datasets" / "eight_schools.csv")
CONFIG["datasets"]["eight_schools"]["path"] = DATA
PARAMETERS = {
    name: [each.name for each in fields(prior)]
    for choices in CHOICES.values()
    for name, prior in choices.items()
}


def one_line_or(function, *arguments):
    """Call a function that may refuse its input, in one line only."""
    try:
        return function(*arguments)
    except InputError as error:
        message = str(error)
        assert message
        assert message.isprintable()
        return None


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 20)
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.binary(max_size=4)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.integers() | st.none(), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths_of(config, path=()):
    """Every place in a nested configuration."""
    yield path
    if isinstance(config, dict):
        for key, value in config.items():
            yield from paths_of(value, (*path, key))


anywhere = given(st.sampled_from(sorted(paths_of(CONFIG))), values, st.booleans())


@settings(max_examples=25, deadline=None)
@anywhere
def test_any_value_at_any_place_of_a_configuration(path, value, add):
    assert_read_or_refused(path, value, add)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@anywhere
def test_many_values_at_any_place_of_a_configuration(path, value, add):
    assert_read_or_refused(path, value, add)


def assert_read_or_refused(path, value, add):
    config = copy.deepcopy(CONFIG)
    if not path:
        config = value if isinstance(value, dict) else {"datasets": value}
    else:
        place = config
        for key in path[:-1]:
            place = place[key]
        if add:
            place[str(value)[:9]] = value
        else:
            place[path[-1]] = value
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(config, file)
        file.flush()
        one_line_or(read_file, file.name)
    study = one_line_or(read_study, config)
    if study is not None:
        assert study.models
        assert all(0 < accept < 1 for accept in study.sampling.target_accept)
        assert all(isinstance(n, int) and n >= 8 for n in study.sampling.draws)
        assert all(isinstance(seed, int) and seed >= 0 for seed in study.sampling.seeds)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["mu", "tau"]),
    st.dictionaries(
        st.sampled_from(["dist", *{p for names in PARAMETERS.values() for p in names}, "x"]),
        st.sampled_from([*PARAMETERS]) | scalars,
        max_size=4,
    ),
)
def test_any_prior(variable, spec):
    prior = one_line_or(parse_prior, variable, spec)
    if prior is not None:
        assert prior.dist in CHOICES[variable]
        assert all(math.isfinite(value) for value in prior.parameters.values())
        density = prior.log_density(np.array([-1e300, -1, 0, 1e-300, 1, 1e300]))
        assert not np.isnan(density).any()


cells = st.sampled_from(
    [
        "1",
        "-2.5",
        "1e3",
        "1e999",
        "nan",
        "inf",
        "",
        " ",
        "x",
        "é",
        "1,5",
        '"',
        '"a"',
        "0",
        "١",
        "0x1",
        "1_0",
    ]
) | st.text(max_size=5)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(FORMS)),
    st.lists(st.lists(cells, max_size=5), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
)
def test_any_text_as_a_data_file(tmp_path_factory, form, rows, newline, encoding, header):
    file = tmp_path_factory.getbasetemp() / "fuzz.csv"
    lines = [",".join(FORMS[form].columns)] if header else []
    text = newline.join([*lines, *(",".join(row) for row in rows)])
    file.write_bytes(text.encode(encoding, "surrogatepass"))
    groups = one_line_or(read_groups, file, form)
    if groups is not None:
        assert len(groups) >= 2
        for column in set(vars(groups)) - {"names"}:
            assert np.isfinite(getattr(groups, column)).all()
        try:
            normal = estimates_of(groups)
        except UnusableGroupError as error:
            assert error.group in groups.names
            return
        assert np.isfinite(normal.estimate).all()
        assert (normal.std_error > 0).all()
        assert np.isfinite(normal.std_error).all()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_as_a_data_file(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "bytes.csv"
    file.write_bytes(b"group,estimate,std_error\n" + content)
    one_line_or(read_groups, file)


# the sizes that people have, any that is allowed, and any size of float
powers = st.floats(-49.9, 49.9).map(lambda power: 10**power)
legal = st.floats(-100, 100) | powers | powers.map(lambda x: -x)
ends = st.sampled_from([0.0, 1e50, -1e50, 1e-50, 1e49, 1e-49, 5e-324, 1e308, 1e-300, 1e300])
numbers = legal | st.floats(allow_nan=False, allow_infinity=False) | ends
legal_scales = st.floats(-3, 3).map(lambda power: 10**power) | powers
scales = legal_scales | numbers.map(abs)
tables = st.lists(st.tuples(legal, legal_scales), min_size=2, max_size=5) | st.lists(
    st.tuples(numbers, scales), min_size=2, max_size=5
)
priors_of_mu = st.just({"dist": "Flat"}) | st.fixed_dictionaries(
    {"dist": st.just("Normal"), "mu": numbers, "sigma": legal_scales}
)
priors_of_tau = st.one_of(
    st.just({"dist": "HalfFlat"}),
    *(
        st.fixed_dictionaries(
            {"dist": st.just(dist), **dict.fromkeys(PARAMETERS[dist], legal_scales)}
        )
        for dist in CHOICES["tau"]
        if dist != "HalfFlat"
    ),
)


def solve_table(file, form, mu, tau):
    """Read and solve as a study does: every quantile and probability is a number."""
    prior = parse_hyperprior({"mu": mu, "tau": tau})
    groups = read_groups(file, form, measure=None if form == "estimates" else "mean")
    prior.check_proper_posterior(len(groups))
    dataset = exact_dataset(solve(groups, prior))
    assert np.isfinite(dataset["quantile"]).all()
    assert (dataset["quantile"].diff("probability") >= 0).all()
    assert (dataset["quantile"].sel(variable="tau") >= 0).all()
    of_groups = [f"theta[{name}]" for name in groups.names]
    assert np.isfinite(dataset["mean"].sel(variable=of_groups)).all()
    assert np.isfinite(dataset["sd"].sel(variable=of_groups)).all()
    assert np.isfinite(dataset["value"]).all()
    assert ((dataset["probability_greater"] >= 0) & (dataset["probability_greater"] <= 1)).all()
    assert float(dataset["probability_largest"].sum()) == pytest.approx(1, abs=1e-8)
    assert np.isfinite(dataset["log_predictive_without"]).all() or len(groups) <= 3


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(["estimates", "observations"]), tables, priors_of_mu, priors_of_tau)
def test_any_table_of_floats_is_solved_or_refused(tmp_path_factory, form, rows, mu, tau):
    file = tmp_path_factory.getbasetemp() / "floats.csv"
    if form == "estimates":
        cells = [f"{name},{y!r},{error!r}" for name, (y, error) in enumerate(rows)]
    else:
        cells = [f"{name},{y!r}" for name, pair in enumerate(rows) for y in pair]
    file.write_text("\n".join([",".join(FORMS[form].columns), *cells]))
    one_line_or(solve_table, file, form, mu, tau)


def test_the_schema_itself_is_valid():
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(load_schema())
