"""A preview analyses and draws again only the studies that have changed."""

from pathlib import Path

import pytest

from flipsite.present.charts.chart_set import ChartRequest
from flipsite.present.charts.render import drawn
from flipsite.project import find_project
from flipsite.store.imports.columns import ImportOptions
from flipsite.workflows.build import input_digests
from flipsite.workflows.import_export import import_draws
from flipsite.workflows.incremental import Memory
from flipsite.workflows.load import read_report, study_files


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two studies, of two draws each."""
    (tmp_path / "content/studies").mkdir(parents=True)
    draws = tmp_path / "draws.csv"
    draws.write_text("model,outcome\na/b,1\na/b,0\n")
    for study in ("one", "two"):
        import_draws(find_project(tmp_path), study, draws, options=ImportOptions())
    return tmp_path


def recalled(memory: Memory, root: Path, *studies: str) -> list[object]:
    """The reports of a build, and its charts."""
    project = find_project(root)
    found = [study_files(project.studies / study) for study in studies]
    reports = memory.reports(found, input_digests(project, studies, base_url=None, elsewhere={}), read_report)
    wanted = ChartRequest(
        reports=tuple(reports), compared=(), alike=(), methods=(), embedded=studies, twins=()
    )
    return [*reports, memory.drawn(wanted, drawn)]


def same(one: list[object], other: list[object]) -> list[bool]:
    return [a is b for a, b in zip(one, other, strict=True)]


def test_a_story_changes_neither_studies_nor_charts(project: Path) -> None:
    memory = Memory()
    before = recalled(memory, project, "one", "two")
    (project / "content/story.md").write_text("# Other\n")
    assert same(before, recalled(memory, project, "one", "two")) == [True, True, True]


def test_a_study_that_changed_is_read_again_and_all_charts_are_drawn(project: Path) -> None:
    memory = Memory()
    before = recalled(memory, project, "one", "two")
    settings = project / "content/studies/two/study.toml"
    settings.write_text(settings.read_text().replace("title = ", "title = 'Other' #"))
    after = recalled(memory, project, "one", "two")
    assert same(before, after) == [True, False, False]
    assert same(after, recalled(memory, project, "one", "two")) == [True, True, True]


def test_a_study_that_was_put_away_is_forgotten(project: Path) -> None:
    memory = Memory()
    (before, *_) = recalled(memory, project, "one", "two")
    recalled(memory, project, "two")
    (after, *_) = recalled(memory, project, "one", "two")
    assert after is not before
