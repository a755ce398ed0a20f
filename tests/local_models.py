"""Servers of local models: one as Ollama and vLLM are, without authors, prices or a key, and llama.cpp's."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

MODELS = ("llama3.2:1b", "qwen2.5:0.5b")
RECORDED = Path(__file__).parent / "collect" / "recorded"

Json = dict[str, Any]


@contextmanager
def local_models() -> Iterator[str]:
    """Serve them on loopback until the block ends; yields the address that `--api-base` takes."""
    known = [{"id": name, "object": "model", "created": 1, "owned_by": "library"} for name in MODELS]
    turns = count()

    def answer(asked: Json) -> Json:
        content = f"Explanations: a coin.\nOutput: {next(turns) % 2}"
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": content},
            "finish_reason": "stop",
        }
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": asked["model"],
            "choices": [choice],
            "usage": {"prompt_tokens": 200, "completion_tokens": 9, "total_tokens": 209},
        }

    with _serving({"object": "list", "data": known}, answer) as address:
        yield address


@contextmanager
def llama_server() -> Iterator[str]:
    """Serve SmolLM2 as llama.cpp b11434 was recorded to; it takes the label named first nine times in ten."""
    listed: Json = json.loads((RECORDED / "models.json").read_text(encoding="utf-8"))
    listed["data"] = [model for model in listed["data"] if "smollm2" in model["id"]]
    recorded: Json = json.loads((RECORDED / "structured.json").read_text(encoding="utf-8"))
    turns = count()

    def answer(asked: Json) -> Json:
        turn = next(turns)
        named = re.search(r"\{(\d), (\d)\}", asked["messages"][-1]["content"])
        assert named
        (choice,) = recorded["choices"]
        content = json.dumps({"outcome": named[2 if turn % 10 == 9 else 1]}, indent=2)
        message = {**choice["message"], "content": content}
        return {**recorded, "id": f"chatcmpl-{turn}", "choices": [{**choice, "message": message}]}

    with _serving(listed, answer) as address:
        yield address


@contextmanager
def _serving(listed: Json, answer: Callable[[Json], Json]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(listed if self.path == "/v1/models" else None)

        def do_POST(self) -> None:
            self._send(answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def _send(self, shape: object) -> None:
            body = json.dumps(shape).encode()
            self.send_response(404 if shape is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
