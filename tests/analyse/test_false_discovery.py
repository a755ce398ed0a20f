"""q-values against scipy's, and the limits at which they cross the rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from flipsite.analyse.p_values import benjamini_hochberg, rejection_limits
from flipsite.analyse.verdict import FALSE_DISCOVERY_RATE


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_q_values_equal_scipys(p: list[float]) -> None:
    """Benjamini and Hochberg's, as scipy adjusts them."""
    expected = stats.false_discovery_control(p)
    assert benjamini_hochberg(p) == pytest.approx(expected, abs=1e-9)


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=20), missing=st.integers(0, 30))
def test_tests_not_counted_are_taken_as_ones(p: list[float], missing: int) -> None:
    """A larger family is the same as the missing p-values written out as 1."""
    written_out = benjamini_hochberg([*p, *[1.0] * missing])[: len(p)]
    assert benjamini_hochberg(p, family=len(p) + missing).tolist() == pytest.approx(written_out.tolist())


def test_a_model_without_a_test_has_no_q_value() -> None:
    """None and NaN pass through and are not counted."""
    q = benjamini_hochberg(np.array([0.01, None, 0.04, float("nan")], np.float64))
    assert q[[0, 2]].tolist() == pytest.approx([0.02, 0.04])
    assert np.isnan(q[[1, 3]]).all()


@given(
    p=st.lists(st.floats(0, 0.2) | st.floats(0, 1), min_size=1, max_size=12),
    others=st.integers(0, 20),
    tried=st.floats(0, 0.2),
    data=st.data(),
)
def test_a_rejection_limit_is_where_the_q_value_crosses_the_rate(
    p: list[float], others: int, tried: float, data: st.DataObject
) -> None:
    """Replacing one p-value by another rejects exactly when the other is below the limit."""
    i = data.draw(st.integers(0, len(p) - 1))
    limit = rejection_limits(p, rate=FALSE_DISCOVERY_RATE, family=len(p) + others)[i]
    for new in (tried, limit * 0.999, limit * 1.001):
        q = benjamini_hochberg([*p[:i], new, *p[i + 1 :]], family=len(p) + others)[i]
        assert (q < 0.05) == (new < limit)


def test_a_family_smaller_than_its_tests_is_refused() -> None:
    """Such a call is a mistake of ours."""
    with pytest.raises(ValueError, match="family of 1"):
        benjamini_hochberg([0.1, 0.2], family=1)
