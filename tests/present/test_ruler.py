"""The ruler above a leaderboard: every model once, at its bias; the ends named."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.present.test_leaderboard_rows import drawn

from flipsite.present.leaderboard.board import board
from flipsite.present.leaderboard.ruler import MOST_DOTS, Ruler, ruler


def ruler_of(counts: dict[str, tuple[int, int]]) -> Ruler | None:
    report = drawn(counts)
    return ruler(report, board(report))


@given(st.lists(st.integers(0, 50), min_size=2, max_size=12))
def test_every_model_has_a_dot_that_touches_no_other(ones: list[int]) -> None:
    found = ruler_of({f"a/m{i}": (n, 50) for i, n in enumerate(ones)})
    assert found is not None
    assert sorted(dot.model for dot in found.dots) == sorted(f"a/m{i}" for i in range(len(ones)))
    for one, other in combinations(found.dots, 2):
        assert one.level != other.level or abs(one.at - other.at) >= 2.4
    assert found.levels == max(dot.level for dot in found.dots) + 1


def test_the_ends_are_named_with_how_many_share_them() -> None:
    found = ruler_of({"a/even": (25, 50), "b/one": (50, 50), "c/zero": (0, 50), "d/most": (30, 50)})
    assert found is not None
    assert (found.least.row.estimate.model, found.least.n_others) == ("a/even", 0)
    assert (found.most.row.estimate.model, found.most.n_others) == ("b/one", 1)


def test_ticks_are_tenths_and_the_band_is_that_of_a_perfect_sampler() -> None:
    """50 flips of a fair coin stay within a bias of 0.14 in 95 of 100 tries (binomial, exact)."""
    found = ruler_of({"a/even": (25, 50), "b/one": (50, 50)})
    assert found is not None
    assert [text for text, _ in found.ticks] == ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]
    assert all(right > left for (_, left), (_, right) in pairwise(found.ticks))
    assert found.reach is not None
    assert abs((found.reach - found.start) / (100 - 2 * found.start) - 0.14 / 0.5) < 0.01


def test_many_models_at_one_bias_make_the_picture_no_higher() -> None:
    few, many = (ruler_of({f"a/m{i}": (50, 50) for i in range(n)}) for n in (5, 60))
    assert few is not None
    assert many is not None
    assert few.height_em < many.height_em <= 12


def test_one_model_needs_no_ruler_and_too_many_have_none() -> None:
    assert ruler_of({"a/only": (25, 50)}) is None
    assert ruler_of({f"a/m{i}": (1, 2) for i in range(MOST_DOTS + 1)}) is None
