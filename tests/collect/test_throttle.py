"""The next request: the cheapest, within the bounds, of no provider that asked to wait."""

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flipsite.collect.throttle import Bound, Gate, ModelLane, ThrottleClosedError


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_cheapest_model_goes_first_within_its_own_bound() -> None:
    """Of ten waiting for four places, the cheap lane takes its three, the dear one the fourth."""

    async def run() -> None:
        gate = Gate(4)
        dear, cheap = gate.lane(rank=1, most=3), gate.lane(rank=0, most=3)
        gate.pause(None, 0.0)
        waiting = [asyncio.create_task(gate.enter(lane)) for lane in (dear, cheap) for _ in range(5)]
        await asyncio.sleep(0.01)
        assert (cheap.bound.in_flight, dear.bound.in_flight) == (3, 1)
        gate.leave(cheap)
        await settle()
        assert (cheap.bound.in_flight, dear.bound.in_flight) == (3, 1)
        gate.close()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(run())


def test_a_lane_that_rests_lets_others_go() -> None:
    """It was told to wait; the others are not; then it goes on."""

    async def run() -> None:
        gate = Gate(2)
        told, other = gate.lane(rank=0, most=2), gate.lane(rank=1, most=2)
        gate.pause(told, 0.02)
        gate.pause(told, 0.005)
        waiting = asyncio.create_task(gate.enter(told))
        await gate.enter(other)
        assert gate.n_paused == 1
        await asyncio.sleep(0.01)
        assert not waiting.done(), "the longer rest counts"
        await waiting
        assert gate.n_paused == 0

    asyncio.run(run())


def test_a_closed_gate_turns_everybody_away() -> None:
    """Those who wait and those who come; who is through is not asked back."""

    async def run() -> None:
        gate = Gate(1)
        lane = gate.lane(rank=0, most=1)
        await gate.enter(lane)
        waiting = asyncio.create_task(gate.enter(lane))
        await settle()
        gate.close()
        with pytest.raises(ThrottleClosedError):
            await waiting
        with pytest.raises(ThrottleClosedError):
            await gate.enter(lane)
        gate.leave(lane)

    asyncio.run(run())


def test_a_bound_is_halved_once_for_all_that_were_in_flight() -> None:
    """Eight answers of 429 to eight requests halve it once; eight good ones raise it again by about two."""
    bound = Bound(8)
    for entered in range(1, 9):
        bound.throttle(entered=entered, turn=8)
    assert bound.now == 4.0
    for _ in range(8):
        bound.recover()
    assert 5.0 < bound.now < 6.0
    bound.throttle(entered=9, turn=17)
    assert 2.5 < bound.now < 3.0


def test_a_bound_stays_between_one_and_the_most() -> None:
    """However bad it gets, one may go; however good, no more than allowed."""
    bound = Bound(3)
    for turn in range(10):
        bound.throttle(entered=turn, turn=turn)
    assert bound.now == 1.0
    for _ in range(100):
        bound.recover()
    assert bound.now == 3.0


def test_a_provider_that_says_too_much_has_one_bound_for_all_its_models() -> None:
    """Four in flight of each of two models: one 429 halves the eight to four; another provider's go on."""

    async def run() -> None:
        gate = Gate(100)
        one, two, other = (gate.lane(rank=rank, most=8) for rank in range(3))
        one.provider = two.provider = "Busy"
        other.provider = "Idle"
        turns = [await gate.enter(lane) for lane in (one, two, other) for _ in range(4)]
        gate.throttle(one, turns[0], everywhere=False)
        waiting = [asyncio.create_task(gate.enter(lane)) for lane in (one, two)]
        await asyncio.wait_for(gate.enter(other), timeout=5)
        for _ in range(4):
            gate.leave(two)
            await settle()
            assert not any(task.done() for task in waiting), "four of Busy are still in flight"
        gate.leave(one)
        await settle()
        assert sum(task.done() for task in waiting) == 1
        gate.leave(one)
        await asyncio.gather(*waiting)
        assert gate.bound.now == 100, "the account's own bound is as it was"

    asyncio.run(run())


def test_a_wait_of_the_account_halves_all_and_no_provider() -> None:
    async def run() -> None:
        gate = Gate(8)
        lane, other = gate.lane(rank=0, most=4), gate.lane(rank=1, most=4)
        lane.provider = other.provider = "Busy"
        turns = [await gate.enter(each) for each in (lane, other) for _ in range(4)]
        gate.throttle(lane, turns[0], everywhere=True)
        assert gate.bound.now == 4
        for each in (lane, other) * 4:
            gate.leave(each)
        await asyncio.gather(*(gate.enter(other) for _ in range(4)))

    asyncio.run(run())


@settings(max_examples=40)
@given(st.integers(1, 5), st.lists(st.integers(1, 3), min_size=1, max_size=4), st.randoms())
def test_everybody_gets_through_and_no_bound_is_broken(most: int, lanes: list[int], chance: Random) -> None:
    """Whatever the bounds, and whichever request is cancelled: no place is lost, none is given twice."""

    async def one(gate: Gate, lane: ModelLane, seen: list[int]) -> None:
        await gate.enter(lane)
        try:
            seen.append(1)
            assert gate.bound.in_flight <= most
            assert lane.bound.in_flight <= lane.bound.most
            await asyncio.sleep(0)
        finally:
            gate.leave(lane)

    async def run() -> None:
        gate = Gate(most)
        seen: list[int] = []
        ways = [gate.lane(rank=rank, most=bound) for rank, bound in enumerate(lanes)]
        tasks = [asyncio.create_task(one(gate, way, seen)) for way in ways for _ in range(6)]
        await asyncio.sleep(0)
        given_up = [task for task in tasks if chance.random() < 0.3 and task.cancel()]
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), timeout=5)
        assert len(seen) >= len(tasks) - len(given_up)
        assert gate.bound.in_flight == 0
        assert all(way.bound.in_flight == 0 for way in ways)

    asyncio.run(run())
