"""Score of the quick tests: the share of small faults, put into the code singly, that they see.

    uv run --group benchmark python benchmarks/mutation.py [--modules exact words] [--sample 300]
    uv run --group benchmark python benchmarks/mutation.py --only exact.py:310 survivors

A mutant is the package with one fault: an operator or a comparison replaced, a constant changed, a
factor of 1,000 dropped, a fraction inverted, two arguments swapped, another column read. It is
killed if one of the quick tests (`-m "not slow"`) fails. The mutants are a sample of all there are
(`faults` below), the same for the same seed, and a larger sample holds the smaller one; a change of
the code leaves mutants of other lines in the sample.

First the quick tests run once, each by itself and with its fixtures built anew, to see which lines
each of them touches and how long it takes; this is kept until code or tests change. Then, two at a
time, a process that has imported every library but not the package is forked for each mutant; the
child imports the package with the fault in it (no file is edited) and runs the tests that touch the
line, quickest first, until one fails. What code outside functions defines is tested by what
mentions its names. A mutant whose tests take much longer than usual, or much more memory, is
killed.

The folder of `--output` gets `mutation.md`, with the score by module and the survivors, and
`mutation.json`, with all mutants. A survivor that changes no result stands, with the reason, in
mutation_harmless.toml, and leaves the score. Tests in a browser are left out (`--tests`), so the
score is a lower bound.

Of the well-kept mutation testers, mutmut leaves out decorated functions and all code outside
functions, here every figure, cached result and table of words; cosmic-ray edits files and starts a
process a mutant, which here imports libraries for ten seconds.
"""

import argparse
import ast
import contextlib
import functools
import hashlib
import importlib
import itertools
import json
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "workflow" / "partial_pooling"
HARMLESS = Path(__file__).with_name("mutation_harmless.toml")
PROCESSES = 2

# What people's numbers pass through: a file, or a folder of files, of this name anywhere in the
# package.
MODULES = "data priors families exact classical grading certificate figures report words".split()

# Left alone, with the reason.
NAMES = {
    "BLOCK": "memory and speed",
    "WIDTH": "looks",
    "STYLE": "looks",
    "RASTER_DPI": "looks",
    "PNG_DPI": "looks",
    "COLOURS": "looks",
    "MARKERS": "looks",
    "HALO": "looks",
    "MOST_VECTOR_LINES": "size of a file",
    "MOST_VECTOR_MARKS": "size of a file",
    "__all__": "what a star imports",
}
CALLS = {
    "new_figure": "looks: size",
    "tick_params": "looks",
    "errstate": "warnings",
    "cast": "types",
    "TypeVar": "types",
    "getLogger": "logs",
    "dataclass": "kind of class",
}
KEYWORDS = {
    **dict.fromkeys(
        """alpha antialiased bbox bbox_to_anchor borderaxespad capsize color columnspacing dpi
        ecolor edgecolor elinewidth facecolor figsize fontsize ha handlelength handletextpad
        height_ratios horizontalalignment hspace length linestyle linewidth linewidths loc lw
        markeredgecolor markeredgewidth markerfacecolor markersize ncols pad rotation va
        verticalalignment width_ratios wspace zorder""".split(),
        "looks",
    ),
    "rasterized": "size of a file",
    "squeeze": "shape of what Matplotlib returns",
    "strict": "a check of lengths",
    "ensure_ascii": "spelling of a file",
    "indent": "spelling of a file",
}

OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
PAIRS = (
    "min max|minimum maximum|nanmin nanmax|argmin argmax|idxmin idxmax|mean sum|median mean|"
    "std var|any all|floor ceil|isnan isfinite|head tail|first last|set_xlim set_ylim|"
    "set_xlabel set_ylabel|axhline axvline|axhspan axvspan|cdf sf|ppf isf|exp log|ge gt|le lt|"
    "startswith endswith|union intersection|cumsum cumprod|hlines vlines|shape size"
)
TWINS: dict[str, str] = {}
for first, second in (pair.split() for pair in PAIRS.split("|")):
    TWINS |= {first: second, second: TWINS.get(second, first)}
UNWRAPPED = {"abs", "sqrt", "exp", "log", "log10", "square", "round", "sorted", "cumsum", "expm1"}
COMMUTATIVE = {"min", "max", "hypot", "maximum", "minimum", "isclose", "logaddexp", "isinstance"}
NUMBER_IN_TEXT = re.compile(r'(?<![\w#.,&\\"=/-])\d+(?![\w"\\}/-])')


# -- mutants -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """A fault: bytes `start` to `end` of a file replaced."""

    identity: str
    file: str  # relative to the package
    line: int
    operator: str
    original: str  # the lines touched, without needless white space
    mutated: str
    start: int
    end: int
    replacement: str

    @property
    def module(self) -> str:
        return Path(self.file).stem

    def source(self) -> bytes:
        """Return the module with the fault."""
        text = (PACKAGE / self.file).read_bytes()
        return text[: self.start] + self.replacement.encode() + text[self.end :]

    def is_fault(self) -> bool:
        """Whether the module with the fault is Python, and another program than without."""
        try:
            tree = ast.parse(self.source())
        except (SyntaxError, ValueError):
            return False
        return ast.dump(tree) != ast.dump(ast.parse((PACKAGE / self.file).read_bytes()))


class Source:
    """A module's text and tree."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_bytes()
        self.tree = ast.parse(self.text)
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.parents = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }

    def span(self, node: Any) -> tuple[int, int]:
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def segment(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.text[start:end].decode()

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function(self, node: ast.AST) -> ast.AST | None:
        """Find the innermost function in whose body a node is: not its arguments or decorators."""
        below = node
        for above in self.above(node):
            if isinstance(above, ast.FunctionDef) and below in above.body:
                return above
            below = above
        return None

    def lines(self, node: ast.AST) -> range:
        """Lines of the statement, or of a compound statement's head, that a node is part of."""
        here = node
        while not isinstance(here, ast.stmt | ast.match_case):
            here = self.parents[here]
        if isinstance(here, ast.match_case):
            return range(here.pattern.lineno, here.body[0].lineno)
        body = getattr(here, "body", None)
        last = max(here.lineno, body[0].lineno - 1) if body else here.end_lineno
        return range(here.lineno, last + 1)

    def replace(self, operator: str, start: int, end: int, replacement: str) -> Mutant:
        """Make a mutant of a replacement."""
        left = self.text.rindex(b"\n", 0, start) + 1 if b"\n" in self.text[:start] else 0
        right = self.text.find(b"\n", end)
        right = len(self.text) if right < 0 else right
        original = _plain(self.text[left:right])
        mutated = _plain(self.text[left:start] + replacement.encode() + self.text[end:right])
        line = self.text.count(b"\n", 0, start) + 1
        file = str(self.path.relative_to(PACKAGE))
        return Mutant("", file, line, operator, original, mutated, start, end, replacement)


def _plain(text: bytes) -> str:
    return " ".join(text.decode().split())


def mutants(source: Source) -> list[Mutant]:
    """Make all mutants of a module, each with its name: a digest of what it changes."""
    found: dict[tuple[int, int, str], Mutant] = {}
    for node in ast.walk(source.tree):
        if not hasattr(node, "lineno") or _left_alone(source, node):
            continue
        for operator, (start, end), replacement in faults(source, node):
            if replacement.encode() != source.text[start:end]:
                mutant = source.replace(operator, start, end, replacement)
                found.setdefault((start, end, replacement), mutant)
    alike: Counter[str] = Counter()
    named = []
    for mutant in sorted(found.values(), key=lambda m: (m.start, m.end, m.replacement)):
        what = f"{mutant.module}|{mutant.original}|{mutant.mutated}"
        alike[what] += 1
        digest = hashlib.sha256(f"{what}|{alike[what]}".encode()).hexdigest()[:8]
        named.append(Mutant(**{**asdict(mutant), "identity": digest}))
    return named


def _left_alone(source: Source, node: ast.AST) -> bool:
    """Whether a node is part of what tells no number: types, documentation, errors, looks."""
    chain = [node, *source.above(node)]
    for below, here in zip([None, *chain], chain, strict=False):
        match here:
            case ast.Raise() | ast.Assert() | ast.Import() | ast.ImportFrom() | ast.TypeAlias():
                return True
            case ast.Expr(value=ast.Constant()):
                return True
            case ast.arg() | ast.MatchValue() | ast.TypeVar():
                return True
            case ast.AnnAssign() if below is here.annotation:
                return True
            case ast.FunctionDef() if below is here.returns or below in here.decorator_list:
                return True
            case ast.FunctionDef(name="__repr__"):
                return True
            case ast.ClassDef() if below in here.decorator_list:
                return True
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                return True
            case ast.keyword() if here.arg in KEYWORDS:
                return True
            case ast.Dict(keys, values) if below in values:
                if getattr(keys[values.index(below)], "value", None) in KEYWORDS:
                    return True
            case ast.Call() if _called(here) in CALLS:
                return True
            case ast.Assign() | ast.AnnAssign() if NAMES.keys() & _defined(here):
                return True
    return False


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


type Fault = tuple[str, tuple[int, int], str]


def faults(source: Source, node: ast.AST) -> Iterator[Fault]:
    """Faults at a node: operator, bytes to replace, replacement."""
    span = source.span(node)
    parent = source.parents[node]

    def rewritten(new: ast.AST) -> str:
        text = ast.unparse(new)
        tight = isinstance(parent, ast.expr) and not isinstance(
            parent, ast.Tuple | ast.List | ast.Dict | ast.FormattedValue
        )
        return f"({text})" if tight else text

    match node:
        case ast.BinOp(left, kind, right):
            if any(_is_text(side) for side in (left, right)):
                return
            if type(kind) in OPERATORS:
                new = OPERATORS[type(kind)]()
                yield "arithmetic", span, rewritten(ast.BinOp(left, new, right))
            if isinstance(kind, ast.Div):
                yield "inverted fraction", span, rewritten(ast.BinOp(right, kind, left))
            if isinstance(kind, ast.Sub):
                yield "swapped difference", span, rewritten(ast.BinOp(right, kind, left))
            for factor, other in ((left, right), (right, left)):
                if isinstance(kind, ast.Mult) and isinstance(factor, ast.Constant):
                    yield "factor dropped", span, rewritten(other)
            if isinstance(kind, ast.Div | ast.Pow) and isinstance(right, ast.Constant):
                yield "factor dropped", span, rewritten(left)
        case ast.Compare(left, kinds, rights):
            for k, kind in enumerate(kinds):
                for new in COMPARISONS[type(kind)]:
                    changed = [*kinds[:k], new(), *kinds[k + 1 :]]
                    yield "comparison", span, rewritten(ast.Compare(left, changed, rights))
        case ast.BoolOp(kind, values):
            new = ast.Or() if isinstance(kind, ast.And) else ast.And()
            yield "and, or", span, rewritten(ast.BoolOp(new, values))
        case ast.UnaryOp(ast.Not() | ast.USub() | ast.Invert(), operand):
            yield "sign or not dropped", span, rewritten(operand)
        case ast.Constant(value):
            yield from _constants(source, node, value)
        case ast.Call():
            yield from _calls(source, node)
        case ast.Slice(lower, upper):
            for bound in (lower, upper):
                if bound is not None:
                    yield "slice bound dropped", source.span(bound), ""
        case ast.Return(value) if value is not None:
            yield "return None", source.span(value), "None"
        case ast.AugAssign(target, kind, value):
            yield "statement dropped", span, "pass"
            if type(kind) in OPERATORS:
                new = OPERATORS[type(kind)]()
                yield "arithmetic", span, ast.unparse(ast.AugAssign(target, new, value))
        case ast.Expr(ast.Call() as call) if _called(call) in {"append", "extend", "update"}:
            yield "statement dropped", span, "pass"
        case ast.Dict(keys, values) if all(isinstance(key, ast.Constant) for key in keys):
            yield from _swapped(source, "values of keys swapped", values)
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield from _negated(source, test)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            for test in (test for generator in node.generators for test in generator.ifs):
                yield from _negated(source, test)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


def _negated(source: Source, test: ast.expr) -> Iterator[Fault]:
    if not isinstance(test, ast.Compare | ast.UnaryOp):
        yield "condition negated", source.span(test), f"(not ({source.segment(test)}))"


def _swapped(source: Source, operator: str, values: list[ast.expr]) -> Iterator[Fault]:
    for one, two in itertools.pairwise(values):
        (start, middle), (after, end) = source.span(one), source.span(two)
        between = source.text[middle:after].decode()
        yield operator, (start, end), source.segment(two) + between + source.segment(one)


def _calls(source: Source, node: ast.Call) -> Iterator[Fault]:
    name, span = _called(node), source.span(node)
    positional = [a for a in node.args if not isinstance(a, ast.Starred)]
    if name in TWINS:
        _, end = source.span(node.func)
        yield "another function", (end - len(name), end), TWINS[name]
    if name in UNWRAPPED and len(positional) == 1 and not node.keywords:
        yield "function dropped", span, f"({source.segment(positional[0])})"
    if name not in COMMUTATIVE and len(positional) == len(node.args):
        yield from _swapped(source, "arguments swapped", node.args)
    named = [k.value for k in node.keywords if k.arg and k.arg not in KEYWORDS]
    if len(named) == len(node.keywords):
        yield from _swapped(source, "arguments swapped", named)


def _constants(source: Source, node: ast.Constant, value: object) -> Iterator[Fault]:
    span, parent = source.span(node), source.parents[node]
    match value:
        case bool():
            yield "constant", span, str(not value)
        case int() | float():
            scale = isinstance(value, float) or isinstance(parent, ast.BinOp)
            for new in (value + 1, value - 1) if isinstance(value, int) else (value + 1,):
                yield "constant", span, repr(new) if new >= 0 else f"({new!r})"
            for factor in (1000, 0.01) if scale and value else ():
                yield "constant", span, repr(value * factor)
        case str() if isinstance(parent, ast.JoinedStr) and _is_format(source, parent):
            text = source.segment(node)
            if found := re.search(r"\.(\d)", text):
                digits = f".{int(found[1]) + 1}"
                yield "format", span, text[: found.start()] + digits + text[found.end() :]
            if "%" in text:
                yield "format", span, text.replace("%", "f")
        case str() if _is_key(source, node):
            other = _other_key(source, node)
            if other is not None:
                yield "another column", span, repr(other)
        case str() if not value.startswith("#"):
            text = source.segment(node)
            for found in NUMBER_IN_TEXT.finditer(text):
                new = str(int(found[0]) + 1)
                yield "number in a text", span, text[: found.start()] + new + text[found.end() :]


def _is_format(source: Source, node: ast.JoinedStr) -> bool:
    return getattr(source.parents[node], "format_spec", None) is node


def _is_key(source: Source, node: ast.AST) -> bool:
    parent = source.parents[node]
    if isinstance(parent, ast.List | ast.Tuple):
        node, parent = parent, source.parents[parent]
    return isinstance(parent, ast.Subscript) and parent.slice is node


def _other_key(source: Source, node: ast.Constant) -> str | None:
    """Find another key that the same function, or else the module, reads: the next by alphabet."""
    for scope in (source.function(node), source.tree):
        keys = _keys(source, scope or source.tree) - {node.value}
        if keys:
            return min(keys, key=lambda key: (key < node.value, key))
    return None


@functools.cache
def _keys(source: Source, scope: ast.AST) -> frozenset[str]:
    return frozenset(
        n.value
        for n in ast.walk(scope)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and _is_key(source, n)
    )


# -- tests that can see a mutant -----------------------------------------------------------------


def _defined(statement: ast.AST) -> set[str]:
    """Names that a statement outside functions gives a meaning."""
    match statement:
        case ast.FunctionDef(name=name):
            return {name}
        case ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            parts = [part for target in targets for part in ast.walk(target)]
            return {part.id for part in parts if isinstance(part, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


class Reach:
    """Which tests can see a fault."""

    def __init__(self, touched: dict[str, Any], sources: Iterable[Source]) -> None:
        self.cost: dict[str, float] = touched["cost"]
        self.lines = touched["lines"]
        self.outside: list[tuple[set[str], set[str]]] = []  # names defined, names mentioned
        self.inside: dict[str, set[tuple[str, int]]] = defaultdict(set)  # name: file, line
        for source in sources:
            file = str(source.path.relative_to(PACKAGE))
            mentioned: dict[ast.AST, set[str]] = defaultdict(set)
            for node in ast.walk(source.tree):
                name = getattr(node, "id", getattr(node, "attr", None))
                if not name:
                    continue
                if source.function(node):
                    self.inside[name] |= {(file, line) for line in source.lines(node)}
                else:
                    for above in source.above(node):
                        mentioned[above].add(name)
            for node, names in mentioned.items():
                if defined := _defined(node):
                    self.outside.append((defined, names))
        files = {test.partition("::")[0] for test in self.cost}
        self.words = {
            file: set(re.findall(r"\w+", (ROOT / file).read_text(encoding="utf-8")))
            for file in files
        }

    def tests(self, source: Source, mutant: Mutant) -> list[str]:
        """Tests that can see a mutant, quickest first."""
        node = max(
            (
                n
                for n in ast.walk(source.tree)
                if hasattr(n, "lineno")
                and source.span(n)[0] <= mutant.start
                and mutant.end <= source.span(n)[1]
            ),
            key=lambda n: (source.span(n)[0], -source.span(n)[1]),
        )
        function = source.function(node)
        touching = self._touching((mutant.file, line) for line in source.lines(node))
        if function is None or "import" in touching:
            touching |= self._mentioning(source, node if function is None else function)
        return sorted(touching - {"import"}, key=lambda test: (self.cost[test], test))

    def _touching(self, lines: Iterable[tuple[str, int]]) -> set[str]:
        return {
            test for file, line in lines for test in self.lines.get(file, {}).get(str(line), ())
        }

    def _mentioning(self, source: Source, node: ast.AST) -> set[str]:
        names = set().union(*(_defined(n) for n in (node, *source.above(node))))
        while True:
            more = set().union(*(new for new, used in self.outside if used & names), names)
            if more == names:
                break
            names = more
        touching = self._touching(place for name in names for place in self.inside[name])
        named = {file for file, words in self.words.items() if words & names}
        return touching | {test for test in self.cost if test.partition("::")[0] in named}


# -- processes -----------------------------------------------------------------------------------


def run_each(
    tasks: Iterable[tuple[str, Callable[[], Any]]], done: Callable[[str, Any], None]
) -> None:
    """Run each task in a forked child, `PROCESSES` at a time; hand back what it returned.

    A child that ends by a signal hands back `{"signal": its number}`.
    """
    folder = Path(tempfile.mkdtemp(prefix="mutation-"))
    running: dict[int, str] = {}

    def wait() -> None:
        pid, status = os.wait()
        name = running.pop(pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # what the child has left behind
        answer = folder / f"{name}.json"
        if os.WIFSIGNALED(status) or not answer.exists():
            done(name, {"signal": os.WTERMSIG(status)})
        else:
            done(name, json.loads(answer.read_text(encoding="utf-8")))
        answer.unlink(missing_ok=True)
        shutil.rmtree(folder / name, ignore_errors=True)

    try:
        for name, task in tasks:
            if len(running) == PROCESSES:
                wait()
            sys.stdout.flush()
            with warnings.catch_warnings():
                # the other thread is the memory allocator's of PyArrow, and survives a fork
                warnings.filterwarnings("ignore", "This process", DeprecationWarning)
                pid = os.fork()
            if pid == 0:
                _child(folder, name, task)
            running[pid] = name
        while running:
            wait()
    finally:
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _child(folder: Path, name: str, task: Callable[[], Any]) -> None:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    log = os.open(folder / f"{name}.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    (folder / name).mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder / name)
    try:
        try:
            answer = task()
        except Exception:
            answer = {"fate": "error", "by": traceback.format_exc()}
        (folder / f"{name}.part").write_text(json.dumps(answer), encoding="utf-8")
        (folder / f"{name}.part").rename(folder / f"{name}.json")
    finally:
        os._exit(0)


def _pytest(files: Iterable[str], plugin: object, *options: str) -> int:
    """Run the quick tests of some files in this process."""
    import hypothesis
    import pytest

    # the same examples each time, and none remembered; a busy machine is no failure
    hypothesis.settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    hypothesis.settings.load_profile("mutation")
    os.chdir(ROOT)
    fixed = ["-q", "-m", "not slow", "-o", "addopts=", "-p", "no:xdist", "-p", "no:cacheprovider"]
    return int(pytest.main([*fixed, f"--basetemp={tempfile.gettempdir()}/pytest", *options, *files],
                           plugins=[plugin]))  # fmt: skip


def _package() -> list[str]:
    """Names of the package's modules, but for what runs when imported."""
    names = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        if parts[-1] != "__main__":
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


class Tracer:
    """Pytest plugin: which lines each test touches, everything it needs built for it alone."""

    def __init__(self) -> None:
        import coverage
        import pytest

        self.coverage = coverage.Coverage(
            data_file=None, include=[f"{PACKAGE}/*"], config_file=False
        )
        self.cost: dict[str, float] = {}
        self.failed: list[str] = []
        self.pytest = pytest
        self.coverage.start()
        self.coverage.switch_context("import")
        for name in _package():
            importlib.import_module(name)

    def pytest_collectstart(self, collector: Any) -> None:
        # what a test file computes when it is imported serves all its tests
        is_file = isinstance(collector, self.pytest.Module)
        self.coverage.switch_context(f"file {collector.nodeid}" if is_file else "import")

    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> bool:
        from _pytest.runner import runtestprotocol

        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == PACKAGE.name:
                for thing in list(vars(module).values()):
                    if hasattr(thing, "cache_clear"):
                        thing.cache_clear()
        self.coverage.switch_context(item.nodeid)
        start = time.perf_counter()
        reports = runtestprotocol(item, nextitem=None, log=True)
        self.cost[item.nodeid] = time.perf_counter() - start
        self.failed += [item.nodeid for report in reports if report.failed]
        return True

    def result(self) -> dict[str, Any]:
        self.coverage.stop()
        data = self.coverage.get_data()
        lines: dict[str, dict[int, list[str]]] = {}
        for path in data.measured_files():
            by_line = {}
            for line, found in data.contexts_by_lineno(path).items():
                contexts = set(found)
                tests = {c for c in contexts if c and not c.startswith("file ")}
                for file in (c.removeprefix("file ") for c in contexts - tests if c):
                    tests |= {test for test in self.cost if test.partition("::")[0] == file}
                by_line[line] = sorted(tests)
            lines[str(Path(path).relative_to(PACKAGE))] = by_line
        return {
            "cost": self.cost,
            "failed": self.failed,
            "lines": lines,
            "libraries": [name for name, m in sys.modules.items() if _is_library(name, m)],
        }


def _is_library(name: str, module: Any) -> bool:
    file = Path(getattr(module, "__file__", None) or "/")
    own = file.is_relative_to(ROOT) and ".venv" not in file.relative_to(ROOT).parts
    return not own and name.partition(".")[0] not in {
        PACKAGE.name,
        "__main__",
        "coverage",
        "$coverage",
    }


class Chosen:
    """Pytest plugin: runs chosen tests in their order, each within five times its usual time.

    The clock is of the processor, so that other work on the machine kills no mutant.
    """

    def __init__(self, tests: list[str], cost: dict[str, float]) -> None:
        # of tests that take about as long, those of a file follow each other and share fixtures
        coarse = {test: (int(cost[test]).bit_length(), test.partition("::")[0]) for test in tests}
        self.order = {
            t: k for k, t in enumerate(sorted(tests, key=lambda t: (*coarse[t], cost[t])))
        }
        self.cost = cost
        self.killer = ""
        self.limit(60)

    @staticmethod
    def limit(seconds: float) -> None:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, 4 * seconds)

    def pytest_collection_finish(self, session: Any) -> None:
        chosen = [item for item in session.items if item.nodeid in self.order]
        session.items[:] = sorted(chosen, key=lambda item: self.order[item.nodeid])

    def pytest_runtest_setup(self, item: Any) -> None:
        self.limit(10 + 5 * self.cost[item.nodeid])

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.killer:
            self.killer = report.nodeid


class Finder:
    """Finder of one module, with a fault."""

    def __init__(self, mutant: Mutant) -> None:
        parts = Path(mutant.file).with_suffix("").parts
        self.name = ".".join((PACKAGE.name, *parts)).removesuffix(".__init__")
        self.mutant = mutant

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        if name != self.name:
            return None
        file = str(PACKAGE / self.mutant.file)
        loader = SourceFileLoader(name, file)
        code = compile(self.mutant.source(), file, "exec")
        loader.get_code = lambda fullname: code
        return spec_from_file_location(name, file, loader=loader)


def outcome(mutant: Mutant | None, tests: list[str], cost: dict[str, float]) -> dict[str, str]:
    """Run tests on a mutant, in a child; no mutant is the code as it is."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + 4 * 2**30,) * 2)
    plugin = Chosen(tests, cost)
    if mutant:
        sys.meta_path.insert(0, Finder(mutant))
    status = _pytest(sorted({test.partition("::")[0] for test in tests}), plugin, "-x", "--tb=no")
    if status == 0:
        return {"fate": "survived", "by": ""}
    if status == 5:
        return {"fate": "error", "by": "pytest found no test"}
    return {"fate": "killed", "by": plugin.killer or "the import of the package"}


def trace(folder: Path, tests: list[str]) -> dict[str, Any]:
    """Lines that each quick test touches, from an earlier run if nothing has changed since."""
    files = sorted(
        str(file.relative_to(ROOT))
        for place in tests
        for file in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("test_*.py"))
    )
    sha = hashlib.sha256(repr(files).encode())
    for path in sorted([*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]):
        sha.update(path.read_bytes())
    kept = folder / "coverage.json"
    if kept.exists():
        old = json.loads(kept.read_text(encoding="utf-8"))
        if old["digest"] == sha.hexdigest():
            warm(old["libraries"])
            return old
    print(f"quick tests of {len(files)} files, to see what they touch ...", flush=True)
    by_size = sorted(files, key=lambda file: -(ROOT / file).stat().st_size)
    total: dict[str, Any] = {"digest": sha.hexdigest(), "cost": {}, "lines": {}, "libraries": []}

    def traced(part: list[str]) -> dict[str, Any]:
        plugin = Tracer()
        status = _pytest(part, plugin)
        return plugin.result() | {"status": status}

    def add(name: str, answer: dict[str, Any]) -> None:
        if answer.get("status") != 0:
            sys.exit(f"tests fail on the code as it is: {answer.get('failed', answer)}")
        total["cost"] |= answer["cost"]
        total["libraries"] = list(dict.fromkeys(total["libraries"] + answer["libraries"]))
        for file, lines in answer["lines"].items():
            here = total["lines"].setdefault(file, {})
            for line, touching in lines.items():
                here[line] = sorted({*here.get(line, ()), *touching})

    parts = [by_size[k::PROCESSES] for k in range(min(PROCESSES, len(files)))]
    run_each([(f"part{k}", lambda p=p: traced(p)) for k, p in enumerate(parts)], add)
    warm(total["libraries"])
    cost = total["cost"]
    print(f"{len(cost)} tests, {sum(cost.values()):.0f} s; now in the order that mutants meet ...")

    def check(name: str, answer: dict[str, Any]) -> None:
        if answer.get("fate") != "survived":
            sys.exit(f"tests fail in this order on the code as it is: {answer}")

    halves = [[t for t in cost if t.partition("::")[0] in part] for part in parts]
    run_each(
        [(f"half{k}", lambda h=h: outcome(None, h, cost)) for k, h in enumerate(halves)], check
    )
    kept.write_text(json.dumps(total), encoding="utf-8")
    return total


def warm(libraries: list[str]) -> None:
    """Import what the tests import, but for the package and the tests."""
    for name in libraries:
        try:
            importlib.import_module(name)
        except Exception as error:
            print(f"not imported beforehand: {name} ({error})")


# -- report --------------------------------------------------------------------------------------


def known_harmless(path: Path) -> dict[tuple[str, str, str], str]:
    """Reasons of harmless mutants, by module, original and mutated lines."""
    if not path.exists():
        return {}
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("harmless", [])
    plain = [[" ".join(row[k].split()) for k in ("module", "original", "mutated")] for row in rows]
    return {tuple(key): row["reason"] for key, row in zip(plain, rows, strict=True)}


def table(rows: list[dict[str, Any]]) -> str:
    """Tabulate the score by module, in Markdown."""
    columns = ("killed", "survived", "harmless", "error")
    lines = [
        f"| module | mutants | {' | '.join(columns)} | score, 95 % interval |",
        f"| --- | ---: | {'---: | ' * len(columns)}--- |",
    ]
    for module in [*sorted({row["module"] for row in rows}), "all"]:
        here = [row for row in rows if module in ("all", row["module"])]
        fates = Counter(row["fate"] for row in here)
        counts = " | ".join(str(fates[fate]) for fate in columns)
        score = _score(fates["killed"], fates["killed"] + fates["survived"])
        lines.append(f"| {module} | {len(here)} | {counts} | {score} |")
    return "\n".join(lines)


def listing(rows: list[dict[str, Any]], stale: list[str]) -> str:
    """List mutants that were not killed, in Markdown."""
    lines = []
    for fate in ("survived", "error", "harmless"):
        lines += [f"## {fate.capitalize()}", ""]
        for row in sorted(rows, key=lambda row: (row["file"], row["line"])):
            if row["fate"] == fate:
                place = f"{row['file']}:{row['line']} `{row['identity']}` {row['operator']}"
                lines += [f"- {place} {row['by']}", "", f"      - {row['original']}"]
                lines += [f"      + {row['mutated']}", ""]
    lines += ["## Entries of mutation_harmless.toml that fit no mutant", ""]
    return "\n".join([*lines, *(f"- {entry}" for entry in stale), ""])


def _score(killed: int, counted: int) -> str:
    from scipy.stats import binomtest

    if not counted:
        return "–"
    interval = binomtest(killed, counted).proportion_ci(0.95, method="exact")  # Clopper-Pearson
    return f"{killed / counted:.0%} ({interval.low:.0%} to {interval.high:.0%})"


def sources(names: list[str]) -> list[Source]:
    """Modules of these names: files, or all files of folders."""
    found: dict[Path, None] = {}
    for name in names:
        here = [
            path
            for path in sorted(PACKAGE.rglob("*.py"))
            if name in path.relative_to(PACKAGE).with_suffix("").parts
        ]
        if not here:
            print(f"no module {name}: left out")
        found |= dict.fromkeys(here)
    return [Source(path) for path in found]


def chosen(every: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    """Pick those asked for, or a sample: the first in the order of a digest of seed and name."""
    if options.only:
        names = set(options.only)
        if "survivors" in names:
            rows = json.loads((options.output / "mutation.json").read_text(encoding="utf-8"))
            names |= {row["identity"] for row in rows if row["fate"] == "survived"}
        return [
            m
            for m in every
            if names & {m.identity, f"{m.file}:{m.line}", f"{Path(m.file).name}:{m.line}"}
            and m.is_fault()
        ]
    every = sorted(
        every, key=lambda m: hashlib.sha256(f"{options.seed} {m.identity}".encode()).digest()
    )
    # of several faults of a kind at one place, such as four changes of a constant, one
    places = {(m.file, m.start, m.operator): m for m in reversed(every)}
    one = [m for m in every if places[m.file, m.start, m.operator] is m]
    return list(itertools.islice(filter(Mutant.is_fault, one), options.sample))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--modules", nargs="+", default=MODULES, metavar="NAME")
    parser.add_argument("--sample", type=int, default=300, help="number of mutants")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="FILE:LINE",
        help="or names of mutants, or `survivors` of the last sample; --output is left as it is",
    )
    parser.add_argument("--tests", nargs="+", default=["tests/unit"], help="files or folders")
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "mutation")
    parser.add_argument("--harmless", type=Path, default=HARMLESS)
    options = parser.parse_args()

    # before any library is imported: forked children share no threads
    for name in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{name}_NUM_THREADS"] = "1"
    os.environ["MPLBACKEND"] = "Agg"
    sys.path.insert(0, str(PACKAGE.parent))
    sys.path.insert(0, str(ROOT / "tests" / "workflow"))
    options.output.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends the children too

    rooms = {str(source.path.relative_to(PACKAGE)): source for source in sources(options.modules)}
    every = [mutant for source in rooms.values() for mutant in mutants(source)]
    sample = {mutant.identity: mutant for mutant in chosen(every, options)}
    harmless = known_harmless(options.harmless)
    touched = trace(options.output, options.tests)
    reach = Reach(touched, [Source(path) for path in sorted(PACKAGE.rglob("*.py"))])
    present = {(m.module, m.original, m.mutated) for m in every}
    modules = {m.module for m in every}
    stale = [" | ".join(key) for key in harmless if key[0] in modules and key not in present]
    rows: list[dict[str, Any]] = []
    start = time.perf_counter()

    def done(identity: str, answer: dict[str, Any]) -> None:
        mutant = sample[identity]
        if "signal" in answer:
            ended = {signal.SIGPROF: "takes too long", signal.SIGALRM: "waits too long"}
            by = ended.get(answer["signal"], f"ended by signal {answer['signal']}")
            answer = {"fate": "killed", "by": by}
        key = (mutant.module, mutant.original, mutant.mutated)
        if answer["fate"] == "survived" and key in harmless:
            answer = {"fate": "harmless", "by": harmless[key]}
        rows.append(asdict(mutant) | {"module": mutant.module} | answer)
        print(f"{len(rows)}/{len(sample)} {time.perf_counter() - start:.0f} s {answer['fate']}: "
              f"{mutant.file}:{mutant.line} {identity} {mutant.operator}", flush=True)  # fmt: skip
        if answer["fate"] == "survived":
            print(f"    - {mutant.original}\n    + {mutant.mutated}")
        if not options.only:
            seconds = time.perf_counter() - start
            head = (
                f"# Mutation score\n\n{len(rows)} of some {len(every):,} mutants, a sample with "
                f"seed {options.seed}; quick tests of {', '.join(options.tests)}; {seconds:.0f} s. "
                "The score is the share killed of mutants that are not known to be harmless."
            )
            parts = [head, table(rows), listing(rows, stale)]
            (options.output / "mutation.md").write_text("\n\n".join(parts), encoding="utf-8")
            text = json.dumps(rows, indent=1, ensure_ascii=False)
            (options.output / "mutation.json").write_text(text, encoding="utf-8")

    def tasks() -> Iterator[tuple[str, Callable[[], Any]]]:
        for identity, mutant in sample.items():
            tests = reach.tests(rooms[mutant.file], mutant)
            if tests:
                yield identity, lambda m=mutant, t=tests: outcome(m, t, reach.cost)
            else:
                done(identity, {"fate": "survived", "by": "no quick test touches it"})

    run_each(tasks(), done)
    print("\n" + table(rows))
    if not options.only:
        print(f"\nsurvivors: {options.output / 'mutation.md'}")


if __name__ == "__main__":
    main()
