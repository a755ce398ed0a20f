"""Each outcome of a model, its place in the prompt, and what missing answers could have been."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.narrowing import not_none

from flipsite.analyse.outcomes.by_outcome import (
    label_agreement_p,
    missing_bounds,
    outcome_estimates,
    place_effect,
    places_of,
    rank_bounds,
)
from flipsite.analyse.outcomes.estimates import rank_margins
from flipsite.analyse.outcomes.multinomial import total_variation
from flipsite.domain.counts import PromptArm


def test_each_outcome_has_its_interval_and_test() -> None:
    rows = outcome_estimates([20, 10, 5], labels=["a", "b", "c"], shares=[1 / 3] * 3)
    assert [row.count for row in rows] == [20, 10, 5]
    assert all(row.low <= row.share <= row.high for row in rows if row.low and row.share and row.high)
    assert all((row.q_value or 0) >= (row.p_value or 0) for row in rows)
    nothing = outcome_estimates([0, 0], labels=["a", "b"], shares=[0.5, 0.5])
    assert [(row.share, row.p_value) for row in nothing] == [(None, None)] * 2


def arms_of(
    outcomes: list[int], orders: list[int], k: int, labels: list[str] | None = None
) -> list[PromptArm]:
    """A model's draws, each an arm of its own."""
    return [
        PromptArm(
            labels=labels[i] if labels else "x", order=order, counts=tuple(np.eye(k, dtype=int)[outcome])
        )
        for i, (outcome, order) in enumerate(zip(outcomes, orders, strict=True))
    ]


def test_a_model_that_takes_the_first_named_is_found_whatever_its_shares() -> None:
    orders = [draw % 6 for draw in range(60)]
    arms = [arms_of(orders, orders, 6), arms_of([3] * 60, orders, 6), []]
    first, always_four, silent = place_effect([places_of(each, 6) for each in arms])
    assert first is not None
    assert always_four is not None
    assert (first.first, first.last) == (1.0, 0.0)
    assert first.bias == pytest.approx(5 / 6)
    assert first.first_p < 1e-10
    assert always_four.places == (10,) * 6
    assert always_four.p_value == pytest.approx(1)
    assert silent is None


def test_a_model_that_likes_one_word_of_each_list_is_found() -> None:
    """Twenty lists of three fresh words, each asked three times; one model draws alike within a list."""
    rng = np.random.default_rng(1)
    labels = [f"list {draw // 3}" for draw in range(60)]
    liked = np.repeat(rng.integers(0, 3, 20), 3).tolist()
    assert not_none(label_agreement_p(arms_of(liked, [0] * 60, 3, labels))) < 1 / 2000
    fair = rng.integers(0, 3, 60).tolist()
    assert (label_agreement_p(arms_of(fair, [0] * 60, 3, labels)) or 0) > 0.05
    assert label_agreement_p(arms_of(fair, [0] * 60, 3)) is None


@given(st.lists(st.integers(0, 5), min_size=2, max_size=3), st.integers(0, 4))
def test_missing_answers_are_bounded_by_all_they_could_have_been(counts: list[int], missing: int) -> None:
    k, shares = len(counts), [1 / len(counts)] * len(counts)
    if sum(counts) + missing == 0:
        return
    possible = [
        float(total_variation(np.array(counts) + np.array(more), shares))
        for more in product(range(missing + 1), repeat=k)
        if sum(more) == missing
    ]
    least, largest = missing_bounds(counts, missing, shares)
    assert least == pytest.approx(min(possible))
    assert largest == pytest.approx(max(possible))


@pytest.mark.parametrize("k", [6, 10, 100])
def test_rank_intervals_cover(k: int) -> None:
    """Of perfect samplers, half loaded ones and one that always says the same, all ranks at once."""
    rng, n, n_models = np.random.default_rng(k), 100, 12
    even = np.full(k, 1 / k)
    fixed = np.zeros(k)
    fixed[0] = 1.0
    truths = [even * (1 - w) + fixed * w for w in np.linspace(0, 1, n_models)]
    rank = np.arange(1, n_models + 1)
    margins = rank_margins([n] * n_models, k, n_intervals=n_models)
    held = 0
    for _ in range(100):
        counts = np.stack([rng.multinomial(n, truth) for truth in truths])
        bounds = np.array(rank_bounds(total_variation(counts, even.tolist()), *margins), float)
        held += bool(np.all((bounds[:, 0] <= rank) & (rank <= bounds[:, 1])))
    assert held >= 95
