"""The normal approximation of the data held against their exact likelihood.

Where data have a likelihood of their own, the posterior is solved under it and under the normal
approximation of the data, with the same priors. The normal one is graded as a fit is, but that its
errors have no Monte Carlo part.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import Groups
from partial_pooling.data.measures import MEASURES, estimates_of, measures_of
from partial_pooling.errors import InputError
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.tables import exact_table
from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL
from partial_pooling.families.registry import FAMILIES
from partial_pooling.grading.distances import errors
from partial_pooling.grading.grades import ERRORS

MOST_GROUPS = 50  # of which an exact likelihood is solved that was not asked for
COLUMNS = ["family", *"variable mean sd q2.5 q5 q25 q50 q75 q95 q97.5".split(), "above_null"]
COLUMNS += [*ERRORS, "note"]


def family_of_data(groups: Groups) -> Family | None:
    """The family that takes these data as they are; None where all take them as estimates."""
    for family in FAMILIES.values():
        if not family.on_estimates and any(FORMS[f].kind is type(groups) for f in family.forms):
            return family
    return None


def compare_likelihoods(
    exact: Posterior, given: Groups, measure: str | None, pooled_sd: bool
) -> pd.DataFrame:
    """Hold the normal approximation of the data against their exact likelihood.

    Parameters
    ----------
    exact
        The posterior of the study, under either.
    given
        The data as they were given.
    measure
        What theta is in the study.
    pooled_sd
        Whether the groups share one standard deviation.

    Returns
    -------
    pandas.DataFrame
        Rows of both posteriors, the exact likelihood's first; none where the data have no other
        likelihood than the normal one. Columns family, variable, those of `exact_table`;
        above_null, the probability that the variable is above the theta of no effect, NaN where
        there is none; error_mean, error_sd, error_quantile of the normal family's rows (see
        `distances.errors`), NaN in the others; note, empty, or why the family of this row has no
        posterior here.
    """
    own = family_of_data(given)
    if own is None:
        return pd.DataFrame(columns=COLUMNS)
    null = MEASURES[measure].null if measure else None
    posteriors: dict[str, Posterior | str] = {own.name: exact, NORMAL.name: exact}
    other = NORMAL if exact.family is own else own
    posteriors[other.name] = _solved(exact, given, other, measure, pooled_sd)
    tables = {name: _rows(name, found, null) for name, found in posteriors.items()}
    of_own = posteriors[own.name]
    if not isinstance(of_own, str) and not isinstance(posteriors[NORMAL.name], str):
        tables[NORMAL.name] = tables[NORMAL.name].join(
            errors(tables[NORMAL.name], of_own)[list(ERRORS)]
        )
    return pd.concat(tables.values(), ignore_index=True).reindex(columns=COLUMNS)


def _solved(
    exact: Posterior, given: Groups, family: Family, measure: str | None, pooled_sd: bool
) -> Posterior | str:
    """The posterior under another family, or why there is none."""
    if family is NORMAL:
        groups: Groups = estimates_of(given)
    elif measure not in measures_of(family.forms[0])[:1]:
        first = MEASURES[measures_of(family.forms[0])[0]].label
        return f"its theta is the {first}, which is another measure"
    elif pooled_sd:
        return "it takes each group's own standard deviation, and these were pooled"
    elif len(given) > MOST_GROUPS:
        return f"for more than {MOST_GROUPS} groups it is solved only if it is the study's family"
    else:
        groups = given
    try:
        return solve(groups, exact.prior, family)
    except InputError as error:
        return str(error)


def _rows(family: str, found: Posterior | str, null: float | None) -> pd.DataFrame:
    if isinstance(found, str):
        return pd.DataFrame({"family": [family], "note": [found]})
    above = np.full(len(found.variables), np.nan)
    if null is not None:
        for k, variable in enumerate(found.variables):
            if variable not in ("tau", "log_tau"):
                above[k] = 1 - float(found.cdf(variable, null))
    table = exact_table(found, with_errors=False)
    return table.assign(family=family, above_null=above, note="")
