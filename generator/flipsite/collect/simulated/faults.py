"""Faults that real endpoints have had; a client must distinguish each of them.

Answers of the simulated endpoint: what goes back over HTTP.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from flipsite.collect.simulated.coins import Coin, CoinAnswer, Truth

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    code: int = 200
    body: Mapping[str, Any] | bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(code: int, message: str) -> Answer:
    """An error of the endpoint itself."""
    return Answer(code=code, body=error_body(code, message))


def error_body(code: int, message: str, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The shape of every error."""
    error: dict[str, Any] = {"code": code, "message": message}
    return {"error": error | ({"metadata": dict(metadata)} if metadata else {}), "user_id": "user_simulated"}


async def whole(receive: Receive) -> bytes:
    """The body of a request."""
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


async def respond(send: Send, answer: Answer) -> None:
    """Send an answer back."""
    body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    kind = "text/html" if body.startswith(b"<") else "application/json"
    headers = {"content-type": kind, "content-length": str(len(body))} | dict(answer.headers)
    await send(
        {
            "type": "http.response.start",
            "status": answer.code,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


class Fault(StrEnum):
    """The faults of one request."""

    ERROR_BODY = "200-error"
    CHOICE_ERROR = "200-choice-error"
    RATE_LIMITED = "429"
    UPSTREAM_LIMITED = "429-upstream"
    NO_CREDIT = "402"
    BAD_KEY = "401"
    MODERATED = "403"
    NOT_FOUND = "404"
    UNSUPPORTED = "400-structured"
    BAD_GATEWAY = "502"
    BAD_GATEWAY_PAGE = "502-html"
    OVERLOADED = "529"
    HANGS = "hangs"
    BROKEN_JSON = "broken-json"
    NULL_CONTENT = "null-content"
    EMPTY_CONTENT = "empty-content"
    CUT = "length"
    UNPRICED = "unpriced"
    NEVER_PRICED = "never-priced"
    CACHE_HIT = "cache-hit"
    NO_PROVIDER = "no-provider"
    TEN_TIMES = "ten-times"


def refused(fault: Fault, *, model: str, retry_after: str) -> Answer | None:
    """The endpoint's own answer for a fault; None where a model runs all the same."""
    for kind, code, message, metadata in _REFUSALS:
        if kind is fault:
            headers = {"retry-after": retry_after} if code == 429 else {}
            if kind is Fault.RATE_LIMITED:
                headers |= {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0"}
            return Answer(
                code=200 if kind is Fault.ERROR_BODY else code,
                body=error_body(code, message.format(model=model), metadata),
                headers=headers,
            )
    if fault is Fault.BAD_GATEWAY_PAGE:
        return Answer(code=502, body=b"<html><body>Bad Gateway</body></html>", headers={})
    return None


def altered(said: CoinAnswer, fault: Fault | None) -> CoinAnswer:
    """A coin's answer under this fault."""
    if fault is Fault.NULL_CONTENT:
        return replace(said, content=None)
    if fault is Fault.EMPTY_CONTENT:
        return replace(said, content="")
    if fault is Fault.CUT:
        return CoinAnswer(content="", finish_reason="length", thought_tokens=512)
    if fault is Fault.CHOICE_ERROR:
        return CoinAnswer(content="", finish_reason="error")
    return said


def fault_coins() -> tuple[Coin, ...]:
    """A coin for each fault, `faults/<fault>`, which has it at every request."""
    return tuple(
        Coin(
            id=f"faults/{fault}",
            truth=Truth(p=None, says=f"Always {fault}."),
            fault=fault,
            parameters=("max_tokens", "response_format", "structured_outputs"),
        )
        for fault in Fault
    )


_RAW = {"raw": "simulated is temporarily rate-limited upstream. Please retry.", "provider_name": "Simulated"}
_REFUSALS: tuple[tuple[Fault, int, str, dict[str, Any] | None], ...] = (
    (
        Fault.ERROR_BODY,
        502,
        "Provider returned error",
        {"provider_name": "Simulated", "raw": "upstream failed"},
    ),
    (Fault.RATE_LIMITED, 429, "Rate limit exceeded", {"error_type": "rate_limit_exceeded"}),
    (Fault.UPSTREAM_LIMITED, 429, "Provider returned error", _RAW),
    (Fault.NO_CREDIT, 402, "Insufficient credits. Add more using the credits page.", None),
    (Fault.BAD_KEY, 401, "User not found.", None),
    (
        Fault.MODERATED,
        403,
        "{model} requires moderation.",
        {"reasons": ["gambling"], "flagged_input": "coin"},
    ),
    (Fault.NOT_FOUND, 404, "No endpoints found for {model}.", None),
    (Fault.UNSUPPORTED, 400, "response_format json_schema is not supported by this model", None),
    (Fault.BAD_GATEWAY, 502, "Bad gateway", {"error_type": "provider_unavailable"}),
    (Fault.OVERLOADED, 529, "Provider overloaded", {"error_type": "provider_overloaded"}),
)
