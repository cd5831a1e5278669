"""The page that lists every data set with its verdict at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from partial_pooling.report.results import Results


def write_index(reports: Sequence[tuple[str, Results]], templates: Path) -> str:
    """Fill the index page: each data set with its verdict at a glance.

    Parameters
    ----------
    reports
        Pairs of a link and the report it leads to.
    templates
        Folder of the Jinja template `index.html.j2`, which gets `rows`.
    """
    import jinja2

    rows = [
        {
            "link": link,
            "name": report.name,
            "groups": len(report.groups),
            "answer": report.verdict["answer"]["quote"],
            "sampler": report.best,
            "right": sum(setting["right"] for setting in report.sampling["settings"]),
            "fits": sum(setting["fits"] for setting in report.sampling["settings"]),
            "mu": f"{report.centre_in_words('mu')} ({report.interval('mu')})"
            + (f"; {report.reading.name} {report.as_read('mu')}" if report.reading else ""),
            "tau": f"{report.in_units('tau', 'q50')} ({report.interval('tau')})",
        }
        for link, report in reports
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("index.html.j2").render(rows=rows)
