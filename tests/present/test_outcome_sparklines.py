"""Small pictures of outcomes: bars on the target line, grids of many outcomes, cards by suit."""

from collections.abc import Sequence

import numpy as np
import pytest
from tests.narrowing import not_none
from tests.sampled import CARDS, DIE

from flipsite.present.outcomes.view import draw_order
from flipsite.present.sparklines.outcomes import (
    OPACITIES,
    grid_axes,
    grid_columns,
    short_label,
    small_outcomes,
)


def test_bars_stand_on_the_target_line() -> None:
    """Three times the target is the top; a taller bar is cut there, and an outcome never drawn has none."""
    found = not_none(small_outcomes([50, 25, 25, 0, 0, 0], [1 / 6] * 6, DIE))
    assert (found.width, found.height, found.is_grid) == (60, 100, False)
    assert found.bars == "M1 100v-100h8v100zM11 100v-50h8v50zM21 100v-50h8v50z"
    assert found.target == "M0 67H60"


def test_a_weighted_target_is_a_step_line() -> None:
    found = not_none(small_outcomes([5, 3, 2], [0.5, 0.3, 0.2], ["a", "b", "c"]))
    assert found.target == "M0 50H10V70H20V80H30"


def test_many_outcomes_are_a_grid_of_ten_columns() -> None:
    """Each cell drawn is one line; one drawn far more often than asked for is the darkest."""
    numbers = [str(number) for number in range(1, 101)]
    found = not_none(small_outcomes([99, 1, *[0] * 98], [0.01] * 100, numbers))
    assert (found.width, found.height, found.is_grid) == (10, 10, True)
    assert found.cells == ((OPACITIES[1], "M1 0.5h1"), (OPACITIES[4], "M0 0.5h1"))


@pytest.mark.parametrize(
    ("labels", "columns"),
    [
        (CARDS, 13),
        ([f"{suit}{rank}" for suit in "♠♥♦♣" for rank in range(13)], 13),
        ([str(number) for number in range(52)], 8),
        ([str(number) for number in range(30)], 10),
        ([str(number) for number in range(1000)], 32),
    ],
)
def test_cards_are_laid_out_by_suit_and_rank(labels: Sequence[str], columns: int) -> None:
    assert grid_columns(labels) == columns


def test_no_draw_no_picture() -> None:
    assert small_outcomes([0, 0, 0], [1 / 3] * 3, ["a", "b", "c"]) is None
    assert draw_order(np.array([-1, -1]), ["a", "b", "c"]) is None


def test_draws_stand_in_their_order() -> None:
    """A dot a draw; one without an outcome stands below the others."""
    found = not_none(draw_order(np.array([0, 2, -1]), ["a", "b", "c"]))
    assert found.path.count("h0") == 2
    assert found.missing.count("h0") == 1
    assert [label for _, label in found.lanes] == ["a", "b", "c"]
    assert len(not_none(draw_order(np.zeros(1000, np.int64), ["a", "b", "c"])).path.split("M")) == 401


@pytest.mark.parametrize(
    ("label", "short"),
    [
        ("10 of hearts", "10♥"),
        ("Queen of Spades", "Q♠"),
        ("A♣", "A♣"),
        ("hearts", "hea…"),
        ("clubhouse", "clu…"),
        ("diamond ring", "dia…"),
        ("rock", "rock"),
        ("100", "100"),
    ],
)
def test_a_label_is_told_in_four_letters(label: str, short: str) -> None:
    assert short_label(label) == short


def test_a_grid_names_its_rows_and_of_cards_its_columns() -> None:
    """Suits and ranks; a hundred numbers by the first of each ten; what stands in no order, by its rows."""
    ranks = ("ace", *map(str, range(2, 11)), "jack", "queen", "king")
    cards = [f"{rank} of {suit}" for suit in ("spades", "hearts", "diamonds", "clubs") for rank in ranks]
    assert grid_axes(cards) == (tuple("♠♥♦♣"), ("A", *map(str, range(2, 11)), "J", "Q", "K"))
    assert grid_axes(list(map(str, range(1, 101)))) == (tuple(str(10 * row + 1) for row in range(10)), ())
