"""The library's rooms and the order in which they may see each other, as CONTRIBUTING.md has it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "workflow" / "partial_pooling"
ROOMS = re.findall(r"^\| `(\w+)/` \|", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.MULTILINE)


def imports(path):
    """Dotted names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_folder_is_a_room_of_the_guide():
    assert sorted(ROOMS) == sorted(path.parent.name for path in LIBRARY.glob("*/__init__.py"))


@pytest.mark.parametrize("place", range(len(ROOMS)), ids=ROOMS)
def test_a_room_imports_only_from_rooms_above_it(place):
    allowed = {*ROOMS[: place + 1], *(path.stem for path in LIBRARY.glob("*.py"))}
    for path in (LIBRARY / ROOMS[place]).rglob("*.py"):
        for name in imports(path):
            package, _, rest = name.partition(".")
            assert package != "snakemake", path
            if package == LIBRARY.name and rest:
                assert rest.split(".")[0] in allowed | {"InputError"}, (path, name)


def test_what_every_room_may_use_imports_no_room():
    for path in LIBRARY.glob("[a-z]*.py"):
        for name in imports(path):
            assert not set(name.split(".")[1:2]) & set(ROOMS), (path, name)
