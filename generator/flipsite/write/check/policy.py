"""What a page's Content-Security-Policy lets through that it should not."""

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
