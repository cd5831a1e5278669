"""The forms of input, by their names in a configuration."""

from __future__ import annotations

from partial_pooling.data.forms.estimates import ESTIMATES
from partial_pooling.data.forms.form import Form
from partial_pooling.data.forms.observations import OBSERVATIONS
from partial_pooling.data.forms.summaries import SUMMARIES

FORMS: dict[str, Form] = {form.name: form for form in (ESTIMATES, SUMMARIES, OBSERVATIONS)}
