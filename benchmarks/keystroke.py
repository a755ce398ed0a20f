"""How long a keystroke in the search of a leaderboard of 10,000 models takes.

Two clocks, for the machine may be busy. *Frame*: from the input event to the end of the next frame, in which
the answer is painted (the Event Timing API's duration, in steps of 8 ms; under 16 nothing is told): what a
reader feels. *Work*: processor time that the page's main thread spent from the keystroke to the end of that
frame (DevTools' `TaskDuration` in `threadTicks`): what another process cannot lengthen. *After*: the same for
the rows that follow when the browser is idle, a slice at a time, in which a keystroke may come. The first
keystrokes count like all others.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from flipsite.analyse.estimates import estimates
from flipsite.analyse.ranking.ranks import estimate_ranks
from flipsite.analyse.report import StudyReport
from flipsite.domain.draws import Tally
from flipsite.domain.money import usd
from flipsite.domain.study import Kind
from flipsite.present.leaderboard.board import board
from flipsite.present.leaderboard.page import leaderboard_page
from flipsite.present.pages.page import Frame, static_files
from flipsite.present.pages.templates import environment, render
from flipsite.project import packaged
from flipsite.settings import load_study

STUDY = "many"
TYPED = ("gemma", "maker-1", "instruct 7", "no such model", "42")
"""Words that are typed and taken back, letter by letter: many rows, few, none."""

WATCH = """() => {
    window.frames_ms = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            if (["keydown", "input", "click"].includes(entry.name)) frames_ms.push(entry.duration);
        }
    }).observe({ type: "event", durationThreshold: 16 });
}"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


def many_models(n_models: int) -> StudyReport:
    """A measured study of so many models, with names and counts such as a catalogue has."""
    rng = np.random.default_rng(2025)
    makers = [f"maker-{i}" for i in range(max(1, n_models // 8))]
    kinds = ("llama-3.1-70b-instruct", "gemma-2-9b-it", "mixtral-8x7b", "qwen-2.5-coder-32b")
    tallies = [
        Tally(
            model=f"{makers[i % len(makers)]}/{kinds[i % len(kinds)]}-{i:04d}",
            n_draws=50,
            n_valid=int(valid),
            n_ones=int(rng.binomial(valid, rng.beta(2, 2))),
            cost_usd=int(rng.integers(1, 9000)) * usd(1e-5),
        )
        for i, valid in enumerate(rng.integers(44, 51, n_models))
    ]
    settings = load_study(packaged("content") / "studies" / "article-2025")
    study = replace(settings, id=STUDY, title="Many models", kind=Kind.MEASURED)
    rank_estimates = estimate_ranks(tallies, target=study.prompt.target)
    return StudyReport(
        study=study,
        estimates=estimates(study, tallies, rank_estimates=rank_estimates),
        tallies=tuple(tallies),
        rank_estimates={place.model: place for place in rank_estimates},
    )


def write_board(report: StudyReport, folder: Path) -> Path:
    """Write the leaderboard's page, as a build writes it, with what it loads; return its path."""
    templates = packaged("templates")
    static = static_files([templates])
    page = leaderboard_page(report, {}, board(report))
    frame = Frame(
        version="0",
        base_url=None,
        studies=(report.study,),
        assets={name: path for name, (path, _) in static.items()},
        bundle="assets/vega.js",
        nav=(),
        foot=(),
        tabs={STUDY: ()},
    )
    html = render(environment([templates]), page.template, site=frame, page=page, **page.context)
    for path, content in {page.path: html.encode(), **page.attached, **dict(static.values())}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder / page.path


@contextmanager
def working(page: Page) -> Iterator[Callable[[], float]]:
    """A clock of the main thread's processor time: each call gives the milliseconds since the last."""
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def total() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return 1000 * float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    last = total()

    def lap() -> float:
        nonlocal last
        before, last = last, total()
        return last - before

    yield lap
    session.detach()


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Milliseconds of each answer, an entry an answer; `frames` only has those of 16 and more."""

    work: list[float]
    after: list[float]
    frames: list[float]


def measured(page: Page, acts: Iterable[Callable[[], None]], *, pause_ms: float = 400) -> Times:
    """Do one thing after the other on the page and time the answers."""
    page.evaluate(WATCH)
    work, after = [], []
    with working(page) as lap:
        for act in acts:
            act()
            page.evaluate(PAINTED)
            work.append(lap())
            page.wait_for_timeout(pause_ms)
            after.append(lap())
    return Times(work=work, after=after, frames=page.evaluate("() => frames_ms"))


def keystrokes(page: Page, typed: Sequence[str] = TYPED, *, pause_ms: float = 400) -> Times:
    """Type each word into the search and take it back, letter by letter."""
    page.locator(".controls input[type=search]").focus()
    keys = [key for word in typed for key in (*word, *["Backspace"] * len(word))]
    return measured(
        page,
        [partial(page.keyboard.press, "Space" if key == " " else key) for key in keys],
        pause_ms=pause_ms,
    )


def sorts(page: Page, *, pause_ms: float = 400) -> Times:
    """Sort by each column, both ways; the first click fetches the numbers."""
    buttons = page.locator(".whole thead button").all()
    return measured(
        page, [partial(button.press, "Enter") for button in buttons for _ in range(2)], pause_ms=pause_ms
    )


def line(what: str, times_ms: Sequence[float]) -> str:
    """Median, 95th percentile and maximum of some times."""
    if not times_ms:
        return f"| {what} | 0 | under 16 | | |"
    middle, high, most = np.percentile(times_ms, (50, 95, 100))
    return f"| {what} | {len(times_ms)} | {middle:.0f} | {high:.0f} | {most:.0f} |"


def main() -> None:
    """Print a table of times in milliseconds; exit with 1 where a keystroke works for 100 ms or longer."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--models", type=int, default=10_000)
    options.add_argument("--browser", default="/usr/bin/chromium")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        board = write_board(many_models(asked.models), Path(folder) / "site")
        browser: Browser = playwright.chromium.launch(executable_path=asked.browser, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(board.as_uri())
        page.wait_for_selector(".board.linked")
        print(f"{asked.models} models, {board.stat().st_size / 1e6:.1f} MB, Chromium {browser.version}; ms")
        print("| what | n | p50 | p95 | max |\n|---|---|---|---|---|")
        typed = keystrokes(page)
        for what, times in (("keystroke", typed), ("sort", sorts(page))):
            print(line(f"{what}: frame", times.frames), line(f"{what}: work", times.work), sep="\n")
            print(line(f"{what}: after", times.after))
        browser.close()
    sys.exit(max(typed.work) >= 100)


if __name__ == "__main__":
    main()
