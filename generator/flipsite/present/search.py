"""Search without a server: an index in a classic script, which works from a file too, and its page."""

import json
from collections.abc import Sequence

from flipsite.domain.display import encoded
from flipsite.present.page import Page


def search_page(index: str) -> Page:
    """The page with the search field; `index` is the path of the index."""
    return Page(
        path="search/index.html",
        title="Search",
        description="Find a model, a study, or a page of this site.",
        template="search.html",
        crumbs=(("Home", "index.html"),),
        context={"index": index},
    )


def search_index(pages: Sequence[Page]) -> bytes:
    """`[title, path, what it is]` of every page, as a script that hands them to the search page."""
    entries = [[page.title, page.path, _kind(page)] for page in pages if page.listed]
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return encoded(f"window.flipsiteIndex={text};\n")


def _kind(page: Page) -> str:
    """What a page is, in a word or two that tell equal titles apart."""
    if page.template == "model.html" and page.study:
        return f"Model in “{page.study.title}”"
    return page.study.title if page.study and page.title != page.study.title else "Page"
