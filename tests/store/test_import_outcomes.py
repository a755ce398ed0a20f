"""Which side was drawn: codes, labels, places; the models' own words decide what a code means."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.narrowing import not_none

from flipsite.store.imports.outcomes import LabelReader, RowOutcomes, code_of, decide

COIN = ("tails", "heads")


def read_drawn(
    cells: Sequence[object],
    pairs: Sequence[tuple[str, ...] | None],
    *,
    responses: Sequence[str | None] | None = None,
    by_place: bool = False,
    codes_first: bool = False,
) -> RowOutcomes:
    """Read a column of cells as the import does, which looks at the rows first and then decides."""
    label, texts = LabelReader(), [None if cell is None else str(cell) for cell in cells]

    def named(column: Sequence[str | None]) -> NDArray[np.int16]:
        return np.array([label(cell, pair) for cell, pair in zip(column, pairs, strict=True)], np.int16)

    return decide(
        pairs,
        named=named(texts),
        codes=np.array([code_of(cell) for cell in texts], np.int16),
        said=None if responses is None else named(responses),
        by_place=by_place,
        codes_first=codes_first,
    )


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [("0", 0), ("1", 1), (" 1.0 ", 1), ("0.00", 0), ("1e0", 1), ("true", 1), ("FALSE", 0),
     ("2", -1), ("0.5", -1), ("yes", -1), ("nan", -1), ("", -1), (None, -1), ("-1", -1), ("[1]", -1),
     ("1" * 400, -1), ("1_0", -1)],
)  # fmt: skip
def test_codes(cell: str | None, outcome: int) -> None:
    """0 and 1 however written; nothing else is an outcome."""
    assert read_drawn([cell], [None]).outcome.tolist() == [outcome]


@pytest.mark.parametrize(
    ("said", "index"),
    [
        ("heads", 1), (" Tails\n", 0), ("**HEADS**", 1), ("`tails`", 0), ("“heads”.", 1),
        ("heads or tails", -1),
        ("I flip a coin:\n\n**tails**", 0), ("Result:\n```\nheads\n```", 1), ("heads\ntails", 0),
        ("it is heads", -1), ("", -1), (None, -1), ("```python\nrandom.choice(['heads', 'tails'])\n```", -1),
    ],
)  # fmt: skip
def test_a_label_is_the_whole_text_or_its_last_line(said: str | None, index: int) -> None:
    """A sentence around the label is not guessed at."""
    assert LabelReader()(said, COIN) == index


def test_case_matters_where_it_tells_the_labels_apart() -> None:
    """`Ab` and `aB` are two labels, and `ab` is neither."""
    read = LabelReader()
    assert [read(text, ("Ab", "aB")) for text in ("Ab", "aB", "ab")] == [0, 1, -1]


def test_labels_that_cannot_be_told_apart_are_never_read() -> None:
    """Two labels alike, or blank, name no side."""
    read = LabelReader()
    assert [read("a", ("a", " a")), read("", ("", "b")), read("a", None)] == [-1, -1, -1]


def test_codes_of_named_labels() -> None:
    """With labels named, their text and 0 and 1 are both understood, whichever the column holds."""
    assert read_drawn(["heads", "tails", "x"], [COIN] * 3).outcome.tolist() == [1, 0, -1]
    assert read_drawn(["1", "0", "x"], [COIN] * 3).outcome.tolist() == [1, 0, -1]
    drawn = read_drawn(["1", "0"], [("1", "0")] * 2)
    assert (drawn.outcome.tolist(), drawn.reading) == ([0, 1], "the label's text")


def test_codes_stay_codes_in_tidy_draws() -> None:
    """In our own columns an outcome is an index, though the labels be `1` and `0`."""
    drawn = read_drawn([1, 0], [("1", "0")] * 2, codes_first=True)
    assert drawn.outcome.tolist() == [1, 0]
    assert drawn.order.tolist() == [-1, -1]


PLACES = [("cat", "dog"), ("dog", "cat"), ("cat", "dog"), ("dog", "cat")]


def test_text_by_place() -> None:
    """The first pair of the file gives the labels; the order says which was named first."""
    drawn = read_drawn(["cat", "cat", "dog", "dog"], PLACES, by_place=True)
    assert drawn.outcome.tolist() == [0, 0, 1, 1]
    assert drawn.labels == [("cat", "dog")] * 4
    assert drawn.order.tolist() == [0, 1, 0, 1]


def test_bits_stay_what_they_are() -> None:
    """Named `1` first, `0` is still label 0."""
    drawn = read_drawn(["1", "0"], [("1", "0"), ("0", "1")], by_place=True)
    assert drawn.labels == [("0", "1")] * 2
    assert (drawn.outcome.tolist(), drawn.order.tolist()) == ([1, 0], [1, 0])


@pytest.mark.parametrize(
    ("codes", "said", "outcome", "label_1", "reading"),
    [
        ([0, 0, 1, 1], ["cat", "cat", "dog", "dog"], [0, 0, 1, 1], "dog", "whatever their place"),
        ([1, 1, 0, 0], ["cat", "cat", "dog", "dog"], [1, 1, 0, 0], "cat", "whatever their place"),
        ([0, 1, 1, 0], ["cat", "cat", "dog", "dog"], [0, 0, 1, 1], "dog", "0 is the label named first"),
        ([1, 0, 0, 1], ["cat", "cat", "dog", "dog"], [0, 0, 1, 1], "dog", "1 is the label named first"),
        ([0, 0, 1, 1], ["", "x", None, "cat or dog"], [0, 0, 1, 1], "dog", "whatever their place"),
    ],
)
def test_the_models_words_tell_what_a_code_means(
    codes: list[int], said: list[str | None], outcome: list[int], label_1: str, reading: str
) -> None:
    """Label or place, either way round: the meaning that no response contradicts."""
    drawn = read_drawn(codes, PLACES, responses=said, by_place=True)
    assert drawn.outcome.tolist() == outcome
    assert {pair and pair[1] for pair in drawn.labels} == {label_1}
    assert reading in drawn.reading
    assert drawn.n_contradictions == 0


def test_contradictions_are_counted_and_outvoted() -> None:
    """One slip of the file's authors does not turn the labels."""
    drawn = read_drawn([0, 0, 1, 0], PLACES, responses=["cat", "cat", "dog", "dog"], by_place=True)
    assert (drawn.outcome.tolist(), drawn.n_contradictions) == ([0, 0, 1, 0], 1)
    drawn = read_drawn([0, 1], [COIN] * 2, responses=["tails", "tails"])
    assert drawn.n_contradictions == 1


def test_each_pair_has_its_own_meaning() -> None:
    """Which label is 1 is found for each pair by itself."""
    pairs = [("cat", "dog"), ("sun", "moon"), None]
    drawn = read_drawn([1, 1, 1], pairs, responses=["cat", "moon", "?"], by_place=True)
    assert drawn.labels == [("dog", "cat"), ("sun", "moon"), None]
    assert drawn.outcome.tolist() == [1, 1, 1]
    assert drawn.order.tolist() == [1, 0, -1]


LABELS = st.sampled_from(["cat", "dog", "sun", "0", "1"])
PAIRS = st.none() | st.tuples(LABELS, LABELS).filter(lambda pair: pair[0] != pair[1])


@given(
    rows=st.lists(st.tuples(PAIRS, st.integers(0, 1)), min_size=1),
    meaning=st.sampled_from(["text", "place"]),
    flip=st.integers(0, 1),
)
def test_the_label_drawn_is_the_label_said(
    rows: list[tuple[tuple[str, str] | None, int]], meaning: str, flip: int
) -> None:
    """However a file codes it, outcome, labels and order give back what was drawn and what stood first."""
    pairs = [pair for pair, _ in rows]
    said = [pair[index] if pair else "" for pair, index in rows]
    codes = said if meaning == "text" else [index ^ flip for _, index in rows]
    drawn = read_drawn(codes, pairs, responses=said, by_place=True)
    for row, (pair, _) in enumerate(rows):
        if pair is None:
            assert drawn.labels[row] is None
            continue
        assert set(not_none(drawn.labels[row])) == set(pair)
        assert not_none(drawn.labels[row])[drawn.order[row]] == pair[0]
        assert not_none(drawn.labels[row])[drawn.outcome[row]] == said[row]
    assert drawn.outcome.dtype == np.int16
