"""A whole site, from the reports of its studies: batches that make its files, a few at a time.

Most files show no chart of the site's, and need not wait until they are drawn. Every batch can be made by any
process; the largest come first, so that cores end together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from flipsite.analyse.cross_study import comparisons, families, histories
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Content
from flipsite.present.board import board
from flipsite.present.data_page import data_package, data_page
from flipsite.present.drawn import Drawn, Wanted
from flipsite.present.embed import Embed
from flipsite.present.embed_formats import pasted_files, saved_files
from flipsite.present.embeds import study_embeds
from flipsite.present.frame import Frame, links_of, static_files
from flipsite.present.model_pages import model_files, model_twins
from flipsite.present.model_views import shared_of
from flipsite.present.overview import Overview, Standing, overview_files
from flipsite.present.story import narrative_sources
from flipsite.present.study_pages import study_files
from flipsite.present.templates import environment, page_file

Files = Mapping[str, Content]
Batch = Callable[[], Files]

_MODELS = 24
"""In a batch: few enough that cores end together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """What a site is built with.

    Attributes:
        content: The narrative's folders, the first one that has a file winning.
        templates: The template folders, likewise.
        base_url: Where the site will stand, ending in a slash; None leaves absolute addresses out.
        version: flipsite's.
    """

    content: Sequence[Path]
    templates: Sequence[Path]
    base_url: str | None
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWork:
    """How a site's files are made: what to draw, and the batches of before and after.

    Attributes:
        wanted: The charts to draw.
        without_charts: What makes files that show none of them.
        with_charts: What makes the others, once they are drawn.
    """

    wanted: Wanted
    without_charts: Sequence[Batch]
    with_charts: Callable[[Drawn], Sequence[Batch]]


def site_work(
    reports: Sequence[StudyReport],
    settings: SiteSettings,
    *,
    kept_files: Callable[[StudyReport], Files],
    bundle: tuple[str, Content],
    kept: Files,
    standing: Standing | None = None,
) -> SiteWork:
    """What makes every file of the site but `build.json`.

    Args:
        reports: The studies, in the order of their ids.
        settings: Content, templates, address, version.
        kept_files: What a study keeps to download: its draws, what is known of its models.
        bundle: The script that makes charts interactive, by its path.
        kept: Files of the last site that are still good, by their paths; the others are made.
        standing: Gives a page of the last site that is still good, by its path, its template and whether it
            tells a narrative.

    Returns:
        Batches that raise ContentError if a narrative or a template cannot be rendered.
    """
    templates = environment(settings.templates)
    assets = static_files(settings.templates)
    sources = narrative_sources(settings.content)
    studies = tuple(report.study for report in reports)
    nav, foot = links_of(studies, sources)
    frame = Frame(
        version=settings.version,
        base_url=settings.base_url,
        studies=studies,
        assets={name: path for name, (path, _) in assets.items()},
        bundle=bundle[0],
        nav=nav,
        foot=foot,
    )
    boards = {report.study.id: board(report) for report in reports}
    compared, alike, elsewhere = comparisons(reports), families(reports), histories(reports)

    def downloads() -> Files:
        by_study = {report.study.id: _downloads(report, kept_files, kept) for report in reports}
        page = data_page(reports, by_study)
        return dict(chain.from_iterable(files.items() for files in by_study.values())) | {
            page.path: page_file(templates, page, frame)
        }

    def with_charts(figures: Drawn) -> list[Batch]:
        overview = Overview(
            reports=reports,
            drawn=figures,
            boards=boards,
            compared=compared,
            alike=alike,
            elsewhere=elsewhere,
            embeds=_embeds(reports, figures, base_url=settings.base_url),
            sources=sources,
            kept=kept,
            standing=standing,
        )
        return [  # what takes most memory first, while little else has been made
            *(partial(pasted_files, embed, kept=kept) for embed in overview.embeds),
            partial(overview_files, overview, settings, templates, frame),
            downloads,
            *(partial(saved_files, embed, kept=kept) for embed in overview.embeds),
        ]

    batches: list[Batch] = [lambda: {".nojekyll": b"", **dict(assets.values()), bundle[0]: bundle[1]}]
    for report in reports:
        shared = shared_of(report, boards[report.study.id], elsewhere)
        places = range(len(shared.rows))
        chunks = [places[start : start + _MODELS] for start in places[::_MODELS]]
        batches += [partial(model_files, shared, chunk, templates, frame, kept=kept) for chunk in chunks]
    twins = {twin.path: twin for report in reports for twin in model_twins(report)}.values()
    with_embeds = {path.partition("/embed/")[0] for path in kept if "/embed/" in path}
    embedded = [study.id for study in studies if study.id not in with_embeds]
    return SiteWork(
        wanted=Wanted(
            reports=tuple(reports), compared=compared, alike=alike, embedded=embedded, twins=tuple(twins)
        ),
        without_charts=batches,
        with_charts=with_charts,
    )


def _embeds(reports: Sequence[StudyReport], figures: Drawn, *, base_url: str | None) -> list[Embed]:
    """What can be shown elsewhere."""
    return [
        embed
        for report in reports
        for embed in study_embeds(
            report,
            figures.studies[report.study.id],
            figures.tables.get(report.study.id, {}),
            base_url=base_url,
        )
    ]


def _downloads(
    report: StudyReport, kept_files: Callable[[StudyReport], Files], kept: Files
) -> dict[str, Content]:
    """The study's files to download; those of the last site if they are still good."""
    study = report.study
    if found := {path: content for path, content in kept.items() if path.startswith(f"{study.id}/data/")}:
        return found
    files = {**study_files(report), **kept_files(report)}
    return {**files, f"{study.id}/data/datapackage.json": data_package(study, files)}
