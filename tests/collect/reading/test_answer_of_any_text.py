"""Reading any text at all: nothing raises, no outcome is invented, time grows with length alone."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.growth import assert_linear

from flipsite.collect.reading.answer import read_answer
from flipsite.domain.draws import Outcome, Rejected

LABELS = ("0", "1")


TOKENS = (
    'Output: output : 0 1 10 ** ` <think> </think> [ { } " . , not </s> <output> - heads \\n {"outcome": '
    "<|channel|>final<|message|>"
)


PIECES = st.sampled_from([" ", "\n", " or ", "# Output", *TOKENS.split()])


TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join))


@settings(max_examples=400, deadline=None)
@given(
    answer=TEXTS,
    labels=st.sampled_from([LABELS, ("heads", "tails"), ("1", "10"), ("a b", "!"), ("", "1")]),
    finish_reason=st.sampled_from([None, "stop", "length", "content_filter", "error", "?"]),
    mode=st.sampled_from(["text", "structured"]),
)
@example(answer="\ud800Output: 1", labels=LABELS, finish_reason=None, mode="text")
def test_nothing_raises_and_no_outcome_is_invented(
    answer: str, labels: tuple[str, ...], finish_reason: str | None, mode: str
) -> None:
    """Whatever is said, an outcome's label stands in it."""
    found = read_answer(answer, labels=labels, finish_reason=finish_reason, mode=mode)
    if isinstance(found, Outcome):
        assert labels[found.index] in unicodedata.normalize("NFKC", answer).casefold()


@settings(max_examples=100, deadline=None)
@given(reasoning=TEXTS.filter(lambda text: "think" not in text and "</s>" not in text and "<|" not in text))
def test_reasoning_never_counts(reasoning: str) -> None:
    """Text between think tags changes nothing about the outcome."""
    assert isinstance(read_answer(f"<think>{reasoning}</think>", labels=LABELS), Rejected)
    assert read_answer(f"<think>{reasoning}</think>Output: 1", labels=LABELS) == Outcome(index=1)


@pytest.mark.parametrize(
    "piece",
    [
        "output:",
        "output:\n",
        "<think>",
        "</think>",
        "1 ",
        'Output: 0" or "',
        "output(",
        "[",
        '{"a":',
        "\u0300\u0327",
        "1_",
    ],
)
def test_time_grows_with_length_and_no_faster(piece: str) -> None:
    """No pattern backtracks."""
    assert_linear(
        lambda size: read_answer("Output: " + piece * (size // len(piece)), labels=LABELS),
        small=5_000,
        large=80_000,
    )
