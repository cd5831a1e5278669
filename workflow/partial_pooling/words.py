"""Numbers as people read them: digits that mean something, minus signs, plurals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

MOST_DECIMALS = 5
LEAST_CHANCE = 1e-4  # a smaller probability is bounded
type Format = Callable[[Any], str]

NO_BREAK = "\N{NO-BREAK SPACE}"
SYMBOLS = {"mu": "μ", "tau": "τ", "log_tau": "log τ", "theta": "θ", "theta_new": "θ of a new group"}
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


def at_scales(scales: Sequence[float]) -> list[Format]:
    """Format rows of a column that have a scale each: all by one of the finer, the lower quartile.

    A row finer than that by more than a factor of ten, surely in another unit, has its own.

    Examples
    --------
    >>> [form(1.5) for form in at_scales([10, 10, 0.3, 0.3, 0.001])]
    ['1.500', '1.500', '1.500', '1.500', '1.50000']
    """
    known = _sizes(scales) or [math.nan]
    shared = known[(len(known) - 1) // 4]
    return [at_scale(scale if 10 * scale < shared else shared) for scale in scales]


@dataclass(frozen=True)
class Column:
    """How to write a column of numbers: with decimals that follow from the column, not the cell.

    Attributes
    ----------
    of
        The format of every cell, from the numbers of the column.
    """

    of: Callable[[Iterable[float]], Format]


def even(digits: int) -> Column:
    """Write a column whose typical number, its median, gets so many significant digits.

    All others get its decimals, five at most, and one more where that saves the smallest. A number
    that is lost all the same is bounded, not written as 0. Where all numbers are very small, or the
    typical one is very large, they are written as powers of ten.

    Examples
    --------
    >>> [even(2).of([0.034, 0.5, 12, 1e-6])(x) for x in (0.034, 12, -1e-6, 0)]
    ['0.034', '12.000', '> −0.001', '0.000']
    >>> [even(3).of([98765, 1234567])(x) for x in (98765, 1234567)]
    ['98,800', '1,234,600']
    """

    def of(numbers: Iterable[float]) -> Format:
        sizes = _sizes(numbers)
        if not sizes:
            return fixed(0)
        decimals = min(decimals_of(sizes, digits), MOST_DECIMALS)
        if sizes[-1] < 1e-4 or decimals < digits - 9:
            return lambda value: _typeset(f"{value:.{digits - 1}e}") if value else "0"
        decimals += _saved(sizes[:1], decimals)
        form, least = fixed(max(0, decimals)), 10.0**-decimals

        def write(value: Any) -> str:
            if value and not round(value, decimals):
                return f"< {form(least)}" if value > 0 else f"> {form(-least)}"
            return form(round(value, decimals))

        return write

    return Column(of)


def _percents(shares: Iterable[float], certain: bool = True) -> Format:
    r"""Two digits of the typical share, or whole percents, and four of the largest at most.

    Where nothing is `certain`, 0 and 1 are bounds too: what is below the digits that are shown.

    Examples
    --------
    >>> form = _percents([0.90767, 0.0923, 1e-12, 1e-12])
    >>> [form(share).replace("\xa0", " ") for share in (0.90767, 1e-12, 0)]
    ['90.77 %', '< 0.01 %', '0.00 %']
    >>> form = _percents([0.0, 1.0], certain=False)
    >>> [form(share).replace("\xa0", " ") for share in (0.0, 1.0)]
    ['< 1 %', '> 99 %']
    """
    parts = _sizes(100 * share for share in shares)
    decimals = 0 if certain else 2
    if parts:
        most = 3 - math.floor(math.log10(min(parts[-1], 99.0)))  # four digits of the largest
        decimals = max(0, min(decimals_of(parts, 2), most))
        # what is lacking to all is told as well as what there is
        decimals += _saved([min(part, 100 - part) for part in parts if part < 100], decimals)
    form, least = fixed(decimals), 10.0**-decimals

    def write(share: Any) -> str:
        part = round(100 * share, decimals)
        if not part and (share or not certain):
            return f"<{NO_BREAK}{form(least)}{NO_BREAK}%"
        if part == 100 and (share < 1 or not certain):
            return f">{NO_BREAK}{form(100 - least)}{NO_BREAK}%"
        return f"{form(part)}{NO_BREAK}%"

    return write


PERCENTS = Column(_percents)
# Probabilities of a posterior, where nothing is certain: what is stored as 0 was too small.
CHANCES = Column(partial(_percents, certain=False))


def _as_given(numbers: Iterable[float]) -> Format:
    exponents = [Decimal(repr(float(x))).normalize().as_tuple().exponent for x in numbers]
    return fixed(max([0, *(-e for e in exponents if isinstance(e, int))]))


# Numbers that a person chose: as many decimals as that has which has most.
AS_GIVEN = Column(_as_given)


def decimals_of(numbers: Iterable[float], digits: int) -> int:
    """Decimals, below 0 for tens, with which the median of sizes has so many significant digits."""
    sizes = _sizes(numbers) or [1.0]
    typical = float(f"{sizes[(len(sizes) - 1) // 2]:.{digits}g}")
    return digits - 1 - math.floor(math.log10(typical))


def _sizes(numbers: Iterable[float]) -> list[float]:
    return sorted(abs(x) for x in numbers if math.isfinite(x) and x)


def _saved(sizes: Iterable[float], decimals: int) -> bool:
    """Whether the smallest becomes 0 by so many decimals, and not by one more."""
    least = min(sizes, default=0.0)
    return not round(least, decimals) and bool(round(least, decimals + 1))


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


def chance(probability: float) -> str:
    r"""Write a probability in percent, one next to 0 or 1 as a bound: no posterior is certain.

    Examples
    --------
    >>> [chance(p).replace(NO_BREAK, " ") for p in (0.0, 3e-13, 0.363, 0.9998, 1.0)]
    ['< 0.01 %', '< 0.01 %', '36 %', '99.98 %', '> 99.99 %']
    """
    if probability < LEAST_CHANCE:
        return f"<{NO_BREAK}{percent(LEAST_CHANCE)}"
    if probability > 1 - LEAST_CHANCE:
        return f">{NO_BREAK}{percent(1 - LEAST_CHANCE)}"
    return percent(probability)


def p_value(value: float) -> str:
    """Write a p-value to three decimals, a smaller one as a bound.

    Examples
    --------
    >>> [p_value(p) for p in (1.0, 0.0314, 2e-7)]
    ['1.000', '0.031', '< 0.001']
    """
    return "< 0.001" if value < 0.0005 else f"{value:.3f}"


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
