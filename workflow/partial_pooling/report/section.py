"""How a section of the report opens: its heading, and its finding in a sentence."""

from __future__ import annotations

from types import ModuleType

from partial_pooling.report.html import Html
from partial_pooling.report.results import Results


def opening(report: Results, section: ModuleType) -> Html:
    """Heading of a section with its finding; nothing where the section has none to tell.

    The page leaves out a section whose opening is empty.

    Parameters
    ----------
    report
        The results.
    section
        A module of `report.sections` with `TITLE`, its heading in HTML, and `finding`, a function
        of the results that gives the sentence, in HTML, or an empty string.
    """
    finding = section.finding(report)
    if not finding:
        return Html("")
    return Html(f'<h2 id="{anchor(section)}">{section.TITLE}</h2><p class="finding">{finding}</p>')


def anchor(section: ModuleType) -> str:
    """Where links within the page find a section: its module's name, with hyphens."""
    return section.__name__.rpartition(".")[2].replace("_", "-")
