"""The commands `solve` and `new`: an answer in the terminal, and a study file to go on with."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

from partial_pooling.answer.answers import Answer, Comparison, in_brackets
from partial_pooling.answer.data import Data, read_table, read_tables
from partial_pooling.answer.grid import Grid, cut, filled
from partial_pooling.answer.solving import compare_priors, solve
from partial_pooling.answer.study_file import write_study
from partial_pooling.errors import InputError
from partial_pooling.words import PERCENTS, at_scales

type Result = Answer | Comparison


def run_solve(options: argparse.Namespace) -> int:
    """Print the exact answer of a CSV file."""
    if options.by:
        tables, unusable = read_tables(
            options.table,
            options.by,
            options.form,
            columns_of(options.columns),
            family=options.family,
            measure=options.measure,
        )
        results = {name: _result(data, options.prior) for name, data in tables.items()}
        if options.json:
            content = {name: result.to_dict() for name, result in results.items()}
            print(_json({"tables": content, "unusable": unusable}))
        elif options.csv:
            _print_csv(
                [
                    {"table": name, **row}
                    for name, result in results.items()
                    for row in result.to_rows()
                ]
            )
        else:
            _print_tables(results, unusable)
        return 0
    data = read_table(
        options.table,
        options.form,
        columns_of(options.columns),
        family=options.family,
        measure=options.measure,
    )
    result = _result(data, options.prior)
    if options.json:
        print(_json(result.to_dict()))
    elif options.csv:
        _print_csv(result.to_rows())
    else:
        print(result)
        print(
            f"\nA study of it, with fits and a report: uv run partial_pooling new {options.table}"
        )
    return 0


def run_new(options: argparse.Namespace) -> int:
    """Write a study file for a CSV file."""
    study = options.study or Path(f"{options.table.stem}.yaml")
    lines = write_study(
        options.table,
        study,
        form=options.form,
        columns=columns_of(options.columns),
        by=options.by,
        family=options.family,
        measure=options.measure,
        prior=options.prior,
    )
    print("\n".join(lines))
    return 0


def add_options(command: argparse.ArgumentParser) -> None:
    """Add what both commands take."""
    command.add_argument("table", type=Path, help="CSV file of groups")
    command.add_argument(
        "--prior", help='of mu and tau, such as "Normal(0, 5), HalfCauchy(5)", in units of theta'
    )
    command.add_argument("--form", help="what a row is; guessed from the columns by default")
    command.add_argument(
        "--columns",
        help="columns of the form by the file's names, such as estimate=yi,std_error=se",
    )
    command.add_argument("--by", help="column that names the table of each row, of a file of many")
    command.add_argument("--family", help="likelihood of a group's data; the form's by default")
    command.add_argument("--measure", help="what theta is; the form's first by default")


def columns_of(text: str | None) -> dict[str, str]:
    """Read ``estimate=yi,std_error=se``.

    Raises
    ------
    InputError
        A part has no equals sign.
    """
    columns = {}
    for part in filter(None, (text or "").split(",")):
        column, equals, name = (piece.strip() for piece in part.partition("="))
        if not equals or not column or not name:
            raise InputError(
                f"--columns: found {part!r}; allowed: such as estimate=yi,std_error=se"
            )
        columns[column] = name
    return columns


def _result(data: Data, prior: str | None) -> Result:
    return compare_priors(data) if prior is None else solve(data, prior)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)


def _print_csv(rows: list[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _print_tables(results: dict[str, Result], unusable: dict[str, str]) -> None:
    """A row a table; under several priors a line a table, and below it a row a prior."""
    first = next(iter(results.values()))
    answers = {
        name: result.answers if isinstance(result, Comparison) else {"": result}
        for name, result in results.items()
    }
    every = [answer for of_table in answers.values() for answer in of_table.values()]
    forms = dict(zip(map(id, every), at_scales([answer.scale for answer in every]), strict=True))
    share = PERCENTS.of(answer.i_squared for answer in every)

    def cells(answer: Answer) -> list[str]:
        of_each = (answer.mu, answer.tau, answer.new_group)
        form = forms[id(answer)]
        return [in_brackets((of.median, of.low, of.high), form) for of in of_each]

    told, head = _told(first), ["μ (95 %)", "τ (95 %)", "new group (95 %)"]
    made = isinstance(first, Comparison) and first.from_data  # priors, for each table its own
    rows = []
    for name, of_table in answers.items():
        one = next(iter(of_table.values()))
        groups, i_squared = f"{len(one.data)}", share(one.i_squared)
        if "" in of_table:
            rows.append([cut(name, 40), groups, *cells(one), i_squared, _conflict(one)])
            continue
        about = f"{name}: {groups} groups, I² {i_squared.strip()}"
        if made:
            tau = ", ".join(str(answer.prior.tau) for answer in of_table.values())
            about += f"; μ ~ {one.prior.mu}, τ ~ {tau}"
        rows.append([about])
        for which, answer in of_table.items():
            rows.append([f"  {which}", *cells(answer), *([] if made else [_conflict(answer)])])
    if isinstance(first, Answer):
        head = ["table", "groups", *head, "I²", "conflict"]
    elif made:
        head = ["prior", *head]
        told.append("Made from the data, they cannot conflict with them.")
    else:
        head = ["prior", *head, "conflict"]
        told += [
            f"{which}: μ ~ {answer.prior.mu}, τ ~ {answer.prior.tau}"
            for which, answer in first.answers.items()
        ]
    print("\n".join(filled(told)))
    print(f"\n{Grid(head, rows).text()}")
    for name, why in unusable.items():
        print(f"{name}: not used: {why}")


def _conflict(answer: Answer) -> str:
    return ", ".join(answer.conflict) or "none"


def _told(result: Result) -> list[str]:
    """What is said once of all tables: family, notes, why these priors."""
    head = result.head()
    return [
        f"Form and columns are guessed from all rows: {head[0].partition(', form ')[2]}",
        *head[1:],
    ]
