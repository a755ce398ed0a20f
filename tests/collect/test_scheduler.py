"""Asking until it is settled: rounds, the unbroken beginning, and what is spared."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.collecting_runs import STUDY, budget, draws_of, project_of, simulate
from tests.narrowing import not_none

from flipsite.analyse.stopping import StoppingState, replay
from flipsite.collect.scheduler import ROUND, beginnings
from flipsite.collect.simulated import COINS, Endpoint, Fault
from flipsite.collect.simulated.coins import Coin
from flipsite.domain.money import NOTHING, usd
from flipsite.domain.study import Sampling
from flipsite.domain.trajectory import DrawCounter, Trajectory
from flipsite.settings import default_study
from flipsite.workflows.collect import stopping_rule
from flipsite.workflows.run_request import RunReport


def some(*names: str) -> tuple[Coin, ...]:
    return tuple(coin for coin in COINS if coin.id.removeprefix("simulated/") in names)


PROMPT = default_study("trial").prompt
FEW = some("always-one", "fair", "refuses-30", "slow")
ENDS = some("always-one", "alternating")
ROUGH = some("biased-0.9", "rate-limited", "slow")


def stops(report: RunReport) -> dict[str, tuple[str, int, int]]:
    return {
        one.model.rpartition("/")[2]: (one.word, one.n_draws, one.n_spared)
        for one in not_none(report.settled)
    }


def test_a_settled_model_is_asked_no_more(tmp_path: Path) -> None:
    """A coin that always says 1 among four is settled as biased at its twelfth draw; the rest are spared."""
    endpoint = Endpoint(coins=FEW)
    project = project_of(tmp_path)
    report = simulate(project, endpoint, until_settled=True)
    assert stops(report) == {"always-one": ("biased", 12, 38)}
    assert endpoint.n_requests["simulated/always-one"] == 12
    assert endpoint.n_requests["simulated/fair"] == 50
    assert report.progress.n_missing == report.progress.n_done == 12 + 3 * 50
    assert len(draws_of(project)) == 12 + 3 * 50
    assert NOTHING < report.spared_usd < report.spent_usd


def test_it_stops_where_a_replay_of_all_draws_would_have_stopped(tmp_path: Path) -> None:
    """To the round: the rule of the collector is that of `analyse.stopping`."""
    project = project_of(tmp_path / "all")
    simulate(project, Endpoint(coins=ENDS), draws=280, until_settled=False)
    draws = draws_of(project)
    replayed = dict(zip(draws.models, replay(Trajectory.of_each(draws)), strict=True))
    found = simulate(project_of(tmp_path / "some"), Endpoint(coins=ENDS), draws=280, until_settled=True)
    for one in not_none(found.settled):
        stop = replayed[one.model]
        assert one.word == stop.state
        assert stop.n_draws <= one.n_draws < stop.n_draws + ROUND
    assert {one.model for one in not_none(found.settled)} == {
        model for model, stop in replayed.items() if stop.state is not StoppingState.OPEN
    }
    assert {one.word for one in not_none(found.settled)} == {"biased", "fair"}


@pytest.mark.parametrize("concurrency", [1, 64])
def test_the_snapshot_is_the_same_to_the_byte_whatever_the_concurrency(
    tmp_path: Path, concurrency: int
) -> None:
    """Late answers and retries change nothing of what is settled when."""
    paths = []
    for name, own in (("some", concurrency), ("base", 7)):
        project = project_of(tmp_path / name)
        simulate(project, Endpoint(coins=ROUGH), concurrency=own, until_settled=True)
        paths.append(project.studies / STUDY / "draws.parquet")
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_run_again_asks_nothing_and_finds_the_same(tmp_path: Path) -> None:
    """The beginnings are walked again from the cache: what was settled at draw 12 still is."""
    project, endpoint = project_of(tmp_path), Endpoint(coins=FEW)
    first = simulate(project, endpoint, until_settled=True)
    n_requests = endpoint.n_requests.total()
    again = simulate(project, endpoint, until_settled=True)
    assert endpoint.n_requests.total() == n_requests
    assert again.settled == first.settled
    assert again.progress.n_done == 0


def test_more_draws_go_to_the_open_ones_only(tmp_path: Path) -> None:
    """Raising the cap asks nothing of a model that was settled before."""
    project, endpoint = project_of(tmp_path), Endpoint(coins=FEW)
    simulate(project, endpoint, draws=20, until_settled=True)
    simulate(project, endpoint, draws=40, until_settled=True)
    assert endpoint.n_requests["simulated/always-one"] == 12
    assert endpoint.n_requests["simulated/slow"] == 40


def test_a_model_that_is_set_aside_stays_aside(tmp_path: Path) -> None:
    """Its rounds do not begin anew; the others go on."""
    faults = {"simulated/fair": [Fault.BAD_GATEWAY] * 500}
    endpoint = Endpoint(coins=FEW, faults=faults)
    report = simulate(project_of(tmp_path), endpoint, until_settled=True)
    assert list(report.progress.skipped) == ["simulated/fair"]
    assert endpoint.n_requests["simulated/fair"] <= 5 * ROUND
    assert endpoint.n_requests["simulated/slow"] == 50


def test_a_fault_of_the_account_ends_the_rounds(tmp_path: Path) -> None:
    """What was bought is kept, and nothing more is sent."""
    endpoint = Endpoint(coins=FEW, faults={"simulated/slow": [None] * 5 + [Fault.NO_CREDIT]})
    report = simulate(project_of(tmp_path), endpoint, until_settled=True)
    assert "no credit left" in str(report.error)
    assert endpoint.n_requests["simulated/slow"] <= 2 * ROUND
    assert report.snapshot is not None


def test_the_budget_holds_in_every_round(tmp_path: Path) -> None:
    """A dear coin is left out or stopped, and the cheap ones are asked to their end."""
    project = project_of(tmp_path, budget=budget(0.3))
    report = simulate(project, Endpoint(coins=COINS), until_settled=True)
    assert report.spent_usd <= usd(0.3)
    assert list(report.budget) == ["simulated/dear"]


def test_a_hole_in_the_draws_hides_what_comes_after(tmp_path: Path) -> None:
    """A draw that never came breaks the beginning: nothing is settled on what lies behind it."""
    project = project_of(tmp_path, sampling=Sampling(draws=12))
    coins = some("always-one")
    faults = {"simulated/always-one": [None] * 3 + [Fault.BAD_GATEWAY] * 5}
    broken = simulate(project, Endpoint(coins=coins, faults=faults), concurrency=1, until_settled=True)
    assert broken.progress.n_failed == 1
    assert broken.settled == ()
    repaired = simulate(project, Endpoint(coins=coins), until_settled=True)
    assert repaired.progress.n_done == 1
    assert stops(repaired) == {"always-one": ("biased", 8, 0)}


@given(
    rows=st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.sampled_from([0, 1, None])),
        unique_by=lambda row: row[:2],
    ).map(lambda rows: sorted(rows, key=lambda row: row[:2])),
    end=st.integers(0, 12),
)
def test_a_beginning_is_unbroken(rows: list[tuple[str, int, int | None]], end: int) -> None:
    """Counted by looking for each draw in turn."""
    found = beginnings([(model, draw, "[]", 0, outcome) for model, draw, outcome in rows], end)
    for model in "ab":
        outcomes = {draw: outcome for name, draw, outcome in rows if name == model}
        beginning: list[int | None] = []
        while len(beginning) in outcomes and len(beginning) < end:
            beginning.append(outcomes[len(beginning)])
        valid = [outcome for outcome in beginning if outcome is not None]
        assert list(found.get(model, (0, 0)))[:2] == [sum(valid), len(valid)]


def counted(*draws: tuple[int, int]) -> list[int]:
    """Running counts of (order, outcome) of draws with the same labels."""
    counter = DrawCounter()
    for order, outcome in draws:
        counter.add("[]", order, outcome)
    return counter.counts


def test_the_rule_allows_for_how_many_are_watched() -> None:
    """Among 240 a certain coin takes seventeen draws; who was not asked yet counts among them."""
    judge = stopping_rule(PROMPT, n_models=240)
    assert judge([counted(*[(0, 1)] * 16), counted()]) == [None, None]
    assert judge([counted(*[(0, 1)] * 17), counted()]) == ["biased", None]
    assert judge([]) == []


def test_the_rule_looks_at_each_order() -> None:
    """A first-namer is fair in one order after the other only for who adds them up."""
    first_namer = counted(*[(0, 0), (1, 1)] * 1000)
    assert stopping_rule(replace(PROMPT, orders="one"), n_models=1)([first_namer]) == ["fair"]
    assert stopping_rule(replace(PROMPT, orders="both"), n_models=1)([first_namer]) == [None]


def test_a_first_namer_is_asked_to_the_end(tmp_path: Path) -> None:
    """In both orders its total is even from the first pair on: added up, it would be fair at draw 276."""
    project = project_of(tmp_path, prompt=replace(PROMPT, orders="both"))
    report = simulate(project, Endpoint(coins=some("first-named")), draws=300, until_settled=True)
    assert report.settled == ()
    assert report.progress.n_done == 300
