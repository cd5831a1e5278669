"""Does what stands on the disk stay what was computed, whatever happens to it? A table of attempts.

    uv run python benchmarks/attempts.py                              all kinds, some hours
    uv run python benchmarks/attempts.py --folder /tmp/attempts kills flips      some of them

It runs a tiny study for real (eight schools and a collection of three tables, calibrated and
certified), makes its attempts on copies of it, and writes docs/audit.md. Nothing in that file is
typed by hand. Moments, bits and studies come from fixed seeds. With `--folder` the finished study
and the attempts of each kind are kept there, and the page has all kinds that are.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/workflow")]

from bad_studies import SECONDS, bad_study  # noqa: E402
from workflow_project import (  # noqa: E402
    TINY,
    Project,
    copy_project,
    kill,
    processes_in,
    results_of,
    start,
    victims_of,
)

from partial_pooling.files import replacing  # noqa: E402
from partial_pooling.sampling.manifests import read_manifest  # noqa: E402
from partial_pooling.study.contents import write_contents  # noqa: E402
from partial_pooling.study.verification import verify  # noqa: E402

PAGE = ROOT / "docs/audit.md"
PROGRAM = ("Snakefile", "workflow", "profiles", "config", "envs", "pyproject.toml", "uv.lock")
LONGEST = 300  # characters of what went wrong
SMALL = {"seeds": [1], "draws": [100], "target_accept": [0.9], "tune": 200, "chains": 2}
PRIOR = TINY["datasets"]["schools"]["prior"]
STUDY = {
    "datasets": {
        **TINY["datasets"],
        "reviews": {
            "path": "reviews.csv",
            "by": "review",
            "prior": PRIOR,
            "models": ["noncentered"],
            "sampling": {"draws": [50], "tune": 200, "chains": 2},
        },
    },
    "sampling": SMALL,
    "calibration": {"simulations": 20, "draws": 100, "tune": 200, "ranked_draws": 19},
}
REVIEWS = "review,group,estimate,std_error\n" + "".join(
    f"R{review},{group},{review - group % 3},{1 + group / 4}\n"
    for review in range(3)
    for group in range(4)
)
SCHOOLS = {"datasets": TINY["datasets"], "models": ["noncentered"], "sampling": SMALL}
WHOLE = ("calibration", "all", "certificate")


@dataclass(frozen=True)
class Attempt:
    """One attempt: what was tried, and what went wrong; empty if nothing did."""

    what: str
    wrong: str = ""


Attempts = Iterator[Attempt]


def finished(folder: Path, name: str = "whole", study: dict = STUDY) -> Project:
    """The tiny study, run undisturbed; found again if it is there."""
    project = Project(folder / name)
    ready = folder / f"{name} is ready"
    if not ready.exists():
        shutil.rmtree(project.folder, ignore_errors=True)
        fresh(project.folder, study)
        finish(project, study)
        ready.touch()
    return project


def fresh(folder: Path, study: dict) -> Project:
    """The project and a study, as from a clone."""
    project = copy_project(folder)
    (folder / "reviews.csv").write_text(REVIEWS)
    project.write_study(study)
    return project


def finish(project: Project, study: dict = STUDY, **options: object) -> None:
    """Run all; a report shows the calibration that is there when it is planned."""
    if study is STUDY:
        project.snakemake("--cores", "2", "calibration", **options)
    project.snakemake("--cores", "2", *(WHOLE if study is STUDY else ["all"]), **options)


def clone(project: Project, folder: Path) -> Project:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project.folder, folder)
    return Project(folder)


def difference(project: Project, whole: dict[str, bytes], *, complete: bool = True) -> str:
    """How results differ from those of the undisturbed run; `complete`: none may be missing."""
    found = results_of(project)
    other = sorted(name for name, content in found.items() if content != whole.get(name))
    gone = sorted(set(whole) - set(found)) if complete else []
    return " ".join([*(f"{name} differs;" for name in other), *(f"{name} gone;" for name in gone)])


def wrong_with(project: Project, whole: dict[str, bytes]) -> str:
    """What is not as in the undisturbed run, or not as it was written."""
    right, lines = verify(project.results)
    return difference(project, whole) or ("" if right else " ".join(lines))


# Steps that are killed: a target that the step makes, in the tiny study.
STEPS = {
    "prepare_data": "schools/data.csv",
    "solve_exact": "schools/exact.csv",
    "sample_posterior": "schools/fits/centered/batch-000.json",
    "diagnose_fits": "schools/diagnostics/centered/batch-000.fits.csv",
    "collect_diagnostics": "schools/verdict.json",
    "plot_groups": "schools/figures/forest.svg",
    "plot_fits": "schools/figures/traces.svg",
    "plot_study": "schools/figures/error.svg",
    "ipykernel": "schools/report.ipynb",
    "render_report": "schools/report.html",
    "write_index": "index.html",
    "certify": "certificate.json",
    "simulate_and_fit": "schools/calibration/centered/batch-000.ranks.csv",
    "summarize_calibration": "schools/calibration/summary.json",
    "plot_calibration": "schools/calibration/calibration_ecdf.svg",
    "solve_and_fit_tables": "reviews/batches/0004.json",
    "collect_tables": "reviews/tables.parquet",
    "plot_collection": "reviews/figures/mu_over_tables.svg",
    "render_collection": "reviews/index.html",
}
# Steps that fill a store, of which Snakemake sees a manifest only.
STORES = {
    "sample_posterior": lambda results, target: [
        results / fit.file for fit in read_manifest(results / target).fits
    ],
    "solve_and_fit_tables": lambda results, target: list(results.glob("reviews/store/*.parquet")),
}
KILLS = 100
WORKERS = 3  # copies of the study that are killed at a time
WHOLE_RUNS = 20  # of them: of Snakemake alone, or of every process, in a run of many steps


def kills(folder: Path) -> Attempts:
    """kill -9 at a random moment of a step or of a run; the same again: as the undisturbed run."""
    base = finished(folder)
    whole = results_of(base)
    steps = sorted(STEPS)
    free: Queue[Project] = Queue()
    for worker in range(WORKERS):
        free.put(clone(base, folder / f"kills-{worker}"))

    def attempt(number: int) -> Attempt:
        project = free.get()
        made = one_kill(number, steps, project, whole)
        if made.wrong:
            clone(base, project.folder)
        free.put(project)
        return made

    with ThreadPoolExecutor(WORKERS) as pool:
        for made in as_completed([pool.submit(attempt, number) for number in range(KILLS)]):
            yield made.result()


def one_kill(number: int, steps: list[str], project: Project, whole: dict[str, bytes]) -> Attempt:
    rng = random.Random(number)
    step = steps[number % len(steps)]
    target = STEPS[step]
    cold = step in STORES and number % 2 == 1
    if cold:
        shutil.rmtree(project.folder / ".snakemake/caches")
    longest = seconds_of(step, project) if cold else min(4.0, seconds_of(step, project))
    if number < KILLS - WHOLE_RUNS:
        # what a collection's batch has computed shows in its tables
        asked = list(WHOLE) if step in STORES else [f"results/{target}"]
        who, delay = step, rng.uniform(0, longest)
    else:
        who, asked, delay = rng.choice(["snakemake", "all"]), list(WHOLE), rng.uniform(3, 30)
    filled = STORES[step](project.results, target) if step in STORES else []
    while True:
        for path in (project.results / target, *filled):
            path.unlink(missing_ok=True)
        if strike(project, who, asked, delay):
            break
        delay /= 2  # it had ended
    half = difference(project, whole, complete=False)
    if half:
        return Attempt(who, f"half-written: {half}")
    try:
        if any((project.folder / ".snakemake/locks").glob("*")):
            project.snakemake("--unlock")
        if who == step:
            project.snakemake("--cores", "2", *asked)
        else:
            finish(project)
    except AssertionError as error:
        return Attempt(who, f"cannot go on: {str(error)[-500:]} {last_words(project)}")
    return Attempt(who, wrong_with(project, whole))


def last_words(project: Project) -> str:
    """What the steps that failed wrote last."""
    logs = sorted(project.results.rglob("logs/**/*.log"), key=lambda path: path.stat().st_mtime)
    return "; ".join(f"{path.name}: {path.read_text()[-300:]}" for path in logs[-2:])


def seconds_of(step: str, project: Project) -> float:
    """How long a step took in the undisturbed run, with cold caches."""
    rule = "render_report" if step == "ipykernel" else step
    (path, *_) = (path for path in project.results.rglob("*.jsonl") if rule in str(path))
    return json.loads(path.read_text().splitlines()[0])["s"]


def strike(project: Project, who: str, asked: list[str], delay: float) -> bool:
    """Start a run and kill a step of it, or Snakemake, or all; whether there was one to kill."""
    process = start(project, *asked)
    whole_run = who in ("snakemake", "all")
    if whole_run:
        time.sleep(delay)
    victims = victims_of(who, process, project.folder)
    if not whole_run:
        time.sleep(delay)
    killed = [one for one in victims if Path(f"/proc/{one}").exists() and process.poll() is None]
    kill(killed)
    process.wait(timeout=600)  # if Snakemake lives it finishes what it can
    kill(processes_in(project.folder))  # orphans
    return bool(killed)


FLIPS = 3  # of each file
# parts of paths for which a list of files has a star
OF_MANY = re.compile(
    r"[0-9a-f]{32}|(?<=batch-)\d+|(?<=figures/)\w+|(?<=calibration_)\w+|(?<=/)(non)?centered"
)


def flips(folder: Path) -> Attempts:
    """A bit flipped in a file of results, its time kept: `verify` names that file, and no other."""
    project = clone(finished(folder), folder / "flips")
    rng = random.Random(1)
    for path in sorted(project.results.rglob("*")):
        place = path.relative_to(project.results)
        if not path.is_file() or {"logs", "benchmarks"} & set(place.parts):
            continue
        whole, times = path.read_bytes(), path.stat()
        if place.as_posix() == "README.md" or not whole:
            continue
        for bit in sorted(rng.sample(range(8 * len(whole)), FLIPS)):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            path.write_bytes(flipped)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            _, lines = verify(project.results)
            found = [line for line in lines[:-1] if not line.startswith("to delete")]
            alone = len(found) == 1 and found[0].startswith(f"{path}: ")
            kind = OF_MANY.sub("*", place.as_posix())
            kind = "a seal" if path.name.startswith(".") else kind
            yield Attempt(kind, "" if alone else f"bit {bit}: {' '.join(lines)}")
        path.write_bytes(whole)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


LIMIT = 5  # seconds


def speed(folder: Path) -> Attempts:
    """`verify` of results of 1 GB, in files of 20 MB: under 5 s of processors."""
    results = folder / "speed/results"
    shutil.rmtree(results, ignore_errors=True)
    rng = random.Random(1)
    for number in range(50):
        with replacing(results / f"schools/file-{number}.nc") as path:
            path.write_bytes(rng.randbytes(20_000_000))
    write_contents(results)
    for _ in range(3):
        begun, used = time.monotonic(), time.process_time()
        right, lines = verify(results)
        used, seconds = time.process_time() - used, time.monotonic() - begun
        # on a machine that does nothing else it takes no longer than that, if its disk keeps up
        wrong = "" if right and used < LIMIT else f"said: {' '.join(lines)}"
        yield Attempt(f"{used:.1f} s of processors, {seconds:.1f} s by the clock", wrong)
    shutil.rmtree(results)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Callable[[str], object]]:
    """A file system of so many bytes; gives what makes it larger."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield lambda size: subprocess.run(
            ["mount", "-o", f"remount,size={size}", str(folder)], check=True
        )
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def blocks(folder: Path) -> int:
    """Bytes that a folder takes on a file system of pages."""
    page = os.sysconf("SC_PAGE_SIZE")
    sizes = (path.stat().st_size if path.is_file() else 1 for path in folder.rglob("*"))
    return sum(-(-size // page) * page for size in sizes)


def disks(folder: Path) -> Attempts:
    """A full disk under the whole project: no traceback; made larger and run again: equal."""
    base = finished(folder, "schools", SCHOOLS)
    whole = results_of(base)
    clean = fresh(folder / "disks-clean", SCHOOLS)
    least, most = blocks(clean.folder), blocks(base.folder)
    for number in range(10):
        size = least + int((most - least) * (number + 0.5) / 10)
        what = f"{size / 2**20:.1f} MiB, of {most / 2**20:.1f} that a run needs"
        with small_disk(folder / "disk", size) as enlarge:
            project = Project(folder / "disk")
            shutil.copytree(clean.folder, project.folder, dirs_exist_ok=True)
            failed = project.snakemake("--cores", "2", check=False)
            half = difference(project, whole, complete=False)
            enlarge("500m")
            again = project.snakemake("--cores", "2", check=False)
            wrong = f"half-written: {half}" if half else ""
            if again.returncode:
                wrong += f" cannot go on: {(again.stdout + again.stderr)[-800:]}"
            if failed.returncode == 0:
                what += " (was enough)"
            elif "Traceback" in failed.stderr:
                wrong += " said with a traceback"
            yield Attempt(what, wrong or wrong_with(project, whole))
    shutil.rmtree(clean.folder)


# What Snakemake itself reads, before any code of the project: the README says so.
OF_SNAKEMAKE = ("file: ", "path of the study: ")


def studies(folder: Path) -> Attempts:
    """A bad study, by `partial_pooling run`: one line, code 1, results untouched, in 30 s."""
    yield from refused(folder, range(2000, 3000), ["-m", "partial_pooling", "run"])


def snakemake_studies(folder: Path) -> Attempts:
    """A bad study, by `snakemake --configfile`: one line, code 1, results untouched, in 30 s."""
    command = ["-m", "snakemake", "--cores", "1", "--configfile"]
    yield from refused(folder, range(3000, 3040), command, OF_SNAKEMAKE)


def refused(
    folder: Path, numbers: range, command: list[str], but_for: tuple[str, ...] = ()
) -> Attempts:
    """Give bad studies to a command, each in a folder with the finished study beside it."""
    finished_study = finished(folder, "schools", SCHOOLS)
    before = times_of(finished_study)
    environment = os.environ | {"PYTHONPATH": str(finished_study.folder / "workflow")}

    def attempt(number: int) -> Attempt | None:
        with tempfile.TemporaryDirectory(dir=folder) as given:
            kind, study = bad_study(number, Path(given))
            if but_for and kind.startswith(but_for):
                return None
            for name in ("Snakefile", "workflow", "profiles", "config", "results"):
                (Path(given) / name).symlink_to(finished_study.folder / name)
            try:
                process = subprocess.run(
                    [sys.executable, *command, str(study)],
                    cwd=given,
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=SECONDS,
                )
            except subprocess.TimeoutExpired:
                return Attempt(kind, f"took more than {SECONDS} s")
        said = [line for line in process.stderr.splitlines() if "profile" not in line]
        one_line = len(said) == 1 and said[0].startswith("partial-pooling: ")
        if one_line and process.returncode == 1 and times_of(finished_study) == before:
            return Attempt(kind)
        return Attempt(kind, f"exit code {process.returncode}: {process.stderr[-500:]}")

    with ThreadPoolExecutor(os.process_cpu_count()) as pool:
        yield from (made for made in pool.map(attempt, numbers) if made)


def times_of(project: Project) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in project.results.rglob("*")}


FLOAT32 = "[global]\nfloatX = float32\noptimizer = None\n"
# name: variables, and files in the home folder ({home}) or in that of the project
ENVIRONMENTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "floatX=float32 in ~/.pytensorrc": ({}, {"{home}/.pytensorrc": FLOAT32}),
    "PYTENSOR_FLAGS": (
        {"PYTENSOR_FLAGS": "floatX=float32,mode=FAST_COMPILE,numba__fastmath=True"},
        {},
    ),
    "PYTENSORRC": ({"PYTENSORRC": "{home}/rc"}, {"{home}/rc": FLOAT32}),
    "NUMBA_*": ({"NUMBA_OPT": "0", "NUMBA_DISABLE_JIT": "1", "NUMBA_BOUNDSCHECK": "1"}, {}),
    "one thread": (
        dict.fromkeys(
            ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"),
            "1",
        ),
        {},
    ),
    "seven threads": (
        dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "7"),
        {},
    ),
    "kernels of NumPy and BLAS": (
        {
            "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3",
            "OPENBLAS_CORETYPE": "Prescott",
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
        },
        {},
    ),
    "time zone": ({"TZ": "Pacific/Kiritimati"}, {}),
    "locale": ({"LC_ALL": "C", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"}, {}),
    "hash seed": ({"PYTHONHASHSEED": "4711"}, {}),
    "Matplotlib": (
        {"MPLBACKEND": "pdf", "MATPLOTLIBRC": "{home}/matplotlibrc"},
        {
            "{home}/matplotlibrc": "font.size: 30\nsavefig.dpi: 17\n",
            "{home}/.config/matplotlib/matplotlibrc": "axes.facecolor: red\n",
            "matplotlibrc": "lines.linewidth: 9\nsvg.hashsalt: x\n",
        },
    ),
    "ArviZ": (
        {"ARVIZ_DATA": "{home}"},
        dict.fromkeys(("{home}/arvizrc", "arvizrc"), "stats.ci_prob: 0.5\ndata.index_origin: 1\n"),
    ),
    "PYTHONOPTIMIZE": ({"PYTHONOPTIMIZE": "2"}, {}),
}


def environments(folder: Path) -> Attempts:
    """The study run from nothing in another environment: equal results, nothing left in HOME."""
    whole = results_of(finished(folder, "schools", SCHOOLS))
    for number, (name, (variables, files)) in enumerate(ENVIRONMENTS.items()):
        home = folder / f"home-{number}"
        home.mkdir(exist_ok=True)
        project = fresh(folder / f"environment-{number}", SCHOOLS)
        here = {"home": str(home)}
        for path, text in files.items():
            file = project.folder / path.format(**here)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        before = {path for path in home.rglob("*") if path.is_file()}
        variables = {key: value.format(**here) for key, value in variables.items()}
        try:
            finish(project, SCHOOLS, environment={"HOME": str(home), **variables})
            wrong = wrong_with(project, whole)
        except AssertionError as error:
            wrong = f"failed: {str(error)[-800:]}"
        left = {path for path in home.rglob("*") if path.is_file()} - before
        wrong += f" left in HOME: {sorted(map(str, left))}" if left else ""
        yield Attempt(name, wrong)
        shutil.rmtree(project.folder)


PAGES = {"render_report", "write_index"}
TABLES = {"collect_diagnostics", "plot_study", *PAGES}
OF_FITS = {"diagnose_fits", "plot_fits", *TABLES}
OF_EXACT = {"solve_exact", "plot_groups", *OF_FITS} - {"diagnose_fits"}
ALL = {"prepare_data", "sample_posterior", *OF_EXACT, *OF_FITS}


def in_study(*keys: str, value: object) -> Callable[[Project], object]:
    """What changes a value of the study."""

    def change(project: Project) -> None:
        study = copy.deepcopy(SCHOOLS)
        place = study
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
        project.write_study(study)

    return change


def in_file(path: str, change: Callable[[str], str]) -> Callable[[Project], object]:
    """What changes the text of a file."""

    def edit(project: Project) -> None:
        file = project.folder / path
        text = file.read_text()
        assert change(text) != text, path
        file.write_text(change(text))

    return edit


def append(text: str) -> Callable[[str], str]:
    return lambda before: before + text


def deleted(place: str) -> Callable[[Project], object]:
    return lambda project: next(project.results.glob(place)).unlink()


def touched(*patterns: str) -> Callable[[Project], object]:
    def touch(project: Project) -> None:
        for path in (path for pattern in patterns for path in project.folder.glob(pattern)):
            os.utime(path, (time.time() + 60,) * 2)

    return touch


def added_data_set(project: Project) -> None:
    study = copy.deepcopy(SCHOOLS)
    study["datasets"]["again"] = study["datasets"]["schools"]
    project.write_study(study)


def moved(project: Project) -> None:
    away = project.folder.with_name(f"{project.folder.name}-moved")
    project.folder.rename(away)
    shutil.copytree(away, project.folder)
    shutil.rmtree(away)


LIBRARY = "workflow/partial_pooling"
DATA = "config/datasets/eight_schools.csv"
SCHOOL = ("datasets", "schools")
CHANGED = append("\nCHANGED = 1\n")
WORDS = append("\n# words about it\n")
# what changed, how, and the rules that have to run again
RERUNS: list[tuple[str, Callable[[Project], object], set[str]]] = [
    ("nothing", lambda project: None, set()),
    ("scripts touched", touched("workflow/scripts/*.py"), set()),
    ("a checkout newer than all results", touched("workflow/**/*", "config/**/*", "Snake*"), set()),
    ("the folder moved", moved, set()),
    ("./ before the path", in_study(*SCHOOL, "path", value=f"./{DATA}"), set()),
    ("config//datasets", in_study(*SCHOOL, "path", value=DATA.replace("/", "//", 1)), set()),
    ("a path with ..", in_study(*SCHOOL, "path", value=f"docs/../{DATA}"), set()),
    (
        "the data under another path",
        lambda project: (
            shutil.copy(project.folder / DATA, project.folder / "own.csv"),
            in_study(*SCHOOL, "path", value="own.csv")(project),
        ),
        {"prepare_data", "solve_exact", "sample_posterior", *OF_FITS, "plot_groups"},
    ),
    ("a comment in a script", in_file("workflow/scripts/sample_posterior.py", WORDS), set()),
    ("a comment in the models", in_file(f"{LIBRARY}/models/parametrizations.py", WORDS), set()),
    ("a comment in the study", in_file("tiny.yaml", append("# words\n")), set()),
    (
        "a docstring",
        in_file(f"{LIBRARY}/exact/posterior.py", lambda t: t.replace('"""', '"""X ', 1)),
        set(),
    ),
    ("words of errors.py", in_file(f"{LIBRARY}/errors.py", CHANGED), set()),
    ("the README", in_file("README.md", WORDS), set()),
    ("a file of the housekeeping", in_file(f"{LIBRARY}/study/housekeeping.py", CHANGED), set()),
    ("a file of `verify`", in_file(f"{LIBRARY}/study/verification.py", CHANGED), set()),
    (
        "keys in another order",
        lambda project: project.write_study({key: SCHOOLS[key] for key in reversed(SCHOOLS)}),
        set(),
    ),
    ("a default spelt out", in_study("sampling", "sampler", value="nutpie"), set()),
    ("whole numbers with a point", in_study("sampling", "draws", value=[100.0]), set()),
    ("a threshold of the verdict", in_study("thresholds", value={"r_hat": 1.02}), TABLES),
    (
        "a model more",
        in_study("models", value=["noncentered", "centered"]),
        {"sample_posterior", *OF_FITS},
    ),
    ("a row of the data", in_file(DATA, lambda t: t.replace("28", "29")), ALL),
    ("a name of a group", in_file(DATA, lambda t: t.replace("A,", "Alpha,")), ALL),
    (
        "the prior of tau",
        in_study(*SCHOOL, "prior", "tau", value={"dist": "HalfCauchy", "beta": 6}),
        ALL - {"prepare_data"},
    ),
    (
        "a seed more",
        in_study("sampling", "seeds", value=[1, 2]),
        ALL - {"prepare_data", "solve_exact", "plot_groups"},
    ),
    (
        "another target_accept",
        in_study("sampling", "target_accept", value=[0.95]),
        {"sample_posterior", *OF_FITS},
    ),
    ("more draws", in_study("sampling", "draws", value=[100, 200]), {"sample_posterior", *OF_FITS}),
    ("fewer draws beside", in_study("sampling", "draws", value=[50, 100]), OF_FITS),
    ("more tuning", in_study("sampling", "tune", value=300), {"sample_posterior", *OF_FITS}),
    ("a chain more", in_study("sampling", "chains", value=3), {"sample_posterior", *OF_FITS}),
    (
        "the study renamed",
        in_study("datasets", value={"renamed": STUDY["datasets"]["schools"]}),
        ALL,
    ),
    ("a data set more", added_data_set, ALL),
    (
        "the model's code",
        in_file(f"{LIBRARY}/models/parametrizations.py", CHANGED),
        {"sample_posterior", *OF_FITS},
    ),
    ("a figure's code", in_file(f"{LIBRARY}/figures/forest.py", CHANGED), {"plot_groups", *PAGES}),
    ("the verdict's code", in_file(f"{LIBRARY}/grading/verdict.py", CHANGED), TABLES),
    (
        "the page's style",
        in_file("workflow/notebooks/templates/page/style.css", append("/* */")),
        PAGES,
    ),
    ("data.csv deleted", deleted("schools/data.csv"), ALL),
    ("a fit deleted", deleted("fits/*.nc"), {"sample_posterior", *OF_FITS}),
    ("a figure deleted", deleted("schools/figures/forest.svg"), {"plot_groups", *PAGES}),
    ("the index deleted", deleted("index.html"), {"write_index"}),
]


def reruns(folder: Path) -> Attempts:
    """A change, and what `snakemake -n` then plans: what is needed, neither more nor less."""
    base = finished(folder, "schools", SCHOOLS)
    for what, change, needed in RERUNS:
        project = clone(base, folder / "reruns")
        change(project)
        planned = set(project.planned()) - {"all", "total"}
        more, less = sorted(planned - needed), sorted(needed - planned)
        yield Attempt(
            what,
            (f"too many: {more} " if more else "") + (f"too few: {less}" if less else ""),
        )


KINDS: dict[str, Callable[[Path], Attempts]] = {
    kind.__name__: kind
    for kind in (
        kills,
        flips,
        speed,
        disks,
        studies,
        snakemake_studies,
        reruns,
        environments,
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", choices=KINDS, default=list(KINDS))
    parser.add_argument("--folder", type=Path, help="keep the studies and attempts there")
    options = parser.parse_args()
    at = commit()
    with tempfile.TemporaryDirectory(prefix="attempts-") as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.kinds:
            begun = time.monotonic()
            attempts = []
            for attempt in KINDS[name](folder):
                attempts.append([attempt.what, " ".join(attempt.wrong.split())])
                print(f"{name}: {attempt.what}: {attempt.wrong or 'survived'}", flush=True)
                made = {"commit": at, "seconds": time.monotonic() - begun, "attempts": attempts}
                (folder / f"{name}.json").write_text(json.dumps(made))
            PAGE.write_text(page(folder), encoding="utf-8")


def page(folder: Path) -> str:
    """The page, of all kinds of attempts that a folder has."""
    made = {
        name: json.loads((folder / f"{name}.json").read_text())
        for name in KINDS
        if (folder / f"{name}.json").exists()
    }
    lines = [
        "# What happened to results, and what stood there afterwards",
        "",
        "`uv run python benchmarks/attempts.py` made these attempts on copies of a tiny study, and "
        "wrote this page.",
        "",
        "| attempts | what is tried, and what survives it | number | survived | minutes | commit |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for name, one in made.items():
        survived = sum(not wrong for _, wrong in one["attempts"])
        counts = f"{len(one['attempts']):,} | {survived:,} | {one['seconds'] / 60:.0f}"
        said = (KINDS[name].__doc__ or "").rstrip(".")
        lines.append(f"| {name.replace('_', ' ')} | {said} | {counts} | {one['commit']} |")
    for name, one in made.items():
        lines += ["", f"## {name.replace('_', ' ')}", "", counted(w for w, _ in one["attempts"])]
        wrong = Counter((what, wrong) for what, wrong in one["attempts"] if wrong)
        lines += [""] * bool(wrong)
        lines += [
            f"- not survived: {what}{times(count)}: {wrong[:LONGEST]}"
            for (what, wrong), count in wrong.items()
        ]
    return "\n".join(lines) + "\n"


def counted(tried: Iterable[str]) -> str:
    return "; ".join(what + times(count) for what, count in sorted(Counter(tried).items()))


def times(count: int) -> str:
    return f" ({count})" if count > 1 else ""


def commit() -> str:
    """The last commit that changed the program, and whether something in it was changed since."""
    git = ["git", "-C", str(ROOT)]
    last = [*git, "log", "-1", "--format=%h", "--", *PROGRAM]
    changed = subprocess.check_output([*git, "status", "--porcelain", "--", *PROGRAM])
    return subprocess.check_output(last, text=True).strip() + (" and changes" if changed else "")


if __name__ == "__main__":
    main()
