"""Bad studies of every kind, made with fixed seeds: a folder with a study and its data each.

    uv run python tests/bad_studies.py 1000

holds that many against `partial_pooling check`, and prints how many of each kind ended in one line.
"""

import copy
import os
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import yaml

STUDY = {
    "datasets": {
        "schools": {
            "path": "data.csv",
            "prior": {
                "mu": {"dist": "Normal", "mu": 0, "sigma": 5},
                "tau": {"dist": "HalfCauchy", "beta": 5},
            },
        }
    },
    "models": ["centered"],
    "sampling": {"seeds": [1], "draws": [100], "target_accept": [0.9], "tune": 200, "chains": 2},
}
ROWS = [["group", "estimate", "std_error"], ["a", "1", "2"], ["b", "3", "4"], ["c", "-5", "6"]]
SECONDS = 30


def text_of(rows, comma=","):
    return "".join(comma.join(row) + "\n" for row in rows)


def explode(levels):
    """Aliases of aliases, which stand for 2 * 9^levels values."""
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines).encode()


# what stands in the file of the study, as bytes
FILES = {
    "empty": lambda rng: b"",
    "a list": lambda rng: b"- datasets\n",
    "no YAML": lambda rng: rng.choice(
        [b"a: [1", b"a: b: c", b"{", b"a: 'b", b"\ta: 1", b"@", b"%"]
    ),
    "a control character": lambda rng: b"a: " + bytes([rng.choice([0, 1, 7, 27])]),
    "Latin-1": lambda rng: "datasets: {é: 1}".encode("latin-1"),
    "UTF-16": lambda rng: yaml.safe_dump(STUDY).encode("utf-16"),
    "random bytes": lambda rng: b"\xff" + rng.randbytes(50),
    "an anchor that holds itself": lambda rng: rng.choice([b"a: &x [*x]", b"&x {a: *x}"]),
    "anchors that explode": lambda rng: explode(rng.randint(8, 30)),
    "deep nesting": lambda rng: b"a: " + b"[" * (depth := rng.randint(100, 3000)) + b"]" * depth,
    "a number of 5,000 digits": lambda rng: b"models: " + b"9" * rng.randint(4301, 6000),
    "a tag": lambda rng: rng.choice([b"a: !!python/object/apply:os.system [true]", b"a: !x 1"]),
    "a key twice": lambda rng: yaml.safe_dump(STUDY).encode() + b"models: [centered]\n",
    "a bad date": lambda rng: b"models: 2024-13-45\n",
}

BAD = [
    None,
    True,
    [],
    {},
    "x",
    "1e3",
    -1,
    -0.5,
    float("nan"),
    float("inf"),
    10**400,
    [[]],
    {"a": 1},
]
# by key: what it may not hold, beside what no key may hold
KEYS = {
    "datasets": [None, [], {}, "x", 3, {"a/b": {}}, {"logs": {}}, {"x\n": {}}, {1: {}}, {"": {}}],
    "datasets.schools": [None, [], "x", 3, {}, {"path": "data.csv"}],
    "datasets.schools.form": [*BAD, "estimate", "Counts"],
    "datasets.schools.columns": [[], "x", 3, {"group": 1}, {"x": "y"}, {"estimate": "std_error"}],
    "datasets.schools.prior.mu": [None, [], "Normal", {"dist": "HalfNormal", "sigma": 1}],
    "datasets.schools.prior.mu.sigma": [*BAD, 0, 1e-60, 1e60, "5"],
    "datasets.schools.prior.tau.beta": [*BAD, 0, 1e-60, 1e60, "5"],
    "datasets.schools.prior.tau.dist": [*BAD, "Cauchy", "halfcauchy", "Normal"],
    "datasets.schools.weights": ["x", 3, [2], [0.5, 0.5], [-0.1], [None], [True]],
    "datasets.schools.measure": [True, [], {}, "odds", 3],
    "datasets.schools.by": [True, [], {}, 3, "", "group"],
    "models": [None, True, [], {}, "centered", ["x"], ["centered", "centered"], [1], [None]],
    "sampling": [None, True, [], "x", 3],
    "sampling.seeds": [*BAD, [-1], [2**32], [1, 1], [1, 1.0], [0.5], ["1"], [None]],
    "sampling.draws": [*BAD, [4], [7], [0], [100.5], [10**8], [100, 100.0], ["100"]],
    "sampling.target_accept": [*BAD, [0], [1], [1.5], [0.9, 0.9], [0.9, 0.90000001], ["0.9"]],
    "sampling.tune": [*BAD, 0, 10**8, 0.5],
    "sampling.chains": [*BAD, 1, 1001, 2.5],
    "sampling.max_treedepth": [*BAD, 0, 21, 1.5],
    "sampling.sampler": [*BAD, "stan", "NUTS"],
    "sampling.fits_per_batch": [*BAD, 0, 1.5],
    "sampling.sedes": [[1], None],
    "thresholds": [None, True, [], "x", {"z": 4}],
    "thresholds.r_hat": [*BAD, 0.9],
    "thresholds.error_sd": [*BAD, 0],
    "calibration.simulations": [*BAD, 5, 100.5],
    "calibration.ranked_draws": [*BAD, 3, 10**7],
    "dataset": [STUDY["datasets"]],
}

# what stands in the file of the data, as bytes
DATA = {
    "empty": lambda rng: b"",
    "a header alone": lambda rng: text_of(ROWS[:1]).encode(),
    "one group": lambda rng: text_of(ROWS[:2]).encode(),
    "UTF-16": lambda rng: text_of(ROWS).encode("utf-16"),
    "Latin-1": lambda rng: text_of([*ROWS, ["é", "1", "2"]]).encode("latin-1"),
    "a workbook": lambda rng: b"PK\x03\x04" + rng.randbytes(200),
    "random bytes": lambda rng: b"\xff" + rng.randbytes(100),
    "NUL": lambda rng: text_of(ROWS).encode() + b"d,\0,1\n",
    "semicolons": lambda rng: text_of(ROWS, ";").encode(),
    "tabs": lambda rng: text_of(ROWS, "\t").encode(),
    "commas at the end": lambda rng: text_of([ROWS[0], *([*row, ""] for row in ROWS[1:])]).encode(),
    "decimal commas": lambda rng: text_of([*ROWS, ["d", "1,5", "2,5"]]).encode(),
    "an open quote": lambda rng: text_of([*ROWS, ['"d', "1", "2"]]).encode(),
    "a column less": lambda rng: text_of([row[:2] for row in ROWS]).encode(),
    "a column twice": lambda rng: text_of([[*row, row[1]] for row in ROWS]).encode(),
    "a short row": lambda rng: text_of([*ROWS, ["d", "1"]]).encode(),
    "a name twice": lambda rng: text_of([*ROWS, ["a", "1", "2"]]).encode(),
    "names that look alike": lambda rng: text_of(
        [*ROWS, ["\u00e9", "1", "2"], ["e\u0301", "1", "2"]]
    ).encode(),
    "a name of two lines": lambda rng: text_of([*ROWS, ['"x\ny"', "1", "2"]]).encode(),
    "no name": lambda rng: text_of([*ROWS, ["", "1", "2"]]).encode(),
}
CELLS = [
    "",
    "x",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "1e60",
    "-1e51",
    "1_0",
    "0x1",
    "١",
    "1,5",
    "--1",
    "NA",
]
ERRORS = [*CELLS, "0", "-1", "1e-60", "1e-999", "5e-324"]


def bad_cell(rng):
    rows = copy.deepcopy(ROWS)
    column = rng.choice([1, 2])
    cell = rng.choice(CELLS if column == 1 else ERRORS)
    rows[rng.randint(1, 3)][column] = f'"{cell}"'
    return text_of(rows).encode()


def bad_of_form(rng):
    """Rows that overflow, underflow or contradict themselves once they are brought to estimates."""
    form, rows = rng.choice(
        [
            ("summaries", ["group,mean,sd,n", "a,1e300,1,5", "b,1,1,5"]),
            ("summaries", ["group,mean,sd,n", "a,1,1e-320,5", "b,1,1,5"]),
            ("summaries", ["group,mean,sd,n", "a,1,1e-49,1e15", "b,1,1,5"]),
            ("observations", ["group,value", "a,1e300", "a,-1e300", "b,1", "b,2"]),
            ("observations", ["group,value", "a,1", "a,1", "b,1", "b,2"]),
            ("counts", ["group,events,n", "a,5,3", "b,1,5"]),
            ("counts", ["group,events,n", "a,1.5,3", "b,1,5"]),
            ("rates", ["group,events,exposure", "a,1,0", "b,1,5"]),
            ("rates", ["group,events,exposure", "a,1,1e-320", "b,1,5"]),
            ("correlations", ["group,r,n", "a,1,10", "b,0.5,10"]),
            ("correlations", ["group,r,n", "a,0.5,3", "b,0.5,10"]),
            ("two_means", ["group,mean,sd,n", "a,1,1,5", "b,1,1,5"]),
        ]
    )
    return form, "\n".join(rows).encode()


def missing(folder):
    return "none.csv"


def a_folder(folder):
    return str(folder)


def a_pipe(folder):
    os.mkfifo(folder / "pipe.csv")
    return str(folder / "pipe.csv")


def a_device(folder):
    return "/dev/zero"


def too_long(folder):
    return "x" * 300 + ".csv"


def with_nul(folder):
    return "a\0b.csv"


PATHS = [missing, a_folder, a_pipe, a_device, too_long, with_nul]


def bad_study(number, folder):
    """Write a bad study to a folder; give its kind, and the path of its file.

    Parameters
    ----------
    number
        The seed: equal numbers give equal studies.
    folder
        An empty one, which is the working directory when the study is read.
    """
    rng = random.Random(number)
    study, data, content = copy.deepcopy(STUDY), text_of(ROWS).encode(), None
    path = folder / "study.yaml"
    match number % 5:
        case 0:
            kind, content = rng.choice(list(FILES.items()))
            kind, content = f"file: {kind}", content(rng)
        case 1 | 2:
            key = rng.choice(list(KEYS))
            kind, place, *above = f"key: {key}", study, *key.split(".")
            for part in above[:-1]:
                place = place.setdefault(part, {})
            place[above[-1]] = rng.choice(KEYS[key])
        case 3:
            if rng.random() < 0.5:
                kind, data = "data: a cell", bad_cell(rng)
            else:
                kind, of = rng.choice(list(DATA.items()))
                kind, data = f"data: {kind}", of(rng)
        case _:
            where = rng.random()
            if where < 0.4:
                form, data = bad_of_form(rng)
                kind, study["datasets"]["schools"]["form"] = f"data: of form {form}", form
                study["datasets"]["schools"]["family"] = "normal"
            elif where < 0.8:
                found = rng.choice(PATHS)
                kind = f"path of the data: {found.__name__}"
                study["datasets"]["schools"]["path"] = found(folder)
            else:
                found = rng.choice(PATHS[:-1])
                kind, path = f"path of the study: {found.__name__}", Path(found(folder))
    (folder / "data.csv").write_bytes(data)
    written = yaml.safe_dump(study) if content is None else content
    (folder / "study.yaml").write_bytes(written.encode() if content is None else content)
    return kind, path


def refusal(path):
    """What `partial_pooling check` says of a study, and its exit code."""
    from partial_pooling.__main__ import main

    said = StringIO()
    with redirect_stderr(said), redirect_stdout(said):
        code = main(["check", str(path)])
    return code, said.getvalue()


def run(numbers):
    """Check bad studies one after another; give those that did not end in one line."""
    kinds, failed, slowest = Counter(), [], 0.0
    home = Path.cwd()
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            try:
                os.chdir(folder)
                kind, path = bad_study(number, Path(folder))
                begun = time.monotonic()
                try:
                    code, said = refusal(path)
                except Exception as error:
                    code, said = None, repr(error)
                slowest = max(slowest, time.monotonic() - begun)
            finally:
                os.chdir(home)
        kinds[kind] += 1
        lines = said.splitlines()
        if code != 1 or len(lines) != 1 or not lines[0].startswith("partial-pooling: "):
            failed.append((number, kind, code, said[:300]))
    return kinds, failed, slowest


if __name__ == "__main__":
    kinds, failed, slowest = run(range(int(sys.argv[1])))
    for kind, count in sorted(kinds.items()):
        print(f"{count:5} {kind}")
    print(
        f"{sum(kinds.values())} bad studies, {len(failed)} not in one line, slowest {slowest:.1f} s"
    )
    for failure in failed:
        print(failure)
