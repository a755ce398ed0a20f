"""Rules of a page's Content-Security-Policy, and names that shadow the objects of scripts."""

import re
from collections.abc import Iterator

LOCAL = {"'none'", "'self'", "data:", "blob:"}
"""Sources that lead to no other host."""

_HASH = re.compile(r"'(?:sha(?:256|384|512)|nonce)-[^']+'")


def weaknesses(policy: str) -> Iterator[str]:
    """Say, one by one, what the policy lets through."""
    directives: dict[str, list[str]] = {}
    for directive in policy.split(";"):
        if words := directive.split():
            directives.setdefault(words[0].lower(), [word.lower() for word in words[1:]])
    if directives.get("default-src") not in (["'none'"], ["'self'"]):
        yield "default-src is neither 'none' nor 'self', so what is not listed is let through"
    for name, sources in directives.items():
        if not name.endswith(("-src", "-action", "-uri", "-src-elem", "-src-attr")):
            continue
        for source in sources:
            if source.startswith("'") or source in LOCAL:
                continue
            yield f"{name} lets {source} through"
    scripts = directives.get("script-src", directives.get("default-src", []))
    for source in ("'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"):
        if source in scripts:
            yield f"scripts are let through from {source}"


def allows_inline(policy: str) -> bool:
    """Whether the policy names scripts in the page by their hash."""
    return bool(_HASH.search(policy))


_USED = """
    activeElement addEventListener adoptedStyleSheets append body childNodes children cookie
    createComment createDocumentFragment createElement createElementNS createEvent createRange
    createTextNode currentScript defaultView doctype documentElement domain embeds execCommand
    firstChild fonts forms getElementById getElementsByClassName getElementsByName
    getElementsByTagName getSelection hasFocus head hidden images implementation importNode
    lastChild links location nodeType open ownerDocument parentNode querySelector
    querySelectorAll readyState referrer removeChild removeEventListener scripts styleSheets
    title URL visibilityState write
"""

DOCUMENT_NAMES = frozenset(_USED.split())
"""Properties of `document` that scripts use; an element of such a name hides the property."""

GLOBAL_NAMES = frozenset(
    [
        "flipsiteBoard",
        "flipsiteBreakable",
        "flipsiteChart",
        "flipsiteEmbed",
        "flipsiteIndex",
        "flipsiteModels",
        "vegaEmbed",
    ]
)
"""Globals of the site's scripts; until one is set, an element of such a name hides it."""

_NAMED = {"embed", "form", "iframe", "img", "object"}
"""Elements that are a property of `document` by their `name`; an image or object by its `id` too."""


def clobbered(element: str, attribute: str, value: str) -> str | None:
    """The object that an element's `id` or `name` would hide (DOM clobbering); None where it is none.

    Source:
        HTML Standard, "DOM tree accessors" and "Named access on the Window object".
    """
    is_property = element in (_NAMED if attribute == "name" else {"img", "object"})
    if is_property and value in DOCUMENT_NAMES:
        return f"document.{value}"
    if value in GLOBAL_NAMES and (is_property or attribute == "id"):
        return f"window.{value}"
    return None
