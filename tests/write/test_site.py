"""A site is replaced whole or not at all, and nothing that is not flipsite's is lost."""

import json
import os
import subprocess
from collections import UserDict
from collections.abc import ItemsView, Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flipsite.errors import SiteError
from flipsite.files import Content, StreamedFile, content_size
from flipsite.write.site.manifest import SiteChange
from flipsite.write.site.replace import replace_site

SMALL = {"index.html": b"<h1>Home</h1>", "s/index.html": b"study", "s/models/a/b/index.html": b"model"}


def build(files: Mapping[str, Content], out: Path, *, version: str = "1", **inputs: str) -> SiteChange:
    return replace_site(files, out, version=version, inputs=inputs)


def content(out: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if not path.is_dir()
    }


def test_a_first_build_writes_the_files_and_their_list(tmp_path: Path) -> None:
    change = build(SMALL, tmp_path / "site", study="00ff")
    held = content(tmp_path / "site")
    listing = held.pop("build.json")
    assert held == SMALL
    assert json.loads(listing) == {
        "flipsite": "1",
        "inputs": {"study": "00ff"},
        "outputs": {path: sha256(text).hexdigest() for path, text in SMALL.items()},
    }
    size = sum(map(len, SMALL.values())) + len(listing)
    assert change == SiteChange(written=4, unchanged=0, removed=0, bytes=size)
    assert os.listdir(tmp_path) == ["site"]  # noqa: PTH208 (names are wanted)


def test_the_list_depends_on_nothing_but_what_was_built(tmp_path: Path) -> None:
    """The same bytes whatever the order of the files, and without a time."""
    build(SMALL, tmp_path / "one", b="2", a="1")
    build(dict(reversed(SMALL.items())), tmp_path / "two", a="1", b="2")
    assert (tmp_path / "one/build.json").read_bytes() == (tmp_path / "two/build.json").read_bytes()


def test_a_build_of_the_same_touches_nothing(tmp_path: Path) -> None:
    out = tmp_path / "site"
    build(SMALL, out)
    before = {path: path.stat() for path in [out, *out.rglob("*")]}
    change = build(SMALL, out)
    assert (change.written, change.unchanged, change.removed) == (0, 4, 0)
    for path, status in before.items():
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (status.st_ino, status.st_mtime_ns)


def test_a_streamed_file_is_one_like_any_other(tmp_path: Path) -> None:
    """It is the old file where it says the same, a new one where it does not, and its size is known then."""
    out = tmp_path / "site"

    def built(text: bytes) -> SiteChange:
        streamed = StreamedFile(lambda file: file.writelines([text[:1], text[1:]]))
        change = build({"index.html": b"x", "s/draws.csv": streamed}, out)
        assert (out / "s/draws.csv").read_bytes() == text
        assert content_size(streamed) == len(text)
        return change

    assert built(b"one").written == 3
    before = (out / "s/draws.csv").stat()
    assert built(b"one").written == 0
    now = (out / "s/draws.csv").stat()
    assert (now.st_ino, now.st_mtime_ns, now.st_nlink) == (before.st_ino, before.st_mtime_ns, 1)
    assert built(b"two").written == 2
    assert (
        json.loads((out / "build.json").read_bytes())["outputs"]["s/draws.csv"] == sha256(b"two").hexdigest()
    )


def test_only_what_changed_is_a_new_file(tmp_path: Path) -> None:
    out = tmp_path / "site"
    build(SMALL, out)
    kept = (out / "s/index.html").stat()
    change = build({"index.html": b"<h1>New</h1>", "s/index.html": b"study", "x.csv": b"1"}, out)
    assert (change.written, change.unchanged, change.removed) == (3, 1, 1)
    assert set(content(out)) == {"index.html", "s/index.html", "x.csv", "build.json"}
    assert not (out / "s/models").exists()
    now = (out / "s/index.html").stat()
    assert (now.st_ino, now.st_mtime_ns, now.st_nlink) == (kept.st_ino, kept.st_mtime_ns, 1)


def test_a_file_edited_by_hand_is_written_again_even_with_its_size_and_times_kept(tmp_path: Path) -> None:
    out = tmp_path / "site"
    build(SMALL, out)
    page = out / "s/index.html"
    times = page.stat()
    page.write_bytes(b"STUDY")
    os.utime(page, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert build(SMALL, out).written == 1
    assert page.read_bytes() == b"study"


def test_a_link_or_an_unreadable_file_in_place_of_a_page_is_written_again(tmp_path: Path) -> None:
    out = tmp_path / "site"
    build(SMALL, out)
    (tmp_path / "elsewhere").write_bytes(b"study")
    (out / "s/index.html").unlink()
    (out / "s/index.html").symlink_to(tmp_path / "elsewhere")
    (out / "index.html").chmod(0o600)
    assert build(SMALL, out).written == 2
    assert not (out / "s/index.html").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"study"


def test_a_file_of_ours_that_went_missing_comes_back(tmp_path: Path) -> None:
    out = tmp_path / "site"
    build(SMALL, out)
    (out / "s/models/a/b/index.html").unlink()
    assert build(SMALL, out).written == 1
    assert content(out).keys() == {*SMALL, "build.json"}


@pytest.mark.parametrize("stray", ["notes.txt", "s/notes.txt", "s/models/a/b/.hidden", "empty/"])
def test_what_flipsite_did_not_write_stops_the_build(tmp_path: Path, stray: str) -> None:
    out = tmp_path / "site"
    build(SMALL, out)
    if stray.endswith("/"):
        (out / stray).mkdir()
    else:
        (out / stray).write_text("mine")
    before = content(out)
    with pytest.raises(SiteError, match=stray.rstrip("/")) as caught:
        build({"index.html": b"new"}, out)
    assert "\n" not in str(caught.value)
    assert content(out) == before
    assert os.listdir(tmp_path) == ["site"]  # noqa: PTH208 (names are wanted)


class Meddled(UserDict[str, bytes]):
    """A site whose reading gives somebody the time to save a file into the old one."""

    def __init__(self, files: dict[str, bytes], out: Path) -> None:
        super().__init__(files)
        self.out = out

    def items(self) -> ItemsView[str, bytes]:
        (self.out / "late.txt").write_text("mine")
        return super().items()


def test_a_file_that_comes_while_the_site_is_written_undoes_the_swap(tmp_path: Path) -> None:
    out = tmp_path / "site"
    build(SMALL, out)
    with pytest.raises(SiteError, match=r"site/late\.txt: flipsite did not write this"):
        build(Meddled({"index.html": b"new"}, out), out)
    assert content(out).keys() == {*SMALL, "build.json", "late.txt"}
    assert (out / "index.html").read_bytes() == SMALL["index.html"]


@pytest.mark.parametrize(
    "listing", [None, b"{}", b"\xff", b"[" * 100_000, b'{"flipsite":"1","inputs":{},"outputs":["a"]}']
)
def test_without_a_list_of_flipsites_every_file_is_foreign(tmp_path: Path, listing: bytes | None) -> None:
    out = tmp_path / "site"
    out.mkdir()
    (out / "index.html").write_text("somebody's home")
    if listing is not None:
        (out / "build.json").write_bytes(listing)
    with pytest.raises(SiteError, match="did not write this"):
        build(SMALL, out)
    assert (out / "index.html").read_text() == "somebody's home"


def test_a_list_that_names_files_outside_removes_none(tmp_path: Path) -> None:
    """build.json is a file like any other: what it says is compared with what is there, never followed."""
    out = tmp_path / "site"
    build(SMALL, out)
    (tmp_path / "precious").write_text("mine")
    listing = json.loads((out / "build.json").read_text())
    listing["outputs"]["../precious"] = "00"
    (out / "build.json").write_text(json.dumps(listing))
    build({"index.html": b"new"}, out)
    assert (tmp_path / "precious").read_text() == "mine"


def test_what_is_gits_is_carried_along(tmp_path: Path) -> None:
    """The tracked .gitignore, and a whole repository such as a worktree of gh-pages."""
    out = tmp_path / "site"
    out.mkdir()
    (out / ".gitignore").write_text("*\n")
    subprocess.run(["git", "init", "-q", out], check=True)
    (out / ".git/link").symlink_to("HEAD")
    head = (out / ".git/HEAD").stat().st_ino
    build(SMALL, out)
    build({"index.html": b"new"}, out)
    assert (out / ".gitignore").read_text() == "*\n"
    assert (out / ".git/HEAD").stat().st_ino == head
    assert (out / ".git/link").is_symlink()
    subprocess.run(["git", "-C", out, "fsck"], check=True, capture_output=True)


def test_files_and_folders_can_be_read_by_a_web_server_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        build(SMALL, tmp_path / "site")
    finally:
        os.umask(old)
    for path in [tmp_path / "site", *(tmp_path / "site").rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)


def test_a_path_is_a_file_to_copy(tmp_path: Path) -> None:
    source = tmp_path / "draws.parquet"
    source.write_bytes(os.urandom(100_000))
    out = tmp_path / "site"
    files: dict[str, Content] = {"index.html": b"home", "s/data/draws.parquet": source}
    build(files, out)
    copy = out / "s/data/draws.parquet"
    assert copy.read_bytes() == source.read_bytes()
    assert copy.stat().st_ino != source.stat().st_ino
    assert build(files, out).written == 0
    source.write_bytes(os.urandom(100_000))
    assert build(files, out).written == 2
    assert copy.read_bytes() == source.read_bytes()


def test_a_missing_source_is_a_sentence_and_leaves_the_site(tmp_path: Path) -> None:
    out = tmp_path / "site"
    build(SMALL, out)
    before = content(out)
    with pytest.raises(SiteError, match=r"cannot be written: No such file or directory \(.*gone.csv\)"):
        build({**SMALL, "gone.csv": tmp_path / "gone.csv"}, out)
    assert content(out) == before


def test_a_folder_that_is_linked_to_is_the_one_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "site").symlink_to("real")
    build(SMALL, tmp_path / "site")
    assert (tmp_path / "site").is_symlink()
    assert content(tmp_path / "real").keys() == {*SMALL, "build.json"}


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    build(SMALL, tmp_path / "deep/down/site")
    assert (tmp_path / "deep/down/site/index.html").is_file()


PATHS = st.sampled_from(["index.html", "a/index.html", "a/b/index.html", "a/c.csv", "d.json", "e/f/g.txt"])
SITES = st.dictionaries(PATHS, st.binary(max_size=3), max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sites=st.lists(SITES, min_size=1, max_size=4))
def test_any_sequence_of_builds_ends_as_a_clean_build_of_the_last(
    tmp_path_factory: pytest.TempPathFactory, sites: list[dict[str, bytes]]
) -> None:
    """And building the last one again does nothing."""
    root = tmp_path_factory.mktemp("sequence")
    for files in sites:
        change = build(files, root / "site")
        assert change.written + change.unchanged == len(files) + 1
    build(sites[-1], root / "clean")
    assert content(root / "site") == content(root / "clean")
    folders = {path.relative_to(root / "site") for path in (root / "site").rglob("*") if path.is_dir()}
    assert folders == {
        path.relative_to(root / "clean") for path in (root / "clean").rglob("*") if path.is_dir()
    }
    assert build(sites[-1], root / "site").written == 0
