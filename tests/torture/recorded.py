"""A program whose changes on disk are recorded by the preload: `python recorded.py WHAT FOLDER RECORDING`.

After each thing it was told is safe, it puts a mark into the recording: from there on, no power cut may lose
it.
"""

import asyncio
import ctypes
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.asked import ASKED
from tests.store.test_cache import answered, cache

from flipsite.domain.draws import Draw, Outcome
from flipsite.store.cache.cache import Cache
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_draws
from flipsite.write.site.replace import replace_site

WORKERS = 16
N_DRAWS, N_SNAPSHOTS, N_SITES = 900, 12, 6
preload = ctypes.CDLL(None)


def mark(text: str) -> None:
    preload.faults_mark(text.encode())


def fill_cache(folder: Path) -> None:
    """Sixteen requests at once, in three runs of the collector."""
    for first in range(0, N_DRAWS, N_DRAWS // 3):
        with cache(folder) as kept:
            asyncio.run(_ask(kept, range(first, first + N_DRAWS // 3)))


async def _ask(kept: Cache, draws: Sequence[int]) -> None:
    async def work(worker: int) -> None:
        for draw in draws[worker::WORKERS]:
            attempt = await kept.ask(replace(ASKED, draw=draw))
            mark(f"asked {draw}")
            await asyncio.sleep(0)
            await kept.answer(answered(attempt, billed=None if draw % 7 == 0 else draw % 900))
            mark(f"settled {draw}")

    await asyncio.gather(*(work(worker) for worker in range(WORKERS)))


def write_snapshots(folder: Path) -> None:
    for n in range(1, N_SNAPSHOTS + 1):
        draws = [
            Draw(model="a/b", draw=draw, labels=("0", "1"), order=0, result=Outcome(index=draw % 2))
            for draw in range(100 * n)
        ]
        write_draws(folder / "content/draws.parquet", collect_draws(draws), study="trial")
        mark(f"held {100 * n}")


def write_sites(folder: Path) -> None:
    for n in range(1, N_SITES + 1):
        files = {f"s/{place}/index.html": b"%d" % (n * (place % 2)) * 900 for place in range(8)}
        replace_site({**files, "n.txt": b"%d" % n}, folder / "project/site", version="1", inputs={})
        mark(f"shown {n}")


if __name__ == "__main__":
    preload.faults_record(os.fsencode(sys.argv[2]), os.fsencode(sys.argv[3]))
    {"cache": fill_cache, "snapshot": write_snapshots, "site": write_sites}[sys.argv[1]](Path(sys.argv[2]))
