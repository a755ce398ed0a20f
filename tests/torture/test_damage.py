"""A file that is cut short, has a bit turned, or is another's: a sentence says so, and no harm is done."""

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.torture.damage import cut_short, foreign, with_bits_turned
from tests.torture.torturing import SEED, slice_of

from flipsite.cli.main import main
from flipsite.errors import FlipsiteError
from flipsite.project import FEATURES_FILE, FIT_FILE, packaged
from flipsite.store.snapshot.read import read_draws
from flipsite.workflows.load import load_report
from flipsite.write.site.manifest import current_site
from flipsite.write.site.replace import replace_site

COLLECT = ("collect", "trial", "--simulated", "--models", "simulated/fair", "--draws", "6", "--yes")
GOOD = {"index.html": b"good", "s/index.html": b"good too"}
PRIVATE = ".flipsite/cache.sqlite"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a cache, a snapshot, printed figures, features and a fit, all of them sound."""
    root = tmp_path_factory.mktemp("whole")
    shutil.copytree(packaged("content"), root / "content")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert status_of(*COLLECT[:-2], "4", "--yes") == 0
    for name in (FEATURES_FILE, FIT_FILE):
        shutil.copy(root / "content/studies/article-2025" / name, root / "content/studies/trial")
    replace_site(GOOD, root / "site", version="1", inputs={})
    return root


@pytest.fixture
def project(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    shutil.copytree(whole, root)
    monkeypatch.chdir(root)
    return root


def status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    code = ended.value.code
    assert isinstance(code, int)
    return code


def damaged(path: Path, *, flips: int, cuts: int) -> Iterator[str]:
    """Put one damage after the other in a file's place, each told in words; then a folder, then nothing."""
    chance, sound = random.Random(f"{SEED} {path.name}"), path.read_bytes()
    ways = [
        *cut_short(sound, times=slice_of(cuts), chance=chance),
        *with_bits_turned(sound, times=slice_of(flips), chance=chance),
        *foreign(path.parent.parent),
    ]
    for words, text in ways:
        path.write_bytes(text)
        yield words
    path.unlink()
    path.mkdir()
    yield "a folder"
    path.rmdir()
    path.write_bytes(sound)


def test_a_damaged_cache_is_left_as_it_is_and_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback; what SQLite finds at once is not touched; the snapshot, which is public, stays whole."""
    snapshot = project / "content/studies/trial/draws.parquet"
    cache, before = project / PRIVATE, snapshot.read_bytes()
    sound = cache.read_bytes()
    statuses = set()
    for words in damaged(cache, flips=100, cuts=15):
        snapshot.write_bytes(before)
        text = cache.read_bytes() if cache.is_file() else None
        for command in (COLLECT, ("collect", "trial", "--reread")):
            status = status_of(*command)
            said = capsys.readouterr().err
            assert status in {0, 1, 2}, f"{words}: {said}"
            if status:
                assert said.startswith("flipsite: "), f"{words}: {said}"
                assert re.search(r"; |restore|Bring|Add|run", said), f"{words}: {said} (what to do?)"
            statuses.add(status)
            assert len(read_draws(snapshot)) >= 4 or not status, words
        if text is not None and not text.startswith(b"SQLite format 3\0") and text:
            assert cache.read_bytes() == text, f"{words}: it was written to"
        for left in project.glob(f"{PRIVATE}-*"):
            left.unlink()
    assert statuses >= {0, 1}
    assert cache.read_bytes() == sound
    snapshot.write_bytes(before)
    assert status_of(*COLLECT) == 0
    assert len(read_draws(snapshot)) == 6


READERS: dict[str, list[Callable[[Path], object]]] = {
    "content/studies/trial/draws.parquet": [
        lambda root: load_report(root / "content/studies/trial"),
        lambda _: status_of("export", "trial", "--format", "csv", "-o", "out.csv"),
        lambda _: status_of(*COLLECT),
        lambda _: status_of(),
    ],
    "content/studies/trial/study.toml": [
        lambda root: load_report(root / "content/studies/trial"),
        lambda _: status_of("models", "--study", "trial", "--simulated", "--json"),
        lambda _: status_of(*COLLECT),
        lambda _: status_of(),
    ],
    "content/studies/article-2025/published.toml": [
        lambda root: load_report(root / "content/studies/article-2025"),
        lambda _: status_of("plan", "article-2025"),
    ],
    "content/studies/trial/features.csv": [
        lambda root: load_report(root / "content/studies/trial"),
    ],
    "content/studies/trial/fit.json": [
        lambda root: load_report(root / "content/studies/trial"),
    ],
    "content/studies/controls/catalogue.json": [
        lambda root: load_report(root / "content/studies/controls"),
    ],
}


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_of_a_study_is_told_by_its_name(
    project: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Whoever reads it: an error that names the file and is a sentence, never a traceback."""
    path = project / name
    told = 0
    for words in damaged(path, flips=80, cuts=15):
        for reader in READERS[name]:
            try:
                status = reader(project)
            except FlipsiteError as error:
                told += 1
                said = str(error)
                assert said.startswith(str(path)), f"{words}: {said}"
                continue
            said = capsys.readouterr().err
            if isinstance(status, int) and status:
                told += 1
                assert path.name in said or path.parent.name in said, f"{words}: {said}"
                assert said.startswith("flipsite: "), f"{words}: {said}"
            assert "Traceback" not in said, words
    assert told > 10
    for reader in READERS[name]:
        assert reader(project) is not None


def test_a_damaged_list_of_a_site_makes_nobody_delete_it(project: Path) -> None:
    """Without a list that proves it flipsite's, a site is not replaced; with a false one, it is made anew."""
    site = project / "site"
    for words in damaged(site / "build.json", flips=60, cuts=15):
        assert current_site(site, version="1", inputs={"a": "b"}) is None, words
        refusal = _refusal(site)
        if refusal is None:
            assert json.loads((site / "build.json").read_text())["outputs"].keys() == {"index.html"}, words
            replace_site(GOOD, site, version="1", inputs={})
            continue
        assert "flipsite did not write this" in refusal or "cannot be" in refusal, words
        kept = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
        assert kept >= GOOD.keys(), words


def _refusal(site: Path) -> str | None:
    try:
        replace_site({"index.html": b"new"}, site, version="2", inputs={})
    except FlipsiteError as error:
        return str(error)
    return None
