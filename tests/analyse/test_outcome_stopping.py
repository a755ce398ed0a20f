"""Dice asked until settled: how often the rule errs, and when it ends."""

import numpy as np
import pytest

from flipsite.analyse.outcomes.stopping import settle_outcomes, shown_near_shares
from flipsite.analyse.stopping import StoppingState
from flipsite.domain.trajectory import OutcomeCounter, OutcomeCounts

EVEN = (1 / 6,) * 6


def state_of(outcomes: list[int], places: list[int], *, turned_orders: bool = True) -> StoppingState:
    counts = OutcomeCounts(outcomes=outcomes, places=places)
    (state,) = settle_outcomes([counts], shares=EVEN, n_models=1, turned_orders=turned_orders)
    return state


def ends(shares: tuple[float, ...], *, n_dice: int, n: int, seed: int) -> list[tuple[StoppingState, int]]:
    """Where dice asked in one order end, looked at every twenty throws."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(n_dice):
        thrown = rng.choice(6, n, p=shares)
        for end in range(20, n + 1, 20):
            counts = np.bincount(thrown[:end], minlength=6).tolist()
            state = state_of(counts, counts, turned_orders=False)
            if state is not StoppingState.OPEN:
                break
        found.append((state, end))
    return found


def test_a_fair_die_is_settled_as_fair_and_seldom_as_biased() -> None:
    """Of 40 dice within 3,000 throws, at most 5 % are ever called biased; half are fair by 2,000."""
    found = ends(EVEN, n_dice=40, n=3_000, seed=1)
    assert sum(state is StoppingState.BIASED for state, _ in found) <= 2
    assert np.median([end for state, end in found if state is StoppingState.FAIR]) < 2_000


@pytest.mark.parametrize(
    "shares",
    [
        (1 / 6 + 0.1, *(1 / 6 - 0.02,) * 5),
        (*(1 / 6 + 1 / 30,) * 3, *(1 / 6 - 1 / 30,) * 3),
    ],
)
def test_a_die_at_the_margin_is_not_settled_as_fair(shares: tuple[float, ...]) -> None:
    """A total variation of 0.1, on one face or on three: biased sooner or later, seldom fair before."""
    found = ends(shares, n_dice=40, n=2_000, seed=2)
    assert sum(state is StoppingState.FAIR for state, _ in found) <= 2
    assert sum(state is StoppingState.BIASED for state, _ in found) > 30


def test_a_die_that_takes_the_first_named_is_never_fair() -> None:
    """Its faces are as even as can be."""
    assert state_of([600] * 6, [3_600, 0, 0, 0, 0, 0]) is StoppingState.OPEN
    assert state_of([600] * 6, [600] * 6) is StoppingState.FAIR


def test_weights_may_be_anything_and_a_face_that_cannot_be_settles_it() -> None:
    weighted = (0.5, 0.3, 0.2)
    assert shown_near_shares([1_500, 900, 600], weighted)
    assert not shown_near_shares([1_200, 900, 900], weighted)
    assert not shown_near_shares([0, 0, 0], weighted)
    assert not shown_near_shares([500, 500, 1], (0.5, 0.5, 0.0))


def ends_of_words(
    k: int, shares: tuple[float, ...], *, n_sets: int, liking: float = 0.0, truth: tuple[float, ...] = ()
) -> list[StoppingState]:
    """Where forty models end that are given fresh labels and so often take one word of a set, if any."""
    rng, one, found = np.random.default_rng(k), np.eye(k, dtype=np.int64), []
    for _ in range(40):
        likes, first = rng.random((n_sets, k)) < liking, rng.integers(0, k, (n_sets, 1))
        drawn = np.where(
            likes, rng.integers(0, k, (n_sets, 1)), rng.choice(k, (n_sets, k), p=truth or shares)
        )
        outcomes = one[drawn].sum(axis=1).cumsum(axis=0)
        places = one[(drawn - first - np.arange(k)) % k].sum(axis=1).cumsum(axis=0)
        firsts, alike = one[drawn[:, 0]].cumsum(axis=0), (drawn[:, 0] == drawn[:, 1]).cumsum()
        state = StoppingState.OPEN
        for look in range(9, n_sets, 10):
            counts = OutcomeCounts(
                outcomes=outcomes[look].tolist(),
                places=places[look].tolist(),
                firsts=firsts[look].tolist(),
                n_alike=int(alike[look]),
                n_pairs=look + 1,
            )
            (state,) = settle_outcomes(
                [counts], shares=shares, n_models=1, turned_orders=True, fresh_labels=True
            )
            if state is not StoppingState.OPEN:
                break
        found.append(state)
    return found


def test_with_fresh_labels_an_even_model_is_settled_as_fair() -> None:
    """Most of forty within 2,400 draws, and at most 5 % as biased."""
    found = ends_of_words(6, EVEN, n_sets=400)
    assert found.count(StoppingState.FAIR) >= 30
    assert found.count(StoppingState.BIASED) <= 2


def test_a_liking_for_words_is_neither_bias_nor_fair() -> None:
    """Draws that share their labels count once as evidence, and must not agree more often than chance."""
    found = ends_of_words(6, EVEN, n_sets=400, liking=0.6)
    assert found.count(StoppingState.FAIR) <= 2
    assert found.count(StoppingState.BIASED) <= 2
    evidence = [np.bincount(np.repeat([0, 1, 1], 6), minlength=6).tolist()]
    plain = OutcomeCounts(
        outcomes=evidence[0], places=[3] * 6, firsts=[1, 2, 0, 0, 0, 0], n_alike=3, n_pairs=3
    )
    settled = [
        settle_outcomes([plain], shares=EVEN, n_models=1, turned_orders=True, fresh_labels=fresh)
        for fresh in (False, True)
    ]
    assert settled == [(StoppingState.BIASED,), (StoppingState.OPEN,)]


def test_weights_that_are_not_followed_are_found_with_fresh_labels() -> None:
    """At the margin, also where a third of the draws follow a word: mostly biased in the end, never fair."""
    shares, margin = (0.5, 0.3, 0.2), (0.4, 0.3, 0.3)
    assert ends_of_words(3, shares, n_sets=600, truth=(1 / 3,) * 3).count(StoppingState.BIASED) == 40
    mixed = (3 / 7, 2 / 7, 2 / 7)
    for liking, truth in ((0.0, margin), (0.3, mixed)):
        found = ends_of_words(3, shares, n_sets=600, liking=liking, truth=truth)
        assert found.count(StoppingState.FAIR) <= 2
        assert found.count(StoppingState.BIASED) >= 30


def test_draws_are_counted_by_outcome_place_and_set_of_labels() -> None:
    """The list began at outcome 2 when 0 was drawn: the second of three places."""
    counter = OutcomeCounter(3)
    drawn = ((0, 1, "a"), (2, 0, "a"), (1, 1, "a"), (0, None, "b"), (0, 2, "b"), (1, 2, "b"), (0, 0, "c"))
    for order, outcome, labels in drawn:
        counter.add(labels, order, outcome)
    found = OutcomeCounts.of(counter.counts, 3)
    assert (found.outcomes, found.places) == ([2, 2, 2], [2, 3, 1])
    assert (found.firsts, found.n_alike, found.n_pairs) == ([1, 1, 1], 1, 2)
