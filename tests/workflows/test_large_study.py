"""A study in parts, from its folder to its pages: counted, thinned, and offered in parts again."""

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pyarrow.parquet as pq
import pytest

from flipsite import api
from flipsite.domain.draws import Draw, Outcome
from flipsite.errors import StoreError, UsageError
from flipsite.project import find_project, snapshot_files
from flipsite.settings import load_study
from flipsite.store.exports import ExportFormat, export_draws
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_draws
from flipsite.store.snapshot.read import read_draws, read_groups
from flipsite.workflows.build import build
from flipsite.workflows.import_export import export_study
from flipsite.workflows.load import subjects_of
from flipsite.write.check.check import check_site

pytestmark = pytest.mark.slow  # whole builds

STUDY = """
[study]
title = "Many flips"
kind = "measured"
summary = "Two models, one of them asked very often."
source = "made for a test"
[prompt]
template = "Answer {first} or {second}."
"""


def draw(model: str, number: int) -> Draw:
    """An alternating coin's."""
    return Draw(
        model=model,
        draw=number,
        labels=("0", "1"),
        order=number // 2 % 2,
        result=Outcome(index=number % 2),
        response=str(number % 2),
        asked_at="2026-11-01T00:00:00Z",
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one study in two parts, built."""
    root = tmp_path_factory.mktemp("large")
    folder = root / "content" / "studies" / "many"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    for part, (model, n) in enumerate((("a/often", 1200), ("b/seldom", 40))):
        rows = collect_draws(draw(model, number) for number in range(n))
        write_draws(folder / "draws" / f"part={part:02d}" / "draws.parquet", rows, study="many")
    build(find_project(root), out=root / "site", jobs=1)
    return root


def test_a_model_of_many_draws_has_a_page_of_the_usual_size(project: Path) -> None:
    """The pictures are thinned, and say so; the page says where the other draws are."""
    often = (project / "site/many/models/a/often/index.html").read_text(encoding="utf-8")
    assert "One draw in 3 is shown." in often
    assert "400 of 1,200 points are drawn." in often
    assert "The first 50 answers" in often
    assert "The other 1,150 are in the download." in often
    assert not (project / "site/many/models/a/often/draws.csv").exists()
    assert len(often) < 80_000


def test_a_large_study_is_downloaded_in_parts(project: Path) -> None:
    """The manifest tells each part's size, digest and draws; there is no giant CSV; every link holds."""
    data = project / "site" / "many" / "data"
    manifest = json.loads((data / "draws" / "manifest.json").read_text(encoding="utf-8"))
    assert [part["path"] for part in manifest["files"]] == [
        "part=00/draws.parquet",
        "part=01/draws.parquet",
    ]
    assert manifest["draws"] == 1240
    for part in manifest["files"]:
        content = (data / "draws" / part["path"]).read_bytes()
        assert (part["bytes"], part["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert part["draws"] == pq.read_metadata(data / "draws" / part["path"]).num_rows
    package = json.loads((data / "datapackage.json").read_text(encoding="utf-8"))
    (resource,) = [each for each in package["resources"] if each["name"] == "draws"]
    assert resource["path"] == [f"draws/{part['path']}" for part in manifest["files"]]
    assert not (data / "draws.csv").exists()
    assert not check_site(project / "site")


def test_a_large_study_is_exported_whole(project: Path, tmp_path: Path) -> None:
    """As one file of any form, read a group of rows at a time; CSV and lines are what a small study gives."""
    found = find_project(project)
    files = snapshot_files(project / "content" / "studies" / "many")
    rows = collect_draws(draw(m, i) for m, n in (("a/often", 1200), ("b/seldom", 40)) for i in range(n))
    for form in get_args(ExportFormat):
        assert export_study(found, "many", form=form, out=tmp_path / form) == 1240
        if form != "parquet":
            expected = io.BytesIO()
            export_draws(rows, expected, study="many", form=form)
            assert (tmp_path / form).read_bytes() == expected.getvalue()
    assert len(read_draws(tmp_path / "parquet")) == 1240
    assert [len(group) for group in read_groups(files)] == [1200, 40]


def test_a_frame_of_too_many_draws_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is said how to ask for some of them; the study's models are known all the same."""
    folder = project / "content" / "studies" / "many"
    study = api.StudyHandle.load(folder)
    assert api.draws(study)["model"].value_counts().to_dict() == {"a/often": 1200, "b/seldom": 40}
    monkeypatch.setattr("flipsite.store.snapshot.read.MOST_HELD", 1239)
    with pytest.raises(StoreError, match="too many for a frame; ask DuckDB"):
        api.draws(study)
    assert subjects_of(folder, load_study(folder)).models == ("a/often", "b/seldom")


def test_two_snapshots_of_one_study_are_refused(project: Path, tmp_path: Path) -> None:
    """Nobody could say which are the draws."""
    folder = tmp_path / "content" / "studies" / "many"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    rows = collect_draws([draw("a/often", 0)])
    for path in ("draws.parquet", "draws/part=00/draws.parquet"):
        write_draws(folder / path, rows, study="many")
    with pytest.raises(UsageError, match=r"holds both draws\.parquet and draws/"):
        build(find_project(tmp_path), out=tmp_path / "site")


def test_a_usual_build_loads_no_engine(tmp_path: Path) -> None:
    """Ibis and DuckDB are an extra, for studies too large to hold."""
    folder = tmp_path / "content" / "studies" / "few"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    write_draws(folder / "draws.parquet", collect_draws([draw("a/b", 0), draw("a/b", 1)]), study="few")
    code = (
        "import sys, pathlib; from flipsite.workflows.build import build; "
        "from flipsite.project import find_project; "
        "build(find_project(pathlib.Path.cwd()), out=pathlib.Path('site'), jobs=1);"
        "print([name for name in ('ibis', 'duckdb', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
