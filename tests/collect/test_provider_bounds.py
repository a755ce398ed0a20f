"""A provider that says it is too much, over loopback HTTP: its models share a bound, others do not."""

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.collect.collecting_runs import STUDY, budget, draws_of, project_of, watcher
from tests.collect.dialect_server import PRICED

from flipsite.collect.scheduler import MOST_A_MODEL
from flipsite.domain.study import Kind, Sampling
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import RunRequest

PROVIDERS = {"a/one": "Busy", "a/two": "Busy", "b/calm": "Idle"}
N_AT_ONCE = MOST_A_MODEL
FIRST = range(2, 2 + N_AT_ONCE)  # a model's very first request goes alone
NEXT = range(FIRST.stop, FIRST.stop + N_AT_ONCE)
N_DRAWS = 1 + 3 * N_AT_ONCE


@dataclass
class Crowd:
    """Requests in flight by provider, the most there were, and those that were refused.

    FIRST of each model meet before one is answered; then Busy refuses all of its own once. `most` is of the
    requests after these.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    met: threading.Barrier = field(default_factory=lambda: threading.Barrier(N_AT_ONCE * len(PROVIDERS)))
    met_again: threading.Barrier = field(default_factory=lambda: threading.Barrier(N_AT_ONCE))
    asked: Counter[str] = field(default_factory=Counter)
    in_flight: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    n_refused: int = 0

    def answer(self, model: str) -> tuple[int, dict[str, Any]]:
        """The status and the body of an answer, when it may be given."""
        provider = PROVIDERS[model]
        with self.lock:
            self.asked[model] += 1
            number = self.asked[model]
            self.in_flight[provider] += 1
            if number >= NEXT.start:
                self.most[provider] = max(self.most[provider], self.in_flight[provider])
        if number in FIRST:
            self.met.wait(20)
        elif provider == "Idle" and number in NEXT:
            self.met_again.wait(20)  # so many are in flight at once, whatever Busy has said
        refuses = provider == "Busy" and number in FIRST
        with self.lock:
            self.in_flight[provider] -= 1
            self.n_refused += refuses
        if refuses:
            said = {"provider_name": provider, "raw": "slow down"}
            return 429, {"error": {"code": 429, "message": "Provider returned error", "metadata": said}}
        choice = {
            "message": {"role": "assistant", "content": f"Output: {number % 2}"},
            "finish_reason": "stop",
        }
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "cost": 0.0001}
        return 200, {"id": f"{model}-{number}", "choices": [choice], "usage": usage, "provider": provider}


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server with the three models; its address and its counts."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "any-word-will-do")
    found = Crowd()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            listed = [{"id": model, "object": "model", **PRICED} for model in PROVIDERS]
            known = self.path.endswith("/models")
            self.send(200 if known else 404, {"object": "list", "data": listed} if known else {"error": {}})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send(*found.answer(asked["model"]))

        def send(self, status: int, body: dict[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            if status == 429:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(raw)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1", found
    server.shutdown()
    server.server_close()


def test_a_provider_is_asked_less_and_the_others_as_before(tmp_path: Path, crowd: tuple[str, Crowd]) -> None:
    """All in flight at Busy are refused: its models share half from there on; Idle has as many as before."""
    address, seen = crowd
    project = project_of(tmp_path, kind=Kind.MEASURED, budget=budget(5.0), sampling=Sampling(draws=N_DRAWS))
    order = RunRequest(study_id=STUDY, api_base=address, concurrency=N_AT_ONCE * len(PROVIDERS))
    report = collect(project, order, watcher())
    assert report is not None
    draws = draws_of(project)
    assert (len(draws), int((draws.outcome >= 0).sum())) == (3 * N_DRAWS, 3 * N_DRAWS)
    assert seen.n_refused == 2 * N_AT_ONCE
    assert seen.most["Busy"] < 2 * N_AT_ONCE
    assert seen.most["Idle"] == N_AT_ONCE
