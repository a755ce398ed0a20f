"""A server of local models as Ollama and vLLM are: names without authors, no prices, no key."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

MODELS = ("llama3.2:1b", "qwen2.5:0.5b")


@contextmanager
def local_models() -> Iterator[str]:
    """Serve them on loopback until the block ends; yields the address that `--api-base` takes."""
    turns = count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            known = [{"id": name, "object": "model", "created": 1, "owned_by": "library"} for name in MODELS]
            self._answer({"object": "list", "data": known} if self.path == "/v1/models" else None)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = f"Explanations: a coin.\nOutput: {next(turns) % 2}"
            choice = {
                "index": 0,
                "message": {"role": "assistant", "content": said},
                "finish_reason": "stop",
            }
            self._answer(
                {
                    "id": "chatcmpl-1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": asked["model"],
                    "choices": [choice],
                    "usage": {"prompt_tokens": 200, "completion_tokens": 9, "total_tokens": 209},
                }
            )

        def _answer(self, shape: object) -> None:
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
