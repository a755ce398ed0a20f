"""A whole site in memory: from the reports of its studies to every file's content."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jinja2

from flipsite.analyse.families import History, comparisons, families, histories
from flipsite.analyse.report import StudyReport
from flipsite.exhibits import Figure
from flipsite.present.citing import cite_page
from flipsite.present.data_page import data_package, data_page
from flipsite.present.embed_formats import embed_files
from flipsite.present.embed_page import embed_page
from flipsite.present.embeds import study_embeds
from flipsite.present.family_pages import comparison_pages, family_pages, history_pages
from flipsite.present.glossary import glossary_page
from flipsite.present.interactive import figure_files
from flipsite.present.micro_specs import twin_files
from flipsite.present.model_pages import model_files, model_twins
from flipsite.present.page import Page
from flipsite.present.search import search_index, search_page
from flipsite.present.share_card import share_card
from flipsite.present.story import narrative_pages
from flipsite.present.study_charts import (
    comparison_figures,
    family_figures,
    method_figures,
    study_figures,
)
from flipsite.present.study_pages import study_files, study_pages
from flipsite.present.templates import environment, render

Content = bytes | Path
Links = tuple[tuple[str, str], ...]


_NAV: Links = (
    ("methods/index.html", "Methods"),
    ("departures/index.html", "Departures"),
    ("data/index.html", "Data"),
    ("search/index.html", "Search"),
)
_FOOT: Links = (
    ("index.html", "Story"),
    ("glossary/index.html", "Glossary"),
    ("cite/index.html", "How to cite"),
    ("data/index.html", "Data"),
    ("embed/index.html", "Embed"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """What a site is built with.

    Attributes:
        content: The narrative's folders, the first one that has a file winning.
        templates: The template folders, likewise.
        base_url: Where the site will stand, ending in a slash; None leaves absolute addresses out.
        version: flipsite's.
        jobs: How many charts are drawn at once, at least 1.
    """

    content: Sequence[Path]
    templates: Sequence[Path]
    base_url: str | None
    version: str
    jobs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every page is told of the whole site.

    Attributes:
        title: The site's name.
        version: flipsite's.
        base_url: Where the site will stand; None leaves absolute addresses out.
        reports: The studies.
        assets: Public path of each static file, by its name.
        nav: What stands at the head of each page: (path, label) pairs.
        foot: What stands at its foot.
        tabs: By study, what stands at the head of its pages.
        histories: Models that more than one study asked, by name.
    """

    title: str
    version: str
    base_url: str | None
    reports: tuple[StudyReport, ...]
    assets: Mapping[str, str]
    nav: Links
    foot: Links
    tabs: Mapping[str, Links]
    histories: Mapping[str, History]
    bundle: str


def site_files(
    reports: Sequence[StudyReport],
    settings: SiteSettings,
    *,
    draws: Mapping[str, Mapping[str, Content]],
    bundle: tuple[str, Content],
    kept: Mapping[str, Path] | None = None,
) -> dict[str, Content]:
    """Every file of the site but `build.json`, by its path.

    Args:
        reports: The studies, in the order of their ids.
        settings: Content, templates, address, version.
        draws: By study, what it keeps to download: its draws, what is known of its models.
        bundle: The script that makes charts interactive, by its path.
        kept: Embeds of the last site that are still good, by their paths.

    Raises:
        ContentError: If a narrative or a template cannot be rendered.
    """
    templates = environment(settings.templates)
    assets = _assets(settings.templates)
    downloads = {
        report.study.id: study_files(report) | dict(draws.get(report.study.id, {})) for report in reports
    }
    for report in reports:
        package = data_package(report.study, downloads[report.study.id])
        downloads[report.study.id][f"{report.study.id}/data/datapackage.json"] = package
    with ThreadPoolExecutor(settings.jobs) as pool:  # drawing leaves the interpreter for most of its time
        general, shared = pool.submit(method_figures), pool.submit(_shared_pages, reports)
        drawn = pool.map(study_figures, reports)
        figures = {report.study.id: charts for report, charts in zip(reports, drawn, strict=True)}
        figures[""] = general.result()
        shared_pages, shared_figures = shared.result()
    narratives = narrative_pages(reports, figures, settings.content, templates)
    pages = [*narratives, data_page(reports, downloads), glossary_page()]
    pages.append(
        cite_page([report.study for report in reports], version=settings.version, base_url=settings.base_url)
    )
    pages += [page for report in reports for page in study_pages(report, figures[report.study.id])]
    pages += shared_pages
    embeds = [
        embed
        for report in reports
        for embed in study_embeds(report, figures[report.study.id], base_url=settings.base_url)
    ]
    pages.append(embed_page(embeds, base_url=settings.base_url))
    index = search_index(pages)
    index_path = f"assets/search-index.{hashlib.sha256(index).hexdigest()[:10]}.js"
    pages.append(search_page(index_path))
    frame = Frame(
        title="flipsite",
        version=settings.version,
        base_url=settings.base_url,
        reports=tuple(reports),
        assets={name: path for name, (path, _) in assets.items()},
        nav=_nav(reports, pages),
        foot=tuple((path, label) for path, label in _FOOT if any(page.path == path for page in pages)),
        tabs={
            report.study.id: tuple(
                (page.path, page.tab) for page in pages if page.tab and page.study is report.study
            )
            for report in reports
        },
        histories=histories(reports),
        bundle=bundle[0],
    )
    files: dict[str, Content] = {".nojekyll": b"", **dict(assets.values())}
    for page in pages:
        files[page.path] = _encoded(render(templates, page.template, site=frame, page=page, **page.context))
        files |= page.attached
    for report in reports:
        files |= downloads[report.study.id]
        files |= model_files(report)
        files |= twin_files(model_twins(report))
        files[f"{report.study.id}/card.png"] = share_card(report)
    for figure in (*(figure for study in figures.values() for figure in study.values()), *shared_figures):
        files |= figure_files(figure)
    files |= embed_files(embeds, kept=kept, jobs=settings.jobs)
    files[bundle[0]] = bundle[1]
    files[index_path] = index
    return files | _top_files(templates, frame, pages)


def _shared_pages(reports: Sequence[StudyReport]) -> tuple[list[Page], list[Figure]]:
    """The pages of several studies together, and their charts."""
    compared, alike = comparisons(reports), families(reports)
    scatters, curves = comparison_figures(compared), [family_figures(family) for family in alike]
    pages = [
        *comparison_pages(compared, scatters),
        *history_pages(histories(reports)),
        *family_pages(alike, curves),
    ]
    return pages, [*scatters.values(), *(figure for family in curves for figure in family.values())]


def _nav(reports: Sequence[StudyReport], pages: Sequence[Page]) -> Links:
    """The first study's leaderboard, and those pages of the site that there are."""
    here = {page.path for page in pages}
    boards = [(f"{report.study.id}/leaderboard/index.html", "Leaderboard") for report in reports[:1]]
    return (*boards, *((path, label) for path, label in _NAV if path in here))


def _top_files(templates: jinja2.Environment, frame: Frame, pages: Sequence[Page]) -> dict[str, Content]:
    """What stands at the root for robots, readers of feeds and those who are lost."""
    listed = [page for page in pages if page.listed]
    entries = [
        {
            "title": report.study.title,
            "summary": report.study.summary,
            "path": f"{report.study.id}/index.html",
            "updated": _updated(report),
        }
        for report in frame.reports
    ]
    root = frame.base_url or "/"
    context = {"site": frame, "listed": listed, "entries": entries, "root": root}
    names = ("404.html", "robots.txt", "sitemap.xml", "feed.xml")
    return {name: _encoded(render(templates, name, **context)) for name in names}


def _encoded(text: str) -> bytes:
    # A model's text may hold a lone surrogate, which UTF-8 cannot.
    return text.encode("utf-8", "replace")


def _assets(folders: Sequence[Path]) -> dict[str, tuple[str, bytes]]:
    """Each static file's name, its public path with a digest in it, and its content."""
    found: dict[str, tuple[str, bytes]] = {}
    for folder in reversed(folders):
        for path in sorted((folder / "static").rglob("*")):
            if path.is_file():
                name = path.relative_to(folder / "static").as_posix()
                content = path.read_bytes()
                stem, dot, suffix = name.rpartition(".")
                digest = hashlib.sha256(content).hexdigest()[:10]
                found[name] = (f"assets/{stem}.{digest}{dot}{suffix}", content)
    return found


def _updated(report: StudyReport) -> str:
    """When a study's last draw was asked, else when it was started: RFC 3339."""
    last = report.asked[1] if report.asked else report.study.started or "1970"
    return last if "T" in last else f"{(last + '-01-01')[:10]}T00:00:00Z"
