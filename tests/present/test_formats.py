"""Rounding never claims more than the data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.domain.display import plural, usd_text
from flipsite.domain.money import usd
from flipsite.present.text.formats import (
    bias_text,
    caption_text,
    count_text,
    equal_p_text,
    first_few,
    how_many,
    how_many_are,
    interval_text,
    kept_text,
    p_text,
    percent_text,
    share_text,
    signed_text,
)


@pytest.mark.parametrize(
    ("bias", "text"),
    [(0.0, "0.000"), (0.0004, "<0.001"), (0.0316, "0.032"), (0.4996, ">0.499"), (0.5, "0.500"), (None, "–")],
)
def test_the_ends_of_a_bias_are_kept_for_exact_values(bias: float | None, text: str) -> None:
    assert bias_text(bias) == text


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_share_that_is_not_an_end_never_reads_as_one(share: float) -> None:
    assert share_text(share) not in {"0.000", "1.000"}
    assert percent_text(share) not in {"0\u00a0%", "100\u00a0%"}


@pytest.mark.parametrize(
    ("count", "total", "text"),
    [
        (0, 1, "The only model is not fair"),
        (1, 1, "The only model is fair"),
        (0, 2, "Neither model is fair"),
        (1, 2, "1 of 2 models is fair"),
        (2, 2, "Both models are fair"),
        (0, 1234, "None of 1,234 models is fair"),
        (2, 1234, "2 of 1,234 models are fair"),
        (1234, 1234, "All 1,234 models are fair"),
    ],
)
def test_a_count_of_a_total_is_a_sentence(count: int, total: int, text: str) -> None:
    assert how_many_are(count, total, "fair") == text


def test_one_of_one_is_the_only_one() -> None:
    """No page says "1 of 1 model" or "the 1 least biased model"."""
    assert [how_many(n, 1, "model", does="moved", do="moved") for n in (0, 1)] == [
        "No model moved",
        "The only model moved",
    ]
    assert [first_few(n, "least biased model") for n in (1, 20)] == [
        "least biased model",
        "20 least biased models",
    ]


@pytest.mark.parametrize(
    ("p", "text"),
    [(1.0, "1"), (0.9999, ">0.999"), (0.05, "0.050"), (0.0009, "<0.001"), (0.0, "<0.001"), (None, "–")],
)
def test_a_p_value_of_one_is_exact_and_a_small_one_has_no_digits(p: float | None, text: str) -> None:
    assert p_text(p) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "$0"),
        (1e-9, "<$0.000001"),
        (0.0000123, "$0.000012"),
        (0.0123, "$0.012"),
        (0.0996, "$0.10"),
        (0.5, "$0.50"),
        (1234.567, "$1,234.57"),
        (None, "–"),
    ],
)
def test_dollars_have_two_digits_that_matter(number: float | None, text: str) -> None:
    assert usd_text(None if number is None else usd(number)) == text


def test_no_line_ends_between_a_number_and_its_sign() -> None:
    assert percent_text(0.33) == "33\u00a0%"
    assert equal_p_text(0.0312) == "p\u00a0=\u00a00.031"
    assert equal_p_text(0.0001) == "p\u00a0<\u00a00.001"
    assert kept_text("95 % of 20 %") == "95\u00a0% of 20\u00a0%"


def test_a_difference_has_a_true_sign() -> None:
    assert [signed_text(x) for x in (0.5, -0.5)] == ["+0.50", "\N{MINUS SIGN}0.50"]
    assert [signed_text(x) for x in (0.004, -0.004, -0.0, 0.0)] == ["0.00"] * 4


def test_counts_and_intervals() -> None:
    assert count_text(12000) == "12,000"
    assert plural(1, "model") == "1 model"
    assert plural(240, "model") == "240 models"
    assert plural(2, "study", "studies") == "2 studies"
    assert interval_text(0.3652, 0.6348) == "0.37 to 0.63"
    assert interval_text(None, 0.5) == "–"


def test_a_title_that_asks_has_no_colon_behind_it() -> None:
    assert caption_text("Dice", "all models") == "Dice: all models"
    assert caption_text("Is it fair?", "all models") == "Is it fair? All models"
