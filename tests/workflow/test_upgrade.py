"""After an upgrade what it can change runs again, or is kept, and says with what it was made."""

import copy
import json
import shutil
from contextlib import contextmanager

import netCDF4
import pytest
from workflow_project import TINY, copy_project, results_of

from partial_pooling.study.provenance import versions

pytestmark = pytest.mark.slow

STUDY = copy.deepcopy(TINY)
STUDY["datasets"]["schools"]["prior"] = {
    "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
    "tau": {"dist": "HalfCauchy", "beta": 5},
}
STUDY["sampling"] |= {"seeds": [1], "draws": [50, 100]}
FIGURES = {"plot_fits", "plot_study", "plot_groups"}
RECORDED = {"collect_diagnostics", "plot_study", "render_report", "write_index"}


@pytest.fixture
def project(small, tmp_path):
    """A finished tiny study, which the test may change; put back afterwards, in its place."""
    backup = shutil.copytree(small.folder, tmp_path / "backup")
    yield small
    shutil.rmtree(small.folder)
    shutil.copytree(backup, small.folder)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("small"))
    project.write_study(STUDY)
    project.snakemake("--cores", "2")
    return project


@contextmanager
def installed(project, **upgraded):
    """Let Python find other versions of distributions, in the folder of the library."""
    folders = []
    for name, version in upgraded.items():
        folder = project.folder / "workflow" / f"{name}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        folders.append(folder)
    try:
        yield
    finally:
        for folder in folders:
            shutil.rmtree(folder)


def rules(counts):
    return set(counts) - {"total", "all", "report"}


def provenance(project):
    return json.loads((project.results / "schools" / "provenance.json").read_text())


def sampled_with(project, name):
    found = set()
    for path in project.results.glob("fits/*.nc"):
        with netCDF4.Dataset(path) as file:
            found.add(json.loads(file.versions)[name])
    return found


def test_an_upgrade_reruns_what_it_can_change(project):
    assert rules(project.planned()) == set()
    with installed(project, nutpie="99.1"):
        planned = project.planned()
        assert planned["sample_posterior"] == 2
        assert not {"solve_exact", "prepare_data", "plot_groups"} & rules(planned)
    with installed(project, matplotlib="99.1"):
        # the tables stay; provenance.json names the version that draws
        assert rules(project.planned()) == FIGURES | RECORDED
    with installed(project, arviz_stats="99.1"):
        assert rules(project.planned()) >= {"diagnose_fits"} | RECORDED
        assert "sample_posterior" not in project.planned()
    with installed(project, snakemake_of_others="99.1"):
        assert rules(project.planned()) == set()


def test_results_are_kept_over_upgrades_and_say_so(project):
    old = versions()
    before = results_of(project)
    with installed(project, nutpie="99.1", scipy="99.2"):
        assert project.planned()["sample_posterior"] == 2
        said = project.command("keep").stdout
        assert f"nutpie {old['nutpie']} under 99.1" in said
        assert f"scipy {old['scipy']} under 99.2" in said
        process = project.snakemake("--cores", "2")
        assert "Nothing to be done" in process.stdout + process.stderr
        # nothing is made anew, and only provenance.json changed: it names both versions
        after = results_of(project)
        assert {name for name in after if after[name] != before.get(name)} == {
            "schools/provenance.json",
            "schools/kept.json",
        }
        kept = {"nutpie": {"99.1": old["nutpie"]}, "scipy": {"99.2": old["scipy"]}}
        assert json.loads(provenance(project)["kept"]) == kept
        assert json.loads(provenance(project)["versions"]) == old

        # a change of code still reruns exactly what rests on it
        style = project.folder / "workflow/partial_pooling/figures/style.py"
        style.write_text(style.read_text() + "\nCHANGED = 1\n")
        assert rules(project.planned()) == {*FIGURES, "render_report", "write_index"}
        verdict = project.folder / "workflow/partial_pooling/grading/verdict.py"
        verdict.write_text(verdict.read_text() + "\nCHANGED = 1\n")
        assert rules(project.planned()) == {*FIGURES, *RECORDED}
        project.snakemake("--cores", "2")
        # collected with the new versions, sampled with the old ones: the report says both
        assert json.loads(provenance(project)["versions"])["nutpie"] == "99.1"
        assert json.loads(provenance(project)["kept"]) == kept
        assert sampled_with(project, "nutpie") == {old["nutpie"]}
        html = (project.results / "schools" / "report.html").read_text()
        assert f"what {old['nutpie']} made, under 99.1" in html

        # what is new is made with what is installed, and says so
        study = copy.deepcopy(STUDY)
        study["models"] = ["noncentered"]
        study["sampling"]["seeds"] = [1, 2, 3]
        project.write_study(study, "more.yaml")
        assert project.planned(study="more.yaml")["sample_posterior"] == 2
        project.snakemake("--cores", "2", study="more.yaml")
        assert sampled_with(project, "nutpie") >= {"99.1"}
        project.snakemake("--cores", "2", study="more.yaml")

    # a second upgrade: not kept it reruns, kept it does not
    with installed(project, nutpie="99.3", scipy="99.2"):
        assert project.planned(study="more.yaml")["sample_posterior"] == 2
        project.command("keep")
        assert rules(project.planned(study="more.yaml")) == set()
    # and going back to what once made the results is no upgrade at all
    with installed(project, scipy="99.2"):
        assert "sample_posterior" not in project.planned(study="more.yaml")
    with installed(project, nutpie="99.3", scipy="99.2"):
        (project.results / "schools" / "kept.json").unlink()
        assert project.planned(study="more.yaml")["sample_posterior"] == 2


def test_an_interrupted_study_is_kept_too(project):
    (project.results / "schools" / "provenance.json").unlink()
    with installed(project, numba="99.1"):
        assert project.planned()["sample_posterior"] == 2
        project.command("keep")
        assert rules(project.planned()) <= RECORDED


def test_words_in_a_script_or_a_module_run_nothing(project):
    for name in ("scripts/sample_posterior.py", "partial_pooling/models/parametrizations.py"):
        path = project.folder / "workflow" / name
        text = path.read_text().replace('"""', '"""Other words. ', 1)
        path.write_text(text + "\n# more words\n")
    assert rules(project.planned()) == set()
    script = project.folder / "workflow/scripts/sample_posterior.py"
    script.write_text(script.read_text().replace("def main", "CHANGED = 1\n\n\ndef main"))
    assert project.planned()["sample_posterior"] == 2
