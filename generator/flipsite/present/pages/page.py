"""A page before it is rendered, and the links between pages.

Every page gets facts about the whole site: the links at its head and foot, and where its assets are.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from markupsafe import Markup

from flipsite.domain.site import SiteInfo
from flipsite.domain.study import Study
from flipsite.domain.urls import is_address, relative
from flipsite.present.text.markdown import inline_markdown


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One HTML page.

    Attributes:
        path: Relative to the site's root, ending in `.html`.
        title: Shown in the window and in search results.
        description: One sentence.
        template: Its Jinja template.
        study: The study it belongs to, if any: a simulated one is announced on the page.
        crumbs: Way from the home page: (text, path) pairs, without the page itself.
        tab: Its short name in its study's navigation; empty where it does not stand there.
        context: What else the template is given.
        listed: Whether it stands in the site map.
        place: A path from which all links are the page's own, where many pages share one; else empty.
        attached: Files that only it uses, by their paths.
    """

    path: str
    title: str
    description: str
    template: str
    study: Study | None = None
    crumbs: tuple[tuple[str, str], ...] = ()
    tab: str = ""
    context: Mapping[str, object] = field(default_factory=dict)
    listed: bool = True
    place: str = ""
    attached: Mapping[str, bytes] = field(default_factory=dict)

    def link(self, target: str) -> str:
        """The relative link from this page to another file of the site, its `#fragment` kept."""
        return _link(self.place or self.path, target)


def linker(page: str) -> Callable[[str], str]:
    """Links from the page at this path; see `Page.link`."""
    return partial(_link, page)


@lru_cache(maxsize=65_536)
def _link(page: str, target: str) -> str:
    if is_address(target):
        return target
    path, hash_, fragment = target.partition("#")
    return (relative(path, page) if path else "") + hash_ + fragment


Links = tuple[tuple[str, str], ...]

_STRING = rb"""("[^"]*"|'[^']*')"""
_COMMENT = re.compile(_STRING + rb"|/\*.*?\*/", re.DOTALL)
_SPARE = re.compile(_STRING + rb"|\s*([{};,])\s*|:\s+")
"""A string, which stays; a sign and the spaces about it; a colon and those behind it: one before it means."""

_NAV: Links = (
    ("methods/index.html", "Methods"),
    ("departures/index.html", "Departures"),
    ("data/index.html", "Data"),
    ("search/index.html", "Search"),
)
_FOOT: Links = (
    ("index.html", "Story"),
    ("compare/index.html", "Compare"),
    ("glossary/index.html", "Glossary"),
    ("cite/index.html", "How to cite"),
    ("data/index.html", "Data"),
    ("embed/index.html", "Embed"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Facts about the whole site that every page holds.

    It holds no results, so that a page depends on what it is given and on nothing else.

    Attributes:
        version: flipsite's.
        base_url: The site's address; None leaves absolute addresses out.
        studies: Those shown, in the order of their ids.
        assets: Public path of each static file, by its name.
        bundle: Path of the script that makes charts interactive.
        nav: What stands at the head of each page: (path or address, label) pairs.
        foot: What stands at its foot.
        tabs: By study, what stands at the head of its pages.
        info: The author's words about the site.
    """

    version: str
    base_url: str | None
    studies: tuple[Study, ...]
    assets: Mapping[str, str]
    bundle: str
    nav: Links
    foot: Links
    tabs: Mapping[str, Links] = field(default_factory=dict)
    info: SiteInfo = field(default_factory=SiteInfo)

    @property
    def address(self) -> str | None:
        """The site's address, if that has a host: for links that cannot be relative."""
        return self.base_url if self.base_url and "://" in self.base_url else None

    def nav_of(self, study: Study | None) -> Links:
        """The head of a page: on a study's pages its leaderboard is that of the study."""
        if study is None or self.info.nav is not None:
            return self.nav
        own = (f"{study.id}/leaderboard/index.html", "Leaderboard")
        return tuple(own if label == "Leaderboard" else (path, label) for path, label in self.nav)

    def footer(self, page: Page) -> Markup:
        """The author's line at the foot of a page, its Markdown rendered."""
        return inline_markdown(self.info.footer, page.link) if self.info.footer else Markup()


def links_of(studies: Sequence[Study], narratives: Collection[str], info: SiteInfo) -> tuple[Links, Links]:
    """Links at the head and at the foot of every page; `narratives` are the paths there are."""
    if info.nav is not None:
        return tuple((_nav_target(target), label) for label, target in info.nav), _FOOT
    absent = {path for path, _ in _NAV[:2]} - set(narratives)
    boards = [(f"{study.id}/leaderboard/index.html", "Leaderboard") for study in studies[:1]]
    return (*boards, *((path, label) for path, label in _NAV if path not in absent)), _FOOT


def _nav_target(target: str) -> str:
    """The address or path that the author means: a page may be named by its folder."""
    if is_address(target):
        return target
    path, hash_, fragment = target.removeprefix("./").lstrip("/").partition("#")
    if not path or path.endswith("/"):
        path += "index.html"
    elif "." not in path.rpartition("/")[2]:
        path += "/index.html"
    return path + hash_ + fragment


SEARCH_INDEX = "assets/search-index.js"
"""The script of the search: its name is known to every page, before all pages are."""

LICENSES = "LICENSES.txt"
"""The static file that keeps its name: the script of the charts refers to it."""


def static_files(folders: Sequence[Path]) -> dict[str, tuple[str, bytes]]:
    """Each static file's name, its public path with a digest in it, and its content; style sheets lean."""
    found: dict[str, tuple[str, bytes]] = {}
    for folder in reversed(folders):
        for path in sorted((folder / "static").rglob("*")):
            if path.is_file():
                name = path.relative_to(folder / "static").as_posix()
                content = _LEAN.get(path.suffix, bytes)(path.read_bytes())
                stem, dot, suffix = name.rpartition(".")
                digest = hashlib.sha256(content).hexdigest()[:10]
                public = name if name == LICENSES else f"{stem}.{digest}{dot}{suffix}"
                found[name] = (f"assets/{public}", content)
    return found


def lean(style: bytes) -> bytes:
    """A style sheet without its comments and spare spaces, a sixth of it: they are for its authors."""
    without = _COMMENT.sub(lambda found: found[1] or b"", style)
    return _SPARE.sub(lambda found: found[1] or found[2] or b":", without).strip()


def lean_script(script: bytes) -> bytes:
    """A script without indentation and lines of comment, a fifth of it; no string of ours runs over lines."""
    lines = (line.strip() for line in script.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith((b"//", b"/**"))) + b"\n"


_LEAN: Mapping[str, Callable[[bytes], bytes]] = {".css": lean, ".js": lean_script}
