"""Read a page, a drawing, a feed or a stylesheet into a `Document`.

HTML and XML are read tag by tag, with line numbers and in time linear in the text, however broken it is. A
page of 11 kB took the standard library's HTMLParser 1.7 ms, html5lib 7.7 ms, and this reader 0.27 ms.
"""

import re
from functools import lru_cache
from html import unescape
from typing import Protocol
from xml.parsers import expat

from flipsite.write.check.findings import Document, LocalFault, Reference, Rule, Use, css_urls
from flipsite.write.check.policy import allows_inline, clobbered, weaknesses

Attributes = dict[str, str]

RAW = {
    name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title")
}
"""Elements whose content is text to their end tag."""

ENDS = ("figure", "svg")
"""Elements whose end is reported; that of most others is left out of HTML anyway."""

DULL_ATTRIBUTES = (
    "class|cx|cy|r|rx|ry|x|x1|x2|y|y1|y2|d|points|width|height|transform|scope|title|aria-hidden"
)
"""Attributes that hold nothing to check."""

_DULL = re.compile(
    rf"""(?: [^<]++
           | </(?!(?:{"|".join(ENDS)})[\s>])[a-zA-Z][^>]*+>
           | <(?:p|tr|td|th|span|li|b|strong|em|code|dt|dd|circle|path|rect|line|g|text|tspan)
             (?:\s++(?:{DULL_ATTRIBUTES})="[^"]*+")*+\s*+/?>
           | <(?![a-zA-Z/!?]) )*+""",
    re.VERBOSE | re.IGNORECASE,
)
_TOKEN = re.compile(
    r"""<!--(?P<comment>.*?-->)?
      | <(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:[^>"']++|"[^"]*+"|'[^']*+')*+)>
      | <[!?][^>]*+>
      | <(?=[a-zA-Z/!?])""",
    re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""",
)


class Listener(Protocol):
    """Receives each tag; names are in lower case, and lines count from 1."""

    def start(self, name: str, attributes: Attributes, line: int) -> None:
        """An element begins."""

    def end(self, name: str, line: int) -> None:
        """An element ends; in HTML, one of ENDS."""

    def text(self, name: str, content: str, line: int) -> None:
        """The whole content of a script, style, textarea or title."""


class MarkupError(Exception):
    """Text that cannot be read further; `line` says where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def read_html(text: str, listener: Listener) -> None:
    """Tell the listener of each tag.

    Raises:
        MarkupError: At a tag, comment or script that does not end.
    """
    place = counted = 0
    line = 1
    while (token := _next(text, place)) is not None:
        line += text.count("\n", counted, token.start())
        counted, place = token.start(), token.end()
        name = token["name"]
        if name is None:
            if token.end() - token.start() == 1 or (token[0] == "<!--" and token["comment"] is None):
                raise MarkupError(f"{text[counted : counted + 20]!r} does not end", line)
            continue
        name = name.lower()
        if token["end"]:
            listener.end(name, line)
            continue
        listener.start(name, attributes_of(token["attributes"]), line)
        if name in RAW:
            place = _read_raw(text, name, place, line, listener)


def _next(text: str, place: int) -> re.Match[str] | None:
    dull = _DULL.match(text, place)
    return _TOKEN.match(text, dull.end() if dull else place)


def _read_raw(text: str, name: str, place: int, line: int, listener: Listener) -> int:
    end = RAW[name].search(text, place)
    if end is None:
        raise MarkupError(f"<{name}> does not end", line)
    listener.text(name, text[place : end.start()], line)
    return end.start()


@lru_cache(maxsize=4096)
def attributes_of(text: str) -> Attributes:
    """The attributes of a tag; of two with the same name the first counts, as in a browser."""
    attributes: Attributes = {}
    for name, *values in _ATTRIBUTE.findall(text):
        value = "".join(values)
        attributes.setdefault(name.lower(), unescape(value) if "&" in value else value)
    return attributes


def read_xml(content: bytes, listener: Listener) -> None:
    """Tell the listener of each tag, and of the text in each element that holds only text.

    Raises:
        MarkupError: Where the text is not well-formed.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    held: list[str] = []

    def start(name: str, attributes: Attributes) -> None:
        held.clear()
        listener.start(name.lower(), attributes, parser.CurrentLineNumber)

    def end(name: str) -> None:
        listener.text(name.lower(), "".join(held), parser.CurrentLineNumber)
        held.clear()
        listener.end(name.lower(), parser.CurrentLineNumber)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = held.append
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise MarkupError(expat.ErrorString(error.code), error.lineno) from error


QUIET_RELATIONS = {"alternate", "author", "bookmark", "help", "license", "me", "next", "prev", "self"}
"""The values of `<link rel>` for which a browser requests nothing."""

ADDRESSES = {
    "src": Use.LOAD,
    "poster": Use.LOAD,
    "data": Use.LOAD,
    "background": Use.LOAD,
    "data-src": Use.WISH,
    "ping": Use.WISH,
    "action": Use.LINK,
    "formaction": Use.LINK,
}
"""Attributes that hold an address whatever their element."""

PAINTED = {"style", "fill", "stroke", "filter", "mask", "clip-path", "cursor"} | {
    f"marker{end}" for end in ("", "-start", "-mid", "-end")
}
"""Attributes that are read as style; in any other, `url(…)` is text, maybe a model's."""

LINKS = {"a", "area"}

_DROPPED = re.compile(r"[\t\n\r]")
"""Characters that a browser drops from an address before it reads it."""

_DATA_TYPE = re.compile(r"(?:application|text)/(?!(?:x-)?(?:java|ecma|type)script)\S*", re.IGNORECASE)


def read_page(content: bytes, *, is_fragment: bool = False) -> Document:
    """Read an HTML page, or a fragment that is to be pasted into somebody else's."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return _unreadable("this is not UTF-8", content.count(b"\n", 0, error.start) + 1)
    reader = _PageReader()
    try:
        read_html(text, reader)
    except MarkupError as error:
        return _unreadable(str(error), error.line)
    if not is_fragment:
        reader.judge_page()
    return reader.document()


def read_xml_file(content: bytes) -> Document:
    """Read an SVG file, a feed or a sitemap."""
    reader = _XmlReader()
    try:
        read_xml(content, reader)
    except MarkupError as error:
        return _unreadable(str(error), error.line)
    return reader.document()


def read_style(content: bytes) -> Document:
    """Read a stylesheet."""
    addresses = css_urls(content.decode(errors="replace"))
    return Document(
        references=tuple(Reference(url=url, line=line + 1, use=Use.LOAD) for url, line in addresses)
    )


def _unreadable(message: str, line: int) -> Document:
    return Document(faults=(LocalFault(line=line, kind=Rule.MARKUP, message=message),))


class _Reader:
    """Gathers ids, addresses, and whatever would run: what every kind of markup has."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.references: dict[tuple[str, Use], Reference] = {}
        self.faults: list[LocalFault] = []
        self.canonical: str | None = None

    def document(self) -> Document:
        return Document(
            ids=frozenset(self.ids),
            references=tuple(self.references.values()),
            faults=tuple(self.faults),
            canonical=self.canonical,
        )

    def start(self, name: str, attributes: Attributes, line: int) -> None:
        for key, value in attributes.items():
            if key in {"id", "name"} and (stood_in := clobbered(name, key, value)):
                self.fault(line, Rule.UNSAFE, f"<{name} {key}={value!r}> would hide {stood_in}; rename it")
            if key == "id" or (key == "name" and name == "a" and attributes.get("id") != value):
                self._identify(value, line)
            elif key in ADDRESSES:
                waits = name == "iframe" and attributes.get("loading") == "lazy"
                self._refer(value, line, Use.WISH if waits else ADDRESSES[key])
            elif key in {"href", "xlink:href"}:
                self._follow(name, value, attributes.get("rel", ""), line)
            elif key in {"srcset", "imagesrcset"}:
                for candidate in filter(None, map(str.strip, value.split(","))):
                    self._refer(candidate.split()[0], line, Use.WISH)
            elif key.startswith("on"):
                self.fault(
                    line,
                    Rule.UNSAFE,
                    f"<{name} {key}=…> is a script in an attribute; no page needs one",
                )
            elif key == "srcdoc":
                self.fault(line, Rule.UNSAFE, "srcdoc= holds a page within the page, which is not checked")
            elif key in PAINTED:
                for url, offset in css_urls(value):
                    self._refer(url, line + offset, Use.LOAD)

    def end(self, name: str, line: int) -> None:
        """Nothing ends that matters here."""

    def text(self, name: str, content: str, line: int) -> None:
        if name == "style":
            for url, offset in css_urls(content):
                self._refer(url, line + offset, Use.LOAD)
        elif name == "loc":
            self._refer(content, line, Use.LINK)

    def fault(self, line: int | None, kind: Rule, message: str) -> None:
        self.faults.append(LocalFault(line=line, kind=kind, message=message))

    def _identify(self, identity: str, line: int) -> None:
        if identity in self.ids:
            self.fault(line, Rule.DUPLICATE, f"{identity!r} is taken since line {self.ids[identity]}")
        self.ids.setdefault(identity, line)

    def _follow(self, name: str, url: str, relation: str, line: int) -> None:
        relations = set(relation.lower().split())
        if name == "base":
            self.fault(line, Rule.BROKEN, "<base href=…> turns every relative link and anchor; leave it out")
        elif name == "link" and "canonical" in relations:
            self.canonical = url
        else:
            is_quiet = name in LINKS or (name == "link" and relations and relations <= QUIET_RELATIONS)
            self._refer(url, line, Use.LINK if is_quiet else Use.LOAD)

    def _refer(self, url: str, line: int, use: Use) -> None:
        url = _DROPPED.sub("", url).strip()
        if (url, use) not in self.references:
            self.references[url, use] = Reference(url=url, line=line, use=use)


class _XmlReader(_Reader):
    """Gathers from a file that is seen on its own, without a policy."""

    def start(self, name: str, attributes: Attributes, line: int) -> None:
        super().start(name, attributes, line)
        if name.rpartition(":")[2] == "script":
            self.fault(line, Rule.UNSAFE, "a script in a drawing; no drawing needs one")


class _PageReader(_Reader):
    """Gathers besides what a page owes those who cannot see it, and what its policy is."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.policy: str | None = None
        self.figures: list[tuple[int, set[str]]] = []
        self.drawings: list[tuple[int, Attributes, set[str]]] = []
        self.labels: list[tuple[str, int]] = []

    def start(self, name: str, attributes: Attributes, line: int) -> None:
        super().start(name, attributes, line)
        self.seen.add(name)
        match name:
            case "html" if attributes.get("lang", "").strip():
                self.seen.add("lang")
            case "meta":
                self._note_meta(attributes, line)
            case "img" | "area" if "alt" not in attributes:
                self.fault(line, Rule.ALTERNATIVE, f'<{name}> has no alt=; alt="" says that it only adorns')
            case "iframe" if not attributes.get("title"):
                self.fault(line, Rule.ALTERNATIVE, "<iframe> has no title=")
            case "figure":
                self.figures.append((line, set()))
            case "figcaption" if self.figures:
                self.figures[-1][1].add("caption")
            case "svg":
                self.drawings.append((line, attributes, set()))
            case "script":
                self._judge_script(attributes, line)
            case _:
                pass

    def end(self, name: str, line: int) -> None:
        if name == "figure" and self.figures:
            begun, parts = self.figures.pop()
            if "caption" not in parts:
                self.fault(begun, Rule.ALTERNATIVE, "<figure> has no <figcaption>")
        elif name == "svg" and self.drawings:
            self._judge_drawing(*self.drawings.pop())

    def text(self, name: str, content: str, line: int) -> None:
        super().text(name, content, line)
        if name == "title" and content.strip():
            if self.drawings:
                self.drawings[-1][2].add("title")
            else:
                self.seen.add("page title")

    def judge_page(self) -> None:
        """Say what the page lacks as a whole."""
        for part, message in {
            "lang": "<html> has no lang=",
            "page title": "there is no <title>",
            "h1": "there is no <h1>",
        }.items():
            if part not in self.seen:
                self.fault(None, Rule.PAGE, message)
        if self.policy is None:
            self.fault(None, Rule.POLICY, "there is no Content-Security-Policy")
        for identity, line in self.labels:
            if identity not in self.ids:
                self.fault(line, Rule.ALTERNATIVE, f"aria-labelledby= names {identity!r}, which is not there")

    def _note_meta(self, attributes: Attributes, line: int) -> None:
        kind = attributes.get("http-equiv", "").lower()
        content = attributes.get("content", "")
        if kind == "refresh" and "=" in content:
            self._refer(content.partition("=")[2].strip(" '\""), line, Use.WISH)
        if kind != "content-security-policy":
            return
        self.policy = content
        if {"script", "style", "img"} & self.seen or any(use is Use.LOAD for _, use in self.references):
            self.fault(
                line,
                Rule.POLICY,
                "the policy comes after something that it should govern; put it first",
            )
        for weakness in weaknesses(content):
            self.fault(line, Rule.POLICY, weakness)

    def _judge_script(self, attributes: Attributes, line: int) -> None:
        if "src" in attributes or _DATA_TYPE.fullmatch(attributes.get("type", "")):
            return
        if not allows_inline(self.policy or ""):
            self.fault(
                line,
                Rule.POLICY,
                "the page has a script in it, which its policy blocks; load it from a file",
            )

    def _judge_drawing(self, line: int, attributes: Attributes, parts: set[str]) -> None:
        if attributes.get("role") != "img":
            return
        labels = attributes.get("aria-labelledby", "").split()
        self.labels += [(label, line) for label in labels]
        if not (labels or attributes.get("aria-label", "").strip() or "title" in parts):
            self.fault(line, Rule.ALTERNATIVE, "<svg role=img> has no name; give it a <title> or aria-label=")
