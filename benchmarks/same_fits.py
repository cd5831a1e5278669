"""Whether two runs of the same collections have the same fits, bit for bit.

    uv run python benchmarks/same_fits.py results /another/results

Each fit that both have is compared in all columns of fits.parquet; exit code 1 if any differs, or
if the second run has fits that the first lacks. A tenth of the scorecard, run again:

    mkdir -p /tmp/tenth/config/scorecard
    uv run partial_pooling simulate --tables 1 > /tmp/tenth/config/scorecard/whole.csv
    uv run snakemake --cores 2 scorecard --configfile config/scorecard/whole.yaml \\
        --directory /tmp/tenth
    uv run python benchmarks/same_fits.py results /tmp/tenth/results
"""

import sys
from pathlib import Path

import pandas as pd

FIT = ["table", "model", "seed", "target_accept", "draws"]


def main(whole: Path, part: Path) -> int:
    """Compare; give the exit code."""
    wrong = 0
    for file in sorted(part.glob("*/fits.parquet")):
        fits = pd.read_parquet(file).set_index(FIT).sort_index()
        others = pd.read_parquet(whole / file.relative_to(part)).set_index(FIT)
        missing = len(fits.index.difference(others.index))
        both = fits.index.intersection(others.index)
        one, other = fits.loc[both], others.loc[both, list(fits.columns)]
        same = ((one == other) | (one.isna() & other.isna())).all(axis=1)
        wrong += missing + int((~same).sum())
        print(
            f"{file.parent.name}: {len(both):,} of {len(fits):,} rows in both, "
            f"{int(same.sum()):,} the same to the last bit"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
