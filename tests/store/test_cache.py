"""The cache keeps every answer and every cent, whatever is killed or breaks."""

import asyncio
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.asked import ASKED

from flipsite.domain.draws import Failed, Outcome, Rejected, Result, Status
from flipsite.domain.endpoint import ModelLedger, Reading, ResponseRecord, StatedAnswer
from flipsite.domain.money import Usd
from flipsite.errors import StoreError
from flipsite.store.cache.cache import CACHE_FILE, Cache
from flipsite.store.cache.schema import STEPS, connect, migrate

PROTOCOL = {"template": "Flip {first} {second}.", "pair": ["0", "1"], "temperature": None}
HEADS = Reading(result=Outcome(index=1), reader=1)


def cache(project: Path, study: str = "trial", protocol: Mapping[str, object] = PROTOCOL) -> Cache:
    return Cache(project / ".flipsite", study=study, protocol=protocol, now="2025-09-08T00:00:00Z")


def answered(
    attempt: int,
    *,
    billed: int | None = 40,
    fault: str | None = None,
    reading: Reading | None = HEADS,
    generation: str | None = "gen-1",
) -> ResponseRecord:
    return ResponseRecord(
        attempt=attempt,
        code=200,
        body=b'{"id":"gen-1"}',
        latency_s=0.3,
        generation=generation,
        billed_usd=None if billed is None else Usd(billed),
        fault=fault,
        reading=reading,
    )


async def flip(kept: Cache, *, draws: int = 1, **changes: Any) -> None:
    for draw in range(draws):
        attempt = await kept.ask(replace(ASKED, draw=draw))
        await kept.answer(answered(attempt, **changes))


def test_an_answer_is_there_in_the_next_run(tmp_path: Path) -> None:
    """What was settled is read back whole, with its cost, and need not be asked again."""
    with cache(tmp_path) as kept:
        asyncio.run(flip(kept, draws=3))
    with cache(tmp_path) as kept:
        assert kept.n_lost == 0
        assert kept.settled("a/b") == {(("0", "1"), 0, draw) for draw in range(3)}
        assert kept.model_ledgers() == (
            ModelLedger(model="a/b", n_settled=3, last_draw=2, n_asked=3, billed_usd=Usd(120), last_bound=64),
        )
        rows = list(kept.kept())
    assert [row.draw for row in rows] == [0, 1, 2]
    assert {(row.result, row.body, row.cost_usd.pico) for row in rows} == {
        (Outcome(index=1), b'{"id":"gen-1"}', 40)
    }


def test_a_request_in_flight_at_a_kill_counts_as_spent_and_is_asked_again(tmp_path: Path) -> None:
    """It is lost: its worst case is spent, its draw is missing, and the snapshot says so."""
    with cache(tmp_path) as kept:
        asyncio.run(flip(kept))
        asyncio.run(kept.ask(replace(ASKED, draw=1)))
    with cache(tmp_path) as kept:
        assert kept.n_lost == 1
        (ledger,) = kept.model_ledgers()
        assert (ledger.billed_usd.pico, ledger.unpriced_usd.pico) == (40, 1000)
        assert kept.settled("a/b") == {(("0", "1"), 0, 0)}
        lost = list(kept.kept())[1]
        assert isinstance(lost.result, Failed)
        assert lost.cost_usd.pico == 1000
        asyncio.run(flip(kept, draws=2))
    with cache(tmp_path) as kept:
        assert kept.n_lost == 0
        again = list(kept.kept())[1]
        assert again.result == Outcome(index=1)
        assert again.cost_usd.pico == 1040


def test_what_is_no_flip_is_kept_raw_and_heard_again(tmp_path: Path) -> None:
    """Readable or not, with what it was about; a question that failed has no answer."""
    refusal = Rejected(status=Status.REFUSED, reason="no")
    readings: tuple[Result | StatedAnswer, ...] = (StatedAnswer(), refusal, Failed(reason="timed out"))

    async def ask(kept: Cache) -> None:
        for draw, result in enumerate(readings):
            attempt = await kept.ask(replace(ASKED, draw=draw, labels=("c/d", "traits 1")))
            await kept.answer(answered(attempt, reading=Reading(result=result, reader=1)))

    with cache(tmp_path, study="trial.features") as kept:
        asyncio.run(ask(kept))
    with cache(tmp_path, study="trial.features") as kept:
        assert kept.settled("a/b") == {(("c/d", "traits 1"), 0, 0), (("c/d", "traits 1"), 0, 1)}
        heard = list(kept.heard())
    assert [(one.asking, one.readable, one.about, one.wording) for one in heard] == [
        (0, True, "c/d", "traits 1"),
        (1, False, "c/d", "traits 1"),
    ]
    assert {(one.model, one.body) for one in heard} == {("a/b", b'{"id":"gen-1"}')}
    with cache(tmp_path) as kept:
        assert not kept.model_ledgers()


def test_attempts_are_kept_apart_from_draws(tmp_path: Path) -> None:
    """A transport fault and the answer after it are two attempts of one draw."""

    async def twice(kept: Cache) -> None:
        attempt = await kept.ask(ASKED)
        await kept.answer(
            answered(attempt, billed=0, fault="502: provider down", reading=None, generation=None)
        )
        await flip(kept)

    with cache(tmp_path) as kept:
        asyncio.run(twice(kept))
        (row,) = kept.kept()
        assert row.result == Outcome(index=1)
        assert kept.model_ledgers()[0].n_asked == 2
        assert kept.model_ledgers()[0].n_settled == 1


def test_an_answer_that_cannot_be_read_needs_no_asking_but_a_failure_does(tmp_path: Path) -> None:
    """Asking again because an answer could not be read would condition on being readable."""
    refusal = Reading(result=Rejected(status=Status.REFUSED, reason="no"), reader=1)
    failure = Reading(result=Failed(reason="timed out"), reader=1)

    async def both(kept: Cache) -> None:
        await kept.answer(answered(await kept.ask(ASKED), reading=refusal))
        await kept.answer(
            answered(await kept.ask(replace(ASKED, draw=1)), reading=failure, fault="timed out")
        )

    with cache(tmp_path) as kept:
        asyncio.run(both(kept))
        assert kept.settled("a/b") == {(("0", "1"), 0, 0)}
        assert [row.result for row in kept.kept()] == [refusal.result, failure.result]


@pytest.mark.parametrize(("billed", "shown"), [(None, [1000]), (40, [40]), (0, [])])
def test_what_a_fault_cost_is_some_draws(tmp_path: Path, billed: int | None, shown: list[int]) -> None:
    """A draw that was never answered is shown where it cost something, and is still to be asked."""

    async def fault(kept: Cache) -> None:
        await kept.answer(answered(await kept.ask(ASKED), billed=billed, fault="cut off", reading=None))

    with cache(tmp_path) as kept:
        asyncio.run(fault(kept))
        assert [row.cost_usd.pico for row in kept.kept()] == shown
        assert kept.settled("a/b") == set()
        asyncio.run(flip(kept))
        assert [row.cost_usd.pico for row in kept.kept()] == [(1000 if billed is None else billed) + 40]


def test_a_price_told_later_replaces_the_worst_case_once(tmp_path: Path) -> None:
    """An answer without a price counts 1000 until its price of 70 is told; telling twice changes nothing."""
    with cache(tmp_path) as kept:
        asyncio.run(flip(kept, billed=None))
        (unpriced,) = kept.unpriced()
        assert (unpriced.model, unpriced.generation, unpriced.worst_usd.pico) == ("a/b", "gen-1", 1000)
        assert kept.model_ledgers()[0].unpriced_usd.pico == 1000
        for _ in range(2):
            asyncio.run(kept.price(unpriced.attempt, Usd(70)))
        assert kept.unpriced() == []
        assert kept.model_ledgers() == (
            ModelLedger(model="a/b", n_settled=1, last_draw=0, n_asked=1, billed_usd=Usd(70), last_bound=64),
        )


def test_money_kept_with_a_model_is_the_sum_of_its_requests(tmp_path: Path) -> None:
    """The running totals and the rows agree to the picodollar, in flight included."""

    async def many(kept: Cache) -> None:
        attempts = await asyncio.gather(*(kept.ask(replace(ASKED, draw=draw)) for draw in range(40)))
        prices = [None if n % 5 == 0 else n for n in range(30)]
        await asyncio.gather(
            *(kept.answer(answered(a, billed=p)) for a, p in zip(attempts, prices, strict=False))
        )

    with cache(tmp_path) as kept:
        asyncio.run(many(kept))
    rows = sqlite3.connect(tmp_path / ".flipsite" / CACHE_FILE)
    total = rows.execute(
        "SELECT billed_pico, unpriced_pico, in_flight_pico, n_settled FROM series"
    ).fetchone()
    single = rows.execute(
        "SELECT sum(billed_pico), sum(CASE WHEN billed_pico IS NULL AND state != 'sent' THEN worst_pico END),"
        " sum(CASE WHEN state = 'sent' THEN worst_pico END), 30 FROM attempt"
    ).fetchone()
    rows.close()
    assert total == single


def test_a_second_collector_is_told_who_holds_the_study(tmp_path: Path) -> None:
    """The sentence names the process, the host and since when; another study is free."""
    with cache(tmp_path):
        with pytest.raises(StoreError, match=rf"process {os.getpid()} on .* since 2025-09-08T00:00:00Z"):
            cache(tmp_path).__enter__()
        with cache(tmp_path, study="other"):
            pass
    with cache(tmp_path):
        pass


def test_a_dead_holder_frees_its_study(tmp_path: Path) -> None:
    """A collector killed with SIGKILL leaves no lock behind."""
    script = f"""
        import os, signal, pathlib
        from flipsite.store.cache.cache import Cache
        folder = pathlib.Path({str(tmp_path)!r}, ".flipsite")
        kept = Cache(folder, study="trial", protocol={PROTOCOL!r}, now="then")
        kept.__enter__()
        os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert killed.returncode == -9
    with cache(tmp_path) as kept:
        assert kept.model_ledgers() == ()


def test_the_cache_is_private_and_ignored_by_git(tmp_path: Path) -> None:
    """Its folder is its owner's alone, and git never sees it."""
    with cache(tmp_path):
        folder = tmp_path / ".flipsite"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / ".gitignore").read_text() == "*\n"


def test_a_study_whose_prompt_changed_is_refused_once_it_has_draws(tmp_path: Path) -> None:
    """Draws of two prompts are not one experiment; before the first draw a study may still change."""
    changed = PROTOCOL | {"template": "Toss {first} {second}."}
    with cache(tmp_path):
        pass
    with cache(tmp_path, protocol=changed) as kept:
        asyncio.run(flip(kept))
    with pytest.raises(StoreError, match="trial: template changed since its first draws"):
        cache(tmp_path).__enter__()


def test_reading_again_replaces_outcomes_and_leaves_answers(tmp_path: Path) -> None:
    """A better reader changes what was read; the raw answer, its cost and its being settled stay."""
    with cache(tmp_path) as kept:
        asyncio.run(
            flip(kept, reading=Reading(result=Rejected(status=Status.UNPARSED, reason="?"), reader=1))
        )
        (before,) = kept.kept()
        kept.record([(before.row, Reading(result=Outcome(index=0), reader=2))])
        (after,) = kept.kept()
        assert after == replace(before, result=Outcome(index=0))
        assert len(kept.settled("a/b")) == 1


def test_hostile_text_is_stored_without_harm(tmp_path: Path) -> None:
    """Lone surrogates and NUL in a reason, a fault or an id do not stop the writing."""
    reading = Reading(result=Rejected(status=Status.UNPARSED, reason="\ud800\x00"), reader=1)
    with cache(tmp_path) as kept:
        asyncio.run(flip(kept, reading=reading, generation="\udfff"))
        (row,) = kept.kept()
        assert isinstance(row.result, Rejected)


@pytest.mark.parametrize("damage", [b"not a database at all, but long enough" * 400, b"\x00" * 4096])
def test_a_damaged_cache_is_a_sentence_and_left_as_it_was(tmp_path: Path, damage: bytes) -> None:
    """Nothing of a file that cannot be read is written over."""
    path = tmp_path / ".flipsite" / CACHE_FILE
    path.parent.mkdir()
    path.write_bytes(damage)
    with pytest.raises(StoreError, match=r"damaged|another program"):
        cache(tmp_path).__enter__()
    assert path.read_bytes() == damage


def test_a_page_damaged_in_the_middle_is_a_sentence(tmp_path: Path) -> None:
    """A cache whose tables are torn says so when it is used."""
    with cache(tmp_path) as kept:
        asyncio.run(flip(kept, draws=50))
    path = tmp_path / ".flipsite" / CACHE_FILE
    torn = bytearray(path.read_bytes())
    torn[4096 : len(torn)] = b"\xff" * (len(torn) - 4096)
    path.write_bytes(torn)
    with pytest.raises(StoreError, match="the cache is damaged"):
        cache(tmp_path).__enter__()


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE study SET protocol = replace(protocol, '{"', '{' || char(8))""",
        "UPDATE study SET protocol = '[1]'",
        "UPDATE draw SET labels = '[1'",
        "UPDATE draw SET labels = '[\"0\"]'",
        "UPDATE draw SET status = 'wrong', outcome = NULL",
        "UPDATE attempt SET billed_pico = -5",
        "UPDATE series SET billed_pico = -5",
        "UPDATE series SET unpriced_pico = -5",
        "UPDATE attempt SET billed_pico = NULL, worst_pico = -5",
    ],
)
def test_a_value_damaged_inside_its_page_is_a_sentence(tmp_path: Path, change: str) -> None:
    """SQLite does not notice it; an unreadable value is an error, in every query."""
    with cache(tmp_path) as kept:
        asyncio.run(flip(kept))
    with closing(connect(tmp_path / ".flipsite" / CACHE_FILE)) as connection:
        connection.execute(change)
    with pytest.raises(StoreError, match="the cache is damaged"), cache(tmp_path) as kept:
        list(kept.kept())


@pytest.mark.parametrize("name", ["", "cache.sqlite", "cache.sqlite-wal", "trial.lock", "trial.holder.json"])
def test_no_link_in_the_private_folder_is_followed(tmp_path: Path, name: str) -> None:
    """A stranger's project cannot have flipsite write to a file of its user's."""
    outside = tmp_path / "outside"
    (outside.mkdir if not name else outside.touch)()
    place = tmp_path / "project" / ".flipsite" / name
    place.parent.mkdir(parents=True)
    place.symlink_to(outside)
    with suppress(StoreError), cache(tmp_path / "project") as kept:
        asyncio.run(flip(kept))
    assert list(outside.iterdir()) == [] if outside.is_dir() else outside.read_bytes() == b""


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """A SQLite file that is not ours is neither read nor written."""
    path = tmp_path / ".flipsite" / CACHE_FILE
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (cake TEXT)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        cache(tmp_path).__enter__()


def test_a_newer_cache_is_refused(tmp_path: Path) -> None:
    """A format from the future is not guessed at."""
    path = tmp_path / "cache.sqlite"
    connect(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    newer.close()
    with pytest.raises(StoreError, match="update flipsite"):
        connect(path)


def test_a_migration_that_fails_halfway_changes_nothing(tmp_path: Path) -> None:
    """A step is whole or not at all; the next try finds the old version."""
    path = tmp_path / "cache.sqlite"
    connection = connect(path)
    faulty = (*STEPS, "CREATE TABLE extra (a INTEGER) STRICT; CREATE TABLE study (b INTEGER) STRICT")
    with pytest.raises(sqlite3.Error):
        migrate(connection, path, faulty)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    good = (*STEPS, "CREATE TABLE extra (a INTEGER) STRICT")
    migrate(connection, path, good)
    assert connection.execute("SELECT count(*) FROM extra").fetchone() == (0,)
    connection.close()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    """A file where the cache's folder belongs is named, with what to do."""
    (tmp_path / ".flipsite").write_text("in the way")
    with pytest.raises(StoreError, match=r"\.flipsite: cannot be written"):
        cache(tmp_path).__enter__()


def test_a_full_disk_is_a_sentence_and_what_was_answered_is_kept(tmp_path: Path) -> None:
    """Writing beyond the file size the system allows fails as a full disk does; earlier answers stay."""
    script = f"""
        import asyncio, pathlib, resource, signal, sys
        sys.path[:0] = {[str(Path(__file__).parents[2])]!r}
        from tests.store.test_cache import cache, flip
        from flipsite.errors import StoreError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with cache(pathlib.Path({str(tmp_path)!r})) as kept:
            asyncio.run(flip(kept, draws=20))
            print(len(kept.settled("a/b")))
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
            try:
                asyncio.run(flip(kept, draws=5000))
            except StoreError as error:
                print(error)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], check=True, capture_output=True, text=True
    )
    count, sentence = ran.stdout.splitlines()
    assert count == "20"
    assert "everything answered so far is kept" in sentence
    with cache(tmp_path) as kept:
        assert len(kept.settled("a/b")) >= 20
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_change_with_a_fault_of_ours_reaches_whoever_waits(tmp_path: Path) -> None:
    """A bug raises in the task that caused it, keeps its kind, and does not hang the others."""
    with cache(tmp_path) as kept:

        async def answer_nothing() -> None:
            await kept.answer(answered(999))

        with pytest.raises(TypeError):
            asyncio.run(answer_nothing())
        asyncio.run(flip(kept))
        assert len(kept.settled("a/b")) == 1


def test_a_file_of_another_program_is_not_written_to_before_it_is_known(tmp_path: Path) -> None:
    """Neither its tables nor how its journal is kept, whatever version it says it has."""
    path = tmp_path / "cache.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE study (holder TEXT)")
        other.execute("PRAGMA user_version = 1")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        connect(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["cache.sqlite"]
