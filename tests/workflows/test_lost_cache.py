"""A build goes on without what it kept in the user's cache, and writes the same site."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workflows.test_render import files_of

from flipsite.project import find_project
from flipsite.store.imports.columns import ImportOptions
from flipsite.workflows.build import build
from flipsite.workflows.import_export import import_draws

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies of three models, and their site in `expected`."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "content/studies").mkdir(parents=True)
    draws = folder / "draws.csv"
    rows = [f"a/m{model},{int(draw % 4 < model)}" for model in range(3) for draw in range(8)]
    draws.write_text("\n".join(["model,outcome", *rows]) + "\n")
    for study in ("one", "two"):
        import_draws(find_project(folder), study, draws, options=ImportOptions())
    build(find_project(folder), out=folder / "expected", jobs=1)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where flipsite keeps results, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/flipsite"


@pytest.fixture
def small_disk(cache: Path) -> Iterator[Path]:
    """A disk of 128 kilobytes for the cache: an eighth of what the build would keep."""
    disk = cache.parent
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)], check=False, capture_output=True
    ).returncode:
        pytest.skip("no right to mount a disk here; test_build_cache.py fills one by a limit")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def run(project: Path, before: str = "", *, out: str = "site") -> None:
    """Build with several processes, each of which is there only if this is a process of its own."""
    words = ["build", "-o", out, "--jobs", "2"]
    shutil.rmtree(project / out, ignore_errors=True)
    told = f"{before}\nfrom flipsite.cli.main import main\nmain({words})"
    subprocess.run([sys.executable, "-c", told], cwd=project, check=True, timeout=300)
    assert files_of(project / out) == files_of(project / "expected")


MOMENTS = {
    "reports are to be read by the process that draws": "r._send",
    "charts are to be read by the process that makes pages": "r.charts_of",
    "the charts' script is to be read": "r.charts_script",
}


@pytest.mark.parametrize("function", MOMENTS.values(), ids=MOMENTS)
def test_a_cache_that_is_emptied_at_the_worst_moment(project: Path, cache: Path, function: str) -> None:
    run(
        project,
        "import shutil, flipsite.workflows.render as r\n"
        f"def emptied(*given, real={function}, **named):\n"
        f"    shutil.rmtree({str(cache)!r})\n"
        "    return real(*given, **named)\n"
        f"{function} = emptied",
    )


def test_a_cache_that_is_emptied_all_the_time(project: Path, cache: Path) -> None:
    done = threading.Event()

    def empty() -> None:
        while not done.wait(0.01):
            shutil.rmtree(cache / "made", ignore_errors=True)
            (cache / "made").mkdir(parents=True, exist_ok=True)

    emptying = threading.Thread(target=empty)
    emptying.start()
    try:
        run(project)
    finally:
        done.set()
        emptying.join()


def test_a_cache_whose_files_were_all_cut_short(project: Path, cache: Path) -> None:
    """As a power cut may leave them: by their names all is there, so no process was started that draws."""
    run(project)
    for path in cache.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:40])
    run(project)


def test_a_full_disk(project: Path, small_disk: Path) -> None:
    run(project)


def test_a_disk_that_can_only_be_read(project: Path, small_disk: Path) -> None:
    """What it holds is used, damaged or not."""
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    run(project)
    kept = sorted((small_disk / "flipsite/made").iterdir())
    for path in kept[::2]:
        path.write_bytes(b"")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    run(project)
