"""Files that are made from the code and lie in the repository.

    uv run python -m partial_pooling.report.generated

writes them anew: the configuration's JSON Schema, the tables of config/README.md, docs/columns.md,
docs/scorecard.md where a run's tables are stored, captions for Snakemake's report (which takes them
from files only) and the report's notebook. Tests hold each of them to the code.
"""

from __future__ import annotations

from pathlib import Path

import nbformat

from partial_pooling.figures import registry
from partial_pooling.figures.catalog import CATALOG
from partial_pooling.report.columns.page import columns_text
from partial_pooling.report.page import notebook
from partial_pooling.report.scorecard_document import DOCUMENT, STORED, document
from partial_pooling.study.reference import schema_text, with_tables

ROOT = Path(__file__).parents[3]


def generated() -> dict[Path, str]:
    """Text of each file, by its path."""
    readme = ROOT / "config" / "README.md"
    captions = ROOT / "workflow" / "report"
    return {
        ROOT / "workflow" / "schemas" / "config.schema.yaml": schema_text(),
        readme: with_tables(readme.read_text(encoding="utf-8")),
        ROOT / "workflow" / "notebooks" / "report.ipynb": nbformat.writes(notebook()) + "\n",
        ROOT / "docs" / "columns.md": columns_text(),
        **({DOCUMENT: document()} if STORED.exists() else {}),
        **{captions / f"{figure.name}.rst": registry.template(figure) for figure in CATALOG},
    }


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
