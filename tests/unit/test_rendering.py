"""Notebooks run alike anywhere, several at once, and fail in one line."""

import ast
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from synthetic_results import hostile_groups, write_results

from partial_pooling.errors import InputError
from partial_pooling.report.rendering import MATH, _mathml, notebook_to_html, run_notebook

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "workflow/notebooks/report.ipynb"
TEMPLATES = ROOT / "workflow/notebooks/templates"


def write_notebook(path, *cells):
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    first = nbformat.v4.new_code_cell('results = "there"  # a folder')
    first.metadata.tags = ["parameters"]
    notebook.cells = [first, *(nbformat.v4.new_code_cell(cell) for cell in cells)]
    nbformat.write(notebook, path)
    return path


def shown(path):
    cells = nbformat.read(path, as_version=4).cells
    return [output.data for cell in cells for output in cell.get("outputs", ())]


@pytest.mark.slow
def test_equal_results_in_two_folders_give_equal_bytes(tmp_path):
    pages = []
    for place in ("here", "elsewhere/deeper"):
        folder = write_results(tmp_path / place, hostile_groups())
        run_notebook(NOTEBOOK, folder / "report.ipynb", {"results": str(folder)}, {"results": "."})
        (folder / "report.html").write_text(notebook_to_html(folder / "report.ipynb", TEMPLATES))
        pages.append([(folder / f"report.{end}").read_bytes() for end in ("ipynb", "html")])
    assert pages[0] == pages[1]
    for page in pages[0]:
        assert str(tmp_path).encode() not in page
        assert str(ROOT).encode() not in page
        assert b"papermill" not in page


@pytest.mark.slow
def test_notebook_in_the_results_folder_runs_where_it_lies(tmp_path, monkeypatch):
    folder = write_results(tmp_path / "results", hostile_groups())
    run_notebook(NOTEBOOK, folder / "report.ipynb", {"results": str(folder)}, {"results": "."})
    monkeypatch.chdir(folder)
    run_notebook("report.ipynb", "again.ipynb", {})
    first, again = map(shown, ("report.ipynb", "again.ipynb"))
    assert len(first) > 20
    assert first == again


def test_failing_cell_is_named_in_one_line(tmp_path):
    notebook = write_notebook(tmp_path / "n.ipynb", "x = 1", "# why\nraise KeyError('it\\nbroke')")
    with pytest.raises(InputError) as caught:
        run_notebook(notebook, tmp_path / "out.ipynb", {"results": "."})
    told = str(caught.value)
    assert told == r"n.ipynb, cell 3 (# why): KeyError: 'it\nbroke'"


def test_kernels_talk_over_sockets_and_leave_the_environment_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", "mine")
    notebook = write_notebook(
        tmp_path / "n.ipynb",
        "import sys\nfrom ipykernel.kernelapp import IPKernelApp\n"
        "app = IPKernelApp.instance()\napp.transport, app.ip",
        'print("a complaint", file=sys.stderr)\nprint(results)',
    )
    run_notebook(notebook, tmp_path / "out.ipynb", {"results": "/some/where"}, {"results": "."})
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    assert cells[0].source == 'results = "."  # a folder'
    transport, sockets = ast.literal_eval(cells[1].outputs[0].data["text/plain"])
    assert transport == "ipc"
    assert Path(sockets).is_absolute()  # else kernels of one working folder share their names
    assert not Path(sockets).parent.exists()
    assert [output.text for output in cells[2].outputs] == ["/some/where\n"]
    assert "a complaint" in capsys.readouterr().err
    assert os.environ["JUPYTER_RUNTIME_DIR"] == "mine"


FOUR = """
import sys
from partial_pooling.report.rendering import run_notebook
for k in range(10):
    run_notebook(sys.argv[1], f"{sys.argv[2]}-{k}.ipynb", {"results": sys.argv[2]})
"""


@pytest.mark.slow
def test_four_notebooks_at_once_ten_times(tmp_path):
    """Four processes run a notebook ten times each, as four render_report jobs would.

    The notebook is a tiny one, run by the same function as the report's: what could race is the
    start of the kernel and the way to it, and a report would only take longer.
    """
    notebook = write_notebook(tmp_path / "n.ipynb", "print(results)")

    def run(name):
        return subprocess.run(
            [sys.executable, "-c", FOUR, str(notebook), name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(run, "abcd"))
    assert [process.returncode for process in done] == [0] * 4, done
    for name in "abcd":
        for k in range(10):
            cells = nbformat.read(tmp_path / f"{name}-{k}.ipynb", as_version=4).cells
            assert cells[-1].outputs[0].text == f"{name}\n"


@pytest.mark.slow
def test_papermill_by_hand_needs_no_more_than_the_folder(tmp_path):
    folder = write_results(tmp_path / "results", hostile_groups())
    out = tmp_path / "out.ipynb"
    papermill = Path(sys.executable).with_name("papermill")
    if not papermill.exists():
        papermill = shutil.which("papermill")
    command = [papermill, NOTEBOOK, out, "-p", "results", folder]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    cells = nbformat.read(out, as_version=4).cells
    assert all(cell.outputs for cell in cells[2:] if cell.cell_type == "code")


def test_words_in_formulas_are_whole_and_upright():
    (formula,) = MATH.finditer(r"of $y_j \sim \mathrm{Normal}(\log \tau)$, say")
    mathml = _mathml(formula)
    assert "<mi>Normal</mi>" in mathml
    assert "<mo>&#x223C;</mo>" in mathml
    assert '<mi>log</mi><mspace width="0.17em"/>' in mathml
    assert mathml.endswith(",</span>")
