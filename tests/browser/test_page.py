"""The report's page as a reader meets it, in Chromium."""

import base64
import csv
import io
import itertools
import re
from urllib.parse import unquote_to_bytes

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from even_columns import uneven
from synthetic_results import HOSTILE

from partial_pooling.figures import registry
from partial_pooling.report.captions import FIGURES, caption
from partial_pooling.report.index import write_index
from partial_pooling.report.results import Results
from partial_pooling.report.svg import compact

pytestmark = pytest.mark.slow

WIDTHS = (390, 1024, 1600)
THEMES = ("light", "dark")
CURRENT = "nav a[aria-current]"

# For every visible text: its colour, that of what lies behind it, its size and weight.
TEXTS = """() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest("script, style")) continue;
    let behind = element, back = [0, 0, 0, 0];
    while (behind && (back.length === 4 && back[3] === 0)) {
      back = rgb(getComputedStyle(behind).backgroundColor);
      behind = behind.parentElement;
    }
    const style = getComputedStyle(element);
    const key = [style.color, back.join()].join("/");
    const text = walker.currentNode.data.trim().slice(0, 40);
    found.push({ key, text, fore: rgb(style.color), back });
  }
  return [...new Map(found.map(item => [item.key, item])).values()];
}"""


def contrast(one, other):
    """Ratio of WCAG 2.2, from 1 to 21."""

    def luminance(colour):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (value / 255 for value in colour[:3])
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def column(page, table, number):
    return page.locator(f"#table-{table} tbody tr:visible td:nth-child({number})").all_inner_texts()


def test_contrast_is_that_of_the_standard():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


# -- legible ------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_text_has_contrast(open_page, width, theme):
    page = open_page(width=width, scheme=theme)
    page.locator("#code").click()
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    texts = page.evaluate(TEXTS)
    assert len(texts) >= 6
    for text in texts:
        assert contrast(text["fore"], text["back"]) >= 4.5, text


@pytest.mark.parametrize("theme", THEMES)
def test_controls_and_focus_stand_out(open_page, theme):
    page = open_page(scheme=theme)
    for selector, edge in (("#theme", "borderColor"), ("input", "borderColor")):
        colours = page.locator(selector).evaluate(
            f"e => [getComputedStyle(e).{edge}, getComputedStyle(document.body).backgroundColor]"
        )
        assert contrast(*([int(n) for n in re.findall(r"\d+", c)] for c in colours)) >= 3
    page.keyboard.press("Tab")
    seen = set()
    for _ in range(40):
        focus = page.evaluate(
            "(({outlineStyle, outlineWidth}) => [outlineStyle, outlineWidth])"
            "(getComputedStyle(document.activeElement))"
        )
        assert focus == ["solid", "3px"]
        seen.add(page.evaluate("document.activeElement.tagName"))
        page.keyboard.press("Tab")
    assert seen >= {"A", "BUTTON", "SUMMARY", "DIV"}


@pytest.mark.parametrize("name", ["report", "index"])
@pytest.mark.parametrize("width", WIDTHS)
def test_page_does_not_go_on_sideways(open_page, name, width):
    page = open_page(name, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    beyond = page.evaluate(
        "w => [...document.querySelectorAll('main *')].filter(e => !e.closest('.frame, pre, math, "
        "details:not([open])') && e.getBoundingClientRect().right > w).map(e => e.outerHTML)",
        width,
    )
    assert beyond == []


def test_wide_tables_scroll_in_their_frame_on_a_phone(open_page):
    page = open_page(width=390)
    frame = page.locator("#table-cells .frame")
    wide, narrow = frame.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert wide > narrow
    page.wait_for_function("document.querySelector('#table-cells').classList.contains('more')")
    frame.evaluate("e => { e.scrollLeft = e.scrollWidth; }")
    page.wait_for_function("!document.querySelector('#table-cells').classList.contains('more')")
    first = page.locator("#table-cells tbody td").first.bounding_box()
    assert first["x"] >= 0  # the first column stays


def test_print_is_light_and_whole(open_page):
    page = open_page(scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == "rgb(255, 255, 255)"
    for hidden in ("nav", ".bar", ".tools", "pre.code", "#table-cells .frame"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator("dt", has_text="R-hat").is_visible()
    assert page.locator("#table-groups").is_visible()
    assert len(page.pdf(format="A4")) > 10_000


# -- contents -----------------------------------------------------------------------------------


def test_contents_lead_to_every_section_and_follow_the_reader(open_page):
    page = open_page()
    headings = [text.removesuffix("¶") for text in page.locator("h2").all_text_contents()]
    links = page.locator("nav a")
    assert links.all_inner_texts() == headings
    assert page.locator(CURRENT).count() == 0
    for number in (2, 5, len(headings) - 1, 0):
        links.nth(number).click()
        page.wait_for_function(
            "name => document.querySelector('nav a[aria-current]')?.textContent === name",
            arg=headings[number],
        )
        top = page.locator("h2").nth(number).bounding_box()["y"]
        assert top < 800
        assert number == len(headings) - 1 or 50 <= top < 140


def test_contents_fold_away_on_a_phone_and_name_the_section(open_page):
    page = open_page(width=390)
    links = page.locator("nav a")
    assert not links.first.is_visible()
    page.locator("nav summary").click()
    assert links.first.is_visible()
    links.get_by_text("the funnel").click()
    assert not links.first.is_visible()
    page.wait_for_function("document.querySelector('nav .here').textContent.endsWith('funnel')")
    bar, heading = (
        page.locator("nav").bounding_box(),
        page.locator("#funnel").bounding_box(),
    )
    assert bar["y"] + bar["height"] <= heading["y"] + 20


# -- tables -------------------------------------------------------------------------------------


def test_headings_sort_by_number_up_and_down(open_page):
    page = open_page()
    head = page.locator("#table-cells th", has_text="gradients")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    values = [int(text.replace(",", "")) for text in column(page, "cells", 19)]
    assert values == sorted(values)
    assert len(set(values)) > 2
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    values = [int(text.replace(",", "")) for text in column(page, "cells", 19)]
    assert values == sorted(values, reverse=True)


def test_missing_values_sort_last_both_ways_and_names_by_letter(open_page):
    page = open_page()
    head = page.locator("#table-classical th", has_text=re.compile("^μ$")).get_by_role("button")
    for _ in range(2):
        head.click()
        assert column(page, "classical", 3)[-1] == "–"
    page.locator("#table-groups th").first.get_by_role("button").click()
    assert column(page, "groups", 1)[-1] == HOSTILE[-1]


def test_decimals_are_even_in_every_column_of_every_table(site):
    page = BeautifulSoup((site / "report.html").read_text(encoding="utf-8"), "html.parser")
    assert len(page("table")) > 15
    assert uneven(page) == {}


def test_filter_keeps_rows_that_have_every_word(open_page):
    page = open_page()
    box = page.locator("#table-cells input")
    count = page.locator("#table-cells output")
    assert count.inner_text() == "24 of 24 rows"
    box.fill("noncentered 0.95 right")
    assert count.inner_text() == "6 of 24 rows"
    assert set(column(page, "cells", 1)) == {"noncentered"}
    assert set(column(page, "cells", 2)) == {"0.95"}
    box.fill("1000")  # a number is a whole cell, thousands written as people do or not
    assert set(column(page, "cells", 4)) == {"1,000"}
    box.fill("nothing has this")
    assert count.inner_text() == "0 of 24 rows"
    box.fill("")
    assert count.inner_text() == "24 of 24 rows"


def download(page, table):
    with page.expect_download() as caught:
        page.locator(f"#table-{table} .csv").click()
    assert caught.value.suggested_filename == f"{table}.csv"
    return caught.value.path().read_text(encoding="utf-8")


def test_csv_has_full_digits_and_hostile_names(open_page, site):
    rows = list(csv.reader(io.StringIO(download(open_page(), "groups"))))
    assert rows[0] == [
        "group",
        "estimate y",
        "std. error σ",
        "θ mean",
        "θ sd",
        "θ 2.5 %",
        "θ 97.5 %",
    ]
    data = pd.read_csv(site / "data.csv", keep_default_na=False)
    assert [row[0] for row in rows[1:]] == list(HOSTILE)
    assert [float(row[1]) for row in rows[1:]] == list(data["estimate"])


def test_csv_holds_the_rows_that_are_shown_in_their_order(open_page):
    page = open_page()
    page.locator("#table-cells input").fill("noncentered 500")
    page.locator("#table-cells th", has_text="seed").get_by_role("button").click()
    rows = list(csv.DictReader(io.StringIO(download(page, "cells"))))
    assert [row["seed"] for row in rows] == ["1", "1", "2", "2", "3", "3"]
    assert {row["draws"] for row in rows} == {"500"}
    assert {row["verdict"] for row in rows} == {"right"}
    assert {row["alarms"] for row in rows} == {"divergences", "–"}


# -- light, dark, code --------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_theme_follows_the_system_until_the_reader_chooses(open_page, theme):
    page = open_page(scheme=theme)
    backs = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}
    other = "dark" if theme == "light" else "light"
    back = "getComputedStyle(document.body).backgroundColor"
    button = page.locator("#theme")
    assert page.evaluate(back) == backs[theme]
    assert button.inner_text() == f"{other.capitalize()} mode"
    button.click()
    assert page.evaluate(back) == backs[other]
    assert button.inner_text() == f"{theme.capitalize()} mode"
    page.reload()
    assert page.evaluate(back) == backs[other]
    button.click()
    assert page.evaluate(back) == backs[theme]


def test_theme_follows_a_system_that_changes(open_page):
    page = open_page(scheme="light")
    page.emulate_media(color_scheme="dark")
    assert page.locator("#theme").inner_text() == "Light mode"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"


def test_code_is_behind_one_button(open_page):
    page = open_page()
    code = page.locator("pre.code code")
    assert code.count() > 15
    assert not any(code.nth(k).is_visible() for k in range(code.count()))
    page.locator("#code").click()
    assert all(code.nth(k).is_visible() for k in range(code.count()))
    assert "Results.find(results)" in code.nth(0).inner_text()
    assert code.nth(1).inner_text() == (
        "joined(\n    opening(report, groups),\n    groups.data_table(report),\n)"
    )
    page.locator("#code").click()
    assert not code.nth(1).is_visible()


# -- sections -----------------------------------------------------------------------------------


def test_sections_of_the_sampler_are_folded_until_asked_for(open_page):
    page = open_page(folded=True)
    verdicts = page.locator("#table-verdicts")
    assert page.locator("#sampling").is_visible()
    assert page.locator("details.section .finding").first.is_visible()
    assert not verdicts.is_visible()
    page.locator("p.sampler a").click()
    assert verdicts.is_visible()
    assert not page.locator("#table-cells").is_visible()
    unfold = page.locator("#unfold")
    unfold.click()
    assert page.locator("#table-cells").is_visible()
    assert unfold.inner_text() == "Close all"
    unfold.click()
    assert not verdicts.is_visible()
    assert page.locator("#table-groups").is_visible()


def test_an_address_opens_the_section_that_it_names(open_page):
    page = open_page(folded=True)
    page.goto(f"{page.url}#fits")
    page.wait_for_function("document.querySelector('#table-cells').checkVisibility()")
    page.reload()
    assert page.locator("#table-cells").is_visible()


def test_marks_of_the_first_screen_lead_to_their_sections(open_page):
    page = open_page(folded=True)
    for mark in page.locator(".marks a").all():
        mark.click()
        (name,) = [mark.get_attribute("href")[1:]]
        page.wait_for_function(
            "id => { const top = document.getElementById(id).getBoundingClientRect().top;"
            " return top >= 0 && top < innerHeight; }",
            arg=name,
        )


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_without_its_folds_is_short(open_page, width):
    height = open_page(width=width, folded=True).evaluate("document.documentElement.scrollHeight")
    assert height < (14_000 if width == 390 else 10_500)


@pytest.mark.parametrize(
    "name",
    [
        "#table-groups",
        *(f"#figure-{f.name}" for f in registry.FIGURES if f.narrow in registry.embedded()),
    ],
)
def test_nothing_that_all_readers_need_is_cut_on_a_phone(open_page, name):
    page = open_page(width=390, folded=True)
    wide, narrow = page.locator(f"{name} .frame").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert wide <= narrow


def test_a_row_is_a_block_with_its_columns_names_on_a_phone(open_page):
    page = open_page(width=390)
    row = page.locator("#table-groups tbody tr").first
    boxes = [cell.bounding_box() for cell in row.locator("td").all()]
    assert boxes[0]["y"] < boxes[1]["y"] == boxes[2]["y"] < boxes[3]["y"]
    named = row.locator("td").nth(1).evaluate("e => getComputedStyle(e, '::before').content")
    assert named == '"estimate y"'


@pytest.mark.parametrize(("width", "file"), [(390, 1), (1024, 0)])
def test_a_phone_gets_the_narrow_forest(open_page, site, width, file):
    page = open_page(width=width)
    shown = page.locator("#figure-forest img").evaluate("e => e.currentSrc")
    _, coding, data = re.match(r"data:([^,]*?)(;base64)?,(.*)", shown, re.DOTALL).groups()
    svg = base64.b64decode(data) if coding else unquote_to_bytes(data)
    names = ("forest", "forest_narrow")
    assert svg.decode() == compact((site / "figures" / f"{names[file]}.svg").read_text())


def test_the_verdict_is_in_view_on_a_small_laptop_and_badges_keep_to_a_line(open_page):
    page = open_page(width=1024)
    frame = page.locator("#table-verdicts .frame").bounding_box()
    for heading in ("right", "wrong", "alarm"):
        head = page.locator("#table-verdicts th", has_text=re.compile(f"^{heading}$"))
        box = head.bounding_box()
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]
    for badge in page.locator("td .badge").all():
        assert badge.bounding_box()["height"] < 34


# -- content ------------------------------------------------------------------------------------


def test_page_opens_without_complaint_offline(open_page):
    page = open_page(offline=True)
    assert page.title() == "made up · partial-pooling"
    assert page.locator("h1").inner_text() == "made up"
    page.mouse.wheel(0, 100_000)  # what open_page watches for would come by now
    page.wait_for_timeout(200)


def test_names_of_groups_stay_text(open_page):
    page = open_page()
    assert column(page, "groups", 1) == list(HOSTILE)
    assert page.locator("main script, main [onerror]").count() == 0
    assert any(HOSTILE[0] in text for text in page.locator("figcaption").all_inner_texts())


@pytest.mark.parametrize("name", ["report", "index"])
def test_a_script_that_came_in_does_not_run(site, browser, tmp_path, name):
    """As if a name had slipped through: the page's own scripts run, and no other."""
    whole = (site / f"{name}.html").read_text(encoding="utf-8")
    assert "'unsafe-inline'; base-uri" not in whole
    came_in = (
        "<script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">"
    )
    path = tmp_path / "page.html"
    path.write_text(whole.replace("</main>", f"{came_in}</main>"), encoding="utf-8")
    page = browser.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(path.as_uri())
    page.wait_for_timeout(200)
    assert page.title() != "taken"
    assert sum("Content Security Policy" in text for text in refused) >= 2
    assert page.locator("#theme").is_visible()  # shown by the page's own script
    page.close()


def test_a_script_that_came_in_could_load_nothing(site, browser):
    page = browser.new_page()
    page.goto((site / "report.html").as_uri())
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: asked.append(request.url))
    loaded = page.evaluate(
        "fetch('https://example.invalid/').then(() => 'loaded', () => 'refused')"
    )
    assert loaded == "refused"
    assert asked == []
    page.close()


def test_formulas_are_mathml_and_have_a_size(open_page):
    page = open_page()
    formulas = page.locator("math")
    assert formulas.count() > 10
    for k in range(formulas.count()):
        box = formulas.nth(k).bounding_box()
        assert box["width"] > 4
        assert box["height"] > 6
    assert "$" not in "".join(page.locator("div.text").all_inner_texts())
    assert "Normal" in page.locator("math[display=block] mi").all_text_contents()


def test_every_figure_is_drawn_with_a_caption_and_alternative_text(open_page, site):
    page, report = open_page(), Results(site)
    assert page.locator("figure").count() == len(FIGURES)
    for name in FIGURES:
        figure = page.locator(f"#figure-{name}")
        image = figure.locator("img")
        assert image.evaluate("e => e.decode().then(() => e.naturalWidth)") > 0
        told = image.get_attribute("alt"), figure.locator("figcaption").text_content()
        assert [text.replace("\xa0", " ") for text in told] == [
            text.replace("\xa0", " ") for text in caption(report, name)
        ]


def test_landmarks_and_headings_are_in_order(open_page):
    page = open_page()
    for role in ("banner", "navigation", "main"):
        assert page.get_by_role(role).count() == 1
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    identifiers = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize("width", WIDTHS)
def test_index_of_fifty_data_sets_is_whole_and_sorts(browser, site, pytestconfig, width):
    reports = [("report.html", Results(site))] * 50
    templates = pytestconfig.rootpath / "workflow/notebooks/templates"
    (site / "fifty.html").write_text(write_index(reports, templates), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto((site / "fifty.html").as_uri())
    for box in ("document.documentElement", "document.querySelector('.frame')"):
        assert page.evaluate(f"{box}.scrollWidth <= {box}.clientWidth")
    page.get_by_role("button", name="τ").click()
    assert page.locator("th[aria-sort]").inner_text().startswith("τ")
    page.close()


def test_index_leads_to_the_report(browser, site):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    row = page.locator("tbody tr")
    assert "right\nnoncentered, 0.8" in row.inner_text()
    row.locator("a").click()
    assert page.locator("h1").inner_text() == "made up"
    page.close()
