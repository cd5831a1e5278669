"""The page of a collection of 10,000 tables as a reader meets it, in Chromium."""

import pytest
from even_columns import decimals
from synthetic_collection import BAD, MODELS, NAMES, write_collection

from partial_pooling.figures import registry
from partial_pooling.figures.drawing import draw, read_needed
from partial_pooling.figures.style import save
from partial_pooling.report.collection import Collection
from partial_pooling.report.collection_page import collection_page
from partial_pooling.report.collection_words import together
from partial_pooling.report.index import write_index

pytestmark = pytest.mark.slow

COUNT = 10_000
WIDTHS = (390, 1024, 1600)
COMMAND = ("uv run snakemake results/many_trials/", "/report.html --cores 4 --configfile my.yaml")
ROW = ".tabulator-row"
POPULATION = {
    "log_normal": {
        "prior": {"dist": "LogNormal", "mu": -1.2, "sigma": 0.8},
        "line": "tau: {dist: LogNormal, mu: -1.2, sigma: 0.8}",
        "interval": {"mu": [-1.3, -1.1], "sigma": [0.7, 0.9]},
        "at_boundary": [],
    }
}
# Change a control as a reader does, and give the time until the next frame has been drawn, in ms.
TIMED = """async ([id, value, event]) => {
  const control = document.getElementById(id), start = performance.now();
  control.value = value;
  control.dispatchEvent(new Event(event));
  await new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)));
  return performance.now() - start;
}"""

# Whether a heading has room for all its letters, to a fraction of a pixel.
WHOLE = """e => {
  const text = document.createRange();
  text.selectNodeContents(e);
  const room = e.getBoundingClientRect().right - parseFloat(getComputedStyle(e).paddingRight);
  return text.getBoundingClientRect().right <= room;
}"""


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collection") / "many_trials"
    return Collection(write_collection(folder, COUNT, POPULATION))


@pytest.fixture(scope="module")
def site(collection, pytestconfig):
    """The folder with the page, in place of that of the report."""
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    folder = collection.folder
    given = read_needed(registry.inputs("Collection", folder))
    for name, (function, *needs) in registry.drawn("Collection").items():
        save(draw(function, needs, given, None), folder / f"figures/{name}.svg")
    html = collection_page(collection, together(collection), {"t-00000"}, COMMAND, None, templates)
    (folder / "collection.html").write_text(html, encoding="utf-8")
    (folder / "t-00000").mkdir()
    (folder / "t-00000" / "report.html").write_text("report", encoding="utf-8")
    index = write_index([], templates, [(f"{k}/index.html", collection) for k in range(100)])
    (folder / "index.html").write_text(index, encoding="utf-8")
    return folder


@pytest.fixture
def page(open_page):
    page = open_page("collection", width=1600)
    page.wait_for_selector(ROW)
    return page


def names(page):
    return page.locator(f"{ROW} .name").all_inner_texts()


def change(page, control, value, event="change"):
    elapsed = page.evaluate(TIMED, [control, value, event])
    print(f"{control} = {value!r}: {elapsed:.0f} ms")


def found(page):
    return int(page.locator("#count").inner_text().split(" of ")[0].replace(",", ""))


def usable(collection):
    return collection.tables[collection.tables["status"] == "ok"]


def test_page_is_small(site):
    size = (site / "collection.html").stat().st_size
    print(f"{size / 1e6:.2f} MB")
    assert size <= 5_000_000


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_goes_on_sideways(open_page, width, theme):
    page = open_page("collection", width=width, scheme=theme)
    page.wait_for_selector(ROW)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    beyond = page.evaluate(
        "w => [...document.querySelectorAll('main *')].filter(e => !e.closest('figure .frame, pre, "
        "details:not([open])') && e.getBoundingClientRect().right > w).map(e => e.outerHTML)",
        width,
    )
    assert beyond == []
    holder = page.locator(".tabulator-tableholder")
    assert holder.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    if width == 390:  # figures for a narrow screen, and the prior to paste
        for frame in page.locator(":is(figure .frame, .together pre)").all():
            assert frame.evaluate("e => e.scrollWidth <= e.clientWidth")
    # no row is cut off
    cut = page.locator(ROW).evaluate_all(
        "rows => rows.filter(row => [...row.querySelectorAll('.tabulator-cell > *')].some(e => "
        "e.getBoundingClientRect().bottom > row.getBoundingClientRect().bottom)).length"
    )
    assert cut == 0


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_column_is_in_sight_or_a_line_of_a_card(open_page, site, count, pytestconfig):
    models = ("centered", "noncentered", "partial", "marginal")[:count]
    collection = Collection(write_collection(site / f"of_{count}", 60, models=models))
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    html = collection_page(collection, {}, set(), COMMAND, None, templates)
    (site / f"of_{count}.html").write_text(html, encoding="utf-8")
    for width in (390, 768, 900, 1024, 1600):
        page = open_page(f"of_{count}", width=width)
        page.wait_for_selector(ROW)
        holder = page.locator(".tabulator-tableholder")
        assert holder.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
        titles = page.locator(".tabulator-col-title:visible").all()
        assert all(title.evaluate(WHOLE) for title in titles)
        assert page.locator(ROW).first.locator(".badge").count() == count
        if width == 1600 or (width == 1024 and count < 4):
            assert titles


def test_names_of_any_characters_are_shown_and_do_nothing(page):
    assert names(page)[: len(NAMES)] == list(NAMES)
    assert page.locator("#tables img, #tables script").count() == 0
    page.locator(ROW).nth(4).locator(".drawing").click()
    assert page.locator("#table-name").inner_text() == NAMES[4]
    page.locator("#close").click()
    assert not page.locator("dialog").is_visible()


def test_only_rows_in_sight_are_drawn(page):
    assert found(page) == COUNT
    assert page.locator(ROW).count() < 60


def test_search_finds_all_words_in_any_case(page, collection):
    change(page, "search", "TREATMENT 12", "input")
    expected = collection.tables["table"].str.contains("treatment") & collection.tables[
        "table"
    ].str.contains("12")
    assert found(page) == expected.sum()
    assert all("12" in name for name in names(page))
    change(page, "search", "<SCRIPT>", "input")
    assert names(page) == [NAMES[0], "</script><script>alert(2)</script>"]
    change(page, "search", "nowhere", "input")
    assert found(page) == 0
    assert "No table is like that" in page.locator("#tables").inner_text()
    change(page, "search", "", "input")
    assert found(page) == COUNT


def test_decimals_are_even_in_every_column(page):
    rows = page.locator(ROW).all()
    shown = [row.locator(".tabulator-cell").all_inner_texts() for row in rows]
    columns = list(zip(*shown, strict=True))
    usable = [k for k, text in enumerate(columns[3]) if text]
    assert len(usable) > 5
    for number, expected in ((2, 2), (3, 2), (4, 0)):
        assert set().union(*(decimals(columns[number][k]) for k in usable)) == {expected}


def test_filters(page, collection):
    rows = usable(collection)
    verdicts = rows[[f"{model}_verdict" for model in MODELS]].to_numpy()
    alarms = rows[[f"{model}_alarms" for model in MODELS]].to_numpy() != ""
    right = (verdicts == "right").all(axis=1)
    expected = {
        "wrong": (verdicts == "wrong").any(axis=1),
        "missed": ((verdicts == "wrong") & ~alarms).any(axis=1),
        "false": right & alarms.any(axis=1),
        "few": (verdicts == "too few draws").any(axis=1),
        "failed": (verdicts == "failed").any(axis=1),
        "right": right,
    }
    for value, which in expected.items():
        change(page, "finding", value)
        assert found(page) == which.sum(), value
    change(page, "finding", "apart")
    # as far as rounded ends of intervals tell
    apart = (rows["mu_q2.5"] > 0) | (rows["mu_q97.5"] < 0)
    assert abs(found(page) - apart.sum()) <= 0.01 * COUNT
    change(page, "finding", "report")
    assert names(page) == [NAMES[0]]
    change(page, "finding", "bad")
    assert found(page) == COUNT - len(rows)
    assert page.locator(f"{ROW} .why").first.inner_text() == BAD
    change(page, "finding", "wrong")
    change(page, "least", "50", "input")
    assert found(page) == (expected["wrong"] & (rows["groups"] >= 50)).sum()


def test_sort(page, collection):
    rows = usable(collection)
    for value, column, ascending in (
        ("groups desc", "groups", False),
        ("tau desc", "tau_q50", False),
        ("i2 desc", "i2", False),
        ("mu desc", "mu_mean", False),
        ("mu asc", "mu_mean", True),
    ):
        change(page, "sort", value)
        source = collection.tables if column == "groups" else rows
        extreme = source.sort_values(column, ascending=ascending)[column].iloc[:3]
        shown = [source.set_index("table")[column][name] for name in names(page)[:3]]
        assert shown == pytest.approx(list(extreme), rel=6e-3, abs=0.02), value
    change(page, "sort", "worst asc")
    worst = collection.tables.assign(rank=collection.worst_first).sort_values("rank")
    assert names(page)[:5] == list(worst["table"].iloc[:5])
    change(page, "sort", "order asc")
    assert names(page)[:3] == list(NAMES[:3])
    heading = page.get_by_role("columnheader", name="τ")
    heading.click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert page.locator("#sort").input_value() == "header"
    assert names(page)[0] == rows.sort_values("tau_q50")["table"].iloc[-1]
    # tables of no use come last, whichever way
    heading.click()
    assert names(page)[0] == rows.sort_values("tau_q50")["table"].iloc[0]


def test_row_leads_to_its_report_or_to_the_command_that_makes_it(page, site):
    link = page.locator(ROW).first.locator("a")
    assert link.get_attribute("href") == "t-00000/report.html"
    page.locator(ROW).nth(2).locator("button").focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog code").inner_text() == (
        "uv run snakemake results/many_trials/t-00002/report.html --cores 4 --configfile my.yaml"
    )
    page.keyboard.press("Escape")
    page.locator(ROW).first.locator(".drawing").click()
    assert page.locator("dialog a").get_attribute("href") == "t-00000/report.html"


def test_table_in_full_is_what_the_file_says(page, collection):
    row = collection.tables.iloc[3]
    page.locator(ROW).nth(3).locator(".drawing").click()
    facts = dict(
        zip(
            page.locator("dialog dt").all_inner_texts(),
            page.locator("dialog dd").all_inner_texts(),
            strict=True,
        )
    )
    assert facts["Groups"] == str(row["groups"])
    assert facts["P(μ > 0)"] == f"{row['p_mu_above_0']:.3f}"
    mean, _, interval = facts["μ"].partition(", 95 % interval ")
    ends = [float(end.replace("−", "-")) for end in interval.split(" to ")]
    assert [float(mean.replace("−", "-")), *ends] == pytest.approx(
        [row["mu_mean"], row["mu_q2.5"], row["mu_q97.5"]], abs=row["mu_sd"] / 10
    )
    assert facts["I²"] == f"{100 * row['i2']:.0f} %"
    assert facts["noncentered"].startswith(row["noncentered_verdict"])


def test_table_in_full_has_room_on_a_phone(open_page):
    page = open_page("collection", width=390)
    page.locator(ROW).nth(3).locator(".drawing").click()
    widths = page.locator("dialog dd").evaluate_all("all => all.map(e => e.clientWidth)")
    assert min(widths) > 130
    command = page.locator("dialog pre")
    assert command.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_drawing_is_to_scale(page, collection):
    bars = page.locator(ROW).evaluate_all(
        "rows => rows.slice(0, 9).map(row => ['.zero', '.span', '.dot'].map(part => "
        "row.querySelector(part).getBoundingClientRect()).flatMap(b => [b.left, b.right]))"
    )
    frame = page.locator(f"{ROW} .drawing").first.bounding_box()
    low, high = page.evaluate("JSON.parse(document.getElementById('data').textContent).scale")
    per_unit = frame["width"] / (high - low)
    for (zero, _, left, right, dot_left, dot_right), row in zip(
        bars, collection.tables.head(9).itertuples(), strict=True
    ):
        low_end, high_end = collection.tables.loc[row.Index, ["mu_q2.5", "mu_q97.5"]]
        centre = (dot_left + dot_right) / 2 - 0.5
        for place, value in ((left, low_end), (right, high_end), (centre, row.mu_mean)):
            assert place - zero == pytest.approx(value * per_unit, abs=2.5)


def test_a_hundred_collections_can_be_searched(open_page):
    page = open_page("index", width=390)
    frame = page.locator("#table-collections .frame")
    assert frame.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert page.locator("tbody tr:visible").count() == 100
    page.locator("input[type=search]").fill("nothing")
    assert page.locator("tbody tr:visible").count() == 0
