"""docs/scorecard.md: what a whole run of the scorecard found, from tables small enough to ship.

    uv run python -m partial_pooling.report.scorecard_document results

takes a run's collections in `results`, or those of a stage of it, writes their tables into
docs/scorecard/, the rates that reports state into the library, and the document.
`report.generated` writes the document alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from partial_pooling.data.simulated import ERRORS, RATIOS
from partial_pooling.errors import InputError
from partial_pooling.files import read_json
from partial_pooling.grading import rates
from partial_pooling.grading.scorecard import Scorecard, cells_of
from partial_pooling.report import scorecard_words as words
from partial_pooling.report.scorecard import NEEDED, read_scorecard, sections
from partial_pooling.report.scorecard_tables import map_table
from partial_pooling.tables import read_metadata, read_parquet
from partial_pooling.words import listed

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "scorecard.md"
STORED = ROOT / "docs" / "scorecard"  # its tables, and run.json
DIGITS = "%.5g"
COLLECTED = ("tables.parquet", "fits.parquet")


def store(results: Path, folder: Path = STORED, shipped: Path = rates.SHIPPED) -> None:
    """Take the tables of a run.

    Parameters
    ----------
    results
        Folder of the run's collections; all that are fitted count.
    folder, shipped
        Where to write the tables, and the rates that reports state.

    Raises
    ------
    InputError
        If there is none, or some combinations of the design have fewer tables than others.
    """
    cells, runs = [], {}
    for where in sorted(results.iterdir()):
        if not all((where / name).exists() for name in COLLECTED):
            continue
        told = read_metadata(where / COLLECTED[1])
        settings = json.loads(told["settings"])
        tables, fits = (read_parquet(where / name) for name in COLLECTED)
        _check_balance(where, tables)
        cells.append(cells_of(tables, fits, settings["sampling"]["chains"]))
        runs[where.name] = {
            **{name: settings[name] for name in ("prior", "models", "sampling")},
            "versions": json.loads(told["versions"]),
        }
    if not cells:
        raise InputError(f"{results}: found no fitted collection; allowed: results of a scorecard")
    card = Scorecard(pd.concat(cells, ignore_index=True))
    folder.mkdir(exist_ok=True)
    found = card.tables()
    for name in NEEDED:
        found[name].to_csv(folder / f"{name}.csv", index=False, float_format=DIGITS)
    rates.rates_of(card).to_csv(shipped, index=False, float_format="%.3g")
    (folder / "run.json").write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")


def _check_balance(where: Path, tables: pd.DataFrame) -> None:
    """Hold the numbers of tables of each combination against each other, by number of groups."""
    combination = tables["table"].str.rsplit(" ", n=1).str[0]
    for size, names in combination.groupby(tables["groups"]):
        numbers = names.value_counts()
        if numbers.nunique() > 1:
            raise InputError(
                f"{where}: found {numbers.min()} to {numbers.max()} tables a combination with "
                f"{size} groups; allowed: equally many, as `partial_pooling simulate` writes"
            )


def document(folder: Path = STORED) -> str:
    """The text of docs/scorecard.md, from tables that `store` wrote."""
    found, runs = read_scorecard(folder), read_json(folder / "run.json")
    lines = [
        "# Which check of a sampler can you trust?",
        words.lead(found["models"], found["checks"]),
        f"A fit is {words.TRUTH['accurate']}. It is {words.TRUTH['honest']}. With few draws or "
        "many groups nearly every fit is inaccurate; to find those that are not honest is what a "
        "check is for.",
        "\n".join(f"- {sentence}" for sentence in words.findings(found["checks"])),
        "This page is written from the tables in [scorecard/](scorecard/), which are those of the "
        "run to five digits.",
        "## The run",
        _design(found["models"], runs),
    ]
    for section in sections(found):
        lines += [f"## {section.title}", section.finding]
        lines += [table.markdown() for table in section.tables]
    lines += [map_table(found["maps"], name).markdown() for name in words.SPOKEN_OF]
    return "\n\n".join(line.strip() for line in lines) + "\n"


def _design(models: pd.DataFrame, runs: Mapping[str, Any]) -> str:
    lines = []
    for name, run in runs.items():
        sampling = run["sampling"]
        priors = ", ".join(
            f"{of} {prior['dist']}({', '.join(f'{v:g}' for k, v in prior.items() if k != 'dist')})"
            for of, prior in run["prior"].items()
        )
        draws = listed([f"{n:,}" for n in sampling["draws"]])
        accepts = listed([f"{a:g}" for a in sampling["target_accept"]])
        lines.append(
            f"- {name.replace('_', ' ')}: {priors}; {listed(run['models'])}; {sampling['chains']} "
            f"chains, {sampling['tune']:,} tuning steps, target_accept {accepts}; looked at after "
            f"{draws} draws a chain, which are prefixes of one run. {sampling['sampler']} "
            f"{run['versions'][sampling['sampler']]}, PyMC {run['versions']['pymc']}."
        )
    finished = models.drop_duplicates("groups").set_index("groups")["tables"]
    some = [f"{tables:,} tables with {size} groups" for size, tables in finished.items()]
    told = (
        "The design is in `config/scorecard/whole.yaml`, with the command that writes its tables: "
        f"τ of {listed([f'{ratio:g}' for ratio in RATIOS])} typical errors, {listed(ERRORS)} "
        f"errors. This run has {listed(some)}, equally many of each combination."
    )
    return "\n".join([told, "", *lines])


if __name__ == "__main__":
    store(Path(sys.argv[1]))
    DOCUMENT.write_text(document(), encoding="utf-8")
