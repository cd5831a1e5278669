"""What the names of columns say: the words by which people call what a form of input needs."""

from __future__ import annotations

import re

# Of each role the words by which its columns are called, besides its own name.
WORDS = {
    "group": "group study trial school author hospital experiment site centre center id name label "
    "country region state county clinic paper reference studlab slab restaurant unit",
    "estimate": "estimate est effect yi y es te beta coef coefficient d g smd md mean difference "
    "log lor lnor logor lnrr logrr lnhr loghr ratio lnhazard z zi fisher logit",
    "std_error": "se sei stderr std_err standard_error sete error sigma",
    "variance": "variance var vi v",
    "mean": "mean m avg average",
    "sd": "sd std stdev standard_deviation deviation",
    "n": "n ni total size sample_size patients participants subjects people number observations "
    "nobs trials pairs",
    "events": "event events x cases deaths died dead successes success responders infections "
    "infected tumours tumors positive hits",
    "nonevents": "nonevents noncases nonresponders survivors alive negative failures",
    "exposure": "exposure time days years months hours personyears pyears py persontime",
    "r": "r ri cor corr correlation",
    "value": "value y x score observation measurement outcome response",
}
ARMS = {
    "treated": "treated treatment treat trt t e exp experimental intervention active drug 1 "
    "vaccinated exposed",
    "control": "control ctrl ctl con c placebo standard routine usual comparator 2 0 unvaccinated "
    "unexposed untreated",
}
# Names of the R packages metafor, meta and metadat, which tell a column by themselves.
KNOWN = {
    "events_treated": "ai tpos",
    "nonevents_treated": "bi tneg",
    "events_control": "ci cpos",
    "nonevents_control": "di cneg",
    "events": "xi",
    "exposure": "ti",
}
NAMED = 2.0  # from here on a name says what a column is


def tokens(name: str) -> list[str]:
    """Words of a column's name, in lower case; letters and digits are words apart.

    Examples
    --------
    >>> tokens("sd1i"), tokens("Events.Treated"), tokens("nVaccinated")
    (['sd', '1', 'i'], ['events', 'treated'], ['n', 'vaccinated'])
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", apart.lower()) if word]


def told(name: str, column: str) -> float:
    """How surely the name of a file's column says that it is this column of a form.

    Parameters
    ----------
    name
        In the file.
    column
        Of a form, such as `events_treated`.

    Returns
    -------
    float
        4 its very name, 3 a word for it, 2 a word for it among others, 0 nothing; one more or three
        less if the name says the right arm or the other one.
    """
    words = tokens(name)
    plain = "_".join(words)
    if plain == column:
        return 4.0
    if plain in KNOWN.get(column, "").split():
        return 3.5
    role, _, arm = column.rpartition("_")
    if arm not in ARMS:
        role, arm = column, ""
    called = WORDS[role].split()
    sure = 3.0 if plain in called else 2.0 if any(word in called for word in words) else 0.0
    for which, of_arm in ARMS.items() if arm else ():
        if any(word in of_arm.split() for word in words):
            sure += 1.0 if which == arm else -3.0
    return sure
