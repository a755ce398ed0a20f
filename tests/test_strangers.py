"""Wrong use of the command line, and faults of the disk: one sentence each, never a traceback."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from tests.command_line import run

from flipsite.cli.init import init
from flipsite.cli.params import MOST_USD
from flipsite.domain.study import MOST_BUDGET_USD
from flipsite.write.scaffold import STUDY


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project, with draws of simulated coins beside its study without any."""
    folder = tmp_path_factory.mktemp("strangers") / "my coins"
    init(folder, templates=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = said("collect", "trial", "--simulated", "--yes", "--draws", "2")
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def project(collected: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "my coins"
    shutil.copytree(collected, folder)
    monkeypatch.chdir(folder)
    return folder


def flipsite(
    *arguments: str, folder: Path, stdout: int | None = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flipsite", *arguments],
        cwd=folder,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=240,
        check=False,
    )


def said(*arguments: str) -> Result:
    done = run(*arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ("embed leaderboard -o .", 1, "flipsite: .: this is a folder; name a file\n"),
        ("export trial --format csv -o content", 1, "flipsite: content: this is a folder; name a file\n"),
        (
            f"embed leaderboard --study {STUDY}",
            2,
            f"flipsite: study '{STUDY}' has no draws yet; run `flipsite collect {STUDY}`\n",
        ),
        ("collect trial --simulated --budget nan", 2, "'nan' is not a number.\n"),
        ("collect trial --simulated --budget inf", 2, "inf is more than a billion.\n"),
        ("features trial --simulated --budget nan", 2, "'nan' is not a number.\n"),
        ("plan trial --margin nan", 2, "'nan' is not a number.\n"),
    ],
)
def test_a_wrong_word_is_told(project: Path, words: str, status: int, told: str) -> None:
    done = said(*words.split())
    assert done.exit_code == status
    assert done.output.endswith(told)


def test_the_largest_budget_is_one_number() -> None:
    assert MOST_USD == MOST_BUDGET_USD


def test_what_is_embedded_is_of_the_first_study_that_has_figures(project: Path) -> None:
    done = said("embed", "leaderboard", "--top", "1", "--format", "markdown")
    assert "Source: trial;" in done.output


def test_a_folder_with_a_space_is_typed_as_a_shell_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "\n  cd 'your coins'\n" in said("init", "your coins").output


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    code = "import os; from flipsite.cli.main import main; os.rmdir(os.getcwd()); main(['build'])"
    (tmp_path / "gone").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "gone",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "flipsite: this folder is no longer there; go to one that is, and run it again.\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", ["--help", "", "build --help", "export trial --format csv", "plan trial"])
def test_an_output_that_is_full_is_told(project: Path, words: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = flipsite(*words.split(), folder=project, stdout=full.fileno())
    assert (done.returncode, done.stderr) == (
        1,
        "flipsite: the output, or a file: No space left on device; fix that and run it again.\n",
    )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such name")
def test_a_path_that_is_no_text_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xff"))
    folder.mkdir()
    done = flipsite("collect", "trial", "--simulated", "--yes", "--draws", "1", folder=folder)
    assert done.returncode == 2
    assert done.stderr.endswith("w\\udcff: a part of this path is not UTF-8; rename it, or work elsewhere\n")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("columns", ["1", "20", "rubbish"])
def test_no_column_of_a_table_is_lost_to_a_narrow_screen(
    project: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    offer = said("collect", "trial", "--simulated", "--dry-run", "--draws", "4").output
    assert re.search(r"simulated/first-named +2", offer)
    assert "simulated/first-named" in said("models", "--simulated").output


def test_a_study_that_may_not_be_looked_into_is_not_passed_over(project: Path) -> None:
    """A site without it would be published."""
    (project / "content/studies/loop").symlink_to("loop")
    done = said("build")
    assert done.exit_code == 1
    assert done.output.startswith(f"flipsite: {project}/content/studies/loop/study.toml: ")
    assert not (project / "site").exists()
