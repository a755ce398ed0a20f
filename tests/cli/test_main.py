"""The command line as its user meets it; a real process where its status or its output is the subject."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.command_line import run

from flipsite import __version__
from flipsite.cli.main import COMMANDS, cli


def flipsite(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flipsite", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_a_faulty_study_is_one_sentence_and_status_two(tmp_path: Path) -> None:
    folder = tmp_path / "content" / "studies" / "s"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text("[sampling]\ndraws = 0\n")
    done = flipsite("build", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (told,) = (
        line for line in done.stderr.splitlines() if "so far" not in line
    )  # a busy machine tells how far it is
    assert told == (
        f"flipsite: {folder}/study.toml: sampling.draws: expected a whole number of at least 1, found 0."
    )


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    (tmp_path / "content" / "studies").mkdir(parents=True)
    done = flipsite("--debug", "build", "--study", "none", folder=tmp_path)
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_a_wrong_command_is_told_the_nearest() -> None:
    done = run("biuld")
    assert done.exit_code == 2
    assert "Did you mean 'build'?" in done.stderr


def test_strict_fails_on_a_warning(tmp_path: Path) -> None:
    (tmp_path / "content" / "studies" / "s").mkdir(parents=True)
    (tmp_path / "content" / "studies" / "s" / "study.toml").touch()
    done = flipsite("build", "--strict", folder=tmp_path)
    assert done.returncode == 1
    assert "warning: study 's' has no draws yet" in done.stderr
    assert flipsite("build", folder=tmp_path).returncode == 0


def test_options_have_environment_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLIPSITE_BUILD_STUDY", "none-such")
    done = run("build")
    assert done.exit_code == 2
    assert "no study 'none-such'" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """With a first sentence, and an example of its use."""
    shown = CliRunner().invoke(cli, [command, "--help"])
    assert shown.exit_code == 0
    assert f"flipsite {command}" in shown.output.partition("Examples:")[2]


def test_version() -> None:
    assert CliRunner().invoke(cli, ["--version"]).output == f"flipsite {__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    heavy = ("pandas", "altair", "scipy", "numpy", "httpx", "pydantic")
    code = (
        "import sys; from flipsite.cli.main import cli\n"
        "try: cli.main(['--help'], standalone_mode=False)\n"
        f"finally: print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_import_collect_and_export_start_without_the_analysis(tmp_path: Path) -> None:
    """It takes as long to import as all the rest."""
    (tmp_path / "draws.csv").write_text("model,outcome\na/b,1\n")
    for words in (
        "import draws.csv --study mine",
        "collect trial --simulated --yes --draws 1",
        "export mine --format csv",
    ):
        code = (
            "import sys; from flipsite.cli.main import cli\n"
            f"cli.main({words.split()}, standalone_mode=False)\n"
            "print([name for name in sys.modules if name.startswith(('flipsite.analyse.report', 'scipy'))])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        )
        assert done.stdout.splitlines()[-1] == "[]", words


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_stand_on_lines_of_their_own(command: str) -> None:
    """Help shows each example as it is typed, and no trace of the mark that keeps its line."""
    lines = CliRunner().invoke(cli, [command, "--help"]).output.splitlines()
    examples = lines[lines.index("  Examples:") + 1 :]
    assert examples[0].startswith(f"    flipsite {command}")
    assert "\\b" not in "".join(lines)
