"""The notebook opened in a real Jupyter: names of groups stay text there, too.

    uv run --with jupyterlab pytest -n0 tests/browser/test_jupyter.py

JupyterLab is no dependency: without it these tests are skipped.
"""

import json
import secrets
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from hostile_names import HOSTILE_NAMES, TAKEN
from synthetic_results import hostile_groups, write_results

from partial_pooling.report.rendering import run_notebook

pytestmark = pytest.mark.slow
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: uv run --with jupyterlab")

# every cell is drawn, wherever the reader has scrolled to
NOTEBOOK_SETTINGS = "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--IdentityProvider.token=",
    "--ServerApp.port=0",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pytestconfig):
    """A report's notebook of 48 hostile names, and the same with a script that came in."""
    folder = write_results(tmp_path_factory.mktemp("jupyter"), hostile_groups(HOSTILE_NAMES))
    notebook = pytestconfig.rootpath / "workflow/notebooks/report.ipynb"
    run_notebook(notebook, folder / "report.ipynb", {"results": str(folder)}, {"results": "."})
    content = nbformat.read(folder / "report.ipynb", as_version=4)
    shown = {"text/html": f"<img src=x onerror={TAKEN}>"}
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", shown)])
    content.cells.insert(0, cell)
    nbformat.write(content, folder / "control.ipynb")
    return folder


@pytest.fixture(scope="module")
def jupyter(folder, tmp_path_factory):
    """Address of a JupyterLab in that folder, and its environment."""
    home = tmp_path_factory.mktemp("home")
    settings = home / "settings" / NOTEBOOK_SETTINGS
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"windowingMode": "none"}))
    environment = {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
    }
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *OPTIONS],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield address(server, home), environment
    finally:
        server.terminate()
        server.wait(timeout=30)


def address(server, home):
    """Wait until the server answers; where it does."""
    for _ in range(600):
        for path in home.rglob("jpserver-*.json"):
            url = json.loads(path.read_text())["url"]
            with urllib.request.urlopen(f"{url}api"):
                return url
        assert server.poll() is None, (home / "log").read_text()
        time.sleep(0.1)
    raise AssertionError((home / "log").read_text())


def opened(browser, url, name):
    """A page with a notebook whose outputs have been drawn, and what it asked others for."""
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    # a workspace of its own: the default one shows again what was open before
    page.goto(f"{url}lab/workspaces/{secrets.token_hex(4)}/tree/{name}")
    page.wait_for_selector(".jp-OutputArea-output table", timeout=120_000)
    page.wait_for_timeout(3000)  # all of them, and what they would have done
    return page, [one for one in asked if not one.startswith((url, "data:", "blob:", "dialog"))]


def taken(page):
    return page.evaluate("window.taken === 1 || document.title === 'taken'")


@pytest.mark.parametrize("trusted", [False, True])
def test_hostile_names_are_text_in_jupyter_and_execute_nothing(folder, jupyter, browser, trusted):
    url, environment = jupyter
    if trusted:  # as after running it there: then Jupyter executes what an output holds
        trust = [sys.executable, "-m", "jupyter", "trust", "report.ipynb", "control.ipynb"]
        subprocess.run(trust, cwd=folder, env=environment, check=True)
    page, asked = opened(browser, url, "report.ipynb")
    assert not taken(page)
    assert asked == []
    shown = page.locator(".jp-Notebook").text_content()
    assert [name for name in HOSTILE_NAMES if name not in shown] == []
    assert (
        page.locator(".jp-OutputArea-output [onerror], .jp-OutputArea-output iframe").count() == 0
    )
    page.close()
    # a script that came in is seen, where there is something to see
    page, _ = opened(browser, url, "control.ipynb")
    assert taken(page) == trusted
    page.close()
