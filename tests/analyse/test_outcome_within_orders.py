"""The noise floor of k outcomes in turned orders, compared with simulated perfect samplers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from tests.analyse.fixture_types import StudyOf
from tests.narrowing import not_none
from tests.sampled import DIE, rows_of, sampled

from flipsite.analyse.noise_floor import multinomial_noise_floor
from flipsite.analyse.outcomes.by_outcome import places_of
from flipsite.analyse.outcomes.multinomial import total_variation
from flipsite.analyse.outcomes.power import study_plan
from flipsite.analyse.outcomes.within_orders import balanced, chance_within_orders, drawn_by_order
from flipsite.analyse.report import report_draws
from flipsite.domain.counts import PromptArm
from flipsite.domain.study import Prompt
from flipsite.present.leaderboard.board import board
from flipsite.present.pages.narrative_values import study_values
from flipsite.settings import default_study
from flipsite.store.snapshot.assemble import collect_draws


def biases(shares: Sequence[float], by_order: Sequence[int], *, times: int) -> list[float]:
    """The ranking bias of perfect samplers, as the report computes it from the arms of a prompt."""
    rng, k, found = np.random.default_rng(7), len(shares), []
    for _ in range(times):
        arms = [
            PromptArm(labels="", order=order, counts=tuple(rng.multinomial(n, shares).tolist()))
            for order, n in enumerate(by_order)
            if n
        ]
        counts = np.sum([arm.counts for arm in arms], axis=0)
        of_places = total_variation(places_of(arms, k), (1 / k,) * k)
        found.append(max(float(total_variation(counts, shares)), float(of_places)))
    return found


@pytest.mark.parametrize(
    ("k", "n", "times"),
    [(3, 50, 1500), (6, 50, 1000), (10, 50, 600), (100, 50, 100), (6, 7, 1000), (3, 400, 1000)],
)
def test_the_floor_is_the_mean_of_perfect_samplers(k: int, n: int, times: int) -> None:
    """Within three standard errors of both, and well above the floor of the outcomes alone."""
    chance = chance_within_orders((1 / k,) * k, balanced(n, k))
    found = biases((1 / k,) * k, balanced(n, k), times=times)
    error = float(np.hypot(np.std(found) / times**0.5, chance.error))
    assert chance.mean == pytest.approx(np.mean(found), abs=3 * error)
    assert chance.mean > multinomial_noise_floor(n, (1 / k,) * k) + 3 * chance.error
    assert np.mean(np.array(found) <= chance.reach + 1e-9) > 0.95 - 3 * (0.05 * 0.95 / times) ** 0.5


@pytest.mark.parametrize(
    ("shares", "by_order"),
    [((0.5, 0.3, 0.2), (17, 17, 16)), ((0.6, 0.3, 0.1), (40, 8, 2)), ((0.25,) * 4, (30, 10, 8, 2))],
)
def test_targets_and_orders_may_be_uneven(shares: tuple[float, ...], by_order: tuple[int, ...]) -> None:
    """With an uneven target, a perfect sampler uses the places unevenly where the orders are uneven."""
    chance, found = chance_within_orders(shares, by_order), biases(shares, by_order, times=1000)
    error = float(np.hypot(np.std(found) / 1000**0.5, chance.error))
    assert chance.mean == pytest.approx(np.mean(found), abs=3 * error)


def test_one_order_has_the_floor_of_the_outcomes() -> None:
    """Places are then outcomes under other names: an even target knows no difference."""
    chance = chance_within_orders((0.25,) * 4, (0, 0, 60, 0))
    assert chance.mean == pytest.approx(multinomial_noise_floor(60, (0.25,) * 4))
    assert chance.error == 0


@pytest.mark.parametrize("k", [3, 6, 10, 100])
def test_the_error_is_small_and_said(k: int) -> None:
    """Below 0.001 at any number of draws."""
    even = (1 / k,) * k
    assert all(chance_within_orders(even, balanced(n, k)).error < 0.001 for n in (1, 2, 3, 10, 100, 300))


def test_nearly_even_orders_share_a_result() -> None:
    """Which label was first in the draws that are missing does not matter with an even target."""
    even = chance_within_orders((1 / 6,) * 6, balanced(97, 6))
    assert chance_within_orders((1 / 6,) * 6, (15, 17, 16, 17, 16, 16)) is even
    assert chance_within_orders((1 / 6,) * 6, (47, 10, 10, 10, 10, 10)).mean < even.mean


def test_draws_are_counted_by_the_label_named_first() -> None:
    """Of all sets of labels together."""
    arms = [PromptArm(labels=each, order=2, counts=(1, 2, 0)) for each in "ab"]
    assert drawn_by_order(arms, 3) == (0, 0, 6)


@pytest.mark.parametrize("orders", ["rotated", "one"])
def test_perfect_dice_have_no_excess(study_of: StudyOf, orders: str) -> None:
    """The mean bias above the floor is 0 in turned orders, which have a floor of their own, and in one."""
    prompt = Prompt(
        template="{options}",
        outcomes=DIE,
        shares=(1 / 6,) * 6,
        orders="rotated" if orders == "rotated" else "one",
        form="list",
    )
    dice = {f"a/{seed:03d}": sampled([1 / 6] * 6, 60, seed=seed) for seed in range(150)}
    drawn = collect_draws(rows_of(dice, DIE, rotated=orders == "rotated"))
    report = report_draws(replace(study_of(), prompt=prompt), drawn)
    records = report.estimates
    excess = [not_none(record.excess) for record in records]
    assert np.mean(excess) == pytest.approx(0, abs=3 * np.std(excess) / 150**0.5)
    assert {record.noise_floor_within is None for record in records} == {orders == "one"}
    assert {record.ranking_noise_floor for record in records} == {not_none(board(report).sampler).bias}
    assert float(study_values(report)["noise_floor"]) == pytest.approx(
        records[0].ranking_noise_floor, abs=5e-4
    )


@pytest.mark.parametrize(("k", "margin"), [(3, 0.1), (6, 0.15)])
def test_the_planned_draws_make_a_perfect_sampler_fair_in_turned_orders(k: int, margin: float) -> None:
    """Four times in five outcomes and places are both near enough; draws for one order are too few."""
    prompt = replace(default_study("trial").prompt, outcomes=tuple("abcdef"[:k]), shares=(1 / k,) * k)
    turned = replace(prompt, orders="rotated")

    def chance(n: int) -> float:
        rng, n_tries = np.random.default_rng(7), 2_000
        drawn = rng.integers(0, k, (n_tries, n))
        off = [
            sum(abs((each == j).mean(axis=1) - 1 / k) for j in range(k)) / 2
            for each in (drawn, (drawn - np.arange(n) % k) % k)
        ]
        reach = np.quantile(off[0], 0.95)
        return float((np.maximum(*off) + reach <= margin).mean())

    in_one, in_turned = (
        not_none(study_plan(each, margin=margin, bias=0.1, power=0.8, n_models=1).fair)
        for each in (prompt, turned)
    )
    assert 0.79 <= chance(in_turned) <= 0.9
    assert chance(in_one) < 0.75
