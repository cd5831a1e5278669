"""Command line: ``partial_pooling compare``, ``estimate``, ``keep``, ``prune`` and ``simulate``."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from partial_pooling.data.simulated import ERRORS
from partial_pooling.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give its exit code."""
    parser = argparse.ArgumentParser(prog="partial_pooling")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "compare", help="whether two certificates say the same; exit code 1 if they differ"
    )
    command.add_argument("one", type=Path, help="certificate.json")
    command.add_argument("other", type=Path, help="certificate.json")
    command.set_defaults(run=_compare)
    command = commands.add_parser(
        "estimate", help="what a study will take: jobs, core-hours and bytes, from a few fits"
    )
    command.add_argument("study", type=Path, help="YAML file of a study")
    command.add_argument("--minutes", type=float, default=30, help="wanted length of a job")
    command.set_defaults(run=_estimate)
    command = commands.add_parser(
        "keep", help="after an upgrade: keep results that the older versions made, and say so"
    )
    command.add_argument("results", type=Path, nargs="?", default="results", help="their folder")
    command.set_defaults(run=_keep)
    command = commands.add_parser(
        "prune", help="list files of draws that no study in the folder refers to, or remove them"
    )
    command.add_argument("results", type=Path, nargs="?", default="results", help="their folder")
    command.add_argument("--yes", action="store_true", help="remove what is listed")
    command.set_defaults(run=_prune)
    command = commands.add_parser(
        "simulate",
        help="tables of known tau over a design, as CSV of a collection, to standard output",
    )
    command.add_argument("--groups", type=int, nargs="+", default=[3, 8, 20, 100])
    command.add_argument(
        "--tau", type=float, nargs="+", default=[0, 0.1, 0.5, 1, 3, 10], help="typical error: 1"
    )
    command.add_argument("--errors", nargs="+", choices=ERRORS, default=list(ERRORS))
    command.add_argument("--tables", type=int, default=1, help="of each combination")
    command.add_argument("--seed", type=int, default=1)
    command.set_defaults(run=_simulate)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except InputError as error:
        print(f"partial-pooling: {error}", file=sys.stderr)
        return 1
    return code


def _compare(options: argparse.Namespace) -> int:
    from partial_pooling.study.certificate import compare

    equal, lines = compare(_certificate(options.one), _certificate(options.other))
    print("\n".join(lines))
    return 0 if equal else 1


def _simulate(options: argparse.Namespace) -> int:
    from partial_pooling.data.simulated import simulated_csv

    allowed = {"groups": 2, "tables": 1, "seed": 0, "tau": 0}
    for name, least in allowed.items():
        given = getattr(options, name)
        for value in given if isinstance(given, list) else [given]:
            if not least <= value < math.inf:
                raise InputError(f"--{name}: found {value}; allowed: numbers from {least}")
    design = options.groups, options.tau, options.errors, options.tables, options.seed
    sys.stdout.write(simulated_csv(*design))
    return 0


def _estimate(options: argparse.Namespace) -> int:
    from partial_pooling.study.estimate import estimate

    print("\n".join(estimate(options.study, options.minutes)))
    return 0


def _keep(options: argparse.Namespace) -> int:
    from partial_pooling.study.kept import keep

    print("\n".join(keep(options.results)))
    return 0


def _prune(options: argparse.Namespace) -> int:
    from partial_pooling.study.housekeeping import prune

    print("\n".join(prune(options.results, remove=options.yes)))
    return 0


def _certificate(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}; allowed: a certificate.json") from None
    if not isinstance(content, dict) or not {"platform", "versions", "tables", "fits"} <= {
        *content
    }:
        raise InputError(f"{path}: not a certificate; allowed: a file of `snakemake certificate`")
    return content


if __name__ == "__main__":
    sys.exit(main())
