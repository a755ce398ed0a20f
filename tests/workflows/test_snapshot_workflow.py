"""A snapshot is what its cache holds, whatever of it was copied from the last one."""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.asked import ASKED

from flipsite.collect.catalogue import Catalogue, dump_catalogue
from flipsite.collect.reading.completion import draw_of
from flipsite.domain.catalogue import Model
from flipsite.domain.draws import Draw, Failed, Outcome, Rejected, Result, Status
from flipsite.domain.endpoint import Reading, ResponseRecord, StoredDraw
from flipsite.domain.money import Usd, usd
from flipsite.domain.study import Shard, StatedPrice, Study
from flipsite.errors import StoreError
from flipsite.project import snapshot_files
from flipsite.settings import default_study
from flipsite.store.cache import changes
from flipsite.store.cache.cache import CACHE_FILE, Cache
from flipsite.store.draws_schema import SCHEMA
from flipsite.store.snapshot import tables, write
from flipsite.store.snapshot.arrow import draws_table
from flipsite.store.snapshot.assemble import brief, collect_draws
from flipsite.store.snapshot.read import MOST_HELD
from flipsite.store.snapshot.tables import draw_tables
from flipsite.store.snapshot.write import replace_snapshot
from flipsite.workflows import snapshot
from flipsite.workflows.snapshot import write_snapshot

STUDY = replace(default_study("trial"))
MODELS = ("a/b", "a/b:free", "o/é", "z/z")
READINGS = (
    Outcome(index=0),
    Outcome(index=1),
    Rejected(status=Status.UNPARSED, reason="?"),
    Failed(reason="timed out"),
    None,
)


@contextmanager
def small_files() -> Iterator[None]:
    """A file of at most 3 draws, parts of 8, groups of 2."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (tables, write):
            patch.setattr(module, "ROWS_A_GROUP", 2)
        patch.setattr(write, "FULL", 8)
        patch.setattr(write, "HALF", 4)
        patch.setattr(write, "MOST_IN_A_FILE", 3)
        patch.setattr(tables, "_AT_ONCE", 3)
        patch.setattr(changes, "_AT_ONCE", 2)
        yield


def opened(root: Path) -> Cache:
    return Cache(root / ".flipsite", study="trial", protocol={}, now="2025-09-08T00:00:00Z")


def body(text: str) -> bytes:
    return f'{{"id":"gen","choices":[{{"message":{{"content":"{text}"}}}}],"usage":{{}}}}'.encode()


def answer(
    attempt: int, *, result: Result | None, billed: int | None = 40, text: str = "Output: 1"
) -> ResponseRecord:
    return ResponseRecord(
        attempt=attempt,
        code=200,
        body=body(text),
        latency_s=0.25,
        generation="gen",
        billed_usd=None if billed is None else Usd(billed),
        fault=None if result is not None else "the answer is not JSON",
        reading=None if result is None else Reading(result=result, reader=1),
    )


async def flip(
    kept: Cache, model: str, draws: Iterable[int], *, result: Result | None = READINGS[1], **changes: Any
) -> None:
    for draw in draws:
        attempt = await kept.ask(replace(ASKED, model=model, draw=draw))
        await kept.answer(answer(attempt, result=result, **changes))


def cells(folder: Path) -> pa.Table:
    """All rows of a snapshot, in the order of its files."""
    found = [pq.ParquetFile(path).read(columns=SCHEMA.names).cast(SCHEMA) for path in snapshot_files(folder)]
    return pa.concat_tables([SCHEMA.empty_table(), *found]).combine_chunks()


def read_now(kept: StoredDraw) -> Draw:
    """A draw as the module under test reads it, in which a test may have put another reader."""
    reader: Callable[[StoredDraw, Study], Draw] = vars(snapshot)["draw_of"]
    return reader(kept, STUDY)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in snapshot_files(folder)}


def anew(kept: Cache, folder: Path) -> None:
    """The snapshot of a cache that is read whole."""
    draws = (brief(read_now(each)) for each in kept.kept())
    replace_snapshot(folder, draw_tables(draws, study="trial"), notes={})


def _relabel(path: Path) -> None:
    """Change what a snapshot's file tells, so that only its bytes give it away."""
    with pq.ParquetFile(path) as file:
        table, notes = file.read(), file.metadata.metadata
    edited = table.set_column(3, "labels", pa.repeat("edited", len(table)))
    pq.write_table(edited.replace_schema_metadata(notes), path)


class Saves(RuleBasedStateMachine):
    """Collecting, kills, late prices, other readers and meddling with the files, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / "content/studies/trial"
        self.folder.mkdir(parents=True)
        self.kept = opened(self.root)
        self.kept.__enter__()
        self.under_way: list[int] = []
        self.version = 0
        self.patch = pytest.MonkeyPatch()
        self.small = small_files()
        self.small.__enter__()

    def teardown(self) -> None:
        self.kept.__exit__(None, None, None)
        self.small.__exit__(None, None, None)
        self.patch.undo()
        shutil.rmtree(self.root)

    @rule(model=st.sampled_from(MODELS), draw=st.integers(0, 9), worst=st.sampled_from([0, 1000]))
    def ask(self, model: str, draw: int, worst: int) -> None:
        asked = replace(ASKED, model=model, draw=draw, worst_usd=Usd(worst))
        self.under_way.append(asyncio.run(self.kept.ask(asked)))

    @precondition(lambda self: self.under_way)
    @rule(
        which=st.integers(0, 99),
        result=st.sampled_from(READINGS),
        billed=st.sampled_from([None, 0, 40, 2000]),
        text=st.sampled_from(["Output: 1", "Output: 0", "é" * 9]),
    )
    def hear(self, which: int, result: Result | None, billed: int | None, text: str) -> None:
        attempt = self.under_way.pop(which % len(self.under_way))
        asyncio.run(self.kept.answer(answer(attempt, result=result, billed=billed, text=text)))

    @rule(model=st.sampled_from(MODELS), n=st.integers(1, 12), billed=st.sampled_from([None, 40]))
    def collect(self, model: str, n: int, billed: int | None) -> None:
        first = max((each.draw for each in self.kept.kept() if each.model == model), default=-1) + 1
        asyncio.run(flip(self.kept, model, range(first, first + n), billed=billed))
        self.save()

    @rule(which=st.integers(0, 99), billed=st.sampled_from([0, 7, 1000]))
    def price(self, which: int, billed: int) -> None:
        if unpriced := self.kept.unpriced():
            asyncio.run(self.kept.price(unpriced[which % len(unpriced)].attempt, Usd(billed)))
            self.save()

    @rule(which=st.integers(0, 99), side=st.integers(0, 1))
    def read_again(self, which: int, side: int) -> None:
        if rows := [each for each in self.kept.kept() if not isinstance(each.result, Failed)]:
            reading = Reading(result=Outcome(index=side), reader=2)
            self.kept.record([(rows[which % len(rows)].row, reading)])

    @rule()
    def kill(self) -> None:
        self.kept.__exit__(None, None, None)
        self.under_way = []
        self.kept = opened(self.root)
        self.kept.__enter__()

    @rule()
    def upgrade(self) -> None:
        """Another flipsite reads other things in the same answers."""
        self.version += 1
        version = f"v{self.version}"
        self.patch.setattr(snapshot, "own_digest", lambda: version)
        self.patch.setattr(
            snapshot, "draw_of", lambda each, study: replace(draw_of(each, study), provider=version)
        )

    @rule(which=st.integers(0, 99), how=st.sampled_from(["delete", "edit", "damage", "move", "all"]))
    def meddle(self, which: int, how: str) -> None:
        found = snapshot_files(self.folder)
        if not found:
            return
        path = found[which % len(found)]
        if how == "delete":
            path.unlink()
        elif how == "edit":
            with suppress(pa.ArrowInvalid):  # one that is damaged already
                _relabel(path)
        elif how == "damage":
            path.write_bytes(path.read_bytes()[:-1] + b"x")
        elif how == "move" and path.parent == self.folder:  # killed on the way to parts
            (self.folder / "draws").mkdir(exist_ok=True)
            path.rename(self.folder / "draws" / path.name)
        elif how == "all":
            shutil.rmtree(self.folder / "draws", ignore_errors=True)
            (self.folder / "draws.parquet").unlink(missing_ok=True)

    @rule()
    def save_and_die(self) -> None:
        """Killed between the swap and the cache's remembering it."""
        with closing(sqlite3.connect(self.root / ".flipsite" / CACHE_FILE)) as cache, cache:
            before = cache.execute("SELECT written FROM study").fetchone()
            self.save()
            cache.execute("UPDATE study SET written = ?", before)
        self.kill()

    @rule()
    def save(self) -> None:
        write_snapshot(self.folder, self.kept, STUDY)
        draws = collect_draws(brief(read_now(each)) for each in self.kept.kept())
        assert cells(self.folder).equals(draws_table(draws, study="trial").combine_chunks())
        clean = self.root / "anew"
        clean.mkdir()
        anew(self.kept, clean)
        if files(clean).keys() == files(self.folder).keys():  # parts stay parts, however few draws are left
            assert files(clean) == files(self.folder)
        shutil.rmtree(clean)

    @invariant()
    def no_scratch_is_left(self) -> None:
        assert not list(self.folder.glob(".draws*"))


Saves.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestSaves = Saves.TestCase


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "content/studies/trial"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The draws that were read in their answers, as they are."""
    found = []

    def reading(each: StoredDraw, study: Study) -> Draw:
        found.append((each.model, each.draw))
        return draw_of(each, study)

    monkeypatch.setattr(snapshot, "draw_of", reading)
    return found


def test_only_what_changed_is_read(folder: Path, tmp_path: Path, read: list[tuple[str, int]]) -> None:
    """Of two models the new draws, and one that is answered at last; then nothing."""
    with opened(tmp_path) as kept:
        asyncio.run(flip(kept, "a/b", range(5)))
        asyncio.run(flip(kept, "z/z", range(5)))
        waiting = asyncio.run(kept.ask(replace(ASKED, model="z/z", draw=9)))
        write_snapshot(folder, kept, STUDY)
        assert len(read) == 10
        read.clear()
        asyncio.run(flip(kept, "a/b", [5, 6]))
        asyncio.run(kept.answer(answer(waiting, result=READINGS[0])))
        write_snapshot(folder, kept, STUDY)
        assert read == [("a/b", 5), ("a/b", 6), ("z/z", 9)]
        read.clear()
        before = (folder / "draws.parquet").stat().st_mtime_ns
        assert write_snapshot(folder, kept, STUDY) == folder / "draws.parquet"
        assert read == []
        assert (folder / "draws.parquet").stat().st_mtime_ns == before


def test_a_price_told_late_reads_its_model_again(
    folder: Path, tmp_path: Path, read: list[tuple[str, int]]
) -> None:
    with opened(tmp_path) as kept:
        asyncio.run(flip(kept, "a/b", range(3), billed=None))
        asyncio.run(flip(kept, "z/z", range(3)))
        write_snapshot(folder, kept, STUDY)
        read.clear()
        asyncio.run(kept.price(kept.unpriced()[1].attempt, Usd(7)))
        write_snapshot(folder, kept, STUDY)
        assert read == [("a/b", 0), ("a/b", 1), ("a/b", 2)]
    assert cells(folder)["cost_usd"].to_pylist()[:3] == [1e-9, 7e-12, 1e-9]


def test_a_cost_is_unknown_where_nobody_states_a_price_or_sends_a_bill(folder: Path, tmp_path: Path) -> None:
    """Where a server announces no prices, a price of one's own makes the cost known."""
    models = (Model(id="a/b"), Model(id="z/z"))
    offered = dump_catalogue(Catalogue(models=models, fetched="2025-09-08"))
    (folder / "catalogue.json").write_text(offered, encoding="utf-8")
    priced = StatedPrice(id="z/*", prompt_usd_per_million=usd(1.0), completion_usd_per_million=usd(2.0))
    with opened(tmp_path) as kept:
        asyncio.run(flip(kept, "a/b", [0], billed=0))
        asyncio.run(flip(kept, "a/b", [1], billed=40))
        asyncio.run(flip(kept, "z/z", [0], billed=0))
        write_snapshot(folder, kept, STUDY)
        assert cells(folder)["cost_usd"].to_pylist() == [None, 4e-11, None]
        write_snapshot(folder, kept, replace(STUDY, models=replace(STUDY.models, price=(priced,))))
        assert cells(folder)["cost_usd"].to_pylist() == [None, 4e-11, 0.0]


def test_untouched_parts_are_linked(folder: Path, tmp_path: Path, read: list[tuple[str, int]]) -> None:
    """Ten parts, and a draw more of the third model: the others keep their bytes on the disk."""
    with small_files(), opened(tmp_path) as kept:
        for model in "abcdefghij":
            asyncio.run(flip(kept, f"m/{model}", range(6)))
        assert write_snapshot(folder, kept, STUDY) == folder / "draws"
        before = [path.stat().st_ino for path in snapshot_files(folder)]
        asyncio.run(flip(kept, "m/c", [6]))
        read.clear()
        write_snapshot(folder, kept, STUDY)
        after = [path.stat().st_ino for path in snapshot_files(folder)]
    assert read == [("m/c", 6)]
    assert [place for place in range(10) if before[place] != after[place]] == [2]


def test_a_study_that_grows_large_goes_into_parts(folder: Path, tmp_path: Path) -> None:
    """What people keep beside them stays; a file and parts are never there at once."""
    with small_files(), opened(tmp_path) as kept:
        asyncio.run(flip(kept, "a/b", range(3)))
        assert write_snapshot(folder, kept, STUDY) == folder / "draws.parquet"
        asyncio.run(flip(kept, "a/b", range(3, 20)))
        assert write_snapshot(folder, kept, STUDY) == folder / "draws"
        assert [pq.read_metadata(path).num_rows for path in snapshot_files(folder)] == [8, 8, 4]
        (folder / "draws/.gitattributes").write_text("*.parquet filter=lfs\n")
        asyncio.run(flip(kept, "a/b", [20]))
        write_snapshot(folder, kept, STUDY)
    assert (folder / "draws/.gitattributes").read_text() == "*.parquet filter=lfs\n"
    assert not (folder / "draws.parquet").exists()
    assert len(cells(folder)) == 21


def test_a_shards_notes_are_written_though_no_draw_changed(
    folder: Path, tmp_path: Path, read: list[tuple[str, int]]
) -> None:
    """The rows are copied; a run without a shard then drops the notes."""
    shard = next(Shard(number, 2) for number in (1, 2) if Shard(number, 2).holds("a/b"))
    with opened(tmp_path) as kept:
        asyncio.run(flip(kept, "a/b", range(3)))
        write_snapshot(folder, kept, STUDY, shard=shard)
        noted = files(folder)
        read.clear()
        write_snapshot(folder, kept, STUDY)
        assert b"flipsite_shards" in noted["draws.parquet"]
        assert b"flipsite_shards" not in files(folder)["draws.parquet"]
        assert read == []


def test_a_failed_write_leaves_the_old_snapshot_and_the_next_one_is_whole(
    folder: Path, tmp_path: Path
) -> None:
    """A full disk, below Python: nothing stored is lost, and nothing lies about."""
    with small_files(), opened(tmp_path) as kept:
        asyncio.run(flip(kept, "a/b", range(20)))
        write_snapshot(folder, kept, STUDY)
        before = files(folder)
        asyncio.run(flip(kept, "a/b", range(20, 30)))
        (folder / f".draws.{os.getpid()}.part").write_text("in the way")
        with pytest.raises(StoreError, match=r"cannot be written .* what was there is as it was"):
            write_snapshot(folder, kept, STUDY)
        assert files(folder) == before
        scratch = folder / f".draws.{os.getpid()}.part"
        scratch.unlink()
        (scratch / "part=00000").mkdir(parents=True)  # left by a process that was killed
        write_snapshot(folder, kept, STUDY)
        assert len(cells(folder)) == 30


def test_what_a_file_holds_a_build_holds() -> None:
    assert write.MOST_IN_A_FILE == MOST_HELD
    assert write.MOST_IN_A_FILE < write.HALF
