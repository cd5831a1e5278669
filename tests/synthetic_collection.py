"""A collection's results made without solving or sampling: numbers that go together, made up."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from synthetic_results import HOSTILE

MODELS = ("centered", "noncentered")
BAD = "line 7: found 1 group; allowed: 2 or more"
QUANTILES = {"q2.5": -1.96, "q50": 0.0, "q97.5": 1.96}
NAMES = (
    *HOSTILE,
    "Ünï ☃ 木",
    "</script><script>alert(2)</script>",
    "<!-- x",
    "黄芪注射液联合常规治疗对慢性心力衰竭患者左室射血分数影响的系统评价与荟萃分析",
    "مراجعة <b>١</b>",
    "=1+1, 'quoted' \"twice\" \u2028 line",
)


def made(count, models=MODELS, seed=1, bad=10):
    """Rows of tables.parquet and fits.parquet of so many tables, every `bad`-th of no use."""
    rng = np.random.default_rng(seed)
    names = [*NAMES, *(f"review {k:05d} of treatment {k % 37}" for k in range(count))][:count]
    groups = rng.integers(2, 60, count)
    centre, sd = rng.normal(0.2, 0.6, count), np.exp(rng.normal(-1.5, 0.5, count))
    tau, error = np.exp(rng.normal(-1.2, 0.8, count)), np.exp(rng.normal(-1, 0.4, count))
    tables = pd.DataFrame(
        {
            "table": names,
            "path": [f"t-{k:05d}" for k in range(count)],
            "line": np.arange(count) * 12 + 2,
            "groups": groups,
            "status": "ok",
            "mu_mean": centre,
            "mu_sd": sd,
            **{f"mu_{name}": centre + z * sd for name, z in QUANTILES.items()},
            "tau_mean": tau * 1.1,
            **{f"tau_{name}": tau * np.exp(0.4 * z) for name, z in QUANTILES.items()},
            "p_mu_above_0": rng.uniform(0, 1, count),
            "i2": rng.uniform(0, 0.98, count),
            "typical_error": error,
        }
    )
    fits = [pd.DataFrame({"table": [], "model": [], "draws": []})]
    for model in models:
        wrong = rng.uniform(size=count) < (0.5 if model == "centered" else 0.02) / (1 + tau / error)
        few = ~wrong & (rng.uniform(size=count) < 0.05)
        alarm = rng.uniform(size=count) < np.where(wrong, 0.8, 0.05)
        verdict = np.select([wrong, few], ["wrong", "too few draws"], "right")
        alarms = np.where(alarm, "divergences r_hat", "")
        tables[f"{model}_verdict"], tables[f"{model}_alarms"] = verdict, alarms
        quantile = np.where(wrong, rng.uniform(0.05, 0.2, count), rng.uniform(0, 0.02, count))
        of_fit = {"model": model, "target_accept": 0.9, "seed": 1, "draws": 1000}
        of_fit |= {"verdict": verdict, "alarms": alarms, "error_quantile_max": quantile}
        fits.append(pd.DataFrame({"table": names, **of_fit}))
    useless = np.arange(count) % bad == bad - 1
    words = [name for name in tables if name.endswith(("_verdict", "_alarms"))]
    tables.loc[useless, [name for name in tables.columns[5:] if name not in words]] = np.nan
    tables.loc[useless, words] = ""
    tables.loc[useless, ["groups", "status"]] = 0, BAD
    of_fits = pd.concat(fits[1:] or fits)
    return tables, of_fits[~of_fits["table"].isin(set(tables.loc[useless, "table"]))]


def write_collection(folder, count, population=None, **options):
    """Write the files that a page reads."""
    tables, fits = made(count, **options)
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(tables, preserve_index=False)
    told = {"data_sha256": "0" * 64, "settings": json.dumps({"chains": 4}), "versions": "{}"}
    told = {**table.schema.metadata, **told}
    pq.write_table(table.replace_schema_metadata(told), folder / "tables.parquet")
    fits.to_parquet(folder / "fits.parquet")
    (folder / "population.json").write_text(json.dumps(population or {}))
    return folder
