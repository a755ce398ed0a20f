"""A server of our own making over real loopback HTTP: each model of it answers in one dialect."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PRICED = {
    "context_length": 32_000,
    "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
    "pricing": {"prompt": "0.000001", "completion": "0.000002"},
    "supported_parameters": ["max_tokens", "temperature"],
}


@dataclass(frozen=True, kw_only=True)
class Says:
    """One HTTP answer: a completion of a text, or a body as it is."""

    text: str | None = None
    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cost: float | None = None
    finish: str = "stop"
    served: str | None = None
    provider: str | None = None
    after: threading.Event | None = None


@dataclass(kw_only=True)
class Dialects:
    """The models of a server, what each says in turn (the last for ever), and what it was asked."""

    models: Mapping[str, Sequence[Says]]
    entry: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    listing: Says | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    base: str = ""

    def of(self, model: str) -> list[dict[str, Any]]:
        return [body for body in self.asked if body["model"] == model]


@contextmanager
def speaking(dialects: Dialects) -> Iterator[Dialects]:
    """Serve until the block ends."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            dialects.paths.append(self.path)
            if dialects.key and self.headers.get("Authorization") != f"Bearer {dialects.key}":
                self.send(401, {"error": {"message": "Unauthorized"}}, {})
            elif dialects.listing and self.path.endswith("/models"):
                self.send(dialects.listing.status, dialects.listing.body, {})
            elif self.path.endswith("/models"):
                listed = [{"id": name, "object": "model", **dialects.entry} for name in dialects.models]
                self.send(200, {"object": "list", "data": listed}, {})
            else:
                self.send(404, {"error": {"message": "not found", "code": 404}}, {})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                dialects.asked.append(body)
                number = len(dialects.of(body["model"]))
            turns = dialects.models[body["model"]]
            says = turns[min(number, len(turns)) - 1]
            if says.after is not None:
                says.after.wait(60)
            self.send(says.status, whole(says, number), says.headers)

        def send(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(raw)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # a client that waits no longer
                self.wfile.write(raw)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    dialects.base = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield dialects
    finally:
        server.shutdown()
        server.server_close()


def whole(says: Says, number: int) -> Any:
    """A body as it is, or a completion with an id of its own."""
    if says.body is not None:
        return says.body
    usage: dict[str, Any] = {"prompt_tokens": 200, "completion_tokens": 20}
    if says.cost is not None:
        usage["cost"] = says.cost
    message = {"role": "assistant", "content": says.text}
    choice = {"index": 0, "message": message, "finish_reason": says.finish}
    named = {key: value for key, value in (("model", says.served), ("provider", says.provider)) if value}
    return {"id": f"gen-{number}", "object": "chat.completion", "choices": [choice], "usage": usage, **named}
