"""The registry of figures: every entry is drawn, told and shown, and rests on the code it names."""

import inspect
import itertools
import json
import re
import string
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest
from imports_of_scripts import files_imported
from matplotlib.colors import to_rgb

from partial_pooling.figures import registry
from partial_pooling.figures.figure import Audience, Category
from partial_pooling.figures.style import COLOURS, MARKERS
from partial_pooling.report.captions import CALIBRATION
from partial_pooling.study.digest import LIBRARY, code_digest, library_modules
from partial_pooling.study.settings import load_schema

ROOT = Path(__file__).parents[2]
CATEGORIES = get_args(Category)
ROOM = LIBRARY / "figures"
NARROW = registry.narrow_versions()
each_figure = pytest.mark.parametrize("figure", registry.FIGURES, ids=lambda figure: figure.name)


def functions():
    """Functions of the room that draw a figure, as the registry names them."""
    return {
        f"{path.stem}.{name.rpartition(' ')[2]}"
        for path in ROOM.glob("*.py")
        for name in re.findall(
            r"^@styled\ndef \w+|^\w+(?= = narrowed\()", path.read_text(), flags=re.MULTILINE
        )
    }


def test_every_function_that_draws_is_registered_and_every_registered_one_is_there():
    assert functions() == {figure.function for figure in registry.FIGURES}
    names = [figure.name for figure in registry.FIGURES]
    assert len(names) == len(set(names))


@each_figure
def test_the_numbers_that_a_figure_draws_are_tested(figure):
    if figure.name in NARROW:
        return  # the same numbers on less width
    file, name = figure.function.split(".")
    imported = re.compile(rf"from partial_pooling\.figures\.{file} import [^)]*?\b{name}\b")
    tests = Path(__file__).parent.glob("test_*drawn_numbers.py")
    assert any(imported.search(path.read_text()) for path in tests), "write a test of its numbers"


@each_figure
def test_a_figure_needs_what_its_function_takes(figure):
    module, _, name = figure.function.partition(".")
    taken = inspect.signature(
        getattr(import_module(f"partial_pooling.figures.{module}"), name)
    ).parameters
    assert list(taken) == list(figure.needs)
    assert figure.category in CATEGORIES
    assert figure.audience in get_args(Audience)


@each_figure
def test_a_caption_is_told_and_equal_in_snakemakes_report(figure):
    if figure.name in NARROW:
        return  # it has that of the figure in whose place it stands
    assert figure.alternative and figure.caption
    slots = {name for _, name, _, _ in string.Formatter().parse(figure.caption) if name}
    assert ("found" in slots) >= bool(figure.unfound), "said nowhere"
    file = ROOT / f"workflow/report/{figure.name}.rst"
    assert file.read_text() == registry.template(figure), (
        "run: uv run python -m partial_pooling.report.generated"
    )


def test_no_caption_is_left_of_a_figure_that_is_not_registered():
    pages = {"report", "workflow"}  # captions of no figure
    files = {path.stem for path in (ROOT / "workflow/report").glob("*.rst")}
    assert files == {figure.name for figure in registry.FIGURES} - NARROW | pages


def test_every_figure_is_shown_by_the_report_and_no_other():
    notebook = json.loads((ROOT / "workflow/notebooks/report.ipynb").read_text())
    cells = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    shown = re.findall(r'figure\(report, "(\w+)"\)', cells)
    assert set(shown) == set(registry.in_report())
    assert len(shown) == len(set(shown))
    pages = ("Collection", "Scorecard")  # of their own
    elsewhere = {figure.name for page in pages for figure in registry.of_category(page)}
    of_calibration = [figure.name for figure in registry.of_category("Calibration")]
    assert list(CALIBRATION) == [name for name in of_calibration if name not in NARROW]
    elsewhere |= set(of_calibration)  # where there is one
    # the funnels of all settings are for Snakemake's report
    others = {figure.name for figure in registry.FIGURES} - {*shown, *elsewhere}
    narrow = NARROW - elsewhere
    assert others == {"settings", *narrow}
    assert sorted(registry.embedded()) == sorted({*shown, *narrow})


def script_of(category):
    return LIBRARY.parent / f"scripts/plot_{category.lower()}.py"


@pytest.fixture(scope="module")
def imported():
    """Files of the library that each script imports, with those that its figures' functions do."""
    return files_imported(
        (
            str(script_of(category)),
            *(
                f"partial_pooling.figures.{function.partition('.')[0]}"
                for function, *_ in registry.drawn(category).values()
            ),
        )
        for category in CATEGORIES
    )


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_rule_draws_its_category_and_its_digest_counts_what_draws(imported, category):
    script = script_of(category)
    modules = registry.modules(category)
    counted = library_modules(script).union(
        map(Path, modules), *(library_modules(Path(module)) for module in modules)
    )
    assert imported[script.stem] <= counted
    assert ROOM / "registry.py" not in counted, "words of captions would draw again"
    others = {path.name for path in counted if path.parent == ROOM}
    assert ("calibration.py" in others) == (category == "Calibration")
    assert code_digest(script, *modules, versions={}) != code_digest(script, versions={})
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    for wanted in (
        f'figures=registry.drawn("{category}")',
        f'code=code("plot_{category.lower()}", *registry.modules("{category}"))',
    ):
        assert rules.count(wanted) == 1


def test_inputs_of_a_rule_are_what_its_figures_need():
    assert registry.inputs("Groups", "results/x") == {
        "groups": "results/x/data.csv",
        "exact": "results/x/exact.csv",
        "curves": "results/x/exact.nc",
        "ranks": "results/x/ranks.csv",
        "influence": "results/x/influence.csv",
        "decisions": "results/x/decisions.csv",
        "priors": "results/x/priors.csv",
        "atlas": "results/x/atlas.csv",
        "classical": "results/x/classical.csv",
    }


def test_reading_the_registry_imports_nothing_slow():
    program = (
        "import sys, partial_pooling.figures.registry; "
        "print({'matplotlib', 'pandas', 'numpy', 'scipy', 'xarray'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout.strip() == "set()", ran.stderr


# -- colours ------------------------------------------------------------------------------------

# Linear maps of linear RGB, severity 1, of Machado, Oliveira and Fernandes (2009): what people see
# who lack long-wave or middle-wave cones. In print, markers tell models apart.
SEEN = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def linear(colour):
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]


def lightness_and_hue(rgb):
    """CIE L*a*b* of linear RGB, white D65."""
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    x, y, z = (
        max(sum(m * c for m, c in zip(row, rgb, strict=True)), 0) / w
        for row, w in zip(to_xyz, white, strict=True)
    )
    f = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def test_every_model_that_a_study_may_ask_for_has_its_colour_and_marker():
    allowed = set(load_schema()["properties"]["models"]["items"]["enum"])
    assert allowed | {"centered", "noncentered", "partial", "marginal"} <= set(COLOURS)
    assert set(COLOURS) == set(MARKERS)
    assert len(set(COLOURS.values())) == len(set(MARKERS.values())) == len(COLOURS)


@pytest.mark.parametrize("sight", SEEN)
def test_colours_of_models_are_told_apart_by_colour_blind_readers(sight):
    seen = {
        model: lightness_and_hue(
            [sum(m * c for m, c in zip(row, linear(colour), strict=True)) for row in SEEN[sight]]
        )
        for model, colour in COLOURS.items()
    }
    for first, second in itertools.combinations(seen, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen[first], seen[second], strict=True)) ** 0.5
        assert apart > 15, (first, second)
