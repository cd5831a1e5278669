"""A rule's digest covers the code that its script really imports, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from partial_pooling.errors import InputError
from partial_pooling.files import intact, replacing, write_json
from partial_pooling.provenance import LIBRARY, code_digest, library_modules, provenance

SCRIPTS = sorted((LIBRARY.parent / "scripts").glob("*.py"))
NOTEBOOK = LIBRARY.parent / "notebooks" / "report.ipynb"
PROGRAM = """
import json, runpy, sys
before = set(sys.modules)
runpy.run_path(sys.argv[1])
print(json.dumps([m.__file__ for n, m in sys.modules.items() if n.startswith("partial_pooling")]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_digest_covers_what_the_script_imports(script):
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(script)], capture_output=True, text=True, check=True
    )
    imported = {Path(file) for file in json.loads(ran.stdout)}
    assert imported <= library_modules(script)


def test_editing_plots_does_not_touch_sampling_but_models_does():
    sampling = {
        module.stem for module in library_modules(LIBRARY.parent / "scripts/sample_posterior.py")
    }
    assert {"models", "sampling", "fits", "data", "priors"} <= sampling
    assert sampling.isdisjoint({"plots", "report", "exact", "diagnostics", "verdict"})


def test_digest_of_a_notebook_covers_its_imports():
    assert "report" in {module.stem for module in library_modules(NOTEBOOK)}


def test_digest_changes_with_a_byte_of_an_imported_module(tmp_path, monkeypatch):
    import partial_pooling.provenance as module

    library = tmp_path / "partial_pooling"
    library.mkdir()
    (library / "__init__.py").write_text("")
    (library / "a.py").write_text("from partial_pooling import b\n")
    (library / "b.py").write_text("X = 1\n")
    (library / "c.py").write_text("Y = 1\n")
    script = tmp_path / "script.py"
    script.write_text("from partial_pooling.a import b\n")
    monkeypatch.setattr(module, "LIBRARY", library)

    def digest():
        module._imports.cache_clear()
        return code_digest(script)

    first = digest()
    (library / "c.py").write_text("Y = 2\n")
    assert digest() == first
    (library / "b.py").write_text("X = 2\n")
    assert digest() != first


def test_the_snakefile_imports_neither_pymc_nor_nutpie_nor_arviz():
    program = (
        "import sys; import partial_pooling.configuration, partial_pooling.provenance, "
        "partial_pooling.sampling; "
        "heavy = {'pymc', 'nutpie', 'arviz', 'pandas', 'xarray', 'scipy'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_modules_import_only_from_floors_below():
    floors = [
        {"errors", "words"},
        {"files", "priors", "provenance", "logs", "html"},
        {"data"},
        {"fits", "models", "classical", "lecture"},
        {"configuration", "sampling", "exact", "resources", "results", "findings"},
        {
            "diagnostics",
            "verdict",
            "calibration",
            "calibration_summary",
            "certificate",
            "captions",
            "comparison",
        },
        {"plots", "report", "rendering", "estimate"},
        {"__main__"},
    ]
    floor = {name: number for number, names in enumerate(floors) for name in names}
    for path in LIBRARY.glob("*.py"):
        if path.stem != "__init__":
            for used in library_modules(path) - {path, LIBRARY / "__init__.py"}:
                assert floor[used.stem] < floor[path.stem], (path.stem, used.stem)


def test_provenance_holds_no_date_or_path(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("group,estimate,std_error\n")
    first = provenance(data, {"seed": 1})
    assert first == provenance(data, {"seed": 1})
    assert set(first) == {"data_sha256", "settings", "versions", "git_commit", "git_dirty"}
    assert str(tmp_path) not in str(first)


def test_replacing_leaves_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "deep" / "a.json"
    write_json({"x": 1}, path)
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert json.loads(path.read_text()) == {"x": 1}
    assert sorted(file.name for file in path.parent.iterdir()) == [".a.json.sha256", "a.json"]


def test_a_file_is_intact_until_a_byte_of_it_changes(tmp_path):
    path = tmp_path / "a.json"
    write_json({"x": 1}, path)
    assert intact(path) == path
    content = path.read_bytes()
    for harm in (content[:-1], content.replace(b"1", b"2"), b""):
        path.write_bytes(harm)
        with pytest.raises(InputError, match=r"a.json: damaged .* delete it and run Snakemake"):
            intact(path)
    path.unlink()
    with pytest.raises(InputError, match=r"a.json: it is missing; run Snakemake"):
        intact(path)
    own = tmp_path / "own.csv"
    own.write_text("a user's own file has no digest")
    assert intact(own) == own
