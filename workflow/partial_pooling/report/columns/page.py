"""The page docs/columns.md, of all tables."""

from __future__ import annotations

from partial_pooling.report.columns.calibration import CALIBRATION
from partial_pooling.report.columns.collection import COLLECTION
from partial_pooling.report.columns.file import SHARED, expanded
from partial_pooling.report.columns.scorecard import SCORECARD
from partial_pooling.report.columns.study import STUDY

FILES = (*STUDY, *CALIBRATION, *COLLECTION, *SCORECARD)


def columns_text() -> str:
    """The page docs/columns.md."""
    lines = [
        "# Columns of the results",
        "",
        "<!-- Written by `python -m partial_pooling.report.generated`; edit report/columns/. -->",
        "",
        "All files are in `results/`. Numbers are in full precision; an empty cell is a number",
        "that does not exist or could not be computed. Columns of your own data file are in",
        "[config/README.md](../config/README.md).",
    ]
    for file in FILES:
        lines += ["", f"## `{file.name}`", "", f"A row is {file.row}.", ""]
        lines += ["| column | what it is |", "| --- | --- |"]
        described = {**{k: SHARED[k] for k in file.shared.split()}, **file.own}
        for key, meaning in described.items():
            names = ", ".join(f"`{name}`" for name in expanded(key))
            lines.append(f"| {names.replace(', ', '`, `') if ', ' in key else names} | {meaning} |")
    return "\n".join([*lines, ""])
