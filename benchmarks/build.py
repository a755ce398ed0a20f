"""`flipsite build` beside Hugo, Eleventy, Pelican and Jinja alone, in one run: ratios with their spread.

The peers make a page a model, a leaderboard of all and a narrative, twice. *The same pages*: each of the
parts and weight of ours (figures, coins, the running mean, the strip, fifty answers, the neighbours), from
numbers, texts and paths that are taken out of a site built beforehand. *Bare pages*: a sentence, a table of
twelve facts, the data of a chart, the draws. They work out no statistics, and make no charts of all models,
downloads, search or embeds; flipsite starts at its snapshot of draws and makes the whole site. Every build
is a process of its own that writes a new folder on a file system in memory, and no build finds anything
kept by an earlier one; the tools take turns, so that a busy machine slows all, and each ratio is of two
builds of one turn.
"""

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from peer_parts import board_of, model_parts

PEERS = Path(__file__).parent / "peers"
SAME, BARE = "whole pages", "bare pages"
PAGES = {SAME: "whole", BARE: "bare"}
FEW_DRAWS = 10
"""Draws that two models are short of the others, to get them one by one: no study grows past a limit."""
TOOLS = Path(__file__).parents[1] / "build" / "tools" / "peers"
N_DRAWS = 50


@dataclass(frozen=True)
class Run:
    """One process: seconds on the clock, seconds of processor, and MiB of its largest process."""

    wall: float
    cpu: float
    peak: float


def main() -> None:
    """Print a table of full builds a size, one of builds after a change, and one of starts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, nargs="+", default=[240, 2400, 10_000])
    parser.add_argument("--turns", type=int, help="5, and 2 of more than 5,000 models")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--check", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.check:
        check(*options.check)
        return
    if options.make:
        make_project(options.make, *options.models)
        return
    memory = Path("/dev/shm")  # noqa: S108 - Linux's file system in memory; elsewhere the usual place
    folder = Path(tempfile.mkdtemp(prefix="flipsite-build-", dir=memory if memory.is_dir() else None))
    try:
        for n_models in options.models:
            project = folder / str(n_models)
            # In a process of its own, as all that holds much: what this one holds counts as its children's.
            run([sys.executable, __file__, "--make", project, "--models", str(n_models)], folder)
            turns = options.turns or (5 if n_models <= 5_000 else 2)
            compare(project, turns=turns)
            rebuild(project, turns=turns)
            shutil.rmtree(project)
        start_up(turns=20)
    finally:
        shutil.rmtree(folder)


def make_project(folder: Path, n_models: int) -> None:
    """A measured study of so many models, fair to biased, and the same as data for the peers."""
    from flipsite.project import find_project
    from flipsite.store.imports.columns import parse_options
    from flipsite.workflows.import_export import import_draws

    chance = random.Random(7)
    (folder / "content/studies").mkdir(parents=True)
    lines = folder / "draws.jsonl"
    with lines.open("w", encoding="utf-8") as file:
        for number in range(n_models):
            p = min(1, max(0, chance.gauss(0.5, 0.3))) if number else 1
            maker = chance.randrange(n_models // 8 + 2) if number > 1 else 0
            for draw in range(N_DRAWS if number > 1 else N_DRAWS - FEW_DRAWS):
                file.write(_draw_line(f"maker-{maker:04d}/model-{number:05d}", draw, chance.random() < p))
    import_draws(find_project(folder), "many", lines, options=parse_options((), (), None))
    lines.unlink()
    (folder / "content/story.md").write_text(_story(), encoding="utf-8")
    run([sys.executable, "-m", "flipsite", "build"], folder)  # what the peers show is taken out of it
    data = peers_data(folder)
    shutil.rmtree(folder / "site")
    for name in PAGES.values():
        peers = folder / "peers" / name
        shutil.copytree(PEERS / name, peers)
        (peers / "data.json").write_text(json.dumps(data[name]), encoding="utf-8")
        (peers / "hugo/assets").mkdir()
        shutil.copy(peers / "data.json", peers / "hugo/assets/data.json")
        (peers / "hugo/content/_index.md").write_text(_story(), encoding="utf-8")
        if (TOOLS / "node_modules").exists():
            (peers / "eleventy/node_modules").symlink_to(TOOLS / "node_modules")
            (peers / "eleventy/input/index.md").write_text(
                f"---\nlayout: base.njk\ntitle: Story\n---\n{_story()}", encoding="utf-8"
            )
    shutil.copytree(PEERS / "bare/jinja", folder / "peers/bare/pelican/templates")  # Pelican's are Jinja's


def _draw_line(model: str, draw: int, one: bool) -> str:
    row = {
        "model": model,
        "draw": draw,
        "outcome": int(one),
        "response": f"Output: {'heads' if one else 'tails'}",
        "prompt_tokens": 40,
        "completion_tokens": 5,
        "cost_usd": 0.000012,
    }
    return json.dumps(row) + "\n"


def peers_data(project: Path) -> dict[str, dict[str, object]]:
    """The contents of the pages, computed, by the kind of page."""
    from flipsite.domain.money import dollars
    from flipsite.domain.urls import model_page
    from flipsite.present.text.verdicts import verdict_sentence
    from flipsite.workflows.load import load_report

    report, site = load_report(project / "content/studies/many"), project / "site"
    assert report.draws is not None
    names = [record.model for record in report.estimates]
    slugs = {name: name.replace("/", "-") for name in names}
    index = {model: place for place, model in enumerate(report.draws.models)}

    def neighbour(place: int) -> dict[str, str] | None:
        return {"name": names[place], "slug": slugs[names[place]]} if 0 <= place < len(names) else None

    models, wholes = [], []
    for place, record in enumerate(report.estimates):
        outcomes = report.draws.outcome[report.draws.rows(index[record.model])].tolist()
        facts = {
            "bias": record.bias,
            "share": record.mean,
            "low": record.mean_low,
            "high": record.mean_high,
            "ones": record.ones,
            "valid": record.valid,
            "draws": record.draws,
            "p": record.p_value,
            "q": record.q_value,
            "verdict": record.verdict.value,
            "rank": record.rank,
            "cost": dollars(record.cost_usd),
        }
        model = {
            "name": record.model,
            "slug": slugs[record.model],
            "sentence": verdict_sentence(report.study, record, None),
            "before": neighbour(place - 1),
            "after": neighbour(place + 1),
        }
        models.append(
            {
                **model,
                "facts": [
                    {"label": label, "value": f"{value:.4g}" if isinstance(value, float) else str(value)}
                    for label, value in facts.items()
                ],
                "chart": json.dumps({"mark": "line", "data": {"values": outcomes}, "width": 400}),
                "draws": [
                    {"side": "heads" if one else "tails", "text": f"Output: {'heads' if one else 'tails'}"}
                    for one in outcomes
                ],
            }
        )
        html = (site / model_page("many", record.model)).read_text(encoding="utf-8")
        wholes.append({**model, **model_parts(html)})
    board = board_of(site / "many/leaderboard/index.html")
    return {
        PAGES[BARE]: {"models": models, "story": _story()},
        PAGES[SAME]: {"models": wholes, "story": _story(), "board": board},
    }


def flipsite(project: Path, *extra: str) -> Callable[[Path], Run]:
    """Our build of the whole site into a new folder, with nothing kept of an earlier one."""
    command: list[str | Path] = [sys.executable, "-m", "flipsite", "build", "--force", *extra, "-o"]
    return lambda out: run([*command, out], project)


def peers(project: Path, pages: str) -> Mapping[str, Callable[[Path], Run]]:
    """Commands that build such pages into a new folder, by the name of the tool; those installed."""
    folder = project / "peers" / PAGES[pages]
    data = {"PEER_DATA": str(folder / "data.json")}
    alone: list[str | Path] = [
        sys.executable,
        PEERS / "render_jinja.py",
        folder / "jinja",
        folder / "data.json",
    ]
    found: dict[str, Callable[[Path], Run]] = {"Jinja alone": lambda out: run([*alone, out], folder)}
    if (hugo := TOOLS / "bin/hugo").exists():
        command: list[str | Path] = [
            hugo,
            "--source",
            folder / "hugo",
            "--quiet",
            "--noBuildLock",
            "--destination",
        ]
        found["Hugo"] = lambda out: run([*command, out], folder)
    if (pelican := TOOLS / "bin/pelican").exists() and (folder / "pelican").exists():
        call: list[str | Path] = [pelican, "-s", "pelicanconf.py", "--quiet", "-o"]
        found["Pelican"] = lambda out: run([*call, out], folder / "pelican", data)
    if (eleventy := TOOLS / "node_modules/.bin/eleventy").exists():
        found["Eleventy"] = lambda out: run(
            [eleventy, "--quiet", f"--output={out}"], folder / "eleventy", data
        )
    return found


def compare(project: Path, *, turns: int) -> None:
    """Full builds, side by side: ours, and each peer's of either kind of pages."""
    ours = {"flipsite": flipsite(project), "flipsite, one process": flipsite(project, "--jobs", "1")}
    tools = {("", name): build for name, build in ours.items()}
    tools |= {(pages, name): build for pages in PAGES for name, build in peers(project, pages).items()}
    runs: dict[tuple[str, str], list[Run]] = {tool: [] for tool in tools}
    sizes: dict[tuple[str, str], float] = {}
    out = project / "out"
    for turn in range(turns + 1):  # the first one warms the caches of files
        for tool, build in tools.items():
            made = build(out)
            if turn:
                runs[tool].append(made)
            else:
                sizes[tool] = _size(out)
                if tool[0]:
                    run(
                        [sys.executable, __file__, "--check", out, project / "peers" / PAGES[tool[0]]],
                        project,
                    )
            if tool[1] == "Jinja alone" and turn:
                copy = (tool[0], "a copy")
                runs.setdefault(copy, []).append(run(["cp", "-r", out, f"{out}-copy"], project))
                sizes[copy] = sizes[tool]
                shutil.rmtree(f"{out}-copy")
            shutil.rmtree(out)
    for pages in PAGES:
        print(f"\nMedian of {turns} turns, with least and most:\n")
        shown = {tool: made for tool, made in runs.items() if tool[0] in ("", pages)}
        print_table(shown, sizes, pages, n_models=int(project.name))


def print_table(
    runs: Mapping[tuple[str, str], list[Run]],
    sizes: Mapping[tuple[str, str], float],
    pages: str,
    *,
    n_models: int,
) -> None:
    """A row a tool, the fastest first, as docs/performance.md has it."""
    base = (pages, "Hugo") if (pages, "Hugo") in runs else (pages, "Jinja alone")
    print(f"| {n_models:,} models, {pages} | ÷ {base[1]} | Seconds | Of processor | Largest process | MB |")
    print("|---|---|---|---|---|---|")
    for tool, made in sorted(runs.items(), key=lambda item: statistics.median(r.wall for r in item[1])):
        ratios = [one.wall / other.wall for one, other in zip(made, runs[base], strict=True)]
        wall, cpu = (statistics.median(getattr(each, key) for each in made) for key in ("wall", "cpu"))
        peak = max(each.peak for each in made)
        row = [tool[1], _spread(ratios), f"{wall:.2f}", f"{cpu:.2f}", f"{peak:.0f} MiB"]
        print(f"| {' | '.join(row)} | {sizes[tool]:.1f} |", flush=True)


def rebuild(project: Path, *, turns: int) -> None:
    """The cost of a build after a change, as a part of a full build of the same turn."""
    whole = flipsite(project)

    def build(out: Path) -> Run:
        return run([sys.executable, "-m", "flipsite", "build", "-o", out], project)

    out, story = project / "kept", project / "content/story.md"
    template = project / "templates/story.html"
    template.parent.mkdir()
    shutil.copy(Path(__file__).parents[1] / "templates/story.html", template)
    more = project / "more.jsonl"

    def draw(turn: int, model: int, side: bool) -> None:
        number = N_DRAWS - FEW_DRAWS + turn % FEW_DRAWS
        line = _draw_line(f"maker-0000/model-{model:05d}", number, side)
        more.write_text(line, encoding="utf-8")
        run([sys.executable, "-m", "flipsite", "import", more, "--study", "many"], project)

    changes: dict[str, Callable[[int], object]] = {
        "nothing": lambda turn: None,
        "the narrative": lambda turn: story.write_text(f"{_story()}\n\nTurn {turn}.\n", encoding="utf-8"),
        "a template of one page": lambda turn: template.write_text(
            f"{template.read_text(encoding='utf-8')}<!-- {turn} -->", encoding="utf-8"
        ),
        "a draw more of one model, its rank as before": lambda turn: draw(turn, 0, True),
        "a draw more of one model, its rank another": lambda turn: draw(turn, 1, turn % 2 == 0),
    }
    found: dict[str, list[tuple[Run, Run]]] = {name: [] for name in changes}
    build(out)
    for turn in range(turns):
        full = whole(project / "full")
        shutil.rmtree(project / "full")
        for name, change in changes.items():
            change(turn)
            found[name].append((build(out), full))
    print(
        f"\n| Changed, of {int(project.name):,} models | ÷ full, clock | ÷ full, processor | Of processor |"
    )
    print("|---|---|---|---|")
    for name, pairs in found.items():
        wall = _spread([made.wall / full.wall for made, full in pairs])
        cpu = _spread([made.cpu / full.cpu for made, full in pairs])
        print(f"| {name} | {wall} | {cpu} | {statistics.median(m.cpu for m, _ in pairs):.2f} s |", flush=True)
    shutil.rmtree(out)


def start_up(*, turns: int) -> None:
    """`flipsite --help` beside a bare `import click`."""
    ratios = []
    for _ in range(turns):
        bare = run([sys.executable, "-c", "import click"], Path.cwd()).wall
        ratios.append(run([sys.executable, "-m", "flipsite", "--help"], Path.cwd()).wall / bare)
    print(f"\n`flipsite --help` ÷ `import click`: {_spread(ratios)}")


def run(command: Sequence[str | Path], folder: Path, extra: Mapping[str, str] | None = None) -> Run:
    """Run a process to its end.

    Raises:
        RuntimeError: If it fails, with what it said.
    """
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - what is compared
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(extra or {})},  # as where users run it
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{command[0]} failed: {said.read().decode('utf-8', 'replace')[-2000:]}")
    return Run(wall=wall, cpu=used.ru_utime + used.ru_stime, peak=used.ru_maxrss / 1024)


def check(out: Path, peer: Path) -> None:
    """Hold a peer to the words of the data: a page it did not make would make it fast."""
    models = json.loads((peer / "data.json").read_text(encoding="utf-8"))["models"]
    for model in (models[0], models[-1]):
        text = _words((out / f"models/{model['slug']}/index.html").read_text(encoding="utf-8"))
        values = [value for key in ("facts", "figures") for value in _values(model.get(key, []))]
        missing = [each for each in (model["name"], model["sentence"], *values) if _words(each) not in text]
        if missing or text.count("Output:") < N_DRAWS - FEW_DRAWS:
            raise RuntimeError(f"{out}: a page lacks {missing[:3]}, or draws")
    board = _words((out / "leaderboard/index.html").read_text(encoding="utf-8"))
    if not all(model["name"] in board for model in models):
        raise RuntimeError(f"{out}: the leaderboard lacks models")


def _values(data: object) -> list[str]:
    if isinstance(data, list):
        return [value for each in data for value in _values(each)]
    return [data["value"]] if isinstance(data, dict) else []


def _words(html: str) -> str:
    text = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), re.sub(r"<[^>]*>", " ", html))
    named = {"&quot;": '"', "&amp;": "&", "&rsquo;": "’", "&lt;": "<", "&gt;": ">"}
    for name, sign in named.items():
        text = text.replace(name, sign)
    return " ".join(text.split())


def _size(out: Path) -> float:
    """Megabytes."""
    return sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def _story() -> str:
    paragraph = "A fair coin that is flipped fifty times shows a bias of 0.056 on average. " * 8
    return "# Coins\n\n" + "\n\n".join(f"## Part {number}\n\n{paragraph}" for number in range(8))


if __name__ == "__main__":
    main()
