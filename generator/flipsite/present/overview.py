"""All pages but the models': the story and its kin, the studies', those of several studies; their charts."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from flipsite.analyse.cross_study import Comparison, Family, History
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Content, encoded
from flipsite.present.board import Board
from flipsite.present.citing import cite_page
from flipsite.present.data_page import data_page
from flipsite.present.drawn import Drawn
from flipsite.present.embed import Embed
from flipsite.present.embed_page import embed_page
from flipsite.present.family_pages import comparison_pages, family_pages, history_pages
from flipsite.present.frame import Frame
from flipsite.present.glossary import glossary_page
from flipsite.present.interactive import figure_files
from flipsite.present.model_pages import listed_models
from flipsite.present.page import Page
from flipsite.present.picture_text import shown
from flipsite.present.search import search_index, search_page
from flipsite.present.share_card import share_card
from flipsite.present.story import narrative_pages
from flipsite.present.study_pages import study_pages
from flipsite.present.templates import page_file, render

if TYPE_CHECKING:
    from flipsite.present.site import SiteSettings

Files = dict[str, Content]
Standing = Callable[[str, str, bool], Content | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the pages of a whole site show.

    Attributes:
        reports: The studies, in the order of their ids.
        drawn: Every chart.
        boards: The studies' leaderboards, by study.
        compared: Pairs of studies that share models.
        alike: Families of targets.
        elsewhere: Models that more than one study asked.
        embeds: What can be shown elsewhere.
        sources: The narratives, by page.
        kept: Files of the last site that are still good.
        standing: Gives a page of the last site that is still good, by path, template, and whether it tells a
            narrative.
    """

    reports: Sequence[StudyReport]
    drawn: Drawn
    boards: Mapping[str, Board]
    compared: Sequence[Comparison]
    alike: Sequence[Family]
    elsewhere: Mapping[str, History]
    embeds: Sequence[Embed]
    sources: Mapping[str, Path]
    kept: Mapping[str, Content]
    standing: Standing | None = None


def overview_files(
    given: Overview, settings: "SiteSettings", templates: jinja2.Environment, frame: Frame
) -> Files:
    """Every file that shows a chart, or that lists what the site has.

    Raises:
        ContentError: If a narrative or a template cannot be rendered.
    """
    reports, figures = given.reports, given.drawn.studies
    compared = [*comparison_pages(given.compared, given.drawn.compared)]
    narratives = narrative_pages(reports, figures, given.boards, given.sources, templates)
    pages = [
        *narratives,
        glossary_page(),
        cite_page(frame.studies, version=settings.version, base_url=settings.base_url),
        *_studies_pages(given, compared),
        *compared,
        *history_pages(given.elsewhere),
        *family_pages(given.alike, given.drawn.families),
        embed_page(given.embeds),
    ]
    listed = [
        *(page for page in pages if page.listed),
        data_page(reports, {study.id: {} for study in frame.studies}),
        *(page for report in reports for page in listed_models(report)),
    ]
    index = search_index(listed)
    index_path = f"assets/search-index.{hashlib.sha256(index).hexdigest()[:10]}.js"
    pages.append(search_page(index_path))
    frame = replace(frame, tabs={study.id: _tabs(study.id, pages) for study in frame.studies})
    told = {page.path for page in narratives} | {pages[-1].path}  # the search lists the narratives' titles
    files: Files = {}
    for page in pages:
        stands = given.standing and given.standing(page.path, page.template, page.path in told)
        files[page.path] = stands or page_file(templates, page, frame)
    files |= given.drawn.twins
    for page in pages:
        files |= page.attached
    for report in reports:
        card = f"{report.study.id}/card.png"
        files[card] = given.kept.get(card) or share_card(report)
    for figure in given.drawn:
        files |= figure_files(figure)
    return files | {index_path: index} | _top_files(templates, frame, reports, [*listed, pages[-1]])


def _studies_pages(given: Overview, compared: Sequence[Page]) -> list[Page]:
    """The pages of each study, with its neighbours in their order and the pages that compare it."""
    around = [None, *(report.study for report in given.reports), None]
    return [
        page
        for place, report in enumerate(given.reports)
        for page in study_pages(
            report,
            given.drawn.studies[report.study.id],
            given.boards[report.study.id],
            compared=[page for page in compared if page.study == report.study],
            neighbours=(around[place], around[place + 2]),
        )
    ]


def _tabs(study: str, pages: Sequence[Page]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (page.path, page.tab) for page in pages if page.tab and page.study and page.study.id == study
    )


def _top_files(
    templates: jinja2.Environment, frame: Frame, reports: Sequence[StudyReport], listed: Sequence[Page]
) -> Files:
    """What stands at the root for robots, readers of feeds and those who are lost."""
    entries = [
        {
            "title": shown(" ".join(report.study.title.split())),
            "summary": shown(" ".join(report.study.summary.split())),  # XML has no room for control signs
            "path": f"{report.study.id}/index.html",
            "updated": _updated(report),
        }
        for report in reports
    ]
    root = frame.base_url or "/"
    context = {"site": frame, "listed": listed, "entries": entries, "root": root}
    names = ("404.html", "robots.txt", "sitemap.xml", "feed.xml")
    return {name: encoded(render(templates, name, **context)) for name in names}


def _updated(report: StudyReport) -> str:
    """When a study's last draw was asked, else when it was started: RFC 3339."""
    last = report.asked[1] if report.asked else report.study.started or "1970"
    return last if "T" in last else f"{(last + '-01-01')[:10]}T00:00:00Z"
