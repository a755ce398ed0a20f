"""How near the collector comes to concurrency ÷ latency, with every answer durable before it counts.

A bare server answers each request after 300 ms from a process of its own; the real collector asks it, with
its cache on disk. Run: `python benchmarks/collect.py [--folder FOLDER]`. Prints the share of the ideal at 64
and 256 in flight, and the time on the processor for each draw, from the yes to the last answer.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from flipsite.domain.money import usd
from flipsite.domain.study import Budget, Sampling
from flipsite.project import Project
from flipsite.settings import default_study, dump_study
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import RunQuote, RunReport, RunRequest, Watcher

LATENCY_S = 0.3
GOALS = {64: 0.93, 256: 0.88}
ANSWER_USD = 0.000031

ROUNDS = 40
"""Answers for each place on the wire; the run's beginning and end weigh a round or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run: its share of the ideal from the yes to the last answer, and in its middle eight tenths."""

    share: float
    sustained: float
    rate: float
    cpu_ms: float


def main() -> None:
    """Measure each concurrency a few times, and print the median with its spread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the caches are written; a disk, not tmpfs")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    sys.stdout.write("in flight  share of ideal (min to max)  goal  sustained  draws/s  CPU ms/draw\n")
    for concurrency, goal in GOALS.items():
        runs = [measure(concurrency, folder=options.folder) for _ in range(options.runs)]
        shares = [run.share for run in runs]
        sys.stdout.write(
            f"{concurrency:9}  {statistics.median(shares):.3f} ({min(shares):.3f} to {max(shares):.3f})"
            f"         {goal:.2f}  {statistics.median(run.sustained for run in runs):9.3f}"
            f"  {statistics.median(run.rate for run in runs):7.1f}"
            f"  {statistics.median(run.cpu_ms for run in runs):.2f}\n"
        )


def measure(concurrency: int, *, folder: Path | None = None) -> Measured:
    """Collect once, in a new project."""
    n_models = concurrency + concurrency // 4
    n_draws = ROUNDS * concurrency // n_models
    mine, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, n_models), daemon=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory(dir=folder) as root:
            project = project_of(Path(root), n_draws)
            order = RunRequest(
                study_id="bench", concurrency=concurrency, api_base=f"http://127.0.0.1:{mine.recv()}/api/v1"
            )
            return _timed(project, order, n_models * n_draws)
    finally:
        server.terminate()
        server.join()


def serve(pipe: Connection, n_models: int, latency_s: float = LATENCY_S) -> None:
    """A bare HTTP server: no framework, so that what is measured is the collector.

    Sends its port; then, for each message, how many completions it was asked for.
    """
    n_asked = 0
    models = [_entry(f"bench/model-{place:04d}") for place in range(n_models)]
    catalogue = _http(json.dumps({"data": models}).encode())
    answer = _http(_answer())

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            self.buffer = b""

        def data_received(self, data: bytes) -> None:
            nonlocal n_asked
            self.buffer += data
            head, mark, rest = self.buffer.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0) if mark else 0
            if not mark or len(rest) < length:
                return
            self.buffer = rest[length:]
            if head.startswith(b"POST"):
                n_asked += 1
                loop.call_later(latency_s, self.reply, answer)
            else:
                self.reply(catalogue)

        def reply(self, whole: bytes) -> None:
            if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
                self.transport.write(whole)

    def tell() -> None:
        pipe.recv()
        pipe.send(n_asked)

    async def run() -> None:
        server = await loop.create_server(Answering, "127.0.0.1", 0, backlog=2048)
        loop.add_reader(pipe.fileno(), tell)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(run())


def _timed(project: Project, order: RunRequest, n_draws: int) -> Measured:
    seen: list[tuple[float, float, int]] = []

    def note(n_done: int) -> None:
        seen.append((time.perf_counter(), time.process_time(), n_done))

    def agree(_: RunQuote) -> bool:
        note(0)
        return True

    watcher = Watcher(created=lambda _: None, agree=agree, look=lambda look: note(look.progress.n_done))
    report = collect(project, order, watcher)
    if not isinstance(report, RunReport) or report.progress.n_valid != n_draws:
        raise SystemExit(f"not every draw was valid: {report}")
    ideal = order.concurrency / LATENCY_S
    rate = _rate(seen)
    middle = [moment for moment in seen if 0.1 * n_draws <= moment[2] <= 0.9 * n_draws]
    cpu_ms = 1000 * (seen[-1][1] - seen[0][1]) / n_draws
    return Measured(share=rate / ideal, sustained=_rate(middle) / ideal, rate=rate, cpu_ms=cpu_ms)


def _rate(seen: list[tuple[float, float, int]]) -> float:
    """Draws a second from the first moment to the last."""
    return (seen[-1][2] - seen[0][2]) / (seen[-1][0] - seen[0][0])


def project_of(root: Path, n_draws: int) -> Project:
    """A project with one study of so many draws a model."""
    folder = root / "content" / "studies" / "bench"
    folder.mkdir(parents=True)
    study = replace(
        default_study("bench"), sampling=Sampling(draws=n_draws), budget=Budget(total_usd=usd(1000.0))
    )
    (folder / "study.toml").write_text(dump_study(study), encoding="utf-8")
    return Project(root=root, content=root / "content", templates=(), site=root / "site", packaged=False)


def _entry(name: str) -> dict[str, object]:
    return {
        "id": name,
        "name": name,
        "created": 1_757_289_600,
        "context_length": 8192,
        "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.0000001", "completion": "0.0000004"},
        "supported_parameters": ["max_tokens", "temperature"],
    }


def _answer() -> bytes:
    content = "Explanations: I flip a coin in my mind and see it land.\nOutput: 1"
    return json.dumps(
        {
            "id": "gen-1757289600-bench",
            "provider": "Bench",
            "model": "bench/model",
            "object": "chat.completion",
            "created": 1_757_289_600,
            "choices": [
                {
                    "index": 0,
                    "logprobs": None,
                    "finish_reason": "stop",
                    "native_finish_reason": "stop",
                    "message": {"role": "assistant", "content": content, "refusal": None, "reasoning": None},
                }
            ],
            "usage": {"prompt_tokens": 220, "completion_tokens": 20, "total_tokens": 240, "cost": ANSWER_USD},
        }
    ).encode()


def _http(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


if __name__ == "__main__":
    main()
