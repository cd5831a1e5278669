"""Which numbers the rules that draw hand to which figure, and which file it goes to."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from partial_pooling.data.reading import write_groups
from partial_pooling.figures import drawing, registry
from partial_pooling.priors.priors import parse_hyperprior

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
# the lecture's, as a configuration writes them
PRIOR = {
    "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
    "tau": {"dist": "HalfCauchy", "beta": 5},
}
SETTINGS = [(1, 0.8), (1, 0.95), (2, 0.8), (2, 0.95)]  # seed, target_accept


def script(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def batch(model):
    """The fits of a model, each with its model, seed and target_accept as its one draw of mu."""
    return [
        xr.DataTree.from_dict(
            {
                "posterior": xr.Dataset(
                    {"mu": ((), f"{model} {seed} {accept}")},
                    coords={"seed": seed, "target_accept": accept},
                )
            }
        )
        for seed, accept in SETTINGS
    ]


def name_of(fit):
    return fit["posterior"]["mu"].item()


@pytest.fixture
def drawn(monkeypatch):
    """Arguments of every figure, and files by figure, without drawing."""
    calls, files = {}, {}

    def resolve(path):
        name = path.partition(":")[2]
        return lambda **given: calls.setdefault(name, []).append(given) or (name, given)

    monkeypatch.setattr(drawing, "resolve_name", resolve)
    monkeypatch.setattr(drawing, "save", lambda figure, *paths: files.update({paths: figure}))
    return calls, files


def read_batch(path, draws):
    assert draws == 400
    return iter(batch(path.split("/")[-2]))


def test_figures_of_settings_go_to_the_files_of_their_settings(drawn, monkeypatch):
    _, files = drawn
    module = script("plot_settings")
    monkeypatch.setattr(module, "read_fits", read_batch)
    monkeypatch.setattr(module, "read_dataset", lambda path: path)
    monkeypatch.setattr(module, "save", drawing.save)
    names = [f"{model}_{accept:g}" for model in ("a", "b") for accept in (0.8, 0.95)]
    module.main(
        SimpleNamespace(
            input=SimpleNamespace(fits=["fits/a/batch-0.nc", "fits/b/batch-0.nc"], curves="curves"),
            output={name: f"{name}.svg" for name in names},
            params=SimpleNamespace(
                seed=2, draws=400, measure=None, figures=registry.drawn("Settings")
            ),
        )
    )
    shown = {
        path: {model: name_of(fit) for model, fit in given["fits"].items()}
        for (path,), (_, given) in files.items()
    }
    assert shown == {
        "a_0.8.svg": {"a": "a 2 0.8"},
        "a_0.95.svg": {"a": "a 2 0.95"},
        "b_0.8.svg": {"b": "b 2 0.8"},
        "b_0.95.svg": {"b": "b 2 0.95"},
    }


def test_figures_of_fits_show_one_setting_with_its_own_error_and_exact_mean(
    drawn, monkeypatch, tmp_path, eight_schools
):
    calls, files = drawn
    module = script("plot_fits")
    monkeypatch.setattr(module, "read_fits", read_batch)
    monkeypatch.setattr(module, "read_dataset", lambda path: path)
    cells = [
        (variable, seed, accept, draws)
        for variable in ("mu", "log_tau")
        for seed, accept in SETTINGS
        for draws in (100, 400)
    ]
    right = {}
    for k, model in enumerate(("a", "b")):
        table = pd.DataFrame(cells, columns=["variable", "seed", "target_accept", "draws"])
        table["mcse_mean"] = 100.0 * k + np.arange(len(table))
        table["mcse_sd"] = -1.0
        table.to_csv(tmp_path / f"{model}.csv", index=False)
        right[model] = 100 * k + cells.index(("log_tau", 2, 0.95, 400))
    exact = pd.DataFrame({"variable": ["mu", "log_tau"], "mean": [4.0, 0.75], "sd": [3.0, 1.5]})
    exact.to_csv(tmp_path / "exact.csv", index=False)
    write_groups(eight_schools, tmp_path / "data.csv")
    figures = registry.drawn("Fits")
    module.main(
        SimpleNamespace(
            input=SimpleNamespace(
                fits=["fits/a/batch-0.nc", "fits/b/batch-0.nc"],
                estimates=[tmp_path / "a.csv", tmp_path / "b.csv"],
                exact=tmp_path / "exact.csv",
                curves="curves",
                data=tmp_path / "data.csv",
            ),
            output={f"{name}{end}": f"{name}{end}" for name in figures for end in ("", "_png")},
            params=SimpleNamespace(
                models=["a", "b"],
                seed=2,
                target_accept=0.95,
                draws=400,
                prior=PRIOR,
                measure=None,
                figures=figures,
            ),
        )
    )
    (given,) = calls["cumulative_mean"]
    assert given["mcse"] == right
    assert given["exact_mean"] == 0.75
    assert given["quoted"] == 0.7657852  # the lecture's data and priors
    for (given,) in calls.values():
        assert {model: name_of(fit) for model, fit in given["fits"].items()} == {
            "a": "a 2 0.95",
            "b": "b 2 0.95",
        }
    assert {path: figure for (path, _), (figure, _) in files.items()} == {f: f for f in figures}


def test_figures_of_tables_are_drawn_from_the_tables_that_they_name(drawn, monkeypatch):
    calls, files = drawn
    for category, folder in (("Groups", "."), ("Study", "."), ("Calibration", "calibration")):
        calls.clear()
        files.clear()
        module = script(f"plot_{category.lower()}")
        monkeypatch.setattr(module, "read_needed", dict)
        told = registry.drawn(category)
        module.main(
            SimpleNamespace(
                input=registry.inputs(category, folder),
                output={
                    f"{name}{end}": f"{name}{end}"
                    for name in told
                    for end in ("", "_png")
                    if not (end and name in registry.narrow_versions())
                },
                params=SimpleNamespace(figures=told, measure=None, prior=PRIOR),
            )
        )
        for name, (_, *needs) in told.items():
            ((_, given),) = (figure for paths, figure in files.items() if paths[0] == name)
            inputs = registry.inputs(category, folder) | {"prior": parse_hyperprior(PRIOR)}
            assert given == {need: inputs[need] for need in needs}
        assert set(files) == {
            (name, None if name in registry.narrow_versions() else f"{name}_png") for name in told
        }
