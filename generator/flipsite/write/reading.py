"""Read a page, a drawing, a feed or a stylesheet into a `Document`."""

import re

from flipsite.write.document import Document, Fault, Reference, Use, css_urls
from flipsite.write.findings import Kind
from flipsite.write.markup import Attributes, MarkupError, read_html, read_xml
from flipsite.write.policy import allows_inline, weaknesses

QUIET_RELATIONS = {"alternate", "author", "bookmark", "help", "license", "me", "next", "prev", "self"}
"""What a `<link>` may be to a page without the browser asking for it."""

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
"""What a browser drops from an address before it reads it."""

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
    return Document(faults=(Fault(line=line, kind=Kind.MARKUP, message=message),))


class _Reader:
    """Gathers ids, addresses, and whatever would run: what every kind of markup has."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.references: dict[tuple[str, Use], Reference] = {}
        self.faults: list[Fault] = []
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
            if key == "id" or (key == "name" and name == "a" and attributes.get("id") != value):
                self._identify(value, line)
            elif key in ADDRESSES:
                self._refer(value, line, ADDRESSES[key])
            elif key in {"href", "xlink:href"}:
                self._follow(name, value, attributes.get("rel", ""), line)
            elif key in {"srcset", "imagesrcset"}:
                for candidate in filter(None, map(str.strip, value.split(","))):
                    self._refer(candidate.split()[0], line, Use.WISH)
            elif key.startswith("on"):
                self.fault(
                    line, Kind.UNSAFE, f"<{name} {key}=…> is a script in an attribute; no page needs one"
                )
            elif key == "srcdoc":
                self.fault(line, Kind.UNSAFE, "srcdoc= holds a page within the page, which is not checked")
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

    def fault(self, line: int | None, kind: Kind, message: str) -> None:
        self.faults.append(Fault(line=line, kind=kind, message=message))

    def _identify(self, identity: str, line: int) -> None:
        if identity in self.ids:
            self.fault(line, Kind.DUPLICATE, f"{identity!r} is taken since line {self.ids[identity]}")
        self.ids.setdefault(identity, line)

    def _follow(self, name: str, url: str, relation: str, line: int) -> None:
        relations = set(relation.lower().split())
        if name == "base":
            self.fault(line, Kind.BROKEN, "<base href=…> turns every relative link and anchor; leave it out")
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
            self.fault(line, Kind.UNSAFE, "a script in a drawing; no drawing needs one")


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
                self.fault(line, Kind.ALTERNATIVE, f'<{name}> has no alt=; alt="" says that it only adorns')
            case "iframe" if not attributes.get("title"):
                self.fault(line, Kind.ALTERNATIVE, "<iframe> has no title=")
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
                self.fault(begun, Kind.ALTERNATIVE, "<figure> has no <figcaption>")
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
                self.fault(None, Kind.PAGE, message)
        if self.policy is None:
            self.fault(None, Kind.POLICY, "there is no Content-Security-Policy")
        for identity, line in self.labels:
            if identity not in self.ids:
                self.fault(line, Kind.ALTERNATIVE, f"aria-labelledby= names {identity!r}, which is not there")

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
                line, Kind.POLICY, "the policy comes after something that it should govern; put it first"
            )
        for weakness in weaknesses(content):
            self.fault(line, Kind.POLICY, weakness)

    def _judge_script(self, attributes: Attributes, line: int) -> None:
        if "src" in attributes or _DATA_TYPE.fullmatch(attributes.get("type", "")):
            return
        if not allows_inline(self.policy or ""):
            self.fault(
                line, Kind.POLICY, "a script stands in the page, which its policy blocks; load it from a file"
            )

    def _judge_drawing(self, line: int, attributes: Attributes, parts: set[str]) -> None:
        if attributes.get("role") != "img":
            return
        labels = attributes.get("aria-labelledby", "").split()
        self.labels += [(label, line) for label in labels]
        if not (labels or attributes.get("aria-label", "").strip() or "title" in parts):
            self.fault(line, Kind.ALTERNATIVE, "<svg role=img> has no name; give it a <title> or aria-label=")
