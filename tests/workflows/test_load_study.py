"""A study's draws: whole, counted, or elsewhere, as `flipsite.toml` says."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.narrowing import not_none

from flipsite.domain.draws import Draw, Outcome, Tally
from flipsite.errors import SettingsError, StoreError
from flipsite.project import find_project
from flipsite.settings import load_study
from flipsite.store.snapshot.assemble import collect_draws
from flipsite.store.snapshot.parquet import write_draws
from flipsite.store.snapshot.study import StudyDraws
from flipsite.workflows.build import input_digests
from flipsite.workflows.load import load_draws, load_tallies, study_files

ROWS = [
    Draw(model="a/b", draw=draw, labels=("0", "1"), order=0, result=Outcome(index=draw % 2))
    for draw in range(6)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study's folder in a project, without draws."""
    folder = tmp_path / "content" / "studies" / "far"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text("[study]\n", encoding="utf-8")
    return folder


def say(folder: Path, text: str) -> None:
    """Write the project's file."""
    (folder.parents[2] / "flipsite.toml").write_text(text, encoding="utf-8")


def draws_in(folder: Path) -> StudyDraws | None:
    return load_draws(study_files(folder), load_study(folder))


def tallies_of(folder: Path) -> tuple[Tally, ...]:
    return load_tallies(study_files(folder), load_study(folder))


def test_draws_that_lie_elsewhere_are_counted_where_they_are(folder: Path, tmp_path: Path) -> None:
    """A folder of parts with an address; a build of the project depends on what is listed there."""
    away = tmp_path / "away"
    write_draws(away / "author=a" / "one.parquet", collect_draws(ROWS[:4]), study="far")
    assert draws_in(folder) is None
    say(folder, f'[draws]\nfar = "{away.as_uri()}"\n')
    (tally,) = tallies_of(folder)
    assert (tally.model, tally.n_draws, tally.n_ones) == ("a/b", 4, 2)
    assert len(not_none(draws_in(folder)).draws) == 4
    assert study_files(folder).places == (away.as_uri(),)
    elsewhere = {"far": away.as_uri()}
    before = input_digests(find_project(tmp_path), ["far"], base_url=None, elsewhere=elsewhere)
    write_draws(away / "author=a" / "two.parquet", collect_draws(ROWS[4:]), study="far")
    assert tallies_of(folder)[0].n_draws == 6
    assert input_digests(find_project(tmp_path), ["far"], base_url=None, elsewhere=elsewhere) != before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[engine]\nnmae = "duckdb"', r'flipsite\.toml: engine\.nmae: unknown key; did you mean "name"\?'),
        ('[engine]\nname = "os.system"', r"flipsite\.toml: engine\.name: expected one of \"duckdb\""),
        ("[draws]\nfar = 5", r"flipsite\.toml: draws\.far: expected the address of a folder"),
        ('[engine.options]\nthreads = "some"', r"the engine 'duckdb' cannot be reached"),
        ('[engine.options]\ndatabase = "/tmp/x"', r"engine\.options\.database: a project may not set this"),
        (
            '[engine]\nname = "pyspark"\noptions = {"spark.jars" = "x.jar"}',
            r"options\.spark\.jars: a project may",
        ),
        ('[draws]\nfar = "s3://key:secret@bucket/x"', r"draws\.far: expected the address of a folder"),
        ('[draws]\nfar = "s3://b/x?endpoint_override=localhost:1"', r"draws\.far: expected the address"),
        ('[draws]\nfar = "s3://b/x?scheme=http"', r"draws\.far: expected the address of a folder"),
        ('[draws]\nfar = "file://host/x"', r"draws\.far: expected the address of a folder"),
        ('[draws]\nfar = "file:///no/such/folder"', r"the engine 'duckdb' cannot count the draws"),
    ],
)
def test_a_faulty_project_file_is_told_plainly(folder: Path, text: str, told: str) -> None:
    """File, key, and what was expected; an engine that is not there."""
    for part in (0, 1):
        write_draws(folder / "draws" / f"part={part}" / "draws.parquet", collect_draws(ROWS), study="far")
    say(folder, text)
    with pytest.raises((SettingsError, StoreError), match=told):
        draws_in(folder)


def test_reading_a_plain_study_imports_nothing_that_only_others_need(folder: Path) -> None:
    """Start-up is half of a small build: engines, fits, features and catalogues are for studies with them."""
    others = [
        "pymc",
        "scipy.stats",
        "pandas",
        "flipsite.workflows.fit",
        "flipsite.collect",
        "flipsite.store.counting.aggregate",
    ]
    others += ["flipsite.store.features", "flipsite.store.snapshot.write", "httpx"]
    write_draws(folder / "draws.parquet", collect_draws(ROWS), study="far")
    code = (
        "import sys, pathlib; from flipsite.workflows.load import kept_files, load_report, study_files\n"
        f"folder = pathlib.Path({str(folder)!r})\n"
        "kept_files(study_files(folder), load_report(folder))\n"
        f"print([name for name in {others} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", ["a[bc]", "a*", "a?", "a{b,c}"])
def test_a_folder_whose_name_is_a_pattern_counts_only_its_own_parts(tmp_path: Path, name: str) -> None:
    """`[`, `*` and `?` are letters of a path, not what else would match them."""
    for project in (name, "ab", "ac", "a["):
        folder = tmp_path / project / "content" / "studies" / "far"
        for part in (0, 1):
            first = 3 * part
            rows = collect_draws(ROWS[first : first + 3])
            write_draws(folder / "draws" / f"part={part}" / "draws.parquet", rows, study="far")
        (folder / "study.toml").write_text("", encoding="utf-8")
    (tally,) = tallies_of(tmp_path / name / "content" / "studies" / "far")
    assert tally.n_draws == len(ROWS)
