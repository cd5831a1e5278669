"""Running the report notebook with papermill, and turning it into one HTML file with nbconvert."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)


def run_notebook(notebook: str | Path, output: str | Path, parameters: Mapping[str, Any]) -> None:
    """Run a notebook that has a cell tagged `parameters`.

    Parameters
    ----------
    notebook
        The notebook.
    output
        Where to write it with its outputs. Dates, durations and paths are taken out, so that
        equal results give equal bytes.
    parameters
        Values that replace those of the tagged cell.
    """
    import papermill
    from traitlets.config import Config

    config = Config()
    # Kernels that talk over TCP race for ports when several start at once.
    config.KernelManager.transport = "ipc"
    with tempfile.TemporaryDirectory(prefix="pp-") as runtime:
        # short: the path of a socket has at most 107 bytes
        os.environ["JUPYTER_RUNTIME_DIR"] = runtime
        executed = papermill.execute_notebook(
            str(notebook),
            str(output),
            parameters=dict(parameters),
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
            config=config,
        )
    for part in (executed, *executed.cells):
        part.metadata.pop("papermill", None)
        part.metadata.pop("execution", None)
    executed.metadata.pop("language_info", None)
    for number, cell in enumerate(executed.cells):
        cell.id = f"cell-{number}"
    nbformat.write(executed, str(output))


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
        The page: formulas as MathML, a list of contents made from its second-level headings.
    """
    from bs4 import BeautifulSoup
    from nbconvert import HTMLExporter

    content = nbformat.read(str(notebook), as_version=4)
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
    headings = BeautifulSoup(body, "html.parser").find_all("h2")
    links = "".join(
        f'<li><a href="#{heading["id"]}">{heading.get_text().removesuffix("¶")}</a></li>'
        for heading in headings
    )
    return str(body).replace("<!-- contents -->", f"<ol>{links}</ol>")


def _mathml(formula: re.Match[str]) -> str:
    from latex2mathml.converter import convert

    block, inline = formula.groups()
    mathml = str(convert(block or inline, display="block" if block else "inline"))
    # the converter takes the tilde of "is distributed as" for a letter, which has no space around
    return mathml.replace("<mi>&#x0007E;</mi>", "<mo>&#x223C;</mo>")
