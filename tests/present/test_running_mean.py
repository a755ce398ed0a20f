"""The running mean's geometry: each valid draw is a point, and the envelope is the binomial's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.present.pictures import outcomes, points

from flipsite.present.sparklines.running_mean import chance_envelope, drawn_points, running_mean

DRAWS = st.lists(st.sampled_from([1, 0, -1]), min_size=1, max_size=120)
TARGETS = st.sampled_from([0.5, 0.1, 0.83])


@given(n=st.integers(1, 3000), target=TARGETS)
def test_the_envelope_is_the_binomials(n: int, target: float) -> None:
    """Equal to scipy.stats' quantiles at every draw, and at least 95 % of coins are inside."""
    at = drawn_points(n)
    low, high = chance_envelope(at, target=target)
    assert low * at == pytest.approx(stats.binom.ppf(0.025, at, target))
    assert high * at == pytest.approx(stats.binom.ppf(0.975, at, target))
    inside = stats.binom.cdf(np.round(high * at), at, target) - stats.binom.cdf(
        np.round(low * at) - 1, at, target
    )
    assert np.min(inside) >= 0.95 - 1e-9


@given(found=DRAWS, target=TARGETS)
def test_the_running_mean_ends_at_the_share_of_ones(found: list[int], target: float) -> None:
    """Every valid draw is a point inside the frame, from left to right, within half a unit of its share."""
    valid = [outcome for outcome in found if outcome >= 0]
    mean = running_mean(outcomes(found), target=target)
    if not valid:
        assert mean is None
        return
    assert mean is not None
    assert mean.mean == pytest.approx(np.mean(valid))
    drawn = points(mean.line)
    assert len(drawn) == mean.n_points == mean.n_valid == len(valid)
    assert drawn[-1] == (mean.x, mean.y)
    assert [x for x, _ in drawn] == sorted({x for x, _ in drawn})
    shares = [(mean.bottom - y) / (mean.bottom - mean.top) for _, y in drawn]
    assert shares == pytest.approx(
        list(np.cumsum(valid) / np.arange(1, len(valid) + 1)), abs=0.5 / 1600 + 1e-9
    )
    for x, y in points(mean.band):
        assert mean.left <= x <= mean.right
        assert mean.top <= y <= mean.bottom


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_a_certain_coin_has_an_envelope_of_no_width(target: float) -> None:
    low, high = chance_envelope(drawn_points(5), target=target)
    assert low.tolist() == high.tolist() == [target] * 5
