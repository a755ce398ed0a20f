"""A page before it is rendered, and the links between pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flipsite.domain.study import Study
from flipsite.domain.urls import relative


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
        path, hash_, fragment = target.partition("#")
        return (relative(path, self.place or self.path) if path else "") + hash_ + fragment


def linker(page: str) -> Callable[[str], str]:
    """Links from the page at this path; see `Page.link`."""

    def link(target: str) -> str:
        path, hash_, fragment = target.partition("#")
        return (relative(path, page) if path else "") + hash_ + fragment

    return link
