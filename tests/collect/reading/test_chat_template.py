"""Only the first turn's answer is read, in the special tokens of every chat template and without them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.collect.reading.answer import read_answer
from flipsite.collect.reading.chat_template import first_turn
from flipsite.domain.draws import Outcome, Rejected

TURNS = {
    "chatml": "{}<|im_end|>\n<|im_start|>user\nAgain.<|im_end|>\n<|im_start|>assistant\n{}<|im_end|>",
    "llama-2": "{} </s><s>[INST] Again. [/INST] {} </s>",
    "llama-3": "{}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAgain.<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n{}<|eot_id|>",
    "llama-4": "{}<|eot|><|header_start|>user<|header_end|>\n\nAgain.<|eot|>"
    "<|header_start|>assistant<|header_end|>\n\n{}<|eot|>",
    "gemma": "{}<end_of_turn>\n<start_of_turn>user\nAgain.<end_of_turn>\n<start_of_turn>model\n{}",
    "phi-3": "{}<|end|>\n<|user|>\nAgain.<|end|>\n<|assistant|>\n{}<|end|>",
    "phi-4": "{}<|im_end|><|im_start|>user<|im_sep|>Again.<|im_end|><|im_start|>assistant<|im_sep|>{}",
    "mistral": "{}</s>[INST] Again.[/INST] {}</s>",
    "cohere": "{}<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Again.<|END_OF_TURN_TOKEN|>"
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{}",
    "vicuna": "{}</s>USER: Again. ASSISTANT: {}</s>",
    "alpaca": "{}\n\n### Instruction:\nAgain.\n\n### Response:\n{}",
    "alpaca-input": "{}\n\n### Input:\nAgain.\n\n### Response:\n{}",
    "human": "{}\n\nHuman: Again.\n\nAssistant: {}",
    "hashes": "{}\n### Human: Again.\n### Assistant: {}",
    "deepseek": "{}<｜end▁of▁sentence｜><｜User｜>Again.<｜Assistant｜>{}",
    "harmony": "{}<|return|><|start|>user<|message|>Again.<|end|><|start|>assistant"
    "<|channel|>final<|message|>{}<|return|>",
    "glm": "{}<|user|>\nAgain.<|assistant|>\n{}",
    "kimi": "{}<|im_end|><|im_user|>user<|im_middle|>Again.<|im_end|>"
    "<|im_assistant|>assistant<|im_middle|>{}",
    "zephyr": "{}</s>\n<|user|>\nAgain.</s>\n<|assistant|>\n{}",
    "granite": "{}<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Again.<|end_of_text|>"
    "<|start_of_role|>assistant<|end_of_role|>{}",
    "base": "{}\n\nQ: Again.\nA: {}",
}
TOKEN = re.compile(r"<[|｜][^<>]{1,40}[|｜]>|</?s>|<(?:end|start)_of_turn>|\[/?INST\]")
NAMELESS = {"llama-2", "mistral", "phi-3", "cohere", "deepseek", "glm", "zephyr", "harmony"}
"""Templates that name no role outside their special tokens."""
LABELS = ("0", "1")


def read(text: str) -> Outcome | Rejected:
    return read_answer(text, labels=LABELS)


@pytest.mark.parametrize("template", TURNS)
@pytest.mark.parametrize("index", [0, 1])
def test_the_first_turn_is_the_answer(template: str, index: int) -> None:
    """A model that goes on and answers itself has answered once."""
    if template == "harmony":
        thought = f"<|channel|>analysis<|message|>Output: {1 - index}?<|end|>"
        own = f"{thought}<|start|>assistant<|channel|>final<|message|>"
    else:
        own = ""
    text = TURNS[template].format(f"{own}Explanations: none.\nOutput: {index}", f"Output: {1 - index}")
    assert read(text) == Outcome(index=index)


@pytest.mark.parametrize("template", TURNS)
@pytest.mark.parametrize("index", [0, 1])
def test_the_first_turn_is_the_answer_without_special_tokens_too(template: str, index: int) -> None:
    """Roles that are left end the turn; where none is left, two answers are more than one."""
    text = TOKEN.sub(
        "", TURNS[template].format(f"Explanations: none.\nOutput: {index}", f"Output: {1 - index}")
    )
    found = read(text)
    if template in NAMELESS:
        assert isinstance(found, Rejected) or found == Outcome(index=index)
    else:
        assert found == Outcome(index=index)


@pytest.mark.parametrize(
    "text",
    [
        "<|im_start|>assistant\nOutput: 1<|im_end|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\nOutput: 1",
        "<|assistant|>\n1<|end|>",
        "<start_of_turn>model\nOutput: 1",
        "[/INST] Output: 1</s>",
        "<s> Output: 1</s>",
        "<|begin_of_box|>1<|end_of_box|>",
        "Output: <|begin_of_box|>1<|end_of_box|>",
        "<|START_THINKING|>Output: 0<|END_THINKING|><|START_RESPONSE|>Output: 1<|END_RESPONSE|>",
        "<|channel>thought\nOutput: 0<channel|>Output: 1<turn|>",
    ],
)
def test_the_opening_of_the_own_turn_is_no_end(text: str) -> None:
    """Servers pass it on."""
    assert read(text) == Outcome(index=1)


@pytest.mark.parametrize(
    ("text", "labels", "index"),
    [
        ("Explanations: as asked by the user\n\nOutput: 1", LABELS, 1),
        ("Explanations:\nuser: wants a flip.\nOutput: 1", LABELS, 1),
        ("Analysis: a fair coin.\nOutput: 1", LABELS, 1),
        ("Output: human", ("human", "machine"), 0),
        ("Output:\nuser\n\nthat is all", ("user", "assistant"), 0),
        ("**Output:**\n\n**Assistant**", ("user", "assistant"), 1),
    ],
)
def test_prose_and_labels_may_name_a_role(text: str, labels: tuple[str, ...], index: int) -> None:
    """A role ends a turn only where an output has been stated before it."""
    assert read_answer(text, labels=labels) == Outcome(index=index)


@given(text=st.text(alphabet="Output: 01<|im_end|>\nuser#/s[]INST", max_size=120))
def test_the_first_turn_is_a_part_of_the_text(text: str) -> None:
    """Only a box's marks are taken out of its middle, and this alphabet writes none."""
    assert first_turn(text) in text
