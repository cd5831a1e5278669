"""What the ordinary checks would have said of the fits."""

from __future__ import annotations

import pandas as pd

from partial_pooling.grading.grades import CHECKS, RIGHT
from partial_pooling.report.findings import CHECK_WORDS
from partial_pooling.report.html import Html, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import count


def alarms_table(report: Results) -> Html:
    """Verdicts against alarms, a row a model: caught, missed, false alarms."""
    rows = [
        {
            "model": model,
            "wrong: alarm (caught)": told["alarms"]["caught"],
            "wrong: none (missed)": told["alarms"]["missed"],
            "too few draws: alarm": told["alarms"]["few_alarm"],
            "too few draws: none": told["alarms"]["few_quiet"],
            "right: alarm": told["alarms"]["false_alarm"],
            "right: none": told["alarms"]["quiet"],
        }
        for model, told in report.sampling["models"].items()
    ]
    return table(
        pd.DataFrame(rows),
        {},
        f"Would the ordinary checks have told you? Fits at {report.draws:,} draws a chain by "
        "verdict, which the exact posterior gives, and by whether any ordinary check raised an "
        "alarm, which needs no exact answer.",
        "alarms",
    )


def alarms_words(report: Results) -> Html:
    """What the ordinary checks caught and missed, in a sentence."""
    if not report.graded:
        return Html("")
    alarms = report.sampling["alarms"]
    wrong = alarms["caught"] + alarms["missed"]
    right = alarms["false_alarm"] + alarms["quiet"]
    few = alarms["few_alarm"] + alarms["few_quiet"]
    rows = report.last[(report.last["verdict"] == RIGHT) & (report.last["alarms"] != "")]
    lucky = int((rows["draws_needed"] > rows["draws"]).sum())
    words = []
    if wrong:
        words.append(
            f"Of {count(wrong, 'wrong fit')} the ordinary checks caught {alarms['caught']}"
            + (
                f" and <b>missed {alarms['missed']}</b>, which nobody would have known without "
                "the exact answer."
                if alarms["missed"]
                else "."
            )
        )
    if few:
        words.append(
            f"Of {count(few, 'fit')} with too few draws {alarms['few_alarm']} had an alarm."
        )
    if right:
        words.append(
            f"Of {count(right, 'right fit')} {alarms['false_alarm']} had an alarm all the same"
            + (f", {lucky} of them with fewer draws than a fit as efficient needs" * (lucky > 0))
            + "."
        )
    raised = {
        CHECK_WORDS[key][0]: sum(setting["alarms"][key] for setting in report.sampling["settings"])
        for _, key, _ in CHECKS
    }
    if any(raised.values()):
        ordered = sorted(raised.items(), key=lambda item: -item[1])
        words.append(
            "Alarms by check: "
            + ", ".join(f"{name} in {count(number, 'fit')}" for name, number in ordered if number)
            + "."
        )
    return paragraphs([" ".join(words)])
