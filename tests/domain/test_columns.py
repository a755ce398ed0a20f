"""Columns: each distinct value is handled once, and no two that a reader would tell apart are one."""

from types import NoneType

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flipsite.domain.catalogue import Price
from flipsite.domain.columns import TextColumn, columns_of, each_distinct
from flipsite.domain.money import usd

VALUES = st.lists(st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["1", "", "a"])))


@given(VALUES)
def test_each_value_is_shown_as_by_itself(values: list[object]) -> None:
    asked: list[object] = []

    def show(value: object) -> str:
        asked.append(value)
        return repr(value)

    assert each_distinct(values, show) == list(map(repr, values))
    if len(set(map(type, values)) - {NoneType}) <= 1:
        assert len(asked) == len(set(values))


def test_amounts_are_floats_and_all_else_is_as_it_was() -> None:
    prices = [
        Price(prompt_usd=usd("0.5"), completion_usd=usd(n), reasoning_usd=known)
        for n, known in ((1, None), (2, usd(3)))
    ]
    found = columns_of(Price, prices)
    assert found["completion_usd"] == [1.0, 2.0]
    assert found["reasoning_usd"] == [None, 3.0]


TEXTS = st.lists(st.none() | st.sampled_from(["", "a", "b"]))


@given(TEXTS, st.slices(5))
def test_a_column_of_texts_reads_like_a_list(texts: list[str | None], rows: slice) -> None:
    column = TextColumn.of(texts)
    assert column == texts
    assert (len(column), list(column), column[rows]) == (len(texts), texts, texts[rows])
    assert [column[row] for row in range(len(texts))] == texts
    assert TextColumn.of(column) is column


def test_texts_that_are_alike_are_one() -> None:
    """As when long ones are cut."""
    column = TextColumn(["a", "b", "a", None], np.array([0, 1, 2, 3, 2]))
    assert column.distinct.tolist() == ["a", "b", None]
    assert column == ["a", "b", "a", None, "a"]
