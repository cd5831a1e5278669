"""One report page of hostile group names, and a Chromium to open it in."""

import shutil

import pytest
from synthetic_results import hostile_groups, write_results

from partial_pooling.report.index import write_index
from partial_pooling.report.rendering import notebook_to_html, run_notebook
from partial_pooling.report.results import Results

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# no requests of the browser's own
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def browser():
    """Chromium of the system, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api")
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"no Chromium found: none of {', '.join(BROWSERS)} is on the PATH")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=executable, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory, pytestconfig):
    """A folder with report.html and index.html."""
    workflow = pytestconfig.rootpath / "workflow"
    templates = workflow / "notebooks/templates"
    folder = write_results(tmp_path_factory.mktemp("site"), hostile_groups())
    notebook = workflow / "notebooks/report.ipynb"
    run_notebook(notebook, folder / "report.ipynb", {"results": str(folder)}, {"results": "."})
    page = notebook_to_html(folder / "report.ipynb", templates)
    (folder / "report.html").write_text(page, encoding="utf-8")
    index = write_index([("report.html", Results(folder))], templates)
    (folder / "index.html").write_text(index, encoding="utf-8")
    return folder


@pytest.fixture
def open_page(browser, site):
    """Open a page in a context of its own; it must neither complain nor ask for anything."""
    contexts, complaints = [], []

    def watch(page, url):
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
        page.on(
            "request",
            lambda request: (
                None
                if request.url == url or request.url.startswith(("data:", "blob:"))
                else complaints.append(f"request of {request.url}")
            ),
        )

    def open_page(name="report", width=1280, scheme="light", folded=False, **options):
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        url = (site / f"{name}.html").as_uri()
        watch(page, url)
        page.goto(url)
        if not folded:
            page.evaluate(
                "for (const s of document.querySelectorAll('details.section')) s.open = true"
            )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
