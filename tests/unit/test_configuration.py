"""The configuration: one source for defaults, and one line for each fault."""

import copy
import math
import statistics
from pathlib import Path

import numpy as np
import pytest
import yaml
from jsonschema import Draft202012Validator

from partial_pooling.errors import InputError
from partial_pooling.study import reference
from partial_pooling.study.checking import check
from partial_pooling.study.configuration import read_study
from partial_pooling.study.file import read_file
from partial_pooling.study.settings import Configuration, load_schema, plain_path

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"


@pytest.fixture(autouse=True)
def _in_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def load(name):
    return yaml.safe_load((CONFIG / name).read_text())


def test_shipped_studies_are_valid():
    for path in sorted(CONFIG.glob("*.yaml")):
        read_study(load(path.name))


def test_default_study_spells_out_the_defaults():
    config = load("config.yaml")
    bare = {
        "datasets": {
            "eight_schools": {
                "path": "config/datasets/eight_schools.csv",
                "prior": {
                    "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
                    "tau": {"dist": "HalfCauchy", "beta": 5},
                },
            }
        }
    }
    assert read_study(config) == read_study(bare)
    assert set(config) == set(Configuration.model_fields)
    for part in ("models", "sampling", "thresholds", "calibration"):
        default = Configuration.model_fields[part].get_default()
        assert config[part] == (default if part == "models" else default.model_dump())


REWRITE = "run: uv run python -m partial_pooling.report.generated"


def test_schema_and_tables_of_the_readme_are_those_of_the_models():
    schema = (ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8")
    assert schema == reference.schema_text(), REWRITE
    readme = (CONFIG / "README.md").read_text(encoding="utf-8")
    assert readme == reference.with_tables(readme), REWRITE


def test_rows_of_keys_are_written_anew_and_nothing_else():
    readme = (CONFIG / "README.md").read_text(encoding="utf-8")
    row = "| `ebfmi` | Alarm below this E-BFMI of any chain. | `0.3` | a number from 0 |\n"
    assert row in readme
    assert reference.with_tables(readme.replace(row, row.replace("0.3", "0.4"))) == readme
    gone = row.replace("ebfmi", "gone")
    assert reference.with_tables(readme.replace(row, row + gone)) == readme
    below_head = reference.with_tables(readme.replace(row, "")).partition(row)[0]
    assert below_head.endswith("| meaning | default | allowed |\n| --- | --- | --- | --- |\n")
    assert below_head.rpartition("\n### ")[2].startswith("`thresholds`")


def test_every_key_has_a_description():
    def visit(schema, path):
        for key, part in schema.get("properties", {}).items():
            assert part.get("description"), f"{path}{key}"
            visit(part, f"{path}{key}.")
        if isinstance(schema.get("additionalProperties"), dict):
            visit(schema["additionalProperties"], path)

    visit(load_schema(), "")


def test_five_lines_are_a_study(tmp_path):
    text = """
datasets:
  my_trial:
    path: config/datasets/eight_schools.csv
    prior: {mu: {dist: Normal, mu: 0, sigma: 5}, tau: {dist: HalfCauchy, beta: 5}}
"""
    study = read_study(yaml.safe_load(text))
    assert list(study.datasets) == ["my_trial"]
    assert study.sampling.seeds == [1, 2, 3, 4, 5]


def test_settings_are_a_configuration_of_the_same_study():
    study = read_study(load("examples.yaml"))
    for name in study.datasets:
        again = read_study(study.settings(name))
        assert again.datasets[name] == study.datasets[name]
        assert again.sampling == study.sampling


D = "datasets.eight_schools."
PATH_OF_DATA = "config/datasets/eight_schools.csv"
REFUSED = [
    # key, value, what the one line says
    ("sampling.seeds", [], "sampling.seeds: found nothing; allowed: a list"),
    ("sampling.seeds", [1, 2, 1], "sampling.seeds: found 1 twice"),
    ("sampling.seeds", 1, "sampling.seeds: found 1; allowed: a list"),
    ("sampling.seeds", [-1], "sampling.seeds[0]: found -1; allowed: a whole number from 0"),
    ("sampling.seeds", [1.5], "sampling.seeds[0]: found 1.5; allowed: a whole number"),
    ("sampling.seeds", ["a"], "sampling.seeds[0]: found 'a' (text)"),
    ("sampling.seeds", [True], "sampling.seeds[0]: found True"),
    ("sampling.seed", [1], "sampling.seed: unknown key (did you mean seeds?)"),
    ("sampling.draws", [3], "sampling.draws[0]: found 3; allowed: a whole number from 8"),
    ("sampling.draws", [100, 100], "sampling.draws: found 100 twice"),
    ("sampling.draws", [], "sampling.draws: found nothing"),
    ("sampling.target_accept", [0], "found 0; allowed: a number above 0 and below 1"),
    ("sampling.target_accept", [1.0], "found 1.0; allowed: a number above 0 and below 1"),
    ("sampling.target_accept", [0.8, 0.8], "sampling.target_accept: found 0.8 twice"),
    ("sampling.target_accept", [float("nan")], "sampling.target_accept[0]: found nan"),
    ("sampling.target_accept", ["8e-1"], "write 0.8"),
    ("sampling.tune", 0, "sampling.tune: found 0; allowed: a whole number from 1"),
    ("sampling.tune", None, "sampling.tune: found nothing"),
    ("sampling.chains", 1, "sampling.chains: found 1; allowed: a whole number from 2"),
    ("sampling.max_treedepth", 99, "sampling.max_treedepth: found 99"),
    ("sampling.fits_per_batch", 0, "sampling.fits_per_batch: found 0"),
    ("sampling.sampler", "stan", "sampling.sampler: found 'stan'; allowed: nutpie, pymc"),
    ("sampling", [], "sampling: found []; allowed: keys with values"),
    ("models", [], "models: found nothing"),
    ("models", ["centred"], "models[0]: found 'centred' (did you mean centered?)"),
    ("models", ["centered", "centered"], "models: found 'centered' twice"),
    ("models", "centered", "models: found 'centered'; allowed: a list"),
    (
        "datasets",
        {"Fits": {"path": "x.csv"}},
        "datasets: found the name 'Fits', which stands in results/ already; allowed: a name",
    ),
    ("modles", [], "modles: unknown key (did you mean models?)"),
    ("thresholds.r_hat", 0.9, "thresholds.r_hat: found 0.9; allowed: a number from 1"),
    ("thresholds.z", 4, "thresholds.z: no longer a key; allowed in its place: error_mean"),
    ("thresholds.error_sd", 0, "thresholds.error_sd: found 0; allowed: a number above 0"),
    ("thresholds.rhat", 1.1, "thresholds.rhat: unknown key (did you mean r_hat?)"),
    (
        "calibration.simulations",
        5,
        "calibration.simulations: found 5; allowed: a whole number from",
    ),
    (
        "calibration.simulation",
        50,
        "calibration.simulation: unknown key (did you mean simulations?)",
    ),
    ("calibration.chains", 1, "calibration.chains: found 1; allowed: a whole number from 2"),
    (
        "calibration.target_accept",
        1,
        "calibration.target_accept: found 1; allowed: a number above 0",
    ),
    ("calibration.ranked_draws", 3, "calibration.ranked_draws: found 3"),
    ("calibration.max_treedepth", 0, "calibration.max_treedepth: found 0"),
    ("calibration.draws", "many", "calibration.draws: found 'many' (text)"),
    ("calibration", 7, "calibration: found 7; allowed: keys with values"),
    ("sampling.draws", 1000, "sampling.draws: found 1000; allowed: a list"),
    ("sampling.seeds", [4294967296], "sampling.seeds[0]: found 4294967296"),
    ("thresholds.divergences", 0, "thresholds.divergences: no longer a key; allowed in its place"),
    (
        "thresholds.divergence_rate",
        2,
        "thresholds.divergence_rate: found 2; allowed: a number from",
    ),
    ("thresholds", None, "thresholds: found nothing"),
    ("datasets", {}, "datasets: found nothing"),
    (
        "datasets",
        {"a/b": {"path": PATH_OF_DATA}},
        "datasets: found the name 'a/b'; allowed: letters",
    ),
    ("datasets", {"..": {"path": PATH_OF_DATA}}, "datasets: found the name '..'"),
    ("datasets", {"-x": {"path": PATH_OF_DATA}}, "datasets: found the name '-x'"),
    ("datasets", {"x" * 65: {"path": PATH_OF_DATA}}, "at most 64"),
    ("datasets", {1: {"path": PATH_OF_DATA}}, "found the key 1; allowed: text"),
    ("datasets.x", {}, "datasets.x.path: missing; allowed: text"),
    ("datasets.x", None, "datasets.x: found nothing"),
    (D + "path", "", "datasets.eight_schools.path: found nothing; allowed: text"),
    (D + "path", "none.csv", "none.csv: no such file"),
    (D + "path", 3, "datasets.eight_schools.path: found 3; allowed: text"),
    (D + "form", "estimate", "form: found 'estimate' (did you mean estimates?)"),
    (D + "columns", {"effect": "y"}, "columns.effect: unknown column"),
    (D + "columns", {"group": 1}, "columns.group: found 1; allowed: text"),
    (D + "columns", {"estimate": "effect"}, "column effect is missing"),
    (D + "pooled_sd", "yes", "pooled_sd: found 'yes'; allowed: true or false"),
    (D + "pooled_sd", True, "allowed for form estimates: false"),
    (D + "weights", 0.5, "weights: found 0.5; allowed: a list, each item a number from 0 to 1"),
    (D + "weights", [0.5, 1.5], "weights[1]: found 1.5; allowed: a number from 0 to 1"),
    (
        D + "weights",
        [0.5, 1],
        "weights: found 2 numbers; allowed: one, or one for",
    ),
    (D + "priors", {}, "priors: unknown key (did you mean prior?)"),
    (D + "prior", None, "prior: found nothing"),
    (D + "prior", {}, "datasets.eight_schools.prior: missing; allowed: a prior of mu and tau"),
    (D + "prior", {"tau": {"dist": "HalfFlat"}}, "prior.mu: missing; allowed: a prior of mu, such"),
    (D + "prior", {"mu": {"dist": "Flat"}}, "prior.tau: missing; allowed: a prior of tau, such as"),
    (D + "prior", {"mu": {"dist": "Fla"}}, "prior.mu.dist: found 'Fla' (did you mean Flat?)"),
    (D + "prior", {"mu": None}, "prior.mu: found nothing"),
    (D + "prior.sigma", {}, "prior.sigma: unknown key"),
    (D + "prior.mu", {"mu": 0, "sigma": 5}, "prior.mu.dist: missing"),
    (D + "prior.mu", {"dist": "normal"}, "found 'normal' (did you mean Normal?)"),
    (D + "prior.mu", {"dist": "HalfCauchy", "beta": 1}, "allowed for mu: Normal, Flat"),
    (D + "prior.mu", {"dist": "Normal", "mu": 0}, "parameter sigma is missing"),
    (D + "prior.mu", {"dist": "Normal", "mu": 0, "sd": 5}, "prior.mu.sd: unknown parameter"),
    (D + "prior.mu", {"dist": "Normal", "mu": 0, "sigma": 0}, "sigma: found 0; allowed: a number"),
    (D + "prior.mu", {"dist": "Normal", "mu": "0", "sigma": 1}, "prior.mu.mu: found '0'"),
    (D + "prior.mu", {"dist": "Normal", "mu": float("inf"), "sigma": 1}, "found inf"),
    (D + "prior.mu", {"dist": "Flat", "mu": 0}, "Flat takes no parameters"),
    (D + "prior.tau", {"dist": "Normal", "mu": 0, "sigma": 1}, "allowed for tau: HalfCauchy"),
    (D + "prior.tau", {"dist": "HalfCauchy", "beta": -5}, "beta: found -5"),
    (D + "prior.tau", {"dist": "HalfStudentT", "nu": 0, "sigma": 1}, "nu: found 0"),
    (D + "prior.tau", {"dist": "Uniform", "lower": -1, "upper": 1}, "lower: found -1; allowed: 0"),
    (D + "prior.tau", {"dist": "Uniform", "lower": 2, "upper": 1}, "upper: found 1; allowed"),
    (D + "prior.tau", {"dist": "Exponential", "scale": True}, "scale: found True"),
    (D + "prior.tau", {"dist": "LogNormal", "mu": 0, "sigma": -1}, "sigma: found -1"),
]


def with_value(key, value):
    config = copy.deepcopy(load("config.yaml"))
    *parents, last = key.split(".")
    place = config
    for parent in parents:
        place = place[parent]
    place[last] = value
    return config


@pytest.mark.parametrize(("key", "value", "words"), REFUSED)
def test_bad_configuration_is_refused_in_one_line(key, value, words):
    with pytest.raises(InputError) as error:
        read_study(with_value(key, value))
    message = str(error.value)
    assert words in message
    assert "allowed" in message or "takes" in message or "missing" in message
    assert "\n" not in message


LINES = [
    ("sampling.chains", 1, "sampling.chains: found 1; allowed: a whole number from 2 to 1000"),
    (
        "thresholds.tolerance_share",
        0.05,
        "thresholds.tolerance_share: found 0.05; allowed: a number from 0 and below 0.05",
    ),
    (
        "thresholds.error_mean",
        "1e-3",
        "thresholds.error_mean: found '1e-3' (text; write 0.001); allowed: a number above 0",
    ),
    ("models", ["x"], "models[0]: found 'x'; allowed: centered, noncentered, partial, marginal"),
    (
        "sampling.draws",
        7,
        "sampling.draws: found 7; "
        "allowed: a list, not empty, each item a whole number from 8 to 10000000",
    ),
    (
        "datasets.eight_schools.Path",
        "x",
        "datasets.eight_schools.Path: unknown key (did you mean path?); "
        "allowed: path, form, family, measure, continuity_correction, columns, pooled_sd, "
        "weights, decide, prior, by, models, sampling",
    ),
    (
        "datasets",
        {"a b": {"path": PATH_OF_DATA}},
        "datasets: found the name 'a b'; "
        "allowed: letters, digits, - and _, at most 64, starting with a letter or digit",
    ),
    (
        "datasets.x",
        {"pathh": 1, "form": 2},
        "datasets.x.pathh: unknown key (did you mean path?); "
        "allowed: path, form, family, measure, continuity_correction, columns, pooled_sd, "
        "weights, decide, prior, by, models, sampling",
    ),
    ("sampling.seeds", ["a", 1, 1], "sampling.seeds: found 1 twice; allowed: each once"),
    (
        "sampling.seeds",
        [1, True],
        "sampling.seeds[1]: found True; allowed: a whole number from 0 to 4294967295",
    ),
]


@pytest.mark.parametrize(("key", "value", "line"), LINES)
def test_the_line_names_the_key_what_it_holds_and_what_is_allowed(key, value, line):
    with pytest.raises(InputError) as error:
        read_study(with_value(key, value))
    assert str(error.value) == line


@pytest.mark.parametrize(("key", "value", "words"), REFUSED)
def test_an_editor_with_the_schema_refuses_what_the_models_refuse(key, value, words):
    config = with_value(key, value)
    faults = list(Draft202012Validator(load_schema()).iter_errors(config))
    try:
        check(config)
    except InputError as error:  # JSON has neither NaN nor keys that are not text
        assert faults or "finite" in str(error) or "found the key 1" in str(error)
    else:
        # a missing prior is told once the data are read
        assert {fault.validator for fault in faults} <= {"required"}


def test_whole_numbers_stay_whole_and_params_are_plain():
    study = read_study(with_value("sampling.draws", [1000.0, 100]))
    assert study.sampling.draws == [100, 1000]
    assert study.sampling.of_fits().model_dump() == {
        "tune": 1000,
        "chains": 4,
        "max_treedepth": 10,
        "draws": 1000,
    }
    kept = study.calibration.of_fits().model_dump()
    assert kept == {name: load("config.yaml")["calibration"][name] for name in kept}
    assert len(kept) == 7 and kept.pop("truths") == "prior"
    numbers = [*study.sampling.of_fits().model_dump().values(), *kept.values()]
    assert {type(number) for number in numbers} == {int, float}
    assert type(study.sampling.draws[1]) is int
    assert type(study.thresholds["ess_bulk"]) is int  # as it is written


DOUBLED = [
    ("models: [centered]\nmodels: [noncentered]\n", "line 2: found the key 'models' again"),
    ("sampling:\n  seeds: [1]\n  tune: 5\n  seeds: [2]\n", "line 4: found the key 'seeds' again"),
    ("a: &x {b: 1}\nc: [*x, {d: 1, d: 2}]\n", "line 2: found the key 'd' again (first on line 2)"),
    ("sampling: {'seeds': [1], seeds: [2]}\n", "line 1: found the key 'seeds' again"),
]


@pytest.mark.parametrize(("text", "words"), DOUBLED)
def test_a_doubled_key_is_refused_since_loading_would_hide_it(tmp_path, text, words):
    file = tmp_path / "my.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        read_file(file)
    assert str(error.value).startswith(f"{file}, {words}")
    assert str(error.value).endswith("allowed: each key once")


def test_the_same_key_in_different_places_is_no_doubled_key(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("a: &x {tune: 1}\nb: {tune: 2, c: *x, d: [*x, *x]}\n")
    read_file(file)
    for path in CONFIG.glob("*.yaml"):
        read_file(path)


def test_an_improper_posterior_is_refused_before_anything_runs(tmp_path):
    file = tmp_path / "two.csv"
    file.write_text("group,estimate,std_error\na,1,2\nb,3,4\n")
    prior = {"mu": {"dist": "Flat"}, "tau": {"dist": "HalfFlat"}}
    config = {"datasets": {"two": {"path": str(file), "prior": prior}}}
    with pytest.raises(InputError, match=r"datasets.two.prior.tau: .* 2 groups, .* improper"):
        read_study(config)
    file.write_text(file.read_text() + "c,5,6\n")
    read_study(config)


def write_sites(path, estimate, std_error):
    rows = (
        f"site {k},{y!r},{s!r}" for k, (y, s) in enumerate(zip(estimate, std_error, strict=True))
    )
    path.write_text("\n".join(["group,estimate,std_error", *rows]) + "\n")
    return {"path": str(path)}


def refusal_of(datasets):
    with pytest.raises(InputError) as error:
        read_study({"datasets": datasets})
    assert str(error.value).isprintable()
    return str(error.value)


def test_a_study_without_a_prior_is_offered_one_for_its_data(tmp_path):
    sites = write_sites(tmp_path / "sites.csv", [121.0, 128, 130.5, 132, 136, 142], [3.0] * 6)
    assert refusal_of({"sites": sites}) == (
        "datasets.sites.prior: missing; allowed: a prior of mu and tau, such as "
        "prior: {mu: {dist: Normal, mu: 130, sigma: 100}, tau: {dist: HalfNormal, sigma: 20}} "
        "for data on this scale"
    )
    half = sites | {"prior": {"mu": {"dist": "Flat"}}}
    assert refusal_of({"sites": half}) == (
        "datasets.sites.prior.tau: missing; allowed: a prior of tau, such as "
        "tau: {dist: HalfNormal, sigma: 20} for data on this scale"
    )


@pytest.mark.parametrize(
    "estimate", [[28.0, 8, -3, 7, -1, 1, 18, 12], [5.0] * 3, [0.0, 0], [1.0, 1.5], [-1e7, 1e7 + 3]]
)
@pytest.mark.parametrize("scale", [1e-40, 1e-8, 1.0, 1e8, 1e40])
def test_the_offered_prior_can_be_pasted_on_any_scale(tmp_path, scale, estimate):
    estimate = [scale * y for y in estimate]
    sites = write_sites(tmp_path / "sites.csv", estimate, [2 * scale] * len(estimate))
    offer = (
        refusal_of({"x": sites}).partition(" such as ")[2].removesuffix(" for data on this scale")
    )
    study = read_study({"datasets": {"x": sites | yaml.safe_load(offer)}})
    prior, groups = study.datasets["x"].prior, study.groups["x"]
    spread = max(math.sqrt(statistics.variance(y / scale for y in estimate)), 2) * scale
    # rounding to 1, 2, 5 changes by a factor of sqrt(5 / 2) at most
    assert 0.63 < prior.mu.parameters["sigma"] / (10 * spread) < 1.59
    assert 0.63 < prior.tau.parameters["sigma"] / (2 * spread) < 1.59
    assert abs(prior.mu.parameters["mu"] - groups.estimate.mean()) < spread


def test_what_is_wrong_with_the_data_is_told_before_a_missing_prior(tmp_path):
    assert "none.csv: no such file" in refusal_of({"x": {"path": "none.csv"}})
    sites = write_sites(tmp_path / "sites.csv", [1.0, 2], [1.0, 0])
    assert "line 3, column std_error: found 0" in refusal_of({"x": sites})
    assert "datasets.x.path: missing" in refusal_of({"x": {}})
    unknown = {"path": "none.csv", "priors": {}}
    assert "did you mean prior?" in refusal_of({"x": unknown})


# -- families and measures ---------------------------------------------------------------------

COUNTED = {
    "counts": "group,events,n\na,0,9\nb,3,10\n",
    "two_by_two": "group,events_treated,n_treated,events_control,n_control\na,0,9,1,9\nb,3,9,4,9\n",
    "summaries": "group,mean,sd,n\na,1,2,9\nb,2,2,9\n",
    "estimates": "group,estimate,std_error\na,1,2\nb,3,4\n",
}


def study_of(tmp_path, form, **keys):
    file = tmp_path / f"{form}.csv"
    file.write_text(COUNTED[form])
    tau = {"dist": "HalfNormal", "sigma": 1}
    prior = {"mu": {"dist": "Normal", "mu": 0, "sigma": 1}, "tau": tau}
    return {"datasets": {"x": {"path": str(file), "form": form, "prior": prior, **keys}}}


MEASURED = [
    ("two_by_two", {"measure": "mean"}, "measure: found mean; allowed for form two_by_two: log_"),
    ("counts", {"measure": "log_risk_ratio"}, "allowed for form counts: logit"),
    ("estimates", {"measure": "log_odds"}, "found 'log_odds' (did you mean log_odds_ratio?)"),
    ("counts", {"continuity_correction": -1}, "continuity_correction: found -1; allowed: a number"),
    (
        "estimates",
        {"continuity_correction": 1, "measure": "log_odds_ratio"},
        "continuity_correction: found 1; allowed for form estimates, family normal",
    ),
    (
        "summaries",
        {"continuity_correction": 0.1},
        "allowed for form summaries, family normal, measure mean: none, since no zero count",
    ),
    ("counts", {"pooled_sd": True}, "pooled_sd: found true; allowed for form counts: false"),
    ("counts", {"family": "Normal"}, "family: found 'Normal'"),
    (
        "two_by_two",
        {"continuity_correction": 0},
        "two_by_two.csv, line 2, group 'a': found a zero count, which leaves no log odds ratio",
    ),
]


@pytest.mark.parametrize(("form", "keys", "words"), MEASURED)
def test_a_family_or_measure_that_does_not_apply_is_refused(tmp_path, form, keys, words):
    with pytest.raises(InputError) as error:
        read_study(study_of(tmp_path, form, **keys))
    assert words in str(error.value)
    assert "allowed" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_family_of_the_data_takes_them_as_they_are(tmp_path):
    study = read_study(study_of(tmp_path, "counts"))
    found = study.datasets["x"]
    assert (found.family, found.measure) == ("binomial", "logit")
    assert study.groups["x"].events.tolist() == [0, 3]
    study = read_study(study_of(tmp_path, "counts", family="normal"))
    np.testing.assert_allclose(study.groups["x"].estimate, np.log([0.5 / 9.5, 3 / 7]))


def test_keys_that_ask_for_estimates_have_the_normal_family(tmp_path):
    study = read_study(study_of(tmp_path, "counts", continuity_correction=0.1))
    assert study.datasets["x"].family == "normal"
    study = read_study(study_of(tmp_path, "counts", measure="logit"))
    assert study.datasets["x"].family == "binomial"
    study = read_study(study_of(tmp_path, "summaries", pooled_sd=True))
    assert study.datasets["x"].family == "normal"
    assert read_study(study_of(tmp_path, "summaries")).datasets["x"].family == "student"


@pytest.mark.parametrize(
    ("form", "keys", "words"),
    [
        (
            "counts",
            {"measure": "log_rate", "family": "binomial"},
            "measure: found log_rate; allowed for form counts and family binomial: logit",
        ),
        ("two_by_two", {"family": "binomial"}, "family: found binomial; allowed for form two_by"),
        (
            "counts",
            {"continuity_correction": 1, "family": "binomial"},
            "allowed for form counts, family binomial: none",
        ),
        ("counts", {"models": ["marginal"]}, "the family binomial cannot; allowed: centered"),
    ],
)
def test_a_family_of_the_data_refuses_what_is_for_estimates(tmp_path, form, keys, words):
    config = study_of(tmp_path, form, **{k: v for k, v in keys.items() if k != "models"})
    config |= {"models": keys["models"]} if "models" in keys else {}
    with pytest.raises(InputError) as error:
        read_study(config)
    assert words in str(error.value)


def test_groups_that_bound_one_side_do_not_make_a_posterior_proper(tmp_path):
    """One of the two groups has no events: it allows any low rate."""
    config = study_of(tmp_path, "counts")
    config["datasets"]["x"]["prior"]["tau"] = {"dist": "HalfFlat"}
    with pytest.raises(InputError, match=r"1 group, whose posterior is improper.* do not count"):
        read_study(config)


def test_settings_of_a_study_are_a_study(tmp_path):
    """What a report tells to run again has the family and measure that were settled."""
    study = read_study(study_of(tmp_path, "two_by_two"))
    settings = study.settings("x")
    assert settings["datasets"]["x"]["family"] == "hypergeometric"
    assert settings["datasets"]["x"]["measure"] == "log_odds_ratio"
    assert read_study(settings).datasets == study.datasets
    settings = read_study(study_of(tmp_path, "estimates")).settings("x")
    assert "measure" not in settings["datasets"]["x"]


def test_target_accepts_that_are_written_alike_are_refused():
    with pytest.raises(InputError, match=r"found 0\.9 and 0\.90000001; allowed: numbers that diff"):
        read_study(with_value("sampling.target_accept", [0.8, 0.9, 0.90000001]))


def test_a_path_is_the_same_however_it_is_written(tmp_path):
    one = read_study(load("config.yaml"))
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    through = f"{tmp_path}/link/../x.csv"  # of far, not of tmp_path
    assert plain_path(through) == through
    for path in (
        "./config/datasets/eight_schools.csv",
        "config//datasets/./eight_schools.csv",
        "docs/../config/datasets/eight_schools.csv",
    ):
        assert read_study(with_value(D + "path", path)).settings("eight_schools") == one.settings(
            "eight_schools"
        )
