"""docs/scorecard.md: what a whole run of the scorecard found, from tables small enough to ship.

    uv run python -m partial_pooling.report.scorecard_document results

takes a run's collections in `results`, writes their tables into docs/scorecard/, the rates that
reports state into the library, and the document. `report.generated` writes the document alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from partial_pooling.files import read_json, write_json
from partial_pooling.grading import rates
from partial_pooling.grading.scorecard import Scorecard, cells_of
from partial_pooling.report import scorecard_words as words
from partial_pooling.report.scorecard import NEEDED, read_scorecard, sections
from partial_pooling.report.scorecard_tables import Tabled, map_table
from partial_pooling.tables import read_metadata, read_parquet
from partial_pooling.words import listed

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "scorecard.md"
STORED = ROOT / "docs" / "scorecard"  # its tables, and run.json
DIGITS = "%.5g"
COLLECTED = ("tables.parquet", "fits.parquet")


def store(results: Path) -> None:
    """Take the tables of a run.

    Parameters
    ----------
    results
        Folder of the run's collections; all that are fitted count.
    """
    cells, runs = [], {}
    for folder in sorted(results.iterdir()):
        if not all((folder / name).exists() for name in COLLECTED):
            continue
        told = read_metadata(folder / COLLECTED[1])
        settings = json.loads(told["settings"])
        tables, fits = (read_parquet(folder / name) for name in COLLECTED)
        cells.append(cells_of(tables, fits, settings["sampling"]["chains"]))
        runs[folder.name] = {
            **{name: settings[name] for name in ("prior", "models", "sampling")},
            "versions": json.loads(told["versions"]),
        }
    card = Scorecard(pd.concat(cells, ignore_index=True))
    STORED.mkdir(exist_ok=True)
    found = card.tables()
    for name in NEEDED:
        found[name].to_csv(STORED / f"{name}.csv", index=False, float_format=DIGITS)
    rates.rates_of(card).to_csv(rates.SHIPPED, index=False, float_format="%.3g")
    write_json(runs, STORED / "run.json")


def document() -> str:
    """The text of docs/scorecard.md."""
    found, runs = read_scorecard(STORED), read_json(STORED / "run.json")
    lines = [
        "# Which check of a sampler can you trust?",
        words.lead(found["fits"], found["checks"]),
        f"A fit is {words.TRUTH['accurate']}. It is {words.TRUTH['honest']}. With few draws or "
        "many groups nearly every fit is inaccurate; to find those that are not honest is what a "
        "check is for.",
        "\n".join(f"- {sentence}" for sentence in words.findings(found["checks"])),
        "This page is written from the tables in [docs/scorecard/](scorecard/), which are those "
        "of the run to five digits.",
        "## The run",
        _design(runs),
    ]
    for section in sections(found):
        lines += [f"## {section.title}", section.finding]
        lines += [table.markdown() for table in section.tables]
        if section.title.startswith("Where"):
            lines += [table.markdown() for table in _maps(found["maps"])]
    return "\n\n".join(line.strip() for line in lines) + "\n"


def _maps(maps: pd.DataFrame) -> Sequence[Tabled]:
    return [map_table(maps, name) for name in words.SPOKEN_OF]


def _design(runs: Mapping[str, Any]) -> str:
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
    return "\n".join(
        [
            "The design is in `config/scorecard/whole.yaml`, with the command that writes its "
            "tables: τ of 0, 0.1, 0.5, 1, 3 and 10 typical errors, equal and mixed errors.",
            "",
            *lines,
        ]
    )


if __name__ == "__main__":
    store(Path(sys.argv[1]))
    DOCUMENT.write_text(document(), encoding="utf-8")
