"""`flipsite import` and `flipsite export` as a person runs them."""

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.command_line import run

from flipsite.cli.main import cli
from flipsite.domain.study import Kind
from flipsite.project import find_project, study_ids

CSV = "who,answer,said,p\na/b,heads,Heads!,50\na/b,,hm,50\nc/d,tails,Tails,50\nc/d,tails,x,49\n"
OPTIONS = [
    "--column",
    "model=who",
    "--column",
    "outcome=answer",
    "--labels",
    "tails,heads",
    "--where",
    "p=50",
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a file of somebody's in it."""
    (tmp_path / "theirs.csv").write_text(CSV)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_import_begins_a_project_and_tells_what_it_read(here: Path) -> None:
    """Where there is no project, content/studies/ begins in this folder."""
    result = run("import", "theirs.csv", "--study", "coins", *OPTIONS)
    assert result.exit_code == 0
    assert result.stdout == (
        "Read 4 rows of theirs.csv into study 'coins': "
        "2 valid, 1 unparsed, 1 left out by --where; 2 models.\n"
        "The outcome column was read as the label's text.\n"
    )
    assert result.stderr == "flipsite: theirs.csv: line 3 has no outcome\n"
    assert study_ids(find_project(here)) == ("coins",)


def test_a_second_import_says_that_nothing_changed(here: Path) -> None:
    """Exit status 0: the study is as asked."""
    run("import", "theirs.csv", "--study", "coins", *OPTIONS)
    result = run("import", "theirs.csv", "--study", "coins", *OPTIONS)
    assert (result.exit_code, result.stdout) == (
        0,
        "theirs.csv is in study 'coins' already; nothing changed.\n",
    )


def test_more_than_ten_problems_are_counted(here: Path) -> None:
    """Ten are shown."""
    (here / "b.csv").write_text("model,outcome\na,1\n" + "".join(f"a,x{n}\n" for n in range(12)))
    result = run("import", "b.csv", "--study", "coins")
    assert len(result.stderr.splitlines()) == 11
    assert result.stderr.endswith("flipsite: b.csv: and 2 more\n")


def test_several_files_a_folder_and_standard_input(here: Path) -> None:
    """Each file is imported by itself; a folder's other files are passed over."""
    folder = here / "logs" / "more"
    folder.mkdir(parents=True)
    (here / "logs" / "a.csv").write_text("model,outcome\na,1\n")
    (here / "logs" / "readme.md").write_text("nothing")
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(b'{"model": "b", "outcome": 0}\n'))
    (here / "c.csv").write_text("model,outcome\nc,1\n")
    result = run("import", "logs", "c.csv", "--study", "many")
    assert result.exit_code == 0
    assert [line.split(" of ")[1].split(" into")[0] for line in result.stdout.splitlines()[::2]] == [
        "logs/a.csv",
        "logs/more/b.jsonl.gz",
        "c.csv",
    ]
    piped = CliRunner().invoke(cli, ["import", "-", "--study", "many"], input="model,outcome\nd,1\n")
    assert (piped.exit_code, "Read 1 row of standard input into" in piped.output) == (0, True)
    assert json.loads(run("export", "many", "--format", "jsonl").stdout.splitlines()[-1])["model"] == "d"
    empty = run("import", "content", "--study", "many")
    assert (empty.exit_code, "1 draw" in empty.stdout, "already in the study" in empty.stdout) == (
        0,
        False,
        True,
    )


def test_a_dry_run_shows_draws_and_writes_nothing(here: Path) -> None:
    """As they would be stored, and what could not be read by its kind."""
    result = run("import", "theirs.csv", "--study", "coins", "--dry-run", *OPTIONS)
    assert result.exit_code == 0
    assert result.stdout.startswith("Would read 4 rows of theirs.csv into study 'coins': 2 valid, 1 unparsed")
    assert '{"study": "coins", "model": "a/b", "draw": 0, "labels": "[\\"tails\\",' in result.stdout
    assert result.stdout.endswith("1 × has no outcome\nNothing was written.\n")
    assert [path.name for path in here.iterdir()] == ["theirs.csv"]


@pytest.mark.parametrize("study", ["../x", "X", "a b", "", "methods", "-a"])
def test_a_study_cannot_be_named_just_anything(here: Path, study: str) -> None:
    """Nothing outside content/studies/ is ever written."""
    result = run("import", "theirs.csv", f"--study={study}", *OPTIONS)
    assert result.exit_code == 2
    assert "cannot name a study" in result.stderr
    assert [path.name for path in here.iterdir()] == ["theirs.csv"]


def test_a_file_that_cannot_be_imported_has_exit_status_2(here: Path) -> None:
    """One line on stderr, nothing written."""
    result = run("import", "theirs.csv", "--study", "coins")
    assert (result.exit_code, result.stdout) == (2, "")
    assert re.fullmatch(r"flipsite: theirs\.csv: no column 'model'; .*\n", result.stderr)
    assert [path.name for path in here.iterdir()] == ["theirs.csv"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_export_gives_back_what_import_took(here: Path, form: str) -> None:
    """Out and in again under another name: the same draws; a file and standard output hold the same bytes."""
    run("import", "theirs.csv", "--study", "coins", *OPTIONS)
    piped = run("export", "coins", "--format", form).stdout_bytes
    result = run("export", "coins", "--format", form, "-o", f"draws.{form}")
    assert result.stderr == f"Wrote 3 draws to draws.{form}.\n"
    assert (here / f"draws.{form}").read_bytes() == piped
    assert run("import", f"draws.{form}", "--study", "again").exit_code == 0
    lines = run("export", "coins", "--format", "jsonl").stdout.splitlines()
    again = run("export", "again", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) | {"study": ""} for line in lines] == [
        json.loads(line) | {"study": ""} for line in again
    ]


def test_export_replaces_a_file_whole(here: Path) -> None:
    """The old file is gone when the new one is there."""
    run("import", "theirs.csv", "--study", "coins", *OPTIONS)
    (here / "out.csv").write_text("x" * 100_000)
    assert run("export", "coins", "--format", "csv", "-o", "out.csv").exit_code == 0
    assert (here / "out.csv").read_text().startswith("study,model,")
    assert {path.name for path in here.iterdir()} == {"theirs.csv", "content", "out.csv"}


def test_parquet_does_not_go_to_a_terminal(here: Path) -> None:
    """Bytes would garble it; the remedy is stated."""
    run("import", "theirs.csv", "--study", "coins", *OPTIONS)
    ours, terminal = pty.openpty()
    command = [sys.executable, "-m", "flipsite", "export", "coins", "--format", "parquet"]
    result = subprocess.run(command, stdout=terminal, stderr=subprocess.PIPE, check=False)
    os.close(terminal)
    os.close(ours)
    assert (result.returncode, b"name a file with -o FILE" in result.stderr) == (2, True)


def test_export_of_what_has_no_draws(here: Path) -> None:
    """A study that is none, one without a snapshot, a published one: each has its own sentence."""
    run("import", "theirs.csv", "--study", "coins", *OPTIONS)
    result = run("export", "coin", "--format", "csv")
    assert (result.exit_code, "did you mean 'coins'" in result.stderr) == (2, True)
    folder = here / "content" / "studies" / "coins"
    (folder / "draws.parquet").unlink()
    result = run("export", "coins", "--format", "csv")
    assert (result.exit_code, "no draws yet" in result.stderr) == (1, True)
    text = (folder / "study.toml").read_text().replace('kind = "measured"', f'kind = "{Kind.PUBLISHED}"')
    (folder / "study.toml").write_text(text)
    result = run("export", "coins", "--format", "csv")
    assert (result.exit_code, "figures and no draws" in result.stderr) == (2, True)
