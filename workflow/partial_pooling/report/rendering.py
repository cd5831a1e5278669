"""Running the report notebook with papermill, and turning it into one HTML file with nbconvert."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat

from partial_pooling.errors import InputError
from partial_pooling.report.policy import with_policy

# A formula, with the punctuation that must not be parted from it by a line's end.
MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$([.,;:)]*)", re.DOTALL)
# How a section opens: its heading and its finding.
OPENING = re.compile(
    r'<h2 id="(?P<anchor>.+?)">(?P<heading>.+?)</h2><p class="finding">.*?</p>', re.DOTALL
)
ROMAN = re.compile(r'<mrow>((?:<mi mathvariant="normal">.</mi>){2,})</mrow>')


def run_notebook(
    notebook: str | Path,
    output: str | Path,
    parameters: Mapping[str, Any],
    written: Mapping[str, Any] | None = None,
) -> None:
    """Run a notebook that has a cell tagged `parameters`.

    Parameters
    ----------
    notebook
        The notebook.
    output
        Where to write it with its outputs. Dates, durations and what cells write to stderr (which
        goes to this process's) are left out, so that equal results give equal bytes.
    parameters
        Values that replace those of the tagged cell.
    written
        Values that the written notebook shows in their place; by default the same.

    Raises
    ------
    InputError
        A cell failed; the message names it and the error in one line.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    config = Config()
    try:
        with _runtime_directory() as runtime:
            # Kernels that talk over TCP race for ports when several start at once, and those that
            # talk over sockets for the sockets' names, which by default lie in the working folder.
            config.KernelManager.transport = "ipc"
            config.KernelManager.ip = f"{runtime}/kernel"
            executed = papermill.execute_notebook(
                str(notebook),
                str(output),
                parameters=dict(parameters),
                kernel_name="python3",
                progress_bar=False,
                request_save_on_cell_execute=False,
                start_timeout=600,  # seconds; papermill's 60 can be too few on a crowded machine
                config=config,
            )
    except PapermillExecutionError as error:
        first = next(iter(error.source.strip().splitlines()), "")
        told = " ".join(str(error.evalue).split())
        raise InputError(
            f"{Path(notebook).name}, cell {error.cell_index} ({first}): {error.ename}: {told}"
        ) from None
    if written is not None:
        _replace_parameters(executed, written)
    _forget_the_run(executed)
    nbformat.write(executed, str(output))


@contextmanager
def _runtime_directory() -> Iterator[str]:
    """Give a kernel a folder of its own for its sockets and connection file, with a short path.

    The path of a socket has at most 104 bytes on macOS, 107 on Linux.
    """
    usual = tempfile.gettempdir()
    short = usual if len(usual) <= 30 or not os.access("/tmp", os.W_OK) else "/tmp"
    before = os.environ.get("JUPYTER_RUNTIME_DIR")
    with tempfile.TemporaryDirectory(prefix="pp-", dir=short) as runtime:
        os.environ["JUPYTER_RUNTIME_DIR"] = runtime
        try:
            yield runtime
        finally:
            if before is None:
                del os.environ["JUPYTER_RUNTIME_DIR"]
            else:
                os.environ["JUPYTER_RUNTIME_DIR"] = before


def _replace_parameters(notebook: nbformat.NotebookNode, written: Mapping[str, Any]) -> None:
    """Drop the cell that papermill put in; write other values into the one tagged `parameters`."""
    cells = {tag: cell for cell in notebook.cells for tag in cell.metadata.get("tags", ())}
    if injected := cells.get("injected-parameters"):
        notebook.cells.remove(injected)
    lines = cells["parameters"].source.splitlines()
    for number, line in enumerate(lines):
        name, _, rest = line.partition(" = ")
        if name in written:
            _, mark, comment = rest.partition("  #")
            lines[number] = f"{name} = {json.dumps(written[name])}{mark}{comment}"
    cells["parameters"].source = "\n".join(lines)


def _forget_the_run(notebook: nbformat.NotebookNode) -> None:
    """Take out what differs from run to run; pass on what cells wrote to stderr."""
    notebook.metadata.pop("language_info", None)
    for part in (notebook, *notebook.cells):
        part.metadata.pop("papermill", None)
        part.metadata.pop("execution", None)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    for number, cell in enumerate(code, 1):
        cell.execution_count = number
        for output in list(cell.outputs):
            if "execution_count" in output:
                output.execution_count = number
            if output.get("name") == "stderr":
                sys.stderr.write(output.text)
                cell.outputs.remove(output)


def notebook_to_html(notebook: str | Path, templates: str | Path) -> str:
    """Turn a notebook with its outputs into one HTML page that needs no network.

    Parameters
    ----------
    notebook
        A notebook of `run_notebook`.
    templates
        Folder that holds the nbconvert template `page`.

    Returns
    -------
    str
        The page: formulas as MathML; cells grouped into the sections that their metadata name, one
        whose opening is empty left out; a list of contents by chapter. Code is hidden below the
        output that it leads to.
    """
    from nbconvert import HTMLExporter

    content = nbformat.read(str(notebook), as_version=4)
    sections = _sections(content)
    silent = ""
    for cell in content.cells:
        if cell.cell_type == "markdown":
            cell.source = MATH.sub(_mathml, cell.source)
        elif cell.outputs:
            cell.source, silent = silent + cell.source, ""
        else:  # shown with the next cell that has something to show
            cell.source, silent = "", f"{silent}{cell.source}\n\n"
    exporter = HTMLExporter(template_name="page", extra_template_basedirs=[str(templates)])
    body, _ = exporter.from_notebook_node(content)
    title = next(re.finditer(r"<h1>(.*?)</h1>", str(body)), None)
    links = "".join(
        f'<li><span class="chapter">{escape(chapter)}</span><ul>'
        + "".join(f'<li><a href="#{anchor}">{name}</a></li>' for _, anchor, name in of_chapter)
        + "</ul></li>"
        for chapter, of_chapter in groupby(sections, key=lambda section: section[0])
    )
    page = (
        str(body)
        .replace("<!-- title -->", title[1] if title else "report", 1)
        .replace("<!-- contents -->", f"<ul>{links}</ul>", 1)
    )
    return with_policy(page, Path(templates) / "page/index.html.j2")


def _sections(content: nbformat.NotebookNode) -> list[tuple[str, str, str]]:
    """Mark the cells that open and close a section; drop the sections that tell nothing.

    Returns
    -------
    list of tuple
        Chapter, anchor and heading (HTML) of each section that is left.
    """
    kept, found = [], []
    for name, group in groupby(content.cells, key=lambda cell: cell.metadata.get("section")):
        cells = list(group)
        if name:
            opening = OPENING.search(_html_of(cells[0]))
            if opening is None:
                continue
            cells[0].metadata["opening"] = opening[0]
            _set_html_of(cells[0], opening.string.replace(opening[0], "", 1))
            cells[-1].metadata["closes"] = True
            found.append((cells[0].metadata["chapter"], opening["anchor"], opening["heading"]))
        kept += cells
    content.cells = kept
    return found


def _html_of(cell: nbformat.NotebookNode) -> str:
    return "".join(output.data.get("text/html", "") for output in cell.get("outputs", ()))


def _set_html_of(cell: nbformat.NotebookNode, html: str) -> None:
    cell.outputs[0].data["text/html"] = html


def _mathml(formula: re.Match[str]) -> str:
    from latex2mathml.converter import convert

    block, inline, after = formula.groups()
    # The converter sets \mathrm{E} in italics, takes the tilde of "is distributed as" for a letter,
    # which has no space around, names such as log likewise, and sets words letter by letter.
    latex = re.sub(r"\\mathrm\{(\w)\}", r"\\text{\1}", block or inline)
    mathml = str(convert(latex, display="block" if block else "inline"))
    mathml = mathml.replace("<mi>&#x0007E;</mi>", "<mo>&#x223C;</mo>")
    mathml = mathml.replace("<mi>log</mi>", '<mi>log</mi><mspace width="0.17em"/>')
    mathml = ROMAN.sub(lambda word: f"<mi>{re.sub('<[^>]*>', '', word[1])}</mi>", mathml)
    return mathml if block else f'<span class="nobr">{mathml}{after}</span>'
