"""A whole site, from the reports of its studies: batches that make its files, a few at a time.

Most files show no chart, and need not wait until charts are drawn. Every batch can be made by any
process; the largest come first, so that cores end together.

Here are all pages but the models': narratives, the pages of each study and of several studies, their charts.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from itertools import chain
from pathlib import Path

import jinja2

from flipsite.analyse.cross_study.comparisons import (
    Comparison,
    Family,
    History,
    comparisons,
    families,
    has_results,
    histories,
)
from flipsite.analyse.cross_study.matrix import StudyMatrix, study_matrix
from flipsite.analyse.methods.family import MethodFamily, method_families
from flipsite.analyse.report import StudyReport
from flipsite.analyse.sequences.sibling import single_sibling
from flipsite.domain.display import encoded
from flipsite.domain.site import SiteInfo
from flipsite.domain.urls import RESERVED_STUDIES, is_address
from flipsite.errors import ContentError
from flipsite.files import Content, content_size
from flipsite.present.charts.chart_set import ChartRequest, ChartSet
from flipsite.present.charts.interactive import figure_files
from flipsite.present.embeds.formats import pasted_files, saved_files
from flipsite.present.embeds.page import embed_page
from flipsite.present.embeds.registry import Embed, methods_embed, study_embeds
from flipsite.present.leaderboard.board import Board, board
from flipsite.present.methods.page import method_files, method_pages
from flipsite.present.pages.cross_study import (
    comparison_pages,
    family_pages,
    history_pages,
    matrix_page,
)
from flipsite.present.pages.data import data_package, data_page
from flipsite.present.pages.glossary import cite_page, glossary_page
from flipsite.present.pages.model.files import LastPages, model_files
from flipsite.present.pages.model.page import listed_models, model_twins, shared_of
from flipsite.present.pages.narrative_pages import narrative_pages, narrative_sources
from flipsite.present.pages.page import SEARCH_INDEX, Frame, Links, Page, links_of, static_files
from flipsite.present.pages.search import SEARCH, search_index, search_page
from flipsite.present.pages.side_by_side import compare_page
from flipsite.present.pages.social_card import share_card
from flipsite.present.pages.study import study_files, study_pages
from flipsite.present.pages.templates import environment, page_file, render
from flipsite.present.text.escaping import shown
from flipsite.project import ROOT_FILES

Files = Mapping[str, Content]
Standing = Callable[[str, str, bool], Content | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The contents of a whole site.

    Attributes:
        reports: The studies that have results, in the order of their ids.
        hidden: Those that have none yet: their pages are there, but nothing leads to them.
        drawn: Every chart.
        boards: The studies' leaderboards, by study.
        compared: Pairs of studies that share models.
        alike: Families of targets.
        methods: Families of methods.
        elsewhere: Models that more than one study asked.
        matrix: All of these over all studies; None without any.
        embeds: What can be shown elsewhere.
        sources: The narratives, by page.
        root: The author's files for the site's root.
        kept: Files of the last site that are still good.
        standing: Gives a page of the last site that is still good, by path, template, and whether it tells a
            narrative.
    """

    reports: Sequence[StudyReport]
    hidden: Sequence[StudyReport]
    drawn: ChartSet
    boards: Mapping[str, Board]
    compared: Sequence[Comparison]
    alike: Sequence[Family]
    methods: Sequence[MethodFamily]
    elsewhere: Mapping[str, History]
    matrix: StudyMatrix | None
    embeds: Sequence[Embed]
    sources: Mapping[str, Path]
    root: Mapping[str, Path]
    kept: Mapping[str, Content]
    standing: Standing | None = None


def overview_files(
    given: Overview, settings: "SiteSettings", templates: jinja2.Environment, frame: Frame
) -> Iterator[Files]:
    """Make every file that shows a chart or lists the site's contents, a few at a time.

    Raises:
        ContentError: If a narrative or a template cannot be rendered.
    """
    reports, figures = given.reports, given.drawn.studies
    compared = [*comparison_pages(given.compared, given.drawn.compared)]
    matrix = [matrix_page(given.matrix, figures[""].get("history"))] if given.matrix else []
    known = [*reports, *given.hidden]
    narratives = narrative_pages(
        known,
        figures,
        given.boards,
        given.sources,
        templates,
        info=settings.info,
        families=given.methods,
    )
    pages = [
        *narratives,
        glossary_page(),
        cite_page(frame.studies, settings.info, version=settings.version, address=frame.address),
        compare_page(reports, given.boards),
        *_studies_pages(given, compared, matrix),
        *compared,
        *matrix,
        *history_pages(given.elsewhere),
        *family_pages(given.alike, given.drawn.families),
        *method_pages(given.methods, given.drawn.methods),
        embed_page(given.embeds),
    ]
    listed = [
        *(page for page in pages if page.listed),
        data_page(reports, {study.id: {} for study in frame.studies}),
        *(page for report in reports for page in listed_models(report)),
    ]
    index = search_index(listed)
    pages += [search_page(), *_hidden_pages(given)]
    frame = replace(frame, tabs={report.study.id: _tabs(report.study.id, pages) for report in known})
    told = {page.path for page in narratives} | {SEARCH}  # the search lists the narratives' titles
    _check_nav(frame.nav, ["data/index.html", *(page.path for page in pages)])
    for page in pages:
        stands = given.standing and given.standing(page.path, page.template, page.path in told)
        yield {page.path: stands or page_file(templates, page, frame)}
    for report in known:
        card = f"{report.study.id}/card.png"
        yield {card: given.kept.get(card) or share_card(report, site=settings.info.title)}
    for figure in given.drawn:
        yield figure_files(figure)
    attached = dict(chain.from_iterable(page.attached.items() for page in pages))
    yield {**given.drawn.twins, **method_files(given.methods), **attached, SEARCH_INDEX: index}
    yield _top_files(templates, frame, given, [*listed, search_page()])


def _check_nav(nav: Links, paths: Sequence[str]) -> None:
    """Refuse a link at the head of every page that leads nowhere.

    Raises:
        ContentError: With the nearest page.
    """
    for target, label in nav:
        path = target.partition("#")[0]
        if is_address(target) or path in paths or re.search(r"\.(?!html$)\w+$|/models/", path):
            continue
        near = get_close_matches(path, paths, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "name a page of the site, or a whole address."
        raise ContentError(f"flipsite.toml: site.nav: {label!r} leads to {path!r}, which is no page; {hint}")


def _studies_pages(given: Overview, compared: Sequence[Page], matrix: Sequence[Page]) -> list[Page]:
    """The pages of each study, with its neighbours in their order and the pages that compare it."""
    around = [None, *(report.study for report in given.reports), None]
    return [
        page
        for place, report in enumerate(given.reports)
        for page in study_pages(
            report,
            given.drawn.studies[report.study.id],
            given.boards[report.study.id],
            compared=[
                *(
                    page
                    for comparison, page in zip(given.compared, compared, strict=True)
                    if report.study in (comparison.before, comparison.after)
                ),
                *(matrix if given.matrix and report.study in given.matrix.studies else ()),
            ],
            neighbours=(around[place], around[place + 2]),
            beside=single_sibling(report, given.reports),
        )
    ]


def _hidden_pages(given: Overview) -> list[Page]:
    return [
        replace(page, listed=False)
        for report in given.hidden
        for page in study_pages(report, given.drawn.studies[report.study.id], given.boards[report.study.id])
    ]


def _tabs(study: str, pages: Sequence[Page]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (page.path, page.tab) for page in pages if page.tab and page.study and page.study.id == study
    )


def _top_files(templates: jinja2.Environment, frame: Frame, given: Overview, listed: Sequence[Page]) -> Files:
    """Files at the root: for robots, readers of feeds, and addresses that do not exist."""
    entries = [
        {
            "title": shown(" ".join(report.study.title.split())),
            "summary": shown(" ".join(report.study.summary.split())),  # XML has no room for control signs
            "path": f"{report.study.id}/index.html",
            "updated": _updated(report),
        }
        for report in given.reports
    ]
    root = frame.base_url or "/"
    context = {"site": frame, "listed": listed, "entries": entries, "root": root}
    names = ("404.html", "robots.txt", "sitemap.xml", "feed.xml")
    return {name: encoded(render(templates, name, **context)) for name in names if name not in given.root}


def _updated(report: StudyReport) -> str:
    """When a study's last draw was asked, else when it was started: RFC 3339."""
    last = report.asked[1] if report.asked else report.study.started or "1970"
    return last if "T" in last else f"{(last + '-01-01')[:10]}T00:00:00Z"


Batch = Callable[[], Files | Iterable[Files]]

_OWN_NAMES = ("index.html", "sitemap.xml", "feed.xml", ".nojekyll", "build.json")
"""Files at the root that are always flipsite's; an author may bring another 404.html or robots.txt."""

_MODELS = 48
"""In a batch: few enough that cores end together, and that what one step made is in the cache of the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """The inputs of a site.

    Attributes:
        content: The narrative's folders, the first one that has a file winning.
        templates: The template folders, likewise.
        base_url: The site's address, ending in a slash; None leaves absolute addresses out.
        version: flipsite's.
        info: The author's words about the site.
    """

    content: Sequence[Path]
    templates: Sequence[Path]
    base_url: str | None
    version: str
    info: SiteInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWork:
    """How a site's files are made: the batches of before and after its charts are drawn.

    Attributes:
        without_charts: What makes files that show none of them.
        with_charts: What makes the others, once they are drawn.
    """

    without_charts: Sequence[Batch]
    with_charts: Callable[[ChartSet], Sequence[Batch]]


def chart_request(reports: Sequence[StudyReport], *, kept: Files) -> ChartRequest:
    """The charts of a site.

    Args:
        reports: The studies, in the order of their ids.
        kept: The files of the last site that are still good.
    """
    with_results = [report for report in reports if has_results(report)]
    twins = {twin.path: twin for report in reports for twin in model_twins(report)}
    with_embeds = {path.partition("/embed/")[0] for path in kept if "/embed/" in path}
    return ChartRequest(
        reports=tuple(reports),
        compared=comparisons(with_results),
        alike=families(with_results),
        methods=method_families(with_results),
        embedded=[report.study.id for report in with_results if report.study.id not in with_embeds],
        twins=tuple(twins.values()),
    )


def site_work(
    wanted: ChartRequest,
    settings: SiteSettings,
    *,
    kept_files: Callable[[StudyReport], Files],
    bundle: tuple[str, Callable[[], Content]],
    last: LastPages,
    standing: Standing | None = None,
) -> SiteWork:
    """The functions that make every file of the site but `build.json`.

    Args:
        wanted: The studies, and the charts of theirs that are being drawn.
        settings: Content, templates, address, version.
        kept_files: What a study keeps to download: its draws, what is known of its models.
        bundle: The path of the script that makes charts interactive, and what makes it.
        last: The files of the last site, but the pages of `standing`, that are still good.
        standing: Gives a page of the last site that is still good, by its path, its template and whether it
            tells a narrative.

    Returns:
        Batches that raise ContentError if a narrative or a template cannot be rendered.
    """
    templates, kept = environment(settings.templates), last.kept
    assets = static_files(settings.templates)
    sources, reports = narrative_sources(settings.content), wanted.reports
    with_results = [report for report in reports if has_results(report)]
    hidden = [report for report in reports if not has_results(report)]
    studies = tuple(report.study for report in with_results)
    nav, foot = links_of(studies, sources, settings.info)
    frame = Frame(
        version=settings.version,
        base_url=settings.base_url,
        studies=studies,
        assets={name: path for name, (path, _) in assets.items()},
        bundle=bundle[0],
        nav=nav,
        foot=foot,
        info=settings.info,
    )
    asked_in = Counter(record.model for report in with_results for record in report.estimates)
    boards = {report.study.id: board(report, asked_in=asked_in) for report in reports}
    elsewhere = histories(with_results)
    root = root_files(settings.content[0], taken={*boards, *_folders(sources)})

    def downloads() -> Iterator[Files]:
        sizes: dict[str, dict[str, int]] = {}
        for report in reports:
            of_study = sizes[report.study.id] = {}
            for files in _downloads(report, kept_files, kept):
                yield files
                of_study |= {path: content_size(content) for path, content in files.items()}
        page = data_page(with_results, sizes)
        yield {page.path: page_file(templates, page, frame)}

    def with_charts(figures: ChartSet) -> list[Batch]:
        overview = Overview(
            reports=with_results,
            hidden=hidden,
            drawn=figures,
            boards=boards,
            compared=wanted.compared,
            alike=wanted.alike,
            methods=wanted.methods,
            elsewhere=elsewhere,
            matrix=study_matrix(with_results),
            embeds=_embeds(with_results, wanted.methods, figures, boards, base_url=frame.address),
            sources=sources,
            root=root,
            kept=kept,
            standing=standing,
        )
        return [  # what takes most memory first, while little else has been made
            *(partial(pasted_files, embed, kept=kept) for embed in overview.embeds),
            partial(overview_files, overview, settings, templates, frame),
            *(partial(saved_files, embed, kept=kept) for embed in overview.embeds),
        ]

    static: Files = {".nojekyll": b"", **dict(assets.values()), **root}
    batches: list[Batch] = [lambda: static, downloads]
    for report in reports:
        shared = shared_of(report, boards[report.study.id], elsewhere)
        places = range(len(shared.rows))
        chunks = [places[start : start + _MODELS] for start in places[::_MODELS]]
        batches += [partial(model_files, shared, chunk, templates, frame, last=last) for chunk in chunks]
    batches.append(lambda: {bundle[0]: bundle[1]()})  # it may take a second
    return SiteWork(without_charts=batches, with_charts=with_charts)


def _folders(paths: Iterable[str]) -> set[str]:
    return {path.partition("/")[0] for path in paths}


def root_files(content: Path, *, taken: Collection[str]) -> dict[str, Path]:
    """The author's files for the site's root, such as CNAME, by their paths.

    Args:
        content: The project's folder of content.
        taken: Names at the site's root that pages of studies and of narratives have.

    Raises:
        ContentError: If one leads out of the folder, or the site has a file of its own there.
    """
    folder = content / ROOT_FILES
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise ContentError(f"{path}: is a link; put the file itself there.")
        if not path.is_file() or path.name == ".DS_Store":
            continue
        if name.partition("/")[0] in {*_OWN_NAMES, *RESERVED_STUDIES, *taken}:
            raise ContentError(f"{path}: the site has a {name.partition('/')[0]!r} of its own; rename yours.")
        found[name] = path
    return found


def _embeds(
    reports: Sequence[StudyReport],
    methods: Sequence[MethodFamily],
    figures: ChartSet,
    boards: Mapping[str, Board],
    *,
    base_url: str | None,
) -> list[Embed]:
    """The tables and charts to show elsewhere, a study after the other."""
    by_base = {family.base.id: family for family in methods}
    found: list[Embed] = []
    for report in reports:
        study = report.study.id
        found += study_embeds(
            report,
            figures.studies[study],
            figures.tables.get(study, {}),
            made=boards[study],
            base_url=base_url,
        )
        if family := by_base.get(study):
            drawn = figures.methods.get(study)
            found.append(methods_embed(family, report, drawn=drawn, base_url=base_url))
    return found


def _downloads(
    report: StudyReport, kept_files: Callable[[StudyReport], Files], kept: Files
) -> Iterator[Files]:
    """The study's files to download, a few at a time; those of the last site if they are still good."""
    study = report.study
    if found := {path: content for path, content in kept.items() if path.startswith(f"{study.id}/data/")}:
        yield found
        return
    paths = list[str]()
    for make in (study_files, kept_files):
        files = make(report)
        paths += files
        yield files
    yield {f"{study.id}/data/datapackage.json": data_package(report, paths)}
