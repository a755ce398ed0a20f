"""What the cache has acknowledged is on the file system at that moment, whatever happens next."""

import asyncio
import random
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from tests.asked import ASKED
from tests.store.test_cache import answered, cache

from flipsite.store.cache.cache import CACHE_FILE, Cache

MOMENTS = 200
WORKERS = 16


def copy_of(project: Path, to: Path) -> None:
    """The cache's files as a crash would leave them: no connection is closed, nothing is checkpointed."""
    (to / ".flipsite").mkdir(parents=True)
    for name in (CACHE_FILE, f"{CACHE_FILE}-wal"):
        shutil.copyfile(project / ".flipsite" / name, to / ".flipsite" / name)


@pytest.mark.slow
def test_a_crash_at_two_hundred_instants_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Sixteen requests at once; at each instant the files are copied as they lie, and read again."""
    chance = random.Random(2025)
    asked: set[int] = set()
    settled: set[int] = set()
    crashes = []

    async def work(kept: Cache, worker: int) -> None:
        for draw in range(worker, 100_000, WORKERS):
            attempt = await kept.ask(replace(ASKED, draw=draw))
            asked.add(draw)
            await asyncio.sleep(0)
            await kept.answer(answered(attempt, billed=None if draw % 7 == 0 else draw % 900))
            settled.add(draw)

    async def crash(kept: Cache) -> None:
        working = [asyncio.create_task(work(kept, worker)) for worker in range(WORKERS)]
        for moment in range(MOMENTS):
            for _ in range(chance.randrange(12)):
                await asyncio.sleep(0)
            before = (set(asked), set(settled))
            copy_of(tmp_path / "live", tmp_path / str(moment))
            crashes.append(before)
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    with cache(tmp_path / "live") as kept:
        asyncio.run(crash(kept))
    assert len(crashes[-1][1]) > MOMENTS / 4, "there was something to lose"
    for moment, (were_asked, were_settled) in enumerate(crashes):
        check(tmp_path / str(moment), were_asked, were_settled)


def check(project: Path, were_asked: set[int], were_settled: set[int], *, workers: int = WORKERS) -> None:
    with cache(project) as kept:
        there = {draw for _, _, draw in kept.settled("a/b")}
        assert were_settled <= there
        assert len(there - were_settled) <= workers
        lost = kept.n_lost
        assert lost <= workers
    books = sqlite3.connect(project / ".flipsite" / CACHE_FILE)
    draws = {draw for (draw,) in books.execute("SELECT draw FROM draw")}
    assert were_asked <= draws
    assert len(draws) == len(there) + lost
    rows = books.execute("SELECT sum(coalesce(billed_pico, worst_pico)) FROM attempt").fetchone()
    kept_sum = books.execute(
        "SELECT sum(billed_pico + unpriced_pico + in_flight_pico) FROM series"
    ).fetchone()
    assert rows == kept_sum
    assert books.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    books.close()
