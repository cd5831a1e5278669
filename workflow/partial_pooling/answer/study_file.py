"""A study file for a table: what is there guessed and said, with a prior for its scale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from partial_pooling.answer.data import Data, read_table, read_tables
from partial_pooling.answer.prior import prior_of
from partial_pooling.answer.solving import offers
from partial_pooling.errors import InputError
from partial_pooling.families.registry import families_of
from partial_pooling.priors.named import WEAK
from partial_pooling.study.configuration import as_yaml, read_study

WIDTH = 96  # of a comment


def write_study(
    table: Path,
    study: Path,
    *,
    form: str | None = None,
    columns: Mapping[str, str] | None = None,
    by: str | None = None,
    family: str | None = None,
    measure: str | None = None,
    prior: str | None = None,
) -> list[str]:
    """Write a study of a CSV file, and check it as Snakemake will.

    Parameters
    ----------
    table
        The CSV file.
    study
        The YAML file to write, which must not be there.
    form, columns, by, family, measure
        As of `read_table` and `read_tables`.
    prior
        As `prior_of` takes it; by default a weak one for the scale, with its reason beside it.

    Returns
    -------
    list of str
        What was written, and how to run it.

    Raises
    ------
    InputError
        The table cannot be used, or there is such a file already.
    """
    if study.exists():
        raise InputError(f"{study}: it is there already; allowed: a new file, or delete it first")
    if by:
        tables, _ = read_tables(table, by, form, columns, family=family, measure=measure)
        data = max(tables.values(), key=len)
    else:
        data = read_table(table, form, columns, family=family, measure=measure)
    text = study_text(data, table, study, by, prior, family)
    read_study(yaml.safe_load(text))
    study.write_text(text, encoding="utf-8")
    return [
        *data.told().split("\n"),
        *data.notes,
        f"{study}: written; look at its prior, and run",
        f"    {command(study)}",
    ]


def command(study: Path) -> str:
    """What runs a study."""
    return f"uv run snakemake --cores 4 --configfile {_quoted(study)}"


def study_text(
    data: Data,
    table: Path,
    study: Path,
    by: str | None = None,
    prior: str | None = None,
    family: str | None = None,
) -> str:
    """The study as YAML with comments."""
    keys = data.keys
    lines = [
        f"# A study of {table.name}. Run it:",
        f"#     {command(study)}",
        "# Every key is explained in config/README.md.",
        "datasets:",
        f"  {_name(table)}:",
        f"    path: {as_yaml(table.as_posix())}",
    ]
    if by:
        lines.append(f"    by: {as_yaml(by)}")
    lines.append(f"    form: {keys.form}")
    default = families_of(keys.form)[0]
    if (family or default) != default:  # of a collection it is settled there
        lines.append(f"    family: {keys.family}")
    if keys.measure:
        lines.append(f"    measure: {keys.measure}")
    if keys.columns:
        lines.append(f"    columns: {as_yaml(keys.columns)}")
    if prior is None:
        offered = offers(data)
        chosen = offered.priors[WEAK]
        lines += _comment(f"A weak prior, on the {offered.reason}.")
    else:
        chosen = prior_of(prior)
    written = chosen.as_dict()
    lines += ["    prior:", *(f"      {v}: {as_yaml(written[v])}" for v in ("mu", "tau"))]
    return "\n".join([*lines, ""])


def _comment(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(text, WIDTH, initial_indent="    # ", subsequent_indent="    # ")


def _name(table: Path) -> str:
    """A data set's name from that of its file."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", table.stem).strip("_-")[:64]
    return name if name and name.lower() not in ("fits", "logs", "benchmarks") else f"data_{name}"


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
