"""From a project's folders to a site: the stages in order. Read this first.

    study.toml, snapshot ─load→ studies ─analyse→ reports ─present→ files ─write→ site/

The stages are imported where they are called: a site that is current needs none of them.
"""

import hashlib
import logging
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from flipsite import __version__
from flipsite.domain.engine import ProjectFile
from flipsite.domain.progress import Progress, counted, unwatched
from flipsite.domain.site import SiteInfo
from flipsite.domain.study import Kind
from flipsite.domain.urls import base_address, domain_address
from flipsite.errors import UsageError
from flipsite.files import file_digest
from flipsite.project import (
    CNAME,
    NARRATIVES,
    OWN_PAGES,
    PARTS,
    PRINTED_FILE,
    PROJECT_FILE,
    ROOT_FILES,
    STUDY_FILES,
    Project,
    StudyFiles,
    existing_study,
    find_study_files,
    own_digest,
    packaged,
    study_ids,
)
from flipsite.store.build_cache import is_known_site, remember_site
from flipsite.workflows.render import Drawings, charts_script
from flipsite.write.site.manifest import NAME, SiteChange, current_site, study_digests
from flipsite.write.site.replace import replace_site
from flipsite.write.site.workers import Batch

if TYPE_CHECKING:
    from flipsite.workflows.incremental import OpenedStudy

log = logging.getLogger(__name__)

_LIBRARIES = re.compile(
    r"(altair|jinja2|latex2mathml|markdown_it_py|markupsafe|mdit_py_plugins|numpy|pillow|pyarrow|pygments|scipy"
    r"|vl_convert_python)-.*\.dist-info",
    re.IGNORECASE,
)
"""Those whose other version may write another site, as their metadata's folders name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """The outcome of a build.

    Attributes:
        out: The site's folder.
        studies: The studies it shows.
        change: What was written, kept and removed.
        left_out: Studies of the project that were not chosen.
        warnings: What is not wrong enough to stop for; `--strict` does.
    """

    out: Path
    studies: tuple[str, ...]
    change: SiteChange
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]


def build(
    project: Project,
    *,
    out: Path,
    studies: Sequence[str] = (),
    base_url: str | None = None,
    jobs: int = 1,
    force: bool = False,
    allow_remote: bool = False,
    progress: Progress = unwatched,
) -> BuildReport:
    """Build the site of a project's studies; where no input has changed since the last build, do nothing.

    Args:
        project: Where content and templates are.
        out: The folder to write; whole or not at all.
        studies: Ids of the studies to show; all where none is named.
        base_url: The site's address.
        jobs: How many processes make pages; more than one needs a process without threads of its own.
        force: Build even where nothing has changed.
        allow_remote: Read draws that `[draws]` of flipsite.toml says lie outside the project.
        progress: Told of the studies that are read, then of the groups of pages that are made.

    Raises:
        FlipsiteError: If an input is faulty or the site cannot be written; the last site stays as it was.
    """
    chosen = tuple(dict.fromkeys(studies)) or study_ids(project)
    counting = counting_settings(project)
    found = [find_study_files(existing_study(project, study_id), counting) for study_id in chosen]
    address = base_address(base_url) if base_url else None
    if not allow_remote:
        _refuse_remote(project, found, counting)
    inputs = input_digests(project, chosen, base_url=address, elsewhere=counting.draws)
    anew = force or not is_known_site(_manifest_of(out))  # a stranger's project may bring a site of its own
    change = None if anew else current_site(out, version=__version__, inputs=inputs)
    if change is None:
        settings, digests = project_settings(project), study_digests(chosen, inputs)
        last = None if anew else out
        with Drawings(digests, libraries=inputs["libraries"], jobs=jobs, force=force) as drawings:
            opened = _opened(found, digests, progress)
            change = replace_site(
                {},
                out,
                version=__version__,
                inputs=inputs,
                batches=_csv_batches(opened, inputs, last=last),
                jobs=jobs,
                meanwhile=partial(
                    _page_batches,
                    project,
                    settings.site,
                    opened,
                    inputs,
                    drawings,
                    base_url=address,
                    last=last,
                    progress=progress,
                ),
                later=drawings,
                progress=progress,
            )
        remember_site(_manifest_of(out))
    return BuildReport(
        out=out,
        studies=chosen,
        change=change,
        left_out=tuple(each for each in study_ids(project) if each not in chosen),
        warnings=(*_address_warnings(address), *_warnings(out, found)),
    )


def _manifest_of(out: Path) -> bytes:
    try:
        return (out / NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return b""


def _opened(
    studies: Sequence[StudyFiles], digests: Mapping[str, str], progress: Progress
) -> "Sequence[OpenedStudy]":
    from flipsite.workflows.incremental import opened_study

    return [opened_study(files, digests[files.folder.name]) for files in counted(studies, "study", progress)]


def _csv_batches(
    studies: "Sequence[OpenedStudy]", inputs: Mapping[str, str], *, last: Path | None
) -> list[Batch]:
    """The functions that make the files that need no analysis: the draws beside each model's page."""
    from flipsite.present.pages.model.csv import csv_batches
    from flipsite.workflows.incremental import standing_draws

    standing = standing_draws(last, {each.files.folder.name for each in studies}, inputs=inputs)
    return [
        batch
        for each in studies
        if each.found and each.found.counts is None
        for batch in csv_batches(each.files.folder.name, each.found.draws, standing=standing)
    ]


def _page_batches(
    project: Project,
    info: SiteInfo,
    studies: "Sequence[OpenedStudy]",
    inputs: Mapping[str, str],
    drawings: Drawings,
    *,
    base_url: str | None,
    last: Path | None,
    progress: Progress,
) -> Sequence[Batch]:
    """Analyse the studies and ask for their charts; return the functions that make files that show none.

    By the digests of the `inputs` is known what can stand of the `last` site, if any of it can.
    """
    from flipsite.present.pages.site import SiteSettings, chart_request, site_work
    from flipsite.workflows.incremental import analysed_report, last_pages, reusable, standing_pages
    from flipsite.workflows.load import kept_files

    reports = [analysed_report(each) for each in counted(studies, "study", progress)]
    reports = sorted(reports, key=lambda report: report.study.kind is Kind.SIMULATED)  # real figures first
    log.info("analysed %d studies", len(reports))
    by_id = {each.files.folder.name: each.files for each in studies}
    models = {report.study.id: [record.page for record in report.estimates] for report in reports}
    templates = project.templates
    kept = reusable(last, inputs=inputs, models=models, templates=templates) if last else {}
    wanted = chart_request(reports, kept=kept)
    drawings.ask(wanted)
    work = site_work(
        wanted,
        SiteSettings(
            content=tuple(dict.fromkeys((project.content, packaged("content")))),
            templates=templates,
            base_url=base_url or configured_address(project, info),
            version=__version__,
            info=info,
        ),
        bundle=charts_script(),
        kept_files=lambda report: kept_files(by_id[report.study.id], report),
        last=last_pages(last, inputs=inputs, kept=kept, templates=templates),
        standing=standing_pages(last, inputs=inputs, templates=templates) if last else None,
    )
    drawings.then(work.with_charts)
    return work.without_charts


def configured_address(project: Project, info: SiteInfo) -> str | None:
    """A project's address for its site: `[site] url`, else its CNAME; None where it does not."""
    if info.url:
        return base_address(info.url, option=f"{project.content.parent / PROJECT_FILE}: site.url")
    cname = project.content / CNAME
    if not cname.is_file():
        return None
    return domain_address(cname.read_text("utf-8", "replace"), source=str(cname))


def input_digests(
    project: Project, studies: Sequence[str], *, base_url: str | None, elsewhere: Mapping[str, str]
) -> dict[str, str]:
    """SHA-256 of everything a build reads: content, templates, address, and flipsite itself.

    Args:
        project: Where content and templates are.
        studies: Ids of the studies that are shown.
        base_url: The site's address.
        elsewhere: The addresses of draws that lie outside the project, by study.
    """
    roots = [("templates", folder) for folder in reversed(project.templates)]
    roots += [("content", packaged("content")), ("content", project.content)]
    digests = {
        "base-url": hashlib.sha256((base_url or "").encode()).hexdigest(),
        "flipsite": own_digest(),
        "libraries": _libraries_digest(),
    }
    if (settings := project.content.parent / PROJECT_FILE).is_file():
        digests[PROJECT_FILE] = file_digest(settings)
    is_read = _reader(project.content, studies)
    for name, root in roots:
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root)
            if (name == "templates" or is_read(inside)) and _is_visible(inside) and path.is_file():
                digests[f"{name}/{inside.as_posix()}"] = file_digest(path)
    return digests | _listings({study: elsewhere[study] for study in studies if study in elsewhere})


def _reader(content: Path, studies: Sequence[str]) -> Callable[[Path], bool]:
    """Tell the files of the content that a build reads from notes and drafts that lie beside them.

    build.json is public, and their names are private. A picture is read if a narrative names it.
    """
    narratives = [*(content / name for name in NARRATIVES), *sorted((content / OWN_PAGES).glob("*.md"))]
    texts = [path.read_text("utf-8", "replace") for path in narratives if path.is_file()]
    words = "".join(text + unquote(unescape(text.replace("\\", ""))) for text in texts)

    def is_read(inside: Path) -> bool:
        match inside.parts:
            case (name,) if name in NARRATIVES:
                return True
            case (folder, *_) if folder == ROOT_FILES:
                return True
            case (folder, name) if folder == OWN_PAGES and name.endswith(".md"):
                return True
            case ("studies", study, name) if name in STUDY_FILES:
                return study in studies
            case ("studies", study, folder, *_, name) if folder == PARTS and name.endswith(".parquet"):
                return study in studies
        return inside.suffix not in {"", ".md"} and inside.name in words

    return is_read


def _is_visible(inside: Path) -> bool:
    return inside.parts[0] == ROOT_FILES or not any(part.startswith(".") for part in inside.parts)


def _refuse_remote(project: Project, studies: Sequence[StudyFiles], settings: ProjectFile) -> None:
    """Refuse to read outside the project, which may be a stranger's, without --allow-remote."""
    for study in studies:
        address = study.address or ""
        scheme, _, path = address.partition("://")
        if path and not (scheme == "file" and Path(unquote(path)).resolve().is_relative_to(project.root)):
            raise UsageError(
                f"study {study.folder.name!r}: its draws lie at {address}, says {PROJECT_FILE}; "
                "add --allow-remote if you trust this project to read there"
            )
    master = str(settings.engine.options.get("spark.master", "local"))
    if not master.startswith("local"):
        raise UsageError(
            f"{PROJECT_FILE}: draws are to be counted by {master}; "
            "add --allow-remote if you trust this project to reach it"
        )


def project_settings(project: Project) -> ProjectFile:
    """The settings of a project's flipsite.toml; without one nothing is set, and the reader is not loaded.

    Raises:
        SettingsError: If they are faulty.
    """
    root = project.content.parent
    if not (root / PROJECT_FILE).exists():
        return ProjectFile()
    from flipsite.settings import load_project

    return load_project(root)


def counting_settings(project: Project) -> ProjectFile:
    """Where a project's draws lie and what counts them: a part of its settings.

    Where it has a section of neither, the reader is not loaded: that is half of the work on a current site.

    Raises:
        SettingsError: If the settings are faulty.
    """
    path = project.content.parent / PROJECT_FILE
    with suppress(OSError, ValueError, RecursionError):  # the reader says what is wrong with it
        if not {"draws", "engine"} & tomllib.loads(path.read_text(encoding="utf-8-sig")).keys():
            return ProjectFile()
    return project_settings(project)


def _listings(addresses: Mapping[str, str]) -> dict[str, str]:
    """Digests of the listings of the draws that lie elsewhere."""
    if not addresses:
        return {}
    from flipsite.store.counting.remote import listing_digest

    return {f"draws/{study}": listing_digest(address) for study, address in addresses.items()}


def _libraries_digest() -> str:
    """One digest of the versions of the libraries whose work a site shows."""
    found = {
        name
        for folder in sys.path
        if os.path.isdir(folder)  # noqa: PTH112 - as for listdir
        for name in os.listdir(folder)  # noqa: PTH208 - a metadata look-up of each takes fifty times as long
        if _LIBRARIES.fullmatch(name)
    }
    return hashlib.sha256(" ".join(sorted(found)).encode()).hexdigest()


def _address_warnings(address: str | None) -> list[str]:
    if not address or "://" in address:
        return []
    return [
        f"--base-url {address} names no host: sitemap.xml and feed.xml need the whole address, "
        f"such as https://example.org{address}"
    ]


def _warnings(out: Path, studies: Sequence[StudyFiles]) -> Iterator[str]:
    """Which studies readers do not see: the site map lists the others."""
    listed = (out / "sitemap.xml").read_text(encoding="utf-8")
    for files in studies:
        study_id = files.folder.name
        if not files.snapshot and not (files.folder / PRINTED_FILE).exists():
            yield f"study {study_id!r} has no draws yet; run `flipsite collect {study_id}`"
        elif f"{study_id}/index.html</loc>" not in listed:
            yield (
                f"study {study_id!r} has no valid draw yet, so nothing on the site leads to it; "
                f"its page is {study_id}/index.html"
            )
