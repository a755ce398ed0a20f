"""The pages made of narrative: the story, the methods, the departures; and what their calls mean."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.domain.urls import model_page
from flipsite.errors import ContentError
from flipsite.present.board import Board
from flipsite.present.board_page import board_context
from flipsite.present.coin_toy import coin_toy
from flipsite.present.glossary import GLOSSARY, term_html
from flipsite.present.narrative import Function, known, render_narrative
from flipsite.present.page import Page, linker
from flipsite.present.rules import rules
from flipsite.present.templates import render
from flipsite.present.values import study_values

NARRATIVES = {
    "story.md": ("index.html", "story.html"),
    "methods.md": ("methods/index.html", "narrative.html"),
    "departures.md": ("departures/index.html", "narrative.html"),
}
"""Each narrative with its page and its template, in the order of the navigation."""

Figures = Mapping[str, Mapping[str, Figure]]
"""By study, its charts by name."""

LATER_CHART_BYTES = 3_000
"""A narrative has many charts: after its first one, larger ones are fetched when the reader comes near."""

TABLES = ("leaderboard", "least-biased", "most-biased")
"""The tables a narrative may ask for."""


def narrative_sources(folders: Sequence[Path]) -> dict[str, Path]:
    """The narratives there are, each from the first folder that has it, by the path of its page."""
    found = {}
    for name, (path, _) in NARRATIVES.items():
        own = folders[:1] if path == "index.html" else folders  # a story tells of one project's studies
        source = next((folder / name for folder in own if (folder / name).is_file()), None)
        if source is not None:
            found[path] = source
    return found


def narrative_pages(
    reports: Sequence[StudyReport],
    figures: Figures,
    boards: Mapping[str, Board],
    sources: Mapping[str, Path],
    templates: jinja2.Environment,
) -> list[Page]:
    """The story, methods and departures, as far as there are sources.

    A project without a story of its own gets a home page that lists its studies.
    """
    pages = []
    for path, template in NARRATIVES.values():
        source = sources.get(path)
        if source is not None:
            calls = _calls(reports, figures, boards, path, templates)
            narrative = render_narrative(source, calls, raw={"link": linker(path), "number": _number})
        elif path == "index.html":
            narrative = None
        else:
            continue
        title = narrative.title if narrative else "Which language models flip a fair coin?"
        summary = narrative.summary if narrative else "Leaderboards of language models that flip coins."
        crumbs = () if path == "index.html" else (("Home", "index.html"),)
        pages.append(
            Page(
                path=path,
                title=title,
                description=summary,
                template=template,
                crumbs=crumbs,
                context={"narrative": narrative, "reports": reports},
            )
        )
    return pages


def _number(name: str) -> str:
    """A number of the method as plain text, for formulas: what `value` puts in cannot stand inside one."""
    return str(known(name, rules(), "number of the method"))


def _calls(
    reports: Sequence[StudyReport],
    figures: Figures,
    boards: Mapping[str, Board],
    path: str,
    templates: jinja2.Environment,
) -> Mapping[str, Function]:
    """What a narrative may call; without `study=` the first study is meant."""
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

    def value(name: str, *, study: str | None = None) -> str:
        values = values_of(study) if reports or study else rules()
        return str(known(name, values, "value"))

    def table(name: str, *, study: str | None = None, top: int | None = None) -> Markup:
        known(name, dict.fromkeys(TABLES), "table")
        report = report_of(study)
        context = board_context(report, boards[report.study.id])
        return Markup(render(templates, "parts/board_end.html", which=name, top=top, page=page, **context))

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
        return Markup('<a class="model" href="{}">{}</a>').format(link, name)

    def term(word: str, text: str | None = None) -> Markup:
        known(word, GLOSSARY, "word of the glossary")
        return term_html(word, text or word, page.link)

    def coin(*, study: str | None = None) -> Markup:
        toy = coin_toy(report_of(study))
        if toy is None:
            raise ContentError("the study has no model with a bias to flip along with")
        return Markup(render(templates, "parts/coin_toy.html", toy=toy, page=page))

    return {"value": value, "table": table, "chart": chart, "model": model, "coin": coin, "term": term}
