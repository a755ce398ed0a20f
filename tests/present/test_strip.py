"""The strip's geometry: every draw has its mark, and each row its number."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.present.pictures import outcomes, points

from flipsite.present.sparklines.interactive import strip_twin
from flipsite.present.sparklines.strip import strip

DRAWS = st.lists(st.sampled_from([1, 0, -1]), min_size=1, max_size=120)


@given(found=DRAWS)
def test_every_draw_is_one_mark_of_the_strip(found: list[int]) -> None:
    drawn = strip(outcomes(found))
    assert (drawn.heads.count("v-"), drawn.tails.count("v"), drawn.missing.count("h")) == (
        found.count(1),
        found.count(0),
        found.count(-1),
    )
    assert (drawn.n_ones, drawn.n_zeros, drawn.n_missing) == tuple(found.count(kind) for kind in (1, 0, -1))
    places = points(drawn.heads) + points(drawn.tails) + [(x + 17, y) for x, y in points(drawn.missing)]
    assert len(set(places)) == len(found)
    assert max(y for _, y in places) < drawn.height
    assert [first for _, first in drawn.rows] == list(range(0, len(found), 50))


def test_a_strip_shows_the_numbers_that_the_data_have() -> None:
    """Of draws that begin late and have a gap; the interactive chart is told them too."""
    numbers = np.array([*range(7, 67), *range(100, 130)])
    found = outcomes([1] * len(numbers))
    assert [first for _, first in strip(found, numbers).rows] == [7, 57]
    assert strip_twin(found, numbers).numbers == " ".join(map(str, numbers))
    assert strip_twin(found, np.arange(len(found))).numbers == ""
