import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.analyse.fixture_types import StudyOf

from flipsite.analyse.binomial import jeffreys
from flipsite.analyse.ranking import ranks
from flipsite.analyse.ranking.bias_posterior import (
    bias_ends,
    bias_interval,
    bias_quantile,
    bias_within,
    share_quantiles,
)
from flipsite.analyse.ranking.ranks import (
    LEVELS,
    distinct_levels,
    estimate_ranks,
    ranks_of_levels,
    tied_models,
)
from flipsite.domain.draws import Tally

COUNTS = st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
TARGETS = st.sampled_from([0.5, 0.2])


def tallies(pairs: list[tuple[int, int]]) -> list[Tally]:
    return [Tally(model=f"a/{i}", n_draws=n, n_valid=n, n_ones=k) for i, (k, n) in enumerate(pairs)]


@given(counts=COUNTS, margin=st.floats(0, 1), target=TARGETS)
def test_the_chance_of_a_small_bias_is_a_beta_probability(
    counts: tuple[int, int], margin: float, target: float
) -> None:
    """As scipy's beta distribution has it."""
    ones, valid = counts
    beta = stats.beta(ones + 0.5, valid - ones + 0.5)
    expected = beta.cdf(target + margin) - beta.cdf(target - margin)
    assert bias_within(ones, valid, margin, target=target) == pytest.approx(expected, abs=1e-9)


@given(counts=COUNTS, level=st.sampled_from([0.025, 0.5, 0.975]), target=TARGETS)
def test_a_quantile_of_the_bias_has_its_probability_below_it(
    counts: tuple[int, int], level: float, target: float
) -> None:
    """The quantile is where the distribution function reaches the level."""
    quantile = bias_quantile(*counts, level, target=target)
    assert bias_within(*counts, quantile, target=target) == pytest.approx(level, abs=1e-9)


@pytest.mark.parametrize(
    ("ones", "valid"), [(0, 50), (1, 1), (25, 50), (499, 1000), (0, 0), (70_000, 100_000)]
)
def test_quantiles_of_the_share_are_scipys(ones: int, valid: int) -> None:
    """Also where the posterior's density has a pole."""
    levels = (np.arange(512) + 0.5) / 512
    expected = stats.beta(ones + 0.5, valid - ones + 0.5).cdf(share_quantiles(ones, valid, levels=512))
    assert expected == pytest.approx(levels, abs=2e-5)


def test_an_even_split_is_not_shown_fair_at_fifty_draws() -> None:
    """25 of 50: the bias may be up to 0.135, and is below 0.05 in half of the posterior."""
    (one,) = estimate_ranks(tallies([(25, 50)]))
    assert (one.bias_low, round(one.bias_high, 3)) == (0, 0.135)
    assert (round(one.p_within_05, 2), round(one.p_within_10, 2)) == (0.52, 0.85)


@given(counts=COUNTS, target=TARGETS)
def test_the_interval_of_the_bias_is_what_the_shares_interval_leaves(
    counts: tuple[int, int], target: float
) -> None:
    """A share within its interval has a bias within this one, and each end is reached."""
    low, high = jeffreys(*counts)
    least, largest = bias_interval(*counts, target=target)
    inside = np.append(np.linspace(low, high, 1001), np.clip(target, low, high))
    assert abs(inside - target).min() == pytest.approx(least, abs=1e-12)
    assert abs(inside - target).max() == pytest.approx(largest, abs=1e-12)


def test_ranks_agree_with_drawing_each_posterior_at_length() -> None:
    """Against scipy's own random numbers and ranks, within their chance error."""
    rng = np.random.default_rng(3)
    pairs = [(int(k), 50) for k in rng.binomial(50, rng.beta(0.8, 0.8, 30))] + [(700, 1000)]
    ones, valid = np.array(pairs).T
    drawn = rng.beta(ones + 0.5, valid - ones + 0.5, size=(20_000, len(pairs)))
    ranks = stats.rankdata(abs(drawn - 0.5), axis=1)
    for i, one in enumerate(estimate_ranks(tallies(pairs), top=5)):
        assert one.p_least == pytest.approx(np.mean(ranks[:, i] <= 5), abs=0.015)
        assert one.p_most == pytest.approx(np.mean(ranks[:, i] > len(pairs) - 5), abs=0.015)
        low, high = np.quantile(ranks[:, i], [0.025, 0.975])
        assert abs(one.rank_low - low) <= 1
        assert abs(one.rank_high - high) <= 1


@settings(max_examples=20)
@given(pairs=st.lists(COUNTS, min_size=1, max_size=12), target=st.sampled_from([0.5, 0.3, 1.0]))
def test_ranks_are_those_of_sorting_each_draw_plainly(pairs: list[tuple[int, int]], target: float) -> None:
    """Equals in the order of the models: numpy's quick way with them depends on the processor."""
    levels = np.random.default_rng(7).integers(0, LEVELS, size=(1_000, len(pairs)), dtype=np.uint16)
    table = [abs(share_quantiles(k, n, levels=LEVELS) - target) for k, n in pairs]
    drawn = np.array(table)[np.arange(len(pairs)), levels]
    plain = np.argsort(np.argsort(drawn, axis=1, kind="stable"), axis=1) + 1
    counts = [((k, n),) for k, n in pairs]
    ranks = ranks_of_levels(*distinct_levels(counts, target=target), seed=7, n_draws=1_000)
    assert np.array_equal(ranks.T, plain)


@settings(max_examples=20)
@given(pairs=st.lists(COUNTS, min_size=1, max_size=12))
def test_rank_intervals_lie_among_the_models(pairs: list[tuple[int, int]]) -> None:
    """The chances of the short lists add up to the lists' lengths, and a seed repeats itself."""
    models = tallies(pairs)
    found = estimate_ranks(models, top=3, n_draws=500)
    drawn = sum(n > 0 for _, n in pairs)
    assert len(found) == drawn
    assert found == estimate_ranks(models, top=3, n_draws=500)
    assert all(1 <= one.rank_low <= one.rank_high <= drawn for one in found)
    assert sum(one.p_least for one in found) == pytest.approx(min(3, drawn))
    assert sum(one.p_most for one in found) == pytest.approx(min(3, drawn))


def test_certain_models_have_certain_ranks() -> None:
    """A hundred thousand flips leave no doubt about the order of three coins far apart."""
    found = estimate_ranks(tallies([(99_000, 100_000), (50_000, 100_000), (70_000, 100_000)]))
    assert [(one.rank_low, one.rank_high) for one in found] == [(3, 3), (1, 1), (2, 2)]


def test_no_model_has_no_standing() -> None:
    """Nor has one without a valid draw."""
    assert estimate_ranks([]) == estimate_ranks(tallies([(0, 0)])) == ()


def test_the_more_models_the_fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bounded number of ranks is drawn, and a thousand draws a model at the least."""
    monkeypatch.setattr(ranks, "_CELLS", 100_000)
    for n_models, n_draws in ((20, 5_000), (50, 2_000), (300, 1_000)):
        counts = [((25, 50),)] * n_models
        drawn = ranks_of_levels(*distinct_levels(counts, target=0.5), seed=0, n_draws=5_000)
        assert drawn.shape == (n_models, n_draws)


def test_the_tie_group_is_everyone_tested_and_not_shown_biased(study_of: StudyOf) -> None:
    """In the order of the alphabet; a model without a test is in no group."""
    from flipsite.analyse.estimates import estimates

    models = [
        Tally(model=name, n_draws=50, n_valid=n, n_ones=k)
        for name, k, n in (("b/fair", 25, 50), ("a/fair", 27, 50), ("c/one", 50, 50), ("d/none", 0, 0))
    ]
    records = estimates(study_of(), models)
    assert tied_models(records) == ("a/fair", "b/fair")


@given(n=st.integers(1, 400), target=st.floats(0.05, 0.95), data=st.data())
def test_the_interval_of_the_bias_follows_from_that_of_the_share(
    n: int, target: float, data: st.DataObject
) -> None:
    """It holds |p − target| for each p of the share's interval, and its ends are reached."""
    (low,), (high,) = jeffreys([data.draw(st.integers(0, n))], [n])
    least, largest = bias_ends(low, high, target=target)
    distances = [abs(low + (high - low) * step / 50 - target) for step in range(51)]
    assert least <= min(distances) + 1e-12
    assert largest == pytest.approx(max(distances))
    assert (least == 0) == (low <= target <= high)
