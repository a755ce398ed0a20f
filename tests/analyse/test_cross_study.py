"""The difference between two models' biases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.analyse.cross_study.comparisons import bias_difference
from flipsite.domain.estimates import Estimate
from flipsite.domain.study import Kind


def estimate(bias: float | None, low: float | None, high: float | None) -> Estimate:
    return Estimate(
        model="a/x", author="a", kind=Kind.MEASURED, bias=bias, bias_low=low, bias_high=high, page="x"
    )


def test_even_margins_add_as_squares() -> None:
    """Where both intervals are symmetric, the method is that of independent standard errors."""
    found = bias_difference(estimate(0.4, 0.37, 0.43), estimate(0.2, 0.16, 0.24))
    assert found is not None
    assert [found.value, found.low, found.high] == pytest.approx([0.2, 0.15, 0.25])
    assert found.is_clear


def test_a_model_without_an_interval_has_no_difference() -> None:
    assert bias_difference(estimate(None, None, None), estimate(0.2, 0.1, 0.3)) is None


BIAS = st.tuples(*[st.floats(0, 0.5)] * 3).map(sorted)


@given(one=BIAS, other=BIAS)
def test_the_other_way_round_is_the_same_with_its_sign_turned(one: list[float], other: list[float]) -> None:
    there = bias_difference(estimate(one[1], one[0], one[2]), estimate(other[1], other[0], other[2]))
    back = bias_difference(estimate(other[1], other[0], other[2]), estimate(one[1], one[0], one[2]))
    assert there is not None
    assert back is not None
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.low <= there.value <= there.high
