"""`flipsite` alone says where the project stands, and what to do next."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from flipsite.cli.init import init
from flipsite.cli.main import cli
from flipsite.project import find_project
from flipsite.store.imports.columns import ImportOptions
from flipsite.workflows.build import build
from flipsite.workflows.import_export import import_draws
from flipsite.workflows.status import standing
from flipsite.write.scaffold import STUDY


def said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(cli, [])
    assert done.exit_code == 0
    return done.output


def commands(folder: Path) -> list[str]:
    return [command for command, _ in standing(find_project(folder)).next_steps()]


def test_in_an_empty_folder_it_offers_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(tmp_path, monkeypatch)
    assert "no project here" in text
    assert re.search(r"article-2025 +published +40 printed figures", text)
    assert commands(tmp_path)[0] == "flipsite init coins"


def test_a_new_project_is_told_to_ask_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init(tmp_path, templates=False)
    text = said(tmp_path, monkeypatch)
    assert f"{STUDY}  measured   no draws yet" in text
    assert "is not built yet" in text
    assert commands(tmp_path)[:2] == [
        f"flipsite models --study {STUDY}",
        f"flipsite collect {STUDY} --budget 5",
    ]
    assert "flipsite build" in commands(tmp_path)


def test_draws_are_counted_and_an_old_site_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init(tmp_path, templates=False)
    (tmp_path / "d.csv").write_text(
        "model,outcome,asked_at\na/b,1,2025-10-01T10:00:00Z\na/b,0,2025-10-03T10:00:00Z\n"
    )
    import_draws(find_project(tmp_path), STUDY, tmp_path / "d.csv", options=ImportOptions())
    build(find_project(tmp_path), out=tmp_path / "site", base_url="https://example.org/coins/")
    assert "2 draws, the last on 2025-10-03" in said(tmp_path, monkeypatch)
    assert standing(find_project(tmp_path)).site == "current"
    assert commands(tmp_path) == ["flipsite serve --open", "flipsite publish --dry-run"]
    (tmp_path / "content/story.md").write_text("# Changed\n")
    assert "older than what it is built from" in said(tmp_path, monkeypatch)
    assert commands(tmp_path)[0] == "flipsite build"


def test_a_faulty_study_is_told_and_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init(tmp_path, templates=False)
    (tmp_path / "content/studies/bad").mkdir()
    (tmp_path / "content/studies/bad/study.toml").write_text("[sampling]\ndraws = 0\n")
    text = said(tmp_path, monkeypatch)
    assert "sampling.draws: expected a whole number of at least 1, found 0" in text
    assert f"{STUDY}  measured   no draws yet" in text
    assert commands(tmp_path)[0].startswith("$EDITOR ")
