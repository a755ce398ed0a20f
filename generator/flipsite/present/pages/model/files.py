"""The pages of some models, made anew unless the last can stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter

import jinja2

from flipsite.domain.draws import Draws
from flipsite.files import Content, RenderedPage
from flipsite.present.pages.model.digest import Text, draws_digest, source_digest
from flipsite.present.pages.model.page import (
    NEIGHBOURS,
    ModelView,
    SharedParts,
    own_draws,
    page_with,
    with_draws,
    without_draws,
)
from flipsite.present.pages.page import Frame
from flipsite.present.pages.templates import page_file
from flipsite.present.text.features import feature_lines

StandingPage = Callable[[str, str], Content | None]
"""Gives a page of the last site, by its path and what it is rendered from now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPages:
    """The last site's pages of models, and which of them can stand.

    Attributes:
        kept: Files that are still good, whatever their sources.
        standing: Gives a page that is still good if its source is what it was; None where none can be.
        code: A digest of all that renders pages: flipsite, libraries, templates.
        text: A value as far as the templates show it.
    """

    kept: Mapping[str, Content]
    standing: StandingPage
    code: str
    text: Text


def model_files(
    shared: SharedParts, places: range, templates: jinja2.Environment, frame: Frame, *, last: LastPages
) -> dict[str, Content]:
    """The pages of the models at these places of the leaderboard.

    Those of the last site that are still good are not made again. Each step is done for all places before the
    next begins, so that its code and data are still in the processor's caches.

    Raises:
        ContentError: If the template cannot be rendered.
    """
    paths = {place: shared.rows[place].estimate.page for place in places}
    own = {place: own_draws(shared, shared.rows[place].estimate.model) for place in places}
    views = {place: without_draws(shared, place) for place, path in paths.items() if path not in last.kept}
    sources = _sources(shared, views, own, frame, last=last)
    found = {place: last.standing(paths[place], source) for place, source in sources.items()}
    pages = {
        place: page_with(shared, with_draws(shared, view, own[place]))
        for place, view in views.items()
        if not found.get(place)
    }
    for place, page in pages.items():
        found[place] = RenderedPage(page_file(templates, page, frame), sources.get(place, ""))
    return {path: found.get(place) or last.kept[path] for place, path in paths.items()}


_Own = Mapping[int, tuple[Draws, slice] | None]
"""By place: the study's draws and the model's rows of them."""


def _sources(
    shared: SharedParts, views: Mapping[int, ModelView], own: _Own, frame: Frame, *, last: LastPages
) -> dict[int, str]:
    """The digests of the pages' sources; none of sampled draws: the study's counts are in those pages."""
    if shared.report.sampled:
        return {}
    common = source_digest(last.code, repr(frame), repr(shared.context))
    rows = cache(lambda place: source_digest(last.text(shared.rows[place])))
    return {
        place: _source(shared, place, view, own[place], common, row_digest=rows, text=last.text)
        for place, view in views.items()
    }


def _source(
    shared: SharedParts,
    place: int,
    view: ModelView,
    own: tuple[Draws, slice] | None,
    common: str,
    *,
    row_digest: Callable[[int], str],
    text: Text,
) -> str:
    """The digest of a page's source: its rows, its draws, and all else that is not made of these."""
    known = feature_lines(shared.report.features.get(view.estimate.model, ()))
    around = range(max(0, place - NEIGHBOURS), min(len(shared.rows), place + NEIGHBOURS + 1))
    parts = [str(place - around.start), *map(row_digest, around), draws_digest(*own) if own else ""]
    return source_digest(common, repr(known), *parts, text(view.rank_estimate), repr(_others(view)))


_IN_SOURCE = {"estimate", "row", "around", "before", "after", "rank_estimate", "coins"}
"""Parts of a view that are in its source already; the coins are made of the counts."""

_others = attrgetter(*(each.name for each in fields(ModelView) if each.name not in _IN_SOURCE))
