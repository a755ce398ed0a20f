"""Channels and reasoning are stripped before an answer is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.collect.reading.answer import read_answer
from flipsite.collect.reading.reasoning import without_reasoning
from flipsite.domain.draws import Outcome
from flipsite.domain.normalize import normalize


@pytest.mark.parametrize(
    "text",
    [
        "analysisMaybe Output: 0\nLet me pick 1.assistantfinalOutput: 1",
        "analysisWe need 0 or 1. Output: 0 no.assistantcommentaryhm.assistantfinalOutput: 1",
        "<|channel|>analysis<|message|>Output: 0<|end|><|start|>assistant<|channel|>final <|constrain|>json"
        '<|message|>{"output": 1}',
        "finalOutput: 1",
        "analysisHm 0.assistantfinalOutput: 1user\n\nAgain.assistantanalysisHm.assistantfinalOutput: 0",
    ],
)
def test_the_final_channel_is_the_answer(text: str) -> None:
    """With the marks of the harmony format, and with its channels' names glued to the text."""
    assert read_answer(text, labels=("0", "1")) == Outcome(index=1)


@given(text=st.text(alphabet="Output: 01<|im_end|>\nuser#/s[]INSTanalysisfinal", max_size=120))
def test_a_turn_is_a_part_of_the_text(text: str) -> None:
    """Nothing is invented."""
    kept = without_reasoning(normalize(text))
    assert all(line in normalize(text) for line in kept.split("\n"))
