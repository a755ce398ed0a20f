"""Load: many models and draws over real loopback HTTP, and a large site crawled.

`make load` runs it: 500 models × 200 draws with 256 in flight, then 24,000 pages through the preview's
server. Counts and spend must be exact, memory flat, and no descriptor left over.
"""

import argparse
import http.client
import multiprocessing
import os
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from posixpath import join, normpath

from collect import ANSWER_USD, project_of, serve
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import RunReport, RunRequest, Watcher
from flipsite.write.serve.livereload import Broadcast, State
from flipsite.write.serve.server import PreviewServer
from flipsite.write.site.replace import replace_site

MB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The figures of a run of the collector, by its own books and by the server's.

    Attributes:
        n_valid: Draws by the report.
        n_stored: Draws in the snapshot.
        n_asked: Completions the server was asked for.
        spent_pico: By the report, in picodollars.
        billed_pico: By the server.
        grown_bytes: Resident memory in the last quarter beyond that in the second, medians.
        n_open: Descriptors after the run beyond those before it.
        most_open: Descriptors at once.
        seconds: From the yes to the snapshot.
    """

    n_valid: int
    n_stored: int
    n_asked: int
    spent_pico: int
    billed_pico: int
    grown_bytes: float
    n_open: int
    most_open: int
    seconds: float


def main() -> None:
    """Measure both, print, and stop at the first that is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--latency", type=float, default=0.3, metavar="S")
    parser.add_argument("--pages", type=int, default=24_000)
    options = parser.parse_args()
    loaded = load(options.models, options.draws, concurrency=options.concurrency, latency_s=options.latency)
    print(loaded)
    check(loaded, options.models * options.draws)
    print(f"{crawl(options.pages)} pages crawled")


def check(loaded: Loaded, n_draws: int) -> None:
    """Stop unless every count is exact and nothing is left over."""
    assert loaded.n_valid == loaded.n_stored == loaded.n_asked == n_draws, loaded
    assert loaded.spent_pico == loaded.billed_pico, loaded
    assert loaded.n_open <= 0, loaded
    assert loaded.grown_bytes < 32 * MB, loaded


def load(n_models: int, n_draws: int, *, concurrency: int, latency_s: float) -> Loaded:
    """Collect from a server in another process, watching this one's memory and descriptors."""
    with tempfile.TemporaryDirectory() as root, endpoint(n_models, latency_s) as (base, books):
        project = project_of(Path(root), n_draws)
        before = _n_open()
        seen: list[tuple[int, int]] = []
        watcher = Watcher(
            created=lambda _: None,
            agree=lambda _: True,
            look=lambda _: seen.append((_rss(), _n_open())),
        )
        began = time.monotonic()
        report = collect(
            project, RunRequest(study_id="bench", concurrency=concurrency, api_base=base), watcher
        )
        seconds = time.monotonic() - began
        assert isinstance(report, RunReport)
        n_asked = books()
        memory = [rss for rss, _ in seen]
        quarter = len(memory) // 4
        early, late = memory[quarter : 2 * quarter], memory[-quarter:]
        return Loaded(
            n_valid=report.progress.n_valid,
            n_stored=len(read_draws(project.studies / "bench" / "draws.parquet")),
            n_asked=n_asked,
            spent_pico=report.spent_usd.whole_pico,
            billed_pico=n_asked * round(ANSWER_USD * 1e12),
            grown_bytes=statistics.median(late) - statistics.median(early),
            n_open=_n_open() - before,
            most_open=max(n_open for _, n_open in seen),
            seconds=seconds,
        )


def crawl(n_pages: int, *, visitors: int = 8) -> int:
    """Serve a site of so many pages and follow every link of it; returns how many pages were read."""
    with tempfile.TemporaryDirectory() as root:
        site = Path(root) / "site"
        replace_site(_pages(n_pages), site, version="1", inputs={})
        server = PreviewServer(("127.0.0.1", 0), site=site, broadcast=Broadcast(State(version="v1")))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        before, n_open = _rss(), _n_open()
        waiting, found = ["index.html"], {"index.html"}
        lock, faults = threading.Lock(), list[str]()
        crawlers = [
            threading.Thread(target=_crawl, args=(server.server_port, waiting, found, lock, faults))
            for _ in range(visitors)
        ]
        for crawler in crawlers:
            crawler.start()
        for crawler in crawlers:
            crawler.join()
        server.shutdown()
        server.server_close()
        assert faults == [], faults[:5]
        assert _rss() - before < 64 * MB
        time.sleep(0.5)  # the server's threads see that their visitors have gone
        assert _n_open() <= n_open
        return len(found)


def _crawl(port: int, waiting: list[str], found: set[str], lock: threading.Lock, faults: list[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    idle = 0
    while idle < 200:
        with lock:
            path = waiting.pop() if waiting else None
        if path is None:
            idle += 1
            time.sleep(0.005)
            continue
        idle = 0
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        body = answer.read().decode()
        with lock:
            if answer.status != 200:
                faults.append(f"{path}: {answer.status}")
            for link in re.findall(r'<a href="([^"]*)"', body):
                target = normpath(join(path.rpartition("/")[0], link))
                if target not in found:
                    found.add(target)
                    waiting.append(target)
    connection.close()


def _pages(n_pages: int) -> dict[str, bytes]:
    """A page for each number, a hundred in a folder, each linked from the one before its folder."""
    paths = ["index.html", *(f"s/{n // 100}/{n}/index.html" for n in range(1, n_pages))]
    pages: dict[str, list[str]] = {path: [] for path in paths}
    for n, path in enumerate(paths[1:], start=1):
        up = "" if (n - 1) // 10 == 0 else "../../../"
        pages[paths[(n - 1) // 10]].append(up + path)
    return {
        path: f"<!doctype html><title>x</title>{''.join(map(_link, links))}".encode()
        for path, links in pages.items()
    }


def _link(address: str) -> str:
    return f'<a href="{address}">x</a>'


@contextmanager
def endpoint(n_models: int, latency_s: float) -> Iterator[tuple[str, "_Books"]]:
    """A bare server in a process of its own; its address, and how to ask how often it was asked."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(theirs, n_models, latency_s), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{mine.recv()}/api/v1", _Books(mine)
    finally:
        process.terminate()
        process.join()


class _Books:
    """Asks the server how many completions it was asked for."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __call__(self) -> int:
        self._pipe.send(None)
        return int(self._pipe.recv())


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _n_open() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (no Path for each)


if __name__ == "__main__":
    main()
