"""The forms of input, by their names in a configuration."""

from __future__ import annotations

from partial_pooling.data.forms.correlations import CORRELATIONS
from partial_pooling.data.forms.counts import COUNTS
from partial_pooling.data.forms.estimates import ESTIMATES
from partial_pooling.data.forms.form import Form
from partial_pooling.data.forms.observations import OBSERVATIONS
from partial_pooling.data.forms.rates import RATES
from partial_pooling.data.forms.summaries import SUMMARIES
from partial_pooling.data.forms.two_by_two import TWO_BY_TWO
from partial_pooling.data.forms.two_means import TWO_MEANS


def serving(word: object) -> list[str]:
    """Forms that people call so, such as `binary`."""
    plain = str(word).strip().lower().replace(" ", "_").replace("-", "_")
    return [form.name for form in FORMS.values() if plain in form.also]


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        ESTIMATES,
        SUMMARIES,
        OBSERVATIONS,
        COUNTS,
        RATES,
        TWO_BY_TWO,
        TWO_MEANS,
        CORRELATIONS,
    )
}
