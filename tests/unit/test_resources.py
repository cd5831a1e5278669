"""What a batch's job asks for grows with its work, and covers what was measured."""

import re
from pathlib import Path

import pytest
import yaml

from partial_pooling.__main__ import main
from partial_pooling.models.parametrizations import PARAMETRIZATIONS
from partial_pooling.report.lecture import PRIOR
from partial_pooling.sampling.settings import SamplerSettings
from partial_pooling.study import estimate, estimate_collection
from partial_pooling.study.configuration import read_study
from partial_pooling.study.estimate_collection import CollectionCost, summary
from partial_pooling.study.plan import Batch
from partial_pooling.study.resources import diagnosis_minutes, memory_mb, sampling_minutes

ROOT = Path(__file__).parents[2]
SCHOOLS = {"path": str(ROOT / "config/datasets/eight_schools.csv"), "prior": PRIOR.as_dict()}
SETTINGS = SamplerSettings(chains=4, draws=1000, tune=1000)
STUDY = {"datasets": {"schools": SCHOOLS}}


def test_second_attempt_asks_for_twice_as_much():
    assert memory_mb(8, SETTINGS, attempt=2) == pytest.approx(2 * memory_mb(8, SETTINGS), abs=1)
    assert sampling_minutes(8, SETTINGS, 25, "pymc", attempt=2) == 2 * sampling_minutes(
        8, SETTINGS, 25, "pymc"
    )
    assert diagnosis_minutes(8, 4, [1000], 25, attempt=3) == 3 * diagnosis_minutes(8, 4, [1000], 25)


def test_more_work_never_asks_for_less():
    more = [
        (5000, SETTINGS),
        *(
            (8, SETTINGS.model_copy(update=change))
            for change in ({"chains": 8}, {"draws": 100_000}, {"tune": 50_000})
        ),
    ]
    for groups, settings in more:
        assert memory_mb(groups, settings) > memory_mb(8, SETTINGS)
        assert sampling_minutes(groups, settings, 500, "pymc") > (
            sampling_minutes(8, SETTINGS, 500, "pymc")
        )


@pytest.mark.parametrize(
    ("groups", "draws", "sampler", "megabytes", "seconds"),
    [  # measured for one fit of four chains on two cores, after 1,000 tuning steps
        (8, 10_000, "nutpie", 482, 1.6),
        (1000, 2_000, "nutpie", 977, 1.5),
        (1000, 10_000, "nutpie", 1777, 8.8),
        (1000, 1_000, "pymc", 816, 3.4),
    ],
)
def test_what_is_asked_for_covers_what_was_measured(groups, draws, sampler, megabytes, seconds):
    settings = SETTINGS.model_copy(update={"draws": draws})
    assert memory_mb(groups, settings) > megabytes + 400
    minutes = sampling_minutes(groups, settings, 500, sampler, threads=2)
    assert 60 * minutes > 500 * seconds


def test_every_rule_is_a_job_of_batches_or_local():
    text = "".join(
        file.read_text() for file in [ROOT / "Snakefile", *ROOT.glob("workflow/rules/*.smk")]
    )
    rules = set(re.findall(r"^rule (\w+):", text, re.MULTILINE))
    local = "".join(re.findall(r"^localrules:\n((?:    \w+,\n)+)", text, re.MULTILINE))
    assert rules - set(re.findall(r"\w+", local)) == {
        "sample_posterior",
        "diagnose_fits",
        "simulate_and_fit",
        "solve_and_fit_tables",
    }


def test_estimate_counts_jobs_hours_and_bytes():
    sampling = {"seeds": list(range(1, 1001)), "target_accept": [0.8, 0.9], "fits_per_batch": 50}
    study = read_study(STUDY | {"sampling": sampling})
    costs = [
        estimate.Cost("schools", model, 10.0, 1.8, 4e6, 1000, 20)
        for model in ("centered", "noncentered")
    ]
    said = "\n".join(estimate.summary(study, costs, minutes=30))
    # 2,000 fits a model; a job takes 8 + 10 + 50 x 1.8 s
    assert "80 jobs, 2.40 core-hours, 16.00 GB of draws, with fits_per_batch: 50" in said
    # (30 x 60 - 18) / 1.8 = 990 fits
    assert "fits_per_batch: 990 (6 jobs)" in said


def test_estimate_of_a_collection_counts_jobs_hours_and_bytes():
    batches = [Batch([0] * 500, [], 8, 1000, 4, 0.6), Batch([0] * 500, [], 20, 1000, 6, 0.9)]
    cost = CollectionCost("reviews", batches, 10.0, 2.0, 400.0, 3e6, 1050, 20)
    # 2 x 15 + 10 + 10 x 2 + 400 s
    assert cost.core_seconds(15.0) == 460
    (line,) = summary([cost], 15.0)
    assert line.startswith("reviews: 1,000 tables, 2 jobs, 0.13 core-hours, 3.0 MB of answers")


@pytest.mark.slow
def test_estimate_measures_fits_of_data_sets_and_collections(tmp_path, capsys):
    sampling = {"draws": [100], "tune": 100, "chains": 2, "target_accept": [0.8, 0.9]}
    rows = [f"{table},{group},{table},0.{group}" for table in range(6) for group in range(1, 5)]
    (tmp_path / "many.csv").write_text("\n".join(["by,group,estimate,std_error", *rows]))
    of_each = {"sampling": {"draws": [50], "tune": 100, "chains": 2}, "models": ["noncentered"]}
    many = {"path": str(tmp_path / "many.csv"), "by": "by", "prior": PRIOR.as_dict(), **of_each}
    study = {"datasets": {"schools": SCHOOLS, "many": many}, "sampling": sampling}
    study["models"] = list(PARAMETRIZATIONS)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    assert main(["estimate", str(tmp_path / "study.yaml")]) == 0
    told = capsys.readouterr().out
    assert "\n4 jobs, " in told
    assert re.search(r"^many: 6 tables, 1 job, \d+\.\d\d core-hours", told, re.MULTILINE)


def test_a_table_that_takes_less_than_a_tick_of_the_clock_is_estimated(tmp_path, monkeypatch):
    rows = [f"1,{group},{group},1" for group in range(1, 5)]
    (tmp_path / "many.csv").write_text("\n".join(["by,group,estimate,std_error", *rows]))
    many = {"path": str(tmp_path / "many.csv"), "by": "by", "prior": PRIOR.as_dict(), "models": []}
    monkeypatch.setattr(estimate_collection, "core_seconds", lambda: 1.0)
    cost = estimate_collection.measure(read_study({"datasets": {"many": many}}), "many")
    assert cost.solving_seconds == 0


def test_estimate_tells_a_fault_in_one_line(tmp_path, capsys):
    assert main(["estimate", str(tmp_path / "none.yaml")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
