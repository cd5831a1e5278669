"""How far the batches of a collection are together, wherever each of them runs.

A batch that runs leaves the number of its tables done in a file beside the manifests, which stand
for batches that are done.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ENDING = ".done"
SILENCE = 10.0  # seconds between two lines of a batch


@dataclass(frozen=True)
class Progress:
    """Tables done of tables to do, over all batches.

    Attributes
    ----------
    folder
        Of the manifests.
    tables
        Numbers of tables by batch.
    """

    folder: Path
    tables: Mapping[str, int]

    @property
    def to_do(self) -> int:
        """Tables of all batches."""
        return sum(self.tables.values())

    def done(self) -> int:
        """Tables done, of all batches."""
        return sum(map(self._done, self.tables))

    def note(self, batch: str, done: int) -> None:
        """Leave word of the tables done of a batch that runs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{batch}{ENDING}").write_text(str(done))

    def teller(self, batch: str, say: Callable[[str], None]) -> Callable[[int, int], None]:
        """What a batch is to call with its tables done and to do: it notes them, and says all."""
        said = -math.inf

        def tell(done: int, to_do: int) -> None:
            nonlocal said
            self.note(batch, done)
            now = time.monotonic()
            if done == to_do or now - said >= SILENCE:
                said = now
                say(f"{self.done():,} of {self.to_do:,} tables done")

        return tell

    def _done(self, batch: str) -> int:
        if (self.folder / f"{batch}.json").exists():
            return self.tables[batch]
        try:
            return min(int((self.folder / f"{batch}{ENDING}").read_text()), self.tables[batch])
        except (OSError, ValueError):  # it has not begun, or writes
            return 0
