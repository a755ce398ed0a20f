"""Where a project stands: its studies, its draws, its site, and what to do next."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flipsite import __version__
from flipsite.domain.display import plural
from flipsite.domain.study import Kind, Study
from flipsite.errors import FlipsiteError
from flipsite.project import Project, snapshot_files, study_ids
from flipsite.settings import load_counts, load_printed, load_study
from flipsite.store.snapshot.extent import Extent, snapshot_extent
from flipsite.workflows.build import counting_settings, input_digests
from flipsite.write.site.manifest import current_site, read_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyStatus:
    """The state of a study.

    Attributes:
        id: Its id.
        kind: None where its settings cannot be read.
        words: What there is, for the eye.
        has_figures: Whether a page of it would show any.
        fault: Why it cannot be read; None where it can.
    """

    id: str
    kind: Kind | None
    words: str
    has_figures: bool
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatus:
    """The state of a project.

    Attributes:
        project: Its folders.
        studies: Each study.
        site: `missing`, `old` or `current`.
    """

    project: Project
    studies: tuple[StudyStatus, ...]
    site: str

    def next_steps(self) -> Iterator[tuple[str, str]]:
        """Suggest the next command and why, the most useful first."""
        for study in self.studies:
            if study.fault:
                settings = shlex.quote(str(self.project.studies / study.id / "study.toml"))
                yield f"$EDITOR {settings}", "fix the fault above"
        if self.project.packaged:
            yield "flipsite init coins", "begin a project of your own"
        for study in self.studies:
            if not study.has_figures and not study.fault:
                yield f"flipsite models --study {study.id}", "who would be asked, and what it would cost"
                yield f"flipsite collect {study.id} --budget 5", "ask them, with a key in OPENROUTER_API_KEY"
                break
        if not any(
            study.kind in {Kind.MEASURED, Kind.SIMULATED} and study.has_figures for study in self.studies
        ):
            yield "flipsite collect trial --simulated --yes", "coins of known truth: no key, no money"
        if self.site != "current":
            yield (
                "flipsite build",
                "write the site" if self.site == "missing" else "bring the site up to date",
            )
        yield "flipsite serve --open", "see it, and watch it change as you write"
        if self.site == "current" and not self.project.packaged:
            yield "flipsite publish --dry-run", "what publishing it would do"


def standing(project: Project) -> ProjectStatus:
    """See what there is of a project, without reading its draws."""
    ids = study_ids(project)
    return ProjectStatus(
        project=project,
        studies=tuple(_study(project.studies / each) for each in ids),
        site=_site(project, ids),
    )


def _study(folder: Path) -> StudyStatus:
    try:
        study = load_study(folder)
        words, has_figures = _words(folder, study)
    except FlipsiteError as error:
        return StudyStatus(
            id=folder.name, kind=None, words="cannot be read", has_figures=False, fault=str(error)
        )
    return StudyStatus(id=study.id, kind=study.kind, words=words, has_figures=has_figures)


def _words(folder: Path, study: Study) -> tuple[str, bool]:
    if study.kind is Kind.PUBLISHED:
        rows = load_counts(folder, n_outcomes=study.prompt.n_outcomes)
        if rows is None:
            return plural(len(load_printed(folder).rows), "printed figure"), True
        return f"counts of {plural(sum(row.n_draws for row in rows), 'draw')}, without the draws", True
    files = snapshot_files(folder)
    if not files:
        return "no draws yet", False
    return _extent_words(snapshot_extent(files)), True


def _extent_words(extent: Extent) -> str:
    when = f", the last on {extent.last[:10]}" if extent.last else ""
    return f"{plural(extent.draws, 'draw')}{when}"


def _site(project: Project, ids: tuple[str, ...]) -> str:
    last = read_manifest(project.site)
    if last is None:
        return "missing"
    # The site's address is given to each build; any will do here.
    inputs = input_digests(project, ids, base_url=None, elsewhere=counting_settings(project).draws)
    inputs["base-url"] = last.inputs.get("base-url", "")
    return "current" if current_site(project.site, version=__version__, inputs=inputs) else "old"
