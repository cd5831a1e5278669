"""Hierarchical normal-normal models: sampled, solved exactly, and the one graded by the other."""

from importlib import import_module
from typing import Any

_HOME = {
    "Answer": "answer.answers",
    "Comparison": "answer.answers",
    "Data": "answer.data",
    "InputError": "errors",
    "compare_priors": "answer.solving",
    "load_fit": "study.loading",
    "read_table": "answer.data",
    "read_tables": "answer.data",
    "solve": "answer.solving",
}
__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first asked for.

    A step then imports, and so rests on, only the modules that it names.
    """
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
