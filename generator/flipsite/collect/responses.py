"""The wire format, read without trust: what an HTTP answer is, and what is to be done about it.

Facts of the provider's page on errors: a status of 400 or more was refused before a model started and is not
billed; afterwards errors come as 200 with a top-level `error`, or with one in the choice, and may be.
Providers fill the same fields differently: a field of an unexpected type counts as absent.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from flipsite.domain.display import one_line

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What a body can hold once it is parsed."""


class Action(StrEnum):
    """What is to be done about a request that brought no answer."""

    AGAIN = "a transport fault: ask again"
    REFUSED = "moderation: a draw that was refused"
    DRAW = "this draw fails; asking again would fail again"
    TEXT = "the model does not know structured output: ask for text"
    MODEL = "the model is not to be had"
    RUN = "the run cannot go on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A completion, as far as it was filled; unknown is None."""

    generation: str | None
    response: str | None
    refusal: str | None
    finish_reason: str | None
    provider: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    reasoning_tokens: int | None
    cached_tokens: int | None
    cost_usd: float | None
    answered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No answer.

    Attributes:
        action: What to do about it.
        reason: For people; foreign text in it is one short printable line.
        wait_s: How long the other side asks to be left alone; None where it does not say.
        everywhere: The wait is the account's, not the model's.
        cost_usd: Billed all the same; 0 where it was refused beforehand; None where nobody knows.
        generation: The provider's id, where there is one to ask the price by.
    """

    action: Action
    reason: str
    wait_s: float | None = None
    everywhere: bool = False
    cost_usd: float | None = None
    generation: str | None = None


def read_exchange(
    code: int, headers: Mapping[str, str], body: bytes, *, mode: str, now: float
) -> Reply | Failure:
    """Tell an answer from each kind of fault.

    Args:
        code: The HTTP status.
        headers: Of the answer; looked up without regard to case.
        body: The whole body.
        mode: What was asked for: `text` or `structured`.
        now: Unix seconds, for waits given as a time of day.
    """
    if 300 <= code < 400:
        reason = "the address answers with a redirect, which is never followed; give --api-base as it ends up"
        return Failure(action=Action.RUN, reason=reason, cost_usd=0.0)
    content = _json(body)
    fields = _mapping(content)
    generation = _id(fields.get("id")) or _id(headers.get("x-generation-id"))
    if code >= 400:
        return _refused(code, headers, fields, mode=mode, now=now)
    if content is None:
        return Failure(action=Action.AGAIN, reason="the answer is not JSON", generation=generation)
    choices = fields.get("choices")
    choice = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
    error = _mapping(fields.get("error")) or _mapping(choice.get("error"))
    cut = (
        choice.get("finish_reason") == "length"
    )  # cut by max_tokens, which some call an error: it is an answer
    if not choice or choice.get("finish_reason") == "error" or (error and not cut):
        failure = _error(_number(error.get("code")) or 500, headers, error, mode=mode, now=now)
        return replace(
            failure, cost_usd=_cost(fields), generation=generation
        )  # it had started: 0 is not sure
    if (headers.get("x-openrouter-cache-status") or "").upper() == "HIT":
        reason = "the answer was replayed from a cache, so it is no draw"
        return Failure(action=Action.AGAIN, reason=reason, cost_usd=_cost(fields), generation=generation)
    return _reply(fields, choice, generation)


def read_reply(body: bytes) -> Reply:
    """A stored answer once more; of a body that was none every field is None, and `answered` false."""
    fields = _mapping(_json(body))
    choices = fields.get("choices")
    choice = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
    return _reply(fields, choice, _id(fields.get("id")), answered=bool(choice))


def read_price(body: bytes) -> float | None:
    """The total cost in a body of `/generation`, in dollars."""
    return _dollars(_mapping(_mapping(_json(body)).get("data")).get("total_cost"))


def read_limit(body: bytes) -> float | None:
    """What a body of `/key` says is left, in dollars; None is no limit, or no word."""
    return _dollars(_mapping(_mapping(_json(body)).get("data")).get("limit_remaining"))


LONGEST_WORD = 200
"""A longer id is none, and a longer provider or end of an answer is cut: nobody's page has room for it."""

LONGEST_WAIT_S = 86_400.0
"""Whoever asks for more patience than a day is taken to ask for a day."""

_STRUCTURED = re.compile(
    r"response_format|json_schema|structured|requested parameters|guided|grammar", re.IGNORECASE
)
_UNKNOWN_BILL = frozenset({408, 504, 520, 522, 524})
"""A gateway gave up waiting: the model may have run, and been billed, behind it."""
_NUMERIC = (int, float, str)
_AGAIN = frozenset({408, 409, 425, 429})
_RUN = {
    401: "the key was not accepted; set OPENROUTER_API_KEY to a valid one",
    402: "the account has no credit left for this; add some and run again, what was bought is kept",
}


def _refused(
    code: int, headers: Mapping[str, str], fields: Mapping[str, Json], *, mode: str, now: float
) -> Failure:
    """An HTTP status of 400 or more."""
    failure = _error(code, headers, _mapping(fields.get("error")), mode=mode, now=now)
    cost = _cost(fields)
    if cost is None and code not in _UNKNOWN_BILL:
        cost = 0.0
    return replace(failure, cost_usd=cost, generation=_id(headers.get("x-generation-id")))


def _error(
    code: float, headers: Mapping[str, str], error: Mapping[str, Json], *, mode: str, now: float
) -> Failure:
    """What the error's code and words ask for; its cost is the caller's to fill."""
    said = one_line(_text(error.get("message")) or _text(error.get("type")) or "no reason given")
    metadata = _mapping(error.get("metadata"))
    reason = f"{int(code)}: {said}"
    if code in _RUN:
        return Failure(action=Action.RUN, reason=f"{_RUN[int(code)]} ({said})")
    if code == 403:
        flagged = any(key in metadata for key in ("reasons", "flagged_input")) or (
            metadata.get("error_type") in {"content_policy_violation", "refusal"}
        )
        return Failure(action=Action.REFUSED if flagged else Action.MODEL, reason=reason)
    if code in {400, 404}:
        raw = _text(metadata.get("raw")) or ""
        unsupported = mode == "structured" and _STRUCTURED.search(f"{said} {raw}")
        return Failure(action=Action.TEXT if unsupported else Action.MODEL, reason=reason)
    if code not in _AGAIN and 400 <= code < 500:
        return Failure(action=Action.DRAW, reason=reason)
    upstream = "raw" in metadata or "provider_name" in metadata
    wait = _wait(headers, metadata, _mapping(error.get("availability")), now=now)
    return Failure(action=Action.AGAIN, reason=reason, wait_s=wait, everywhere=code == 429 and not upstream)


def _reply(
    fields: Mapping[str, Json], choice: Mapping[str, Json], generation: str | None, *, answered: bool = True
) -> Reply:
    message = _mapping(choice.get("message"))
    usage = _mapping(fields.get("usage"))
    return Reply(
        generation=generation,
        response=_content(message.get("content")),
        refusal=_text(message.get("refusal")),
        finish_reason=_word(choice.get("finish_reason")),
        provider=_word(fields.get("provider")),
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        reasoning_tokens=_count(_mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")),
        cached_tokens=_count(_mapping(usage.get("prompt_tokens_details")).get("cached_tokens")),
        cost_usd=_cost(fields),
        answered=answered,
    )


def _content(content: Json) -> str | None:
    """A message's text; some providers send it in parts."""
    if isinstance(content, list):
        parts = [_text(_mapping(part).get("text")) for part in content]
        return "".join(part for part in parts if part is not None) if any(parts) else None
    return _text(content)


def _wait(
    headers: Mapping[str, str], metadata: Mapping[str, Json], availability: Mapping[str, Json], *, now: float
) -> float | None:
    """Seconds the other side asks for, wherever it wrote them."""
    inner = {name.lower(): value for name, value in _mapping(metadata.get("headers")).items()}
    after = headers.get("retry-after") or inner.get("retry-after") or availability.get("retry_after")
    wait = _seconds(after, now=now)
    if wait is None:
        reset = _number(headers.get("x-ratelimit-reset") or inner.get("x-ratelimit-reset"))
        wait = None if reset is None else reset / 1000 - now
    return None if wait is None else min(max(0.0, wait), LONGEST_WAIT_S)


def _seconds(value: Json, *, now: float) -> float | None:
    seconds = _number(value)
    if seconds is not None or not isinstance(value, str):
        return seconds
    try:
        return parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _cost(fields: Mapping[str, Json]) -> float | None:
    return _dollars(_mapping(fields.get("usage")).get("cost"))


def _dollars(value: Json) -> float | None:
    """A bill: never negative, and never so large that it is no bill."""
    number = _number(value)
    return None if number is None or not 0 <= number < 1e6 else number


def _count(value: Json) -> int | None:
    number = _number(value)
    return None if number is None or not 0 <= number < 2**53 else int(number)


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, _NUMERIC):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _id(value: Json) -> str | None:
    return value if isinstance(value, str) and len(value) <= LONGEST_WORD else None


def _word(value: Json) -> str | None:
    """A provider's short text as one printable line."""
    if not isinstance(value, str):
        return None
    return _short_word(value) if len(value) <= LONGEST_WORD else one_line(value, most=LONGEST_WORD)


@lru_cache(maxsize=1024)
def _short_word(word: str) -> str:
    """Of millions of answers, providers and ends are a few."""
    return one_line(word, most=LONGEST_WORD)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _json(body: bytes) -> Json:
    try:
        content: Json = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content
