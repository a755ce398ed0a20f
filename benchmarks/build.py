"""`flipsite build` beside Hugo, Eleventy, Pelican and Jinja alone, in one run: ratios with their spread.

The peers make *bare* pages of the same study: a page a model (its sentence, a table of twelve facts, the data
of one chart, its draws), a leaderboard of all, a narrative; no statistics, pictures, downloads, search or
embeds, and what is shown is worked out for them beforehand. flipsite starts at its snapshot of draws and
makes the whole site. Every build is a process of its own that writes a new folder on a file system in memory;
the tools take turns, so that a busy machine slows all, and each ratio is of two builds of one turn.
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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
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
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make_project(options.make, *options.models)
        return
    memory = Path("/dev/shm")  # noqa: S108 - Linux's file system in memory; elsewhere the usual place
    folder = Path(tempfile.mkdtemp(prefix="flipsite-build-", dir=memory if memory.is_dir() else None))
    try:
        for n_models in options.models:
            project = folder / str(n_models)
            # In a process of its own: what this one holds would count as its children's memory.
            run([sys.executable, __file__, "--make", project, "--models", str(n_models)], folder)
            compare(project, turns=options.turns)
            rebuild(project, turns=options.turns)
            shutil.rmtree(project)
        start_up(turns=4 * options.turns)
    finally:
        shutil.rmtree(folder)


def make_project(folder: Path, n_models: int) -> None:
    """A measured study of so many models, fair to biased, and the same as data for the peers."""
    from flipsite.project import find_project
    from flipsite.store.imports.columns import parse_options
    from flipsite.workflows.transfer import import_draws

    chance = random.Random(7)
    (folder / "content/studies").mkdir(parents=True)
    lines = folder / "draws.jsonl"
    with lines.open("w", encoding="utf-8") as file:
        for number in range(n_models):
            p = min(1, max(0, chance.gauss(0.5, 0.3)))
            maker = chance.randrange(n_models // 8 + 2)
            for draw in range(N_DRAWS):
                one = chance.random() < p
                row = {
                    "model": f"maker-{maker:04d}/model-{number:05d}",
                    "draw": draw,
                    "outcome": int(one),
                    "raw": f"Output: {'heads' if one else 'tails'}",
                    "prompt_tokens": 40,
                    "completion_tokens": 5,
                    "cost_usd": 0.000012,
                }
                file.write(json.dumps(row) + "\n")
    import_draws(find_project(folder), "many", lines, options=parse_options((), (), None))
    lines.unlink()
    (folder / "content/story.md").write_text(_story(), encoding="utf-8")
    data = folder / "data.json"
    data.write_text(json.dumps(peers_data(folder / "content/studies/many")), encoding="utf-8")
    shutil.copytree(PEERS, folder / "peers")
    shutil.copytree(PEERS / "jinja", folder / "peers/pelican/templates")  # Pelican's templates are Jinja's
    (folder / "peers/hugo/assets").mkdir()
    shutil.copy(data, folder / "peers/hugo/assets/data.json")
    (folder / "peers/hugo/content/_index.md").write_text(_story(), encoding="utf-8")
    if (TOOLS / "node_modules").exists():
        (folder / "peers/eleventy/node_modules").symlink_to(TOOLS / "node_modules")
        (folder / "peers/eleventy/input/index.md").write_text(
            f"---\nlayout: base.njk\ntitle: Story\n---\n{_story()}", encoding="utf-8"
        )


def peers_data(study: Path) -> dict[str, object]:
    """What the bare pages show, worked out."""
    from flipsite.present.text.verdicts import verdict_sentence
    from flipsite.workflows.load import load_report

    report = load_report(study)
    assert report.draws is not None
    names = [record.model for record in report.estimates]
    slugs = {name: name.replace("/", "-") for name in names}
    index = {model: place for place, model in enumerate(report.draws.models)}

    def neighbour(place: int) -> dict[str, str] | None:
        return {"name": names[place], "slug": slugs[names[place]]} if 0 <= place < len(names) else None

    models = []
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
            "cost": record.cost_usd,
        }
        models.append(
            {
                "name": record.model,
                "slug": slugs[record.model],
                "sentence": verdict_sentence(report.study, record, None),
                "facts": [
                    {"label": label, "value": f"{value:.4g}" if isinstance(value, float) else str(value)}
                    for label, value in facts.items()
                ],
                "chart": json.dumps({"mark": "line", "data": {"values": outcomes}, "width": 400}),
                "draws": [
                    {"side": "heads" if one else "tails", "text": f"Output: {'heads' if one else 'tails'}"}
                    for one in outcomes
                ],
                "before": neighbour(place - 1),
                "after": neighbour(place + 1),
            }
        )
    return {"models": models, "story": _story()}


def builders(project: Path) -> Mapping[str, Callable[[Path], Run]]:
    """What builds a site into a new folder, by the tool's name; those that are installed."""
    peers, data = project / "peers", {"PEER_DATA": str(project / "data.json")}
    ours = [sys.executable, "-m", "flipsite", "build"]
    found: dict[str, Callable[[Path], Run]] = {
        "flipsite": lambda out: run([*ours, "--force", "-o", out], project),
        "flipsite, 1 process": lambda out: run([*ours, "--force", "--jobs", "1", "-o", out], project),
        "Jinja alone": lambda out: run(
            [sys.executable, peers / "jinja/build.py", project / "data.json", out], project
        ),
    }
    if (hugo := TOOLS / "bin/hugo").exists():
        found["Hugo"] = lambda out: run(
            [hugo, "--source", peers / "hugo", "--destination", out, "--quiet", "--noBuildLock"], project
        )
        found["Pelican"] = lambda out: run(
            [TOOLS / "bin/pelican", "-s", "pelicanconf.py", "-o", out, "--quiet"], peers / "pelican", data
        )
    if (eleventy := TOOLS / "node_modules/.bin/eleventy").exists():
        command = [eleventy, "--quiet"]
        found["Eleventy"] = lambda out: run([*command, f"--output={out}"], peers / "eleventy", data)
    return found


def compare(project: Path, *, turns: int) -> None:
    """Full builds, side by side."""
    tools, out = builders(project), project / "out"
    runs: dict[str, list[Run]] = {name: [] for name in [*tools, "a copy"]}
    sizes: dict[str, tuple[int, float]] = {}
    for turn in range(turns + 1):  # the first one warms the caches of files
        for name, build in tools.items():
            made = build(out)
            if turn:
                runs[name].append(made)
            else:
                sizes[name] = _size(out)
                if not name.startswith("flipsite"):
                    check(out, project)
            if name == "Jinja alone" and turn:
                runs["a copy"].append(run(["cp", "-r", out, f"{out}-copy"], project))
                shutil.rmtree(f"{out}-copy")
            shutil.rmtree(out)
    sizes["a copy"] = sizes["Jinja alone"]
    base = "Hugo" if "Hugo" in runs else "Jinja alone"
    print(f"\n{project.name} models × {N_DRAWS} draws; median of {turns} turns, with least and most\n")
    print(f"| | ÷ {base} | seconds | of processor | largest process | pages | MB |")
    print("|---|---|---|---|---|---|---|")
    for name, made in sorted(runs.items(), key=lambda item: statistics.median(r.wall for r in item[1])):
        ratios = [one.wall / other.wall for one, other in zip(made, runs[base], strict=True)]
        wall, cpu = (statistics.median(getattr(each, key) for each in made) for key in ("wall", "cpu"))
        peak, (pages, size) = max(each.peak for each in made), sizes[name]
        row = f"{name} | {_spread(ratios)} | {wall:.2f} | {cpu:.2f} | {peak:.0f} MiB | {pages:,} | {size:.1f}"
        print(f"| {row} |", flush=True)


def rebuild(project: Path, *, turns: int) -> None:
    """What a build costs after a change, as a part of a full build of the same turn."""
    whole = builders(project)["flipsite"]

    def build(out: Path) -> Run:
        return run([sys.executable, "-m", "flipsite", "build", "-o", out], project)

    out, story = project / "kept", project / "content/story.md"
    template = project / "templates/story.html"
    template.parent.mkdir()
    shutil.copy(Path(__file__).parents[1] / "templates/story.html", template)
    more = project / "more.csv"

    def draw(turn: int) -> None:
        more.write_text(f"model,outcome\nmaker-0000/another-{turn:02d},1\n", encoding="utf-8")
        run([sys.executable, "-m", "flipsite", "import", more, "--study", "many"], project)

    changes: dict[str, Callable[[int], object]] = {
        "nothing": lambda turn: None,
        "the narrative": lambda turn: story.write_text(f"{_story()}\n\nTurn {turn}.\n", encoding="utf-8"),
        "a template of one page": lambda turn: template.write_text(
            f"{template.read_text(encoding='utf-8')}<!-- {turn} -->", encoding="utf-8"
        ),
        "one model’s draws": draw,
    }
    ratios: dict[str, list[float]] = {name: [] for name in changes}
    build(out)
    for turn in range(turns):
        full = whole(project / "full").wall
        shutil.rmtree(project / "full")
        for name, change in changes.items():
            change(turn)
            ratios[name].append(build(out).wall / full)
    print("\n| changed | a build, as a part of a full one |\n|---|---|")
    for name, found in ratios.items():
        print(f"| {name} | {_spread(found)} |", flush=True)
    shutil.rmtree(out)


def start_up(*, turns: int) -> None:
    """`flipsite --help` beside a bare `import click`."""
    ratios = []
    for _ in range(turns):
        bare = run([sys.executable, "-c", "import click"], Path.cwd()).wall
        ratios.append(run([sys.executable, "-m", "flipsite", "--help"], Path.cwd()).wall / bare)
    print(f"\n`flipsite --help` ÷ `import click`: {_spread(ratios)}")


def run(command: list[str | Path], folder: Path, extra: Mapping[str, str] | None = None) -> Run:
    """Run a process to its end.

    Raises:
        RuntimeError: If it fails, with what it said.
    """
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - what is compared
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(extra or {})},
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


def check(out: Path, project: Path) -> None:
    """Hold a peer to the words of the data: a page it did not make would make it fast."""
    models = json.loads((project / "data.json").read_text(encoding="utf-8"))["models"]
    for model in (models[0], models[-1]):
        text = _words((out / f"models/{model['slug']}/index.html").read_text(encoding="utf-8"))
        wanted = [model["name"], model["sentence"], *(fact["value"] for fact in model["facts"])]
        missing = [each for each in wanted if _words(each) not in text]
        if missing or text.count("Output:") != N_DRAWS:
            raise RuntimeError(f"{out}: a page lacks {missing[:3]}, or draws")
    board = _words((out / "leaderboard/index.html").read_text(encoding="utf-8"))
    if not all(model["name"] in board for model in models):
        raise RuntimeError(f"{out}: the leaderboard lacks models")


def _words(html: str) -> str:
    text = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), re.sub(r"<[^>]*>", " ", html))
    named = {"&quot;": '"', "&amp;": "&", "&rsquo;": "’", "&lt;": "<", "&gt;": ">"}
    for name, sign in named.items():
        text = text.replace(name, sign)
    return " ".join(text.split())


def _size(out: Path) -> tuple[int, float]:
    files = [path for path in out.rglob("*") if path.is_file()]
    return sum(path.suffix == ".html" for path in files), sum(path.stat().st_size for path in files) / 1e6


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def _story() -> str:
    paragraph = "A fair coin that is flipped fifty times shows a bias of 0.056 on average. " * 8
    return "# Coins\n\n" + "\n\n".join(f"## Part {number}\n\n{paragraph}" for number in range(8))


if __name__ == "__main__":
    main()
