"""A whole site, from the reports of its studies: batches that make its files, a few at a time.

The first batch draws the charts and makes all that shows them; then come the downloads; then the models'
pages, which are most of a site and need no chart, so that another core makes them meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flipsite.analyse.families import histories
from flipsite.analyse.report import StudyReport
from flipsite.present.board import board
from flipsite.present.data_page import data_package, data_page
from flipsite.present.frame import Frame, links_of, static_files
from flipsite.present.model_pages import model_files
from flipsite.present.model_views import shared_of
from flipsite.present.overview import overview_files
from flipsite.present.story import narrative_sources
from flipsite.present.study_pages import study_files
from flipsite.present.templates import environment, page_file

Content = bytes | Path
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
    kept: Mapping[str, Path] | None = None,
) -> list[Callable[[], Files]]:
    """What makes every file of the site but `build.json`, by its path; the first batch takes longest.

    Args:
        reports: The studies, in the order of their ids.
        settings: Content, templates, address, version.
        kept_files: What a study keeps to download: its draws, what is known of its models.
        bundle: The script that makes charts interactive, by its path.
        kept: Embeds of the last site that are still good, by their paths.

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

    def downloads() -> Files:
        by_study = {report.study.id: {**study_files(report), **kept_files(report)} for report in reports}
        for study in studies:
            path = f"{study.id}/data/datapackage.json"
            by_study[study.id][path] = data_package(study, by_study[study.id])
        page = data_page(reports, by_study)
        found = {path: content for files in by_study.values() for path, content in files.items()}
        return found | {page.path: page_file(templates, page, frame)}

    elsewhere = histories(reports)
    batches: list[Callable[[], Files]] = [
        partial(overview_files, reports, settings, templates, frame, sources=sources, kept=kept),
        downloads,
    ]
    for report in reports:
        shared = shared_of(report, board(report), elsewhere)
        places = range(len(shared.rows))
        chunks = [places[start : start + _MODELS] for start in places[::_MODELS]]
        batches += [partial(model_files, shared, chunk, templates, frame) for chunk in chunks]
    return [*batches, lambda: {".nojekyll": b"", **dict(assets.values()), bundle[0]: bundle[1]}]
