"""Each rule that computes with a likelihood takes the family that the study says."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from partial_pooling.data.groups import Counts
from partial_pooling.data.reading import write_groups
from partial_pooling.families.normal import Normal
from partial_pooling.families.registry import FAMILIES

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
PRIOR = {"mu": {"dist": "Normal", "mu": 0, "sigma": 5}, "tau": {"dist": "HalfNormal", "sigma": 1}}
TAKES = {  # script: what in it is handed the family
    "solve_exact": "solve",
    "diagnose_fits": "solve",
    "simulate_and_fit": "calibrate",
    "sample_posterior": "build_model",
}


class Binomial(Normal):
    """Stands for a family of counts; nothing of it is computed here."""

    name = "binomial"


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("name", TAKES)
def test_scripts_hand_on_the_family_of_the_study(name, tmp_path, monkeypatch):
    family = Binomial()
    monkeypatch.setitem(FAMILIES, "binomial", family)
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    handed = []

    def stop(*arguments, **_):
        handed.extend(arguments)
        raise StoppedError

    monkeypatch.setattr(script, TAKES[name], stop)
    counts = Counts(("a", "b"), np.array([0.0, 3]), np.array([9.0, 9]))
    folder = tmp_path / "results" / "x"
    folder.mkdir(parents=True)
    write_groups(counts, folder / "data.csv")
    settings = {"draws": 20, "tune": 30, "chains": 2, "max_treedepth": 10}
    if name == "simulate_and_fit":
        settings |= {"ranked_draws": 9, "target_accept": 0.8}
    job = SimpleNamespace(
        input=SimpleNamespace(data=folder / "data.csv", weights=[], fits="none"),
        output=SimpleNamespace(fits=str(folder / "fits/centered/batch-000.json")),
        wildcards=SimpleNamespace(model="centered", batch="000"),
        threads=1,
        params=SimpleNamespace(
            prior=PRIOR,
            family="binomial",
            weights=[],
            settings=settings,
            simulations=[0, 2],
            sampler="nutpie",
            fits=[[1, 0.8]],
            draws=[20],
            code="0",
        ),
    )
    with pytest.raises(StoppedError):
        script.main(job)
    assert family in handed
    (groups,) = [given for given in handed if isinstance(given, Counts)]
    assert groups.events.tolist() == [0, 3]
