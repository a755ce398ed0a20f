"""Where the addresses of a site lead, and which of them should not."""

import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from flipsite.write.check.findings import Document, Finding, Reference, Rule, Use
from flipsite.write.site.paths import folders_of

HOME, SITEMAP = "index.html", "sitemap.xml"
ANYWHERE = {"404.html", SITEMAP, "feed.xml"}
"""Files whose links may begin with the site's address: served at any depth, or read away from the site."""

WEB = ("http:", "https:", "ws:", "wss:", "ftp:", "//")
RUNNING = ("javascript:", "vbscript:", "data:text", "file:")

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]*:")

Wrong = tuple[Rule, str]


class Links:
    """The site as its links see it."""

    def __init__(self, files: Collection[str], documents: Mapping[str, Document]) -> None:
        """Take in the site.

        Args:
            files: Every file, by its path.
            documents: Those of them that were read.
        """
        self._files = frozenset(files)
        self._folders = {folder for path in files for folder in folders_of(path)}
        self._lower = {path.lower(): path for path in files}
        self._documents = documents
        home = documents.get(HOME)
        self._base = home.canonical.removesuffix(HOME) if home and home.canonical else ""

    def findings(self, path: str) -> Iterator[Finding]:
        """Find the faults of the addresses in one file."""
        document = self._documents[path]
        for reference in document.references:
            if (wrong := self._judge(path, reference)) is not None:
                kind, message = wrong
                yield Finding(path=path, line=reference.line, kind=kind, message=message)
        own = self._base + path
        if document.canonical is not None and unquote(document.canonical) != unquote(own):
            message = f"gives {_short(document.canonical)} for its own address, not {_short(own)}"
            yield Finding(path=path, line=None, kind=Rule.BROKEN, message=message)

    def loads(self, path: str) -> set[str]:
        """The files of the site that a browser asks for with this one."""
        document = self._documents[path]
        targets = (self._target(path, each.url) for each in document.references if each.use is Use.LOAD)
        return {target for target in targets if target in self._files}

    def _judge(self, path: str, reference: Reference) -> Wrong | None:
        url, is_request = reference.url, reference.use is not Use.LINK
        lowered = url.lower()
        if lowered.startswith(RUNNING):
            return Rule.UNSAFE, f"{_short(url)} must not be an address here"
        if self._is_elsewhere(path, url):
            if is_request and lowered.startswith(WEB):
                return Rule.OUTSIDE, f"asks {_short(url)}; no page asks anything of another host"
            return (Rule.BROKEN, f"{_short(url)} is not of this site") if path == SITEMAP else None
        if not url and is_request:
            return Rule.BROKEN, "the address is empty"
        target = self._target(path, url)
        if target is None:
            return Rule.BROKEN, f"{_short(url)} leads out of the site"
        return self._judge_target(path, url, target)

    def _judge_target(self, path: str, url: str, target: str) -> Wrong | None:
        if url.startswith("/") and path not in ANYWHERE:
            return Rule.BROKEN, f"{_short(url)} begins at the host's root; make it relative"
        if target in self._folders or not target:
            return Rule.FOLDER, f"{_short(url)} ends in a folder; end it in a file, such as {HOME}"
        if target not in self._files:
            other = self._lower.get(target.lower())
            return Rule.BROKEN, f"{_short(url)} leads to no file" + (f"; {other!r} is one" if other else "")
        anchor = unquote(url.partition("#")[2])
        ids = self._documents[target].ids if target in self._documents else None
        if anchor in {"", "top"} or anchor.startswith(":~:") or ids is None or anchor in ids:
            return None
        return Rule.BROKEN, f"{_short(url)} leads to no id {anchor!r}"

    def _is_elsewhere(self, path: str, url: str) -> bool:
        if path in ANYWHERE and self._base and url.startswith(self._base):
            return False
        return url.startswith("//") or _SCHEME.match(url) is not None

    def _target(self, path: str, url: str) -> str | None:
        """The site's path that an address leads to; "" for the site's root, None outside the site."""
        place = url.partition("#")[0].partition("?")[0]
        if not place:
            return path
        if path in ANYWHERE:
            for base in filter(None, (self._base, urlsplit(self._base).path or "/")):
                if place.startswith(base):
                    return _walk("", unquote(place.removeprefix(base)))
            if place.startswith("/"):
                return None
        return _walk(path.rpartition("/")[0], unquote(place))


def _walk(folder: str, place: str) -> str | None:
    """Follow a relative address from a folder."""
    parts = [] if place.startswith("/") or not folder else folder.split("/")
    for part in place.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _short(url: str) -> str:
    return repr(url if len(url) <= 80 else f"{url[:79]}…")
