"""How variables, users' names and shares are written in figures.

Text of the user (names of groups and models) never reaches Matplotlib's mathtext.
"""

from __future__ import annotations

LABELS = {
    "mu": "μ (data units)",
    "tau": "τ (data units)",
    "log_tau": "log τ (τ in data units)",
    "theta": "θ (data units)",
}
HYPERPARAMETERS = ("mu", "tau", "log_tau")
THOUSANDS = "{x:,.0f}"  # numbers along an axis


def escape(text: str) -> str:
    r"""Keep Matplotlib from reading a user's text as mathematics.

    Examples
    --------
    >>> print(escape("$5 to $10"))
    \$5 to \$10
    """
    return text.replace("$", r"\$")


def shorten(name: str, length: int = 28) -> str:
    """Shorten a long name in the middle, since names often differ at their ends.

    Examples
    --------
    >>> shorten("Centre for Applied Examples, ward 17", 20)
    'Centre for … ward 17'
    """
    if len(name) <= length:
        return name
    tail = (length - 1) * 9 // 20
    return f"{name[: length - 1 - tail]}…{name[-tail:]}"


def label(variable: str) -> str:
    """A variable as axes name it, with its unit."""
    if variable in LABELS:
        return LABELS[variable]
    name = variable.removeprefix("theta[").removesuffix("]")
    return f"θ of {escape(shorten(name, 12))} (data units)"


def percent(fraction: float) -> str:
    """A share in percent, with two digits or whole."""
    return f"{100 * fraction:.2g} %" if fraction < 0.995 else f"{100 * fraction:.0f} %"
