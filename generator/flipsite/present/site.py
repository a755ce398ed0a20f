"""A whole site, from the reports of its studies: batches that make its files, a few at a time.

Charts are drawn first, for their renderer cannot be shared with other processes; every batch can be made by
any of them. The largest batches come first, so that cores end together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from flipsite.analyse.families import comparisons, families, histories
from flipsite.analyse.report import StudyReport
from flipsite.content import Content
from flipsite.present.board import board
from flipsite.present.data_page import data_package, data_page
from flipsite.present.drawing import Drawn, draw_each, drawn
from flipsite.present.embed_formats import embed_files, frame_path
from flipsite.present.embeds import study_embeds
from flipsite.present.frame import Frame, links_of, static_files
from flipsite.present.model_pages import model_files
from flipsite.present.model_views import shared_of
from flipsite.present.overview import Overview, overview_files
from flipsite.present.story import narrative_sources
from flipsite.present.study_pages import study_files
from flipsite.present.templates import environment, page_file

Files = Mapping[str, Content]

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
        jobs: How many charts are drawn at once, at least 1.
    """

    content: Sequence[Path]
    templates: Sequence[Path]
    base_url: str | None
    version: str
    jobs: int = 1


def site_batches(
    reports: Sequence[StudyReport],
    settings: SiteSettings,
    *,
    kept_files: Callable[[StudyReport], Files],
    bundle: tuple[str, Content],
    kept: Files,
    draw: Callable[..., Drawn] = drawn,
) -> list[Callable[[], Files]]:
    """What makes every file of the site but `build.json`, by its path.

    Args:
        reports: The studies, in the order of their ids.
        settings: Content, templates, address, version.
        kept_files: What a study keeps to download: its draws, what is known of its models.
        bundle: The script that makes charts interactive, by its path.
        kept: Files of the last site that are still good, by their paths; the others are made.
        draw: Draws every chart, as `drawn` does.

    Returns:
        Functions that raise ContentError if a narrative or a template cannot be rendered.
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
    overview = _overview(reports, settings, sources=sources, kept=kept, draw=draw)

    def downloads() -> Files:
        by_study = {report.study.id: _downloads(report, kept_files, kept) for report in reports}
        page = data_page(reports, by_study)
        return dict(chain.from_iterable(files.items() for files in by_study.values())) | {
            page.path: page_file(templates, page, frame)
        }

    batches: list[Callable[[], Files]] = [
        partial(overview_files, overview, settings, templates, frame),
        *(partial(embed_files, embed, kept=kept) for embed in overview.embeds),
        downloads,
    ]
    for report in reports:
        shared = shared_of(report, board(report), overview.elsewhere)
        places = range(len(shared.rows))
        chunks = [places[start : start + _MODELS] for start in places[::_MODELS]]
        batches += [partial(model_files, shared, chunk, templates, frame, kept=kept) for chunk in chunks]
    return [*batches, lambda: {".nojekyll": b"", **dict(assets.values()), bundle[0]: bundle[1]}]


def _overview(
    reports: Sequence[StudyReport],
    settings: SiteSettings,
    *,
    sources: Mapping[str, Path],
    kept: Files,
    draw: Callable[..., Drawn],
) -> Overview:
    """What the pages of the whole site show, with every chart drawn."""
    compared, alike = comparisons(reports), families(reports)
    figures = draw(reports, compared, alike, jobs=settings.jobs)
    embeds = [
        embed
        for report in reports
        for embed in study_embeds(report, figures.studies[report.study.id], base_url=settings.base_url)
    ]
    pictures = [embed.figure for embed in embeds if embed.figure and frame_path(embed) not in kept]
    draw_each(pictures, jobs=settings.jobs)
    return Overview(
        reports=reports,
        drawn=figures,
        compared=compared,
        alike=alike,
        elsewhere=histories(reports),
        embeds=embeds,
        sources=sources,
        kept=kept,
    )


def _downloads(
    report: StudyReport, kept_files: Callable[[StudyReport], Files], kept: Files
) -> dict[str, Content]:
    """The study's files to download; those of the last site if they are still good."""
    study = report.study
    if found := {path: content for path, content in kept.items() if path.startswith(f"{study.id}/data/")}:
        return found
    files = {**study_files(report), **kept_files(report)}
    return {**files, f"{study.id}/data/datapackage.json": data_package(study, files)}
