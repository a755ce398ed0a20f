"""Counting all models at once says what counting each by itself says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flipsite.domain import counts
from flipsite.domain.counts import Trajectory, Transitions
from flipsite.domain.draws import Draw, Draws, Failed, Outcome
from flipsite.store.snapshot.columns import collect_draws

OUTCOMES = st.lists(st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=9), max_size=5)


def draws_of(models: list[list[int]]) -> Draws:
    return collect_draws(
        Draw(
            model=f"a/{index}",
            draw=draw,
            labels=("0", "1"),
            order=0,
            result=Outcome(index=outcome) if outcome >= 0 else Failed(reason="x"),
        )
        for index, outcomes in enumerate(models)
        for draw, outcome in enumerate(outcomes)
    )


@given(models=OUTCOMES)
def test_neighbours_of_a_study_are_those_of_each_model(models):
    """Those of one model never stand beside another's."""
    draws = draws_of(models)
    each = [Transitions.of(draws.outcome[draws.rows(index)]) for index in range(len(models))]
    assert Transitions.of_each(draws) == each


@given(models=OUTCOMES, long=st.sampled_from([1, counts.MOST_LOOKS + 1]))
def test_courses_of_a_study_are_those_of_each_model(models, long):
    """Also where a model has more draws than looks."""
    draws = draws_of([*models, [1, 0] * long])
    for index, found in enumerate(Trajectory.of_each(draws)):
        alone = Trajectory.of(draws.outcome[draws.rows(index)])
        for name in ("asked", "valid", "ones", "shown"):
            assert np.array_equal(getattr(found, name), getattr(alone, name))
