"""Reading answers of several draws: every spelling of a list, and the exact length or nothing."""

import json
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import assert_linear

from flipsite.collect.reading.answer import OFF_LIST
from flipsite.collect.reading.sequence import read_sequence
from flipsite.domain.draws import OutcomeSequence, Rejected, Status

COIN = ("0", "1")
SIX = (0, 1, 1, 0, 1, 0)
SIDES = ("heads", "tails")

STATED = [
    (COIN, "Output: 0, 1, 1, 0, 1, 0"),
    (COIN, "I drew each independently.\n\n**Output:** 0,1,1,0,1,0"),
    (COIN, "Output: 0 1 1 0 1 0"),
    (COIN, "Output: 011010"),
    (COIN, "Output: 011 010"),
    (COIN, "Output: [0, 1, 1, 0, 1, 0]."),
    (COIN, 'Output: ["0", "1", "1", "0", "1", "0"]'),
    (COIN, "Output: $\\boxed{0, 1, 1, 0, 1, 0}$"),
    (COIN, "Output:\n0\n1\n1\n0\n1\n0"),
    (COIN, "Output:\n```text\n0, 1, 1,\n0, 1, 0\n```\nEach draw is independent of the others."),
    (COIN, "Output: 0, 1, 1, 0, 1, 0\n\nThree of them are ones."),
    (COIN, "Output: 0, 1, 1, 0, 1, 0 (six independent draws)"),
    (COIN, "Output: 0, 1, 1, 0, 1, 0. Each has an even chance."),
    (COIN, "Output:\n1. 0\n2. 1\n3. 1\n4. 0\n5. 1\n6. 0"),
    (COIN, "Output: Draw 1: 0, Draw 2: 1, Draw 3: 1, Draw 4: 0, Draw 5: 1, Draw 6: 0"),
    (COIN, "Output: 0\nOutput: 1\nOutput: 1\nOutput: 0\nOutput: 1\nOutput: 0"),
    (COIN, "Output: The six draws are: 0, 1, 1, 0, 1, 0"),
    (COIN, '{"output": [0, 1, 1, 0, 1, 0]}'),
    (COIN, "[0, 1, 1, 0, 1, 0]"),
    (COIN, "0, 1, 1, 0, 1, 0"),
    (COIN, "<think>Output: 1, 1, 1, 1, 1, 1</think>Output: 0, 1, 1, 0, 1, 0"),
    (COIN, "Output: 0/1/1/0/1/0"),
    (COIN, "Output: 0-1-1-0-1-0"),
    (COIN, "Output: 0 → 1 → 1 → 0 → 1 → 0"),
    (COIN, "Output:\n- 0\n- 1\n- 1\n- 0\n- 1\n- 0"),
    (SIDES, "Output: Heads, Tails, TAILS, heads, tails and heads"),
    (SIDES, "Output: `heads` `tails` `tails` `heads` `tails` `heads`"),
    (SIDES, "Output:\n* **Heads**\n* **Tails**\n* **Tails**\n* **Heads**\n* **Tails**\n* **Heads**"),
    (("H", "T"), "Output: HTTHTH"),
    (("H", "T"), "Output: H, T, T, H, T, H"),
    (("10", "7"), "Output: 10, 07, 7.0, 10, 7, 010"),
    (
        ("New York", "Rome, Italy"),
        "Output: New York; Rome, Italy; Rome, Italy; New York; Rome, Italy; New York",
    ),
    (("-1", "1"), "Output: -1, 1, 1, -1, 1, -1"),
    (("1.5", "1"), "Output: 1.5, 1, 1, 1.5, 1, 1.5"),
    (("ab", "abc"), "Output: ab abc abc ab abc ab"),
]


@pytest.mark.parametrize(("labels", "text"), STATED)
def test_a_list_is_read_in_every_spelling(labels: tuple[str, ...], text: str) -> None:
    """Commas, blanks, lines, brackets, JSON, numbered draws, words, and digits run together."""
    assert read_sequence(text, labels=labels, count=6) == OutcomeSequence(indices=SIX)


UNREAD = [
    ("Output: 0, 1, 1, 0, 1", "states 5 of 6"),
    ("Output: 0, 1, 1, 0, 1, 0, 1", "states 7 of 6"),
    ("Output: 0110101", "states 7 of 6"),
    ("Output: [0, 1, 1, 0, 1]", "states 5 of 6"),
    ("Output: 0", "states 1 of 6"),
    ("Output: 0, 1, 1, 0, 1, 2", OFF_LIST),
    ("Output: 0, 1, 1, -1, 1, 0", OFF_LIST),
    ("Output: 0, 1, 1, edge, 1, 0", OFF_LIST),
    ("Output: 0.5, 1, 1, 0, 1, 0", OFF_LIST),
    ("Output: 0, 1, 1, 0, 1, 0\nOutput: 1, 1, 1, 1, 1, 1", "states more than one"),
    ("Output: six draws of a fair coin", "no `Output:` states a list of the labels"),
    ("I would say 0, 1, 1, 0, 1, 0 or so", "no `Output:` states a list of the labels"),
    ('{"output": [0, 1, 1, 0, 1, 3]}', OFF_LIST),
]


@pytest.mark.parametrize(("text", "reason"), UNREAD)
def test_an_answer_of_another_length_or_list_is_unparsed(text: str, reason: str) -> None:
    """Nothing is cut off, filled up or guessed; the reason says what was found."""
    assert read_sequence(text, labels=COIN, count=6) == Rejected(status=Status.UNPARSED, reason=reason)


def test_a_list_that_was_cut_is_truncated_even_at_the_right_length() -> None:
    """The last of its labels may be the beginning of another."""
    for text in ("Output: 0, 1, 1", "Output: 0, 1, 1, 0, 1, 0"):
        found = read_sequence(text, labels=COIN, count=6, finish_reason="length")
        assert isinstance(found, Rejected)
        assert found.status is Status.TRUNCATED


def test_a_refusal_and_silence_keep_their_status() -> None:
    """They are classified as with a single draw."""
    refused = read_sequence("I'm sorry, I cannot flip a coin.", labels=COIN, count=6)
    empty = read_sequence(None, labels=COIN, count=6)
    assert isinstance(refused, Rejected)
    assert isinstance(empty, Rejected)
    assert (refused.status, empty.status) == (Status.REFUSED, Status.EMPTY)


def test_a_structured_answer_is_an_array_of_the_labels() -> None:
    """As its schema asks; labels as texts, whole numbers as numbers."""
    text = json.dumps({"outcomes": ["heads", "tails", "heads"]})
    found = read_sequence(text, labels=SIDES, count=3, mode="structured")
    assert found == OutcomeSequence(indices=(0, 1, 0))
    faces = tuple(map(str, range(1, 7)))
    found = read_sequence('{"outcomes": [6, 1, 4]}', labels=faces, count=3, mode="structured")
    assert found == OutcomeSequence(indices=(5, 0, 3))
    found = read_sequence('{"outcomes": [6, 1]}', labels=faces, count=3, mode="structured")
    assert found == Rejected(status=Status.UNPARSED, reason="states 2 of 3")


WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=7).filter(
    lambda word: word != "and"
)
LABELS = st.one_of(
    st.lists(WORDS, min_size=2, max_size=6, unique=True).map(tuple),
    st.integers(2, 100).map(lambda most: tuple(map(str, range(1, most + 1)))),
    st.lists(st.sampled_from("01HTxy♠♥"), min_size=2, max_size=4, unique_by=str.casefold).map(tuple),
)


SPELLINGS: tuple[Callable[[Sequence[str]], str], ...] = (
    *(by.join for by in (", ", ",", " ", "\n", " | ", "; ", "\n- ")),
    lambda names: "[" + ", ".join(names) + "]",
    lambda names: "(" + ", ".join(f'"{name}"' for name in names) + ")",
    lambda names: json.dumps(list(names), ensure_ascii=False),
    lambda names: "\n" + "\n".join(f"{place}. {name}" for place, name in enumerate(names, start=1)),
    lambda names: ", ".join(f"**{name}**" for name in names),
)


@given(data=st.data(), labels=LABELS, spelling=st.sampled_from(SPELLINGS))
def test_the_draws_that_were_written_are_the_draws_that_are_read(
    data: st.DataObject, labels: tuple[str, ...], spelling: Callable[[Sequence[str]], str]
) -> None:
    """Whatever the labels and the spelling, at the length asked for and at no other."""
    index = st.integers(0, len(labels) - 1)
    drawn = tuple(data.draw(st.lists(index, min_size=2, max_size=20)))
    text = "Output: " + spelling([labels[each] for each in drawn])
    assert read_sequence(text, labels=labels, count=len(drawn)) == OutcomeSequence(indices=drawn)
    other = read_sequence(text, labels=labels, count=len(drawn) + 1)
    assert other == Rejected(status=Status.UNPARSED, reason=f"states {len(drawn)} of {len(drawn) + 1}")


@given(st.text(max_size=300), st.booleans())
def test_no_text_makes_the_reader_fail(text: str, cut: bool) -> None:
    """Anything is a sequence of the length asked for, or a rejection with a reason."""
    for said in (text, "Output: " + text, '{"outcomes": [' + text):
        found = read_sequence(said, labels=COIN, count=3, finish_reason="length" if cut else None)
        assert isinstance(found, Rejected) or len(found.indices) == 3


@pytest.mark.parametrize(
    "text", ["Output: 0 1", "01", "0,", "Output: 0\n", "1. 0 ", "(", "a b ", "Output: 0, x\n\n", "- ", "[[0,"]
)
def test_reading_takes_time_in_proportion_to_the_answer(text: str) -> None:
    """No repeated piece of an answer makes it slow."""
    assert_linear(lambda size: read_sequence(text * size, labels=COIN, count=12), small=200, large=2_000)
