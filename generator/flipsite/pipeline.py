"""From a project's folders to a site: the stages in order. Read this first.

study.toml, snapshot ─load→ studies ─analyse→ reports ─present→ files ─write→ site/
"""

import hashlib
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flipsite import __version__
from flipsite.analyse.report import StudyReport, report_draws, report_printed
from flipsite.domain import Kind
from flipsite.present.interactive import bundle, bundle_key
from flipsite.present.site import SiteSettings, site_files
from flipsite.projects import Project, existing_study, packaged, study_ids
from flipsite.settings import load_printed, load_study
from flipsite.store.exports import export_draws
from flipsite.store.snapshot import SNAPSHOT, read_draws
from flipsite.write.manifest import read_manifest
from flipsite.write.site import SiteChange, replace_site
from flipsite.write.tree import measure

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did.

    Attributes:
        out: The site's folder.
        studies: How many studies it shows.
        models: How many models' pages it has.
        change: What was written, kept and removed.
        warnings: What is not wrong enough to stop for; `--strict` does.
    """

    out: Path
    studies: int
    models: int
    change: SiteChange
    warnings: tuple[str, ...]


def build(
    project: Project,
    *,
    out: Path,
    studies: Sequence[str] = (),
    base_url: str | None = None,
) -> BuildReport:
    """Build the site of a project's studies.

    Args:
        project: Where content and templates are.
        out: The folder to write; whole or not at all.
        studies: Ids of the studies to show; all where none is named.
        base_url: Where the site will stand.

    Raises:
        FlipsiteError: If an input is faulty or the site cannot be written; the last site stays as it was.
    """
    chosen = tuple(dict.fromkeys(studies)) or study_ids(project)
    reports = [load_report(existing_study(project, study_id)) for study_id in chosen]
    log.info("analysed %d studies", len(reports))
    inputs = input_digests(project, chosen)
    files = site_files(
        reports,
        SiteSettings(
            content=tuple(dict.fromkeys((project.content, packaged("content")))),
            templates=project.templates,
            base_url=base_url.rstrip("/") + "/" if base_url else None,
            version=__version__,
        ),
        digest=hashlib.sha256(repr(sorted(inputs.items())).encode()).hexdigest(),
        bundle=_bundle(out),
        draws={report.study.id: _draw_files(project.studies / report.study.id, report) for report in reports},
    )
    log.info("rendered %d files", len(files))
    change = replace_site(files, out, version=__version__, inputs=inputs)
    return BuildReport(
        out=out,
        studies=len(reports),
        models=sum(len(report.estimates) for report in reports),
        change=change,
        warnings=tuple(_warnings(reports)),
    )


def load_report(folder: Path) -> StudyReport:
    """Read a study's folder and analyse what it holds."""
    study = load_study(folder)
    if study.kind is Kind.PUBLISHED:
        return report_printed(study, load_printed(folder))
    snapshot = folder / SNAPSHOT
    return report_draws(study, read_draws(snapshot) if snapshot.exists() else None)


def _bundle(out: Path) -> tuple[str, bytes | Path]:
    """The charts' script and its path; the last site's where that is sound, for making it takes a second."""
    path = f"assets/vega.{hashlib.sha256(bundle_key().encode()).hexdigest()[:10]}.js"
    made, last = out / path, read_manifest(out)
    if last and path in last.outputs and made.is_file() and measure(made)[1] == last.outputs[path]:
        return path, made
    return path, bundle()


def _draw_files(folder: Path, report: StudyReport) -> dict[str, bytes | Path]:
    """A study's draws to download: the snapshot itself, and the same as CSV."""
    if report.draws is None:
        return {}
    lines = io.BytesIO()
    export_draws(report.draws, lines, study=report.study.id, form="csv")
    data = f"{report.study.id}/data"
    return {f"{data}/draws.csv": lines.getvalue(), f"{data}/draws.parquet": folder / SNAPSHOT}


def input_digests(project: Project, studies: Sequence[str]) -> dict[str, str]:
    """SHA-256 of every file a build reads, by its path within content and templates."""
    roots = [("templates", folder) for folder in reversed(project.templates)]
    roots += [("content", packaged("content")), ("content", project.content)]
    digests = {}
    for name, root in roots:
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root)
            foreign = inside.parts[0] == "studies" and (
                len(inside.parts) < 2 or inside.parts[1] not in studies
            )
            if path.is_file() and not foreign and not path.name.startswith("."):
                digests[f"{name}/{inside.as_posix()}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return digests


def _warnings(reports: Sequence[StudyReport]) -> list[str]:
    empty = [report.study.id for report in reports if not report.estimates]
    return [f"study {study_id!r} has no draws yet; run `flipsite collect {study_id}`" for study_id in empty]
