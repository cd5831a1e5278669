"""What code and which libraries a step rests on, and their digest; nothing is imported or run.

No step imports this module, so that a change of it samples nothing again.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from partial_pooling.study.provenance import DISTRIBUTIONS

LIBRARY = Path(str(files(__name__.partition(".")[0])))
# A package that imports a public name when it is first asked for says here where each one lives.
LAZY_NAMES = "_HOME"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# What is said of a fault changes no number: neither these modules nor the arguments of this error.
WORDS = {"errors.py", "logs.py"}
ERROR = "InputError"
TYPE_CHECKING = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def code_digest(*sources: str | Path, versions: Mapping[str, str]) -> str:
    """Digest of scripts or notebooks, of the library modules that they import, and of versions.

    Snakemake sees a change of a script, but not of what it imports, nor an upgrade; as a param
    this digest lets it rerun a step exactly when code or libraries of that step changed. Comments,
    docstrings and layout do not count, nor what is said of faults, nor the folder in which the code
    lies.

    Parameters
    ----------
    *sources
        Scripts and notebooks of one step.
    versions
        Versions by distribution, and Python's. Those count that stand behind what the code
        imports (`DISTRIBUTIONS`), and of Python's the first two numbers.
    """
    modules = set[Path]().union(*(library_modules(Path(source)) for source in sources))
    modules -= {LIBRARY / name for name in WORDS}
    parts = sorted((_label(path), _parse(path).digest) for path in {*map(Path, sources), *modules})
    counted = {name: versions[name] for name in distributions(*sources) if name in versions}
    if "python" in versions:
        counted["python"] = ".".join(versions["python"].split(".")[:2])
    content = json.dumps([parts, sorted(counted.items())])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def library_modules(source: Path) -> set[Path]:
    """Files of this library that a script or notebook imports, itself or through others.

    A module comes with the `__init__` of every package above it. A module counts as well if only
    some function imports it.
    """
    found: set[Path] = set()
    to_read = [source]
    while to_read:
        for module in _parse(to_read.pop()).modules - found:
            found.add(module)
            to_read.append(module)
    return found


def distributions(*sources: str | Path) -> set[str]:
    """Distributions from which numbers of a step come, by what its code imports."""
    paths = [path for source in map(Path, sources) for path in (source, *library_modules(source))]
    imported = set[str]().union(*(_parse(path).packages for path in paths))
    return {name for package in imported for name in DISTRIBUTIONS.get(package, ())}


@dataclass(frozen=True)
class _Parsed:
    """What one file says: its code, the library's modules and the other packages it imports."""

    digest: str
    modules: frozenset[Path]
    packages: frozenset[str]


@cache
def _parse(source: Path) -> _Parsed:
    tree = ast.parse(_code(source), filename=source.name)
    names = set(_imported(tree, _package(source)))
    own = {name for name in names if name.partition(".")[0] == LIBRARY.name}
    return _Parsed(
        digest=hashlib.sha256(ast.dump(_without_words(tree)).encode()).hexdigest(),
        modules=frozenset(path for name in own for path in _files(name)),
        packages=frozenset(name.partition(".")[0] for name in names - own),
    )


def _code(source: Path) -> str:
    text = source.read_text(encoding="utf-8")
    if source.suffix != ".ipynb":
        return text
    cells = (cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
    return "\n".join("".join(cell["source"]) for cell in cells)


def _label(source: Path) -> str:
    """A name of the file that is the same in whichever folder the project lies."""
    if source.is_relative_to(LIBRARY):
        return source.relative_to(LIBRARY.parent).as_posix()
    return source.name


def _package(source: Path) -> str:
    """Dotted name of the package in which a file lies; none for a script."""
    if not source.is_relative_to(LIBRARY):
        return ""
    return ".".join(source.relative_to(LIBRARY.parent).parent.parts)


def _without_words(tree: ast.Module) -> ast.Module:
    """Leave out what errors say, and statements that are only a string.

    The latter are docstrings, and what stands below an attribute.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _dotted(node.func) == ERROR:
            node.args, node.keywords = [], []
    blocks: list[ast.AST] = [tree]
    while blocks:
        block = blocks.pop()
        if isinstance(block, DOCUMENTED):
            block.body = [statement for statement in block.body if not _is_string(statement)]
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            blocks += getattr(block, field, [])
    return tree


def _is_string(node: ast.AST | None) -> bool:
    if isinstance(node, ast.Expr):
        node = node.value
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


# -- imports ----------------------------------------------------------------------------------


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Dotted names of all that a file imports, wherever in it; `a.b.*` for all of `a.b`.

    Parameters
    ----------
    tree
        The file.
    package
        The package in which it lies, from which relative imports are seen.
    """
    nodes = list(_executed(tree))
    bound = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
                top = alias.name.partition(".")[0]
                bound[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute("." * node.level + (node.module or ""), package)
            yield origin
            for alias in node.names:
                yield f"{origin}.{alias.name}"
                bound[alias.asname or alias.name] = f"{origin}.{alias.name}"
        elif isinstance(node, ast.Call):
            yield from _called_import(node, package)
    # `import package`, and then `package.name`, where the package imports lazily
    for node in nodes:
        if isinstance(node, ast.Attribute):
            first, _, rest = _dotted(node).partition(".")
            if bound.get(first, "").partition(".")[0] == LIBRARY.name:
                yield f"{bound[first]}.{rest}"


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without what stands in `if TYPE_CHECKING:`.

    That block never runs: what it imports has no name then, and can change no number. (Its text
    is part of the digest of its own file all the same.)
    """
    to_walk = [node]
    while to_walk:
        node = to_walk.pop()
        yield node
        if isinstance(node, ast.If) and _dotted(node.test) in TYPE_CHECKING:
            to_walk += node.orelse
        else:
            to_walk += ast.iter_child_nodes(node)


def _called_import(call: ast.Call, package: str) -> Iterator[str]:
    """`import_module("name")`, `import_module(".name", "package")` and `__import__("name")`."""
    function = _dotted(call.func).rpartition(".")[2]
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    if function in {"import_module", "__import__"} and arguments:
        values = [argument.value for argument in arguments if isinstance(argument, ast.Constant)]
        if _is_string(arguments[0]):
            seen_from = values[1] if len(values) > 1 and isinstance(values[1], str) else package
            yield _absolute(str(values[0]), seen_from)


def _dotted(node: ast.AST) -> str:
    """`a.b.c` as text; nothing if the expression is not of that form."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _absolute(name: str, package: str) -> str:
    """`..data` seen from `library.exact.rules` is `library.data`."""
    stem = name.lstrip(".")
    up = len(name) - len(stem)
    if not up:
        return stem
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - up + 1], *filter(None, [stem])])


def _files(name: str) -> Iterator[Path]:
    """Files that importing a dotted name of this library runs; parts that are no module end it."""
    folder = LIBRARY
    yield from _existing(folder / "__init__.py")
    for part in name.split(".")[1:]:
        if part == "*":
            yield from folder.glob("*.py")
            yield from folder.glob("*/__init__.py")
            return
        if (folder / part).is_dir():
            folder /= part
            yield from _existing(folder / "__init__.py")
        else:
            yield from _existing(folder / f"{part}.py")
            home = _lazy_homes(folder / "__init__.py").get(part)
            if home:
                yield from _files(f"{_package(folder / '__init__.py')}.{home}")
            return


def _existing(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path


@cache
def _lazy_homes(path: Path) -> dict[str, str]:
    """Modules of the names that a package's `__init__` imports when they are first asked for."""
    if not path.is_file():
        return {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and _dotted(node.targets[0]) == LAZY_NAMES:
            homes: dict[str, str] = ast.literal_eval(node.value)
            return homes
    return {}
