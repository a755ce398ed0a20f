"""Answers of the simulated endpoint: what goes back over HTTP."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

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
