"""Results of earlier builds: used where the code that made them is the same and the file is whole."""

import os
import resource
import shutil
from pathlib import Path

import pytest

from flipsite.store import build_cache
from flipsite.store.build_cache import BuildCache

DRAWN = "<svg>é</svg>".encode()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the results are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "flipsite/made"


def opened(*, made_by: str = "1 2", anew: bool = False) -> BuildCache:
    return BuildCache(made_by=made_by, anew=anew)


def test_what_was_kept_is_read_again(folder: Path) -> None:
    opened().put("a\udc80", DRAWN)
    assert opened().get("a\udc80") == DRAWN
    assert opened().get("b") is None
    assert folder.stat().st_mode & 0o077 == 0


def test_other_code_draws_anew(folder: Path) -> None:
    opened().put("a", DRAWN)
    assert opened(made_by="1 3").get("a") is None


def test_by_force_only_what_this_build_made_is_read(folder: Path) -> None:
    opened().put("a", DRAWN)
    forced = opened(anew=True)
    assert forced.get("a") is None
    forced.put("a", b"new")
    assert forced.get("a") == opened().get("a") == b"new"


def test_what_another_process_of_the_build_has_made_is_read_by_force_too(folder: Path) -> None:
    """It says so: whatever else lies there stays unread."""
    forced, other = opened(anew=True), opened(anew=True)
    other.put("a", DRAWN)
    assert forced.get("a") is None
    forced.trust(other.put_in)
    assert forced.get("a") == DRAWN


@pytest.mark.parametrize("place", [0, 20, 32, -1])
def test_a_damaged_file_counts_as_none(folder: Path, place: int) -> None:
    opened().put("a", DRAWN)
    (path,) = folder.iterdir()
    whole = bytearray(path.read_bytes())
    for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place:][1:]):
        path.write_bytes(damaged)
        assert opened().get("a") is None


def test_what_was_not_used_for_longest_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        opened().put(str(number), DRAWN)
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    opened().get("1")
    monkeypatch.setattr(build_cache, "MOST_BYTES", 60)
    opened().shrink()
    assert [opened().get(str(number)) for number in range(3)] == [None, DRAWN, None]


def test_a_result_that_does_not_fit_on_the_disk_is_not_kept_and_leaves_nothing(folder: Path) -> None:
    """A disk that becomes full takes a part of a file and says nothing, as a limit of size does."""
    kept = opened()
    kept.put("a", DRAWN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        kept.put("b", bytes(200))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert kept.get("b") is None
    assert not kept.knows("b")
    assert len(list(folder.iterdir())) == 1


def test_a_folder_that_is_removed_meanwhile_is_an_empty_one(folder: Path) -> None:
    kept = opened()
    kept.put("a", DRAWN)
    shutil.rmtree(folder)
    assert not kept.knows("a")
    assert kept.get("a") is None
    kept.put("b", DRAWN)
    kept.shrink()


def test_a_folder_that_cannot_be_written_does_not_stop_a_build(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder should be")
    kept = opened()
    kept.put("a", DRAWN)
    assert kept.get("a") is None
    kept.shrink()
