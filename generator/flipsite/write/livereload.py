"""What the preview adds to a page as it serves it, so that it follows the site; the site stays as built."""

import re
from html import escape, unescape
from pathlib import Path

SCRIPT_PATH = "/.flipsite/reload.js"
EVENTS_PATH = "/.flipsite/events"
SCRIPT = Path(__file__).with_name("reload.js").read_bytes()

_POLICY = re.compile(rb"<meta\b(?=[^>]*content-security-policy)[^>]*>", re.IGNORECASE)
_CONTENT = re.compile(rb"""(\bcontent\s*=\s*)(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


def follow(page: bytes, *, version: str) -> bytes:
    """A page with the reloading script, let through by its policy.

    Args:
        page: As it was built.
        version: Of the site it is a page of; the script reloads it once that is another.
    """
    script = f'<script src="{SCRIPT_PATH}" data-version="{escape(version)}"></script>'.encode()
    page = _POLICY.sub(lambda meta: _CONTENT.sub(_let_through, meta[0]), page)
    end = page.lower().rfind(b"</body")
    return page[:end] + script + page[end:] if end >= 0 else page + script


def _let_through(content: re.Match[bytes]) -> bytes:
    policy = unescape((content[2] or content[3] or b"").decode(errors="replace"))
    return content[1] + b'"' + escape(amended(policy)).encode() + b'"'


def amended(policy: str) -> str:
    """A policy that lets a script of this host run, and ask this host."""
    directives: dict[str, list[str]] = {}
    for directive in policy.split(";"):
        if words := directive.split():
            directives.setdefault(words[0].lower(), words[1:])
    for name in ("script-src", "connect-src"):
        sources = [source for source in directives.get(name, []) if source.lower() != "'none'"]
        directives[name] = sources if "'self'" in sources else [*sources, "'self'"]
    return "; ".join(" ".join([name, *sources]) for name, sources in directives.items())


def stand_in(title: str, reason: str, *, version: str) -> bytes:
    """A page to show where the site has none."""
    return follow(_STAND_IN.format(title=escape(title), reason=escape(reason)).encode(), version=version)


_STAND_IN = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><pre id="flipsite-reason">{reason}</pre></body>
</html>
"""
