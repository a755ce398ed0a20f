"""The pages made of narrative: the story, the methods, the author's own pages; and what their calls mean.

A project without a story gets a home page made of its studies.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from math import ceil
from pathlib import Path

import jinja2
from markupsafe import Markup

from flipsite.analyse.cross_study.comparisons import has_results, in_order
from flipsite.analyse.methods.family import MethodFamily
from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.domain.site import SiteInfo
from flipsite.domain.urls import RESERVED_STUDIES, STUDY_ID, model_page
from flipsite.errors import ContentError
from flipsite.present.leaderboard.board import Board
from flipsite.present.leaderboard.page import board_context, finding_context
from flipsite.present.methods.answer import Paragraph, what_it_takes
from flipsite.present.pages.glossary import GLOSSARY, term_html
from flipsite.present.pages.narrative import Function, known, render_narrative
from flipsite.present.pages.narrative_values import model_values, study_values
from flipsite.present.pages.page import Page, linker
from flipsite.present.pages.templates import render
from flipsite.present.sparklines.coin_game import coin_game
from flipsite.present.text.escaping import breakable
from flipsite.present.text.markdown import Narrative
from flipsite.present.text.verdicts import rules
from flipsite.project import OWN_PAGES

HOME = "index.html"

NARRATIVES = {
    "story.md": HOME,
    "methods.md": "methods/index.html",
    "departures.md": "departures/index.html",
}
"""Each narrative that flipsite knows, with its page, in the order of the navigation."""

Figures = Mapping[str, Mapping[str, Figure]]
"""By study, its charts by name."""

LATER_CHART_BYTES = 3_000
"""A narrative has many charts: after its first one, larger ones are fetched when the reader comes near."""

TABLES = ("leaderboard", "least-biased", "most-biased")
"""The tables a narrative may ask for."""


_HOME_ROWS = 8
"""Models in each table of a home page without a story."""


def narrative_sources(folders: Sequence[Path]) -> dict[str, Path]:
    """The narratives there are, each from the first folder that has it, by the path of its page.

    Raises:
        ContentError: If a file of `pages/` has a name that a page of the site cannot have.
    """
    found = {}
    for name, path in NARRATIVES.items():
        own = folders[:1] if path == HOME else folders  # a story is about one project's studies
        source = next((folder / name for folder in own if (folder / name).is_file()), None)
        if source is not None:
            found[path] = source
    for source in sorted((folders[0] / OWN_PAGES).glob("*.md")):
        if not STUDY_ID.fullmatch(source.stem) or source.stem in RESERVED_STUDIES:
            raise ContentError(
                f"{source}: no page can have this name; use lower-case letters, digits and hyphens, none of "
                f"{', '.join(sorted(RESERVED_STUDIES))}."
            )
        found[f"{source.stem}/index.html"] = source
    return found


def narrative_pages(
    reports: Sequence[StudyReport],
    figures: Figures,
    boards: Mapping[str, Board],
    sources: Mapping[str, Path],
    templates: jinja2.Environment,
    *,
    info: SiteInfo,
    families: Sequence[MethodFamily] = (),
) -> list[Page]:
    """The home page and every narrative there is a source of.

    A narrative may ask for any study; the home page shows those that have results. Without `study=` a call
    means the first one.
    """
    with_results = [report for report in reports if has_results(report)]
    if taken := next(
        (report.study.id for report in reports if f"{report.study.id}/index.html" in sources), None
    ):
        raise ContentError(
            f"{sources[f'{taken}/index.html']}: a study has the name {taken!r}; rename the page."
        )
    narratives = {}
    for path, source in sources.items():
        content = source.parent.parent if source.parent.name == OWN_PAGES else source.parent
        narratives[path] = render_narrative(
            source,
            _calls(reports, figures, boards, path, templates, families=families),
            raw={
                "link": linker(path),
                "number": _number,
                "has_results": lambda: "yes" if with_results else "",
            },
            page=path,
            content=content,
            pages={**NARRATIVES, **{f"{OWN_PAGES}/{each.name}": page for page, each in sources.items()}},
        )
    home = narratives.pop(HOME, None)
    return [
        _story_page(home, with_results, boards) if home else _home_page(with_results, figures, boards, info),
        *(_narrative_page(path, narrative) for path, narrative in narratives.items()),
    ]


def _story_page(narrative: Narrative, reports: Sequence[StudyReport], boards: Mapping[str, Board]) -> Page:
    first = reports[0] if reports else None
    return Page(
        path=HOME,
        title=narrative.title,
        description=narrative.summary,
        template="story.html",
        context={
            "narrative": narrative,
            "reports": reports,
            "history": (),
            **(finding_context(first, boards[first.study.id]) if first else {"finding": None}),
            "has_coin": 'class="toy"' in narrative.html,
        },
        attached={picture.path: picture.content for picture in narrative.pictures},
    )


def _narrative_page(path: str, narrative: Narrative) -> Page:
    return Page(
        path=path,
        title=narrative.title,
        description=narrative.summary,
        template="narrative.html",
        crumbs=(("Home", HOME),),
        context={"narrative": narrative},
        attached={picture.path: picture.content for picture in narrative.pictures},
    )


def _home_page(
    reports: Sequence[StudyReport], figures: Figures, boards: Mapping[str, Board], info: SiteInfo
) -> Page:
    """A home page of the studies alone: the newest one's result and picture, then all of them by date."""
    ordered = in_order(reports)[::-1]
    context: dict[str, object] = {"narrative": None, "reports": reports, "newest": None, "history": ()}
    if ordered:
        newest = ordered[0]
        charts = figures.get(newest.study.id, {})
        made = boards[newest.study.id]
        board = board_context(newest, made, top=min(_HOME_ROWS, ceil(len(made.rows) / 2)))
        context |= {
            **board,
            "newest": newest,
            "figure": next((chart for name, chart in charts.items() if name != "verdicts"), None),
            "history": [(report, study_values(report)) for report in ordered] if len(ordered) > 1 else (),
            "over_time": figures.get("", {}).get("history"),
        }
    return Page(
        path=HOME,
        title=info.title,
        description=info.description or str(context.get("finding") or "Language models that flip coins."),
        template="story.html",
        context=context,
    )


def _number(name: str) -> str:
    """A number of the method as plain text, for formulas: what `value` puts in cannot stand inside one."""
    return str(known(name, rules(), "number of the method"))


def _calls(
    reports: Sequence[StudyReport],
    figures: Figures,
    boards: Mapping[str, Board],
    path: str,
    templates: jinja2.Environment,
    *,
    families: Sequence[MethodFamily],
) -> Mapping[str, Function]:
    """The functions a narrative may call; without `study=` they use the first study."""
    page = Page(path=path, title="", description="", template="")
    shown: list[str] = []  # charts so far

    def report_of(study: str | None) -> StudyReport:
        if not reports:
            raise ContentError("there is no study to take a figure from")
        by_id = {report.study.id: report for report in reports}
        found = known(study or reports[0].study.id, by_id, "study")
        assert isinstance(found, StudyReport)  # noqa: S101 - of a mapping to nothing else
        return found

    @cache
    def values_of(study: str | None) -> dict[str, str]:
        return study_values(report_of(study))

    def value(name: str, *, study: str | None = None, model: str | None = None) -> str:
        if model is not None:
            report = report_of(study)
            known(model, {record.model: record for record in report.estimates}, "model")
            return str(known(name, model_values(report, model), "value"))
        values = values_of(study) if reports or study else rules()
        return str(known(name, values, "value"))

    def table(name: str, *, study: str | None = None, top: int | None = None) -> Markup:
        known(name, dict.fromkeys(TABLES), "table")
        report = report_of(study)
        context = board_context(report, boards[report.study.id], top=top)
        return Markup(render(templates, "parts/board_end.html", which=name, page=page, **context))

    def chart(name: str, *, study: str | None = None) -> Markup:
        own = figures[report_of(study).study.id] if reports or study else {}
        figure = known(name, {**figures[""], **own}, "chart")
        shown.append(name)
        given = {
            "figure": figure,
            "page": page,
            "first_chart": len(shown) == 1,
            "most_bytes": LATER_CHART_BYTES,
        }
        return Markup(render(templates, "parts/figure.html", **given))

    def model(name: str, *, study: str | None = None) -> Markup:
        report = report_of(study)
        known(name, {record.model: record for record in report.estimates}, "model")
        link = page.link(model_page(report.study.id, name))
        return Markup('<a class="model" href="{}">{}</a>').format(link, breakable(name))

    def term(word: str, text: str | None = None) -> Markup:
        known(word, GLOSSARY, "word of the glossary")
        return term_html(word, text or word, page.link)

    def coin(*, study: str | None = None) -> Markup:
        game = coin_game(report_of(study))
        if game is None:
            raise ContentError("the study has no model with a bias to flip along with")
        return Markup(render(templates, "parts/coin_toy.html", toy=game, page=page))

    def takes() -> Markup:
        shown = [report for report in reports if has_results(report)]
        return Markup("").join(_paragraph_html(each, page) for each in what_it_takes(shown, families))

    return {
        "value": value,
        "table": table,
        "chart": chart,
        "model": model,
        "coin": coin,
        "term": term,
        "takes": takes,
    }


def _paragraph_html(found: Paragraph, page: Page) -> Markup:
    if not found.path:
        return Markup("<p>{}</p>").format(found.text)
    return Markup('<p>{} <a href="{}">{}</a>.</p>').format(found.text, page.link(found.path), found.link)
