"""Command line of the library: `partial_pooling COMMAND`."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from partial_pooling.data.simulated import ERRORS, GROUPS, RATIOS
from partial_pooling.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give its exit code."""
    parser = argparse.ArgumentParser(prog="partial_pooling")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_answers(commands, [*sys.argv[1:2]] if arguments is None else [*arguments[:1]])
    _add_run(commands)
    command = commands.add_parser(
        "check", help="whether a study can run: its file, its keys, its data; runs nothing"
    )
    command.add_argument("study", type=Path, help="YAML file of a study")
    command.set_defaults(run=_check)
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
        "prune", help="list draws and tables' answers that no study here refers to, or remove them"
    )
    command.add_argument("results", type=Path, nargs="?", default="results", help="their folder")
    command.add_argument("--yes", action="store_true", help="remove what is listed")
    command.set_defaults(run=_prune)
    command = commands.add_parser(
        "verify", help="whether every result is what its step wrote; exit code 1 if not"
    )
    command.add_argument("results", type=Path, nargs="?", default="results", help="their folder")
    command.set_defaults(run=_verify)
    command = commands.add_parser(
        "simulate",
        help="tables of known tau over a design, as CSV of a collection, to standard output",
    )
    command.add_argument("--groups", type=int, nargs="+", default=list(GROUPS))
    command.add_argument(
        "--tau", type=float, nargs="+", default=list(RATIOS), help="typical error: 1"
    )
    command.add_argument("--errors", nargs="+", choices=ERRORS, default=list(ERRORS))
    command.add_argument(
        "--tables",
        type=int,
        nargs="+",
        default=[1],
        help="of each combination: one number, or one for each of --groups",
    )
    command.add_argument("--seed", type=int, default=1)
    command.set_defaults(run=_simulate)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except InputError as error:
        print(f"partial-pooling: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # who reads the output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _add_answers(commands: Any, called: list[str]) -> None:
    """Add `solve` and `new`; what they import is imported if one of them is called."""
    solve = commands.add_parser(
        "solve", help="the exact answer of a CSV file of groups, in the terminal"
    )
    output = solve.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="as JSON, in full precision")
    output.add_argument("--csv", action="store_true", help="as CSV, a row a variable")
    new = commands.add_parser("new", help="write a study file for a CSV file of groups")
    new.add_argument(
        "--study", type=Path, help="file to write; by default named as the CSV file, here"
    )
    if called and called[0] in ("solve", "new"):
        from partial_pooling.answer.command import add_options, run_new, run_solve

        for command, run in ((solve, run_solve), (new, run_new)):
            add_options(command)
            command.set_defaults(run=run)


def _add_run(commands: Any) -> None:
    command = commands.add_parser(
        "run", help="run a study: snakemake with its targets and options in the right order"
    )
    command.add_argument("study", type=Path, help="YAML file of a study")
    command.add_argument(
        "target", nargs="*", help="report, figures, calibration, certificate; all by default"
    )
    command.add_argument("--cores", type=int, default=os.process_cpu_count() or 1)
    command.add_argument("--dry-run", action="store_true", help="show what would run")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from partial_pooling.study.configuration import read_study
    from partial_pooling.study.file import read_file

    # Snakemake ends in a traceback where it cannot read a file, and takes seconds to start
    study = read_file(options.study)
    if "datasets" in study:  # else it changes the default study
        read_study(study)
    if not any(Path(name).is_file() for name in ("Snakefile", "workflow/Snakefile")):
        raise InputError(
            f"{Path.cwd()}: found no Snakefile; allowed: the folder of the project, from which "
            "the paths of a study are seen"
        )
    command = [sys.executable, "-m", "snakemake", "--cores", str(options.cores)]
    command += ["--dry-run"] if options.dry_run else []
    # a target after --configfile would be taken for another file
    command += [*options.target, "--configfile", str(options.study)]
    os.execv(sys.executable, command)


def _check(options: argparse.Namespace) -> int:
    from partial_pooling.data.collection import unusable
    from partial_pooling.study.configuration import read_study
    from partial_pooling.study.file import read_file

    study = read_study(read_file(options.study))
    names = ", ".join([*study.datasets, *study.collections])
    print(f"{options.study}: a study of {names}")
    for name, members in study.members.items():
        told = unusable((each.name for each in members), (each.status for each in members))
        if told:
            print(f"{name}: {told}")
    return 0


def _compare(options: argparse.Namespace) -> int:
    from partial_pooling.study.certificate import compare, read_certificate

    equal, lines = compare(read_certificate(options.one), read_certificate(options.other))
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
    if len(options.tables) not in (1, len(options.groups)):
        raise InputError(
            f"--tables: found {len(options.tables)} numbers; "
            f"allowed: one, or one for each of {len(options.groups)} numbers of groups"
        )
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


def _verify(options: argparse.Namespace) -> int:
    from partial_pooling.study.verification import verify

    right, lines = verify(options.results)
    print("\n".join(lines))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
