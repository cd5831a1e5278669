"""Numbers as people read them: digits that mean something, minus signs, plurals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

type Format = Callable[[Any], str]

NO_BREAK = "\N{NO-BREAK SPACE}"
SYMBOLS = {"mu": "μ", "tau": "τ", "log_tau": "log τ", "theta_new": "θ of a new group"}
# Phrases of several figures, tables and findings.
COST = "ESS per 1,000 gradients"
NO_EXACT_MEAN = "the exact mean does not exist"
TAU_TO_ERROR = "τ / typical standard error"


def symbol(variable: str) -> str:
    """Write a variable of the model as people read it.

    Examples
    --------
    >>> symbol("log_tau"), symbol("theta[A]")
    ('log τ', 'θ[A]')
    """
    return SYMBOLS.get(variable, variable.replace("theta[", "θ[", 1))


def fixed(decimals: int) -> Format:
    """Format with this many decimals, a minus sign and commas between thousands.

    Examples
    --------
    >>> fixed(1)(-1234.56)
    '−1,234.6'
    """

    def write(value: Any) -> str:
        text = f"{value:,.{decimals}f}"
        if not text.strip("-0.,"):
            text = text.removeprefix("-")
        return _typeset(text)

    return write


def at_scale(scale: float, further: int = 0) -> Format:
    """Format numbers that differ by about `scale`: to a hundredth of it, or finer than a tenth.

    Very small and very large ones are written as powers of ten, to three digits.

    Parameters
    ----------
    scale
        In the units of the numbers.
    further
        Further digits.

    Examples
    --------
    >>> at_scale(10)(-1234.56), at_scale(0.02)(0.5), at_scale(3e-8)(1.234e-7)
    ('−1,234.6', '0.5000', '1.23e−07')
    """
    if not (math.isfinite(scale) and scale > 0):
        return fixed(2 + further)
    if not 1e-4 <= scale < 1e7:
        return lambda value: _typeset(f"{value:.{2 + further}e}") if value else "0"
    return fixed(max(0, 2 - math.floor(math.log10(scale))) + further)


def to_errors(errors: Iterable[float]) -> Format:
    """Format a column, and that of its errors, with the decimals that the smallest error needs.

    It gets two digits, so that all numbers of a column are even.

    Examples
    --------
    >>> to_errors([0.021, 0.13])(4.39682), to_errors([0.021, 0.13])(0.13)
    ('4.397', '0.130')
    """
    known = [error for error in errors if math.isfinite(error) and error > 0]
    return at_scale(10 * min(known, default=math.nan))


def significant(digits: int) -> Format:
    """Format with so many significant digits, without an exponent while that is readable.

    Examples
    --------
    >>> significant(2)(0.00123), significant(2)(1234.0), significant(2)(1e-9)
    ('0.0012', '1,200', '1e−09')
    """

    def write(value: Any) -> str:
        number = float(f"{float(value):.{digits}g}")
        if number == 0 or not 1e-5 <= abs(number) < 1e9:
            return _typeset(f"{number:.{digits}g}")
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(number))))
        return _typeset(f"{number:,.{decimals}f}")

    return write


def signed(value: float, form: Format) -> str:
    """Put a plus or minus sign before what `form` writes."""
    text = form(abs(value))
    return f"{'−' if value < 0 and text.strip('0.,') else '+'}{text}"


def percent(share: float) -> str:
    r"""Write a share in percent: two digits, or whole numbers from ten on.

    Examples
    --------
    >>> percent(0.00054), percent(1), percent(0.363)
    ('0.054\xa0%', '100\xa0%', '36\xa0%')
    """
    value = 100 * share
    if math.isnan(value):
        return "–"
    text = f"{value:.0f}" if value >= 10 else significant(2)(value)
    if text == "100" and value < 100:  # not all, and so not told as all
        text = f"{100 - float(f'{100 - value:.1g}'):.12g}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text}{NO_BREAK}%"


def count(number: int, noun: str, zero: str = "0") -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> count(1, "seed"), count(1200, "seed"), count(0, "seed", "no")
    ('1 seed', '1,200 seeds', 'no seeds')
    """
    return f"{zero if number == 0 else f'{number:,}'} {noun}{'' if number == 1 else 's'}"


def some_of(number: int, total: int, noun: str) -> str:
    """Write how many of a total: none, all, or so many.

    Examples
    --------
    >>> some_of(0, 5, "fit"), some_of(5, 5, "fit"), some_of(2, 5, "fit"), some_of(1, 1, "fit")
    ('none of the 5 fits', 'all 5 fits', '2 of the 5 fits', 'the one fit')
    """
    if total == 1:
        return f"the one {noun}" if number else f"no {noun}"
    if number == total:
        return f"all {total:,} {noun}s"
    return f"{f'{number:,}' if number else 'none'} of the {total:,} {noun}s"


def listed(items: Sequence[str]) -> str:
    """Join with commas, and `and` before the last."""
    return " and ".join([*([", ".join(items[:-1])] if items[:-1] else []), *items[-1:]])


def first_upper(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]


def _typeset(text: str) -> str:
    return text.replace("-", "−").replace("inf", "∞")
