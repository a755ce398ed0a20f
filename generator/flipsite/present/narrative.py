"""Narrative markdown: a sandboxed Jinja pass for computed numbers, then markdown-it.

In a narrative `value(…)`, `table(…)`, `chart(…)` and `model(…)` stand for what was computed. What they
return passes through markdown as an opaque mark and is put back as finished HTML, so that no model's name
is ever read as markup.
"""

import html
import re
from collections.abc import Callable, Mapping
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

from flipsite.errors import ContentError
from flipsite.present.formats import kept_text
from flipsite.present.templates import arose_in_template, plain_fault, template_line

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
