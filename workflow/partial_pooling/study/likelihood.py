"""Which likelihood a data set has, and on which measure: as its configuration says, or by default.

The registries decide: a form's default family is the first that takes it, and takes the other keys
that are given: who asks for a pooled standard deviation or a risk ratio asks for estimates.
"""

from __future__ import annotations

from typing import Any

from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.measures import CORRECTION, MEASURES, measures_of
from partial_pooling.errors import InputError
from partial_pooling.families.registry import FAMILIES, families_of
from partial_pooling.study.settings import DatasetFile


def family_and_measure(keys: DatasetFile, where: str) -> tuple[str, str | None]:
    """Say which family a data set has, and on which measure its theta is.

    Parameters
    ----------
    keys
        Of the data set.
    where
        Key of the data set, for messages.

    Returns
    -------
    family, measure
        The measure is None for estimates of which nothing is said.

    Raises
    ------
    InputError
        A key is not for this form, or not for this family or measure; in one line that says what
        is.
    """
    families = families_of(keys.form)
    family = keys.family or next(
        (name for name in families if FAMILIES[name].on_estimates or not _needs_estimates(keys)),
        families[0],
    )
    if family not in families:
        raise InputError(
            f"{where}.family: found {family}; allowed for form {keys.form}: {', '.join(families)}"
        )
    measure = _measure(keys, family, where)
    if keys.pooled_sd and "pooled_sd" not in FORMS[keys.form].options:
        taking = ", ".join(form.name for form in FORMS.values() if "pooled_sd" in form.options)
        raise InputError(
            f"{where}.pooled_sd: found true; allowed for form {keys.form}: false, "
            f"since there is no sd to pool (forms {taking} have one)"
        )
    if keys.pooled_sd and not FAMILIES[family].on_estimates:
        raise InputError(
            f"{where}.pooled_sd: found true; allowed for family {family}: false, "
            "since it takes each group's own sd"
        )
    if keys.continuity_correction != CORRECTION:
        corrected = FAMILIES[family].on_estimates and measure and MEASURES[measure].corrected
        if not corrected or keys.form == "estimates":
            what = f"measure {measure}" if FAMILIES[family].on_estimates and measure else ""
            raise InputError(
                f"{where}.continuity_correction: found {keys.continuity_correction:g}; allowed for "
                f"form {keys.form}, family {family}{', ' if what else ''}{what}: none, since no "
                "zero count is corrected"
            )
    return family, measure


def _needs_estimates(keys: DatasetFile) -> bool:
    """Whether a key is given that no family takes but one of estimates."""
    return (
        keys.pooled_sd
        or keys.continuity_correction != CORRECTION
        or keys.measure not in (None, measures_of(keys.form)[0])
    )


def _measure(keys: DatasetFile, family: str, where: str) -> str | None:
    measures = measures_of(keys.form)
    default = None if keys.form == "estimates" else measures[0]
    if not FAMILIES[family].on_estimates:
        measures = measures[:1]
    measure = keys.measure or default
    if measure is not None and measure not in measures:
        of = f"form {keys.form}"
        if not FAMILIES[family].on_estimates:
            of += f" and family {family}"
        raise InputError(
            f"{where}.measure: found {measure}; allowed for {of}: {', '.join(measures)}"
        )
    return measure


def reading(keys: DatasetFile) -> dict[str, Any]:
    """How `read_groups` brings the file of a data set to its family: arguments beside the path.

    Parameters
    ----------
    keys
        Of the data set, with family and measure settled.
    """
    assert keys.family is not None
    of_data = keys.form != "estimates" and FAMILIES[keys.family].on_estimates
    return {
        "form": keys.form,
        "columns": keys.columns,
        "pooled_sd": keys.pooled_sd,
        "measure": keys.measure if of_data else None,
        "continuity_correction": keys.continuity_correction,
    }
