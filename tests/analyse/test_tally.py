from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.analyse.fixture_types import DrawsOf

from flipsite.analyse.tally import tally
from flipsite.domain.draws import STATUSES, Status
from flipsite.domain.money import NOTHING, usd

DRAW = st.one_of(st.sampled_from([0, 1]), st.sampled_from(STATUSES[1:]))


def test_a_tally_counts_draws_outcomes_and_dollars(draws_of: DrawsOf) -> None:
    """Costs add up over every draw; those without outcome are told apart."""
    draws = draws_of(
        {"b/two": [1, 0, Status.REFUSED], "a/one": [1, 1]}, cost_usd=[np.nan, 0.5, 0.25, np.nan, 0.125]
    )
    one, two = tally(draws)
    assert (one.model, one.n_draws, one.n_valid, one.n_ones) == ("a/one", 2, 2, 2)
    assert (one.cost_usd, one.failed_cost_usd) == (usd(0.5), NOTHING)
    assert (two.n_draws, two.n_valid, two.n_ones) == (3, 2, 1)
    assert (two.cost_usd, two.failed_cost_usd) == (usd(0.375), usd(0.125))
    assert dict(zip(STATUSES, two.by_status, strict=True))[Status.REFUSED] == 1


def test_a_model_without_any_price_has_no_cost(draws_of: DrawsOf) -> None:
    """Unknown is not free of charge."""
    (one,) = tally(draws_of({"a/one": [1, 0]}))
    assert one.cost_usd is None
    assert one.failed_cost_usd is None


def test_no_draws_make_no_tally(draws_of: DrawsOf) -> None:
    """An empty study has no models."""
    assert tally(draws_of({})) == ()


@given(outcomes=st.dictionaries(st.sampled_from("abcdef"), st.lists(DRAW, max_size=9), max_size=5))
def test_tallies_agree_with_counting_one_by_one(
    draws_of: DrawsOf, outcomes: dict[str, list[int | Status]]
) -> None:
    """Whatever the draws, also of a model without any."""
    for one in tally(draws_of(outcomes)):
        drawn = outcomes[one.model]
        statuses = Counter(draw if isinstance(draw, Status) else Status.VALID for draw in drawn)
        assert one.n_draws == len(drawn)
        assert one.n_ones == sum(draw == 1 for draw in drawn)
        assert one.n_valid == statuses[Status.VALID]
        assert one.by_status == tuple(statuses[status] for status in STATUSES)
