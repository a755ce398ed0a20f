"""A build killed at any instant leaves the last good site whole; two builds at once take turns."""

import json
import os
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from flipsite.errors import SiteError
from flipsite.files import exchange, rename_twice
from flipsite.write.site.replace import replace_site
from flipsite.write.site.staging import LOCK, MARK, NEW, OLD, scratch_beside

BUILDER = """
import sys
from pathlib import Path
from flipsite.write.site.replace import replace_site
out, first = Path(sys.argv[1]), int(sys.argv[2])
for n in range(first, first + 100_000):
    files = {f"s/{i}/index.html": b"%d" % (n if i % 2 else 0) for i in range(40)}
    replace_site({**files, "n.txt": b"%d" % n}, out, version="1", inputs={})
    if n == first:
        print("up", flush=True)
"""


def is_whole(site: Path) -> bool:
    """Every file is listed with its digest, and the pages are all of one build."""
    outputs = json.loads((site / "build.json").read_text())["outputs"]
    held = {
        path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()
    }
    del held["build.json"]
    assert {path: sha256(text).hexdigest() for path, text in held.items()} == outputs
    return len(outputs) == 41 and {held[f"s/{i}/index.html"] for i in range(40)} <= {b"0", held["n.txt"]}


@pytest.mark.slow
def test_a_site_is_whole_after_every_kill(tmp_path: Path) -> None:
    """SIGKILL at 12 instants spread over the build, each build starting from what the last kill left."""
    out = tmp_path / "site"
    leftovers = 0
    for run in range(12):
        builder = subprocess.Popen(
            [sys.executable, "-c", BUILDER, out, str(run * 1000)], stdout=subprocess.PIPE
        )
        assert builder.stdout is not None
        builder.stdout.readline()
        time.sleep(0.0061 * run)
        builder.send_signal(signal.SIGKILL)
        builder.communicate()
        leftovers += (tmp_path / ".site.flipsite").exists()
        assert is_whole(out)
    assert leftovers > 0  # the kills did hit the middle of builds
    replace_site({"index.html": b"after"}, out, version="1", inputs={})
    assert os.listdir(tmp_path) == ["site"]  # noqa: PTH208 (names are wanted)


ORPHANS = """
import os, sys
from pathlib import Path
from flipsite.write.site.replace import replace_site
out, parent = Path(sys.argv[1]), os.getpid()

def batch(number):
    if os.getpid() == parent:
        os.read(os.pipe()[0], 1)  # until it is killed
    print(number, flush=True)
    if number == 1:
        sys.stdin.readline()
    return {f"{number}.txt": b"made"}

replace_site({}, out, version="1", inputs={}, batches=[lambda n=n: batch(n) for n in range(5)], jobs=2)
"""


def test_after_a_kill_no_process_goes_on(tmp_path: Path) -> None:
    """A process that makes pages ends with the batch that it was making."""
    builder = subprocess.Popen(
        [sys.executable, "-c", ORPHANS, tmp_path / "site"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert builder.stdout is not None
    assert builder.stdout.readline() == b"1\n"
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    rest, _ = builder.communicate(b"go on\n")  # ends when no process holds the pipe
    assert rest == b""


def test_a_build_killed_between_two_renames_is_put_back(tmp_path: Path) -> None:
    """As where folders cannot be exchanged: nothing at `site`, the old one whole in the scratch."""
    out, scratch = tmp_path / "site", tmp_path / ".site.flipsite"
    files = {"index.html": b"last good"}
    replace_site(files, out, version="1", inputs={})
    inode = (out / "index.html").stat().st_ino
    scratch.mkdir()
    (scratch / LOCK).write_bytes(MARK)
    (scratch / NEW).mkdir()
    (scratch / NEW / "half").write_text("written")
    out.rename(scratch / OLD)
    assert replace_site(files, out, version="1", inputs={}).written == 0
    assert (out / "index.html").stat().st_ino == inode
    assert not scratch.exists()


def test_what_could_not_be_removed_is_left_for_the_next_build(tmp_path: Path) -> None:
    """A leftover keeps the mark that tells it is flipsite's."""
    out = tmp_path / "site"
    with scratch_beside(out) as scratch:
        (scratch / NEW).write_text("not even a folder")
    assert (tmp_path / ".site.flipsite" / LOCK).read_bytes() == MARK
    (tmp_path / ".site.flipsite" / NEW).unlink()
    replace_site({"index.html": b"home"}, out, version="1", inputs={})
    assert os.listdir(tmp_path) == ["site"]  # noqa: PTH208 (names are wanted)


def test_two_renames_do_what_one_exchange_does(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    (one / "new").touch()
    (two / "old").touch()
    assert rename_twice(one, two, aside=tmp_path / "aside") == tmp_path / "aside"
    assert (two / "new").exists()
    assert (tmp_path / "aside/old").exists()
    assert exchange(two, tmp_path / "aside")
    assert (two / "old").exists()


def test_a_second_rename_that_fails_is_undone(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with pytest.raises(FileNotFoundError):
        rename_twice(tmp_path / "missing", tmp_path / "site", aside=tmp_path / "aside")
    assert (tmp_path / "site").is_dir()


def test_a_second_build_waits_for_the_first(tmp_path: Path) -> None:
    """Two processes write the same site over and over; it is whole whenever one is done."""
    out = tmp_path / "site"
    code = BUILDER.replace("100_000", "6")
    builders = [subprocess.Popen([sys.executable, "-c", code, out, str(n)]) for n in (0, 1000)]
    assert [builder.wait() for builder in builders] == [0, 0]
    assert is_whole(out)
    assert os.listdir(tmp_path) == ["site"]  # noqa: PTH208 (names are wanted)


def test_a_build_that_waits_too_long_says_so(tmp_path: Path) -> None:
    out = tmp_path / "site"
    with (
        scratch_beside(out),
        pytest.raises(SiteError, match="another build is writing this site"),
        scratch_beside(out, patience_s=0.05),
    ):
        pass


def test_an_interrupted_build_leaves_no_scratch(tmp_path: Path) -> None:
    def interrupted() -> None:
        with scratch_beside(tmp_path / "site") as scratch:
            (scratch / NEW).mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 (names are wanted)
