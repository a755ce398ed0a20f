"""The example projects collect, import and build as their READMEs say."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.local_models import local_models

from flipsite.cli.main import cli
from flipsite.collect.simulated import Endpoint
from flipsite.collect.simulated.server import serving

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A copy of the example."""
    folder = tmp_path / str(request.param)
    shutil.copytree(EXAMPLES / request.param, folder)
    monkeypatch.chdir(folder)
    return folder


def flipsite(*words: str) -> str:
    ran = CliRunner().invoke(cli, words)
    assert ran.exit_code == 0, ran.output
    return ran.output


@pytest.mark.parametrize("within", ["own-prompt"], indirect=True)
def test_a_prompt_of_ones_own(within: Path) -> None:
    with serving(Endpoint()) as address:
        flipsite("collect", "rock-or-paper", "--models", "*/fair", "--api-base", address, "--yes")
    flipsite("build")
    page = (within / "site/rock-or-paper/index.html").read_text(encoding="utf-8")
    assert "Rock or paper" in page
    assert "paper" in (within / "site/rock-or-paper/models/simulated/fair/index.html").read_text()


@pytest.mark.parametrize("within", ["local-models"], indirect=True)
def test_local_models(within: Path) -> None:
    with local_models() as address:
        said = flipsite("collect", "llamas", "--api-base", address, "--concurrency", "2", "--yes")
    assert "20 draws: 20 valid" in said
    flipsite("build")
    assert (within / "site/llamas/leaderboard/index.html").is_file()


@pytest.mark.parametrize("within", ["imported-draws"], indirect=True)
def test_imported_draws(within: Path) -> None:
    """Forty draws each of three models."""
    flipsite("import", "draws.csv", "--study", "survey", "--labels", "heads,tails")
    flipsite("build", "--strict")
    board = (within / "site/survey/leaderboard/index.html").read_text(encoding="utf-8")
    assert all(f"house/{name}" in board for name in ("even", "loyal", "tilted"))
