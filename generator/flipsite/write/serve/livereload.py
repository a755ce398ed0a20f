"""The script that the preview adds to a page so that it reloads; the site's files stay as built.

`Broadcast` sends the preview's state to every page that is open.
"""

import json
import re
from dataclasses import dataclass, replace
from html import escape, unescape
from pathlib import Path
from threading import Condition

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


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state that open pages follow.

    Attributes:
        version: Of the site on disk: the same for the same files.
        error: Why the last build failed; None if it did not.
    """

    version: str
    error: str | None = None

    def event(self) -> bytes:
        """As a server-sent event."""
        return b"data: " + json.dumps({"version": self.version, "error": self.error}).encode() + b"\n\n"


class Broadcast:
    """Holds the state, and wakes who waits for another."""

    def __init__(self, state: State) -> None:
        """Begin with a state."""
        self._state = state
        self._changed = Condition()
        self._is_closed = False

    @property
    def state(self) -> State:
        """The state now."""
        return self._state

    @property
    def is_closed(self) -> bool:
        """Whether the preview has ended."""
        return self._is_closed

    def announce(self, *, version: str | None = None, error: str | None = None) -> None:
        """Change the state; without a version, the site is the one it was."""
        with self._changed:
            self._state = replace(self._state, version=version or self._state.version, error=error)
            self._changed.notify_all()

    def wait(self, seen: State, *, timeout_s: float) -> State:
        """The state once it is another than the one seen, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._state != seen, timeout=timeout_s)
            return self._state

    def close(self) -> None:
        """Let everybody go."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
