"""A build analyses and draws only the studies that have changed since any build of this user."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flipsite.analyse.report import StudyReport
from flipsite.present.charts.chart_set import ChartRequest, ChartSet
from flipsite.present.result_cache import remembering
from flipsite.project import find_project
from flipsite.store.imports.columns import ImportOptions
from flipsite.workflows.build import input_digests
from flipsite.workflows.import_export import import_draws
from flipsite.workflows.incremental import analysed_report, opened_study
from flipsite.workflows.load import load_report, study_files
from flipsite.workflows.render import are_drawn, charts_of
from flipsite.write.site.manifest import study_digests


@dataclass
class Cache:
    """A cache in memory that notes what was not in it."""

    known: dict[str, bytes] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)

    def get(self, source: str) -> bytes | None:
        return self.known.get(source)

    def knows(self, source: str) -> bool:
        return source in self.known

    @property
    def put_in(self) -> Collection[str]:
        return self.known

    def trust(self, names: Iterable[str]) -> None:
        """All is put in by this process."""

    def put(self, source: str, made: bytes) -> None:
        self.known[source] = made
        self.made.append(source.split(maxsplit=1)[0])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two studies, of two draws each."""
    (tmp_path / "content/studies").mkdir(parents=True)
    draws = tmp_path / "draws.csv"
    draws.write_text("model,outcome\na/b,1\na/b,0\n")
    for study in ("one", "two"):
        import_draws(find_project(tmp_path), study, draws, options=ImportOptions())
    return tmp_path


@pytest.fixture
def cache() -> Cache:
    return Cache()


def built(cache: Cache, root: Path, *studies: str) -> tuple[list[StudyReport], ChartSet]:
    """The reports of a build, and its charts."""
    project, cache.made = find_project(root), []
    digests = study_digests(studies, input_digests(project, studies, base_url=None, elsewhere={}))
    with remembering(cache):
        opened = [opened_study(study_files(project.studies / study), digests[study]) for study in studies]
        reports = [analysed_report(study) for study in opened]
        wanted = ChartRequest(
            reports=tuple(reports), compared=(), alike=(), methods=(), embedded=studies, twins=()
        )
        charts = charts_of(wanted, digests)
        assert are_drawn(digests)
        return reports, charts


def test_a_story_changes_neither_studies_nor_charts(cache: Cache, project: Path) -> None:
    before, drawn = built(cache, project, "one", "two")
    (project / "content/story.md").write_text("# Other\n")
    after, recalled = built(cache, project, "one", "two")
    assert not cache.made
    assert recalled == drawn
    assert [report.estimates for report in after] == [report.estimates for report in before]


def test_a_study_that_changed_is_analysed_again_and_its_charts_are_drawn(cache: Cache, project: Path) -> None:
    built(cache, project, "one", "two")
    settings = project / "content/studies/two/study.toml"
    settings.write_text(settings.read_text().replace("title = ", "title = 'Other' #"))
    reports, _ = built(cache, project, "one", "two")
    assert cache.made.count("report") == cache.made.count("settings") == 1
    assert reports[1].study.title == "Other"
    assert cache.made.count("tables") == 1


def test_settings_that_have_not_changed_are_recalled_where_the_draws_have(
    cache: Cache, project: Path
) -> None:
    """So their reader, which takes longer to load than a small study to analyse, stays away."""
    built(cache, project, "one")
    more = project / "more.csv"
    more.write_text("model,draw,outcome\na/b,2,1\n")
    import_draws(find_project(project), "one", more, options=ImportOptions())
    ((report,), _) = built(cache, project, "one")
    assert "report" in cache.made
    assert "settings" not in cache.made
    assert report.study == load_report(project / "content/studies/one").study


def test_a_report_is_recalled_with_its_draws(cache: Cache, project: Path) -> None:
    built(cache, project, "one")
    ((report,), _) = built(cache, project, "one")
    fresh = load_report(project / "content/studies/one")
    assert report.draws is not None
    assert fresh.draws is not None
    assert report.draws.models == fresh.draws.models
    assert report.draws.outcome.tolist() == fresh.draws.outcome.tolist()


def test_another_flipsite_recalls_nothing(project: Path) -> None:
    inputs = input_digests(find_project(project), ["one"], base_url=None, elsewhere={})
    for part in ("flipsite", "libraries"):
        assert study_digests(["one"], inputs) != study_digests(["one"], {**inputs, part: "another"})
