"""What this build or the last one drew, so that the same specification is not drawn twice.

It is a matter of builds: elsewhere, as in a notebook, nothing is remembered.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

_known: list[tuple[Mapping[str, str], dict[str, str]]] = []
"""Of the builds that are going on: what they began with, and what they used."""


@contextmanager
def remembering(earlier: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Draw nothing twice meanwhile, nor what an earlier build drew.

    Gives what has been asked for, by the digest of what it is drawn from; it fills as time goes on.
    """
    used: dict[str, str] = {}
    _known.append((earlier, used))
    try:
        yield used
    finally:
        _known.pop()


def drawing(source: str, draw: Callable[[], str]) -> str:
    """The drawing of a source: as it is known, else drawn.

    Args:
        source: All that the drawing depends on but flipsite itself and its libraries.
        draw: Draws it.
    """
    if not _known:
        return draw()
    earlier, used = _known[-1]
    key = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
    found = used.get(key) or earlier.get(key) or draw()
    used[key] = found
    return found
