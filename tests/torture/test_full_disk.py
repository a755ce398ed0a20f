"""A real disk that is full: a memory disk of half a megabyte, filled by what flipsite writes itself."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.torture.scenarios import site_faults

from flipsite.cli.main import main
from flipsite.errors import SiteError
from flipsite.store.snapshot.read import read_draws
from flipsite.write.site.replace import replace_site

MOUNT = ["mount", "-t", "tmpfs", "-o", "size=512k"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Wants the right to mount; where that is missing, the preload's full disk stands for it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run([*MOUNT, "tmpfs", str(folder)], check=False, capture_output=True).returncode:
        pytest.skip("no right to mount a disk here; test_faults.py fills one by the preload")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def status_of(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    code = ended.value.code
    assert isinstance(code, int)
    return code


def test_a_collector_that_fills_the_disk_keeps_its_draws_and_goes_on_when_there_is_room(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that the disk is full; with more room, the same command asks what is missing."""
    monkeypatch.chdir(small_disk)
    words = ("collect", "trial", "--simulated", "--models", "simulated/fair", "--yes", "--draws")
    assert status_of(*words, "2") == 0
    assert status_of(*words, "1200") == 1
    said = capsys.readouterr().err
    assert "the disk is full; free some space" in said or "No space left on device" in said
    assert len(read_draws(small_disk / "content/studies/trial/draws.parquet")) >= 2
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    assert status_of(*words, "1200") == 0
    assert len(read_draws(small_disk / "content/studies/trial/draws.parquet")) == 1200


def test_a_site_that_does_not_fit_leaves_the_last_one_whole(small_disk: Path) -> None:
    site = small_disk / "project/site"
    replace_site({"index.html": b"good" * 1000}, site, version="1", inputs={})
    with pytest.raises(SiteError, match="No space left on device"):
        replace_site({"index.html": b"more" * 200_000}, site, version="1", inputs={})
    assert site_faults(small_disk) == []
    assert [path.name for path in site.parent.iterdir()] == ["site"]
