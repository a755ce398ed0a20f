"""Model pages of draws, as the build renders them, and the elements that are ours."""

from collections.abc import Iterator
from functools import cache

import jinja2

from flipsite.analyse.report import report_draws
from flipsite.domain.draws import Draw
from flipsite.files import RenderedPage
from flipsite.present.leaderboard.board import board
from flipsite.present.pages.model.digest import exact_text
from flipsite.present.pages.model.files import LastPages, model_files
from flipsite.present.pages.model.page import shared_of
from flipsite.present.pages.page import Frame
from flipsite.present.pages.templates import environment
from flipsite.project import packaged
from flipsite.settings import default_study
from flipsite.store.snapshot.assemble import collect_draws

EXPECTED = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "link",
        "script",
        "body",
        "a",
        "header",
        "nav",
        "ul",
        "ol",
        "li",
        "button",
        "svg",
        "g",
        "path",
        "circle",
        "rect",
        "line",
        "text",
        "use",
        "symbol",
        "defs",
        "desc",
        "main",
        "aside",
        "p",
        "strong",
        "em",
        "b",
        "i",
        "h1",
        "h2",
        "h3",
        "h4",
        "span",
        "div",
        "dl",
        "dt",
        "dd",
        "figure",
        "figcaption",
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "caption",
        "details",
        "summary",
        "pre",
        "code",
        "q",
        "section",
        "footer",
        "small",
        "label",
        "input",
        "time",
        "abbr",
        "wbr",
        "br",
        "sub",
        "sup",
        "output",
        "blockquote",
    ]
)
"""Elements that a model's page may have."""


def model_pages_of(draws: list[Draw]) -> Iterator[str]:
    """The HTML of the first few models' pages."""
    study = default_study("trial")
    report = report_draws(study, collect_draws(draws))
    frame = Frame(
        version="0",
        base_url=None,
        studies=(study,),
        assets=_Assets(),
        bundle="assets/vega.js",
        nav=(),
        foot=(),
    )
    shared = shared_of(report, board(report), {})
    places = range(min(3, len(shared.rows)))
    nothing = LastPages(kept={}, standing=lambda *_: None, code="", text=exact_text)
    for content in model_files(shared, places, _templates(), frame, last=nothing).values():
        if isinstance(content, RenderedPage):
            yield content.html.decode()


class _Assets(dict[str, str]):
    """Any static file under its own name."""

    def __missing__(self, name: str) -> str:
        return f"assets/{name}"


@cache
def _templates() -> jinja2.Environment:
    return environment([packaged("templates")])
