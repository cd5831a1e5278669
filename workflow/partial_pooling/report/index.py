"""The page that lists every data set, and every collection of tables, at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from partial_pooling.grading.grades import FEW, RIGHT, WRONG
from partial_pooling.report.collection import Collection
from partial_pooling.report.policy import with_policy
from partial_pooling.report.results import Results
from partial_pooling.words import significant

MANY = 10  # rows from which a table can be searched


def write_index(
    reports: Sequence[tuple[str, Results]],
    templates: Path,
    collections: Sequence[tuple[str, Collection]] = (),
) -> str:
    """Fill the index page: each data set with its verdict at a glance.

    Parameters
    ----------
    reports
        Pairs of a link and the report it leads to.
    templates
        Folder of the Jinja template `index.html.j2`, which gets `rows` and `collections`.
    collections
        Pairs of a link and the collection whose page it leads to.
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
    page = environment.get_template("index.html.j2").render(
        rows=rows, collections=[_row(*pair) for pair in collections], many=MANY
    )
    return with_policy(page, templates / "index.html.j2")


def _row(link: str, collection: Collection) -> dict[str, Any]:
    """What the index tells of a collection."""
    usable, digits = collection.usable, significant(2)
    wrong = []
    for model in collection.models:
        verdicts = usable[f"{model}_verdict"]
        wrong.append(
            {
                "model": model,
                "wrong": int((verdicts == WRONG).sum()),
                "fits": int(verdicts.isin((RIGHT, FEW, WRONG)).sum()),
            }
        )
    # quantiles of no table at all do not exist
    tau = [digits(usable["tau_q50"].quantile(p)) for p in (0.5, 0.05, 0.95)] if len(usable) else []
    return {
        "link": link,
        "name": collection.name,
        "tables": len(collection.tables),
        "unusable": len(collection.tables) - len(usable),
        "tau": f"{tau[0]} ({tau[1]} to {tau[2]})" if tau else "–",
        "wrong": wrong,
    }
