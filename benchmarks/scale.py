"""Very many draws: counted beside bare DuckDB, built, imported, resumed, saved; time and memory of each.

Run: `python benchmarks/scale.py [--draws N …] [--only count save …]`, or `make bench-scale`.
Each contestant is a process of its own, so that its memory is its own; those that are compared take turns.
Inputs are made in a temporary folder and removed in the end. Prints ratios with their spread: of seconds, and
of seconds of the processor, which other work on the machine lengthens less.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

INPUTS = str(Path(__file__).with_name("scale_inputs.py"))
KIB = 1024

INPUTS_OF = {
    "parts": {"count", "build"},
    "lines": {"import"},
    "csv": {"import"},
    "cache": {"resume"},
    "answers": {"save"},
}
"""The inputs, and the measurements made with each."""

SAME = """
import ibis, pathlib, sys
from flipsite.domain.engine import EMBEDDED
from flipsite.store.counting import queries
from flipsite.store.counting.engine import engine
with engine(EMBEDDED) as connected:
    print(ibis.to_sql(queries.tallies(connected.draws(sys.argv[1:])), dialect="duckdb"))
"""
"""Prints what flipsite asks, in SQL: bare DuckDB is asked the same."""

BARE = """
import sys, time, resource
import duckdb
sql, files = open(sys.argv[1]).read(), sys.argv[2:]
for _ in range(2):
    began, worked = time.perf_counter(), time.process_time()
    with duckdb.connect(config={"memory_limit": "1GB"}) as database:
        database.execute("SET enable_progress_bar = false").fetchall()
        database.execute(sql.replace("$files", repr(files))).fetchall()
    print(time.perf_counter() - began, time.process_time() - worked)
"""

OURS = """
import sys, time, pathlib
from flipsite.store.counting.aggregate import read_tallies
import ibis, ibis.backends.duckdb, duckdb
n_outcomes, *files = int(sys.argv[1]), *map(pathlib.Path, sys.argv[2:])
for _ in range(2):
    began, worked = time.perf_counter(), time.process_time()
    read_tallies(files, n_outcomes=n_outcomes)
    print(time.perf_counter() - began, time.process_time() - worked)
"""

FEW = "SELECT model, count(*), count(outcome), sum(outcome) FROM read_parquet($files) GROUP BY model"
"""The least that could be asked: draws, valid ones and ones of each model."""

RESUME = """
import sys, time, resource, pathlib
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import RunRequest, Watcher
from flipsite.project import find_project
offered = []
def agree(offer):
    offered.append((time.perf_counter() - began, offer.plan.n_kept, offer.plan.n_missing))
    return False
watcher = Watcher(created=lambda _: None, agree=agree, look=lambda _: None)
project = find_project(pathlib.Path(sys.argv[1]))
for _ in range(3):
    began = time.perf_counter()
    collect(project, RunRequest(study_id="many", simulated_seed=1), watcher)
print(*(seconds for seconds, _, _ in offered), *offered[-1][1:])
"""


SAVE = """
import asyncio, pathlib, sys, time
from flipsite.domain.endpoint import Reading, RequestRecord, ResponseRecord
from flipsite.domain.draws import Outcome
from flipsite.project import find_project, study_folder
from flipsite.workflows.snapshot import write_snapshot
from flipsite.settings import load_study
from flipsite.store.cache.cache import Cache
async def ask(cache, model, draw):
    asked = RequestRecord(model=model, draw=draw, labels=("0", "1"), order=0, mode="text", sent="{}",
                          worst_usd=Usd(9), asked_at="2026-11-29T00:00:00Z")
    reading = Reading(result=Outcome(index=1), reader=1)
    await cache.answer(ResponseRecord(attempt=await cache.ask(asked), code=200, body=b"{}", latency_s=0.1,
                                generation=None, billed_usd=Usd(9), fault=None, reading=reading))
project = find_project(pathlib.Path(sys.argv[1]))
folder = study_folder(project, "many")
with Cache(project.cache, study="many", protocol=None, now="now") as cache:
    for ledger in cache.model_ledgers()[: int(sys.argv[2])]:
        asyncio.run(ask(cache, ledger.model, ledger.last_draw + 1))
    began, worked = time.perf_counter(), time.process_time()
    write_snapshot(folder, cache, load_study(folder))
    print(time.perf_counter() - began, time.process_time() - worked)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A process that ended well: what it printed, its seconds, its processor's, its most memory in MiB."""

    out: str
    seconds: float
    worked: float
    memory: float


def run(*command: str, folder: Path, code: str | None = None, env: Mapping[str, str] | None = None) -> Ran:
    """Run Python in a process of its own, and measure it."""
    called = [sys.executable, *(["-c", code] if code else []), *command]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.perf_counter()
        told = {**os.environ, **(env or {})}
        process = subprocess.Popen(called, cwd=folder, stdout=out, stderr=err, env=told)  # noqa: S603
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(called)[:200]}\n{err.read()}")
        return Ran(
            out=out.read(),
            seconds=seconds,
            worked=used.ru_utime + used.ru_stime,
            memory=used.ru_maxrss / KIB,
        )


def count(folder: Path, hundred: Path, *, times: int) -> None:
    """Flipsite's tallies beside those of a hundred outcomes, and questions put to bare DuckDB."""
    paths, others = (list(map(str, sorted(each.rglob("*.parquet")))) for each in (folder, hundred))
    same, few = folder / "same.sql", folder / "few.sql"
    text = run(*paths, code=SAME, folder=folder).out
    name = text.split('FROM "')[1].split('"')[0]
    same.write_text(text.replace(f'"{name}"', "read_parquet($files)"), encoding="utf-8")
    few.write_text(FEW, encoding="utf-8")
    contestants = {
        "flipsite": (OURS, "2", *paths),
        "flipsite, 100 outcomes": (OURS, "100", *others),
        "DuckDB, the same": (BARE, str(same), *paths),
        "DuckDB, ones and draws alone": (BARE, str(few), *paths),
    }
    asked: dict[str, list[Ran]] = {who: [] for who in contestants}
    for _ in range(times):
        for who, (code, *words) in contestants.items():
            asked[who].append(run(*words, code=code, folder=folder))
    print("| counted by | s | of processor | its time / flipsite's | of processor | whole process, s | MiB |")
    print("|---|---|---|---|---|---|---|")
    us = [_warm(ran) for ran in asked["flipsite"]]
    for who, ran in asked.items():
        it = [_warm(one) for one in ran]
        cells = [
            _spread([seconds for seconds, _ in it]),
            _spread([worked for _, worked in it]),
            _spread([theirs[0] / ours[0] for theirs, ours in zip(it, us, strict=True)]),
            _spread([theirs[1] / ours[1] for theirs, ours in zip(it, us, strict=True)]),
            _spread([one.seconds for one in ran]),
            f"{max(one.memory for one in ran):.0f}",
        ]
        print(f"| {who} | {' | '.join(cells)} |", flush=True)


def build(folder: Path) -> None:
    """The whole command, into an empty folder, and what a model with a tenth of all draws gets for a page."""
    ran = run("-m", "flipsite", "build", folder=folder)
    pages = [folder / f"site/many/models/maker-{n}/model-00{n}/index.html" for n in (0, 1)]
    sizes = " and ".join(f"{page.stat().st_size / 1e3:.0f}" for page in pages)
    print(f"\nbuild: {_cost(ran)}; pages of its largest and of another model: {sizes} kB", flush=True)


def bring(folder: Path, what: str) -> None:
    """`flipsite import` of JSON lines or a CSV, beside DuckDB counting them."""
    name, reader = {"lines": ("many.jsonl", "read_json"), "csv": ("many.csv", "read_csv")}[what]
    file, few = folder / name, folder / "few.sql"
    few.write_text(FEW.replace("read_parquet", reader), encoding="utf-8")
    counted = run(str(few), str(file), code=BARE, folder=folder)
    command, spill = ("-m", "flipsite", "import", str(file), "--study", "many"), {"TMPDIR": str(folder)}
    ran = run(*command, folder=folder, env=spill)
    size = file.stat().st_size / 1e9
    print(
        f"\nimport of {name}, {size:.1f} GB: {_cost(ran)}; bare DuckDB counts it in {_warm(counted)[0]:.1f} s"
    )
    print(
        f"the same again, which changes nothing: {_cost(run(*command, folder=folder, env=spill))}", flush=True
    )


def resume(folder: Path) -> None:
    """From the order to the offer: study locked, lost answers looked for, ledgers beside the snapshot."""
    size = (folder / ".flipsite" / "cache.sqlite").stat().st_size / 1e9
    ran = run(str(folder), code=RESUME, folder=folder)
    *seconds, n_kept, n_missing = ran.out.split()
    told = f"{int(n_kept):,} draws kept, {int(n_missing):,} missing"
    times = _spread([float(each) for each in seconds])
    print(
        f"\nresume from a cache of {size:.2f} GB ({told}): {times} s to the offer, {ran.memory:.0f} MiB",
        flush=True,
    )


def save(folder: Path) -> None:
    """The snapshot out of the cache: of all answers; after a draw more of ten models; after none."""
    (folder / "content" / "studies" / "many" / "draws.parquet").unlink()
    print("\n| snapshot | s | of processor | MiB |\n|---|---|---|---|")
    for what, n_more in (("of all answers", 0), ("after ten draws more", 10), ("after none", 0)):
        ran = run(str(folder), str(n_more), code=SAVE, folder=folder)
        seconds, worked = map(float, ran.out.split())
        print(f"| {what} | {seconds:.2f} | {worked:.2f} | {ran.memory:.0f} |", flush=True)


def _warm(ran: Ran) -> tuple[float, float]:
    """Seconds, and of the processor, of the second of two questions."""
    seconds, worked = ran.out.strip().splitlines()[-1].split()
    return float(seconds), float(worked)


def _cost(ran: Ran) -> str:
    return f"{ran.seconds:.1f} s, {ran.worked:.1f} s of processor, {ran.memory:.0f} MiB"


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    """Measure each size in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--only", nargs="+", default=["count", "build", "import", "resume", "save"])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument(
        "--folder", type=Path, help="where the inputs are made; importing 10⁸ draws takes 55 GB"
    )
    options = parser.parse_args()
    for n_draws in options.draws:
        print(f"\n## {n_draws:,} draws, the machine at a load of {os.getloadavg()[0]:.0f}\n", flush=True)
        for what, only in INPUTS_OF.items():
            if not only & set(options.only):
                continue
            with tempfile.TemporaryDirectory(prefix="flipsite-scale-", dir=options.folder) as root:
                folder = Path(root)
                made = run(INPUTS, what, root, str(n_draws), folder=folder)
                print(f"{what} made in {made.seconds:.0f} s", file=sys.stderr, flush=True)
                if "count" in only & set(options.only):
                    with tempfile.TemporaryDirectory(prefix="flipsite-scale-", dir=options.folder) as other:
                        run(INPUTS, "hundred", other, str(n_draws), folder=folder)
                        count(folder, Path(other), times=options.times)
                if "build" in only & set(options.only):
                    build(folder)
                if what in {"lines", "csv"}:
                    bring(folder, what)
                if what == "cache":
                    resume(folder)
                if what == "answers":
                    save(folder)


if __name__ == "__main__":
    main()
