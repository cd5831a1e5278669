"""What the checks of prior against data found, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from partial_pooling.grading.agreement import LOCATION, SPREAD, conflicts
from partial_pooling.words import Format, fixed, significant


def agreement_words(
    agreement: Mapping[str, Any], threshold: float, units: Format, approximated: bool = False
) -> str:
    """Say what the checks of prior against data found.

    Parameters
    ----------
    agreement
        Of `Agreement.as_dict`.
    threshold
        Corrected p-value below which prior and data conflict.
    units
        Formats a number in the units of the data.
    approximated
        Whether the checks are of a normal approximation of the data.

    Returns
    -------
    str
        Plain text; p-values are corrected for the number of checks.
    """
    found = conflicts(agreement, threshold)
    words = []
    if LOCATION in found:
        words.append(
            f"The prior expects μ within {units(agreement['prior_reach'])} of "
            f"{units(agreement['prior_mean'])} (95 %), the data say "
            f"{units(agreement['data_mean'])} (p {_p(agreement, LOCATION)})."
        )
    if SPREAD in found:
        low, high = (units(end) for end in agreement["prior_tau"])
        more = "further apart" if agreement["spread"]["too_large"] else "closer together"
        words.append(
            f"The groups lie {more} than the prior of τ expects, which has τ in {low} to {high} "
            f"(95 %; p {_p(agreement, SPREAD)})."
        )
    if not found:
        tested = [
            f"{name} p {_p(agreement, name)}"
            for name in (LOCATION, SPREAD)
            if agreement[name]["p_value"] is not None
        ]
        if tested:
            words.append(
                f"Prior and data: no conflict found ({', '.join(tested)}, corrected; a conflict is "
                f"below {threshold:g})."
            )
    if approximated and any(agreement[name]["p_value"] is not None for name in (LOCATION, SPREAD)):
        words.append("This check is of the normal approximation of the data.")
    words += [
        f"Whether the prior of {symbol} fits cannot be asked: {agreement[name]['undefined']}."
        for name, symbol in ((LOCATION, "μ"), (SPREAD, "τ"))
        if agreement[name]["undefined"]
    ]
    return " ".join(words)


def _p(agreement: Mapping[str, Any], name: str) -> str:
    chance = agreement[name]["p_corrected"]
    if chance < 1e-8:
        return "< 1e−8"
    return f"= {significant(2)(chance) if chance < 0.1 else fixed(2)(chance)}"
