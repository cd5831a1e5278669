"""The page of a collection of 10,000 tables as a reader meets it, in Chromium."""

import pytest
from synthetic_collection import HOSTILE, tables, write_collection

from partial_pooling.figures import registry
from partial_pooling.figures.drawing import draw, read_needed
from partial_pooling.figures.style import save
from partial_pooling.files import write_json
from partial_pooling.report.collection import Collection
from partial_pooling.report.collection_page import render_collection
from partial_pooling.report.collection_words import figures_of
from partial_pooling.report.index import write_index

pytestmark = pytest.mark.slow

TABLES = 10_000
# How long a change of a control takes until the page is laid out, in ms.
TIMED = """async ([selector, value]) => {
  const control = document.querySelector(selector);
  const start = performance.now();
  if (value === null) control.click();
  else {
    control.value = value;
    control.dispatchEvent(new Event(control.tagName === "SELECT" ? "change" : "input"));
  }
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  document.body.offsetHeight;
  return performance.now() - start;
}"""


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    frame = tables(TABLES, bad=5)
    return Collection(write_collection(tmp_path_factory.mktemp("collection") / "trials", frame))


@pytest.fixture(scope="module")
def site(collection, pytestconfig):
    folder = collection.folder
    write_json({}, folder / "population.json")
    given = read_needed(registry.inputs("Collection", folder))
    for name, (function, *needs) in registry.drawn("Collection").items():
        save(draw(function, needs, given, None), folder / f"figures/{name}.svg")
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    page = render_collection(collection, figures_of(collection), {"table-00001"}, templates)
    (folder / "collection.html").write_text(page, encoding="utf-8")
    index = write_index([], templates, [(f"{k}/index.html", collection) for k in range(100)])
    (folder / "index.html").write_text(index, encoding="utf-8")
    return folder


def names(page):
    return page.locator("#rows .tabulator-row button.name").all_text_contents()


def test_page_is_small(site):
    assert (site / "collection.html").stat().st_size <= 5_000_000


@pytest.mark.parametrize("width", [390, 1024, 1600])
@pytest.mark.parametrize("name", ["collection", "index"])
def test_page_does_not_go_on_sideways(open_page, name, width):
    page = open_page(name, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_search_filter_and_order(open_page, collection, capsys):
    page = open_page("collection")
    frame = collection.tables
    found = page.locator("#found")
    assert names(page)[: len(HOSTILE)] == list(HOSTILE)
    assert len(names(page)) < 100  # rows out of sight are not in the page

    def change(selector, value=None):
        took = page.evaluate(TIMED, [selector, value])
        with capsys.disabled():
            print(f"\n{selector} {value or ''}: {took:.0f} ms", end="")

    change("#search", "review 0012")
    # every word, anywhere in the name
    expected = frame["table"][frame["table"].str.contains("Review .*0012")]
    assert found.inner_text() == f"{len(expected)} of 10,000 tables"
    assert set(names(page)) <= set(expected)
    change("#search", "")
    verdicts = [f"{model}_verdict" for model in collection.models]
    wrong = (frame[verdicts] == "wrong").any(axis=1)
    change("#verdict", "wrong")
    assert found.inner_text() == f"{wrong.sum():,} of 10,000 tables"
    change("#verdict", "status")
    assert found.inner_text() == "5 of 10,000 tables"
    change("#verdict", "")
    change("#order", "worst")
    worst = collection.worst_error[frame["table"][wrong]].max()
    assert collection.worst_error[names(page)[0]] == pytest.approx(worst, abs=1e-3)
    change("#order", "file")
    assert names(page)[0] == HOSTILE[0]
    change(".tabulator-col[tabulator-field=tau_mid]")
    by_tau = frame.set_index("table")["tau_q50"]
    assert by_tau[names(page)[0]] == pytest.approx(by_tau.min(), rel=0.05)
    change(".tabulator-col[tabulator-field=tau_mid]")
    assert by_tau[names(page)[0]] == pytest.approx(by_tau.max(), rel=0.05)


def test_a_row_leads_to_its_report_or_to_what_makes_it(open_page, collection):
    page = open_page("collection")
    dialog = page.locator("dialog")
    page.locator("button.name").first.click()
    assert dialog.locator("h2").inner_text() == HOSTILE[0]
    command = "uv run snakemake --cores 4 results/trials/table-00000/report.html"
    assert dialog.locator("code").inner_text() == command
    dialog.get_by_role("button").click()
    page.locator("button.name").nth(1).click()
    assert dialog.locator("a").get_attribute("href") == "table-00001/report.html"
    dialog.get_by_role("button").click()
    page.locator("#verdict").select_option("status")
    page.locator("button.name").first.click()
    assert "one group" in dialog.inner_text()
    assert dialog.locator("code").count() == 0


def test_a_hundred_collections_can_be_searched(open_page):
    page = open_page("index")
    assert page.locator("tbody tr:visible").count() == 100
    page.locator("input[type=search]").fill("nothing")
    assert page.locator("tbody tr:visible").count() == 0
