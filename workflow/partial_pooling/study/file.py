"""The file of a study: YAML that is read whole, or refused in one line.

Nothing in a file is executed, and no file takes more time or memory than its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from partial_pooling.data.table import decoded
from partial_pooling.errors import InputError
from partial_pooling.files import not_a_file

ALLOWED = "allowed: a YAML file, see config/README.md"
DEEPEST = 50  # levels of keys and lists, one in another; a study has six
LARGEST = 1_000_000  # values, where an alias counts as all that it stands for


def read_file(path: str | Path) -> dict[str, Any]:
    """Read the file of a study, as plain values that nobody has checked.

    Raises
    ------
    InputError
        It is no file, no UTF-8, no YAML or no keys with values; it has a key twice, of which a
        YAML loader keeps the last; it nests too deeply, or an alias in it stands for itself or for
        too much.
    """
    if found := not_a_file(path):
        raise InputError(f"{path}: {found}; {ALLOWED}")
    try:
        text = decoded(path, Path(path).read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; {ALLOWED}") from None
    try:
        _check_depth(path, text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _check_nodes(path, node)
        content = yaml.safe_load(text)
    except InputError:
        raise
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{path}{line}: {error.problem or error.context}; {ALLOWED}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        first = str(error).partition("\n")[0].partition(";")[0]
        raise InputError(f"{path}: {first}; {ALLOWED}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: found no keys; allowed: a study, see config/README.md")
    return content


def _check_depth(path: str | Path, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else "?"
            raise InputError(
                f"{path}, line {line}: found more than {DEEPEST} levels, one "
                "in another; allowed: a study, see config/README.md"
            )


def _check_nodes(path: str | Path, root: yaml.Node | None) -> None:
    """Refuse doubled keys, and aliases that stand for themselves or for too much."""
    sizes: dict[int, int] = {}

    def size_of(node: yaml.Node, above: frozenset[int]) -> int:
        # no deeper than `DEEPEST`, for an alias to what is above it ends here
        if id(node) in above:
            raise InputError(
                f"{path}, line {node.start_mark.line + 1}: found an anchor that holds itself; "
                "allowed: aliases of what is complete"
            )
        if id(node) not in sizes:
            _check_keys(path, node)
            inner = above | {id(node)}
            sizes[id(node)] = 1 + sum(size_of(part, inner) for part in _parts(node))
            if sizes[id(node)] > LARGEST:
                raise InputError(
                    f"{path}, line {node.start_mark.line + 1}: found aliases that stand for more "
                    f"than {LARGEST:,} values; allowed: fewer"
                )
        return sizes[id(node)]

    if root is not None:
        try:
            size_of(root, frozenset())
        except RecursionError:  # aliases, each one level deeper than the last
            raise InputError(f"{path}: found aliases nested too deeply; {ALLOWED}") from None


def _parts(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value


def _check_keys(path: str | Path, node: yaml.Node) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        line = key.start_mark.line + 1
        if key.value in lines:
            raise InputError(
                f"{path}, line {line}: found the key {key.value!r} again "
                f"(first on line {lines[key.value]}); allowed: each key once"
            )
        lines[key.value] = line
