"""Where the report comes from, and how to make it anew."""

from __future__ import annotations

import json
from html import escape

import yaml

from partial_pooling.report.html import Html
from partial_pooling.report.results import Results

TITLE = "Where this comes from"


def finding(report: Results) -> str:
    """What the numbers follow from, in a line."""
    kept = report.provenance.get("kept", "{}") != "{}"
    return (
        "The data, the workflow's commit and the versions that made these numbers"
        f"{', some of which were kept over an upgrade' if kept else ''}: the same, with the same "
        "configuration, give the same numbers."
    )


def origin(report: Results) -> Html:
    """Provenance, and the command that makes this report anew."""
    provenance = report.provenance
    dirty = provenance["git_dirty"] == "true"
    rows = {
        "data (SHA-256)": provenance["data_sha256"],
        "workflow commit": provenance["git_commit"] + (" with local changes" if dirty else ""),
        **{f"{name} version": v for name, v in json.loads(provenance["versions"]).items()},
        **{
            f"kept of {name}": "; ".join(f"what {v} made, under {new}" for new, v in kept.items())
            for name, kept in json.loads(provenance.get("kept", "{}")).items()
        },
    }
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td><code>{escape(str(value))}</code></td></tr>'
        for name, value in rows.items()
    )
    study = yaml.safe_dump(
        report.settings, sort_keys=False, allow_unicode=True, default_flow_style=None
    )
    known = not dirty and provenance["git_commit"] != "unknown"
    checkout = f"git checkout {provenance['git_commit']}\n" if known else ""
    return Html(
        f'<table class="plain"><tbody>{body}</tbody></table>'
        "<p>To make every number of this page anew, save this configuration as "
        f'<code>study.yaml</code></p><pre tabindex="0">{escape(study)}</pre><p>with the data '
        "file that has the SHA-256 above, once prepared, at its path, and run, in a "
        f'clone of the workflow,</p><pre tabindex="0">{escape(checkout)}uv run snakemake '
        "--cores 4 --configfile study.yaml</pre>"
    )


CONTENT = (origin,)
