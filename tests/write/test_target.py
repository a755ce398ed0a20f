"""Folders that a build must not replace, and faults of the disk, are told in a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flipsite.errors import SiteError
from flipsite.write.site.replace import replace_site

HOME = {"index.html": b"home"}


def refused(out: Path) -> str:
    with pytest.raises(SiteError) as caught:
        replace_site(HOME, out, version="1", inputs={})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_working_folder_and_those_above_it_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project/content").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project/content")
    assert "you work in" in refused(Path())
    assert "you work in" in refused(Path(".."))
    assert "you work in" in refused(tmp_path)


def test_the_root_and_the_home_folder_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "users/me"))
    assert "root of all files" in refused(Path("/"))
    assert "home folder" in refused(tmp_path / "users/me")
    assert "home folder" in refused(tmp_path / "users")


def test_a_file_a_dangling_link_and_a_loop_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    assert "is a file" in refused(tmp_path / "file")
    assert "leads nowhere" in refused(tmp_path / "dangling")
    assert "leads nowhere" in refused(tmp_path / "loop")
    assert "cannot be a folder's name" in refused(tmp_path / "a\0b")
    assert not (tmp_path / "nowhere").exists()


def test_a_place_where_nothing_can_be_made_is_told_with_the_systems_reason() -> None:
    assert "cannot be written" in refused(Path("/proc/flipsite/site"))
    assert "mounted" in refused(Path("/proc"))


def test_a_parent_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "cannot be written" in refused(tmp_path / "file/site")


def test_a_scratch_name_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".site.flipsite").mkdir()
    (tmp_path / ".site.flipsite/thesis.tex").write_text("mine")
    assert "move what is there away" in refused(tmp_path / "site")
    assert (tmp_path / ".site.flipsite/thesis.tex").read_text() == "mine"


FULL_DISK = """
import resource, sys
from pathlib import Path
from flipsite.errors import SiteError
from flipsite.write.site.replace import replace_site
out = Path(sys.argv[1])
replace_site({"index.html": b"old"}, out, version="1", inputs={})
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    replace_site({"a.html": b"new", "big.csv": bytes(60_000)}, out, version="1", inputs={})
except SiteError as error:
    print(error)
"""


def test_a_disk_that_takes_no_more_leaves_the_last_site_and_no_scratch(tmp_path: Path) -> None:
    """The kernel's own limit of file size stands for a full disk."""
    out = tmp_path / "site"
    said = subprocess.run([sys.executable, "-c", FULL_DISK, out], check=True, capture_output=True, text=True)
    assert "cannot be written: File too large" in said.stdout
    assert (out / "index.html").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["site"]  # noqa: PTH208 (names are wanted)
