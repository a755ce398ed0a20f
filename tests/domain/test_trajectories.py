"""Counting all models at once says what counting each by itself says."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from tests.sampled import rows_of

from flipsite.domain import trajectory
from flipsite.domain.counts import Transitions
from flipsite.domain.draws import Draw, Draws, Failed, Outcome
from flipsite.domain.trajectory import DrawCounter, Trajectory
from flipsite.store.snapshot.assemble import collect_draws

OUTCOMES = st.lists(st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=9), max_size=5)


def draws_of(models: Sequence[Sequence[int]]) -> Draws:
    return collect_draws(rows_of({f"a/{index}": outcomes for index, outcomes in enumerate(models)}, "01"))


@given(models=OUTCOMES)
def test_neighbours_of_a_study_are_those_of_each_model(models: list[list[int]]) -> None:
    """Those of one model never stand beside another's."""
    draws = draws_of(models)
    each = [Transitions.of(draws.outcome[draws.rows(index)]) for index in range(len(models))]
    assert Transitions.of_each(draws) == each


SHOWN = st.lists(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([0, 1]), st.sampled_from([-1, 0, 1])),
        min_size=1,
        max_size=9,
    ),
    max_size=4,
)


@given(models=SHOWN)
def test_trajectories_of_a_study_are_counted_draw_by_draw(models: list[list[tuple[str, int, int]]]) -> None:
    """In total, in each order and by label pair, after every draw; pairs asked more than twice are told."""
    draws = collect_draws(
        Draw(
            model=f"a/{index}",
            draw=draw,
            labels=(labels, "x"),
            order=order,
            result=Outcome(index=outcome) if outcome >= 0 else Failed(reason="x"),
        )
        for index, shown in enumerate(models)
        for draw, (labels, order, outcome) in enumerate(shown)
    )
    for shown, found in zip(models, Trajectory.of_each(draws), strict=True):
        valid = Counter(labels for labels, _, outcome in shown if outcome >= 0)
        assert found.clustered == (len(valid) > 1 and max(valid.values()) > 2)
        counter = DrawCounter()
        for look, (labels, order, outcome) in enumerate(shown):
            counter.add(labels, order, None if outcome < 0 else outcome)
            n_columns = 9 if len(valid) > 1 and not found.clustered else 6
            assert found.counts.table[look, :n_columns].tolist() == counter.counts[:n_columns]


def test_many_draws_are_looked_at_now_and_then() -> None:
    """The first look and the last are kept."""
    draws = draws_of([[1, 0] * (trajectory.MOST_LOOKS + 1)])
    (found,) = Trajectory.of_each(draws)
    assert len(found.asked) == trajectory.MOST_LOOKS
    assert (found.asked[0], found.asked[-1]) == (1, len(draws))
    assert found.counts.valid.tolist() == found.asked.tolist()
    assert found.counts.ones[-1] == len(draws) // 2
