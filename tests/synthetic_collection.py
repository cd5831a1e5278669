"""Plausible Parquet files of a collection of any size: simulated data, a normal approximation."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from partial_pooling.grading.grades import FEW, RIGHT, WRONG

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "=1+1, 'quoted' \"twice\"",
    "مراجعة <b>١</b>",
    "日本語 🧪 \u2028 line",
    "$x_1$ & &lt;",
)
MODELS = ("centered", "noncentered")


def tables(number, seed=1, models=MODELS, bad=0):
    """Rows of tables.parquet: the first names are hostile, the last `bad` could not be used."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(2, 61, number)
    typical = np.exp(rng.normal(-1, 0.5, number))
    tau = np.exp(rng.normal(-1.2, 1, number))
    mu = rng.normal(-0.2, 0.5, number)
    width = np.sqrt((typical**2 + tau**2) / groups)
    frame = pd.DataFrame(
        {
            "table": [*HOSTILE, *(f"Review {k:05d}" for k in range(number))][:number],
            "path": [f"table-{k:05d}" for k in range(number)],
            "line": 2 + np.cumsum(groups) - groups,
            "groups": groups,
            "status": "ok",
        }
    )
    spread = tau / np.sqrt(2 * groups)
    for variable, centre, sd in (
        ("mu", mu, width),
        ("tau", tau, spread),
        ("log_tau", np.log(tau), spread / tau),
        ("theta_new", mu, np.hypot(width, tau)),
    ):
        frame[f"{variable}_mean"], frame[f"{variable}_sd"] = centre, sd
        for q, z in (("2.5", -1.96), ("50", 0), ("97.5", 1.96)):
            at = centre + z * sd
            frame[f"{variable}_q{q}"] = np.maximum(at, 1e-3) if variable == "tau" else at
    frame["p_mu_above_0"] = 1 / (1 + np.exp(-1.7 * mu / width))
    frame["log_evidence"] = -groups * 1.3
    frame["q"], frame["q_p_value"] = groups * 1.1, rng.random(number)
    frame["i2"] = tau**2 / (tau**2 + typical**2)
    for estimator in ("reml", "pm", "dl"):
        frame[f"tau_{estimator}"] = tau
    frame["typical_error"] = typical
    for model in models:
        funnel = 1 / (1 + tau / typical)
        chance = {"centered": 0.6 * funnel, "noncentered": 0.15 * (1 - funnel)}[model]
        draw, alarmed = rng.random(number), rng.random(number)
        verdict = np.where(draw < chance, WRONG, np.where(draw < chance + 0.1, FEW, RIGHT))
        alarm = alarmed < np.where(verdict == WRONG, 0.8, 0.1)
        frame[f"{model}_verdict"] = verdict.astype(object)
        frame[f"{model}_alarms"] = np.where(alarm, "r_hat ess_bulk", "")
    if bad:
        last = frame.index[-bad:]
        frame.loc[last, "status"] = [f"line {line}: one group" for line in frame["line"][-bad:]]
        numbers = frame.columns[5:].difference([c for c in frame if c.endswith(("dict", "arms"))])
        frame.loc[last, numbers] = np.nan
        frame.loc[last, [c for c in frame if c.endswith(("_verdict", "_alarms"))]] = ""
    return frame


def write_collection(folder, frame, seed=1):
    """Write the files that a page reads; `error_quantile` is largest where a fit is wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    told = {"data_sha256": "0" * 64, "settings": json.dumps({"chains": 4})}
    pq.write_table(
        table.replace_schema_metadata({**table.schema.metadata, **told}), folder / "tables.parquet"
    )
    models = [c.removesuffix("_verdict") for c in frame if c.endswith("_verdict")]
    fits = [
        pd.DataFrame(
            {
                "table": frame["table"],
                "model": model,
                "verdict": frame[f"{model}_verdict"],
                "error_quantile_max": np.where(frame[f"{model}_verdict"] == WRONG, 0.1, 0.01)
                + 0.05 * rng.random(len(frame)),
            }
        )[frame["status"] == "ok"]
        for model in models
    ]
    if fits:
        pd.concat(fits).to_parquet(folder / "fits.parquet", index=False)
    return folder
