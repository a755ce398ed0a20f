"""Reading answers that name one of many labels: numbers in any spelling, cards, ranges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.collect.reading.answer import OFF_LIST, SEVERAL, read_answer
from flipsite.domain.draws import Outcome, Rejected, Status

DIE = list("123456")


HUNDRED = [str(number) for number in range(1, 101)]


SIGNED = [str(number) for number in range(-5, 6)]


CARDS = [f"{rank} of {suit}" for suit in ("spades", "hearts") for rank in ("ace", "2", "10", "king")]


@pytest.mark.parametrize(
    ("labels", "answer", "label"),
    [
        (DIE, "Output: 04", "4"),
        (DIE, "Output: Four.", "4"),
        (DIE, "Output: 3.0", "3"),
        (DIE, "The roll is done.\nOutput: **- 5**", "5"),
        (HUNDRED, "Output: 007", "7"),
        (HUNDRED, "Output: forty-two", "42"),
        (HUNDRED, "Output: one hundred", "100"),
        (HUNDRED, "Output: 10", "10"),
        (SIGNED, "Output: −3", "-3"),
        (SIGNED, "Output: minus 3", "-3"),
        (SIGNED, "Output: 3", "3"),
        (CARDS, "Output: the King of Hearts", "king of hearts"),
        (CARDS, "Output: 10 of spades ♠", "10 of spades"),
    ],
)
def test_one_of_many_labels_is_read_in_any_spelling(labels: list[str], answer: str, label: str) -> None:
    found = read_answer(answer, labels=labels)
    assert isinstance(found, Outcome)
    assert labels[found.index] == label


@pytest.mark.parametrize(
    ("labels", "answer", "reason"),
    [
        (DIE, "Output: 7", OFF_LIST),
        (DIE, "Output: 16", OFF_LIST),
        (DIE, "Output: seven", OFF_LIST),
        (HUNDRED, "Output: 142", OFF_LIST),
        (HUNDRED, "Output: 4.2", OFF_LIST),
        (HUNDRED, "9.689962572847513", OFF_LIST),
        (DIE, "I rolled the die.", "no `Output:` names exactly one label"),
        (CARDS, "Output: queen of hearts", OFF_LIST),
        (DIE, "Output: 3 or 4", SEVERAL),
        (CARDS, "Output: ace of hearts and 2 of hearts", SEVERAL),
        (SIGNED, "Output: - 3", OFF_LIST),
    ],
)
def test_no_label_and_several_are_told_apart(labels: list[str], answer: str, reason: str) -> None:
    """A number that only holds a label's digits is no label, and what was not offered has its own reason."""
    assert read_answer(answer, labels=labels) == Rejected(status=Status.UNPARSED, reason=reason)


@given(
    st.integers(-40, 40),
    st.integers(0, 3),
    st.sampled_from(["Output: {}", "**Output:** `{}`", "Output: {}."]),
)
def test_every_number_of_a_range_is_read_with_leading_zeros(number: int, zeros: int, form: str) -> None:
    labels = [str(each) for each in range(-40, 41)]
    written = f"{'-' if number < 0 else ''}{'0' * zeros}{abs(number)}"
    assert read_answer(form.format(written), labels=labels) == Outcome(index=labels.index(str(number)))


WITHIN = (
    ("rose", "rose gold", "gold"),
    ("new york", "new york city", "york"),
    ("c", "c++", "c#"),
    ("node", "node.js", "js"),
    ("smith, john", "smith", "john"),
    ("either", "either/or", "or"),
    ("1/2", "1/20", "2"),
    ("$5", "5", "5%"),
    ("yes", "yes, but", "no"),
    ("日本", "日", "本"),
)


@pytest.mark.parametrize("form", ["Output: {}", "I drew one.\n**Output:** {}", "{}"])
@pytest.mark.parametrize("labels", WITHIN)
def test_a_label_within_another_is_not_named_by_it(labels: tuple[str, ...], form: str) -> None:
    """The longest label that stands there is the one that was named."""
    found = [read_answer(form.format(label), labels=labels) for label in labels]
    assert found == [Outcome(index=index) for index in range(len(labels))]


@pytest.mark.parametrize(
    ("answer", "label"), [("Output: +5", "5"), ("Output: -0", "0"), ("Output: −0.", "0")]
)
def test_signs_of_a_signed_range_are_read(answer: str, label: str) -> None:
    assert read_answer(answer, labels=SIGNED) == Outcome(index=SIGNED.index(label))


@given(st.lists(st.sampled_from(HUNDRED), min_size=2, max_size=4, unique=True))
def test_several_numbers_are_never_one(numbers: list[str]) -> None:
    found = read_answer(f"Output: {', '.join(numbers)}", labels=HUNDRED)
    assert found == Rejected(status=Status.UNPARSED, reason=SEVERAL)
