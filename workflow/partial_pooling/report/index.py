"""The page that lists every data set, and every collection of tables, at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from partial_pooling.errors import InputError
from partial_pooling.grading.grades import FEW, RIGHT, WRONG
from partial_pooling.report.collection import Collection
from partial_pooling.report.intervals import Drawn, draw
from partial_pooling.report.policy import with_policy
from partial_pooling.report.results import Results
from partial_pooling.words import PERCENTS, at_scales, even

MANY = 10  # rows from which a table can be searched
# What results of another version raise when they are read as those of this one.
UNREADABLE = (InputError, KeyError, TypeError, ValueError)


def write_index(
    reports: Sequence[tuple[str, Results]],
    templates: Path,
    collections: Sequence[tuple[str, Collection]] = (),
    others: Sequence[tuple[str, Results]] = (),
    other_collections: Sequence[tuple[str, Collection]] = (),
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
    others, other_collections
        Such pairs of results that lie beside, which the present configuration does not cover.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates), autoescape=True, undefined=jinja2.StrictUndefined
    )
    rows, unreadable = _rows(reports, others)
    lines = [_row(*pair) for pair in collections]
    for link, collection in other_collections:
        try:
            lines.append({**_row(link, collection), "covered": False})
        except UNREADABLE as error:
            unreadable.append({"link": link, "name": collection.name, "why": _why(error)})
    form = even(2).of(value for line in lines for value in line["tau"])
    for line in lines:
        median, low, high = map(form, line["tau"])
        line["tau"] = f"{median} ({low} to {high})" if line["tables"] > line["unusable"] else "–"
    page = environment.get_template("index.html.j2").render(
        rows=rows, collections=lines, unreadable=unreadable, many=MANY
    )
    return with_policy(page, templates / "index.html.j2")


def _rows(
    reports: Sequence[tuple[str, Results]], others: Sequence[tuple[str, Results]]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Rows of data sets, and which of the others cannot be read."""
    told = [(_told(*pair), pair[1]) for pair in reports]
    unreadable = []
    for link, report in others:
        try:
            told.append(({**_told(link, report), "covered": False}, report))
        except UNREADABLE as error:
            name = report.folder.name.replace("_", " ")
            unreadable.append({"link": link, "name": name, "why": _why(error)})
    results = [report for _, report in told]
    for (row, _), numbers in zip(told, _numbers(results), strict=True):
        row.update(numbers)
    # one scale for those of a measure; of others nothing says that their units are alike
    scales: dict[str, list[int]] = {}
    for k, (_, report) in enumerate(told):
        scales.setdefault(report.measure.name if report.measure else f"row {k}", []).append(k)
    for which in scales.values():
        for variable in ("mu", "tau"):
            words = [told[k][0][f"{variable}_words"] for k in which]
            drawn = draw([_drawn(told[k][1], variable) for k in which], words)
            for k, svg in zip(which, drawn, strict=True):
                told[k][0][f"{variable}_drawn"] = svg
    return [row for row, _ in told], unreadable


def _told(link: str, report: Results) -> dict[str, Any]:
    """What the index tells of a data set."""
    path, commit = str(report.dataset["path"]), report.provenance["git_commit"]
    return {
        "link": link,
        "name": report.name,
        "covered": True,
        "path": Path(path).name,
        "origin": f"{path}, SHA-256 {report.provenance['data_sha256']}, code {commit}",
        "groups": len(report.groups),
        "mu_value": report.value("mu", "q50"),
        "tau_value": report.value("tau", "q50"),
        "new_value": report.value("theta_new", "q97.5") - report.value("theta_new", "q2.5"),
        "i_squared": float(report.heterogeneity["i_squared"]),
        "prior": [f"μ ~ {report.prior.mu}", f"τ ~ {report.prior.tau}"],
        "answer": report.verdict["answer"]["quote"],
        "sampler": report.best,
        "right": sum(setting["right"] for setting in report.sampling["settings"]),
        "fits": sum(setting["fits"] for setting in report.sampling["settings"]),
    }


def _numbers(reports: Sequence[Results]) -> list[dict[str, str]]:
    """What stands in the columns of numbers, even in each."""
    units = at_scales([report.scale for report in reports])
    of_tau = at_scales([report.scale_of("tau") for report in reports])
    shares = [float(report.heterogeneity["i_squared"]) for report in reports]
    read: dict[str, list[float]] = {}  # by what it is read as, each in its unit
    for report in reports:
        if report.reading:
            read.setdefault(report.reading.name, []).extend(report.values_read("mu"))
    of_read = {name: even(3).of(values) for name, values in read.items()}
    of_share = PERCENTS.of(shares)
    rows = []
    for report, mu_form, tau_form, share in zip(reports, units, of_tau, shares, strict=True):
        mu = f"{report.centre_in_words('mu', mu_form)} ({report.interval('mu', mu_form)})"
        tau = f"{report.in_units('tau', 'q50', tau_form)} ({report.interval('tau', tau_form)})"
        rows.append(
            {
                "mu": mu,
                "read": f"{report.reading.name} "
                f"{report.as_read('mu', of_read[report.reading.name])}"
                if report.reading
                else "",
                "mu_words": f"μ {mu}",
                "tau": tau,
                "tau_words": f"τ {tau}",
                "new": report.interval("theta_new", mu_form),
                "i_squared_words": of_share(share),
            }
        )
    return rows


def _drawn(report: Results, variable: str) -> Drawn:
    low, middle, high = (report.value(variable, q) for q in ("q2.5", "q50", "q97.5"))
    if variable == "tau":
        return Drawn(low, middle, high, null=0.0)
    wide = (report.value("theta_new", "q2.5"), report.value("theta_new", "q97.5"))
    return Drawn(low, middle, high, wide, report.measure.null if report.measure else None)


def _why(error: Exception) -> str:
    """Results of another version lack what this one reads, without a line that says so."""
    said = str(error) if isinstance(error, InputError) else f"no {error}"
    return f"{said} (results of another version? run their study again)"


def _row(link: str, collection: Collection) -> dict[str, Any]:
    """What the index tells of a collection."""
    usable = collection.usable
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
    return {
        "link": link,
        "name": collection.name,
        "covered": True,
        "tables": len(collection.tables),
        "unusable": len(collection.tables) - len(usable),
        "tau": usable["tau_q50"].quantile([0.5, 0.05, 0.95]).tolist(),  # nan of no table at all
        "wrong": wrong,
    }
