"""Which scripts of a page may run: its template's own, by their hashes, and none that came in."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

ANY = "script-src 'unsafe-inline'"  # what templates say, so that they open as they are
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
INCLUDE = re.compile(r"\{%-? *include '([^']+)' *-?%\}")


def with_policy(page: str, template: Path, *folders: Path) -> str:
    """Let only those scripts of a page run that its template has.

    Parameters
    ----------
    page
        HTML, whose Content-Security-Policy allows any inline script.
    template
        The template that it was made from.
    *folders
        Where what the template includes is looked for, beside its own folder.

    Returns
    -------
    str
        The page with a policy that names the SHA-256 of each of these scripts. What names of groups
        or other data bring in is another script, which browsers refuse.
    """

    def included(found: re.Match[str]) -> str:
        paths = [folder / found[1] for folder in (template.parent, *folders)]
        return next(path for path in paths if path.exists()).read_text(encoding="utf-8")

    text = template.read_text(encoding="utf-8")
    own = {_without_spaces(INCLUDE.sub(included, script)) for script in SCRIPT.findall(text)}
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in dict.fromkeys(SCRIPT.findall(page))
        if _without_spaces(script) in own
    ]
    return page.replace(ANY, f"script-src {' '.join(hashes) or "'none'"}", 1)


def _without_spaces(script: str) -> str:
    """A script as far as engines for templates, which trim lines, leave it alone."""
    return "".join(script.split())
