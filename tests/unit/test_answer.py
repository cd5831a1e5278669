"""The exact answer at once: in Python, in the terminal, and as a study file."""

import csv
import doctest
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from even_columns import decimals
from scipy.stats import halfcauchy, norm

import partial_pooling as pp
from partial_pooling.__main__ import main
from partial_pooling.answer.grid import Grid, filled
from partial_pooling.answer.prior import prior_of
from partial_pooling.priors.named import named_priors
from partial_pooling.study.configuration import read_study

ROOT = Path(__file__).parents[2]
DATASETS = ROOT / "config" / "datasets"
MANY = DATASETS / "published_estimates.csv"
Y = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
SIGMA = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
PRIOR = "Normal(0, 5), HalfCauchy(5)"


def test_examples_of_the_page_on_the_library(monkeypatch):
    monkeypatch.chdir(ROOT)
    tried = doctest.testfile(str(ROOT / "docs/library.md"), module_relative=False)
    assert tried.attempted > 10
    assert tried.failed == 0


def test_an_answer_is_that_of_a_plain_grid_over_mu_and_tau():
    mu = np.linspace(-20, 30, 201)[:, None]
    tau = np.exp(np.linspace(-12, 9, 600))
    spread = np.hypot(SIGMA[:, None, None], tau)
    log_p = norm.logpdf(Y[:, None, None], mu, spread).sum(0) + norm.logpdf(mu, 0, 5)
    weight = np.exp(log_p + halfcauchy.logpdf(tau, scale=5) + np.log(tau))
    weight /= weight.sum()
    keep = tau**2 / spread[0] ** 2
    answer = pp.solve(estimate=Y, std_error=SIGMA, prior=PRIOR, names=list("ABCDEFGH"))
    assert answer.mu.mean == pytest.approx((weight * mu).sum(), abs=1e-5)
    assert answer.tau.mean == pytest.approx((weight * tau).sum(), abs=1e-3)
    theta = (weight * (mu + keep * (Y[0] - mu))).sum()
    assert answer.groups["A"].mean == pytest.approx(theta, abs=1e-4)
    new_variance = (weight * (mu**2 + tau**2)).sum() - answer.mu.mean**2
    assert answer.new_group.sd**2 == pytest.approx(new_variance, rel=1e-3)
    assert float((weight * (mu < answer.mu.median)).sum()) == pytest.approx(0.5, abs=0.01)


def test_the_printed_answer_has_the_numbers():
    answer = pp.solve(estimate=Y, std_error=SIGMA, prior=PRIOR, names=list("ABCDEFGH"))
    line = next(line for line in repr(answer).splitlines() if line.startswith("A "))
    cells = line.split()
    assert cells[1:3] == ["28.0", "15.0"]
    of = answer.groups["A"]
    assert [float(c.replace("−", "-")) for c in (*cells[3:6], cells[7])] == [
        pytest.approx(value, abs=0.051) for value in (of.mean, of.median, of.low, of.high)
    ]
    assert f"{cells[3]}</td>" in answer._repr_html_()


def test_decimals_are_even_in_every_column_of_the_terminal(capsys):
    data = pp.read_table(DATASETS / "bcg_counts.csv")
    priors = pp.compare_priors(data)
    grids = pp.solve(data, "Normal(0, 2), HalfNormal(0.5)").grids()
    tables = [grid.rows for grid in grids]
    # of priors side by side those that are in one unit: not the priors, nor how mu is read
    tables.append([row for row in priors.grid().rows[2:-1] if not row[0].startswith(" ")])
    _, printed, _ = run(capsys, "solve", MANY, "--by", "meta_analysis", "--prior", PRIOR)
    body = printed.split("\n\n")[1].splitlines()[1:]
    tables.append([re.split(r"\s{2,}", line) for line in body])
    for rows in tables:
        assert len(rows) > 2
        for column in list(zip(*rows, strict=True))[1:]:
            assert len(set().union(*map(decimals, column))) <= 1, column


def test_conflict_of_prior_and_data_is_told():
    answer = pp.solve(estimate=Y + 200, std_error=SIGMA, prior=PRIOR)
    assert answer.conflict == ["location"]
    assert "Prior and data conflict. The prior expects μ within" in repr(answer)


@pytest.mark.parametrize(
    "text",
    [
        "Normal(0, 5), HalfCauchy(5)",
        "mu ~ Normal(mu=0, sigma=5); tau ~ HalfCauchy(beta=5)",
        "Normal(0,sigma=5),HalfCauchy(5.0)",
        "{mu: {dist: Normal, mu: 0, sigma: 5}, tau: {dist: HalfCauchy, beta: 5}}",
        "prior: {mu: {dist: Normal, mu: 0, sigma: 5}, tau: {dist: HalfCauchy, beta: 5}}",
    ],
)
def test_a_prior_in_a_line(text):
    expected = {
        "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
        "tau": {"dist": "HalfCauchy", "beta": 5},
    }
    assert prior_of(text).as_dict() == expected
    assert prior_of(expected).as_dict() == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Normal(0, 5)", "allowed: such as 'Normal(0, 5), HalfCauchy(5)'"),
        ("HalfCauchy(5), Normal(0, 5)", "prior.mu.dist: found 'HalfCauchy'"),
        ("tau ~ HalfCauchy(5), mu ~ Normal(0, 5)", "found 'tau ~ HalfCauchy(5)' for mu"),
        ("Normal(0, x), HalfCauchy(5)", "prior.mu.sigma: found 'x'; allowed: a number"),
        ("Normal(0, 5, 6), HalfCauchy(5)", "found Normal(0, 5, 6)"),
        ("Normal(0, 5), HalfCauchy()", "parameter beta is missing"),
    ],
)
def test_a_prior_that_is_none_is_refused_in_a_line(text, told):
    with pytest.raises(pp.InputError) as error:
        prior_of(text)
    assert told in str(error.value)


def test_named_priors_scale_with_the_data_and_with_nothing_else():
    one, thousand = (named_priors(scale * Y, scale * SIGMA) for scale in (1, 1000))
    for name, prior in one.priors.items():
        other = thousand.priors[name]
        for of, scaled in ((prior.mu, other.mu), (prior.tau, other.tau)):
            values = list(of.parameters.values())
            assert list(scaled.parameters.values()) == [1000 * value for value in values]
    medians = [prior.tau.quantile(0.5) for prior in one.priors.values()]
    assert medians == sorted(medians)
    known = [named_priors(scale * Y, scale * SIGMA, "log_odds_ratio") for scale in (1, 1000)]
    assert known[0].priors == known[1].priors and not known[0].from_data


def test_a_measure_is_called_by_the_same_name_wherever_solve_speaks_of_it():
    shown = str(pp.compare_priors(pp.read_table(DATASETS / "conscientiousness.csv")))
    assert "; θ: Fisher's z\n" in shown and "scale of the measure (Fisher's z), whatever" in shown
    shown = str(pp.compare_priors(pp.read_table(DATASETS / "catheter_days.csv")))
    assert "; θ: log rate\n" in shown and "the measure (log rate) has no scale of its own" in shown


def test_a_file_that_does_not_suit_its_guessed_form_is_told_so(tmp_path):
    path = tmp_path / "schools.csv"
    path.write_text("name,value,serror\nA,0.1,0.2\nB,0.3,0.3\n")
    with pytest.raises(pp.InputError, match="form observations is a guess"):
        pp.read_table(path)
    with pytest.raises(pp.InputError, match=r"to compute an sd$"):
        pp.read_table(path, "observations")


def run(capsys, *arguments):
    code = main(list(map(str, arguments)))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_solve_in_the_terminal_for_people_and_for_machines(capsys):
    table = DATASETS / "eight_schools.csv"
    code, shown, _ = run(capsys, "solve", table, "--prior", PRIOR)
    assert code == 0 and "μ, mean of all groups" in shown
    exact = pp.solve(pp.read_table(table), PRIOR)
    _, text, _ = run(capsys, "solve", table, "--prior", PRIOR, "--json")
    content = json.loads(text)
    assert content["variables"]["theta[C]"]["median"] == exact.groups["C"].median
    assert content["heterogeneity"]["i_squared"] == exact.i_squared
    _, text, _ = run(capsys, "solve", table, "--csv")
    rows = {(r["prior"], r["variable"]): r for r in csv.DictReader(io.StringIO(text))}
    three = pp.compare_priors(pp.read_table(table))
    assert float(rows["wide", "tau"]["high"]) == three["wide"].tau.high
    code, _, error = run(capsys, "solve", table, "--columns", "estimate")
    assert code == 1 and "--columns: found 'estimate'" in error


def test_solve_by_a_column_says_what_cannot_be_used(capsys, tmp_path):
    path = tmp_path / "many.csv"
    rows = ["review,study,yi,sei", "one,a,0.1,0.2", "one,b,0.3,0.2", "two,a,0.5,0.1"]
    path.write_text("\n".join(rows) + "\n")
    _, text, _ = run(capsys, "solve", path, "--by", "review", "--prior", PRIOR, "--json")
    content = json.loads(text)
    alone = pp.solve(estimate=[0.1, 0.3], std_error=[0.2, 0.2], prior=PRIOR)
    assert content["tables"]["one"]["variables"]["mu"]["mean"] == alone.mu.mean
    assert "2 or more" in content["unusable"]["two"]
    _, shown, _ = run(capsys, "solve", path, "--by", "review")
    assert "two: not used" in shown
    _, _, priors = shown.partition("one: 2 groups, I² 0\xa0%; μ ~ Normal(mu=0.2, sigma=2), τ ~ ")
    assert "Made from the data, they cannot conflict with them." in shown and "none" not in shown
    assert priors.startswith(
        "HalfNormal(sigma=0.25), HalfNormal(sigma=0.5), HalfCauchy(beta=0.5)\n"
    )


def test_tables_under_three_priors_fit_a_terminal_and_name_every_prior(capsys):
    path = DATASETS / "published_two_by_two.csv"
    _, shown, _ = run(capsys, "solve", path, "--by", "meta_analysis")
    about, body = shown.split("\n\n")
    priors = named_priors(np.ones(2), np.ones(2), "log_odds_ratio").priors
    assert about.splitlines()[-3:] == [
        f"{name}: μ ~ {prior.mu}, τ ~ {prior.tau}" for name, prior in priors.items()
    ]
    lines = body.splitlines()
    assert max(map(len, lines)) <= 100
    at = lines.index(next(line for line in lines if line.startswith("bcg")))
    table = pp.read_tables(path, "meta_analysis")[0][lines[at].partition(":")[0]]
    share = pp.solve(table, priors["weak"]).i_squared
    assert lines[at].endswith(f": {len(table)} groups, I² {100 * share:.0f}\xa0%")
    for line, (name, prior) in zip(lines[at + 1 : at + 4], priors.items(), strict=True):
        answer = pp.solve(table, prior)
        cells = re.split(r"\s{2,}", line.strip().replace("−", "-"))
        assert (cells[0], cells[-1]) == (name, ", ".join(answer.conflict) or "none")
        of_each = (answer.mu, answer.tau, answer.new_group)
        for cell, of in zip(cells[1:4], of_each, strict=True):
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", cell)]
            assert numbers == pytest.approx([of.median, of.low, of.high], abs=5.1e-4)


@pytest.mark.parametrize("name", ["bcg_counts", "stroke_care", "restaurant_reviews", "bcg_trials"])
def test_new_writes_a_study_that_is_valid(capsys, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{name}.csv").write_bytes((DATASETS / f"{name}.csv").read_bytes())
    code, told, _ = run(capsys, "new", f"{name}.csv")
    assert code == 0 and f"snakemake --cores 4 --configfile {name}.yaml" in told
    text = Path(f"{name}.yaml").read_text()
    study = read_study(yaml.safe_load(text))
    data = pp.read_table(f"{name}.csv")
    assert study.datasets[name].family == data.family.name
    assert study.groups[name].names == data.groups.names
    assert "# A weak prior, on the scale of" in text
    code, _, error = run(capsys, "new", f"{name}.csv")
    assert code == 1 and "it is there already" in error


def test_new_of_a_file_of_many_tables_is_a_collection(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = DATASETS / "published_two_by_two.csv"
    code, _, _ = run(capsys, "new", path, "--by", "meta_analysis", "--study", "all.yaml")
    assert code == 0
    study = read_study(yaml.safe_load(Path("all.yaml").read_text()))
    assert len(study.members["published_two_by_two"]) == 34


def test_the_library_starts_without_what_takes_seconds():
    program = (
        "import sys, partial_pooling as pp\n"
        f"pp.solve(estimate=[1, 2], std_error=[1, 1], prior={PRIOR!r})\n"
        "print([m for m in ('pymc', 'pandas', 'arviz', 'matplotlib', 'scipy.stats', 'xarray', "
        "'snakemake') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout == "[]\n", found.stderr


def test_what_is_wider_than_the_terminal_is_broken_between_words(monkeypatch):
    grid = Grid(
        ["median (95 %)", "narrow", "wide"],
        [["Frimodt-Moller et al. 1973", "−0.292 (−0.704 to 0.126)", "10"], ["東京", "1", "2"]],
    )
    whole = grid.text()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "41")
    assert grid.text().splitlines() == [
        "median (95 %)                narrow  wide",
        "Frimodt-Moller               −0.292    10",
        "et al. 1973       (−0.704 to 0.126)",
        "東京                              1     2",
    ]
    monkeypatch.setenv("COLUMNS", "30")  # an interval is not torn, so this cannot be
    assert grid.text() == whole
    assert filled(["Three on the scale of a log risk ratio"]) == [
        "Three on the scale of a log",
        "risk ratio",
    ]


def test_columns_of_a_grid_stand_below_each_other():
    text = Grid(["", "x"], [["è́", "1"], ["東京", "10"], ["abc", "100"]]).text()
    assert text.splitlines() == ["        x", "è́       1", "東京   10", "abc   100"]


def test_a_row_of_one_cell_is_a_line_of_its_own():
    grid = Grid(["of", "x"], [["a line that is longer"], ["  one", "1"]])
    assert grid.text().splitlines() == ["of     x", "a line that is longer", "  one  1"]
    assert '<tr><th colspan="2">a line that is longer</th></tr><tr><th>  one</th>' in grid.html()
