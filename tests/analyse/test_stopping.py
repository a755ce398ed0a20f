from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from tests.sampled import rows_of

from flipsite.analyse.stopping import (
    StoppingState,
    bias_evidence,
    log_evidence,
    replay,
    settle,
    shown_biased,
    shown_fair,
    shown_near,
)
from flipsite.domain.draws import Draw, Outcome
from flipsite.domain.trajectory import N_COUNTS, RunningCounts, Trajectory
from flipsite.store.snapshot.assemble import collect_draws


def totals(ones: list[int], valid: list[int]) -> RunningCounts:
    """Counts of draws in one order."""
    table = np.zeros((len(ones), N_COUNTS), np.int64)
    table[:, 0], table[:, 1] = ones, valid
    return RunningCounts(table=table)


COUNTS = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts=COUNTS, target=st.sampled_from([0.5, 0.3]))
def test_evidence_is_a_likelihood_ratio_against_all_coins(counts: tuple[int, int], target: float) -> None:
    """The mean over all shares of the likelihood, by numerical integration."""
    k, n = counts
    mixed = integrate.quad(lambda p: (p / target) ** k * ((1 - p) / (1 - target)) ** (n - k), 0, 1)[0]
    assert float(log_evidence(k, n, target=target)) == pytest.approx(np.log(mixed), abs=1e-6)


@given(counts=COUNTS, target=st.sampled_from([0.5, 0.3]))
def test_a_fair_coin_cannot_be_expected_to_gather_evidence(counts: tuple[int, int], target: float) -> None:
    """The mean of the next e-value is the present one: a martingale."""
    k, n = counts
    one, zero = (np.exp(log_evidence(k + drawn, n + 1, target=target)) for drawn in (1, 0))
    assert target * one + (1 - target) * zero == pytest.approx(np.exp(log_evidence(k, n, target=target)))


def test_a_model_that_always_says_one_is_shown_biased_at_its_eighth_draw() -> None:
    """At its seventeenth when 240 models are watched, and sooner when others are as biased."""

    def needed(n_models: int, n_biased: int = 1) -> int:
        n = np.arange(1, 60)
        evidence = log_evidence(n, n)
        return next(
            int(d)
            for d, e in zip(n, evidence, strict=True)
            if shown_biased([e] * n_biased, n_models=n_models)[0]
        )

    assert needed(1) == 8
    assert needed(240) == 17
    assert needed(240, n_biased=100) < 12


def test_twenty_thousand_fair_coins_watched_all_the_time() -> None:
    """At most one in twenty is ever called biased in 400 draws, each looked at after every draw."""
    rng = np.random.default_rng(11)
    flips = rng.integers(0, 2, size=(400, 20_000), dtype=np.int8)
    ones = np.cumsum(flips, axis=0, dtype=np.int16)
    ever = np.zeros(20_000, bool)
    for n in range(1, 401):
        biased = log_evidence(np.arange(n + 1), n) >= np.log(20)
        ever |= biased[ones[n - 1]]
    assert 0.01 < ever.mean() <= 0.05


def test_no_stopping_rule_can_do_more_harm_than_allowed() -> None:
    """The exact chance that a fair coin ever passes 20 in 1,500 draws, by following every path at once."""
    alive = np.ones(1)
    passed = 0.0
    for n in range(1, 1501):
        grown = np.zeros(n + 1)
        grown[:-1] += alive / 2
        grown[1:] += alive / 2
        biased = log_evidence(np.arange(n + 1), n) >= np.log(20)
        passed += grown[biased].sum()
        alive = np.where(biased, 0, grown)
    assert 0.02 < passed <= 0.05


def test_the_e_bh_procedure_rejects_the_largest_set_it_may() -> None:
    """Against the definition, tried for every number of rejections."""
    rng = np.random.default_rng(2)
    for _ in range(50):
        e = np.exp(rng.normal(2, 3, 30))
        most = max((r for r in range(1, 31) if np.sort(e)[-r] >= 40 / (0.05 * r)), default=0)
        assert shown_biased(np.log(e), n_models=40).sum() == most


def test_a_fair_verdict_takes_hundreds_of_draws() -> None:
    """An even split is settled as fair once no share outside the margin is left; few draws never do."""
    n = np.arange(2, 3000, 2)
    fair = shown_near(n // 2, n)
    first = n[fair][0]
    assert first == 274
    assert fair[n >= first].all()
    assert not shown_near([0, 40], [0, 100]).any()
    assert shown_near([9999], [10000], target=0.95)[0]


def test_models_are_settled_together() -> None:
    """The biased, the open, and those never asked."""
    assert settle(totals([50, 26, 0, 1000], [50, 50, 0, 2000]), n_models=240) == (
        StoppingState.BIASED,
        StoppingState.OPEN,
        StoppingState.OPEN,
        StoppingState.FAIR,
    )


def test_a_replay_tells_where_draws_could_have_stopped() -> None:
    """Draws without an outcome are draws too; a fair coin's run out."""
    fair = np.random.default_rng(4).integers(0, 2, 50).tolist()
    rows = rows_of({"a/one": [1] * 50, "b/fair": fair, "c/one": [-1, -1] + [1] * 48}, "01")
    stops = replay(Trajectory.of_each(collect_draws(rows)))
    assert [stop.state for stop in stops] == [StoppingState.BIASED, StoppingState.OPEN, StoppingState.BIASED]
    assert [stop.n_draws for stop in stops] == [10, 50, 11]
    assert stops[0].n_asked == 50
    assert replay([]) == ()


def test_a_model_s_replay_does_not_depend_on_how_many_others_there_are() -> None:
    """Thousands are replayed some at a time."""
    rows = rows_of({"a/one": [1] * 12, "b/both": [1, 0] * 6, "c/one": [-1, -1] + [1] * 10}, "01")
    few = Trajectory.of_each(collect_draws(rows))
    assert replay([*few] * 334) == replay(few) * 334


def coins(n: int, pairs: int, *, first: float = 0.5, liking: float = 0.0, seed: int = 0) -> RunningCounts:
    """The last look at coins asked each label pair in both orders.

    Args:
        n: Coins.
        pairs: Label pairs of each.
        first: Probability of the first-named label where no label is liked.
        liking: Probability of taking the liked label of a pair, whatever the order.
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    liked = rng.integers(0, 2, (n, pairs, 1)).repeat(2, 2)
    by_place = np.arange(2) ^ (rng.random((n, pairs, 2)) >= first)
    drawn = np.where(rng.random((n, pairs, 2)) < liking, liked, by_place)
    table = np.zeros((n, N_COUNTS), np.int64)
    table[:, 0], table[:, 1] = drawn.sum((1, 2)), 2 * pairs
    for order in (0, 1):
        table[:, 2 + 2 * order], table[:, 3 + 2 * order] = drawn[:, :, order].sum(1), pairs
    both = drawn.sum(2)
    for kind, ones in enumerate((0, 2, 1)):
        table[:, 6 + kind] = (both == ones).sum(1)
    return RunningCounts(table=table)


@pytest.mark.parametrize(
    "way", [{"first": 1.0}, {"first": 0.0}, {"first": 0.8}, {"liking": 1.0}, {"liking": 0.6}]
)
def test_what_follows_the_order_or_the_label_is_never_settled_as_fair(way: dict[str, Any]) -> None:
    """Of 200 coins of 2,000 draws, even in total, 5 % may pass, and a certain one never does."""
    found = coins(200, 1000, **way)
    assert shown_near(found.ones, found.valid).mean() > 0.9, "in total they look fair"
    fair = shown_fair(found, both_orders=True, fresh_labels=True)
    assert fair.mean() <= 0.05
    if 1.0 in way.values():
        assert not fair.any()


def test_a_fair_coin_is_still_settled_as_fair() -> None:
    """In both orders and with fresh labels it takes about 1,500 draws."""
    fair = shown_fair(coins(200, 1000), both_orders=True, fresh_labels=True)
    assert fair.mean() > 0.9


def test_a_liking_for_labels_is_no_evidence_of_bias() -> None:
    """Watched after each of 100 pairs, at most one coin in twenty is ever biased; in total one in seven."""
    rng = np.random.default_rng(5)
    ones = np.cumsum(2 * rng.integers(0, 2, (4000, 100)), axis=1)
    pairs = np.arange(1, 101)
    in_total = (log_evidence(ones, 2 * pairs) >= np.log(20)).any(axis=1).mean()
    table = np.zeros((400_000, N_COUNTS), np.int64)
    table[:, 6], table[:, 7] = (np.tile(pairs, 4000) - ones.ravel() // 2), ones.ravel() // 2
    found = bias_evidence(RunningCounts(table=table), True) >= np.log(20)
    assert found.reshape(4000, 100).any(axis=1).mean() <= 0.05
    assert in_total > 0.14


def both_ways(model: str, outcome_of: Callable[[int, int], int | bool], *, pairs: int) -> list[Draw]:
    """Each label pair in both orders, `outcome_of(pair, order)` drawn."""
    return [
        Draw(
            model=model,
            draw=2 * pair + order,
            labels=(f"a{pair}", f"b{pair}"),
            order=order,
            result=Outcome(index=int(outcome_of(pair, order))),
        )
        for pair in range(pairs)
        for order in (0, 1)
    ]


def test_a_replay_reads_orders_and_label_pairs() -> None:
    """A first-namer and a label-liker are open after 1,200 draws; a coin that alternates is fair."""
    rows = [
        *both_ways("a/fair", lambda pair, order: (pair // 2 + order * pair) % 2, pairs=600),
        *both_ways("b/first", lambda _, order: order, pairs=600),
        *both_ways("c/label", lambda pair, _: pair % 2, pairs=600),
        *both_ways("d/one", lambda *_: 1, pairs=600),
    ]
    stops = replay(Trajectory.of_each(collect_draws(rows)))
    assert [stop.state.value for stop in stops] == ["fair", "open", "open", "biased"]
    assert stops[3].n_draws < 30


def test_few_label_pairs_asked_often_settle_nothing() -> None:
    """Draws in blocks of one label pair are no independent evidence, whatever their order in the file."""
    rows = [
        replace(draw, labels=("a", "b") if draw.draw < 100 else ("c", "d"))
        for draw in both_ways("a/x", lambda pair, _: pair < 50, pairs=100)
    ]
    (trajectory,) = Trajectory.of_each(collect_draws(rows))
    assert trajectory.clustered
    assert replay([trajectory])[0].state is StoppingState.OPEN
