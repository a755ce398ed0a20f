"""What was spent is drawn and summed up as it was billed."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.narrowing import not_none
from tests.present.pictures import roots, words

from flipsite.domain.estimates import Estimate, Verdict
from flipsite.domain.money import NOTHING, Usd, usd
from flipsite.domain.study import Kind, Study
from flipsite.present.charts.figure import NARROW_PX
from flipsite.present.charts.spend import (
    cost_against_bias,
    spend_by_model,
    undercut_by_none,
)

Many = Callable[[int], tuple[Estimate, ...]]


@dataclass(frozen=True)
class Spent:
    model: str
    cost_usd: Usd
    failed_usd: Usd = NOTHING


def test_the_most_expensive_come_first_with_their_dollars(study: Study) -> None:
    spent = [Spent(f"a/m{i}", usd(2.0**-i)) for i in range(30)]
    figure = spend_by_model(spent, study, top=5)
    for root in roots(figure):
        assert [word for word in words(root) if word.startswith("a/")] == [f"a/m{i}" for i in range(5)]
        assert "$1.00" in words(root)
    assert figure.title == "1 of 30 models took 50\u00a0% of the $2.00 spent"
    assert len(figure.records) == 30


def test_what_failed_is_told(study: Study) -> None:
    figure = spend_by_model([Spent("a/b", usd(3), usd(1)), Spent("a/c", usd(1))], study)
    assert "$1.00 in all" in figure.caption
    assert "a/b: $3.00, of which $1.00 failed" in figure.svg


def test_spending_nothing_is_no_chart(study: Study) -> None:
    with pytest.raises(ValueError, match="nothing was spent"):
        spend_by_model([Spent("a/b", NOTHING)], study)


@given(data=st.data())
def test_no_model_undercuts_the_frontier(data: st.DataObject) -> None:
    """Whoever is cheaper than a model of the frontier is more biased, and every other model is undercut."""
    pairs = data.draw(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=20))
    estimates = [
        replace(ONE, model=f"m{i}", cost_usd=usd(c) / 10, bias=b / 20) for i, (c, b) in enumerate(pairs)
    ]
    points = [(not_none(each.cost_usd), not_none(each.bias)) for each in estimates]
    frontier = [(not_none(each.cost_usd), not_none(each.bias)) for each in undercut_by_none(estimates)]
    for cost, bias in frontier:
        assert not any(other_cost <= cost and other_bias < bias for other_cost, other_bias in points)
    for cost, bias in points:
        assert any(other_cost <= cost and other_bias <= bias for other_cost, other_bias in frontier)


ONE = Estimate(
    model="a/b",
    author="a",
    kind=Kind.MEASURED,
    draws=50,
    valid=50,
    ones=25,
    mean=0.5,
    bias=0.0,
    mean_low=0.36,
    mean_high=0.64,
    noise_floor=0.056,
    p_value=1.0,
    q_value=1.0,
    verdict=Verdict.UNDECIDED,
    sway=None,
    bias_within=None,
    rank=1,
    rank_low=1,
    rank_high=1,
    cost_usd=usd(0.1),
    page="trial/models/a/b/index.html",
)


def test_free_models_are_left_out_and_counted(many: Many, study: Study) -> None:
    estimates = [replace(many(9)[0], cost_usd=NOTHING), *many(9)[1:]]
    figure = cost_against_bias(estimates, study)
    assert "8 models" in figure.caption
    assert "1 model that cost nothing is left out" in figure.caption
    assert len(figure.records) == 8


def test_every_mark_of_a_price_has_a_name_on_a_phone_too(many: Many, study: Study) -> None:
    """The cheapest and the dearest are named in the picture, all others by their titles."""
    estimates = [replace(e, cost_usd=usd(0.001) * (1 + i)) for i, e in enumerate(many(9))]
    wide, narrow = roots(cost_against_bias(estimates, study))
    assert narrow.get("width") == str(NARROW_PX)
    ends = {estimates[0].model.partition("/")[2], estimates[-1].model.partition("/")[2]}
    for root in (wide, narrow):
        titles = [title.text or "" for title in root.iter("title")]
        assert all(any(title.startswith(f"{e.model}: ") for title in titles) for e in estimates)
        assert ends & set(words(root))
        assert {"Bias", "US dollars for a valid draw"} <= set(words(root))


def test_hundreds_of_models_are_thinned_but_for_the_frontier(many: Many, study: Study) -> None:
    estimates = [replace(e, cost_usd=usd(0.001) * (1 + i * 7919 % 2003)) for i, e in enumerate(many(700))]
    figure = cost_against_bias(estimates, study)
    assert "of them are drawn" in figure.caption
    assert len(figure.svg) < 250_000
    said = figure.svg
    assert all(f">{front.model}: " in said for front in undercut_by_none(estimates))


def test_a_price_says_nothing_alone(many: Many, study: Study) -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        cost_against_bias(many(1), study)
