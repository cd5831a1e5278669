"""Numbers as people read them, against decimal arithmetic and by hand."""

import doctest
import math
from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
import pytest

from partial_pooling import words
from partial_pooling.figures import labels
from partial_pooling.figures.labels import percent as figures_percent
from partial_pooling.figures.labels import shorten

generator = np.random.default_rng(30)
NUMBERS = [
    float(sign * size)
    for sign, size in zip(
        generator.choice([-1, 1], 300), 10 ** generator.uniform(-4, 6, 300), strict=True
    )
]


def number(text):
    return Decimal(text.replace("−", "-").replace(",", "").replace("∞", "inf"))


@pytest.mark.parametrize("module", [words, labels])
def test_examples_in_docstrings_are_true(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("decimals", [0, 1, 4])
def test_fixed_rounds_to_its_decimals(decimals):
    for value in NUMBERS:
        text = words.fixed(decimals)(value)
        right = Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
        assert number(text) == right
        assert len(text.partition(".")[2]) == decimals
        assert "-" not in text
        assert text.startswith("−") == (right < 0)
    assert words.fixed(2)(1234567.891) == "1,234,567.89"
    assert words.fixed(1)(-0.04) == "0.0"
    assert words.fixed(0)(math.inf) == "∞"


@pytest.mark.parametrize("digits", [2, 3, 5])
def test_significant_rounds_to_its_digits(digits):
    context = Context(prec=digits, rounding=ROUND_HALF_EVEN)
    for value in NUMBERS:
        text = words.significant(digits)(value)
        assert number(text) == context.create_decimal(Decimal(value))
        assert "e" not in text
    assert words.significant(2)(99.6) == "100"
    assert words.significant(3)(-0.0012) == "−0.00120"
    assert words.significant(2)(0) == "0"
    assert words.significant(2)(-4.26e-7) == "−4.3e−07"


def test_at_scale_shows_a_hundredth_of_the_scale():
    for scale, decimals in ((0.001, 5), (0.02, 4), (0.5, 3), (1, 2), (9.9, 2), (10, 1), (150, 0)):
        for further in (0, 1):
            text = words.at_scale(scale, further)(-54.321987654)
            right = Decimal("-54.321987654").quantize(Decimal(1).scaleb(-decimals - further))
            assert number(text) == right
            assert len(text.partition(".")[2]) == decimals + further
    assert words.at_scale(3e-8)(1.2345e-7) == "1.23e−07"
    assert words.at_scale(1e8)(-98765432.1) == "−9.88e+07"
    for nothing in (math.nan, math.inf, 0, -3):
        assert words.at_scale(nothing)(1005.0) == "1,005.00"
        assert words.at_scale(nothing, 1)(1005.0) == "1,005.000"
    # powers of ten from ten millions on and below a ten thousandth, and not at the limit itself
    assert words.at_scale(1e7)(12345678.0) == "1.23e+07"
    assert words.at_scale(9.9e6)(12345678.0) == "12,345,678"
    assert words.at_scale(1e-4)(0.5) == "0.500000"
    assert words.at_scale(9.9e-5)(0.5) == "5.00e−01"
    assert words.at_scale(3e-8, 1)(1.2344e-7) == "1.234e−07"
    assert words.at_scale(3e-8)(0.0) == "0"


def test_percent_is_a_hundredfold_with_two_digits_or_whole():
    for share, text in (
        (0, "0"), (0.000123, "0.012"), (0.005, "0.5"), (0.0123, "1.2"), (0.02, "2"), (0.0996, "10"),
        (0.1, "10"), (0.363, "36"), (0.5, "50"), (0.994, "99"), (1, "100"), (1.5, "150"),
    ):  # fmt: skip
        assert words.percent(share) == f"{text}\N{NO-BREAK SPACE}%"
    assert words.percent(math.nan) == "–"


def test_figures_write_percent_with_two_digits_or_whole():
    for share, text in (
        (0.01, "1 %"), (0.05, "5 %"), (0.25, "25 %"), (0.000123, "0.012 %"), (0.0123, "1.2 %"),
        (0.994, "99 %"), (0.997, "100 %"), (1.0, "100 %"), (0.0, "0 %"),
    ):  # fmt: skip
        assert figures_percent(share) == text


def test_signs_counts_and_lists():
    one = words.fixed(1)
    assert [words.signed(v, one) for v in (2.34, -2.34, 0, -0.01)] == [
        "+2.3",
        "−2.3",
        "+0.0",
        "+0.0",
    ]
    assert words.signed(0.0, words.percent) == "+0\N{NO-BREAK SPACE}%"
    assert [words.count(n, "seed") for n in (0, 1, 2, 1500)] == [
        "0 seeds", "1 seed", "2 seeds", "1,500 seeds",
    ]  # fmt: skip
    assert words.count(0, "fit", "no") == "no fits"
    assert words.some_of(0, 3, "fit") == "none of the 3 fits"
    assert words.some_of(3, 3, "fit") == "all 3 fits"
    assert words.some_of(1200, 3400, "fit") == "1,200 of the 3,400 fits"
    assert [words.some_of(n, 1, "fit") for n in (0, 1)] == ["no fit", "the one fit"]
    joined = [words.listed(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])]
    assert joined == ["", "a", "a and b", "a, b and c"]
    assert words.first_upper("mu is") == "Mu is"


def test_shortened_names_keep_both_ends_and_their_length():
    name = "Centre for Applied Examples, ward 17"
    for length in (12, 20, 28, 35):
        short = shorten(name, length)
        head, tail = short.split("…")
        assert len(short) == length
        assert name.startswith(head)
        assert name.endswith(tail)
        assert len(tail) >= 4
    assert shorten(name, len(name)) == name


def test_not_quite_all_is_not_told_as_all():
    assert [words.percent(share) for share in (0.997, 0.9998, 0.99, 1.0)] == [
        f"{text}\xa0%" for text in ("99.7", "99.98", "99", "100")
    ]
