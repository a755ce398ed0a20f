"""A server that takes its time: how long a draw may take, by study.toml and by --timeout."""

import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.collect.collecting_runs import STUDY, budget, project_of, statuses, watcher
from tests.collect.dialect_server import PRICED, Dialects, Says, speaking
from tests.narrowing import not_none

from flipsite.cli.main import cli
from flipsite.domain.money import NOTHING
from flipsite.domain.study import Kind, Sampling
from flipsite.project import Project
from flipsite.workflows.collect import collect
from flipsite.workflows.run_request import RunRequest

PATIENCE_S = 1.0  # the least there can be


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A study whose draws may take a second."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "any-word-will-do")
    monkeypatch.chdir(tmp_path)
    sampling = Sampling(draws=1, timeout_s=PATIENCE_S)
    return project_of(tmp_path, kind=Kind.MEASURED, budget=budget(5.0), sampling=sampling)


def test_a_draw_that_takes_longer_fails_once_and_says_what_to_change(project: Project) -> None:
    """It may have been billed, so it is not asked again, and it counts as spent at its worst case."""
    answer = threading.Event()
    says = Says(text="Output: 1", cost=0.0001, after=answer)
    with speaking(Dialects(models={"a/slow": [says]}, entry=PRICED)) as server:
        report = not_none(collect(project, RunRequest(study_id=STUDY, api_base=server.base), watcher()))
        answer.set()
    assert statuses(project) == ["error"]
    assert len(server.asked) == 1
    assert report.spent_usd == report.unpriced_usd > NOTHING
    assert "no answer within 1 s; --timeout or timeout_s in study.toml" in report.progress.faults["a/slow"]


def test_timeout_on_the_command_line_allows_longer_than_the_study(project: Project) -> None:
    """The answer comes after the study's bound and within that of --timeout."""
    answer = threading.Event()
    says = Says(text="Output: 1", cost=0.0001, after=answer)
    with speaking(Dialects(models={"a/slow": [says]}, entry=PRICED)) as server:
        threading.Timer(1.2 * PATIENCE_S, answer.set).start()
        run = ["collect", STUDY, "--api-base", server.base, "--yes", "--timeout", "60"]
        result = CliRunner().invoke(cli, run)
    assert result.exit_code == 0, result.output
    assert len(server.asked) == 1
    assert statuses(project) == ["valid"]
