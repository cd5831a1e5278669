"""What the project says of itself in several places says the same."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
LOCKED = {package["name"]: package["version"] for package in LOCK["package"]}
# names that differ in conda-forge
IN_CONDA = {"matplotlib": "matplotlib-base", "snakemake": "snakemake-minimal"}


def test_conda_environment_is_what_the_lock_says():
    environment = yaml.safe_load((ROOT / "envs" / "partial_pooling.yaml").read_text())
    python = (ROOT / ".python-version").read_text().strip()
    expected = [f"python={python}"]
    for requirement in PROJECT["project"]["dependencies"]:
        name = re.match(r"[a-z0-9-]+", requirement)[0]
        # a conda package has no post releases: its first three numbers must be the lock's
        version = ".".join(LOCKED[name].split(".")[:3])
        expected.append(f"{IN_CONDA.get(name, name)}={version}")
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert sorted(environment["dependencies"]) == sorted(expected)


def test_every_rule_names_that_environment_or_is_a_target():
    for file in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        text = file.read_text()
        rules = len(re.findall(r"^(?:local)?rule \w+:", text, re.MULTILINE))
        assert text.count('"../../envs/partial_pooling.yaml"') == rules, file.name
        for directive in ("log:", "benchmark:", "resources:"):
            assert len(re.findall(rf"^    {directive}", text, re.MULTILINE)) == rules, file.name


def test_lock_holds_hashes_and_one_public_registry():
    for package in LOCK["package"]:
        if "registry" in package["source"]:
            assert package["source"]["registry"] == "https://pypi.org/simple"
            files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
            assert files, package["name"]
            assert all(file["hash"].startswith("sha256:") for file in files), package["name"]


def test_version_is_the_same_everywhere():
    version = PROJECT["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == version
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()
