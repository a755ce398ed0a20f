"""A site made by several processes: the same to the byte as by one, and whole or not at all."""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from flipsite.errors import ContentError, SiteError
from flipsite.write.site.replace import replace_site
from flipsite.write.site.workers import Batch

N_BATCHES = 12


def batch(number: int) -> Batch:
    return lambda: {
        f"b{number}/{place}/index.html": f"{number}-{place}\n".encode() * 50 for place in range(5)
    }


BATCHES = [batch(number) for number in range(N_BATCHES)]


def build(out: Path, *more: Batch, jobs: int) -> int:
    change = replace_site(
        {"index.html": b"home"}, out, version="1", inputs={}, batches=[*BATCHES, *more], jobs=jobs
    )
    return change.written


def content(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("jobs", [2, 5, 100])
def test_the_site_is_the_same_whatever_the_jobs(tmp_path: Path, jobs: int) -> None:
    assert build(tmp_path / "one", jobs=1) == build(tmp_path / "many", jobs=jobs) == 5 * N_BATCHES + 2
    assert content(tmp_path / "one") == content(tmp_path / "many")
    assert (tmp_path / "many/b3/4").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "many/b3/4/index.html").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_progress_counts_to_the_end(tmp_path: Path, jobs: int) -> None:
    """By whomever the batches are made."""
    told: list[tuple[str, int, int]] = []
    replace_site(
        {},
        tmp_path / "site",
        version="1",
        inputs={},
        batches=BATCHES,
        jobs=jobs,
        progress=lambda *each: told.append(each),
    )
    assert [n for _, n, _ in told] == sorted(n for _, n, _ in told)
    assert told[-1] == ("step", N_BATCHES + 1, N_BATCHES + 1)


def test_what_has_not_changed_stays_the_same_file(tmp_path: Path) -> None:
    build(tmp_path / "site", jobs=2)
    before = (tmp_path / "site/b1/1/index.html").stat()
    assert build(tmp_path / "site", jobs=2) == 0
    assert build(tmp_path / "site", lambda: {"new.html": b"new"}, jobs=2) == 2  # and build.json
    after = (tmp_path / "site/b1/1/index.html").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_other_processes_do_share_the_work(tmp_path: Path) -> None:
    """The first batch is made here; while it lasts, others are made elsewhere."""
    seen = threading.Event()

    def told() -> Mapping[str, bytes]:
        (tmp_path / "who").mkdir(exist_ok=True)
        (tmp_path / "who" / str(os.getpid())).touch()
        return {f"p{os.getpid()}.html": b""}

    def first() -> Mapping[str, bytes]:
        for _ in range(1000):
            if list((tmp_path / "who").glob("*")):
                seen.set()
                break
            seen.wait(0.01)
        return {"first.html": str(os.getpid()).encode()}

    replace_site({}, tmp_path / "site", version="1", inputs={}, batches=[first, told], jobs=2)
    assert seen.is_set()
    assert (tmp_path / "site/first.html").read_bytes() == str(os.getpid()).encode()
    assert not (tmp_path / "who" / str(os.getpid())).exists()


class Slow:
    """Something that has come once so many batches are made."""

    def __init__(self, *batches: Batch, after: int) -> None:
        self._batches, self._left = batches, after

    def is_ready(self) -> bool:
        self._left -= 1
        return self._left < 0

    def batches(self) -> tuple[Batch, ...]:
        return self._batches


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("after", [0, 3, 100])
def test_what_comes_later_is_waited_for_while_other_files_are_made(
    tmp_path: Path, jobs: int, after: int
) -> None:
    def late() -> Mapping[str, bytes]:
        there = [path.parent.name for path in tmp_path.glob(".*/new/b*/0/index.html")]
        return {"late.html": b"late", "there.html": " ".join(sorted(there)).encode()}

    later = Slow(late, after=after)
    replace_site({}, tmp_path / "site", version="1", inputs={}, batches=BATCHES, jobs=jobs, later=later)
    made = content(tmp_path / "site")
    assert made["late.html"] == b"late"
    assert len(made) == 5 * N_BATCHES + 3
    waited_for = min(after, N_BATCHES)
    assert len(made["there.html"].split()) >= waited_for
    if jobs == 1:
        assert len(made["there.html"].split()) == waited_for


def pages_in(scratch: Path) -> set[str]:
    return {path.parent.parent.name for path in scratch.glob(".*/new/b*/0/index.html")}


def test_another_process_makes_the_first_batches_while_this_one_works(tmp_path: Path) -> None:
    every = {f"b{number}" for number in range(N_BATCHES)}

    def work() -> list[Batch]:
        for _ in range(3000):
            if pages_in(tmp_path) == every:
                break
            threading.Event().wait(0.01)
        assert pages_in(tmp_path) == every
        return [lambda: {"worked.html": b"done"}]

    replace_site({}, tmp_path / "site", version="1", inputs={}, batches=BATCHES, jobs=2, meanwhile=work)
    made = content(tmp_path / "site")
    assert made["worked.html"] == b"done"
    assert len(made) == 5 * N_BATCHES + 2


def test_a_process_alone_works_first(tmp_path: Path) -> None:
    def work() -> list[Batch]:
        assert not pages_in(tmp_path)
        return [lambda: {"worked.html": b"done"}]

    replace_site({}, tmp_path / "site", version="1", inputs={}, batches=BATCHES, jobs=1, meanwhile=work)
    assert len(content(tmp_path / "site")) == 5 * N_BATCHES + 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_of_either_leaves_no_site(tmp_path: Path, jobs: int) -> None:
    def works() -> list[Batch]:
        return []

    def stops() -> list[Batch]:
        raise ContentError("story.md, line 3: nothing is undefined.")

    for batches, meanwhile in (([*BATCHES, fails], works), (BATCHES, stops)):
        with pytest.raises(ContentError, match="line 3"):
            replace_site(
                {}, tmp_path / "site", version="1", inputs={}, batches=batches, jobs=jobs, meanwhile=meanwhile
            )
        assert list(tmp_path.iterdir()) == []


def fails() -> Mapping[str, bytes]:
    raise ContentError("model.html, line 3: nothing is undefined.")


def is_ended() -> Mapping[str, bytes]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [(fails, ContentError, "line 3"), (is_ended, SiteError, "ended from outside")],
)
def test_a_fault_in_another_process_is_told_and_the_last_site_stays(
    tmp_path: Path, fault: Batch, error: type[Exception], message: str
) -> None:
    build(tmp_path / "site", jobs=2)
    before = content(tmp_path / "site")
    waits = threading.Event()

    def first() -> Mapping[str, bytes]:
        waits.wait(0.3)  # so that the fault is taken by the other process
        return {"x.html": b""}

    with pytest.raises(error, match=message):
        replace_site({}, tmp_path / "site", version="1", inputs={}, batches=[first, fault], jobs=2)
    assert content(tmp_path / "site") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site"]


def test_a_fault_elsewhere_is_told_before_the_rest_is_made(tmp_path: Path) -> None:
    made: list[int] = []

    def first() -> Mapping[str, bytes]:
        threading.Event().wait(0.3)  # so that the fault is taken by the other process
        return {}

    def slow() -> Mapping[str, bytes]:
        threading.Event().wait(0.01)
        made.append(1)
        return {}

    with pytest.raises(ContentError, match="line 3"):
        replace_site(
            {}, tmp_path / "site", version="1", inputs={}, batches=[first, fails, *[slow] * 500], jobs=2
        )
    assert len(made) < 100


def test_a_fault_here_ends_the_others(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="line 3"):
        replace_site({}, tmp_path / "site", version="1", inputs={}, batches=[fails, *BATCHES], jobs=3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["../out.html", "/etc/out.html", "a/../../out.html"])
def test_a_path_that_leads_elsewhere_is_refused_before_it_is_written(tmp_path: Path, path: str) -> None:
    with pytest.raises(SiteError, match="cannot be a file of the site"):
        replace_site({}, tmp_path / "site", version="1", inputs={}, batches=[lambda: {path: b"x"}])
    assert list(tmp_path.rglob("out.html")) == []


def test_paths_of_two_batches_that_would_meet_in_one_are_refused(tmp_path: Path) -> None:
    made: list[Callable[[], Mapping[str, bytes]]] = [lambda: {"a/B.html": b"1"}, lambda: {"a/b.html": b"2"}]
    with pytest.raises(SiteError, match="are one where case"):
        replace_site({}, tmp_path / "site", version="1", inputs={}, batches=made, jobs=2)
    assert list(tmp_path.iterdir()) == []
