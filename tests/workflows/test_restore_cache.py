"""A clone goes on where its author stopped: the snapshot's draws count as asked, their cost as spent."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.workflows.killing import killed_at

from flipsite.cli.main import cli
from flipsite.project import find_project
from flipsite.settings import load_study
from flipsite.store.cache.cache import Cache
from flipsite.workflows.restore_cache import adopt_snapshot
from flipsite.workflows.snapshot import write_snapshot

WORDS = ("collect", "trial", "--simulated", "--yes")
SNAPSHOT = Path("content/studies/trial/draws.parquet")


@pytest.fixture(scope="module")
def authors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("authors")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        ran = CliRunner().invoke(cli, [*WORDS, "--draws", "4"])
    assert ran.exit_code == 0, ran.output
    return root


@pytest.fixture
def clone(authors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(authors / "content", tmp_path / "content")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_clone_refuses_to_lose_draws_and_names_the_way(clone: Path) -> None:
    ran = CliRunner().invoke(cli, [*WORDS, "--draws", "4"])
    assert ran.exit_code == 1
    assert "Add --adopt" in ran.output


def test_adopted_draws_are_asked_and_paid(clone: Path, authors: Path) -> None:
    """Nothing is asked again, the spend is the author's, and the snapshot stays as it was to the byte."""
    before = SNAPSHOT.read_bytes()
    ran = CliRunner().invoke(cli, [*WORDS, "--draws", "4", "--adopt"])
    assert ran.exit_code == 0, ran.output
    assert "Adopted 68 draws of the snapshot" in ran.output
    assert "Nothing to ask: all 68 draws are there." in ran.output
    assert SNAPSHOT.read_bytes() == before
    assert spent(clone) == pytest.approx(spent(authors), abs=100)
    again = CliRunner().invoke(cli, [*WORDS, "--draws", "4", "--adopt"])
    assert "Adopted" not in again.output
    assert SNAPSHOT.read_bytes() == before


def test_a_clone_that_goes_on_has_the_draws_of_one_run(clone: Path, authors: Path) -> None:
    """The same bytes as the author's own next run."""
    assert CliRunner().invoke(cli, [*WORDS, "--draws", "6", "--adopt"]).exit_code == 0
    mine = SNAPSHOT.read_bytes()
    shutil.copytree(authors, clone / "authors")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(clone / "authors")
        assert CliRunner().invoke(cli, [*WORDS, "--draws", "6"]).exit_code == 0
        assert SNAPSHOT.read_bytes() == mine


def test_a_study_without_a_snapshot_has_nothing_to_adopt(clone: Path) -> None:
    SNAPSHOT.unlink()
    ran = CliRunner().invoke(cli, [*WORDS, "--adopt"])
    assert ran.exit_code == 2
    assert "no snapshot to adopt" in ran.output


def test_an_adoption_that_is_killed_adopts_all_or_none(clone: Path) -> None:
    """At every call that touches the disk; the next one has the same result."""
    project = find_project(clone)
    folder = project.studies / "trial"

    def adopt() -> None:
        with Cache(project.cache, study="trial", protocol=None, now="2026-01-01T00:00:00Z") as cache:
            adopt_snapshot(folder, cache)

    step, killed = 1, True
    while killed:
        shutil.rmtree(project.cache, ignore_errors=True)
        killed = killed_at(step, adopt)
        if (project.cache / "cache.sqlite").exists() and (project.cache / "cache.sqlite").stat().st_size:
            adopt()
            assert n_draws(clone) == 68
        step += 5


def spent(root: Path) -> int:
    return one(root, "SELECT sum(billed_pico + unpriced_pico) FROM series")


def n_draws(root: Path) -> int:
    return one(root, "SELECT count(*) FROM draw")


def one(root: Path, query: str) -> int:
    with sqlite3.connect(root / ".flipsite" / "cache.sqlite") as cache:
        (number,) = cache.execute(query).fetchone()
    cache.close()
    return int(number)


def test_measured_probabilities_come_back_to_the_last_digit(tmp_path: Path) -> None:
    """Each was rounded for itself; the sum of the rounded ones would miss many of the stored covers."""
    shipped = Path(__file__).parents[2] / "content" / "studies" / "small-models-logprobs"
    folder = tmp_path / shipped.name
    shutil.copytree(shipped, folder)
    before = (folder / "draws.parquet").read_bytes()
    now = "2026-12-01T00:00:00Z"
    with Cache(tmp_path / "cache.sqlite", study=folder.name, protocol=None, now=now) as cache:
        adopt_snapshot(folder, cache)
        (folder / "draws.parquet").unlink()
        write_snapshot(folder, cache, load_study(folder))
    assert (folder / "draws.parquet").read_bytes() == before
