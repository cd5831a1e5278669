"""What a step prints goes to its log file."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from partial_pooling.errors import InputError

LOGGER = logging.getLogger("partial_pooling")


@contextmanager
def log_to(path: str | Path) -> Iterator[None]:
    """Send all output of this process to a file, and end with exit code 1 on an error.

    An `InputError` is told in its one line; any other error leaves its traceback in the file.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    logging.basicConfig(stream=sys.stderr, format="%(message)s", force=True)
    LOGGER.setLevel(logging.INFO)
    try:
        yield
    except InputError as error:
        LOGGER.error(error)
        sys.exit(1)
    except Exception:
        traceback.print_exc()
        sys.exit(1)
