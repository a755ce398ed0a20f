"""Each fault of the wire is told apart, and nothing a body holds is trusted."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.collect.reading.body import Json
from flipsite.collect.responses import (
    Action,
    Failure,
    Reply,
    read_exchange,
    read_limit,
    read_price,
    read_reply,
)
from flipsite.domain.display import one_line
from flipsite.domain.money import NOTHING, usd

NOW = 1_757_289_600.0


def read(
    code: int, body: Any, *, headers: Mapping[str, str] | None = None, mode: str = "text"
) -> Reply | Failure:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_exchange(code, headers or {}, raw, mode=mode, now=NOW)


def failure(code: int, body: Any, *, mode: str = "text") -> Failure:
    found = read(code, body, mode=mode)
    assert isinstance(found, Failure)
    return found


def error(code: object, message: str = "no", **metadata: object) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "metadata": metadata}, "user_id": "user_1"}


ANSWER = {
    "id": "gen-1",
    "provider": "xAI",
    "choices": [{"finish_reason": "stop", "message": {"content": "Output: 0", "refusal": None}}],
    "usage": {
        "prompt_tokens": 687,
        "completion_tokens": 192,
        "cost": 0.00341325,
        "prompt_tokens_details": {"cached_tokens": 679},
        "completion_tokens_details": {"reasoning_tokens": 121},
    },
}


def test_an_answer_is_read_whole() -> None:
    """Every field that a real body of February 2026 has."""
    assert read(200, ANSWER) == Reply(
        generation="gen-1",
        response="Output: 0",
        refusal=None,
        finish_reason="stop",
        provider="xAI",
        prompt_tokens=687,
        completion_tokens=192,
        reasoning_tokens=121,
        cost_usd=usd(0.00341325),
    )


def test_an_answer_may_lack_everything_but_its_choice() -> None:
    """A local server sends neither provider nor usage; a null content is an answer too."""
    reply = read(200, {"choices": [{"message": {"content": None}}]})
    assert isinstance(reply, Reply)
    assert (reply.response, reply.provider, reply.cost_usd, reply.generation) == (None, None, None, None)


def test_content_in_parts_is_put_together() -> None:
    """Some providers answer with a list of text parts."""
    parts = [{"type": "text", "text": "Output: "}, {"type": "text", "text": "1"}, {"type": "image"}]
    reply = read(200, {"choices": [{"message": {"content": parts}}]})
    assert isinstance(reply, Reply)
    assert reply.response == "Output: 1"


@pytest.mark.parametrize(
    ("code", "body", "todo"),
    [
        (400, error(400, "model_not_found"), Action.MODEL),
        (401, error(401, "Missing Authentication header"), Action.RUN),
        (402, error(402, "Insufficient credits"), Action.RUN),
        (403, error(403, "flagged", reasons=["violence"], flagged_input="…"), Action.REFUSED),
        (403, error(403, "flagged", error_type="content_policy_violation"), Action.REFUSED),
        (403, error(403, "key lacks rights"), Action.MODEL),
        (404, error(404, "No endpoints found for a/b"), Action.MODEL),
        (408, error(408, "timeout"), Action.AGAIN),
        (413, error(413, "too large"), Action.DRAW),
        (422, error(422, "unprocessable"), Action.DRAW),
        (429, error(429, "rate limited"), Action.AGAIN),
        (500, b"<html>Internal Server Error</html>", Action.AGAIN),
        (502, error(502, "provider down"), Action.AGAIN),
        (503, error(503, "none meets routing"), Action.AGAIN),
        (524, b"", Action.AGAIN),
        (529, error(529, "overloaded"), Action.AGAIN),
        (301, b"", Action.RUN),
        (200, b'{"choices": [', Action.AGAIN),
        (200, b"", Action.AGAIN),
        (200, {"choices": []}, Action.AGAIN),
        (200, error(429, "upstream", raw="busy", provider_name="BaseTen"), Action.AGAIN),
        (200, error("rate_limit_exceeded"), Action.AGAIN),
        (
            200,
            {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "x"}}]},
            Action.AGAIN,
        ),
        (200, {"choices": [{"error": {"code": 403, "metadata": {"reasons": ["x"]}}}]}, Action.REFUSED),
    ],
)
def test_each_fault_is_told_apart(code: int, body: Json, todo: Action) -> None:
    """The provider's list of errors, each with the action to take."""
    trouble = read(code, body)
    assert isinstance(trouble, Failure)
    assert trouble.action is todo


@pytest.mark.parametrize("code", [400, 404])
@pytest.mark.parametrize(
    "message",
    ["No endpoints found that can handle the requested parameters", "response_format is not supported"],
)
def test_structured_output_that_is_not_supported_falls_back_to_text(code: int, message: str) -> None:
    """Only where structured output was asked for; in text mode the model is not to be had."""
    body = error(code, message)
    assert failure(code, body, mode="structured").action is Action.TEXT
    assert failure(code, body, mode="text").action is Action.MODEL


def test_an_answer_cut_by_length_is_an_answer_though_it_comes_with_an_error() -> None:
    """A reasoning model that runs out of tokens says `length` and calls it error 400."""
    body = ANSWER | {"error": {"code": 400, "message": "Token limit reached"}}
    body["choices"] = [{"finish_reason": "length", "message": {"content": ""}}]
    reply = read(200, body)
    assert isinstance(reply, Reply)
    assert reply.finish_reason == "length"


def test_a_replayed_answer_is_no_draw() -> None:
    """The response cache answers verbatim: asking would count one flip twice."""
    trouble = read(200, ANSWER, headers={"x-openrouter-cache-status": "HIT"})
    assert isinstance(trouble, Failure)
    assert trouble.action is Action.AGAIN


@pytest.mark.parametrize(
    ("code", "body", "cost"),
    [
        (429, error(429), 0.0),
        (502, error(502), 0.0),
        (404, error(404), 0.0),
        (524, b"", None),
        (408, error(408), None),
        (200, error(502), None),
        (200, error(502) | {"usage": {"cost": 0.002}}, 0.002),
        (200, b"{", None),
    ],
)
def test_what_a_fault_cost_is_known_only_where_it_is_known(code: int, body: Json, cost: float | None) -> None:
    """Refused before a model started costs nothing; after that only a stated cost is known."""
    trouble = read(code, body)
    assert isinstance(trouble, Failure)
    assert trouble.cost_usd == (None if cost is None else usd(cost))


@pytest.mark.parametrize(
    ("headers", "metadata", "wait"),
    [
        ({"retry-after": "7"}, {}, 7.0),
        ({"retry-after": "Mon, 08 Sep 2025 00:00:30 GMT"}, {}, 30.0),
        ({"retry-after": "soon"}, {}, None),
        ({"x-ratelimit-reset": str((NOW + 12) * 1000)}, {}, 12.0),
        ({}, {"headers": {"X-RateLimit-Reset": str(int((NOW + 60) * 1000))}}, 60.0),
        ({}, {"headers": {"Retry-After": 3}}, 3.0),
        ({"x-ratelimit-reset": str((NOW - 5) * 1000)}, {}, 0.0),
        ({"x-ratelimit-reset": str(NOW + 12)}, {}, 12.0),
        ({"ratelimit-reset": "12"}, {}, 12.0),
        ({"retry-after": "0.4"}, {}, 0.4),
        ({"retry-after": "-3"}, {}, 0.0),
        ({"retry-after": "1e308"}, {}, 86_400.0),
        ({"retry-after": "1m30s"}, {}, 90.0),
        ({"retry-after": "2 seconds"}, {}, 2.0),
        ({"retry-after": "2025-09-08T00:00:30Z"}, {}, 30.0),
        ({"retry-after": "Mon Sep  8 00:00:30 2025"}, {}, 30.0),
        ({"retry-after-ms": "300", "retry-after": "1"}, {}, 0.3),
        ({}, {}, None),
    ],
)
def test_the_wait_is_read_wherever_it_is_written(
    headers: dict[str, str], metadata: dict[str, Any], wait: float | None
) -> None:
    """Seconds, a date, a reset in milliseconds, in the headers or inside the body."""
    trouble = read(429, error(429, **metadata), headers=headers)
    assert isinstance(trouble, Failure)
    assert trouble.wait_s == wait


def test_a_rate_limit_of_the_account_is_told_from_a_providers() -> None:
    """A provider's own limit names it; the platform's does not."""
    assert failure(429, error(429)).everywhere
    assert not failure(429, error(429, provider_name="BaseTen", raw="busy")).everywhere


def test_a_wait_in_the_words_alone_is_read() -> None:
    """As OpenAI, Groq and Google write it."""
    assert failure(429, error(429, "Please try again in 6m0s. Visit …")).wait_s == 360.0
    assert failure(429, error(429, "Quota exceeded. Please retry in 34.07s.")).wait_s == 34.07
    assert failure(429, error(429, "try again in a while")).wait_s is None


@pytest.mark.parametrize(
    ("code", "body", "todo"),
    [
        (429, error(429, "You exceeded your current quota, check your plan"), Action.RUN),
        (429, error(429, "You exceeded your current quota. Please retry in 34.07s."), Action.AGAIN),
        (429, error(429, "Provider returned error", raw='{"code": "insufficient_quota"}'), Action.MODEL),
        (403, error(403, "Your team has used all available credits"), Action.RUN),
        (412, error(412, "Account suspended: spending limit reached"), Action.RUN),
        (400, error("Arrearage", "Access denied"), Action.RUN),
        (403, error(403, "Insufficient account balance"), Action.RUN),
        (403, error(403, "no", raw="insufficient balance", provider_name="X"), Action.MODEL),
    ],
)
def test_an_empty_purse_is_told_from_a_full_queue(code: int, body: Json, todo: Action) -> None:
    """The account's ends the run, a provider's skips its model, a quota that comes back is waited for."""
    assert failure(code, body).action is todo


@pytest.mark.parametrize(
    ("message", "todo"),
    [
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", Action.RENAME),
        ("max_tokens is deprecated in favour of max_completion_tokens", Action.RENAME),
        ("`max_tokens` must be less than or equal to `8192`", Action.SHORTEN),
        ("'max_tokens' or 'max_completion_tokens' is too large: 8192", Action.SHORTEN),
        ("max_tokens: 100000 > 8192, which is the maximum allowed", Action.SHORTEN),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", Action.SHORTEN),
        ("`inputs` tokens + `max_new_tokens` must be <= 4097", Action.SHORTEN),
        ("the request exceeds the available context size", Action.SHORTEN),
        ("temperature must be 1", Action.MODEL),
    ],
)
def test_a_bound_under_another_name_or_too_large_is_changed(message: str, todo: Action) -> None:
    """In the words of the servers in use."""
    assert failure(400, error(400, message)).action is todo


@pytest.mark.parametrize(
    ("code", "body", "reason"),
    [
        (400, [{"error": {"code": 400, "message": "bad field"}}], "400: bad field"),
        (400, {"success": False, "errors": [{"code": 5006, "message": "odd prompt"}]}, "400: odd prompt"),
        (400, {"error_message": "so it is"}, "400: so it is"),
        (400, {"type": "about:blank", "title": "Bad", "detail": "no such field"}, "400: no such field"),
        (400, {"detail": {"error": {"message": "deep"}}}, "400: deep"),
        (400, {"unheard": "of"}, '400: {"unheard": "of"}'),
        (403, b"<html><head><title> Just a\nmoment </title>", "403: a web page, 'Just a moment'"),
        (
            200,
            b"<!doctype html><title>Sign in</title>",
            "the answer is not JSON, but a web page, 'Sign in'; check --api-base, and whether the server "
            "wants a login",
        ),
        (304, b"", "HTTP 304: a cache answers that nothing changed since it was asked last; switch it off"),
        (308, b"", "HTTP 308: a redirect, which is never followed; give --api-base as it ends up"),
        (200, {"choices": []}, "the answer holds no completion"),
        (200, {"error": {"code": 1e300, "message": "x"}}, "x"),
        (500, {"error": {"error": {"error": {"error": {"error": {"error": "far"}}}}}}, "500: far"),
    ],
)
def test_the_servers_words_are_found_in_every_form(code: int, body: Any, reason: str) -> None:
    """Lists, problem details, pages; what has no known form is shown as it came."""
    assert failure(code, body).reason == reason


@pytest.mark.parametrize("error_beside", [None, {}, "", False, {"message": "", "code": None}])
def test_an_empty_error_beside_an_answer_is_none(error_beside: Json) -> None:
    """Some servers always send the field."""
    assert isinstance(read(200, ANSWER | {"error": error_beside}), Reply)


@pytest.mark.parametrize("choice", [{"text": "Output: 1"}, {"message": "Output: 1"}])
def test_a_text_in_place_of_a_message_is_read(choice: Json) -> None:
    """As of servers of plain completions."""
    reply = read(200, {"choices": [choice]})
    assert isinstance(reply, Reply)
    assert reply.response == "Output: 1"


@pytest.mark.parametrize("wrapped", [[ANSWER], b"\xef\xbb\xbf" + json.dumps(ANSWER).encode()])
def test_an_answer_in_a_list_or_after_a_mark_is_an_answer(wrapped: Any) -> None:
    """The mark of UTF-8."""
    assert isinstance(read(200, wrapped), Reply)


@pytest.mark.parametrize(
    "body",
    [
        b'retry: 3000\nid: 7\nevent: message\ndata: {"choices": [{"delta": {"content": "Output: 1"}, '
        b'"finish_reason": "stop"}]}\n\n',
        b'\xef\xbb\xbfdata:{"choices":[{"delta":{"content":"Output: "}}]}\r\n\r\n'
        b'data:{"choices":[{"delta":{"content":"1"}}]}\r\n\r\ndata:[DONE]\r\n\r\n',
    ],
)
def test_events_with_every_field_are_read(body: bytes) -> None:
    """Ids, waits and marks among them."""
    reply = read(200, body)
    assert isinstance(reply, Reply)
    assert reply.response == "Output: 1"


@pytest.mark.parametrize("usage", [{}, {"usage": {"cost": 0.25}}])
def test_events_that_break_off_are_no_answer(usage: dict[str, Any]) -> None:
    """What would have followed may say something else; the bill and its id are kept."""
    first = {"id": "gen-9", "choices": [{"delta": {"content": "Output: 1"}, "finish_reason": None}]} | usage
    trouble = read(200, b"data: " + json.dumps(first).encode() + b"\n\n")
    assert isinstance(trouble, Failure)
    assert (trouble.action, trouble.generation) == (Action.AGAIN, "gen-9")
    assert trouble.cost_usd == (usd(0.25) if usage else None)
    assert "the stream broke off before its end" in trouble.reason


@pytest.mark.parametrize(
    ("word", "standard"),
    [
        *((word, "length") for word in ("length", "MAX_TOKENS", "max_tokens", "model_length")),
        *((word, "content_filter") for word in ("SAFETY", "content-filter", "refusal", "RECITATION")),
        *((word, word) for word in ("stop", "eos_token", "end_turn", "tool_calls", "STOP")),
    ],
)
def test_other_vendors_words_for_an_end_are_the_standards(word: str, standard: str) -> None:
    """A cut answer is cut in every dialect."""
    reply = read(200, {"choices": [{"message": {"content": "x"}, "finish_reason": word}]})
    assert isinstance(reply, Reply)
    assert reply.finish_reason == standard


@pytest.mark.parametrize(
    ("headers", "replayed"),
    [
        ({"cache-status": "ExampleCache; hit; ttl=376"}, True),
        ({"x-cache": "MISS, HIT"}, True),
        ({"x-cache": "Hit from cloudfront"}, True),
        ({"x-cache": "TCP_MEM_HIT from a1"}, True),
        ({"x-cache-hits": "0, 2"}, True),
        ({"cache-status": "ExampleCache; fwd=uri-miss"}, False),
        ({"x-cache": "MISS"}, False),
        ({"x-cache-hits": "0"}, False),
        ({"x-litellm-cache-key": "hit"}, False),
        ({"x-prompt-cache-hit": "true"}, False),
        ({"cache-control": "no-store"}, False),
    ],
)
def test_a_replay_is_told_by_every_caches_header(headers: dict[str, str], replayed: bool) -> None:
    """RFC 9211 among them; a prompt's cache saves work, and replays no answer."""
    assert isinstance(read(200, ANSWER, headers=headers), Failure) is replayed


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"cost": "0.002"}, 0.002),
        ({"cost": {"input_tokens_cost": 0.001, "total_cost": 0.005}}, 0.005),
        ({"estimated_cost": 0.0007}, 0.0007),
        ({"cost": 0.0018, "is_byok": "true", "cost_details": {"upstream_inference_cost": "0.036"}}, 0.0378),
        (
            {
                "cost": 0,
                "is_byok": True,
                "cost_details": {
                    "upstream_inference_cost": None,
                    "upstream_inference_prompt_cost": 0.001,
                    "upstream_inference_completions_cost": 0.002,
                },
            },
            0.003,
        ),
        ({"cost": 0, "is_byok": True}, None),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0}}, 0.0),
        ({"cost": 0.01, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.01}}, 0.01),
    ],
)
def test_a_bill_is_read_in_every_form(usage: dict[str, Any], cost: float | None) -> None:
    """With a provider's bill to a key of one's own; where that is not told, the cost is unknown."""
    reply = read(200, ANSWER | {"usage": usage})
    assert isinstance(reply, Reply)
    assert reply.cost_usd == (None if cost is None else usd(cost))


def test_a_bill_in_a_header_counts_where_the_body_names_none() -> None:
    """As LiteLLM's proxy writes it; tokens may go by the names of Anthropic."""
    headers = {"x-litellm-response-cost": "0.0003"}
    silent = read(200, ANSWER | {"usage": {"input_tokens": 7, "output_tokens": 2}}, headers=headers)
    assert isinstance(silent, Reply)
    assert (silent.cost_usd, silent.prompt_tokens, silent.completion_tokens) == (usd(0.0003), 7, 2)
    told = read(200, ANSWER, headers=headers)
    assert isinstance(told, Reply)
    assert told.cost_usd == usd(0.00341325)


@pytest.mark.parametrize("cost", [-1, "free", 1e9, float("nan"), float("inf"), True, [1], None])
def test_a_bill_that_is_none_counts_as_unknown(cost: Json) -> None:
    """Negative, absurd, or no number: it is not believed, so the worst case counts."""
    reply = read(200, ANSWER | {"usage": {"cost": cost}})
    assert isinstance(reply, Reply)
    assert reply.cost_usd is None


def test_prices_and_limits_are_read_from_their_pages() -> None:
    """`/generation` and `/key`, and what they are when they are not."""
    assert read_price(b'{"data": {"total_cost": 0.0012}}') == usd(0.0012)
    assert read_price(b'{"error": {}}') is None
    assert read_limit(b'{"data": {"limit": null, "limit_remaining": null}}') is None
    assert read_limit(b'{"data": {"limit_remaining": 12.5}}') == usd(12.5)
    assert read_limit(b'{"data": {"limit_remaining": -0.2}}') == NOTHING


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "choices", "message", "content", "usage", "cost", "code", "metadata", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.integers(100, 999), JSON, st.sampled_from(["text", "structured"]))
def test_no_body_is_too_strange(code: int, body: Json, mode: str) -> None:
    """Whatever JSON comes with whatever status, it is an answer or a trouble with a printable reason."""
    result = read(code, body, mode=mode)
    assert isinstance(result, Reply | Failure)
    if isinstance(result, Failure):
        assert result.reason.isprintable()
    read_reply(json.dumps(body).encode())


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange(body: bytes) -> None:
    """Neither are bytes that are no JSON."""
    assert isinstance(read(200, body), Reply | Failure)
    assert isinstance(read(200, b"[" * 5000 + body), Failure)


def test_foreign_text_is_one_short_line() -> None:
    """It moves no cursor, turns no direction, and ends."""
    assert one_line("a\x1b[31m\r\nb\u202e" + "c" * 500).startswith("a [31m b ccc")
    assert len(one_line("x" * 1000)) == 200
