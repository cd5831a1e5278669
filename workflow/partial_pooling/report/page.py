"""The report of one data set, for the notebook: its sections, in the order of the page.

Nothing here opens a fit or samples: sections read tables, and say in words what these hold. Each
gives HTML for a notebook cell; text from users' files is escaped. A further section is a function
of the results in a file of `sections`, its name here, and a cell of the notebook.
"""

from __future__ import annotations

from partial_pooling.report.captions import caption
from partial_pooling.report.html import Html, figure
from partial_pooling.report.results import Results
from partial_pooling.report.sections import (
    accuracy,
    alarms,
    calibrated,
    geometry,
    head,
    numbers,
    question,
    settings,
    shrinkage,
    sources,
)


class Report(Results):
    """One data set's results, told."""

    title = head.title
    data_table = question.data_table
    answer = question.answer
    models_words = settings.models_words
    trust = settings.trust
    settings_table = settings.settings_table
    checks = settings.checks
    alarms_words = alarms.alarms_words
    alarms_table = alarms.alarms_table
    funnel = geometry.funnel
    divergences = geometry.divergences
    accuracy_words = accuracy.accuracy_words
    target_accept_table = accuracy.target_accept_table
    shrinkage_table = shrinkage.shrinkage_table
    classical_words = shrinkage.classical_words
    classical_table = shrinkage.classical_table
    numbers_table = numbers.numbers_table
    quantiles_table = numbers.quantiles_table
    calibration = calibrated.calibration
    lecture = sources.lecture
    cells_table = numbers.cells_table
    origin = sources.origin

    def figure(self, name: str) -> Html:
        """Show a figure of the results folder, embedded, with its caption."""
        return figure(name, self.svg(name), *caption(self, name))
