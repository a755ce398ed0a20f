"""The power goes at any instant, and only what was synced is sure to be there: what was promised is."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.store.test_crash import check as check_cache
from tests.torture.disk import Disk, File, Happening, read_recording
from tests.torture.recorded import WORKERS
from tests.torture.scenarios import site_faults
from tests.torture.torturing import SEED, slice_of

from flipsite.store.snapshot.read import read_draws

CUTS = slice_of(240)


def draws_are_kept(folder: Path, marks: list[str]) -> None:
    """Every answer that was acknowledged is there once, and the books are in order."""
    told = [mark.split() for mark in marks]
    asked, settled = ({int(n) for word, n in told if word == wanted} for wanted in ("asked", "settled"))
    check_cache(folder, asked, settled, workers=WORKERS)


def snapshot_is_whole(folder: Path, marks: list[str]) -> None:
    """It is the last one that was reported written, or the one after."""
    path = folder / "content/draws.parquet"
    last = int(marks[-1].split()[1]) if marks else 0
    held = len(read_draws(path)) if path.exists() else 0
    assert held in {last, last + 100}


def site_is_whole(folder: Path, marks: list[str]) -> None:
    """It is the last one that was reported written, or the one after."""
    last = int(marks[-1].split()[1]) if marks else 0
    site = folder / "project/site"
    if not last and not site.exists():
        return
    assert site_faults(folder) == []
    assert int((site / "n.txt").read_text()) in {last, last + 1}


CHECKS: dict[str, Callable[[Path, list[str]], None]] = {
    "cache": draws_are_kept,
    "snapshot": snapshot_is_whole,
    "site": site_is_whole,
}


@pytest.mark.parametrize("what", CHECKS)
def test_after_a_power_cut_all_that_was_promised_is_there(
    under_preload: Callable[..., str], tmp_path: Path, what: str
) -> None:
    live, after, recording = tmp_path / "live", tmp_path / "after", tmp_path / "recording"
    live.mkdir()
    disk = Disk(live)
    under_preload("recorded.py", what, str(live), str(recording), patience_s=120)
    happenings = list(read_recording(recording))
    chance = random.Random(f"{SEED} {what}")
    cuts = set(chance.sample(range(len(happenings)), min(CUTS, len(happenings))))
    marks: list[str] = []
    for number, done in enumerate(happenings):
        disk.happen(done)
        if done.op == "mark":
            marks.append(done.path)
        if number in cuts:
            disk.cut(after, chance)
            CHECKS[what](after, marks)
    assert marks, "something was promised"
    assert {"fsync", "syncfs"} & {done.op for done in happenings}


def test_the_model_itself_loses_what_was_not_synced(tmp_path: Path) -> None:
    """A check that cannot fail is worse than none: without a sync, bytes and names do get lost."""
    disk = Disk(tmp_path)
    for op, path, written in (("create", "a", b""), ("write", "a", b"x" * 2000)):
        disk.happen(Happening(op, 0, str(tmp_path / path), "", written))
    seen = set()
    for number in range(60):
        disk.cut(tmp_path / "after", random.Random(number))
        file = tmp_path / "after/a"
        seen.add(file.read_bytes().count(b"x") if file.exists() else None)
    assert {None, 0, 2000} < seen
    disk.happen(Happening("fsync", 0, str(tmp_path / "a"), "", b""))
    disk.happen(Happening("fsync", 0, str(tmp_path), "", b""))
    disk.cut(tmp_path / "after", random.Random(1))
    assert (tmp_path / "after/a").read_bytes() == b"x" * 2000


def test_a_file_that_is_cut_and_grown_is_cut_and_grown() -> None:
    file = File(safe=bytearray(b"abcdef"), since=[(2, None), (4, b"xy")])
    file.sync()
    assert file.safe == b"ab\0\0xy"
