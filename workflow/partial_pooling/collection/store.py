"""What is kept of the tables of a collection, by a key of all that it depends on.

`results/{collection}/store/` holds chunks: Parquet files with a row a key, of exact answers or of
fits. A chunk is written every so often while a batch runs, and never changed: an interrupted batch
goes on from there, and what is there already is not computed again, whatever became of the batches.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

from partial_pooling.collection.progress import ENDING
from partial_pooling.errors import InputError
from partial_pooling.files import damaged, intact, replacing, seal_of
from partial_pooling.logs import LOGGER

KEY = "key"
EXACT, FITS = "exact", "fits"


@dataclass(frozen=True)
class Chunks:
    """The chunks of one kind in a folder.

    Attributes
    ----------
    folder
        The store.
    kind
        `EXACT` or `FITS`.
    """

    folder: Path
    kind: str

    def find(self) -> dict[str, str]:
        """All keys that are there, with the name of the chunk of each.

        A chunk that is damaged counts as missing, and the log says so.
        """
        found: dict[str, str] = {}
        for path in sorted(self.folder.glob(f"{self.kind}-*.parquet")):
            try:
                keys = pq.read_table(intact(path), columns=[KEY])[KEY].to_pylist()
            except (InputError, OSError, pa.ArrowException) as error:
                LOGGER.warning("%s: computed anew", error)
                path.unlink(missing_ok=True)
                continue
            found |= dict.fromkeys(keys, path.name)
        return found

    def write(self, columns: Mapping[str, Any], attributes: Mapping[str, str]) -> str:
        """Write a chunk; its name, by its keys, stands for a whole file."""
        table = pa.table(dict(columns)).replace_schema_metadata(dict(attributes))
        content = hashlib.sha256("".join(columns[KEY]).encode()).hexdigest()[:32]
        path = self.folder / f"{self.kind}-{content}.parquet"
        with replacing(path) as temporary:
            pq.write_table(table, temporary)
        return path.name

    def open(self, names: Iterable[str]) -> pyarrow.dataset.Dataset:
        """Open chunks by name as one table.

        Raises
        ------
        InputError
            One is missing or damaged.
        """
        paths = [str(intact(self.folder / name)) for name in sorted(set(names))]
        try:
            schema = pa.unify_schemas(
                [pq.read_schema(path) for path in paths], promote_options="permissive"
            )
            return pyarrow.dataset.dataset(paths, schema=schema, format="parquet")
        except (OSError, pa.ArrowException) as error:
            raise damaged(self.folder, error) from None


def forget_batches(current: Iterable[Path]) -> None:
    """Remove what earlier runs, whose batches were cut otherwise, said of theirs, and all progress.

    Parameters
    ----------
    current
        The manifests of the batches of this run; others in their folders are removed.
    """
    kept = set(current)
    for folder in {path.parent for path in kept}:
        for path in set(folder.glob("[!.]*.json")) - kept:
            path.unlink()
            seal_of(path).unlink(missing_ok=True)
        for path in folder.glob(f"*{ENDING}"):
            path.unlink()
