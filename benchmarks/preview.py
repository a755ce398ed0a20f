"""From a saved file to the screen: `flipsite serve` at 240 models, beside a full build of the same site.

A real preview in a process of its own, a real browser on its page. *Screen* is the time from the file being
saved to the new text being on the open page, and holds the moment for which the preview waits that no more
is saved. *Full* is `flipsite build` into an empty folder. Both are measured in turn, so that a busy machine
slows both: the ratio is what to compare.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from flipsite.project import find_project, packaged
from flipsite.store.imports.columns import parse_options
from flipsite.workflows.import_export import import_draws

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
STORY, TEMPLATE, STYLE = "content/story.md", "templates/story.html", "templates/static/flipsite.css"


def main() -> None:
    """Print a row an edit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=240)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="flipsite-preview-"))
    try:
        make_project(folder, n_models=options.models, n_draws=options.draws)
        with serving(folder) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_page()
            page.goto(address)
            print(f"{options.models} models, {options.draws} draws each; median of {options.times}\n")
            print("| saved | screen | full | screen / full |\n|---|---|---|---|")
            for edited in (STORY, TEMPLATE, STYLE):
                pairs = [(shown(page, folder, edited, n), full(folder)) for n in range(options.times)]
                screen, whole = (statistics.median(times) for times in zip(*pairs, strict=True))
                print(f"| {edited} | {screen:.2f} s | {whole:.2f} s | {screen / whole:.2f} |", flush=True)
            browser.close()
    finally:
        shutil.rmtree(folder)


def make_project(folder: Path, *, n_models: int, n_draws: int) -> None:
    """A study of coins from fair to biased, the packaged story, and templates to change."""
    (folder / "content/studies").mkdir(parents=True)
    lines = (
        json.dumps({"model": f"maker-{n % 12}/model-{n:03d}", "outcome": int(draw * n_models < n * n_draws)})
        for n in range(n_models)
        for draw in range(n_draws)
    )
    (folder / "draws.jsonl").write_text("\n".join(lines), encoding="utf-8")
    import_draws(find_project(folder), "many", folder / "draws.jsonl", options=parse_options((), (), None))
    (folder / STORY).write_text("# Coins\n\nBegin.\n", encoding="utf-8")
    for name in (TEMPLATE, STYLE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(packaged("templates") / name.removeprefix("templates/"), folder / name)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A preview of the project; yields its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flipsite", "serve", "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    with process.stdout:
        yield next(filter(None, (re.search(r"http://\S+/", line) for line in process.stdout)))[0]
        process.send_signal(signal.SIGINT)
        process.wait(30)


def shown(page: Page, folder: Path, edited: str, number: int) -> float:
    """Seconds from saving the file to seeing what is new on the open page."""
    path, mark = folder / edited, f"{Path(edited).suffix[1:]}-{number}"
    text = path.read_text(encoding="utf-8")
    if edited == STYLE:
        text += f'\n:root {{ --edited: "{mark}"; }}\n'
        seen = (
            "mark => getComputedStyle(document.documentElement).getPropertyValue('--edited').includes(mark)"
        )
    elif edited == TEMPLATE:
        text = text.replace("{% block main %}", f"{{% block main %}}\n<p>{mark}</p>", 1)
        seen = "mark => document.body.innerText.includes(mark)"
    else:
        text += f"\n{mark}\n"
        seen = "mark => document.body.innerText.includes(mark)"
    began = time.perf_counter()
    path.write_text(text, encoding="utf-8")
    page.wait_for_function(seen, arg=mark, timeout=120_000)
    return time.perf_counter() - began


def full(folder: Path) -> float:
    """Seconds that the command takes into an empty folder."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "flipsite", "build", "-o", str(folder / "full")]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own command
    seconds = time.perf_counter() - began
    shutil.rmtree(folder / "full")
    return seconds


if __name__ == "__main__":
    main()
