"""The pages made of narrative: the story, the methods, the departures; and what their calls mean.

Narrative markdown: a sandboxed Jinja pass for computed numbers, then markdown-it.

In a narrative `value(…)`, `table(…)`, `chart(…)` and `model(…)` stand for what was computed. What they
return passes through markdown as an opaque mark and is put back as finished HTML, so that no model's name
is ever read as markup.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from flipsite.analyse.report import StudyReport
from flipsite.domain.display import Figure
from flipsite.domain.urls import model_page
from flipsite.errors import ContentError
from flipsite.present.leaderboard.page import board_context
from flipsite.present.leaderboard.rows import Board
from flipsite.present.pages.narrative_values import study_values
from flipsite.present.pages.page import Page, linker
from flipsite.present.pages.reference import GLOSSARY, term_html
from flipsite.present.pages.templates import arose_in_template, plain_fault, render, template_line
from flipsite.present.sparklines.coin_game import coin_toy
from flipsite.present.text.formats import kept_text
from flipsite.present.text.verdicts import rules

Function = Callable[..., Markup | str]
"""What a narrative may call; Markup is put in as it is, text is escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrative:
    """A rendered narrative.

    Attributes:
        title: Its heading of the first level.
        summary: Its first paragraph as plain text.
        html: All but the title.
        headings: The other headings: level, anchor, text.
    """

    title: str
    summary: str
    html: Markup
    headings: tuple[tuple[int, str, str], ...]


def render_narrative(
    path: Path, functions: Mapping[str, Function], *, raw: Mapping[str, Callable[..., str]] | None = None
) -> Narrative:
    """Render a markdown file.

    Args:
        path: The file, UTF-8, with one heading of the first level.
        functions: What its Jinja may call.
        raw: What it may call for text that is safe as markdown, such as the address of a link.

    Raises:
        ContentError: If the file is missing, or a name or an argument in it is wrong: with file and line.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: cannot be read as UTF-8 text ({error}).") from error
    slots: list[Markup] = []
    calls = {name: _slotted(call, slots) for name, call in functions.items()} | dict(raw or {})
    text = _expand(source, path, calls)
    return _markdown(text, slots, path)


def known(name: str, names: Mapping[str, object], what: str) -> object:
    """Look a name up for a narrative.

    Raises:
        ContentError: If it is not there, with the nearest name.
    """
    if name in names:
        return names[name]
    near = get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(names)) or 'none'}"
    raise ContentError(f"no {what} {name!r}; {hint}")


def _slotted(call: Function, slots: list[Markup]) -> Callable[..., str]:
    def slotted(*args: object, **kwargs: object) -> str:
        found = call(*args, **kwargs)
        slots.append(found if isinstance(found, Markup) else Markup.escape(found))
        return f"\ue000{len(slots) - 1}\ue001"

    return slotted


def _expand(source: str, path: Path, functions: Mapping[str, Callable[..., str]]) -> str:
    sandbox = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    try:
        # Compiled under the file's own name, so that the traceback tells the line.
        code = sandbox.compile(source, name=path.name, filename=str(path))
        template = jinja2.Template.from_code(sandbox, code, sandbox.make_globals(dict(functions)))
        return template.render()
    except jinja2.TemplateSyntaxError as error:
        raise ContentError(f"{path}, line {error.lineno}: {_sentence(error)}") from error
    except (ContentError, jinja2.TemplateError, TypeError) as error:
        # A TypeError here is a call with the wrong arguments: the narrative is at fault, not the code.
        raise ContentError(f"{template_line(error.__traceback__, str(path))}: {_sentence(error)}") from error
    except Exception as error:
        if not arose_in_template(error):
            raise
        raise ContentError(
            f"{template_line(error.__traceback__, str(path))}: {plain_fault(error)}."
        ) from error


def _sentence(error: Exception) -> str:
    return str(error).rstrip(".?") + "."


def _markdown(text: str, slots: list[Markup], path: Path) -> Narrative:
    parser = _parser()
    env: dict[str, object] = {}
    tokens = parser.parse(text, env)
    for words in (child for token in tokens for child in token.children or [] if child.type == "text"):
        words.content = kept_text(words.content)
    headings = _headings(tokens, slots)
    titles = [heading for heading in headings if heading[0] == 1]
    if len(titles) != 1:
        raise ContentError(f"{path}: expected one heading of the first level (`# …`), found {len(titles)}.")
    for token in tokens:
        if style := token.attrs.pop("style", None):
            # The site's policy forbids inline styles; the stylesheet knows the class.
            token.attrSet("class", str(style).replace("text-align:", "align-"))
    rendered = parser.renderer.render(tokens, parser.options, env)
    rendered = re.sub(r"<h1\b[^>]*>.*?</h1>\n?", "", rendered, count=1, flags=re.DOTALL)
    unwrapped = re.sub(
        r"<p>\s*((?:\ue000\d+\ue001\s*)+)</p>",
        lambda found: found[1] if _all_blocks(found[1], slots) else found[0],
        rendered,
    )
    first = re.search(r"<p>(.*?)</p>", unwrapped, flags=re.DOTALL)
    return Narrative(
        title=titles[0][2],
        summary=Markup(_filled(first[1], slots)).striptags() if first else "",
        html=Markup(_filled(unwrapped, slots)),
        headings=tuple(heading for heading in headings if heading[0] > 1),
    )


def _headings(tokens: list[Token], slots: list[Markup]) -> list[tuple[int, str, str]]:
    found = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inline.children or [] if child.type != "html_inline")
            shown = Markup(_filled(html.escape(text), slots)).striptags()
            found.append((int(opening.tag[1]), str(opening.attrs.get("id", "")), shown))
    return found


def _all_blocks(marks: str, slots: list[Markup]) -> bool:
    """Whether each of these marks stands for a block, which may not stand inside a paragraph."""
    numbers = re.findall(r"\ue000(\d+)\ue001", marks)
    return all(re.match(r"\s*<(figure|div|table|section|svg|ol|ul)\b", slots[int(n)]) for n in numbers)


def _filled(text: str, slots: list[Markup]) -> str:
    return re.sub(r"\ue000(\d+)\ue001", lambda found: str(slots[int(found[1])]), text)


@cache
def _parser() -> MarkdownIt:
    """Tables, footnotes, anchors, attributes, admonitions, math as MathML, highlighted code."""
    from mdit_py_plugins.anchors import anchors_plugin
    from mdit_py_plugins.attrs import attrs_plugin
    from mdit_py_plugins.container import container_plugin
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark", {"html": True, "typographer": False, "highlight": _highlight})
    parser.enable(["table", "strikethrough"])
    parser.use(footnote_plugin).use(deflist_plugin).use(attrs_plugin)
    parser.use(anchors_plugin, min_level=1, max_level=4, permalink=False)
    parser.use(container_plugin, name="note").use(container_plugin, name="aside")
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, renderer=_math, double_inline=False)
    return parser


def _math(content: str, options: Mapping[str, object]) -> str:
    from latex2mathml.converter import convert

    made: str = convert(content, display="block" if options.get("display_mode") else "inline")
    return made


def _highlight(code: str, language: str, _attributes: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        return html.escape(code)
    marked: str = highlight(code, lexer, HtmlFormatter(nowrap=True))
    return marked


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
