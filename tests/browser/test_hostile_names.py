"""A study of 48 names that could be taken for code, run for real: whatever it writes shows them."""

import csv
import zipfile

import pytest
from hostile_names import HOSTILE_NAMES
from workflow_project import TINY, copy_project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A project in which such a study has run, with Snakemake's own report unpacked."""
    project = copy_project(tmp_path_factory.mktemp("hostile"))
    with (project.folder / "names.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["group", "estimate", "std_error"])
        rows.writerows([name, place % 7, 2] for place, name in enumerate(HOSTILE_NAMES))
    schools = TINY["datasets"]["schools"] | {"path": "names.csv"}
    sampling = {"seeds": [1], "draws": [100], "target_accept": [0.9], "tune": 200, "chains": 2}
    project.write_study({"datasets": {"names": schools}, "sampling": sampling})
    project.snakemake("--cores", "2", "all", "figures")
    project.snakemake("--report", "snakemake.zip", "figures")
    with zipfile.ZipFile(project.folder / "snakemake.zip") as archive:
        archive.extractall(project.folder / "snakemake")
    return project


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.dialogs = []
    page.on("dialog", lambda dialog: page.dialogs.append(dialog.message))
    yield page
    assert page.dialogs == []
    assert not page.evaluate("window.taken === 1 || document.title === 'taken'")
    page.close()


def test_pages_show_hostile_names_and_execute_nothing(study, page):
    for name in ("index", "names/report"):
        page.goto((study.results / f"{name}.html").as_uri())
        page.evaluate("for (const s of document.querySelectorAll('details')) s.open = true")
        page.wait_for_timeout(500)
        assert page.evaluate("window.taken") is None
    shown = page.locator("main").text_content()
    assert [name for name in HOSTILE_NAMES if name not in shown] == []


def test_snakemakes_report_of_hostile_names_executes_nothing(study, page):
    url = (study.folder / "snakemake/snakemake/report.html").as_uri()
    seen = 0
    for category in ("Groups", "Fits", "Study", "Settings", "Reports"):
        page.goto(url)
        page.get_by_text(category, exact=True).click()
        for figure in page.locator("a[iconname=eye]").all():
            figure.click()
            page.wait_for_timeout(100)
            frames = [frame.evaluate("window.taken") for frame in page.frames]
            assert frames == [None] * len(frames)
            seen += 1
    figures = (study.results / "names/figures").rglob("*.svg")
    assert seen == len([figure for figure in figures if not figure.stem.endswith("_narrow")])


def test_figures_by_themselves_execute_nothing(study, page):
    figures = sorted((study.results / "names/figures").rglob("*.svg"))
    assert len(figures) > 20
    for figure in figures:
        page.goto(figure.as_uri())
        assert page.evaluate("window.taken") is None


def test_tables_hold_names_as_they_were_given(study):
    with (study.results / "names/data.csv").open(newline="", encoding="utf-8") as file:
        assert [row["group"] for row in csv.DictReader(file)] == list(HOSTILE_NAMES)
