"""Search without a server: an index in a classic script, which works from a file too, and its page.

The index has every page, and inside of them authors, words of the glossary, and headings.
"""

import json
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from flipsite.domain.display import encoded, plural
from flipsite.present.leaderboard.board import Board
from flipsite.present.pages.page import SEARCH_INDEX, Page
from flipsite.present.text.markdown import Narrative

SEARCH = "search/index.html"


def search_page() -> Page:
    """The page with the search field."""
    return Page(
        path=SEARCH,
        title="Search",
        description="Find a model, an author, a study, a word or a page of this site.",
        template="search.html",
        crumbs=(("Home", "index.html"),),
        context={"index": SEARCH_INDEX},
    )


def search_index(pages: Sequence[Page]) -> bytes:
    """`[title, path, kind, rest of the address]` of every entry, as a script that hands them to the search.

    The path is as it lies on the disk; the rest is empty, or a query or an anchor ready for an address.
    """
    entries = [entry for page in pages if page.listed for entry in _entries(page)]
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return encoded(f"window.flipsiteIndex={text};\n")


def _entries(page: Page) -> Iterator[tuple[str, str, str, str]]:
    """The page itself, then what is inside of it."""
    yield page.title, page.path, _kind(page), ""
    board, narrative, words = (page.context.get(name) for name in ("board", "narrative", "words"))
    if page.template == "leaderboard.html" and isinstance(board, Board) and page.study:
        for author, n in board.authors:
            kind = f"Author of {plural(n, 'model')} in “{page.study.title}”"
            yield author, page.path, kind, f"?author={quote(author, safe='')}"
    if isinstance(narrative, Narrative):
        for _, anchor, text in narrative.headings:
            yield text, page.path, f"Section of “{page.title}”", f"#{quote(anchor, safe='')}"
    if page.template == "glossary.html" and isinstance(words, list):
        for word, anchor, _ in words:
            yield word, page.path, "Word of the glossary", f"#{quote(anchor, safe='')}"


def _kind(page: Page) -> str:
    """The kind of a page in a word or two, which distinguish equal titles."""
    if page.template == "model.html" and page.study:
        return f"Model in “{page.study.title}”"
    return page.study.title if page.study and page.title != page.study.title else "Page"
