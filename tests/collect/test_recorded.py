"""Answers that a real server gave to real questions; see recorded/README.md."""

import json
from pathlib import Path

import pytest

from flipsite.collect.catalogue import read_entry, read_page
from flipsite.collect.reading.completion import read_completion
from flipsite.collect.responses import read_reply
from flipsite.domain.catalogue import Model
from flipsite.domain.draws import Outcome, Rejected, Status
from flipsite.settings import default_study

RECORDED = Path(__file__).parent / "recorded"


def test_models_are_listed_without_prices_or_release_dates() -> None:
    """Its `created` is the day on which the server started."""
    entries, following = read_page(json.loads((RECORDED / "models.json").read_text(encoding="utf-8")))
    models = [read_entry(entry) for entry in entries]
    assert following == ""
    assert models == [
        Model(id="google/gemma-3-270m", inputs=("text",), outputs=("text",), context_length=2048),
        Model(
            id="huggingfacetb/smollm2-135m-instruct",
            inputs=("text",),
            outputs=("text",),
            context_length=2048,
        ),
    ]


@pytest.mark.parametrize(
    ("name", "mode", "result", "completion_tokens"),
    [
        ("text", "text", Outcome(index=0), 68),
        ("structured", "structured", Outcome(index=0), 17),
        ("logprobs", "structured", Outcome(index=0), 17),
        ("truncated", "text", Status.TRUNCATED, 12),
        ("endless", "text", Status.TRUNCATED, 120),
    ],
)
def test_an_answer_is_read(name: str, mode: str, result: Outcome | Status, completion_tokens: int) -> None:
    reply = read_reply((RECORDED / f"{name}.json").read_bytes())
    assert reply.answered
    assert reply.completion_tokens == completion_tokens

    read = read_completion(reply, default_study("trial"), model="a/b", draw=0, labels=("0", "1"), mode=mode)
    assert (read.status if isinstance(read, Rejected) else read) == result
