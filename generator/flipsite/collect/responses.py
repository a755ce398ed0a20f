"""The wire format, read without trust: what an HTTP answer is, and what to do about it.

By the provider's page on errors, a status of 400 or more was refused before a model started and is not
billed; afterwards errors come as 200 with a top-level `error`, or with one in the choice, and may be billed.
Servers fill the same fields differently: a field of an unexpected type counts as absent.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from flipsite.collect.backoff import stated_wait_s
from flipsite.collect.reading.body import Json, first_object, mapping, plain_text, read_json
from flipsite.domain.display import one_line
from flipsite.domain.draws import standard_finish_reason
from flipsite.domain.money import MOST_USD, NOTHING, Usd, total, usd


class Action(StrEnum):
    """The next step after a request without an answer."""

    AGAIN = "a transport fault: ask again"
    REFUSED = "moderation: a draw that was refused"
    DRAW = "this draw fails; asking again would fail again"
    TEXT = "the model does not know structured output: ask for text"
    NO_LOGPROBS = "the server gives no log-probabilities: ask without them"
    RENAME = "the model takes max_completion_tokens: ask with it"
    SHORTEN = "the bound of the answer is beyond the model's context: ask with a smaller one"
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
    cost_usd: Usd | None
    served_model: str | None = None
    answered: bool = True
    logprobs: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No answer.

    Attributes:
        action: What to do about it.
        reason: For people; foreign text in it is one short printable line.
        wait_s: How long the other side asks to be left alone; None where it does not say.
        everywhere: The wait is the account's, not the model's.
        cost_usd: Billed all the same; 0 where it was refused beforehand; None where it is unknown.
        generation: The provider's id, where there is one to ask the price by.
        provider: Who refused, where the endpoint passes on a provider's error.
        no_credit: The account or its key is at its limit.
    """

    action: Action
    reason: str
    wait_s: float | None = None
    everywhere: bool = False
    cost_usd: Usd | None = None
    generation: str | None = None
    provider: str | None = None
    no_credit: bool = False


def read_exchange(
    code: int, headers: Mapping[str, str], body: bytes, *, mode: str, now: float, logprobs: bool = False
) -> Reply | Failure:
    """Tell an answer from each kind of fault.

    Args:
        code: The HTTP status.
        headers: Of the answer; looked up without regard to case.
        body: The whole body.
        mode: What was asked for: `text` or `structured`.
        now: Unix seconds, for waits given as a time of day.
        logprobs: Whether log-probabilities were asked for.
    """
    if 300 <= code < 400:
        reason = _NOT_MODIFIED if code == 304 else f"HTTP {code}: {redirect(headers)}"
        return Failure(action=Action.RUN, reason=reason, cost_usd=NOTHING)
    content = read_json(body)
    fields = first_object(content)
    generation = _id(fields.get("id")) or _id(headers.get("x-generation-id"))
    if code >= 400:
        error = _error_of(fields) or {"message": plain_text(body)}
        return _refused(code, headers, fields, error, mode=mode, now=now, logprobs=logprobs)
    if content is None:
        page = _page(body)
        action, what = (Action.MODEL, f", but {page}; {_NO_ENDPOINT}") if page else (Action.AGAIN, "")
        return Failure(action=action, reason=f"the answer is not JSON{what}", generation=generation)
    choice = _choice(fields)
    error = _error_of(fields) or _error_of({"error": choice.get("error")})
    finish = _finish_reason(choice)
    if not choice or finish == "error" or (error and finish != "length"):  # which some call an error
        error = error or {"message": "the answer holds no completion"}
        number = _number(error.get("code"))
        failure = _error(number, headers, error, mode=mode, now=now, logprobs=logprobs)
        return replace(
            failure, cost_usd=_cost(fields), generation=generation
        )  # it had started: 0 is not sure
    if _replayed(headers):
        reason = "the answer was replayed from a cache, so it is no draw; switch the server's cache off"
        return Failure(action=Action.AGAIN, reason=reason, cost_usd=_cost(fields), generation=generation)
    cost_usd = _cost(fields)
    if cost_usd is None:
        cost_usd = _dollars(headers.get(_COST_HEADER))
    return _reply(fields, choice, generation, cost_usd=cost_usd)


_NOT_MODIFIED = "HTTP 304: a cache answers that nothing changed since it was asked last; switch it off"
_NO_ENDPOINT = "check --api-base, and whether the server wants a login"


def redirect(headers: Mapping[str, str]) -> str:
    """A sentence about an answer that names another address."""
    place = one_line(headers.get("location", ""))
    to = f" to {place}" if place else ""
    return f"a redirect{to}, which is never followed; give --api-base as it ends up"


def _page(body: bytes) -> str:
    """A web page in place of an answer, as one line; empty where the body is none."""
    return one_line(plain_text(body)) if _PAGE.match(body) else ""


def read_reply(body: bytes) -> Reply:
    """A stored answer once more, but for its cost; of a body that was none `answered` is false."""
    fields = first_object(read_json(body))
    choice = _choice(fields)
    return _reply(fields, choice, _id(fields.get("id")), answered=bool(choice))


def read_price(body: bytes) -> Usd | None:
    """The total cost in a body of `/generation`, with a provider's bill to a key of one's own."""
    data = mapping(first_object(read_json(body)).get("data"))
    return _with_own_key(
        _dollars(data.get("total_cost")), _dollars(data.get("upstream_inference_cost")), data.get("is_byok")
    )


def read_limit(body: bytes) -> Usd | None:
    """The money left according to a body of `/key`, none below zero; None where it names no limit."""
    left = _number(mapping(first_object(read_json(body)).get("data")).get("limit_remaining"))
    return None if left is None else usd(max(0.0, min(left, MOST_USD)))


def server_words(body: bytes) -> str:
    """The words of a server's error as one printable line; empty where it gives none."""
    error = _error_of(first_object(read_json(body))) or {"message": plain_text(body)}
    return one_line(_reason(dict(error)) or "")


BETWEEN = {
    407: "the proxy wants a name and a password; write them into the variable that names it, as "
    "http://name:password@host:8080",
    511: "the network wants a login; open any page in a browser and log in, then run again",
}
"""What stands between us and the server, by the status it answers with."""

LONGEST_WORD = 200
"""A longer id is none, and a longer provider or end of an answer is cut: no page has room for it."""

_STRUCTURED = re.compile(
    r"response_format|json_schema|structured|requested parameters|guided|grammar", re.IGNORECASE
)
_LOGPROBS = re.compile(r"log_?prob|requested parameters", re.IGNORECASE)
_UNKNOWN_BILL = frozenset({408, 504, 520, 522, 524})
"""A gateway gave up waiting: the model may have run, and been billed, behind it."""
_PAGE = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_NUMERIC = (int, float, str)
_AGAIN = frozenset({408, 409, 425, 429})
_BAD_KEY = "the key was not accepted; set OPENROUTER_API_KEY to a valid one"
_NO_CREDIT = "the account has no credit left for this; add some and run again, what was bought is kept"
_AT_LIMIT = "the account or its key is at its limit; raise it and run again, what was bought is kept"
_LIMIT_WORDS = re.compile(
    r"key limit exceeded|(?:insufficient|not enough)[_ ](?:\w+[_ ])?(?:quota|balance|credits?|funds)"
    r"|exceeded[_ ](?:your[_ ])?current[_ ]quota|exceeded your monthly|credit balance is too low"
    r"|billing[_ ](?:hard[_ ]limit|not[_ ]active)|(?:budget|credit limit)[_ ]?(?:has been )?exceeded"
    r"|spend(?:ing)?[_ ]limit|out of credits?|(?:used|exhausted) (?:all|your)\b.{0,40}\bcredits?"
    r"|payment[_ ]required|\barrear",
    re.IGNORECASE,
)
_MOST_TOKENS = r"max[_ ](?:new_|completion_|output_)?tokens"
_TOO_MANY = r"too (?:large|big|high|many)|at most|<=|less than|smaller|maximum|range|exceed|> ?\d"
_CONTEXT_WORDS = re.compile(
    rf"context[_ ](?:length|window|size)|{_MOST_TOKENS}.{{0,80}}(?:{_TOO_MANY})"
    rf"|(?:{_TOO_MANY}).{{0,40}}{_MOST_TOKENS}",
    re.IGNORECASE,
)
_RENAMED = re.compile(r"max_completion_tokens|unsupported_parameter\b.*\bmax_tokens\b", re.IGNORECASE)
"""The first alternative in any message: we name that parameter only to models that advertise it."""

_COST_HEADER = "x-litellm-response-cost"
_PROXIED = re.compile(r"litellm\.|\w+Exception - ")
"""A proxy that passes its provider's words on."""

_GENERIC = re.compile(r"provider returned error|bad request|error|invalid_request_error", re.IGNORECASE)
"""Messages that say less than the provider's own words beside them."""


def _refused(
    code: int,
    headers: Mapping[str, str],
    fields: Mapping[str, Json],
    error: Mapping[str, Json],
    *,
    mode: str,
    now: float,
    logprobs: bool,
) -> Failure:
    """An HTTP status of 400 or more."""
    failure = _error(code, headers, error, mode=mode, now=now, logprobs=logprobs)
    cost = _cost(fields)
    if cost is None and code not in _UNKNOWN_BILL:
        cost = NOTHING
    return replace(failure, cost_usd=cost, generation=_id(headers.get("x-generation-id")))


def _error(
    code: float | None,
    headers: Mapping[str, str],
    error: Mapping[str, Json],
    *,
    mode: str,
    now: float,
    logprobs: bool,
) -> Failure:
    """The action that an error's code and words ask for; its cost is the caller's to fill."""
    metadata = mapping(error.get("metadata"))
    words = _words(error)
    provider = _word(metadata.get("provider_name"))
    upstream = provider is not None or "raw" in metadata or _PROXIED.search(words) is not None
    reason = (f"{code:.0f}: " if code and 0 < code < 1000 else "") + words
    reason += f" (from {provider})" if provider else ""
    kinds = " ".join(filter(None, [words, *(_text(error.get(key)) for key in ("code", "type", "param"))]))
    said = f"{kinds} {_text(metadata.get('raw')) or ''}"
    wait = _stated_wait_s(headers, metadata, mapping(error.get("availability")), words=words, now=now)
    spent = code == 402 or (_LIMIT_WORDS.search(said) is not None and not (code == 429 and wait))
    if spent and not upstream and (code is None or (400 <= code < 500 and code != 401)):
        sentence = f"{_NO_CREDIT if code == 402 else _AT_LIMIT} ({words})"
        return Failure(action=Action.RUN, reason=sentence, no_credit=True)
    if code == 401 and not upstream:
        return Failure(action=Action.RUN, reason=f"{_BAD_KEY} ({words})")
    if code and (remedy := BETWEEN.get(int(code))):
        return Failure(action=Action.RUN, reason=f"{remedy} ({words})")
    if code == 403 and _flagged(metadata):
        return Failure(action=Action.REFUSED, reason=reason)
    action = Action.MODEL if spent else _own_fault(code, said, mode=mode, logprobs=logprobs)
    if action is not None:
        return Failure(action=action, reason=reason, provider=provider)
    everywhere = code == 429 and not upstream
    return Failure(action=Action.AGAIN, reason=reason, wait_s=wait, everywhere=everywhere, provider=provider)


def _own_fault(code: float | None, words: str, *, mode: str, logprobs: bool) -> Action | None:
    """The action on a request that is refused for what it is; None for faults of transport."""
    if logprobs and code in {400, 403, 404, 422} and _LOGPROBS.search(words):
        return Action.NO_LOGPROBS
    if code in {401, 402, 403}:
        return Action.MODEL
    if code in {400, 413, 422} and _CONTEXT_WORDS.search(words):
        return Action.SHORTEN
    if code in {400, 404, 422} and _RENAMED.search(words):
        return Action.RENAME
    if code in {400, 404}:
        unsupported = mode == "structured" and _STRUCTURED.search(words)
        return Action.TEXT if unsupported else Action.MODEL
    return Action.DRAW if code and 400 <= code < 500 and code not in _AGAIN else None


def _flagged(metadata: Mapping[str, Json]) -> bool:
    """Whether moderation kept the request back."""
    kinds = {"content_policy_violation", "refusal"}
    return any(key in metadata for key in ("reasons", "flagged_input")) or metadata.get("error_type") in kinds


_WORD_KEYS = ("message", "error", "detail", "error_message", "errors", "msg", "title", "reason", "type")
"""Where a body may hold the words of its error."""


def _error_of(fields: Mapping[str, Json]) -> Mapping[str, Json]:
    """The error in a body: an object, a text, or words beside it; empty where there is none."""
    error = fields.get("error")
    if isinstance(error, list) and error:
        error = error[0]
    if isinstance(error, dict):
        return error if any(error.values()) else {}
    if isinstance(error, str) and error:
        return {"message": error, "code": fields.get("code"), "type": fields.get("type")}
    if "choices" in fields or not any(fields.get(key) for key in _WORD_KEYS):
        return {}
    return {key: fields[key] for key in (*_WORD_KEYS, "code") if key in fields}


def _words(error: Mapping[str, Json]) -> str:
    """The reason an error gives, as one printable line: the provider's own where it is passed on."""
    message = _reason(dict(error))
    raw = _reason(mapping(error.get("metadata")).get("raw"))
    if raw and message and not _GENERIC.fullmatch(message.strip(" .")) and raw not in message:
        raw = f"{message}: {raw}"
    return one_line(raw or message or "no reason given")


def _reason(value: Json, levels: int = 6) -> str | None:
    """Words, wherever a body holds them: a text, JSON in a text, an object, a list of faults."""
    if isinstance(value, str):
        inner = read_json(value.encode("utf-8", "replace")) if value.lstrip()[:1] in ("{", "[") else None
        return (_reason(inner, levels - 1) if inner and levels else None) or value.strip() or None
    if isinstance(value, list):
        return "; ".join(filter(None, map(_fault, value[:3]))) or None
    if isinstance(value, dict) and levels:
        found = (_reason(value.get(key), levels - 1) for key in _WORD_KEYS)
        return next((words for words in found if words), None)
    return None


def _fault(value: Json) -> str | None:
    """One of a list of faults, after the field it is about."""
    where = mapping(value).get("loc")
    words = _reason(value, 2)
    path = ".".join(str(step) for step in where) if isinstance(where, list) else ""
    return f"{path}: {words}" if path and words else words


_NO_REPLAY = re.compile(r"prompt|prefix|token|control|lookup|key$|tags?$")
"""Headers that speak of a cache, and not of this answer."""

_HIT = re.compile(r"(?<![a-z0-9])(?:tcp_(?:[a-z]+_)*)?hit(?![a-z0-9_])")


def _replayed(headers: Mapping[str, str]) -> bool:
    """Whether a cache says that it answers with what it has answered before."""
    for name, text in headers.items():
        if "cache" not in name or _NO_REPLAY.search(name):
            continue
        value = text.strip().lower()
        if _HIT.search(value) or (name.endswith("hit") and value in {"true", "1", "yes"}):
            return True
        if name.endswith("hits") and any(count.strip(" 0").isdecimal() for count in value.split(",")):
            return True
    return False


def text_reply(response: str | None, *, finish_reason: str | None) -> Reply:
    """A completion of which only the text and its end are known, as of a snapshot's row."""
    return _reply({}, {"message": {"content": response}, "finish_reason": finish_reason}, None)


def _choice(fields: Mapping[str, Json]) -> Mapping[str, Json]:
    choices = fields.get("choices")
    return first_object(choices) if isinstance(choices, list) else {}


def _finish_reason(choice: Mapping[str, Json]) -> str | None:
    word = _word(choice.get("finish_reason"))
    return standard_finish_reason(word) if word else word


def _reply(
    fields: Mapping[str, Json],
    choice: Mapping[str, Json],
    generation: str | None,
    *,
    answered: bool = True,
    cost_usd: Usd | None = None,
) -> Reply:
    message = mapping(choice.get("message"))
    said = message.get("content") if message else choice.get("message", choice.get("text"))
    response, refused = _content(said)
    usage = mapping(fields.get("usage"))
    return Reply(
        generation=generation,
        response=response,
        refusal=_text(message.get("refusal")) or refused,
        finish_reason=_finish_reason(choice),
        provider=_word(fields.get("provider")),
        prompt_tokens=_count(usage.get("prompt_tokens", usage.get("input_tokens"))),
        completion_tokens=_count(usage.get("completion_tokens", usage.get("output_tokens"))),
        reasoning_tokens=_count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")),
        cost_usd=cost_usd,
        served_model=_word(fields.get("model")),
        answered=answered,
        logprobs=choice.get("logprobs"),
    )


_NOT_SAID = re.compile(r"reason|think|thought|summary|tool|function|image|audio", re.IGNORECASE)
"""Kinds of parts that are not addressed to the asker."""


def _content(content: Json) -> tuple[str | None, str | None]:
    """A message's text, and a refusal among its parts; reasoning is never part of the text."""
    if isinstance(content, str):
        return content, None
    parts = content if isinstance(content, list) else [content]
    said: list[str] = []
    refused: str | None = None
    for part in parts:
        kind = _text(mapping(part).get("type")) or ""
        if kind == "refusal":
            refused = refused or _part_text(mapping(part).get("refusal"))
        elif not _NOT_SAID.search(kind) and (text := _part_text(part)) is not None:
            said.append(text)
    return ("".join(said) if said else None), refused


def _part_text(part: Json) -> str | None:
    """A part's text: itself, or under `text`, `content` or `value`."""
    for _ in range(3):
        if not isinstance(part, dict):
            break
        part = next((part[key] for key in ("text", "content", "value") if key in part), None)
    return _text(part)


def _stated_wait_s(
    headers: Mapping[str, str],
    metadata: Mapping[str, Json],
    availability: Mapping[str, Json],
    *,
    words: str,
    now: float,
) -> float | None:
    """Seconds the other side asks for, wherever it wrote them."""
    inner = {name.lower(): value for name, value in mapping(metadata.get("headers")).items()}
    fields = {**inner, **headers}
    milliseconds = _number(fields.get("retry-after-ms"))
    after = fields.get("retry-after") or availability.get("retry_after")
    seconds = _number(after) if milliseconds is None else milliseconds / 1000
    reset = _number(fields.get("x-ratelimit-reset") or fields.get("ratelimit-reset"))
    return stated_wait_s(_text(after) if seconds is None else seconds, reset=reset, words=words, now=now)


def _cost(fields: Mapping[str, Json]) -> Usd | None:
    """The cost that an answer states; None where it states none."""
    usage = mapping(fields.get("usage"))
    cost = usage.get("cost", usage.get("estimated_cost"))
    whole = _dollars(cost.get("total_cost") if isinstance(cost, dict) else cost)
    details, own_key = mapping(usage.get("cost_details")), usage.get("is_byok")
    if not details and not own_key:
        return whole
    parts = [_dollars(details.get(f"upstream_inference_{part}_cost")) for part in ("prompt", "completions")]
    upstream = _dollars(details.get("upstream_inference_cost"))
    if upstream is None and any(parts):
        upstream = total(part for part in parts if part)
    return _with_own_key(whole, upstream, own_key)


def _with_own_key(cost: Usd | None, upstream: Usd | None, own_key: Json) -> Usd | None:
    """The bill, with what a provider charges to a key of the user's own beside the endpoint's fee.

    None where such a key was used and the provider's charge is not stated.
    """
    own = str(own_key).lower() in {"true", "1"}
    if own and upstream is None:
        return None
    if upstream and (own or not cost):
        return (cost or NOTHING) + upstream
    return cost


def _dollars(value: Json) -> Usd | None:
    """A bill: never negative, and never so large that it is no bill."""
    number = _number(value)
    return None if number is None or not 0 <= number < MOST_USD else usd(number)


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
    """A word on one line; remembered, for millions of answers name few providers and finish reasons."""
    return one_line(word, most=LONGEST_WORD)
