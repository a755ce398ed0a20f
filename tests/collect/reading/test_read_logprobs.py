"""Log-probabilities → the probability of each label: forms of servers, spellings, tokens, bounds."""

import json
from collections.abc import Mapping, Sequence
from math import exp, log
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.narrowing import not_none

from flipsite.collect.reading.body import Json
from flipsite.collect.reading.logprobs import label_probabilities
from flipsite.domain.draws import Outcome, Rejected, Status

COIN = ("0", "1")


def spelled(text: str, p: float, top: Mapping[str, float]) -> dict[str, Any]:
    return {
        "token": text,
        "bytes": list(text.encode()),
        "logprob": log(p),
        "top_logprobs": [
            {"token": name, "bytes": list(name.encode()), "logprob": log(value)}
            for name, value in top.items()
        ],
    }


def sure(*texts: str) -> list[Any]:
    return [spelled(text, 1.0, {text: 1.0}) for text in texts]


def read(
    tokens: list[Any], *, drawn: int = 0, labels: Sequence[str] = COIN, mode: str = "text"
) -> tuple[tuple[float | None, ...], float]:
    result = Outcome(index=drawn)
    found = not_none(label_probabilities({"content": tokens}, labels=labels, result=result, mode=mode))
    return found.p, found.cover


def test_spellings_are_summed() -> None:
    """A blank, a quote, a bracket before the label; what is no label covers nothing."""
    top = {" 0": 0.4, "0": 0.1, ' "0': 0.02, " 1": 0.3, "\n1": 0.05, " [1": 0.01, " I": 0.1}
    p, cover = read([*sure("Output", ":"), spelled(" 0", 0.4, top), *sure("\n")])
    assert p == pytest.approx((0.52, 0.36))
    assert cover == pytest.approx(0.88)


def test_the_case_of_a_word_makes_no_difference() -> None:
    top = {" Heads": 0.5, " heads": 0.1, " HEADS": 0.05, " Tails": 0.2, " tails": 0.1}
    p, _ = read([*sure("Output", ":"), spelled(" Heads", 0.5, top)], labels=("heads", "tails"))
    assert p == pytest.approx((0.65, 0.3))


def test_it_is_the_answers_token_and_no_other() -> None:
    """Not the first token, not one in prose, in reasoning, or in a repetition of the answer."""
    here = spelled(" 1", 0.6, {" 1": 0.6, " 0": 0.4})
    prose = [
        *sure("Both", " 0", " and"),
        spelled(" 1", 0.9, {" 1": 0.9, " 0": 0.1}),
        *sure(" are", " even", ".\n"),
    ]
    thought = [
        *sure("<think>", "Output", ":"),
        spelled(" 0", 0.8, {" 0": 0.8, " 1": 0.2}),
        *sure("?</think>\n"),
    ]
    again = [*sure("\n", "Output", ":"), spelled(" 1", 0.99, {" 1": 0.99, " 0": 0.01})]
    said = [*sure("Output", ":"), here]
    for tokens in (said, prose + said, thought + said, prose + thought + said, said + again):
        assert read(tokens, drawn=1)[0] == pytest.approx((0.4, 0.6))


def test_an_answer_in_json() -> None:
    top = {"1": 0.7, "0": 0.2}
    tokens = [*sure("{", '"outcome', '":', ' "'), spelled("1", 0.7, top), *sure('"', "}")]
    p, cover = read(tokens, drawn=1, mode="structured")
    assert p == pytest.approx((0.2, 0.7))
    assert cover == pytest.approx(0.9)


def test_a_bare_label_is_an_answer() -> None:
    assert read([spelled("0", 0.8, {"0": 0.8, "1": 0.2})])[0] == pytest.approx((0.8, 0.2))


def test_several_tokens_are_multiplied_up_to_the_first_that_differs() -> None:
    """Both words begin with the same token; what follows the token that differs says nothing more."""
    tokens = [
        *sure("Output", ":"),
        spelled(" ke", 0.5, {" ke": 0.5, " no": 0.5}),
        spelled("da", 0.6, {"da": 0.6, "mi": 0.3, "xx": 0.1}),
        spelled("ro", 0.7, {"ro": 0.7, "ra": 0.3}),
    ]
    assert read(tokens, labels=("kedaro", "kemila"))[0] == pytest.approx((0.3, 0.15))


def test_numbers_that_begin_others_end_where_the_next_token_says_so() -> None:
    labels = tuple(map(str, range(1, 101)))
    digits = [
        *sure("Output", ":", " "),
        spelled("4", 0.5, {"4": 0.5, "7": 0.3}),
        spelled("2", 0.6, {"2": 0.6, "1": 0.2, "\n": 0.1, "<|end|>": 0.05}),
    ]
    p, cover = read(digits, drawn=41, labels=labels)
    assert (p[41], p[40], p[3]) == pytest.approx((0.3, 0.1, 0.075))
    assert p[6] is None  # 7, or 70 to 79
    whole = [*sure("Output", ": "), spelled("42", 0.5, {"42": 0.5, "7": 0.3, "37": 0.1})]
    p, cover = read(whole, drawn=41, labels=labels)
    assert (p[41], p[6], p[36], cover) == pytest.approx((0.5, 0.3, 0.1, 0.9))


def test_characters_of_several_tokens_are_put_together() -> None:
    """Emoji come in pieces that are no text by themselves."""
    rock, paper = "🪨".encode(), "📄".encode()
    first: dict[str, Any] = {"token": "�", "bytes": list(rock[:3]), "logprob": log(0.6)}
    first["top_logprobs"] = [
        dict(first),
        {"token": "�", "bytes": list(paper[:3]), "logprob": log(0.4)},
    ]
    rest = {"token": "�", "bytes": list(rock[3:]), "logprob": 0.0, "top_logprobs": []}
    p, _ = read([*sure("Output:", " "), first, rest], labels=("🪨", "📄"))
    assert p == pytest.approx((0.6, 0.4))


def test_a_label_beyond_the_alternatives_has_no_probability() -> None:
    """It has a bound: what the others leave of 1."""
    p, cover = read([*sure("Output", ":"), spelled(" 0", 0.9, {" 0": 0.9, " Heads": 0.05})])
    assert (p, cover) == ((0.9, None), 0.9)


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        {"content": None},
        {"content": []},
        [],
        "x",
        {"content": [{"token": "0"}, 3, None]},
        {"content": [{"token": "Output: 0", "logprob": "-1"}]},
        {"content": [{"token": "Output: 0", "logprob": 1.0}]},
        {"content": sure("Output", ":", " 1")},
        {"content": [{"token": "0", "logprob": 0.0, "top_logprobs": [{"token": "1", "logprob": 0.0}]}]},
        {"tokens": ["0"], "token_logprobs": []},
    ],
)
def test_what_is_no_distribution_is_none(logprobs: Json) -> None:
    """Missing, of another form, of more than 1 in all, or of another answer than the one that was read."""
    assert label_probabilities(logprobs, labels=COIN, result=Outcome(index=0), mode="text") is None


def test_an_answer_that_is_no_outcome_has_no_place() -> None:
    rejected = Rejected(status=Status.UNPARSED, reason="x")
    assert label_probabilities({"content": sure("0")}, labels=COIN, result=rejected, mode="text") is None


@pytest.mark.parametrize("form", ["openrouter", "vllm", "ollama", "list", "older"])
def test_forms_of_servers(form: str) -> None:
    """Bytes or null of OpenRouter, minus 9999 of vLLM, no bytes of Ollama, three lists of older ones."""
    plain = [("Output", [("Output", 0.0)]), (":", [(":", 0.0)]), (" 1", [(" 1", log(0.7)), (" 0", log(0.3))])]
    never = [("x", -9999.0)] if form == "vllm" else []
    extra = {"openrouter": {"bytes": None}, "vllm": {}, "ollama": {}, "list": {}, "older": {}}[form]
    content = [
        {
            "token": text,
            "logprob": top[0][1],
            **extra,
            "top_logprobs": [{"token": name, "logprob": value, **extra} for name, value in top + never],
        }
        for text, top in plain
    ]
    whole: Any = {"content": content, "refusal": None}
    if form == "list":
        whole = content
    if form == "older":
        whole = {
            "tokens": [text for text, _ in plain],
            "token_logprobs": [top[0][1] for _, top in plain],
            "top_logprobs": [dict(top) for _, top in plain],
        }
    found = not_none(label_probabilities(whole, labels=COIN, result=Outcome(index=1), mode="text"))
    assert found.p == pytest.approx((0.3, 0.7), abs=1e-6)


def test_a_recorded_answer_of_llama_cpp() -> None:
    """Its tokens hold a code fence that the content lacks; of its alternatives none was the other label."""
    body = json.loads((Path(__file__).parents[1] / "recorded/logprobs.json").read_bytes())
    found = not_none(
        label_probabilities(
            body["choices"][0]["logprobs"], labels=COIN, result=Outcome(index=0), mode="structured"
        )
    )
    said, other = found.p
    assert said == pytest.approx(exp(-5.1939897537), rel=1e-5)
    assert other is None


weights = st.lists(st.floats(1e-6, 1), min_size=7, max_size=7)
SPELLINGS = (" 0", "0", '"0', " 1", "1", '"1', " Heads")


@given(weights, st.integers(0, 1), st.sampled_from(["text", "structured"]))
def test_probabilities_are_probabilities_and_labels_are_alike(
    parts: list[float], drawn: int, mode: str
) -> None:
    """Each in [0, 1], together at most 1; swapping the labels swaps their probabilities."""
    shares = [part / sum(parts) for part in parts]
    top = dict(zip(SPELLINGS, shares, strict=True))
    first = SPELLINGS[3 * drawn]
    lead = sure("Output", ":") if mode == "text" else sure("{", '"outcome": "')
    tokens = [*lead, spelled(first, top[first], top), *sure("\n" if mode == "text" else '"}')]
    found, cover = read(tokens, drawn=drawn, mode=mode)
    p = tuple(map(not_none, found))
    assert all(0 <= each <= 1 for each in p)
    assert sum(p) <= 1 + 1e-5
    assert cover == pytest.approx(sum(p), abs=1e-5)
    assert read(tokens, drawn=1 - drawn, labels=("1", "0"), mode=mode)[0] == p[::-1]


@given(
    st.binary(max_size=200),
    st.recursive(st.none() | st.floats() | st.text(max_size=5), st.lists, max_leaves=5),
)
def test_nothing_that_a_server_sends_is_an_error(raw: bytes, junk: Any) -> None:
    """Whatever the list holds, the answer is a distribution or none."""
    try:
        parsed = json.loads(raw)
    except ValueError:
        parsed = raw.decode("latin-1")
    among = {"content": [parsed, junk]}
    every: list[Any] = [parsed, junk, among, {"content": [{"token": "0", "logprob": junk}]}]
    for hostile in every:
        found = label_probabilities(hostile, labels=COIN, result=Outcome(index=0), mode="text")
        assert found is None or 0 < found.cover <= 1
