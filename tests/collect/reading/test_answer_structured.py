"""Reading structured answers: JSON in whatever wrapping it comes."""

import pytest

from flipsite.collect.reading.answer import OFF_LIST, read_answer
from flipsite.domain.draws import Outcome, Rejected, Status

LABELS = ("0", "1")
DIE = list("123456")


STRUCTURED = [
    ('{"outcome": "0"}', 0),
    ('{"outcome":"1"}', 1),
    ('{"outcome": 1}', 1),
    ('{"outcome": 1.0}', 1),
    ('{"trial": 1, "outcome": 0, "of": [0, 1]}', 0),
    ('```json\n{\n  "outcome": "0"\n}\n```', 0),
    ('Here you go: {"outcome": "1"}', 1),
    ('{"outcome": " 1 "}', 1),
    ('{"Outcome": "0"}', 0),
    ('<think>{"outcome": "0"}</think>{"outcome": "1"}', 1),
    ('{"explanation": "0 is worn out", "outcome": "1"}', 1),
    ('{"outcome": "1"', 1),
    ('[{"outcome": "0"}]', 0),
    ("Output: 1", 1),
    ("1", 1),
]


@pytest.mark.parametrize(("answer", "index"), STRUCTURED)
def test_structured_answers_are_read_through_their_wrapping(answer: str, index: int) -> None:
    """The JSON's outcome counts, in a fence, cut short, or given up for plain text."""
    assert read_answer(answer, labels=LABELS, mode="structured") == Outcome(index=index)


@pytest.mark.parametrize(
    "answer",
    [
        '{"outcome": "2"}',
        '{"outcome": true}',
        '{"outcome": 1.5}',
        '{"outcome": null}',
        '{"outcome": ["0", "1"]}',
        '{"outcome": "0", "outcome": "1"}',
        '{"explanation": "I would say 1"}',
        "{" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_json_without_one_label_is_unparsed(answer: str) -> None:
    """A JSON answer that gives no label, or both, is no outcome; nesting without end is survived."""
    found = read_answer(answer, labels=LABELS, mode="structured")
    assert isinstance(found, Rejected)
    assert found.status == Status.UNPARSED


def test_a_structured_answer_off_the_list_says_so() -> None:
    found = read_answer('{"outcome": "7"}', labels=DIE, mode="structured")
    assert found == Rejected(status=Status.UNPARSED, reason=OFF_LIST)
    assert read_answer('{"outcome": 4}', labels=DIE, mode="structured") == Outcome(index=3)
