"""A step's digest covers the code and the libraries that its script really rests on, no more."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from imports_of_scripts import files_imported

import partial_pooling.study.digest as digest_module
from partial_pooling.study.digest import LIBRARY, code_digest, distributions, library_modules
from partial_pooling.study.provenance import DISTRIBUTIONS, versions

SCRIPTS = sorted((LIBRARY.parent / "scripts").glob("*.py"))
NOTEBOOK = LIBRARY.parent / "notebooks" / "report.ipynb"


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Files of the library that each script has imported when its `main` would start."""
    notebook = tmp_path_factory.mktemp("scripts") / "report.py"
    opening = "".join(json.loads(NOTEBOOK.read_text())["cells"][1]["source"])
    notebook.write_text(opening.partition("report = ")[0])  # its imports
    return files_imported((str(script),) for script in [*SCRIPTS, notebook])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_digest_covers_what_the_script_imports(imported, script):
    assert len(imported[script.stem]) > 1
    assert imported[script.stem] <= library_modules(script)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_digest_covers_no_more_than_the_script_and_its_functions_import(imported, script):
    # what only a function imports is not there yet when `main` starts
    late = library_modules(script) - imported[script.stem]
    named = {name for path in {script, *library_modules(script)} for name in late_imports(path)}
    assert {path.stem for path in late} <= named


def late_imports(path):
    """Modules of the library that an indented line of a file names."""
    lines = path.read_text().splitlines()
    return {
        line.split()[1].rpartition(".")[2]
        for line in lines
        if line.startswith(" ") and line.strip().startswith("from partial_pooling")
    }


def test_digest_of_the_notebook_covers_what_it_imports(imported):
    assert imported["report"] <= library_modules(NOTEBOOK)


def test_editing_figures_does_not_touch_sampling_but_models_does():
    modules = library_modules(LIBRARY.parent / "scripts/sample_posterior.py")
    rooms = {module.relative_to(LIBRARY).parts[0] for module in modules}
    assert {"models", "sampling", "data", "priors"} <= rooms
    assert rooms.isdisjoint({"exact", "classical", "grading", "figures", "report"})
    assert "digest" not in {module.stem for module in modules}


def test_the_library_imports_by_a_computed_name_only_in_a_face_that_lists_the_names():
    for path in LIBRARY.rglob("*.py"):
        text = path.read_text()
        if "import_module(" in text.replace('"import_module"', "") and path.stem != "digest":
            assert path.name == "__init__.py" and digest_module._lazy_homes(path), path
        # else leaving docstrings out of the digest would be wrong
        assert "__doc__" not in text, path


# -- a library of its own, in which each way to import is tried ---------------------------------

LIBRARY_FILES = {
    "__init__.py": '_HOME = {"lazy_name": "lazy", "deep_name": "room.deep.floor"}\n'
    "def __getattr__(name): ...\n",
    "top.py": "X = 1\n",
    "lazy.py": "X = 1\n",
    "unused.py": "X = 1\n",
    "room/__init__.py": "from .face import shown\n",
    "room/face.py": "shown = 1\n",
    "room/plain.py": "X = 1\n",
    "room/relative.py": "from . import plain\n",
    "room/above.py": "from ..top import X\n",
    "room/late.py": "def run():\n    from partial_pooling.top import X\n    return X\n",
    "room/deep/__init__.py": "DEEP = 1\n",
    "room/deep/floor.py": "X = 1\n",
    "room/deep/relative.py": "from ...top import X\n",
    "room/deep/sibling.py": "from ..plain import X\n",
    "bare/file.py": "X = 1\n",
    "circle/__init__.py": "from partial_pooling.circle import one\n",
    "circle/one.py": "from partial_pooling.circle.two import X\n",
    "circle/two.py": "from partial_pooling.circle import one\nX = 1\n",
}
ROOM = {"__init__", "room", "room/face"}
DEEP = ROOM | {"room/deep"}


@pytest.fixture
def library(tmp_path, monkeypatch):
    folder = tmp_path / "project" / "partial_pooling"
    for name, text in LIBRARY_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    use(folder, monkeypatch)
    yield folder
    forget()


def use(folder, monkeypatch):
    monkeypatch.setattr(digest_module, "LIBRARY", folder)
    forget()


def forget():
    digest_module._parse.cache_clear()
    digest_module._lazy_homes.cache_clear()


def found(library, code):
    script = library.parent / "script.py"
    script.write_text(code)
    digest_module._parse.cache_clear()
    names = (path.relative_to(library).with_suffix("") for path in library_modules(script))
    return {name.as_posix().removesuffix("/__init__") for name in names}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import math", set()),
        ("import partial_pooling_of_others", set()),
        ("import partial_pooling", {"__init__"}),
        ("import partial_pooling.top", {"__init__", "top"}),
        ("import partial_pooling.room.plain as c", ROOM | {"room/plain"}),
        ("import partial_pooling.room.deep.floor", DEEP | {"room/deep/floor"}),
        ("from partial_pooling.room.deep.floor import X", DEEP | {"room/deep/floor"}),
        ("from partial_pooling.room.deep import floor as f", DEEP | {"room/deep/floor"}),
        ("from partial_pooling.room import deep, plain", DEEP | {"room/plain"}),
        ("from partial_pooling import room", ROOM),
        ("from partial_pooling.room import shown", ROOM),
        ("from partial_pooling.room import relative", ROOM | {"room/relative", "room/plain"}),
        ("from partial_pooling.room import above", ROOM | {"room/above", "top"}),
        ("from partial_pooling.room import late", ROOM | {"room/late", "top"}),
        ("import partial_pooling.room.deep.relative", DEEP | {"room/deep/relative", "top"}),
        ("import partial_pooling.room.deep.sibling", DEEP | {"room/deep/sibling", "room/plain"}),
        ("from partial_pooling.bare.file import X", {"__init__", "bare/file"}),
        ("from partial_pooling.bare import *", {"__init__", "bare/file"}),
        ("import partial_pooling.circle", {"__init__", "circle", "circle/one", "circle/two"}),
        ("from partial_pooling import lazy_name", {"__init__", "lazy"}),
        ("from partial_pooling import deep_name", DEEP | {"room/deep/floor"}),
        ("import partial_pooling as p\np.lazy_name()", {"__init__", "lazy"}),
        ("import partial_pooling\npartial_pooling.deep_name", DEEP | {"room/deep/floor"}),
        ("def f():\n    if 1:\n        from partial_pooling import top", {"__init__", "top"}),
        ("try:\n    import partial_pooling.top\nexcept E: pass", {"__init__", "top"}),
        ("class C:\n    from partial_pooling.top import X", {"__init__", "top"}),
        (
            "import importlib\nimportlib.import_module('partial_pooling.top')",
            {"__init__", "top"},
        ),
        (
            "from importlib import import_module\nimport_module('.plain', 'partial_pooling.room')",
            ROOM | {"room/plain"},
        ),
        (
            "import_module('.plain', package='partial_pooling.room')",
            ROOM | {"room/plain"},
        ),
        ("x = __import__('partial_pooling.top')", {"__init__", "top"}),
        ("if TYPE_CHECKING:\n    import partial_pooling.top", set()),
        ("if typing.TYPE_CHECKING:\n    import partial_pooling.top", set()),
        (
            "if TYPE_CHECKING:\n    pass\nelse:\n    import partial_pooling.top",
            {"__init__", "top"},
        ),
        ("if not TYPE_CHECKING:\n    import partial_pooling.top", {"__init__", "top"}),
        ("'import partial_pooling.top'", set()),
    ],
)
def test_every_way_to_import_is_seen(library, code, expected):
    assert found(library, code) == expected


@pytest.mark.parametrize("name", [name for name in LIBRARY_FILES if "bare" not in name])
def test_what_is_seen_is_what_python_imports(library, name):
    # Python itself is the judge: each module is imported in a process of its own
    module = ".".join(("partial_pooling", *Path(name).with_suffix("").parts))
    code = f"import {module.removesuffix('.__init__')}"
    program = f"{code}\nimport sys\nprint(*(n for n in sys.modules if n.startswith('partial_')))"
    ran = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=library.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {n.replace(".", "/").removeprefix("partial_pooling/") for n in ran.stdout.split()}
    loaded = {"__init__" if n == "partial_pooling" else n for n in loaded}
    late = {"top"} if name == "room/late.py" else set()
    assert found(library, code) == loaded | late


# -- what changes a digest, and what does not ---------------------------------------------------

BEFORE = '''"""What it does."""
import partial_pooling.top
X = {"key": "a literal", "n": 1}
class C:
    """A class."""
    field: int = 1
    """What the field is."""
def f(x):
    """Words."""
    # a comment
    if not x:
        raise InputError(f"no {x}")
    return x + 1
async def g():
    """Words."""
'''
SAME = {
    "docstring of the module": ("What it does.", "What else it does."),
    "no docstring": ('    """A class."""\n', ""),
    "docstring of a field": ("What the field is", "Other words"),
    "docstring of a function": ('"""Words."""\n    # a', '"""Other\n\n    words."""\n    # a'),
    "docstring of a coroutine": ('g():\n    """Words."""', 'g():\n    """Others."""'),
    "comment": ("# a comment", "# other words"),
    "what an error says": ('InputError(f"no {x}")', 'InputError("another", x)'),
    "blank lines and quotes": ('X = {"key":', "\n\n\nX = {  'key':"),
    "line breaks": ("return x + 1", "return (\n        x\n        + 1\n    )"),
}
OTHER = {
    "number": ("x + 1", "x + 2"),
    "operator": ("x + 1", "x - 1"),
    "literal": ("a literal", "another literal"),
    "name": ("return x", "return y"),
    "default": ("f(x)", "f(x=1)"),
    "statement": ("return x", "x = 1\n    return x"),
    "type": ('"n": 1', '"n": 1.0'),
    "import": ("partial_pooling.top", "partial_pooling.lazy"),
    "another error": ("InputError(", "OtherError("),
    "when there is an error": ("if not x", "if x"),
    "indentation": ("async def g():", "    async def g(): pass\nif 1:"),
}


@pytest.mark.parametrize("file", ["script.py", "partial_pooling/room/deep/floor.py"])
@pytest.mark.parametrize("change", [*SAME, *OTHER])
def test_words_about_code_do_not_change_a_digest_and_code_does(library, file, change):
    script = library.parent / "script.py"
    script.write_text("import partial_pooling.room.deep.floor\n")
    path = library.parent / file
    code = BEFORE + "import partial_pooling.room.deep.floor\n"
    path.write_text(code)

    def digest():
        forget()
        return code_digest(script, versions={})

    first = digest()
    old, new = (SAME | OTHER)[change]
    assert old in code
    path.write_text(code.replace(old, new, 1))
    assert (digest() == first) == (change in SAME)


@pytest.mark.parametrize("name", LIBRARY_FILES)
def test_digest_changes_with_a_module_if_and_only_if_it_is_imported(library, name):
    script = library.parent / "script.py"
    script.write_text("import partial_pooling.room.deep.sibling, partial_pooling.room.late\n")
    first = code_digest(script, versions={})
    rests_on = library_modules(script)
    (library / name).write_text(LIBRARY_FILES[name] + "\nCHANGED = 1\n")
    forget()
    assert (code_digest(script, versions={}) != first) == (library / name in rests_on)


def test_what_is_said_of_faults_and_in_logs_changes_no_digest(library):
    script = library.parent / "script.py"
    script.write_text("import partial_pooling.errors, partial_pooling.logs\n")
    for name in ("errors.py", "logs.py"):
        (library / name).write_text("from partial_pooling.top import X\n")
    first = code_digest(script, versions={})
    assert library / "top.py" in library_modules(script)
    for name in ("errors.py", "logs.py"):
        (library / name).write_text("from partial_pooling.top import X\nY = 'other words'\n")
    forget()
    assert code_digest(script, versions={}) == first


def test_renaming_a_module_or_swapping_two_changes_a_digest(library):
    script = library.parent / "script.py"
    script.write_text("import partial_pooling.room.above, partial_pooling.room.late\n")
    first = code_digest(script, versions={})
    late, above = library / "room/late.py", library / "room/above.py"
    texts = late.read_text(), above.read_text()
    late.write_text(texts[1])
    above.write_text(texts[0])
    forget()
    assert code_digest(script, versions={}) != first


def test_digest_is_equal_in_every_folder(library, tmp_path, monkeypatch):
    script = library.parent / "script.py"
    script.write_text("import partial_pooling.room.deep.sibling\n")
    first = code_digest(script, versions={"python": "3.13.1"})
    other = tmp_path / "a folder of other depth" / "x"
    shutil.copytree(library.parent, other)
    use(other / "partial_pooling", monkeypatch)
    assert code_digest(other / "script.py", versions={"python": "3.13.1"}) == first


def test_a_notebook_counts_by_its_code_and_not_by_its_words(library):
    notebook = library.parent / "report.ipynb"

    def digest(words, code):
        cells = [("markdown", words), ("code", "import partial_pooling.top\n"), ("code", code)]
        content = {"cells": [{"cell_type": kind, "source": [text]} for kind, text in cells]}
        notebook.write_text(json.dumps(content))
        forget()
        return code_digest(notebook, versions={})

    first = digest("words", "x = 1")
    assert library / "top.py" in library_modules(notebook)
    assert digest("other words", "x = 1  # one") == first
    assert digest("words", "x = 2") != first


# -- versions -----------------------------------------------------------------------------------

SAMPLERS = {"pymc", "pytensor", "nutpie", "numba", "llvmlite"}


def libraries_of(rule):
    return distributions(LIBRARY.parent / "scripts" / f"{rule}.py")


def test_sampling_rests_on_samplers_and_compilers_and_not_on_figures():
    for rule in ("sample_posterior", "simulate_and_fit"):
        assert SAMPLERS | {"numpy", "scipy"} <= libraries_of(rule)
        assert "matplotlib" not in libraries_of(rule)
    # a batch's tables are Pandas', its draws are not
    assert "pandas" not in libraries_of("sample_posterior")


def test_diagnosing_rests_on_arviz_and_scipy_and_not_on_samplers():
    assert {"arviz-stats", "arviz-base", "numpy", "scipy"} <= libraries_of("diagnose_fits")
    assert libraries_of("diagnose_fits").isdisjoint(SAMPLERS)


def test_drawing_rests_on_matplotlib_and_not_on_samplers():
    drawing = [path.stem for path in SCRIPTS if path.stem.startswith("plot_")]
    assert len(drawing) == 7
    for rule in drawing:
        assert {"matplotlib", "numpy", "pandas"} <= libraries_of(rule)
        assert libraries_of(rule).isdisjoint(SAMPLERS)


def test_the_exact_posterior_rests_on_numpy_and_scipy_and_on_no_sampler():
    assert {"numpy", "scipy"} <= libraries_of("solve_exact")
    assert libraries_of("solve_exact").isdisjoint({*SAMPLERS, "matplotlib", "arviz-stats"})


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_digest_changes_with_a_version_if_and_only_if_the_step_rests_on_it(script):
    installed = versions()
    first = code_digest(script, versions=installed)
    for name in installed.keys() - {"python"}:
        upgraded = code_digest(script, versions=installed | {name: "99.9"})
        assert (upgraded != first) == (name in distributions(script)), name


def test_of_python_the_first_two_numbers_count():
    def digest(version):
        return code_digest(SCRIPTS[0], versions={"python": version})

    assert digest("3.13.0") == digest("3.13.12")
    assert digest("3.13.0") != digest("3.14.0")
    assert digest("3.13.0") != digest("3.1.3")


def test_what_a_digest_counts_is_recorded_with_every_result():
    counted = {name for names in DISTRIBUTIONS.values() for name in names}
    named = "pymc pytensor nutpie numba llvmlite arviz arviz-stats numpy scipy pandas matplotlib"
    assert set(named.split()) <= counted
    assert counted | {"python", "snakemake"} == set(versions())
    assert "not installed" not in versions().values()


def test_every_library_behind_a_counted_one_is_counted():
    # by what the distributions require themselves, as far as the table names it at all
    from importlib.metadata import requires

    known = {name for names in DISTRIBUTIONS.values() for name in names}
    carried = {"pymc": {"arviz", "pandas"}, "nutpie": {"arviz", "pandas"}}
    for package, names in DISTRIBUTIONS.items():
        for name in names:
            needed = {
                requirement.split(";")[0].split("[")[0].split("<")[0].split(">")[0].strip(" !=~(")
                for requirement in requires(name) or ()
                if "extra ==" not in requirement
            }
            needed = {one.replace("_", "-") for one in needed} & known
            assert needed <= {*names} | carried.get(name, set()), (package, name)


def test_versions_are_found_without_importing_the_libraries():
    program = (
        "import sys; import partial_pooling.study.configuration, partial_pooling.study.digest, "
        "partial_pooling.study.kept, partial_pooling.sampling.samplers; "
        "from partial_pooling.study.provenance import versions; versions(); "
        "heavy = {'pymc', 'nutpie', 'arviz', 'pandas', 'xarray', 'scipy', 'numba', 'matplotlib', "
        "'pytensor', 'netCDF4', 'arviz_stats', 'llvmlite'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
