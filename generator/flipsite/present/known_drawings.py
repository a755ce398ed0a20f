"""What this build or the last one drew, so that the same specification is not drawn twice."""

import hashlib
from collections.abc import Callable, Mapping

_earlier: dict[str, str] = {}
_used: dict[str, str] = {}


def begin(earlier: Mapping[str, str]) -> None:
    """Begin a build that knows what an earlier one drew."""
    _earlier.clear()
    _earlier.update(earlier)
    _used.clear()


def used() -> Mapping[str, str]:
    """What has been asked for since the build began, by the digest of what it is drawn from."""
    return dict(_used)


def drawing(source: str, draw: Callable[[], str]) -> str:
    """The drawing of a source: as it is known, else drawn.

    Args:
        source: All that the drawing depends on but flipsite itself and its libraries.
        draw: Draws it.
    """
    key = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
    found = _used.get(key) or _earlier.get(key) or draw()
    _used[key] = found
    return found
