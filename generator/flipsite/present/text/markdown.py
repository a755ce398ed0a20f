"""Markdown to HTML: GitHub's dialect, math and footnotes, safe under the site's policy.

A computed value is in the text as a mark, `fragment_mark(n)`, and is put back as finished HTML after the
Markdown is rendered, so that no model's name is ever read as markup.
"""

import html
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from flipsite.domain.display import encoded
from flipsite.errors import ContentError
from flipsite.present.result_cache import remembered
from flipsite.present.text.formats import kept_text

_MARK = re.compile("\ufdd0(\\d+)\ufdd1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a narrative.

    Attributes:
        path: On the site.
        content: Its bytes.
        width: In pixels; None where the file does not say.
        height: Likewise.
    """

    path: str
    content: bytes
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrative:
    """A rendered narrative.

    Attributes:
        title: Of the page: its front matter's, else its heading.
        heading: Its heading of the first level, else its title.
        summary: Its front matter's description, else its first paragraph as plain text.
        date: Its front matter's, as it is written there; empty where there is none.
        html: All but the heading.
        headings: The other headings: level, anchor, text.
        pictures: The pictures it shows.
    """

    title: str
    heading: str
    summary: str
    date: str = ""
    html: Markup
    headings: tuple[tuple[int, str, str], ...]
    pictures: tuple[Picture, ...] = ()


def fragment_mark(number: int) -> str:
    """A placeholder in Markdown for a finished piece of HTML."""
    return f"\ufdd0{number}\ufdd1"


def without_marks(text: str) -> str:
    """A text in which nothing can be taken for a mark: both signs are noncharacters of Unicode."""
    return text.replace("\ufdd0", "\ufffd").replace("\ufdd1", "\ufffd")


def inline_markdown(text: str, link: Callable[[str], str]) -> Markup:
    """One line of Markdown; HTML in it is text, and links to pages of the site go through `link`."""
    tokens = _inline_parser().parseInline(without_marks(text))
    for token in (child for parent in tokens for child in parent.children or []):
        target = str(token.attrs.get("href", ""))
        if token.type == "link_open" and not re.match(r"[a-z]+:|#|//", target):
            token.attrSet("href", link(target.lstrip("/")))
    return Markup(_inline_parser().renderer.render(tokens, _inline_parser().options, {}))


def render_markdown(
    text: str,
    fragments: Sequence[Markup],
    *,
    source: str,
    front: Mapping[str, str],
    taken_ids: Collection[str],
    picture: Callable[[str], Picture],
    page_link: Callable[[str], str],
) -> Narrative:
    """Render a narrative.

    Args:
        text: The Markdown, with marks for the fragments.
        fragments: Finished HTML, by the number in its mark.
        source: The file's name, for errors.
        front: The front matter's title, description and date, as far as it has them.
        taken_ids: Anchors that the page's frame has; no heading gets one of them.
        picture: Finds a picture by the address that the text gives; raises ContentError.
        page_link: Turns the address of a link into one that works from the page.

    Raises:
        ContentError: If there is not one heading of the first level, nor a title in the front matter, or an
            explicit anchor is taken.
    """
    parser = _parser()
    env: dict[str, object] = {}
    tokens = parser.parse(text, env)
    pictures: dict[str, Picture] = {}
    for token in (child for parent in tokens for child in parent.children or []):
        if token.type == "text":
            token.content = kept_text(token.content)
        elif token.type == "image":
            found = picture(str(token.attrs["src"]))
            pictures[found.path] = found
            _show_picture(token, found, page_link)
        elif token.type == "link_open":
            token.attrSet("href", page_link(str(token.attrs["href"])))
    used = {name for fragment in fragments for name in re.findall(r'\bid="([^"]+)"', fragment)}
    _separate_anchors(tokens, {*taken_ids, *used}, source)
    headings = _headings(tokens, fragments)
    titles = [heading for heading in headings if heading[0] == 1]
    if len(titles) != 1 and not ("title" in front and not titles):
        raise ContentError(f"{source}: expected one heading of the first level (`# …`), found {len(titles)}.")
    _style_tables(tokens)
    body = _unwrap_blocks(_without_title(parser.renderer.render(tokens, parser.options, env)), fragments)
    first = re.search(r"<p>(.*?)</p>", body, flags=re.DOTALL)
    summary = Markup(_fill(first[1], fragments)).striptags() if first else ""
    heading = titles[0][2] if titles else front["title"]
    return Narrative(
        title=front.get("title", heading),
        heading=heading,
        summary=front.get("description", summary),
        date=front.get("date", ""),
        html=Markup(_fill(body, fragments)),
        headings=tuple(heading for heading in headings if heading[0] > 1),
        pictures=tuple(pictures.values()),
    )


def _show_picture(token: Token, found: Picture, page_link: Callable[[str], str]) -> None:
    token.attrSet("src", page_link(found.path))
    if found.width and found.height:
        token.attrSet("width", str(found.width))
        token.attrSet("height", str(found.height))
    token.attrSet("loading", "lazy")
    token.attrSet("decoding", "async")


def _separate_anchors(tokens: Sequence[Token], taken: set[str], source: str) -> None:
    """Give each heading an anchor that nothing else on the page has; an explicit one is an error instead."""
    for token in tokens:
        if token.type != "heading_open":
            continue
        name = str(token.attrs.get("id", "")) or "section"
        if name in taken and token.meta.get("explicit"):
            raise ContentError(
                f"{source}: {{#{name}}}: the page has another {name!r}; choose another anchor."
            )
        number = 1
        unique = name
        while unique in taken:
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique)
        token.attrSet("id", unique)


def _headings(tokens: Sequence[Token], fragments: Sequence[Markup]) -> list[tuple[int, str, str]]:
    found = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inline.children or [] if child.type != "html_inline")
            shown = Markup(_fill(html.escape(text), fragments)).striptags()
            found.append((int(opening.tag[1]), str(opening.attrs.get("id", "")), shown))
    return found


_SENTENCE = 60
"""Letters of a cell that make a table one of sentences."""


def _style_tables(tokens: Sequence[Token]) -> None:
    """Name each table's frame by its columns, and align by class: the policy forbids inline styles.

    A table of sentences is marked, and each of its cells has its column's name: on a phone its cells stand
    below one another.
    """
    table: Token | None = None
    columns: list[str] = []
    number = 0
    cells: list[tuple[Token, str]] = []
    for token, following in pairwise([*tokens, Token("end", "", 0)]):
        if token.type == "table_open":
            table, columns, cells, number = token, [], [], number + 1
        elif token.type == "th_open":
            columns.append(_MARK.sub("", following.content).strip())
        elif token.type == "thead_close" and table:
            name = "Table" if number == 1 else f"Table {number}"
            table.meta["label"] = f"{name}: " + ", ".join(column for column in columns[:3] if column)
        elif token.type == "td_open":
            cells.append((token, following.content))
        elif token.type == "table_close" and table and any(len(text) > _SENTENCE for _, text in cells):
            table.meta["prose"] = True
            for place, (cell, _) in enumerate(cells):
                cell.attrSet("data-label", columns[place % len(columns)])
        if style := token.attrs.pop("style", None):
            token.attrSet("class", str(style).replace("text-align:", "align-"))


def _without_title(rendered: str) -> str:
    return re.sub(r"<h1\b[^>]*>.*?</h1>\n?", "", rendered, count=1, flags=re.DOTALL)


def _unwrap_blocks(rendered: str, fragments: Sequence[Markup]) -> str:
    """Take marks that stand for blocks out of the paragraph they are alone in."""
    return re.sub(
        r"<p>\s*((?:\ufdd0\d+\ufdd1\s*)+)</p>",
        lambda found: found[1] if _all_blocks(found[1], fragments) else found[0],
        rendered,
    )


def _all_blocks(marks: str, fragments: Sequence[Markup]) -> bool:
    numbers = _MARK.findall(marks)
    blocks = (_fragment(number, fragments) for number in numbers)
    return all(re.match(r"\s*<(figure|div|p|table|section|svg|ol|ul)\b", block) for block in blocks)


def _fill(text: str, fragments: Sequence[Markup]) -> str:
    return _MARK.sub(lambda found: _fragment(found[1], fragments), text)


def _fragment(number: str, fragments: Sequence[Markup]) -> str:
    """The piece that a mark stands for; an expression of the text may have written another: U+FFFD."""
    index = int(number[:9])
    return str(fragments[index]) if index < len(fragments) else "\ufffd"


@cache
def _inline_parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).disable(["image"])


@cache
def _parser() -> MarkdownIt:
    """GitHub's dialect with footnotes, anchors, attributes, definitions, math and highlighted code."""
    from mdit_py_plugins.anchors import anchors_plugin
    from mdit_py_plugins.attrs import attrs_plugin
    from mdit_py_plugins.container import container_plugin
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    options = {"html": True, "typographer": False, "highlight": _highlight, "tasklists": True, "alerts": True}
    parser = MarkdownIt("commonmark", options)
    parser.enable(["table", "strikethrough"])
    parser.use(footnote_plugin).use(deflist_plugin).use(attrs_plugin)
    parser.core.ruler.push("heading_id", _explicit_anchors)
    parser.use(anchors_plugin, min_level=1, max_level=4, permalink=False)
    parser.use(container_plugin, name="note").use(container_plugin, name="aside")
    parser.use(container_plugin, name="details", render=_details)
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, renderer=_math, double_inline=False)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    parser.add_render_rule("list_item_open", _list_item_open)
    parser.add_render_rule("math_block", _math_block)
    return parser


def _explicit_anchors(state: StateCore) -> None:
    """Read `{#anchor}` at the end of a heading."""
    for opening, inline in pairwise(state.tokens):
        if opening.type != "heading_open" or not inline.children or inline.children[-1].type != "text":
            continue
        last = inline.children[-1]
        if found := re.fullmatch(r"(.*?)\s*\{#([A-Za-z][\w:.-]*)\}\s*", last.content, flags=re.DOTALL):
            last.content = found[1]
            opening.attrSet("id", found[2])
            opening.meta["explicit"] = True


def _table_open(renderer: object, tokens: Sequence[Token], at: int, *_: object) -> str:
    label = html.escape(str(tokens[at].meta.get("label", "Table")))
    kind = "data folds prose" if tokens[at].meta.get("prose") else "data"
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">\n<table class="{kind}">\n'


def _list_item_open(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    opened = renderer.renderToken(tokens, at, options, env)
    if "checked" not in tokens[at].meta:
        return opened
    state = 'checked aria-label="Done"' if tokens[at].meta["checked"] else 'aria-label="To do"'
    return f'{opened}<input type="checkbox" disabled {state}> '


def _details(renderer: object, tokens: Sequence[Token], at: int, *_: object) -> str:
    """Render a foldable block: `::: details TITLE`."""
    if tokens[at].nesting < 0:
        return "</details>\n"
    title = tokens[at].info.strip().removeprefix("details").strip() or "Details"
    return f'<details class="fold">\n<summary>{html.escape(title)}</summary>\n'


def _math_block(renderer: object, tokens: Sequence[Token], at: int, *_: object) -> str:
    """A formula that can be scrolled by key where it is wider than the page."""
    formula = _math(tokens[at].content, {"display_mode": True})
    return f'<div class="formula" role="group" tabindex="0" aria-label="Formula">{formula}</div>\n'


def _math(content: str, options: Mapping[str, object]) -> str:
    display = "block" if options.get("display_mode") else "inline"
    return formula(content, display)


def formula(content: str, display: str) -> str:
    """MathML of a LaTeX formula, `inline` or a `block`, with the space that relations and functions have.

    The converter makes both identifiers, which stand close: log σ as logσ, y ∼ N as y~N.
    """
    mathml = remembered(
        f"formula {display} {content}", lambda: encoded(_converted(content, display))
    ).decode()
    spaced = mathml.replace("<mi>&#x0007E;</mi>", "<mo>&#x0223C;</mo>")
    return re.sub("<mi>([a-z]{2,})</mi>", r"<mo>\1</mo>", spaced)


def _converted(content: str, display: str) -> str:
    from latex2mathml.converter import convert  # 20 ms, only for a new formula

    return str(convert(content, display=display))


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
