"""A narrative's file to HTML: front matter, a sandboxed Jinja pass for computed numbers, then Markdown.

In a narrative `value(…)`, `table(…)`, `chart(…)` and `model(…)` stand for what was computed. Code in
backticks and fences is left alone.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from posixpath import normpath

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from flipsite.errors import ContentError
from flipsite.present.pages.narrative_pictures import load_picture
from flipsite.present.pages.page import linker
from flipsite.present.pages.templates import arose_in_template, plain_fault, template_line
from flipsite.present.text.markdown import Narrative, Picture, fragment_mark, render_markdown, without_marks

Function = Callable[..., Markup | str]
"""The functions a narrative may call; Markup is inserted unchanged, text is escaped."""


FRAME_IDS = frozenset({"main", "contents", "studies", "past-studies", "history"})
"""Anchors of the templates that show a narrative."""

_FRONT_KEYS = ("title", "description", "date")
_FRONT = re.compile(r"---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_JINJA_OR_CODE = re.compile(
    r"(?P<anchor>\{#[A-Za-z][\w:.-]*\})"
    r"|\{#.*?#\}|\{\{.*?\}\}|\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}|\{%.*?%\}"
    r"|(?P<fence>^[ \t>]*(?P<sign>```+|~~~+)[^\n]*\n.*?(?:^[ \t>]*(?P=sign)[`~]*[ \t]*$|\Z))"
    r"|(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:[^`\n]|\n(?!\s*\n)|(?!(?P=ticks)(?!`))`)+?(?<!`)(?P=ticks)(?!`))",
    re.DOTALL | re.MULTILINE,
)


def render_narrative(
    path: Path,
    functions: Mapping[str, Function],
    *,
    raw: Mapping[str, Callable[..., str]] | None = None,
    page: str = "index.html",
    content: Path | None = None,
    pages: Mapping[str, str] | None = None,
) -> Narrative:
    """Render a Markdown file.

    Args:
        path: The file, UTF-8, with one heading of the first level or a title in its front matter.
        functions: What its Jinja may call.
        raw: What it may call for text that is safe as Markdown, such as the address of a link.
        page: Its page, from which links are relative.
        content: The folder that its pictures lie in; the file's own where it is None.
        pages: The pages of other narratives, by the path of their files within the content.

    Raises:
        ContentError: If the file is missing, or a name or an argument in it is wrong: with file and line.
    """
    try:
        source = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: cannot be read as UTF-8 text ({error}).") from error
    source = without_marks(source)
    front, body = _front_matter(source, path)
    fragments: list[Markup] = []
    calls = {name: _recorded(call, fragments) for name, call in functions.items()} | dict(raw or {})
    folder = content or path.parent

    def picture(address: str) -> Picture:
        try:
            return load_picture(address, folder=path.parent, content=folder)
        except ContentError as error:
            raise ContentError(f"{path}, line {_line_of(source, address)}: {error}.") from error

    return render_markdown(
        _expand(_protect_code(body), path, calls),
        fragments,
        source=str(path),
        front=front,
        taken_ids=FRAME_IDS,
        picture=picture,
        page_link=partial(_page_link, page=page, folder=_folder_within(path, folder), pages=pages or {}),
    )


def _front_matter(source: str, path: Path) -> tuple[dict[str, str], str]:
    """The `key: value` lines between two lines of `---` at the top, and the text with as many empty lines.

    Raises:
        ContentError: If a line is no `key: value`, or its key means nothing here.
    """
    found = _FRONT.match(source)
    if not found:
        return {}, source
    front: dict[str, str] = {}
    for number, line in enumerate(found[1].splitlines(), 2):
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not key or key.startswith("#"):
            continue
        if not colon or key not in _FRONT_KEYS:
            raise ContentError(
                f"{path}, line {number}: front matter takes title, description and date, "
                f"a line each; remove {key!r}."
            )
        quoted = re.fullmatch(r"([\"'])(.*)\1", value)
        front[key] = quoted[2] if quoted else value
    if not re.fullmatch(r"(\d{4}-\d{2}-\d{2}([T ].*)?)?", front.get("date", "")):
        raise ContentError(f"{path}: front matter: date {front['date']!r}: write it as 2026-01-31.")
    kept = {key: value for key, value in front.items() if value}
    return kept, "\n" * found[0].count("\n") + source[found.end() :]


def _protect_code(source: str) -> str:
    """Keep Jinja out of code and of headings' anchors; every line stays where it is."""

    def protected(found: re.Match[str]) -> str:
        if not (found["anchor"] or found["fence"] or found["code"]) or not re.search(r"\{[{%#]", found[0]):
            return found[0]
        return f"{{% raw %}}{found[0]}{{% endraw %}}" if "endraw" not in found[0] else found[0]

    return _JINJA_OR_CODE.sub(protected, source)


def _line_of(source: str, words: str) -> int:
    """The first line that has these words."""
    before, found, _ = source.partition(words)
    return before.count("\n") + 1 if found else 1


def _folder_within(path: Path, content: Path) -> str:
    """A narrative's folder, relative to the content's."""
    return path.parent.relative_to(content).as_posix() if path.is_relative_to(content) else "."


def _page_link(target: str, *, page: str, folder: str, pages: Mapping[str, str]) -> str:
    """The link to a page or file of the site; one to another narrative's file leads to its page."""
    if target.startswith("assets/"):
        return linker(page)(target)
    file, hash_, fragment = target.partition("#")
    found = pages.get(normpath(f"{folder}/{file}")) if file.endswith(".md") else None
    return linker(page)(f"{found}{hash_}{fragment}") if found else target


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


def _recorded(call: Function, fragments: list[Markup]) -> Callable[..., str]:
    def recorded(*args: object, **kwargs: object) -> str:
        found = call(*args, **kwargs)
        fragments.append(found if isinstance(found, Markup) else Markup.escape(found))
        return fragment_mark(len(fragments) - 1)

    return recorded


def _expand(source: str, path: Path, functions: Mapping[str, Callable[..., str]]) -> str:
    sandbox = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    try:
        # Compiled under the file's own name, so that the traceback tells the line.
        code = sandbox.compile(source, name=path.name, filename=str(path))
        template = jinja2.Template.from_code(sandbox, code, sandbox.make_globals(dict(functions)))
        return template.render()
    except jinja2.TemplateSyntaxError as error:
        raise ContentError(f"{path}, line {error.lineno}: {_sentence(error, functions)}") from error
    except (ContentError, jinja2.TemplateError, TypeError) as error:
        # A TypeError here is a call with the wrong arguments: the narrative is at fault, not the code.
        raise ContentError(
            f"{template_line(error.__traceback__, str(path))}: {_sentence(error, functions)}"
        ) from error
    except Exception as error:
        if not arose_in_template(error):
            raise
        raise ContentError(
            f"{template_line(error.__traceback__, str(path))}: {plain_fault(error)}."
        ) from error


def _sentence(error: Exception, functions: Mapping[str, object]) -> str:
    """The error in a sentence; of a name that nothing has, with the nearest."""
    text = str(error).rstrip(".?") + "."
    if not (missing := re.fullmatch(r"'(\w+)' is undefined\.", text)):
        return text
    near = get_close_matches(missing[1], functions, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(functions))}"
    return f"{text[:-1]}; {hint} (braces that are text belong in backticks)."
