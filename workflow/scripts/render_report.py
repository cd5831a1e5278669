"""Adapter of rule render_report."""

from pathlib import Path
from typing import Any

from partial_pooling.files import replacing
from partial_pooling.logs import log_to
from partial_pooling.report.rendering import notebook_to_html, run_notebook


def main(job: Any) -> None:
    results = Path(job.input.verdict).parent
    with replacing(job.output.notebook) as path:
        # the notebook that people find in the results folder runs where it lies
        run_notebook(job.input.notebook, path, {"results": str(results)}, {"results": "."})
    with replacing(job.output.html) as path:
        html = notebook_to_html(job.output.notebook, Path(job.input.template[0]).parent.parent)
        path.write_text(html, encoding="utf-8")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
